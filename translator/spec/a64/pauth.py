"""Pointer authentication (Arm ARM C4.1.94, C4.1.95): what is no hint.

Owns: the encodings. Must not know: what the instructions do.

Fields: `data` the D keys instead of the I keys, `b` the B key instead of the A key, `z` modifier 0.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_LETTERS = "{pick(data ^ 1, 'i')}{pick(data, 'd')}{pick(z, 'z')}{pick(b ^ 1, 'a')}{pick(b, 'b')}"
_KEY = "{pick(b ^ 1, 'a')}{pick(b, 'b')}"
_LDRA = f"ldra{_KEY} {{x(rt)}}, [{{xsp(rn)}}"


def _one(name: str, auth: str) -> Pattern:
    text = f"{name.lower()}{_LETTERS} {{x(rd)}}"
    return P(
        name,
        f"1 10 11010110 00001 00 z:1 {auth} data:1 b:1 rn:5 rd:5",
        when="z == 0 or rn == 31",
        feature="PAuth",
        asm=f"{text} if z == 1 | {text}, {{xsp(rn)}}",
    )


def _branch(name: str, opcode: str, mnemonic: str) -> Pattern:
    text = f"{mnemonic}{_KEY}"
    return P(
        name,
        f"1101011 z:1 {opcode} 11111 00001 b:1 rn:5 rm:5",
        when="z == 1 or rm == 31",
        feature="PAuth",
        asm=f"{text}z {{x(rn)}} if z == 0 | {text} {{x(rn)}}, {{xsp(rm)}}",
    )


PATTERNS = [
    _one("PAC", "0"),
    _one("AUT", "1"),
    P(
        "XPAC",
        "1 10 11010110 00001 01000 data:1 11111 rd:5",
        feature="PAuth",
        asm="xpacd {x(rd)} if data == 1 | xpaci {x(rd)}",
    ),
    P(
        "PACGA",
        "1 00 11010110 rm:5 001100 rn:5 rd:5",
        feature="PAuth",
        asm="pacga {x(rd)}, {x(rn)}, {xsp(rm)}",
    ),
    _branch("BRA", "000", "bra"),
    _branch("BLRA", "001", "blra"),
    P(
        "RETA",
        "1101011 0010 11111 00001 b:1 11111 11111",
        feature="PAuth",
        asm="retab if b == 1 | retaa",
    ),
    P(
        "LDRA",
        "11 111 0 00 b:1 s:1 1 imm:9 w:1 1 rn:5 rt:5",
        feature="PAuth",
        asm=f"{_LDRA}, {{split(s, imm)}}]! if w == 1 | {_LDRA}{{split_offset(s, imm)}}]",
    ),
]
