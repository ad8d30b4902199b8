"""Helpers of the floating-point instructions that have no IR operation.

Owns: the rows. Must not know: their C++, which is base/fp_helpers.cpp.

A helper's immediate says which lanes there are; base/fp_helpers.hpp has its form.
"""

from __future__ import annotations

from collections.abc import Callable

_ROWS = (
    ("recip_estimate_fine", "FRECPE of singles with FEAT_RPRES"),
    ("rsqrt_estimate_fine", "FRSQRTE of singles with FEAT_RPRES"),
    ("recip_exponent", "FRECPX"),
    ("round_n", "FRINT32X and its like"),
    ("bf_convert", "BFCVT, BFCVTN; singles are the lanes"),
    ("bf_dot", "BFDOT; singles are the lanes"),
    ("bf_matrix", "BFMMLA"),
    ("bf_mul_add", "BFMLALB, BFMLALT where FPCR.AH is set; factors as singles"),
    ("narrow_to_odd", "FCVTXN; doubles are the lanes"),
)


def rows(helper: Callable[[str, str, str, str], None]) -> None:
    """Adds this section's rows to the table of helpers."""
    for name, doc in _ROWS:
        helper(f"simd_fp_{name}", "vector", f"base::simd_fp_{name}", doc)
