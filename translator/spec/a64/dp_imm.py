"""Data processing, immediate (Arm ARM C4.1.93).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_BITMASK = (
    "(n == 1 and sf == 1 and imms != 63) or (n == 0 and imms not in (31, 47, 55, 59, 61, 62, 63))"
)
_BITFIELD = "n == sf and (sf == 1 or (immr < 32 and imms < 32))"
_WIDE = "sf == 1 or hw < 2"

_IMM = "{rsp(sf, rn)}, {imm}{shift(0, sh * 12)}"
_MASK = "{r(sf, rn)}, {bitmask(sf, n, immr, imms)}"
_BOTH = "{r(sf, rd)}, {r(sf, rn)}"
_FIELD = "{imm(immr)}, {imm(imms - immr + 1)}"  # lsb, width: of SBFX, UBFX, BFXIL
_INSERT = "{imm(32 + sf * 32 - immr)}, {imm(imms + 1)}"  # of SBFIZ, UBFIZ, BFI
_WHOLE = "imms == 31 + sf * 32"


def _bitfield(sign: str, right: str, left: str, words: str) -> str:
    """The aliases of SBFM and UBFM."""
    return (
        f"{right} {_BOTH}, {{imm(immr)}} if {_WHOLE}"
        f"{left}"
        f" | {sign}bfiz {_BOTH}, {_INSERT} if imms < immr"
        f" | {sign}xtb {{r(sf, rd)}}, {{w(rn)}} if immr == 0 and imms == 7 and {words}"
        f" | {sign}xth {{r(sf, rd)}}, {{w(rn)}} if immr == 0 and imms == 15 and {words}"
        f"{' | sxtw {x(rd)}, {w(rn)} if immr == 0 and imms == 31' if sign == 's' else ''}"
        f" | {sign}bfx {_BOTH}, {_FIELD}"
    )


_LSL = f" | lsl {_BOTH}, {{imm(31 + sf * 32 - imms)}} if imms + 1 == immr"
_LOAD = "{r(sf, rd)}, {imm}{shift(0, hw * 16)}"
_MOVE = "mov {r(sf, rd)}, {wide(sf, %d, hw, imm)} if %s"

PATTERNS = [
    P("ADR", "0 immlo:2 10000 immhi:s19 rd:5", asm="adr {x(rd)}, {address(immhi, immlo)}"),
    P("ADRP", "1 immlo:2 10000 immhi:s19 rd:5", asm="adrp {x(rd)}, {page(immhi, immlo)}"),
    P(
        "ADD_imm",
        "sf:1 00 100010 sh:1 imm:12 rn:5 rd:5",
        asm="mov {rsp(sf, rd)}, {rsp(sf, rn)} if imm == 0 and sh == 0 and (rd == 31 or rn == 31)"
        f" | add {{rsp(sf, rd)}}, {_IMM}",
    ),
    P(
        "ADDS_imm",
        "sf:1 01 100010 sh:1 imm:12 rn:5 rd:5",
        asm=f"cmn {_IMM} if rd == 31 | adds {{r(sf, rd)}}, {_IMM}",
    ),
    P("SUB_imm", "sf:1 10 100010 sh:1 imm:12 rn:5 rd:5", asm=f"sub {{rsp(sf, rd)}}, {_IMM}"),
    P(
        "SUBS_imm",
        "sf:1 11 100010 sh:1 imm:12 rn:5 rd:5",
        asm=f"cmp {_IMM} if rd == 31 | subs {{r(sf, rd)}}, {_IMM}",
    ),
    *(
        P(
            f"{name}_imm",
            f"sf:1 00 1000111 00{opcode} imm:{'8' if name[0] == 'U' else 's8'} rn:5 rd:5",
            feature="CSSC",
            asm=f"{name.lower()} {{r(sf, rd)}}, {{r(sf, rn)}}, {{imm}}",
        )
        for opcode, name in (("00", "SMAX"), ("01", "UMAX"), ("10", "SMIN"), ("11", "UMIN"))
    ),
    P(
        "AND_imm",
        "sf:1 00 100100 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITMASK,
        asm=f"and {{rsp(sf, rd)}}, {_MASK}",
    ),
    P(
        "ORR_imm",
        "sf:1 01 100100 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITMASK,
        asm="mov {rsp(sf, rd)}, {bitmask(sf, n, immr, imms)}"
        " if rn == 31 and not is_wide(sf, n, immr, imms)"
        f" | orr {{rsp(sf, rd)}}, {_MASK}",
    ),
    P(
        "EOR_imm",
        "sf:1 10 100100 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITMASK,
        asm=f"eor {{rsp(sf, rd)}}, {_MASK}",
    ),
    P(
        "ANDS_imm",
        "sf:1 11 100100 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITMASK,
        asm=f"tst {_MASK} if rd == 31 | ands {{r(sf, rd)}}, {_MASK}",
    ),
    P(
        "MOVN",
        "sf:1 00 100101 hw:2 imm:16 rd:5",
        when=_WIDE,
        asm=_MOVE % (1, "(imm != 0 or hw == 0) and (sf == 1 or imm != 65535)") + f" | movn {_LOAD}",
    ),
    P(
        "MOVZ",
        "sf:1 10 100101 hw:2 imm:16 rd:5",
        when=_WIDE,
        asm=_MOVE % (0, "imm != 0 or hw == 0") + f" | movz {_LOAD}",
    ),
    P("MOVK", "sf:1 11 100101 hw:2 imm:16 rd:5", when=_WIDE, asm=f"movk {_LOAD}"),
    P(
        "SBFM",
        "sf:1 00 100110 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITFIELD,
        asm=_bitfield("s", "asr", "", "sf < 2"),
    ),
    P(
        "BFM",
        "sf:1 01 100110 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITFIELD,
        asm=f"bfc {{r(sf, rd)}}, {_INSERT} if imms < immr and rn == 31"
        " | bfc {r(sf, rd)}, #0, {imm(imms + 1)} if immr == 0 and rn == 31"
        f" | bfi {_BOTH}, {_INSERT} if imms < immr"
        f" | bfxil {_BOTH}, {_FIELD}",
    ),
    P(
        "UBFM",
        "sf:1 10 100110 n:1 immr:6 imms:6 rn:5 rd:5",
        when=_BITFIELD,
        asm=_bitfield("u", "lsr", _LSL, "sf == 0"),
    ),
    P(
        "EXTR",
        "sf:1 00 100111 n:1 0 rm:5 imms:6 rn:5 rd:5",
        when="n == sf and (sf == 1 or imms < 32)",
        asm=f"ror {_BOTH}, {{imm(imms)}} if rn == rm | extr {_BOTH}, {{r(sf, rm)}}, {{imm(imms)}}",
    ),
]
