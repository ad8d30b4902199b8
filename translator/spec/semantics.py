"""What IR ops mean, on Python ints.

Owns: the functions that rows of spec/ir.py name. Values are bit patterns (non-negative, of the
type's width); flags are NZCV in bits 3:0; results may exceed the width, the oracle truncates. Must
not know: how ops are stored or executed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MASK64 = (1 << 64) - 1
MASK128 = (1 << 128) - 1


def signed(a: int, width: int) -> int:
    """The two's complement value of the low `width` bits."""
    a &= (1 << width) - 1
    return a - (1 << width) if a >> (width - 1) else a


def ror(a: int, n: int, width: int) -> int:
    """Rotates right."""
    return a >> n | a << (width - n)


def sdiv(e: Any, a: int, b: int) -> int:
    """Signed division toward zero; 0 when the divisor is."""
    x, y = signed(a, e.w), signed(b, e.w)
    if y == 0:
        return 0
    q = abs(x) // abs(y)
    return -q if (x < 0) != (y < 0) else q


def cls(e: Any, a: int) -> int:
    """Leading bits equal to the sign bit, not counting it."""
    x = signed(a, e.w)
    return int(e.w) - 1 - (x if x >= 0 else ~x).bit_length()


def reverse_bits(a: int, width: int) -> int:
    """The low `width` bits in reverse order."""
    return int(f"{a:0{width}b}"[::-1], 2)


