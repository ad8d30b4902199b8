"""Memory tagging (FEAT_MTE, Arm ARM C4.1: tags in general registers, loads and stores of tags).

Owns: the encodings; SETGP and its like are FEAT_MOPS's, too. Must not know: what they do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_AT = "[{xsp(rn)}"


def _indexed(head: str, scaled: str) -> str:
    """`idx`: 1 post-index, 2 offset, 3 pre-index."""
    return (
        f"{head}, {_AT}], {{imm({scaled})}} if idx == 1"
        f" | {head}, {_AT}{{offset({scaled})}}] if idx == 2"
        f" | {head}, {_AT}, {{imm({scaled})}}]!"
    )


def _set_tags(letter: str, stage: str) -> Pattern:
    return P(
        f"SETG{letter.upper()}",
        f"00 011 1 01 11 0 rs:5 {stage} n:1 t:1 01 rn:5 rd:5",
        when="rs != rn and rs != rd and rn != rd and rn != 31 and rd != 31",
        feature="MOPS",
        asm=f"setg{letter}{{pick(t, 't')}}{{pick(n, 'n')}} [{{x(rd)}}]!, {{x(rn)}}!, {{x(rs)}}",
    )


PATTERNS = [
    P(
        "ADDG",
        "1 sub:1 0 100011 0 imm:6 00 tag:4 rn:5 rd:5",
        feature="MTE",
        asm="{pick(sub == 0, 'add')}{pick(sub, 'sub')}g {xsp(rd)}, {xsp(rn)}, {imm(imm << 4)},"
        " {imm(tag)}",
    ),
    P(
        "SUBP",
        "1 0 flags:1 11010110 rm:5 000000 rn:5 rd:5",
        feature="MTE",
        asm="subp{pick(flags, 's')} {x(rd)}, {xsp(rn)}, {xsp(rm)}",
    ),
    P(
        "IRG",
        "1 00 11010110 rm:5 000100 rn:5 rd:5",
        feature="MTE",
        asm="irg {xsp(rd)}, {xsp(rn)} if rm == 31 | irg {xsp(rd)}, {xsp(rn)}, {x(rm)}",
    ),
    P(
        "GMI",
        "1 00 11010110 rm:5 000101 rn:5 rd:5",
        feature="MTE",
        asm="gmi {x(rd)}, {xsp(rn)}, {x(rm)}",
    ),
    P(
        "STG",
        "11011001 two:1 zero:1 1 imm:s9 idx:2 rn:5 rt:5",
        when="idx != 0",
        feature="MTE",
        asm=_indexed("st{pick(zero, 'z')}{pick(two, '2')}g {xsp(rt)}", "imm << 4"),
    ),
    P(
        "LDG",
        "11011001 01 1 imm:s9 00 rn:5 rt:5",
        feature="MTE",
        asm=f"ldg {{x(rt)}}, {_AT}{{offset(imm << 4)}}]",
    ),
    P(
        "STGP",
        "01 101 0 0 idx:2 0 imm:s7 rt2:5 rn:5 rt:5",
        when="idx != 0",
        feature="MTE",
        asm=_indexed("stgp {x(rt)}, {x(rt2)}", "imm << 4"),
    ),
    *(_set_tags(letter, stage) for letter, stage in (("p", "00"), ("m", "01"), ("e", "10"))),
]
