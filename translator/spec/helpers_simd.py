"""Helpers of the Advanced SIMD integer instructions that have no IR operation.

Owns: the rows. Must not know: their C++, which is base/simd_helpers.cpp.

A helper's immediate holds the element size (log2 of bytes) in bits 1:0 and mode bits, named in
base/simd_helpers.hpp; the modes a helper reads stand in its documentation.
"""

from __future__ import annotations

from collections.abc import Callable

_ROWS = (
    ("saturating_add", "SQADD UQADD (unsigned), SQSUB UQSUB (negate)"),
    ("saturating_accumulate", "SUQADD, USQADD (unsigned)"),
    ("saturating_abs", "SQABS, SQNEG (negate)"),
    ("shift", "SRSHL SQSHL SQRSHL, unsigned too, SQSHLU (unsigned round saturate result_unsigned)"),
    ("saturating_narrow", "SQXTN SQSHRN families (unsigned round result_unsigned)"),
    ("doubling_multiply_high", "SQDMULH, SQRDMULH (round)"),
    ("doubling_multiply_long", "SQDMULL"),
    ("polynomial_multiply", "PMUL"),
    ("polynomial_multiply_long", "PMULL of bytes"),
    ("unsigned_estimate", "URECPE, URSQRTE (negate)"),
)


def rows(helper: Callable[[str, str, str, str], None]) -> None:
    """Adds this section's rows to the table of helpers."""
    for name, doc in _ROWS:
        helper(f"simd_{name}", "vector", f"base::simd_{name}", doc)
