"""Advanced SIMD structure loads and stores (Arm ARM C4.1.95).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_STRUCTURES = "size != 3 or q == 1"
# LD1 and ST1 of four, three, one and two registers
_ONE_ELEMENT = "opcode in (2, 6, 7, 10)"
_OPCODE = {2: "1000", 3: "0100", 4: "0000"}
# `scale` is log2 of the element's bytes, but for 64 bits, where it is 2 and size is 1
_LANE = (
    "scale == 0 or (scale == 1 and size in (0, 2))"
    " or (scale == 2 and (size == 0 or (size == 1 and s == 0)))"
)


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for load, prefix in ((1, "LD"), (0, "ST")):
        for post, suffix in (("0", ""), ("1", "_post")):
            register = "0 rm:5" if suffix else "0 00000"
            rows.append(
                P(
                    f"{prefix}1_multiple{suffix}",
                    f"0 q:1 001100 {post} {load} {register} opcode:4 size:2 rn:5 rt:5",
                    when=_ONE_ELEMENT,
                    feature="AdvSIMD",
                )
            )
            for n, opcode in _OPCODE.items():
                bits = f"0 q:1 001100 {post} {load} {register} {opcode} size:2 rn:5 rt:5"
                name = f"{prefix}{n}_multiple{suffix}"
                rows.append(P(name, bits, when=_STRUCTURES, feature="AdvSIMD"))
            for n in (1, 2, 3, 4):
                r, odd = (n - 1) & 1, (n - 1) >> 1
                place = f"{r} rm:5" if suffix else f"{r} 00000"
                head = f"0 q:1 001101 {post} {load} {place}"
                rows.append(
                    P(
                        f"{prefix}{n}_single{suffix}",
                        f"{head} scale:2 {odd} s:1 size:2 rn:5 rt:5",
                        when=_LANE,
                        feature="AdvSIMD",
                    )
                )
                if load:
                    bits = f"{head} 11 {odd} 0 size:2 rn:5 rt:5"
                    rows.append(P(f"LD{n}R{suffix}", bits, feature="AdvSIMD"))
    return rows


PATTERNS = _patterns()
