"""Advanced SIMD three same (extra), and its by-element forms, integer part (Arm ARM C4.1.96).

Owns: the encodings of FEAT_RDM, FEAT_DotProd and FEAT_I8MM. Must not know: what the instructions
do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_HALF_OR_WORD = "size in (1, 2)"
_HALF = "{lane(1, rm, h * 4 + l * 2 + m)}"
_WORD = "{lane(2, m * 16 + rm, h * 2 + l)}"
_QUAD = "{quad(m * 16 + rm, h * 2 + l)}"

_ROUNDING = (("SQRDMLAH", "0000", "1101"), ("SQRDMLSH", "0001", "1111"))

# name, feature, U, opcode
_DOT = (
    ("SDOT", "DotProd", 0, "0010"),
    ("UDOT", "DotProd", 1, "0010"),
    ("USDOT", "I8MM", 0, "0011"),
)
# name, feature, U, size, opcode
_DOT_BY_ELEMENT = (
    ("SDOT", "DotProd", 0, "10", "1110"),
    ("UDOT", "DotProd", 1, "10", "1110"),
    ("USDOT", "I8MM", 0, "10", "1111"),
    ("SUDOT", "I8MM", 0, "00", "1111"),
)
_MATRIX = (("SMMLA", 0, "0100"), ("UMMLA", 1, "0100"), ("USMMLA", 0, "0101"))


def _by_element(name: str, rd: str, rn: str) -> str:
    start = f"{name.lower()} {rd}, {rn}, "
    return f"{start}{_HALF} if size == 1 | {start}{_WORD}"


def _rounding() -> list[Pattern]:
    rows: list[Pattern] = []
    for name, same, element in _ROUNDING:
        mnemonic = name.lower()
        vectors = f"{mnemonic} {{v(q, size, rd)}}, {{v(q, size, rn)}}, {{v(q, size, rm)}}"
        scalars = f"{mnemonic} {{fp(size, rd)}}, {{fp(size, rn)}}, {{fp(size, rm)}}"
        by_vector = _by_element(name, "{v(q, size, rd)}", "{v(q, size, rn)}")
        by_scalar = _by_element(name, "{fp(size, rd)}", "{fp(size, rn)}")
        by = f"size:2 l:1 m:1 rm:4 {element} h:1 0 rn:5 rd:5"
        for suffix, bits, asm in (
            ("v", f"0 q:1 1 01110 size:2 0 rm:5 1 {same} 1 rn:5 rd:5", vectors),
            ("s", f"01 1 11110 size:2 0 rm:5 1 {same} 1 rn:5 rd:5", scalars),
            ("e", f"0 q:1 1 01111 {by}", by_vector),
            ("se", f"01 1 11111 {by}", by_scalar),
        ):
            rows.append(P(f"{name}_{suffix}", bits, when=_HALF_OR_WORD, feature="RDM", asm=asm))
    return rows


def _dot() -> list[Pattern]:
    rows: list[Pattern] = []
    for name, feature, u, opcode in _DOT:
        bits = f"0 q:1 {u} 01110 10 0 rm:5 1 {opcode} 1 rn:5 rd:5"
        asm = f"{name.lower()} {{v(q, 2, rd)}}, {{v(q, 0, rn)}}, {{v(q, 0, rm)}}"
        rows.append(P(f"{name}_v", bits, feature=feature, asm=asm))
    for name, feature, u, size, opcode in _DOT_BY_ELEMENT:
        bits = f"0 q:1 {u} 01111 {size} l:1 m:1 rm:4 {opcode} h:1 0 rn:5 rd:5"
        asm = f"{name.lower()} {{v(q, 2, rd)}}, {{v(q, 0, rn)}}, {_QUAD}"
        rows.append(P(f"{name}_e", bits, feature=feature, asm=asm))
    for name, u, opcode in _MATRIX:
        bits = f"0 1 {u} 01110 10 0 rm:5 1 {opcode} 1 rn:5 rd:5"
        asm = f"{name.lower()} {{v(1, 2, rd)}}, {{v(1, 0, rn)}}, {{v(1, 0, rm)}}"
        rows.append(P(f"{name}_v", bits, feature="I8MM", asm=asm))
    return rows


PATTERNS = _rounding() + _dot()
