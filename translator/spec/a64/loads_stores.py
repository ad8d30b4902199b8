"""Loads and stores of single registers and pairs (Arm ARM C4.1.91), without atomics.

Owns: the encodings. Must not know: what the instructions do.

`opc` of the single-register forms: 0 store, 1 load, 2 load signed to 64 bits (size 3: prefetch),
3 load signed to 32 bits. SIMD&FP registers: bit 1 of opc is bit 2 of the size.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_GP = "not (size == 3 and opc > 1) and not (size == 2 and opc == 3)"
_GP_PRF = "not (size == 3 and opc == 3) and not (size == 2 and opc == 3)"
_V = "opc < 2 or size == 0"
_OPTION = "option in (2, 3, 6, 7)"

_SIZE_V = "size + (opc & 2) * 2"
_RT = "{r(size == 3 or opc == 2, rt)}"
_RT_V = f"{{fp({_SIZE_V}, rt)}}"
_POST = "[{xsp(rn)}], {imm}"
_PRE = "[{xsp(rn)}, {imm}]!"


def _gp(infix: str, address: str) -> str:
    """LDR and its kind, `infix` between LD or ST and the size; no prefetch."""
    return f"{{transfer('{infix}', size, opc)}} {_RT}, {address}"


def _prefetch(mnemonic: str, infix: str, address: str) -> str:
    """The same where size 3, opc 2 is a prefetch."""
    prefetch = f"{mnemonic} {{prefetch(rt)}}, {address} if size == 3 and opc == 2"
    return f"{prefetch} | {_gp(infix, address)}"


def _v(infix: str, address: str) -> str:
    return f"{{transfer('{infix}', 3, opc & 1)}} {_RT_V}, {address}"


def _index(size: str) -> str:
    return f"[{{xsp(rn)}}, {{index(rm, option, s, {size})}}]"


def _pair(mnemonic: str, rt: str, rt2: str, scale: str) -> str:
    """`idx`: 0 no-allocate hint, 1 post-index, 2 offset, 3 pre-index."""
    registers = f"{rt}, {rt2}"
    imm = f"imm << ({scale})"
    offset = f"[{{xsp(rn)}}{{offset({imm})}}]"
    return (
        f"{mnemonic[:2]}n{mnemonic[2:]} {registers}, {offset} if idx == 0"
        f" | {mnemonic} {registers}, [{{xsp(rn)}}], {{imm({imm})}} if idx == 1"
        f" | {mnemonic} {registers}, {offset} if idx == 2"
        f" | {mnemonic} {registers}, [{{xsp(rn)}}, {{imm({imm})}}]!"
    )


_PAIR = ("{r(sf, rt)}", "{r(sf, rt2)}", "2 + sf")
_PAIR_V = ("{fp(2 + opc, rt)}", "{fp(2 + opc, rt2)}", "2 + opc")

PATTERNS = [
    P("LDR_literal", "0 sf:1 011 0 00 imm:s19 rt:5", asm="ldr {r(sf, rt)}, {target(imm)}"),
    P("LDRSW_literal", "10 011 0 00 imm:s19 rt:5", asm="ldrsw {x(rt)}, {target(imm)}"),
    P("PRFM_literal", "11 011 0 00 imm:s19 rt:5", asm="prfm {prefetch(rt)}, {target(imm)}"),
    P(
        "LDR_literal_v",
        "opc:2 011 1 00 imm:s19 rt:5",
        when="opc != 3",
        asm="ldr {fp(2 + opc, rt)}, {target(imm)}",
    ),
    P("STP", "sf:1 0 101 0 0 idx:2 0 imm:s7 rt2:5 rn:5 rt:5", asm=_pair("stp", *_PAIR)),
    P("LDP", "sf:1 0 101 0 0 idx:2 1 imm:s7 rt2:5 rn:5 rt:5", asm=_pair("ldp", *_PAIR)),
    P(
        "LDPSW",
        "01 101 0 0 idx:2 1 imm:s7 rt2:5 rn:5 rt:5",
        when="idx != 0",
        asm=_pair("ldpsw", "{x(rt)}", "{x(rt2)}", "2").partition(" | ")[2],
    ),
    P(
        "STP_v",
        "opc:2 101 1 0 idx:2 0 imm:s7 rt2:5 rn:5 rt:5",
        when="opc != 3",
        asm=_pair("stp", *_PAIR_V),
    ),
    P(
        "LDP_v",
        "opc:2 101 1 0 idx:2 1 imm:s7 rt2:5 rn:5 rt:5",
        when="opc != 3",
        asm=_pair("ldp", *_PAIR_V),
    ),
    P(
        "LDST_unscaled",
        "size:2 111 0 00 opc:2 0 imm:s9 00 rn:5 rt:5",
        when=_GP_PRF,
        asm=_prefetch("prfum", "ur", "[{xsp(rn)}{offset(imm)}]"),
    ),
    P(
        "LDST_post",
        "size:2 111 0 00 opc:2 0 imm:s9 01 rn:5 rt:5",
        when=_GP,
        asm=_gp("r", _POST),
    ),
    P(
        "LDST_unprivileged",
        "size:2 111 0 00 opc:2 0 imm:s9 10 rn:5 rt:5",
        when=_GP,
        asm=_gp("tr", "[{xsp(rn)}{offset(imm)}]"),
    ),
    P("LDST_pre", "size:2 111 0 00 opc:2 0 imm:s9 11 rn:5 rt:5", when=_GP, asm=_gp("r", _PRE)),
    P(
        "LDST_register",
        "size:2 111 0 00 opc:2 1 rm:5 option:3 s:1 10 rn:5 rt:5",
        when=f"({_GP_PRF}) and {_OPTION}",
        asm=_prefetch("prfm", "r", _index("size")),
    ),
    P(
        "LDST_unsigned",
        "size:2 111 0 01 opc:2 imm:12 rn:5 rt:5",
        when=_GP_PRF,
        asm=_prefetch("prfm", "r", "[{xsp(rn)}{offset(imm << size)}]"),
    ),
    P(
        "LDST_unscaled_v",
        "size:2 111 1 00 opc:2 0 imm:s9 00 rn:5 rt:5",
        when=_V,
        asm=_v("ur", "[{xsp(rn)}{offset(imm)}]"),
    ),
    P("LDST_post_v", "size:2 111 1 00 opc:2 0 imm:s9 01 rn:5 rt:5", when=_V, asm=_v("r", _POST)),
    P("LDST_pre_v", "size:2 111 1 00 opc:2 0 imm:s9 11 rn:5 rt:5", when=_V, asm=_v("r", _PRE)),
    P(
        "LDST_register_v",
        "size:2 111 1 00 opc:2 1 rm:5 option:3 s:1 10 rn:5 rt:5",
        when=f"({_V}) and {_OPTION}",
        asm=_v("r", _index(_SIZE_V)),
    ),
    P(
        "LDST_unsigned_v",
        "size:2 111 1 01 opc:2 imm:12 rn:5 rt:5",
        when=_V,
        asm=_v("r", f"[{{xsp(rn)}}{{offset(imm << ({_SIZE_V}))}}]"),
    ),
]
