"""Values that make instructions show their corners.

Owns: tables of integers, floating-point numbers and vectors to draw from. Must not know:
instructions.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from .record import DATA, PAGE, WINDOW, WINDOW_BYTES

_M64 = (1 << 64) - 1


def _integer_edges(width: int) -> list[int]:
    top = 1 << (width - 1)
    edges = [0, 1, 2, 3, top - 1, top, top + 1, 2 * top - 1, 2 * top - 2]
    edges += [1 << n for n in range(2, width - 1, max(1, width // 16))]
    return [e & (2 * top - 1) for e in edges]


_X_EDGES: list[int] = [
    *_integer_edges(64) * 2,
    *_integer_edges(32) * 2,
    *(e | 0xFFFFFFFF00000000 for e in _integer_edges(32)),
    *(e << 32 for e in _integer_edges(32)),
    *_integer_edges(16),
    *(e | _M64 ^ 0xFFFF for e in _integer_edges(16)),
    *_integer_edges(8),
    *range(4, 70, 3),
    *(_M64 - n for n in range(70)[::5]),
    0x0101010101010101,
    0x8080808080808080,
    0x7F7F7F7F7F7F7F7F,
    0x00FF00FF00FF00FF,
    0xAAAAAAAAAAAAAAAA,
]


class FloatFormat:
    """A binary interchange format: how many bits, which of them are fraction."""

    def __init__(self, code: str, bits: int, fraction: int, edges: list[float]) -> None:
        """`edges`: further numbers that matter to conversions."""
        self.bits = bits
        self.fraction = fraction
        self.bias = (1 << (bits - fraction - 2)) - 1
        pack = struct.Struct("<" + code)
        specials = [int.from_bytes(pack.pack(e), "little") for e in edges]
        inf = ((2 << (bits - fraction - 2)) - 1) << fraction
        quiet = 1 << (fraction - 1)
        least = 1 << fraction
        one = self.bias << fraction
        specials += [0, 0, 1, 2, least - 1, least - 2, least >> 1, least, least + 1, 2 * least]
        specials += [2 * least - 1, one - 1, one, one, one + 1, inf - 1, inf - 2, inf, inf]
        specials += [inf - least, inf | 1, inf | (quiet >> 1), inf | quiet, inf | quiet | 5]
        specials += [inf | quiet | (quiet - 1), inf | (quiet - 1), inf - 1 - least]
        self.specials = specials

    def draw(self, rng: random.Random) -> int:
        """A special number half the time, else one of an exponent where something happens."""
        kind = rng.getrandbits(4)
        sign = rng.getrandbits(1) << (self.bits - 1)
        if kind < 8:
            return sign | rng.choice(self.specials)
        fraction = rng.getrandbits(self.fraction)
        if kind < 11:
            fraction &= ~(
                (1 << rng.randrange(self.fraction)) - 1
            )  # few bits: exact and halfway results
        if kind in (8, 11, 12, 13):
            exponent = self.bias + rng.randint(-4, 8)
        elif kind in (9, 14):
            exponent = rng.choice((0, 1, 2, self.bias // 2, 2 * self.bias, 2 * self.bias - 1))
        else:
            exponent = rng.randrange(2 * self.bias + 2)
        return sign | exponent << self.fraction | fraction

    def draw_halfway(self, rng: random.Random, base: int) -> int:
        """Of an exponent so that sums with products are often next to halfway between neighbours.

        It is of the exponent `base`, or next to one of two powers of two whose product is half a
        unit in the last place there.
        """
        width = self.fraction + 1
        top = width // 2
        exponent = rng.choice((base, base - top, top - width))
        ones = (1 << self.fraction) - 1
        below = rng.getrandbits(1)
        fraction = ones - rng.getrandbits(1) if below else rng.getrandbits(1)
        if exponent == base and rng.getrandbits(2):
            fraction = rng.getrandbits(self.fraction)
        exponent = min(max(exponent - below, 1 - self.bias), self.bias)
        sign = rng.getrandbits(1) << (self.bits - 1)
        return sign | exponent + self.bias << self.fraction | fraction


def _edges(*exponents: int) -> list[float]:
    """Powers of two and numbers beside them: limits of integers and of narrower formats."""
    powers = [2.0**e for e in exponents]
    return powers + [p - p / 2**9 for p in powers] + [p + p / 2**9 for p in powers]


_SMALL = [0.5, 1.5, 2.5, 3.5, 0.25, 0.75, 1.0 + 2**-10, 3.0, 10.0]
HALF = FloatFormat("e", 16, 10, [*_SMALL, 255.5, 2048.0, 2049.0, 4095.0, 65504.0, 2**-14, 2**-24])
SINGLE = FloatFormat(
    "f",
    32,
    23,
    [
        *_SMALL,
        *_edges(7, 8, 15, 16, 23, 24, 31, 32, 63, 64, 16, -14, -15, -24, -25),
        *(2.0**e - 2.0 ** (e - 24) for e in (16, 31, 32, 63, 64, -14, -24)),
        65504.0,
        65520.0,
        65519.996,
        8388607.5,
        8388608.5,
    ],
)
DOUBLE = FloatFormat(
    "d",
    64,
    52,
    [
        *_SMALL,
        *_edges(15, 16, 31, 32, 52, 53, 63, 64, 16, -14, -24, -25, 127, 128, -126, -149, -150),
        *(2.0**e - 2.0 ** (e - 53) for e in (31, 32, 63, 64, -126, 128)),
        *(2.0**31 - d for d in (1.0, 0.5, 0.25)),
        *(2.0**32 - d for d in (1.0, 0.5, 0.25)),
        -(2.0**31) - 0.5,
        2.0**128 - 2.0**103,
        2.0**128 - 2.0**103 - 2.0**75,
        2.0**-126 - 2.0**-151,
        65520.0,
        65519.999,
        4503599627370495.5,
    ],
)


def x_value(rng: random.Random) -> int:
    """A general register."""
    kind = rng.getrandbits(4)
    if kind < 7:
        return rng.choice(_X_EDGES)
    if kind < 11:
        return rng.getrandbits(64)
    if kind == 11:
        return rng.getrandbits(64) >> rng.randrange(64)
    if kind == 12:
        return _M64 ^ (rng.getrandbits(64) >> rng.randrange(64))
    if kind == 13:
        return address(rng)
    if kind == 14:
        return DOUBLE.draw(rng)
    return SINGLE.draw(rng) | rng.choice((0, 0xFFFFFFFF, rng.getrandbits(32))) << 32


def address(rng: random.Random, align: int = 1) -> int:
    """Mostly in the window, aligned to 16 half the time, at times over an end of the page."""
    kind = rng.getrandbits(5)
    if kind < 14:
        at = WINDOW + (rng.randrange(WINDOW_BYTES - 64) & -16)
    elif kind < 27:
        at = WINDOW + rng.randrange(WINDOW_BYTES - 64)
    elif kind == 27:
        at = WINDOW + rng.choice((-16, -8, -1, 0, 64)) + rng.randrange(8)
    elif kind == 28:
        at = WINDOW + WINDOW_BYTES - rng.randrange(64)
    elif kind < 31:
        at = DATA + PAGE - rng.randrange(1, 64)
    else:
        at = DATA - rng.randrange(1, 48)
    return at & -align


def _lanes(rng: random.Random, width: int, draw: Callable[[random.Random], int]) -> bytes:
    size = width // 8
    return b"".join(draw(rng).to_bytes(size, "little") for _ in range(16 // size))


def _integers(width: int) -> Callable[[random.Random], bytes]:
    edges = _integer_edges(width)

    def draw(rng: random.Random) -> int:
        return rng.choice(edges) if rng.getrandbits(1) else rng.getrandbits(width)

    return lambda rng: _lanes(rng, width, draw)


_VECTORS: tuple[Callable[[random.Random], bytes], ...] = (
    *(lambda rng, f=f: _lanes(rng, f.bits, f.draw) for f in (SINGLE, DOUBLE, HALF) * 4),
    *(_integers(width) for width in (8, 16, 32, 64)),
    # shift counts: small, negative and beyond the width, by byte
    lambda rng: bytes(rng.choice((0, 1, 7, 8, 9, 31, 63, 64, 200, 255, 248)) for _ in range(16)),
    lambda rng: rng.randbytes(16),
    lambda rng: rng.choice((bytes(16), b"\xff" * 16)),
)


def vector(rng: random.Random) -> bytes:
    """A vector register."""
    return rng.choice(_VECTORS)(rng)


def halfway(rng: random.Random) -> list[list[bytes]]:
    """Vector registers for fused products and for rounding twice: each list's go together."""
    pools = []
    for number in (HALF, HALF, SINGLE, DOUBLE):
        for base in (0, number.bias, 1 - number.bias):

            def draw(rng: random.Random, number: FloatFormat = number, base: int = base) -> int:
                return number.draw_halfway(rng, base)

            pools.append([_lanes(rng, number.bits, draw) for _ in range(64)])
    return pools
