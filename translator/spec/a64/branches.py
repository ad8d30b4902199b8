"""Branches and exception generation (Arm ARM C4.1.94).

Owns: the encodings. Must not know: what the instructions do.

BRK, HLT and SVC are what EL0 has; HVC, SMC, DCPS and DRPS are UNDEFINED there, as is UDF.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_BIT = "{r(b5, rt)}, {imm(b5 * 32 + b40)}, {target(imm)}"

PATTERNS = [
    P("B", "000101 imm:s26", asm="b {target(imm)}"),
    P("BL", "100101 imm:s26", asm="bl {target(imm)}"),
    P("B_cond", "01010100 imm:s19 0 cond:4", asm="b.{cond(cond)} {target(imm)}"),
    P("BC_cond", "01010100 imm:s19 1 cond:4", feature="HBC", asm="bc.{cond(cond)} {target(imm)}"),
    P("CBZ", "sf:1 0110100 imm:s19 rt:5", asm="cbz {r(sf, rt)}, {target(imm)}"),
    P("CBNZ", "sf:1 0110101 imm:s19 rt:5", asm="cbnz {r(sf, rt)}, {target(imm)}"),
    P("TBZ", "b5:1 0110110 b40:5 imm:s14 rt:5", asm=f"tbz {_BIT}"),
    P("TBNZ", "b5:1 0110111 b40:5 imm:s14 rt:5", asm=f"tbnz {_BIT}"),
    P("BR", "1101011 0000 11111 000000 rn:5 00000", asm="br {x(rn)}"),
    P("BLR", "1101011 0001 11111 000000 rn:5 00000", asm="blr {x(rn)}"),
    P("RET", "1101011 0010 11111 000000 rn:5 00000", asm="ret if rn == 30 | ret {x(rn)}"),
    P("SVC", "11010100 000 imm:16 00001", asm="svc {imm}"),
    P("BRK", "11010100 001 imm:16 00000", asm="brk {imm}"),
    P("HLT", "11010100 010 imm:16 00000", asm="hlt {imm}"),
]
