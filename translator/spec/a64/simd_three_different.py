"""Advanced SIMD and scalar three different, and by indexed element, integer part (Arm ARM C4.1.96).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_NO_DOUBLE = "size != 3"
_HALF_OR_WORD = "size in (1, 2)"
_BYTE = "size == 0"

# opcode, when, mnemonic with U = 0, with U = 1
_THREE_DIFFERENT = (
    ("0000", _NO_DOUBLE, "SADDL", "UADDL"),
    ("0001", _NO_DOUBLE, "SADDW", "UADDW"),
    ("0010", _NO_DOUBLE, "SSUBL", "USUBL"),
    ("0011", _NO_DOUBLE, "SSUBW", "USUBW"),
    ("0100", _NO_DOUBLE, "ADDHN", "RADDHN"),
    ("0101", _NO_DOUBLE, "SABAL", "UABAL"),
    ("0110", _NO_DOUBLE, "SUBHN", "RSUBHN"),
    ("0111", _NO_DOUBLE, "SABDL", "UABDL"),
    ("1000", _NO_DOUBLE, "SMLAL", "UMLAL"),
    ("1001", _HALF_OR_WORD, "SQDMLAL", ""),
    ("1010", _NO_DOUBLE, "SMLSL", "UMLSL"),
    ("1011", _HALF_OR_WORD, "SQDMLSL", ""),
    ("1100", _NO_DOUBLE, "SMULL", "UMULL"),
    ("1101", _HALF_OR_WORD, "SQDMULL", ""),
    ("1110", _BYTE, "PMULL", ""),
)

_SCALAR_THREE_DIFFERENT = (("1001", "SQDMLAL"), ("1011", "SQDMLSL"), ("1101", "SQDMULL"))

_BY_ELEMENT = (
    ("0000", "", "MLA"),
    ("0010", "SMLAL", "UMLAL"),
    ("0011", "SQDMLAL", ""),
    ("0100", "", "MLS"),
    ("0110", "SMLSL", "UMLSL"),
    ("0111", "SQDMLSL", ""),
    ("1000", "MUL", ""),
    ("1010", "SMULL", "UMULL"),
    ("1011", "SQDMULL", ""),
    ("1100", "SQDMULH", ""),
    ("1101", "SQRDMULH", ""),
)

_SCALAR_BY_ELEMENT = (
    ("0011", "SQDMLAL"),
    ("0111", "SQDMLSL"),
    ("1011", "SQDMULL"),
    ("1100", "SQDMULH"),
    ("1101", "SQRDMULH"),
)


def _different(name: str) -> str:
    """The template of a vector form: long, wide, or narrow."""
    narrow, wide = "{v(q, size, r%s)}", "{v(1, size + 1, r%s)}"
    shapes = {"W": (wide, wide, narrow), "N": (narrow, wide, wide)}
    rd, rn, rm = shapes.get(name[-1], (wide, narrow, narrow))
    return f"{name.lower()}{{pick(q, '2')}} {rd % 'd'}, {rn % 'n'}, {rm % 'm'}"


def _by_element(mnemonic: str, rd: str, rn: str) -> str:
    """The template of a form by element: H:L:M of Vm in 16 registers, or H:L of Vm in 32."""
    half = "{lane(1, rm, h * 4 + l * 2 + m)}"
    word = "{lane(2, m * 16 + rm, h * 2 + l)}"
    return f"{mnemonic} {rd}, {rn}, {half} if size == 1 | {mnemonic} {rd}, {rn}, {word}"


def _vector_by_element(name: str) -> str:
    rn = "{v(q, size, rn)}"
    if name.endswith("L") and name != "MUL":
        mnemonic = f"{name.lower()}{{pick(q, '2')}}"
        return _by_element(mnemonic, "{v(1, size + 1, rd)}", rn)
    return _by_element(name.lower(), "{v(q, size, rd)}", rn)


def _scalar_by_element(name: str) -> str:
    long = " + 1" if name.endswith("L") else ""
    return _by_element(name.lower(), f"{{fp(size{long}, rd)}}", "{fp(size, rn)}")


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for opcode, when, *names in _THREE_DIFFERENT:
        for u, name in enumerate(names):
            if name:
                bits = f"0 q:1 {u} 01110 size:2 1 rm:5 {opcode} 00 rn:5 rd:5"
                asm = _different(name)
                rows.append(P(f"{name}_v", bits, when=when, feature="AdvSIMD", asm=asm))
    for opcode, name in _SCALAR_THREE_DIFFERENT:
        bits = f"01 0 11110 size:2 1 rm:5 {opcode} 00 rn:5 rd:5"
        asm = f"{name.lower()} {{fp(size + 1, rd)}}, {{fp(size, rn)}}, {{fp(size, rm)}}"
        rows.append(P(f"{name}_s", bits, when=_HALF_OR_WORD, feature="AdvSIMD", asm=asm))
    for opcode, *names in _BY_ELEMENT:
        for u, name in enumerate(names):
            if name:
                bits = f"0 q:1 {u} 01111 size:2 l:1 m:1 rm:4 {opcode} h:1 0 rn:5 rd:5"
                asm = _vector_by_element(name)
                rows.append(P(f"{name}_e", bits, when=_HALF_OR_WORD, feature="AdvSIMD", asm=asm))
    for opcode, name in _SCALAR_BY_ELEMENT:
        bits = f"01 0 11111 size:2 l:1 m:1 rm:4 {opcode} h:1 0 rn:5 rd:5"
        asm = _scalar_by_element(name)
        rows.append(P(f"{name}_se", bits, when=_HALF_OR_WORD, feature="AdvSIMD", asm=asm))
    return rows


PATTERNS = _patterns()
