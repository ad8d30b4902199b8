"""Advanced SIMD products of complex numbers, of halves into singles, and of BFloat16 numbers: three
register extension and by indexed element (Arm ARM C4.1.96).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_V = "{v(q, size, rd)}, {v(q, size, rn)}"
_ANY = "size != 0 and (size != 3 or q == 1)"

# S, mnemonic
_LONG = ((0, "FMLAL"), (1, "FMLSL"))


def _long(name: str, bits: str, m: str) -> Pattern:
    """A product of halves; `m` is the second factor's operand, empty for a vector."""
    mnemonic = name.partition("_")[0].lower()
    wide = f"{mnemonic} {{v(1, 2, rd)}}, {{v(0, 1, rn)}}, {m or '{v(0, 1, rm)}'} if q == 1"
    narrow = f"{mnemonic} {{v(0, 2, rd)}}, {{pair(rn)}}, {m or '{pair(rm)}'}"
    return P(name, bits, feature="FHM", asm=f"{wide} | {narrow}")


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for s, name in _LONG:
        for suffix, u, op in (("", 0, "11101"), ("2", 1, "11001")):
            bits = f"0 q:1 {u} 01110 {s}0 1 rm:5 {op} 1 rn:5 rd:5"
            rows.append(_long(f"{name}{suffix}_v", bits, ""))
            bits = f"0 q:1 {u} 01111 10 l:1 m:1 rm:4 {u}{s}00 h:1 0 rn:5 rd:5"
            rows.append(_long(f"{name}{suffix}_e", bits, "{lane(1, rm, h * 4 + l * 2 + m)}"))
    return rows


PATTERNS = [
    P(
        "FCMLA_v",
        "0 q:1 1 01110 size:2 0 rm:5 110 rot:2 1 rn:5 rd:5",
        when=_ANY,
        feature="FCMA",
        asm=f"fcmla {_V}, {{v(q, size, rm)}}, {{dec(rot * 90)}}",
    ),
    P(
        "FCADD_v",
        "0 q:1 1 01110 size:2 0 rm:5 111 rot:1 01 rn:5 rd:5",
        when=_ANY,
        feature="FCMA",
        asm=f"fcadd {_V}, {{v(q, size, rm)}}, {{dec(rot * 180 + 90)}}",
    ),
    P(
        "FCMLA_e",
        "0 q:1 1 01111 size:2 l:1 m:1 rm:4 0 rot:2 1 h:1 0 rn:5 rd:5",
        when="(size == 1 and (h == 0 or q == 1)) or (size == 2 and l == 0 and q == 1)",
        feature="FCMA",
        asm=f"fcmla {_V}, {{lane(1, m * 16 + rm, h * 2 + l)}}, {{dec(rot * 90)}} if size == 1"
        f" | fcmla {_V}, {{lane(2, m * 16 + rm, h)}}, {{dec(rot * 90)}}",
    ),
    *_patterns(),
    P(
        "BFDOT_v",
        "0 q:1 1 01110 01 0 rm:5 111111 rn:5 rd:5",
        feature="BF16",
        asm="bfdot {v(q, 2, rd)}, {v(q, 1, rn)}, {v(q, 1, rm)}",
    ),
    P(
        "BFDOT_e",
        "0 q:1 0 01111 01 l:1 m:1 rm:4 1111 h:1 0 rn:5 rd:5",
        feature="BF16",
        asm="bfdot {v(q, 2, rd)}, {v(q, 1, rn)}, {pairs(m * 16 + rm, h * 2 + l)}",
    ),
    P(
        "BFMMLA",
        "01101110010 rm:5 111011 rn:5 rd:5",
        feature="BF16",
        asm="bfmmla {v(1, 2, rd)}, {v(1, 1, rn)}, {v(1, 1, rm)}",
    ),
    P(
        "BFMLAL_v",
        "0 top:1 1 01110 11 0 rm:5 111111 rn:5 rd:5",
        feature="BF16",
        asm="bfmlal{pick(top, 't')}{pick(1 - top, 'b')} {v(1, 2, rd)}, {v(1, 1, rn)}, "
        "{v(1, 1, rm)}",
    ),
    P(
        "BFMLAL_e",
        "0 top:1 0 01111 11 l:1 m:1 rm:4 1111 h:1 0 rn:5 rd:5",
        feature="BF16",
        asm="bfmlal{pick(top, 't')}{pick(1 - top, 'b')} {v(1, 2, rd)}, {v(1, 1, rn)}, "
        "{lane(1, rm, h * 4 + l * 2 + m)}",
    ),
    P(
        "BFCVTN",
        "0 q:1 001110 10 10000 10110 10 rn:5 rd:5",
        feature="BF16",
        asm="bfcvtn{pick(q, '2')} {v(q, 1, rd)}, {v(1, 2, rn)}",
    ),
]
