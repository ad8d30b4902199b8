"""System instructions, hints, barriers, system registers (Arm ARM C4.1.94, C5)."""

from __future__ import annotations

from .core import Pattern as P

PATTERNS = [
    P("HINT", "1101010100 0 00 011 0010 crm:4 op2:3 11111"),
    P("CLREX", "1101010100 0 00 011 0011 crm:4 010 11111"),
    P("DSB", "1101010100 0 00 011 0011 crm:4 100 11111"),
    P("DMB", "1101010100 0 00 011 0011 crm:4 101 11111"),
    P("ISB", "1101010100 0 00 011 0011 crm:4 110 11111"),
    P("SB", "1101010100 0 00 011 0011 0000 111 11111", feature="SB"),
    P("CFINV", "1101010100 0 00 000 0100 xxxx 000 11111", feature="FlagM"),
    P("XAFLAG", "1101010100 0 00 000 0100 xxxx 001 11111", feature="FlagM2"),
    P("AXFLAG", "1101010100 0 00 000 0100 xxxx 010 11111", feature="FlagM2"),
    P("SYS", "1101010100 0 01 op1:3 crn:4 crm:4 op2:3 rt:5"),
    P("MRS", "1101010100 1 1 o0:1 op1:3 crn:4 crm:4 op2:3 rt:5"),
    P("MSR", "1101010100 0 1 o0:1 op1:3 crn:4 crm:4 op2:3 rt:5"),
]
