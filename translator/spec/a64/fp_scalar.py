"""Scalar floating point (Arm ARM C4.1.96, "Data Processing -- Scalar Floating-Point").

Owns: the encodings. Must not know: what the instructions do.

`dp` is the type's low bit: 0 single, 1 double. Half precision (type 3) has patterns of its own,
with _h behind their names: their feature is another.
"""

from __future__ import annotations

from dataclasses import dataclass

from .core import Pattern

# opcode, mnemonic
_ONE_SOURCE = (
    ("000000", "FMOV_reg"),
    ("000001", "FABS"),
    ("000010", "FNEG"),
    ("000011", "FSQRT"),
    ("001000", "FRINTN"),
    ("001001", "FRINTP"),
    ("001010", "FRINTM"),
    ("001011", "FRINTZ"),
    ("001100", "FRINTA"),
    ("001110", "FRINTX"),
    ("001111", "FRINTI"),
)

_ROUND_TO_INTEGER = (
    ("010000", "FRINT32Z"),
    ("010001", "FRINT32X"),
    ("010010", "FRINT64Z"),
    ("010011", "FRINT64X"),
)

_TWO_SOURCE = (
    ("0000", "FMUL"),
    ("0001", "FDIV"),
    ("0010", "FADD"),
    ("0011", "FSUB"),
    ("0100", "FMAX"),
    ("0101", "FMIN"),
    ("0110", "FMAXNM"),
    ("0111", "FMINNM"),
    ("1000", "FNMUL"),
)

# o1, o0, mnemonic
_THREE_SOURCE = (
    ("0", "0", "FMADD"),
    ("0", "1", "FMSUB"),
    ("1", "0", "FNMADD"),
    ("1", "1", "FNMSUB"),
)

# rmode, opcode, mnemonic
_TO_INTEGER = (
    ("00", "000", "FCVTNS"),
    ("00", "001", "FCVTNU"),
    ("00", "100", "FCVTAS"),
    ("00", "101", "FCVTAU"),
    ("01", "000", "FCVTPS"),
    ("01", "001", "FCVTPU"),
    ("10", "000", "FCVTMS"),
    ("10", "001", "FCVTMU"),
    ("11", "000", "FCVTZS"),
    ("11", "001", "FCVTZU"),
)
_FROM_INTEGER = (
    ("00", "010", "SCVTF"),
    ("00", "011", "UCVTF"),
)
_FIXED = (*_FROM_INTEGER, *_TO_INTEGER[-2:])


@dataclass(frozen=True, slots=True)
class _Type:
    """Singles and doubles, or halves: the type's bits, log2 of bytes, what FMOV wants of `sf`."""

    bits: str
    size: str
    feature: str
    suffix: str
    move: str

    def registers(self, *fields: str) -> list[str]:
        """Register operands of this type."""
        return [f"{{fp({self.size}, {field})}}" for field in fields]


_TYPES = (
    _Type("0 dp:1", "2 + dp", "FP", "", "sf == dp"),
    _Type("11", "1", "FP16", "_h", ""),
)


def _p(name: str, bits: str, operands: str, when: str = "", feature: str = "FP") -> Pattern:
    mnemonic = name.partition("_")[0].lower()
    return Pattern(name, bits, when=when, feature=feature, asm=f"{mnemonic} {operands}")


