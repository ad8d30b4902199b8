"""Data processing, immediate (Arm ARM C4.1.93)."""

from __future__ import annotations

from .core import Pattern as P

_BITMASK = "(n == 1 and sf == 1 and imms != 63) or (n == 0 and imms not in (31, 47, 55, 59, 61, 62, 63))"
_BITFIELD = "n == sf and (sf == 1 or (immr < 32 and imms < 32))"

PATTERNS = [
    P("ADR", "0 immlo:2 10000 immhi:s19 rd:5"),
    P("ADRP", "1 immlo:2 10000 immhi:s19 rd:5"),
    P("ADD_imm", "sf:1 00 100010 sh:1 imm:12 rn:5 rd:5"),
    P("ADDS_imm", "sf:1 01 100010 sh:1 imm:12 rn:5 rd:5"),
    P("SUB_imm", "sf:1 10 100010 sh:1 imm:12 rn:5 rd:5"),
    P("SUBS_imm", "sf:1 11 100010 sh:1 imm:12 rn:5 rd:5"),
    P("AND_imm", "sf:1 00 100100 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITMASK),
    P("ORR_imm", "sf:1 01 100100 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITMASK),
    P("EOR_imm", "sf:1 10 100100 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITMASK),
    P("ANDS_imm", "sf:1 11 100100 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITMASK),
    P("MOVN", "sf:1 00 100101 hw:2 imm:16 rd:5", when="sf == 1 or hw < 2"),
    P("MOVZ", "sf:1 10 100101 hw:2 imm:16 rd:5", when="sf == 1 or hw < 2"),
    P("MOVK", "sf:1 11 100101 hw:2 imm:16 rd:5", when="sf == 1 or hw < 2"),
    P("SBFM", "sf:1 00 100110 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITFIELD),
    P("BFM", "sf:1 01 100110 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITFIELD),
    P("UBFM", "sf:1 10 100110 n:1 immr:6 imms:6 rn:5 rd:5", when=_BITFIELD),
    P("EXTR", "sf:1 00 100111 n:1 0 rm:5 imms:6 rn:5 rd:5", when="n == sf and (sf == 1 or imms < 32)"),
]
