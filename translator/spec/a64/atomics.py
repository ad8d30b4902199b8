"""Exclusives, ordered loads and stores, atomic read-modify-write (Arm ARM C4.1.91)."""

from __future__ import annotations

from .core import Pattern as P

_EVEN = "(rs & 1) == 0 and (rt & 1) == 0"
_RMW = "111 0 00 a:1 r:1 1 rs:5 0"

PATTERNS = [
    P("STXR", "size:2 001000 000 rs:5 o0:1 xxxxx rn:5 rt:5"),
    P("LDXR", "size:2 001000 010 xxxxx o0:1 xxxxx rn:5 rt:5"),
    P("STXP", "1 sz:1 001000 001 rs:5 o0:1 rt2:5 rn:5 rt:5"),
    P("LDXP", "1 sz:1 001000 011 xxxxx o0:1 rt2:5 rn:5 rt:5"),
    P("CASP", "0 sz:1 001000 0 a:1 1 rs:5 r:1 11111 rn:5 rt:5", when=_EVEN, feature="LSE"),
    P("STLR", "size:2 001000 100 xxxxx 1 xxxxx rn:5 rt:5"),
    P("LDAR", "size:2 001000 110 xxxxx 1 xxxxx rn:5 rt:5"),
    P("STLLR", "size:2 001000 100 xxxxx 0 xxxxx rn:5 rt:5", feature="LOR"),
    P("LDLAR", "size:2 001000 110 xxxxx 0 xxxxx rn:5 rt:5", feature="LOR"),
    P("CAS", "size:2 001000 1 a:1 1 rs:5 r:1 11111 rn:5 rt:5", feature="LSE"),
    P("LDADD", f"size:2 {_RMW} 000 00 rn:5 rt:5", feature="LSE"),
    P("LDCLR", f"size:2 {_RMW} 001 00 rn:5 rt:5", feature="LSE"),
    P("LDEOR", f"size:2 {_RMW} 010 00 rn:5 rt:5", feature="LSE"),
    P("LDSET", f"size:2 {_RMW} 011 00 rn:5 rt:5", feature="LSE"),
    P("LDSMAX", f"size:2 {_RMW} 100 00 rn:5 rt:5", feature="LSE"),
    P("LDSMIN", f"size:2 {_RMW} 101 00 rn:5 rt:5", feature="LSE"),
    P("LDUMAX", f"size:2 {_RMW} 110 00 rn:5 rt:5", feature="LSE"),
    P("LDUMIN", f"size:2 {_RMW} 111 00 rn:5 rt:5", feature="LSE"),
    P("SWP", "size:2 111 0 00 a:1 r:1 1 rs:5 1 000 00 rn:5 rt:5", feature="LSE"),
    P("LDAPR", "size:2 111 0 00 101 11111 1 100 00 rn:5 rt:5", feature="LRCPC"),
    P("STLUR", "size:2 011001 00 0 imm:s9 00 rn:5 rt:5", feature="LRCPC2"),
    P(
        "LDAPUR",
        "size:2 011001 opc:2 0 imm:s9 00 rn:5 rt:5",
        when="opc != 0 and not (size == 3 and opc > 1) and not (size == 2 and opc == 3)",
        feature="LRCPC2",
    ),
]
