"""Advanced SIMD three same and scalar three same, integer part (Arm ARM C4.1.96).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_VECTORS = "{v(q, size, rd)}, {v(q, size, rn)}, {v(q, size, rm)}"
_SCALARS = "{fp(size, rd)}, {fp(size, rn)}, {fp(size, rm)}"
_BYTES = "{v(q, 0, rd)}, {v(q, 0, rn)}, {v(q, 0, rm)}"
_MOV = "mov {v(q, 0, rd)}, {v(q, 0, rn)} if rn == rm | "

_ANY = "size != 3 or q == 1"
_NO_DOUBLE = "size != 3"
_HALF_OR_WORD = "size in (1, 2)"
_BYTE = "size == 0"

# opcode, when, mnemonic with U = 0, with U = 1
_VECTOR = (
    ("00000", _NO_DOUBLE, "SHADD", "UHADD"),
    ("00001", _ANY, "SQADD", "UQADD"),
    ("00010", _NO_DOUBLE, "SRHADD", "URHADD"),
    ("00100", _NO_DOUBLE, "SHSUB", "UHSUB"),
    ("00101", _ANY, "SQSUB", "UQSUB"),
    ("00110", _ANY, "CMGT", "CMHI"),
    ("00111", _ANY, "CMGE", "CMHS"),
    ("01000", _ANY, "SSHL", "USHL"),
    ("01001", _ANY, "SQSHL", "UQSHL"),
    ("01010", _ANY, "SRSHL", "URSHL"),
    ("01011", _ANY, "SQRSHL", "UQRSHL"),
    ("01100", _NO_DOUBLE, "SMAX", "UMAX"),
    ("01101", _NO_DOUBLE, "SMIN", "UMIN"),
    ("01110", _NO_DOUBLE, "SABD", "UABD"),
    ("01111", _NO_DOUBLE, "SABA", "UABA"),
    ("10000", _ANY, "ADD", "SUB"),
    ("10001", _ANY, "CMTST", "CMEQ"),
    ("10010", _NO_DOUBLE, "MLA", "MLS"),
    ("10011", _NO_DOUBLE, "MUL", ""),
    ("10011", _BYTE, "", "PMUL"),
    ("10100", _NO_DOUBLE, "SMAXP", "UMAXP"),
    ("10101", _NO_DOUBLE, "SMINP", "UMINP"),
    ("10110", _HALF_OR_WORD, "SQDMULH", "SQRDMULH"),
    ("10111", _ANY, "ADDP", ""),
)

# size with U = 0, with U = 1
_LOGIC = (
    ("00", "AND", "EOR"),
    ("01", "BIC", "BSL"),
    ("10", "ORR", "BIT"),
    ("11", "ORN", "BIF"),
)

_DOUBLE = "size == 3"
_SCALAR = (
    ("00001", "", "SQADD", "UQADD"),
    ("00101", "", "SQSUB", "UQSUB"),
    ("00110", _DOUBLE, "CMGT", "CMHI"),
    ("00111", _DOUBLE, "CMGE", "CMHS"),
    ("01000", _DOUBLE, "SSHL", "USHL"),
    ("01001", "", "SQSHL", "UQSHL"),
    ("01010", _DOUBLE, "SRSHL", "URSHL"),
    ("01011", "", "SQRSHL", "UQRSHL"),
    ("10000", _DOUBLE, "ADD", "SUB"),
    ("10001", _DOUBLE, "CMTST", "CMEQ"),
    ("10110", _HALF_OR_WORD, "SQDMULH", "SQRDMULH"),
)


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for opcode, when, *names in _VECTOR:
        for u, name in enumerate(names):
            if name:
                bits = f"0 q:1 {u} 01110 size:2 1 rm:5 {opcode} 1 rn:5 rd:5"
                asm = f"{name.lower()} {_VECTORS}"
                rows.append(P(f"{name}_v", bits, when=when, feature="AdvSIMD", asm=asm))
    for size, *names in _LOGIC:
        for u, name in enumerate(names):
            bits = f"0 q:1 {u} 01110 {size} 1 rm:5 00011 1 rn:5 rd:5"
            asm = f"{_MOV if name == 'ORR' else ''}{name.lower()} {_BYTES}"
            rows.append(P(f"{name}_v", bits, feature="AdvSIMD", asm=asm))
    for opcode, when, *names in _SCALAR:
        for u, name in enumerate(names):
            bits = f"01 {u} 11110 size:2 1 rm:5 {opcode} 1 rn:5 rd:5"
            asm = f"{name.lower()} {_SCALARS}"
            rows.append(P(f"{name}_s", bits, when=when, feature="AdvSIMD", asm=asm))
    return rows


PATTERNS = _patterns()
