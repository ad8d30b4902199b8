"""Helpers of the Advanced SIMD integer instructions that have no IR operation.

Owns: the rows. Must not know: their C++, which is base/simd_helpers.cpp.

Helpers take an immediate, whose meaning stands in base/simd_helpers.hpp.
"""

from __future__ import annotations

from collections.abc import Callable

_ROWS = (("unsigned_estimate", "URECPE, URSQRTE"),)


def rows(helper: Callable[[str, str, str, str], None]) -> None:
    """Adds this section's rows to the table of helpers."""
    for name, doc in _ROWS:
        helper(f"simd_{name}", "vector", f"base::simd_{name}", doc)
