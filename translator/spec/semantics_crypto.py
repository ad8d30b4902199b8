"""What the ops of AES, SHA and SM4 do, on Python ints (FIPS 197, FIPS 180-4, GB/T 32907).

Owns: their semantics. Must not know: IR rows (spec/ir.py), C++, guests.
"""

from __future__ import annotations

from typing import Any

from . import semantics as s

_M32 = (1 << 32) - 1


# ---- bytes as elements of GF(2^8)


def _multiply(a: int, b: int, polynomial: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= polynomial
        b >>= 1
    return product


def _inverse(a: int, polynomial: int) -> int:
    result = 1
    for _ in range(254):
        result = _multiply(result, a, polynomial)
    return result


def _affine(x: int, row: int, constant: int) -> int:
    """Bit i is the parity of x under row rotated left by i."""
    rows = [(row << i | row >> 8 - i) & 0xFF for i in range(8)]
    return sum((r & x).bit_count() % 2 << i for i, r in enumerate(rows)) ^ constant


_AES_POLYNOMIAL, _SM4_POLYNOMIAL = 0x11B, 0x1F5
_AES_SBOX = [_affine(_inverse(x, _AES_POLYNOMIAL), 0xF1, 0x63) for x in range(256)]
_AES_INVERSE = [_AES_SBOX.index(x) for x in range(256)]
_SM4_SBOX = [
    _affine(_inverse(_affine(x, 0xA7, 0xD3), _SM4_POLYNOMIAL), 0xA7, 0xD3) for x in range(256)
]


# ---- AES: byte r + 4c is row r of column c


def _rows(a: int, box: list[int], direction: int) -> int:
    """SubBytes and ShiftRows, or their inverses."""
    octets = s.split(a, 0)
    moved = [octets[(r + 4 * (c + direction * r)) % 16] for c in range(4) for r in range(4)]
    return s.join([box[x] for x in moved], 0)


def _columns(a: int, factors: tuple[int, int, int, int]) -> int:
    """Columns times a polynomial; its coefficients by row for row 0."""
    octets = s.split(a, 0)
    result = []
    for c in range(4):
        column = octets[4 * c : 4 * c + 4]
        for r in range(4):
            value = 0
            for k in range(4):
                value ^= _multiply(column[(r + k) % 4], factors[k], _AES_POLYNOMIAL)
            result.append(value)
    return s.join(result, 0)


def aes_mix(a: int) -> int:
    """MixColumns."""
    return _columns(a, (2, 3, 1, 1))


def aes_unmix(a: int) -> int:
    """InvMixColumns."""
    return _columns(a, (14, 11, 13, 9))


def aes_encrypt(a: int, key: int, last: bool) -> int:
    """A round of encryption; the last has no MixColumns."""
    state = _rows(a, _AES_SBOX, 1)
    return (state if last else aes_mix(state)) ^ key


def aes_decrypt(a: int, key: int, last: bool) -> int:
    """A round of the equivalent inverse cipher."""
    state = _rows(a, _AES_INVERSE, -1)
    return (state if last else aes_unmix(state)) ^ key


# ---- SHA


def _rol(a: int, n: int) -> int:
    return s.ror(a, 32 - n, 32)


def sha1(e_: Any, abcd: int, e: int, wk: int) -> int:
    """Four rounds with constants added already; e_.function: 0 choose, 1 parity, 2 majority."""
    a, b, c, d = s.split(abcd, 2)
    e &= _M32
    for w in s.split(wk, 2):
        f = (b & c | ~b & d, b ^ c ^ d, b & c | b & d | c & d)[e_.function]
        a, b, c, d, e = (e + _rol(a, 5) + f + w) & _M32, a, _rol(b, 30), c, d
    return s.join([a, b, c, d], 2)


def _choose(x: int, y: int, z: int) -> int:
    return x & y | ~x & z


def _majority(x: int, y: int, z: int) -> int:
    return x & y | x & z | y & z


def _sigma(x: int, rotations: tuple[int, ...], shift: int | None = None) -> int:
    result = 0 if shift is None else x >> shift
    for n in rotations:
        result ^= s.ror(x, n, 32)
    return result


def sha256_two(hgdc: int, feba: int, wk: int) -> int:
    """Two rounds: f, e, b, a afterwards; h, g, d, c are then what f, e, b, a were."""
    h, g, d, c = s.split(hgdc, 2)
    f, e, b, a = s.split(feba, 2)
    for w in s.split(wk, 2)[:2]:
        t = h + _sigma(e, (6, 11, 25)) + _choose(e, f, g) + w
        new = t + _sigma(a, (2, 13, 22)) + _majority(a, b, c)
        a, b, c, d, e, f, g, h = new & _M32, a, b, c, (d + t) & _M32, e, f, g
    return s.join([f, e, b, a], 2)


def sha256_schedule0(a: int, b: int) -> int:
    """a plus sigma0 of the words that follow each, the last of which is b's first."""
    words = s.split(a, 2)
    following = [*words[1:], b & _M32]
    return s.join([x + _sigma(y, (7, 18), 3) for x, y in zip(words, following, strict=True)], 2)


def sha256_schedule1(a: int, b: int) -> int:
    """a plus sigma1 of the words two before: b's last two, then the first two results."""
    before = s.split(b, 2)[2:]
    for x in s.split(a, 2):
        before.append((x + _sigma(before[-2], (17, 19), 10)) & _M32)
    return s.join(before[2:], 2)


# ---- SM4


def sm4_sbox(a: int) -> int:
    """The substitution in each byte."""
    return s.join([_SM4_SBOX[x] for x in s.split(a, 0)], 0)
