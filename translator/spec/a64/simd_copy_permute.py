"""Advanced SIMD copy, permute, extract, table lookup, modified immediate, and scalar copy (Arm ARM
C4.1.96).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_ANY = "size != 3 or q == 1"
_ELEMENT = "(imm5 & 15) != 0"
_COPY = "(imm5 & 7) != 0 or ((imm5 & 15) == 8 and q == 1)"

# opcode of the permutes
_PERMUTE = (
    ("001", "UZP1"),
    ("010", "TRN1"),
    ("011", "ZIP1"),
    ("101", "UZP2"),
    ("110", "TRN2"),
    ("111", "ZIP2"),
)

# op, cmode with `shift`, name
_IMMEDIATE = (
    ("0", "0 shift:2 0", "MOVI_word"),
    ("1", "0 shift:2 0", "MVNI_word"),
    ("0", "0 shift:2 1", "ORR_imm_word"),
    ("1", "0 shift:2 1", "BIC_imm_word"),
    ("0", "10 shift:1 0", "MOVI_half"),
    ("1", "10 shift:1 0", "MVNI_half"),
    ("0", "10 shift:1 1", "ORR_imm_half"),
    ("1", "10 shift:1 1", "BIC_imm_half"),
    ("0", "110 shift:1", "MOVI_msl"),
    ("1", "110 shift:1", "MVNI_msl"),
    ("0", "1110", "MOVI_byte"),
    ("1", "1110", "MOVI_double"),
    ("0", "1111", "FMOV_imm_single_v"),
)


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for opcode, name in _PERMUTE:
        bits = f"0 q:1 001110 size:2 0 rm:5 0 {opcode} 10 rn:5 rd:5"
        rows.append(P(name, bits, when=_ANY, feature="AdvSIMD"))
    for op, cmode, name in _IMMEDIATE:
        bits = f"0 q:1 {op} 0111100000 abc:3 {cmode} 01 defgh:5 rd:5"
        rows.append(P(name, bits, feature="AdvSIMD"))
    return rows


PATTERNS = [
    P("DUP_element", "0 q:1 001110000 imm5:5 000001 rn:5 rd:5", when=_COPY, feature="AdvSIMD"),
    P("DUP_element_s", "01011110000 imm5:5 000001 rn:5 rd:5", when=_ELEMENT, feature="AdvSIMD"),
    P("DUP_general", "0 q:1 001110000 imm5:5 000011 rn:5 rd:5", when=_COPY, feature="AdvSIMD"),
    P("INS_general", "01001110000 imm5:5 000111 rn:5 rd:5", when=_ELEMENT, feature="AdvSIMD"),
    P("INS_element", "01101110000 imm5:5 0 imm4:4 1 rn:5 rd:5", when=_ELEMENT, feature="AdvSIMD"),
    P(
        "SMOV",
        "0 q:1 001110000 imm5:5 001011 rn:5 rd:5",
        when="(imm5 & 3) != 0 or ((imm5 & 7) == 4 and q == 1)",
        feature="AdvSIMD",
    ),
    P(
        "UMOV",
        "0 q:1 001110000 imm5:5 001111 rn:5 rd:5",
        when="((imm5 & 7) != 0 and q == 0) or ((imm5 & 15) == 8 and q == 1)",
        feature="AdvSIMD",
    ),
    P(
        "EXT",
        "0 q:1 101110000 rm:5 0 imm4:4 0 rn:5 rd:5",
        when="imm4 < 8 or q == 1",
        feature="AdvSIMD",
    ),
    P("TBL", "0 q:1 001110000 rm:5 0 len:2 000 rn:5 rd:5", feature="AdvSIMD"),
    P("TBX", "0 q:1 001110000 rm:5 0 len:2 100 rn:5 rd:5", feature="AdvSIMD"),
    P("FMOV_imm_double_v", "0110111100000 abc:3 111101 defgh:5 rd:5", feature="AdvSIMD"),
    *_patterns(),
]
