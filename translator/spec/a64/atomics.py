"""Exclusives, ordered loads and stores, atomic read-modify-write (Arm ARM C4.1.91).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_EVEN = "(rs & 1) == 0 and (rt & 1) == 0"
_AL = "{pick(a, 'a')}{pick(r, 'l')}"
_RT, _RS, _AT = "{r(size == 3, rt)}", "{r(size == 3, rs)}", "[{xsp(rn)}]"
_PAIR = "{r(sz, rt)}, {r(sz, rt2)}"

# Bits 14:12, mnemonic
_RMW = (
    ("000", "LDADD"),
    ("001", "LDCLR"),
    ("010", "LDEOR"),
    ("011", "LDSET"),
    ("100", "LDSMAX"),
    ("101", "LDSMIN"),
    ("110", "LDUMAX"),
    ("111", "LDUMIN"),
)


def _rmw(opcode: str, name: str) -> Pattern:
    operands = f"{_RS}, {_RT}, {_AT}"
    store = f"st{name[2:].lower()}{{pick(r, 'l')}}{{suffix(size)}} {_RS}, {_AT}"
    return P(
        name,
        f"size:2 111 0 00 a:1 r:1 1 rs:5 0 {opcode} 00 rn:5 rt:5",
        feature="LSE",
        asm=f"{store} if rt == 31 and a == 0 | {name.lower()}{_AL}{{suffix(size)}} {operands}",
    )


def _ordered(name: str, op: str, o0: str, feature: str) -> Pattern:
    return P(
        name,
        f"size:2 001000 1{op}0 xxxxx {o0} xxxxx rn:5 rt:5",
        feature=feature,
        asm=f"{name.lower()}{{suffix(size)}} {_RT}, {_AT}",
    )


PATTERNS = [
    P(
        "STXR",
        "size:2 001000 000 rs:5 o0:1 xxxxx rn:5 rt:5",
        asm=f"st{{pick(o0, 'l')}}xr{{suffix(size)}} {{w(rs)}}, {_RT}, {_AT}",
    ),
    P(
        "LDXR",
        "size:2 001000 010 xxxxx o0:1 xxxxx rn:5 rt:5",
        asm=f"ld{{pick(o0, 'a')}}xr{{suffix(size)}} {_RT}, {_AT}",
    ),
    P(
        "STXP",
        "1 sz:1 001000 001 rs:5 o0:1 rt2:5 rn:5 rt:5",
        asm=f"st{{pick(o0, 'l')}}xp {{w(rs)}}, {_PAIR}, {_AT}",
    ),
    P(
        "LDXP",
        "1 sz:1 001000 011 xxxxx o0:1 rt2:5 rn:5 rt:5",
        asm=f"ld{{pick(o0, 'a')}}xp {_PAIR}, {_AT}",
    ),
    P(
        "CASP",
        "0 sz:1 001000 0 a:1 1 rs:5 r:1 11111 rn:5 rt:5",
        when=_EVEN,
        feature="LSE",
        asm=f"casp{_AL} {{r(sz, rs)}}, {{r(sz, rs + 1)}}, {{r(sz, rt)}}, {{r(sz, rt + 1)}}, {_AT}",
    ),
    _ordered("STLR", "0", "1", ""),
    _ordered("LDAR", "1", "1", ""),
    _ordered("STLLR", "0", "0", "LOR"),
    _ordered("LDLAR", "1", "0", "LOR"),
    P(
        "CAS",
        "size:2 001000 1 a:1 1 rs:5 r:1 11111 rn:5 rt:5",
        feature="LSE",
        asm=f"cas{_AL}{{suffix(size)}} {_RS}, {_RT}, {_AT}",
    ),
    *(_rmw(opcode, name) for opcode, name in _RMW),
    P(
        "SWP",
        "size:2 111 0 00 a:1 r:1 1 rs:5 1 000 00 rn:5 rt:5",
        feature="LSE",
        asm=f"swp{_AL}{{suffix(size)}} {_RS}, {_RT}, {_AT}",
    ),
    P(
        "LDAPR",
        "size:2 111 0 00 101 11111 1 100 00 rn:5 rt:5",
        feature="LRCPC",
        asm=f"ldapr{{suffix(size)}} {_RT}, {_AT}",
    ),
    P(
        "STLUR",
        "size:2 011001 00 0 imm:s9 00 rn:5 rt:5",
        feature="LRCPC2",
        asm=f"stlur{{suffix(size)}} {_RT}, [{{xsp(rn)}}{{offset(imm)}}]",
    ),
    P(
        "LDAPUR",
        "size:2 011001 opc:2 0 imm:s9 00 rn:5 rt:5",
        when="opc != 0 and not (size == 3 and opc > 1) and not (size == 2 and opc == 3)",
        feature="LRCPC2",
        asm="{transfer('apur', size, opc)} {r(size == 3 or opc == 2, rt)},"
        " [{xsp(rn)}{offset(imm)}]",
    ),
]
