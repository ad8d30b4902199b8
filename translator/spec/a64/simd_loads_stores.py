"""Advanced SIMD structure loads and stores (Arm ARM C4.1.95).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_STRUCTURES = "size != 3 or q == 1"
# LD1 and ST1: how many registers an opcode stands for
_COUNTS = {7: 1, 10: 2, 6: 3, 2: 4}
_ONE_ELEMENT = f"opcode in {tuple(_COUNTS)}"
_OPCODE = {2: "1000", 3: "0100", 4: "0000"}
# `scale` is log2 of the element's bytes, but for 64 bits, where it is 2 and size is 1
_LANE = (
    "scale == 0 or (scale == 1 and size in (0, 2))"
    " or (scale == 2 and (size == 0 or (size == 1 and s == 0)))"
)


_AT = "[{xsp(rn)}]"


def _address(bytes_moved: str, post: bool) -> tuple[tuple[str, str], ...]:
    """Alternatives of the address and their conditions."""
    if not post:
        return ((_AT, ""),)
    return (f"{_AT}, {{dec({bytes_moved})}}", "rm == 31"), (f"{_AT}, {{x(rm)}}", "")


def _asm(rows: list[tuple[str, str]]) -> str:
    """Joins texts and conditions to a template."""
    return " | ".join(f"{text} if {condition}" if condition else text for text, condition in rows)


def _both(*conditions: str) -> str:
    return " and ".join(filter(None, conditions))


def _multiple(mnemonic: str, counts: dict[int, int], post: bool) -> str:
    """Whole registers; `counts`: how many of each opcode."""
    rows = []
    for opcode, count in counts.items():
        which = "" if opcode == list(counts)[-1] else f"opcode == {opcode}"
        for address, condition in _address(f"{count * 8} << q", post):
            text = f"{mnemonic} {{list({count}, q, size, rt)}}, {address}"
            rows.append((text, _both(which, condition)))
    return _asm(rows)


def _single(mnemonic: str, count: int, post: bool) -> str:
    """One lane of each register; _LANE tells what scale and size mean."""
    lanes = (
        (0, "q * 8 + s * 4 + size", "scale == 0"),
        (1, "q * 4 + s * 2 + (size >> 1)", "scale == 1"),
        (2, "q * 2 + s", "size == 0"),
        (3, "q", ""),
    )
    rows = []
    for size, number, which in lanes:
        for address, condition in _address(str(count << size), post):
            text = f"{mnemonic} {{lanes({count}, {size}, rt, {number})}}, {address}"
            rows.append((text, _both(which, condition)))
    return _asm(rows)


def _replicate(mnemonic: str, count: int, post: bool) -> str:
    registers = f"{{list({count}, q, size, rt)}}"
    addresses = _address(f"{count} << size", post)
    return _asm([(f"{mnemonic} {registers}, {address}", when) for address, when in addresses])


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
                    asm=_multiple(f"{prefix.lower()}1", _COUNTS, bool(suffix)),
                )
            )
            for n, opcode in _OPCODE.items():
                bits = f"0 q:1 001100 {post} {load} {register} {opcode} size:2 rn:5 rt:5"
                name = f"{prefix}{n}_multiple{suffix}"
                asm = _multiple(f"{prefix.lower()}{n}", {0: n}, bool(suffix))
                rows.append(P(name, bits, when=_STRUCTURES, feature="AdvSIMD", asm=asm))
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
                        asm=_single(f"{prefix.lower()}{n}", n, bool(suffix)),
                    )
                )
                if load:
                    bits = f"{head} 11 {odd} 0 size:2 rn:5 rt:5"
                    asm = _replicate(f"ld{n}r", n, bool(suffix))
                    rows.append(P(f"LD{n}R{suffix}", bits, feature="AdvSIMD", asm=asm))
    return rows


PATTERNS = _patterns()
