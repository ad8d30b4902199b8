"""What saturating, rounding and dot-product vector ops do, on Python ints.

Owns: their semantics. Must not know: IR rows (spec/ir.py), C++, guests.
"""

from __future__ import annotations

from typing import Any

from . import semantics as s


def _clamp(value: int, width: int, is_signed: bool) -> int:
    low = -(1 << width - 1) if is_signed else 0
    return max(low, min(low + (1 << width) - 1, value))


def saturating(size: int, a: int, b: int, is_signed: bool, sign: int) -> int:
    """a + sign * b in each element, clamped to what the element holds."""

    def one(x: int, y: int, w: int) -> int:
        if is_signed:
            x, y = s.signed(x, w), s.signed(y, w)
        return _clamp(x + sign * y, w, is_signed)

    return s.lanes(size, one, a, b)


def narrow(size: int, a: int, from_signed: bool, to_signed: bool) -> int:
    """Elements of twice the size clamped; in the low half, the upper is zero."""
    width = 8 << size
    wide = s.split(a, size + 1)
    values = [s.signed(x, 2 * width) if from_signed else x for x in wide]
    return s.join([_clamp(x, width, to_signed) for x in values], size)


def doubling_high(size: int, a: int, b: int, rounding: bool) -> int:
    """The high half of 2ab, signed, not saturated."""

    def one(x: int, y: int, w: int) -> int:
        bias = 1 << w - 1 if rounding else 0
        return 2 * s.signed(x, w) * s.signed(y, w) + bias >> w

    return s.lanes(size, one, a, b)


def pairs_long(size: int, a: int, is_signed: bool) -> int:
    """Sums of neighbours, twice as wide."""
    width = 8 << size
    values = [s.signed(x, width) if is_signed else x for x in s.split(a, size)]
    return s.join([x + y for x, y in zip(values[::2], values[1::2], strict=True)], size + 1)


def byte_sums(a: int) -> int:
    """The sum of each half's bytes."""
    octets = s.split(a, 0)
    return s.join([sum(octets[:8]), sum(octets[8:])], 3)


def dot(acc: int, a: int, b: int, a_signed: bool, b_signed: bool) -> int:
    """Products of bytes, the four of each word added to its accumulator."""

    def values(v: int, is_signed: bool) -> list[int]:
        return [s.signed(x, 8) if is_signed else x for x in s.split(v, 0)]

    products = [x * y for x, y in zip(values(a, a_signed), values(b, b_signed), strict=True)]
    sums = [sum(products[at : at + 4]) for at in range(0, 16, 4)]
    return s.join([x + y for x, y in zip(s.split(acc, 2), sums, strict=True)], 2)


def rotate_right(e: Any, a: int) -> int:
    """Elements rotated right by e.amount."""
    return s.lanes(e.size, lambda x, w: s.ror(x, e.amount, w), a)


def blend(e: Any, mask: int, a: int, b: int) -> int:
    """Elements of a where the mask's are negative, else of b."""
    chosen = s.lanes(e.size, lambda x, w: -(x >> w - 1), mask)
    return a & chosen | b & ~chosen


def carryless(a: int, b: int) -> int:
    """The product of polynomials over GF(2)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        b >>= 1
    return product


def polynomial_long(a: int, b: int) -> int:
    """Carry-less products of the low eight bytes, as 16 bits."""
    low = zip(s.split(a, 0)[:8], s.split(b, 0)[:8], strict=True)
    return s.join([carryless(x, y) for x, y in low], 1)
