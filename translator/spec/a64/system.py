"""System instructions, hints, barriers, system registers (Arm ARM C4.1.94, C5).

Owns: the encodings. Must not know: what the instructions do; registers (spec/sysregs.py).
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_REGISTER = "{sysreg(o0, op1, crn, crm, op2)}"

PATTERNS = [
    P("HINT", "1101010100 0 00 011 0010 crm:4 op2:3 11111", asm="{hint(crm * 8 + op2)}"),
    P("WFET", "1101010100 0 00 011 0001 0000 000 rd:5", feature="WFxT", asm="wfet {x(rd)}"),
    P("WFIT", "1101010100 0 00 011 0001 0000 001 rd:5", feature="WFxT", asm="wfit {x(rd)}"),
    P(
        "MSR_SSBS",
        "1101010100 0 00 011 0100 imm:4 001 11111",
        feature="SSBS2",
        asm="msr ssbs, {imm}",
    ),
    P("MSR_DIT", "1101010100 0 00 011 0100 imm:4 010 11111", feature="DIT", asm="msr dit, {imm}"),
    P("MSR_TCO", "1101010100 0 00 011 0100 imm:4 100 11111", feature="MTE", asm="msr tco, {imm}"),
    P(
        "CLREX",
        "1101010100 0 00 011 0011 crm:4 010 11111",
        asm="clrex if crm == 15 | clrex {imm(crm)}",
    ),
    P(
        "DSB",
        "1101010100 0 00 011 0011 crm:4 100 11111",
        asm="ssbb if crm == 0 | pssbb if crm == 4 | dsb {barrier(crm)}",
    ),
    P(
        "DSB_nXS",
        "1101010100 0 00 011 0011 imm:2 10 001 11111",
        feature="XS",
        asm="dsb {barrier(imm * 4 + 3)}nxs",
    ),
    P("DMB", "1101010100 0 00 011 0011 crm:4 101 11111", asm="dmb {barrier(crm)}"),
    P("ISB", "1101010100 0 00 011 0011 crm:4 110 11111", asm="isb if crm == 15 | isb {imm(crm)}"),
    P("SB", "1101010100 0 00 011 0011 0000 111 11111", feature="SB", asm="sb"),
    P("CFINV", "1101010100 0 00 000 0100 xxxx 000 11111", feature="FlagM", asm="cfinv"),
    P("XAFLAG", "1101010100 0 00 000 0100 xxxx 001 11111", feature="FlagM2", asm="xaflag"),
    P("AXFLAG", "1101010100 0 00 000 0100 xxxx 010 11111", feature="FlagM2", asm="axflag"),
    P(
        "SYS",
        "1101010100 0 01 op1:3 crn:4 crm:4 op2:3 rt:5",
        asm="{sys(op1, crn, crm, op2, rt)}",
    ),
    P(
        "MRS",
        "1101010100 1 1 o0:1 op1:3 crn:4 crm:4 op2:3 rt:5",
        asm=f"mrs {{x(rt)}}, {_REGISTER}",
    ),
    P(
        "MSR",
        "1101010100 0 1 o0:1 op1:3 crn:4 crm:4 op2:3 rt:5",
        asm=f"msr {_REGISTER}, {{x(rt)}}",
    ),
]
