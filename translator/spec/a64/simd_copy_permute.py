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

_IMM8 = "abc * 32 + defgh"
_BYTE = f"{{imm({_IMM8})}}"
_WORD = f"{_BYTE}{{shift(0, shift * 8)}}"
_MSL = f"{_BYTE}, msl {{dec(8 + shift * 8)}}"
_FLOAT = f"{{fpimm({_IMM8})}}"

# op, cmode with `shift`, name, log2 of the element's bytes, operand
_IMMEDIATE = (
    ("0", "0 shift:2 0", "MOVI_word", 2, _WORD),
    ("1", "0 shift:2 0", "MVNI_word", 2, _WORD),
    ("0", "0 shift:2 1", "ORR_imm_word", 2, _WORD),
    ("1", "0 shift:2 1", "BIC_imm_word", 2, _WORD),
    ("0", "10 shift:1 0", "MOVI_half", 1, _WORD),
    ("1", "10 shift:1 0", "MVNI_half", 1, _WORD),
    ("0", "10 shift:1 1", "ORR_imm_half", 1, _WORD),
    ("1", "10 shift:1 1", "BIC_imm_half", 1, _WORD),
    ("0", "110 shift:1", "MOVI_msl", 2, _MSL),
    ("1", "110 shift:1", "MVNI_msl", 2, _MSL),
    ("0", "1110", "MOVI_byte", 0, _BYTE),
    ("0", "1111", "FMOV_imm_single_v", 2, _FLOAT),
)


def _elements(text: str, sizes: tuple[int, ...]) -> str:
    """A template with an alternative an element size, which the lowest bit set in imm5 tells.

    `text` has SIZE for the size and INDEX for the element's number.
    """
    texts = []
    for size in sizes:
        one = text.replace("SIZE", str(size)).replace("INDEX", f"imm5 >> {size + 1}")
        last = size == sizes[-1]
        texts.append(one if last else f"{one} if (imm5 & {(2 << size) - 1}) == {1 << size}")
    return " | ".join(texts)


_ALL = (0, 1, 2, 3)


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for opcode, name in _PERMUTE:
        bits = f"0 q:1 001110 size:2 0 rm:5 0 {opcode} 10 rn:5 rd:5"
        asm = f"{name.lower()} {{v(q, size, rd)}}, {{v(q, size, rn)}}, {{v(q, size, rm)}}"
        rows.append(P(name, bits, when=_ANY, feature="AdvSIMD", asm=asm))
    for op, cmode, name, size, operand in _IMMEDIATE:
        bits = f"0 q:1 {op} 0111100000 abc:3 {cmode} 01 defgh:5 rd:5"
        asm = f"{name.partition('_')[0].lower()} {{v(q, {size}, rd)}}, {operand}"
        rows.append(P(name, bits, feature="AdvSIMD", asm=asm))
    for o2, name in (("0", "TBL"), ("1", "TBX")):
        operands = "{v(q, 0, rd)}, {list(len + 1, 1, 0, rn)}, {v(q, 0, rm)}"
        bits = f"0 q:1 001110000 rm:5 0 len:2 {o2}00 rn:5 rd:5"
        rows.append(P(name, bits, feature="AdvSIMD", asm=f"{name.lower()} {operands}"))
    return rows


PATTERNS = [
    P(
        "DUP_element",
        "0 q:1 001110000 imm5:5 000001 rn:5 rd:5",
        when=_COPY,
        feature="AdvSIMD",
        asm=_elements("dup {v(q, SIZE, rd)}, {lane(SIZE, rn, INDEX)}", _ALL),
    ),
    P(
        "DUP_element_s",
        "01011110000 imm5:5 000001 rn:5 rd:5",
        when=_ELEMENT,
        feature="AdvSIMD",
        asm=_elements("mov {fp(SIZE, rd)}, {lane(SIZE, rn, INDEX)}", _ALL),
    ),
    P(
        "DUP_general",
        "0 q:1 001110000 imm5:5 000011 rn:5 rd:5",
        when=_COPY,
        feature="AdvSIMD",
        asm=_elements("dup {v(q, SIZE, rd)}, {r(SIZE == 3, rn)}", _ALL),
    ),
    P(
        "INS_general",
        "01001110000 imm5:5 000111 rn:5 rd:5",
        when=_ELEMENT,
        feature="AdvSIMD",
        asm=_elements("mov {lane(SIZE, rd, INDEX)}, {r(SIZE == 3, rn)}", _ALL),
    ),
    P(
        "INS_element",
        "01101110000 imm5:5 0 imm4:4 1 rn:5 rd:5",
        when=_ELEMENT,
        feature="AdvSIMD",
        asm=_elements("mov {lane(SIZE, rd, INDEX)}, {lane(SIZE, rn, imm4 >> SIZE)}", _ALL),
    ),
    P(
        "SMOV",
        "0 q:1 001110000 imm5:5 001011 rn:5 rd:5",
        when="(imm5 & 3) != 0 or ((imm5 & 7) == 4 and q == 1)",
        feature="AdvSIMD",
        asm=_elements("smov {r(q, rd)}, {lane(SIZE, rn, INDEX)}", (0, 1, 2)),
    ),
    P(
        "UMOV",
        "0 q:1 001110000 imm5:5 001111 rn:5 rd:5",
        when="((imm5 & 7) != 0 and q == 0) or ((imm5 & 15) == 8 and q == 1)",
        feature="AdvSIMD",
        asm="mov {x(rd)}, {lane(3, rn, imm5 >> 4)} if q == 1"
        " | mov {w(rd)}, {lane(2, rn, imm5 >> 3)} if (imm5 & 7) == 4 | "
        + _elements("umov {w(rd)}, {lane(SIZE, rn, INDEX)}", (0, 1)),
    ),
    P(
        "EXT",
        "0 q:1 101110000 rm:5 0 imm4:4 0 rn:5 rd:5",
        when="imm4 < 8 or q == 1",
        feature="AdvSIMD",
        asm="ext {v(q, 0, rd)}, {v(q, 0, rn)}, {v(q, 0, rm)}, {imm(imm4)}",
    ),
    P(
        "MOVI_double",
        "0 q:1 1 0111100000 abc:3 1110 01 defgh:5 rd:5",
        feature="AdvSIMD",
        asm=f"movi {{fp(3, rd)}}, {{bytemask({_IMM8})}} if q == 0"
        f" | movi {{v(1, 3, rd)}}, {{bytemask({_IMM8})}}",
    ),
    P(
        "FMOV_imm_half_v",
        "0 q:1 0 0111100000 abc:3 111111 defgh:5 rd:5",
        feature="FP16",
        asm=f"fmov {{v(q, 1, rd)}}, {_FLOAT}",
    ),
    P(
        "FMOV_imm_double_v",
        "0110111100000 abc:3 111101 defgh:5 rd:5",
        feature="AdvSIMD",
        asm=f"fmov {{v(1, 3, rd)}}, {_FLOAT}",
    ),
    *_patterns(),
]
