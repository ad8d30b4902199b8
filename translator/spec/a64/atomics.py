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

_ORDERED_V = "{fp(size + (opc & 2) * 2, rt)}, [{xsp(rn)}{offset(imm)}]"

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


def _rmw128(opcode: str, name: str) -> Pattern:
    """One of FEAT_LSE128. Both registers the same is CONSTRAINED UNPREDICTABLE; it loads the high
    half."""
    return P(
        name,
        f"00 011001 a:1 r:1 1 rt2:5 {opcode} 00 rn:5 rt:5",
        when="rt != 31 and rt2 != 31",
        feature="LSE128",
        asm=f"{name.lower()}{_AL} {{x(rt)}}, {{x(rt2)}}, {_AT}",
    )


def _ordered_pair(name: str, load: str, unindexed: str, indexed: str) -> Pattern:
    text = f"{name.lower()} {_PAIR}"
    return P(
        name,
        f"1 sz:1 011001 0{load} 0 rt2:5 000 fixed:1 10 rn:5 rt:5",
        feature="LRCPC3",
        asm=f"{text}, {unindexed} if fixed == 1 | {text}, {indexed}",
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
    *(_rmw128(*row) for row in (("0001", "LDCLRP"), ("0011", "LDSETP"), ("1000", "SWPP"))),
    _ordered_pair("LDIAPP", "1", _AT, f"{_AT}, {{imm(8 << sz)}}"),
    _ordered_pair("STILP", "0", _AT, "[{xsp(rn)}, {imm(0 - (8 << sz))}]!"),
    P(
        "LDAPR_post",
        "1 sz:1 011001 11 0 00000 0000 10 rn:5 rt:5",
        feature="LRCPC3",
        asm=f"ldapr {{r(sz, rt)}}, {_AT}, {{imm(4 << sz)}}",
    ),
    P(
        "STLR_pre",
        "1 sz:1 011001 10 0 00000 0000 10 rn:5 rt:5",
        feature="LRCPC3",
        asm="stlr {r(sz, rt)}, [{xsp(rn)}, {imm(0 - (4 << sz))}]!",
    ),
    P(
        "LDST_ordered_v",
        "size:2 011101 opc:2 0 imm:s9 10 rn:5 rt:5",
        when="opc < 2 or size == 0",
        feature="LRCPC3",
        asm=f"stlur {_ORDERED_V} if opc == 0 or opc == 2 | ldapur {_ORDERED_V}",
    ),
    P(
        "LDAP1",
        "0 q:1 001101 010 00001 100 001 rn:5 rt:5",
        feature="LRCPC3",
        asm="ldap1 {lanes(1, 3, rt, q)}, [{xsp(rn)}]",
    ),
    P(
        "STL1",
        "0 q:1 001101 000 00001 100 001 rn:5 rt:5",
        feature="LRCPC3",
        asm="stl1 {lanes(1, 3, rt, q)}, [{xsp(rn)}]",
    ),
]
