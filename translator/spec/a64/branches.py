"""Branches and exception generation (Arm ARM C4.1.94).

BRK, HLT and SVC are what EL0 has; HVC, SMC, DCPS and DRPS are UNDEFINED there, as is UDF.
"""

from __future__ import annotations

from .core import Pattern as P

PATTERNS = [
    P("B", "000101 imm:s26"),
    P("BL", "100101 imm:s26"),
    P("B_cond", "01010100 imm:s19 0 cond:4"),
    P("CBZ", "sf:1 0110100 imm:s19 rt:5"),
    P("CBNZ", "sf:1 0110101 imm:s19 rt:5"),
    P("TBZ", "b5:1 0110110 b40:5 imm:s14 rt:5"),
    P("TBNZ", "b5:1 0110111 b40:5 imm:s14 rt:5"),
    P("BR", "1101011 0000 11111 000000 rn:5 00000"),
    P("BLR", "1101011 0001 11111 000000 rn:5 00000"),
    P("RET", "1101011 0010 11111 000000 rn:5 00000"),
    P("SVC", "11010100 000 imm:16 00001"),
    P("BRK", "11010100 001 imm:16 00000"),
    P("HLT", "11010100 010 imm:16 00000"),
]