def reverse_bytes(a: int, width: int, group: int) -> int:
    """Reverses the bytes of each `group` bits of `width`."""
    result = 0
    for at in range(0, width, group):
        part = (a >> at & ((1 << group) - 1)).to_bytes(group // 8, "little")
        result |= int.from_bytes(part, "big") << at
    return result


def ubfx(a: int, field: int) -> int:
    """An unsigned bit field; field = lsb | width << 8."""
    return a >> (field & 0xFF) & ((1 << (field >> 8)) - 1)


def sbfx(a: int, field: int) -> int:
    """A signed bit field; field = lsb | width << 8."""
    return signed(a >> (field & 0xFF), field >> 8)


def bfi(e: Any, a: int, b: int) -> int:
    """Replaces a field of a by the low bits of b."""
    field = int(e.field_)
    lsb, width = field & 0xFF, field >> 8
    mask = ((1 << width) - 1) << lsb
    return a & ~mask | b << lsb & mask


def crc(acc: int, value: int, size: int, reflected: int) -> int:
    """CRC of 1 << size bytes, by bits; `reflected` is the polynomial in reflected form."""
    acc ^= value & ((1 << (8 << size)) - 1)
    for _ in range(8 << size):
        acc = acc >> 1 ^ (reflected if acc & 1 else 0)
    return acc


# ---- flags


def carry(nzcv: int) -> int:
    """C."""
    return nzcv >> 1 & 1


def add_flags(a: int, b: int, carry_in: int, width: int) -> int:
    """AddWithCarry's NZCV."""
    mask = (1 << width) - 1
    a, b = a & mask, b & mask
    unsigned_sum = a + b + carry_in
    signed_sum = signed(a, width) + signed(b, width) + carry_in
    result = unsigned_sum & mask
    n = result >> (width - 1)
    c, v = unsigned_sum > mask, signed(result, width) != signed_sum
    return n << 3 | (result == 0) << 2 | c << 1 | v


def logic_flags(a: int, width: int) -> int:
    """N and Z of a result."""
    a &= (1 << width) - 1
    return (a >> (width - 1)) << 3 | (a == 0) << 2


def holds(cc: int, nzcv: int) -> bool:
    """ConditionHolds (Arm ARM shared pseudocode)."""
    n, z, c, v = (nzcv >> i & 1 for i in (3, 2, 1, 0))
    base = (z, c, n, v, c and not z, n == v, n == v and not z, True)[cc >> 1]
    return bool(base) != bool(cc & 1) if cc != 15 else True


# ---- vectors


def split(a: int, size: int) -> list[int]:
    """The elements of a 128-bit value, lowest first."""
    width = 8 << size
    return [a >> at & ((1 << width) - 1) for at in range(0, 128, width)]


def join(elements: list[int], size: int) -> int:
    """The counterpart of split(); elements are truncated."""
    width = 8 << size
    result = 0
    for i, element in enumerate(elements):
        result |= (element & ((1 << width) - 1)) << i * width
    return result


def lanes(size: int, f: Callable[..., int], *vectors: int) -> int:
    """Applies f(element..., width) to each lane."""
    width = 8 << size
    columns = zip(*(split(v, size) for v in vectors), strict=True)
    return join([int(f(*xs, width)) for xs in columns], size)


def dup(size: int, a: int) -> int:
    """The low element everywhere."""
    return join([a] * (16 >> size), size)


def lane(a: int, index: int, size: int) -> int:
    """One element."""
    return split(a, size)[index]


def set_lane(a: int, index: int, size: int, value: int) -> int:
    """One element replaced."""
    elements = split(a, size)
    elements[index] = value
    return join(elements, size)


def tbl1(_e: Any, table: int, index: int) -> int:
    """TBL with one register."""
    entries = split(table, 0)
    return join([entries[i] if i < 16 else 0 for i in split(index, 0)], 0)


def tbl2(_e: Any, low: int, high: int, index: int) -> int:
    """TBL with two registers."""
    entries = split(low, 0) + split(high, 0)
    return join([entries[i] if i < 32 else 0 for i in split(index, 0)], 0)


def xtn(e: Any, a: int) -> int:
    """The low half of each element of twice the size."""
    return join(split(a, e.size + 1), e.size)


def extend(a: int, size: int, is_signed: bool) -> int:
    """The low elements, twice as wide."""
    low = split(a, size)[: 8 >> size]
    return join([signed(x, 8 << size) if is_signed else x for x in low], size + 1)


def mull(a: int, b: int, size: int, is_signed: bool) -> int:
    """The low elements' products, twice as wide."""

    def product(x: int, y: int, w: int) -> int:
        return signed(x, w) * signed(y, w) if is_signed else x * y

    return lanes(size + 1, product, extend(a, size, is_signed), extend(b, size, is_signed))


def _mask(condition: bool) -> int:
    return -1 if condition else 0


def _shift_register(x: int, y: int, w: int, is_signed: bool) -> int:
    amount = signed(y, 8)
    value = signed(x, w) if is_signed else x
    return value << amount if amount >= 0 else value >> -amount


def _two(f: Callable[[int, int, int], int]) -> Callable[..., int]:
    return lambda e, a, b: lanes(e.size, f, a, b)


def _pairs(f: Callable[[int, int, int], int]) -> Callable[..., int]:
    def run(e: Any, a: int, b: int) -> int:
        both = split(a, e.size) + split(b, e.size)
        pairs = zip(both[::2], both[1::2], strict=True)
        return join([f(x, y, 8 << e.size) for x, y in pairs], e.size)

    return run


def _across(f: Callable[[int, int, int], int]) -> Callable[..., int]:
    def run(e: Any, a: int) -> int:
        first, *rest = split(a, e.size)
        for x in rest:
            first = f(first, x, 8 << e.size) & ((1 << (8 << e.size)) - 1)
        return first

    return run


def _pick(f: Callable[[list[int], list[int]], list[int]]) -> Callable[..., int]:
    return lambda e, a, b: join(f(split(a, e.size), split(b, e.size)), e.size)


def _weave(a: list[int], b: list[int]) -> list[int]:
    return [x for pair in zip(a, b, strict=True) for x in pair]


def _reverse(bits: int) -> Callable[..., int]:
    def run(e: Any, a: int) -> int:
        n = bits // (8 << e.size)
        elements = split(a, e.size)
        groups = [elements[at : at + n] for at in range(0, len(elements), n)]
        return join([x for group in groups for x in reversed(group)], e.size)

    return run


def _smax(x: int, y: int, w: int) -> int:
    return max(signed(x, w), signed(y, w))


def _smin(x: int, y: int, w: int) -> int:
    return min(signed(x, w), signed(y, w))


def _umax(x: int, y: int, _w: int) -> int:
    return max(x, y)


def _umin(x: int, y: int, _w: int) -> int:
    return min(x, y)


def _add(x: int, y: int, _w: int) -> int:
    return x + y


VECTOR: dict[str, Callable[..., int]] = {
    "vadd": _two(_add),
    "vsub": _two(lambda x, y, w: x - y),
    "vmul": _two(lambda x, y, w: x * y),
    "vcmeq": _two(lambda x, y, w: _mask(x == y)),
    "vcmgt": _two(lambda x, y, w: _mask(signed(x, w) > signed(y, w))),
    "vcmge": _two(lambda x, y, w: _mask(signed(x, w) >= signed(y, w))),
    "vcmhi": _two(lambda x, y, w: _mask(x > y)),
    "vcmhs": _two(lambda x, y, w: _mask(x >= y)),
    "vcmtst": _two(lambda x, y, w: _mask(x & y != 0)),
    "vsmin": _two(_smin),
    "vsmax": _two(_smax),
    "vumin": _two(_umin),
    "vumax": _two(_umax),
    "vushl": _two(lambda x, y, w: _shift_register(x, y, w, False)),
    "vsshl": _two(lambda x, y, w: _shift_register(x, y, w, True)),
    "vshl": lambda e, a: lanes(e.size, lambda x, w: x << e.amount, a),
    "vushr": lambda e, a: lanes(e.size, lambda x, w: x >> e.amount, a),
    "vsshr": lambda e, a: lanes(e.size, lambda x, w: signed(x, w) >> e.amount, a),
    "vext": lambda e, a, b: (b << 128 | a) >> 8 * e.bytes,
    "vzip1": _pick(lambda a, b: _weave(a, b)[: len(a)]),
    "vzip2": _pick(lambda a, b: _weave(a, b)[len(a) :]),
    "vuzp1": _pick(lambda a, b: (a + b)[::2]),
    "vuzp2": _pick(lambda a, b: (a + b)[1::2]),
    "vtrn1": _pick(lambda a, b: _weave(a[::2], b[::2])),
    "vtrn2": _pick(lambda a, b: _weave(a[1::2], b[1::2])),
    "vrev16": _reverse(16),
    "vrev32": _reverse(32),
    "vrev64": _reverse(64),
    "vaddp": _pairs(_add),
    "vsmaxp": _pairs(_smax),
    "vsminp": _pairs(_smin),
    "vumaxp": _pairs(_umax),
    "vuminp": _pairs(_umin),
    "vaddv": _across(_add),
    "vsmaxv": _across(_smax),
    "vsminv": _across(_smin),
    "vumaxv": _across(_umax),
    "vuminv": _across(_umin),
}
"""Semantics of the vector ops that rows of spec/ir.py make in loops."""

VECTOR_DOC: dict[str, str] = {
    "vadd": "a + b",
    "vsub": "a - b",
    "vmul": "a * b, low half",
    "vcmeq": "all ones where a == b",
    "vcmgt": "all ones where a > b, signed",
    "vcmge": "all ones where a >= b, signed",
    "vcmhi": "all ones where a > b, unsigned",
    "vcmhs": "all ones where a >= b, unsigned",
    "vcmtst": "all ones where a & b is not 0",
    "vsmin": "signed minimum",
    "vsmax": "signed maximum",
    "vumin": "unsigned minimum",
    "vumax": "unsigned maximum",
    "vushl": "USHL: a shifted left by the signed low byte of b, unsigned",
    "vsshl": "SSHL: the same, signed",
    "vshl": "elements shifted left",
    "vushr": "elements shifted right, unsigned; the amount may be the width",
    "vsshr": "elements shifted right, signed; the amount may be the width",
    "vext": "bytes from a on, then from b",
    "vzip1": "elements of the low halves in turn",
    "vzip2": "elements of the high halves in turn",
    "vuzp1": "even elements of a, then of b",
    "vuzp2": "odd elements of a, then of b",
    "vtrn1": "even elements in turn",
    "vtrn2": "odd elements in turn",
    "vrev16": "elements of each 16 bits in reverse order",
    "vrev32": "elements of each 32 bits in reverse order",
    "vrev64": "elements of each 64 bits in reverse order",
    "vaddp": "sums of adjacent pairs of a, then of b",
    "vsmaxp": "signed maxima of adjacent pairs of a, then of b",
    "vsminp": "signed minima of adjacent pairs of a, then of b",
    "vumaxp": "unsigned maxima of adjacent pairs of a, then of b",
    "vuminp": "unsigned minima of adjacent pairs of a, then of b",
    "vaddv": "sum of all elements in the low one, rest zero",
    "vsmaxv": "signed maximum of all elements in the low one, rest zero",
    "vsminv": "signed minimum of all elements in the low one, rest zero",
    "vumaxv": "unsigned maximum of all elements in the low one, rest zero",
    "vuminv": "unsigned minimum of all elements in the low one, rest zero",
}
"""Their documentation."""


# ---- pointer authentication


def _gf_double(v: int) -> int:
    return v << 1 ^ (0x11B if v & 0x80 else 0)


def _gf_multiply(a: int, b: int) -> int:
    result = 0
    for bit in range(8):
        if b >> bit & 1:
            result ^= a
        a = _gf_double(a)
    return result


def _aes_substitute(v: int) -> int:
    inverse = next((i for i in range(256) if _gf_multiply(v, i) == 1), 0)
    rotations = (inverse << n | inverse >> 8 - n for n in range(5))
    result = 0x63
    for rotated in rotations:
        result ^= rotated & 0xFF
    return result


def aes_round(state: int, key: int) -> int:
    """AESENC (FIPS 197: ShiftRows, SubBytes, MixColumns, AddRoundKey), least byte first."""
    cells = state.to_bytes(16, "little")
    out = bytearray()
    for column in range(4):
        s = [_aes_substitute(cells[(column + row) % 4 * 4 + row]) for row in range(4)]
        for row in range(4):
            a, b, c, d = (s[(row + n) % 4] for n in range(4))
            out.append(_gf_double(a) ^ _gf_double(b) ^ b ^ c ^ d)
    return int.from_bytes(out, "little") ^ key


def _pac_field(pointer: int, data: int) -> int:
    """pac_field() of base/pauth.hpp."""
    return (0xFF7F if pointer >> 55 & 1 and not data else 0x7F) << 48


def is_canonical(pointer: int, data: int) -> bool:
    """Whether the bits of a pointer's code are copies of bit 55."""
    field = _pac_field(pointer, data)
    return pointer & field == (field if pointer >> 55 & 1 else 0)


def sign_pointer(pointer: int, modifier: int, key_low: int, key_high: int, data: int) -> int:
    """The pointer with the bits of its code changed by it."""
    field = _pac_field(pointer, data)
    key = key_high << 64 | key_low
    state = (modifier << 64 | pointer & ~field) ^ key
    return pointer ^ (aes_round(aes_round(state, key), key) & field)
