"""Loads and stores of single registers and pairs (Arm ARM C4.1.91), without atomics.

`opc` of the single-register forms: 0 store, 1 load, 2 load signed to 64 bits (size 3: prefetch),
3 load signed to 32 bits. SIMD&FP registers: bit 1 of opc is bit 2 of the size.
"""

from __future__ import annotations

from .core import Pattern as P

_GP = "not (size == 3 and opc > 1) and not (size == 2 and opc == 3)"
_GP_PRF = "not (size == 3 and opc == 3) and not (size == 2 and opc == 3)"
_V = "opc < 2 or size == 0"
_OPTION = "option in (2, 3, 6, 7)"

PATTERNS = [
    P("LDR_literal", "0 sf:1 011 0 00 imm:s19 rt:5"),
    P("LDRSW_literal", "10 011 0 00 imm:s19 rt:5"),
    P("PRFM_literal", "11 011 0 00 imm:s19 rt:5"),
    P("LDR_literal_v", "opc:2 011 1 00 imm:s19 rt:5", when="opc != 3"),
    # idx: 0 no-allocate hint, 1 post-index, 2 offset, 3 pre-index
    P("STP", "sf:1 0 101 0 0 idx:2 0 imm:s7 rt2:5 rn:5 rt:5"),
    P("LDP", "sf:1 0 101 0 0 idx:2 1 imm:s7 rt2:5 rn:5 rt:5"),
    P("LDPSW", "01 101 0 0 idx:2 1 imm:s7 rt2:5 rn:5 rt:5", when="idx != 0"),
    P("STP_v", "opc:2 101 1 0 idx:2 0 imm:s7 rt2:5 rn:5 rt:5", when="opc != 3"),
    P("LDP_v", "opc:2 101 1 0 idx:2 1 imm:s7 rt2:5 rn:5 rt:5", when="opc != 3"),
    P("LDST_unscaled", "size:2 111 0 00 opc:2 0 imm:s9 00 rn:5 rt:5", when=_GP_PRF),
    P("LDST_post", "size:2 111 0 00 opc:2 0 imm:s9 01 rn:5 rt:5", when=_GP),
    P("LDST_unprivileged", "size:2 111 0 00 opc:2 0 imm:s9 10 rn:5 rt:5", when=_GP),
    P("LDST_pre", "size:2 111 0 00 opc:2 0 imm:s9 11 rn:5 rt:5", when=_GP),
    P("LDST_register", "size:2 111 0 00 opc:2 1 rm:5 option:3 s:1 10 rn:5 rt:5", when=f"({_GP_PRF}) and {_OPTION}"),
    P("LDST_unsigned", "size:2 111 0 01 opc:2 imm:12 rn:5 rt:5", when=_GP_PRF),
    P("LDST_unscaled_v", "size:2 111 1 00 opc:2 0 imm:s9 00 rn:5 rt:5", when=_V),
    P("LDST_post_v", "size:2 111 1 00 opc:2 0 imm:s9 01 rn:5 rt:5", when=_V),
    P("LDST_pre_v", "size:2 111 1 00 opc:2 0 imm:s9 11 rn:5 rt:5", when=_V),
    P("LDST_register_v", "size:2 111 1 00 opc:2 1 rm:5 option:3 s:1 10 rn:5 rt:5", when=f"({_V}) and {_OPTION}"),
    P("LDST_unsigned_v", "size:2 111 1 01 opc:2 imm:12 rn:5 rt:5", when=_V),
]
