"""Scalar floating point (Arm ARM C4.1.96, "Data Processing -- Scalar Floating-Point").

Owns: the encodings. Must not know: what the instructions do.

`dp` is the type's low bit: 0 single, 1 double. Half precision is source and target of FCVT only;
its arithmetic is FEAT_FP16.
"""

from __future__ import annotations

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


_RD, _RN, _RM, _RA = (f"{{fp(2 + dp, {name})}}" for name in ("rd", "rn", "rm", "ra"))


def _p(name: str, bits: str, operands: str, when: str = "") -> Pattern:
    mnemonic = name.partition("_")[0].lower()
    return Pattern(name, bits, when=when, feature="FP", asm=f"{mnemonic} {operands}")


def _conversion(name: str, bits: str, fraction: str = "", when: str = "") -> Pattern:
    """A conversion from (SCVTF, UCVTF) or to a general register."""
    operands = f"{_RD}, {{r(sf, rn)}}" if "CVTF" in name else f"{{r(sf, rd)}}, {_RN}"
    return _p(name, bits, operands + fraction, when)


PATTERNS = [
    *(
        _p(name, f"000111100 dp:1 1 {op} 10000 rn:5 rd:5", f"{_RD}, {_RN}")
        for op, name in _ONE_SOURCE
    ),
    _p(
        "FCVT",
        "00011110 ftype:2 1 0001 opc:2 10000 rn:5 rd:5",
        "{fp(opc ^ 2, rd)}, {fp(ftype ^ 2, rn)}",
        when="ftype != 2 and opc != 2 and ftype != opc",
    ),
    *(
        _p(name, f"000111100 dp:1 1 rm:5 {op} 10 rn:5 rd:5", f"{_RD}, {_RN}, {_RM}")
        for op, name in _TWO_SOURCE
    ),
    *(
        _p(name, f"000111110 dp:1 {o1} rm:5 {o0} ra:5 rn:5 rd:5", f"{_RD}, {_RN}, {_RM}, {_RA}")
        for o1, o0, name in _THREE_SOURCE
    ),
    _p("FCMP", "000111100 dp:1 1 rm:5 001000 rn:5 00000", f"{_RN}, {_RM}"),
    _p("FCMP_zero", "000111100 dp:1 1 xxxxx 001000 rn:5 01000", f"{_RN}, #0.0"),
    _p("FCMPE", "000111100 dp:1 1 rm:5 001000 rn:5 10000", f"{_RN}, {_RM}"),
    _p("FCMPE_zero", "000111100 dp:1 1 xxxxx 001000 rn:5 11000", f"{_RN}, #0.0"),
    *(
        _p(
            name,
            f"000111100 dp:1 1 rm:5 cond:4 01 rn:5 {op} nzcv:4",
            f"{_RN}, {_RM}, {{imm(nzcv)}}, {{cond(cond)}}",
        )
        for op, name in (("0", "FCCMP"), ("1", "FCCMPE"))
    ),
    _p(
        "FCSEL",
        "000111100 dp:1 1 rm:5 cond:4 11 rn:5 rd:5",
        f"{_RD}, {_RN}, {_RM}, {{cond(cond)}}",
    ),
    _p("FMOV_imm", "000111100 dp:1 1 imm:8 10000000 rd:5", f"{_RD}, {{fpimm(imm)}}"),
    _p(
        "FMOV_to_general",
        "sf:1 00111100 dp:1 100110000000 rn:5 rd:5",
        f"{{r(sf, rd)}}, {_RN}",
        when="sf == dp",
    ),
    _p(
        "FMOV_from_general",
        "sf:1 00111100 dp:1 100111000000 rn:5 rd:5",
        f"{_RD}, {{r(sf, rn)}}",
        when="sf == dp",
    ),
    _p("FMOV_top_to_general", "1001111010101110000000 rn:5 rd:5", "{x(rd)}, {lane(3, rn, 1)}"),
    _p("FMOV_top_from_general", "1001111010101111000000 rn:5 rd:5", "{lane(3, rd, 1)}, {x(rn)}"),
    *(
        _conversion(name, f"sf:1 00111100 dp:1 1 {rmode} {op} 000000 rn:5 rd:5")
        for rmode, op, name in (*_TO_INTEGER, *_FROM_INTEGER)
    ),
    *(
        _conversion(
            f"{name}_fixed",
            f"sf:1 00111100 dp:1 0 {rmode} {op} scale:6 rn:5 rd:5",
            ", {imm(64 - scale)}",
            when="sf == 1 or scale >= 32",
        )
        for rmode, op, name in _FIXED
    ),
]