def _of(t: _Type) -> list[Pattern]:
    """The patterns that all types have."""
    rd, rn, rm, ra = t.registers("rd", "rn", "rm", "ra")

    def p(name: str, bits: str, operands: str, when: str = "") -> Pattern:
        return _p(name + t.suffix, bits.replace("TYPE", t.bits), operands, when, t.feature)

    def conversion(name: str, bits: str, fraction: str = "", when: str = "") -> Pattern:
        """A conversion from (SCVTF, UCVTF) or to a general register."""
        operands = f"{rd}, {{r(sf, rn)}}" if "CVTF" in name else f"{{r(sf, rd)}}, {rn}"
        return p(name, bits, operands + fraction, when)

    rows = [
        p(name, f"00011110 TYPE 1 {op} 10000 rn:5 rd:5", f"{rd}, {rn}") for op, name in _ONE_SOURCE
    ]
    for op, name in _TWO_SOURCE:
        rows.append(p(name, f"00011110 TYPE 1 rm:5 {op} 10 rn:5 rd:5", f"{rd}, {rn}, {rm}"))
    for o1, o0, name in _THREE_SOURCE:
        bits = f"00011111 TYPE {o1} rm:5 {o0} ra:5 rn:5 rd:5"
        rows.append(p(name, bits, f"{rd}, {rn}, {rm}, {ra}"))
    for op, name in (("0", "FCMP"), ("1", "FCMPE")):
        bits = f"00011110 TYPE 1 rm:5 001000 rn:5 {op}0000"
        rows.append(p(name, bits, f"{rn}, {rm}"))
        bits = f"00011110 TYPE 1 xxxxx 001000 rn:5 {op}1000"
        rows.append(p(f"{name}_zero", bits, f"{rn}, #0.0"))
    for op, name in (("0", "FCCMP"), ("1", "FCCMPE")):
        bits = f"00011110 TYPE 1 rm:5 cond:4 01 rn:5 {op} nzcv:4"
        rows.append(p(name, bits, f"{rn}, {rm}, {{imm(nzcv)}}, {{cond(cond)}}"))
    bits = "00011110 TYPE 1 rm:5 cond:4 11 rn:5 rd:5"
    rows.append(p("FCSEL", bits, f"{rd}, {rn}, {rm}, {{cond(cond)}}"))
    rows.append(p("FMOV_imm", "00011110 TYPE 1 imm:8 10000000 rd:5", f"{rd}, {{fpimm(imm)}}"))
    bits = "sf:1 0011110 TYPE 100110000000 rn:5 rd:5"
    rows.append(p("FMOV_to_general", bits, f"{{r(sf, rd)}}, {rn}", t.move))
    bits = "sf:1 0011110 TYPE 100111000000 rn:5 rd:5"
    rows.append(p("FMOV_from_general", bits, f"{rd}, {{r(sf, rn)}}", t.move))
    for rmode, op, name in (*_TO_INTEGER, *_FROM_INTEGER):
        rows.append(conversion(name, f"sf:1 0011110 TYPE 1 {rmode} {op} 000000 rn:5 rd:5"))
    for rmode, op, name in _FIXED:
        bits = f"sf:1 0011110 TYPE 0 {rmode} {op} scale:6 rn:5 rd:5"
        fraction, when = ", {imm(64 - scale)}", "sf == 1 or scale >= 32"
        rows.append(conversion(f"{name}_fixed", bits, fraction, when))
    return rows


PATTERNS = [
    *(pattern for t in _TYPES for pattern in _of(t)),
    _p(
        "FCVT",
        "00011110 ftype:2 1 0001 opc:2 10000 rn:5 rd:5",
        "{fp(opc ^ 2, rd)}, {fp(ftype ^ 2, rn)}",
        when="ftype != 2 and opc != 2 and ftype != opc",
    ),
    *(
        _p(
            name,
            f"00011110 0 dp:1 1 {op} 10000 rn:5 rd:5",
            "{fp(2 + dp, rd)}, {fp(2 + dp, rn)}",
            feature="FRINTTS",
        )
        for op, name in _ROUND_TO_INTEGER
    ),
    _p(
        "FJCVTZS",
        "0001111001111110000000 rn:5 rd:5",
        "{w(rd)}, {fp(3, rn)}",
        feature="JSCVT",
    ),
    _p("BFCVT", "0001111001100011010000 rn:5 rd:5", "{fp(1, rd)}, {fp(2, rn)}", feature="BF16"),
    _p("FMOV_top_to_general", "1001111010101110000000 rn:5 rd:5", "{x(rd)}, {lane(3, rn, 1)}"),
    _p("FMOV_top_from_general", "1001111010101111000000 rn:5 rd:5", "{lane(3, rd, 1)}, {x(rn)}"),
]
