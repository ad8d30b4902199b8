"""Advanced SIMD and scalar two-register miscellaneous, across lanes, scalar pairwise, integer part
(Arm ARM C4.1.96).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_ANY = "size != 3 or q == 1"
_NO_DOUBLE = "size != 3"
_DOUBLE = "size == 3"
_BYTE = "size == 0"
_ACROSS = "size in (0, 1) or (size == 2 and q == 1)"

_NARROWING = ("XTN", "SQXTN", "UQXTN", "SQXTUN")
_PAIRWISE = ("SADDLP", "UADDLP", "SADALP", "UADALP")

# opcode, when, mnemonic with U = 0, with U = 1
_TWO_REG = (
    ("00000", _NO_DOUBLE, "REV64", ""),
    ("00000", "size in (0, 1)", "", "REV32"),
    ("00001", _BYTE, "REV16", ""),
    ("00010", _NO_DOUBLE, "SADDLP", "UADDLP"),
    ("00011", _ANY, "SUQADD", "USQADD"),
    ("00100", _NO_DOUBLE, "CLS", "CLZ"),
    ("00101", _BYTE, "CNT", "NOT"),
    ("00101", "size == 1", "", "RBIT"),
    ("00110", _NO_DOUBLE, "SADALP", "UADALP"),
    ("00111", _ANY, "SQABS", "SQNEG"),
    ("01000", _ANY, "CMGT_zero", "CMGE_zero"),
    ("01001", _ANY, "CMEQ_zero", "CMLE_zero"),
    ("01010", _ANY, "CMLT_zero", ""),
    ("01011", _ANY, "ABS", "NEG"),
    ("10010", _NO_DOUBLE, "XTN", "SQXTUN"),
    ("10011", _NO_DOUBLE, "", "SHLL"),
    ("10100", _NO_DOUBLE, "SQXTN", "UQXTN"),
    ("11100", "size == 2", "URECPE", "URSQRTE"),
)

_SCALAR = (
    ("00011", "", "SUQADD", "USQADD"),
    ("00111", "", "SQABS", "SQNEG"),
    ("01000", _DOUBLE, "CMGT_zero", "CMGE_zero"),
    ("01001", _DOUBLE, "CMEQ_zero", "CMLE_zero"),
    ("01010", _DOUBLE, "CMLT_zero", ""),
    ("01011", _DOUBLE, "ABS", "NEG"),
    ("10010", _NO_DOUBLE, "", "SQXTUN"),
    ("10100", _NO_DOUBLE, "SQXTN", "UQXTN"),
)

_LANES = (
    ("00011", "SADDLV", "UADDLV"),
    ("01010", "SMAXV", "UMAXV"),
    ("11010", "SMINV", "UMINV"),
    ("11011", "ADDV", ""),
)


def _vector(name: str) -> str:
    """The template of a vector form."""
    rd, rn = "{v(q, size, rd)}", "{v(q, size, rn)}"
    if name.endswith("_zero"):
        return f"{name.lower()[:4]} {rd}, {rn}, #0"
    if name in _NARROWING:
        return f"{name.lower()}{{pick(q, '2')}} {rd}, {{v(1, size + 1, rn)}}"
    if name in _PAIRWISE:
        return f"{name.lower()} {{v(q, size + 1, rd)}}, {rn}"
    if name == "SHLL":
        return f"shll{{pick(q, '2')}} {{v(1, size + 1, rd)}}, {rn}, {{dec(8 << size)}}"
    if name == "NOT":
        return f"mvn {rd}, {rn}"
    if name == "RBIT":
        return "rbit {v(q, 0, rd)}, {v(q, 0, rn)}"
    return f"{name.lower()} {rd}, {rn}"


def _scalar(name: str) -> str:
    """The template of a scalar form."""
    rn = "{fp(size + 1, rn)}" if name in _NARROWING else "{fp(size, rn)}"
    zero = ", #0" if name.endswith("_zero") else ""
    return f"{name.lower().removesuffix('_zero')} {{fp(size, rd)}}, {rn}{zero}"


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for opcode, when, *names in _TWO_REG:
        for u, name in enumerate(names):
            if name:
                bits = f"0 q:1 {u} 01110 size:2 10000 {opcode} 10 rn:5 rd:5"
                asm = _vector(name)
                rows.append(P(f"{name}_v", bits, when=when, feature="AdvSIMD", asm=asm))
    for opcode, when, *names in _SCALAR:
        for u, name in enumerate(names):
            if name:
                bits = f"01 {u} 11110 size:2 10000 {opcode} 10 rn:5 rd:5"
                asm = _scalar(name)
                rows.append(P(f"{name}_s", bits, when=when, feature="AdvSIMD", asm=asm))
    for opcode, *names in _LANES:
        for u, name in enumerate(names):
            if name:
                bits = f"0 q:1 {u} 01110 size:2 11000 {opcode} 10 rn:5 rd:5"
                long = " + 1" if "ADDL" in name else ""
                asm = f"{name.lower()} {{fp(size{long}, rd)}}, {{v(q, size, rn)}}"
                rows.append(P(f"{name}_v", bits, when=_ACROSS, feature="AdvSIMD", asm=asm))
    bits = "01 0 11110 11 11000 11011 10 rn:5 rd:5"
    rows.append(P("ADDP_s", bits, feature="AdvSIMD", asm="addp {fp(3, rd)}, {v(1, 3, rn)}"))
    return rows


PATTERNS = _patterns()
