"""Cryptographic instructions (Arm ARM C4.1.96: Cryptographic AES, two- three- and four-register).

Owns: the encodings of FEAT_AES, FEAT_PMULL's 64-bit form, FEAT_SHA1, FEAT_SHA256, FEAT_SHA512,
FEAT_SHA3, FEAT_SM3, FEAT_SM4. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_AES = (("AESE", "00100"), ("AESD", "00101"), ("AESMC", "00110"), ("AESIMC", "00111"))

# name, feature, opcode, operands
_THREE = (
    ("SHA1C", "SHA1", "000", "qsv"),
    ("SHA1P", "SHA1", "001", "qsv"),
    ("SHA1M", "SHA1", "010", "qsv"),
    ("SHA1SU0", "SHA1", "011", "vvv"),
    ("SHA256H", "SHA256", "100", "qqv"),
    ("SHA256H2", "SHA256", "101", "qqv"),
    ("SHA256SU1", "SHA256", "110", "vvv"),
)
_TWO = (
    ("SHA1H", "SHA1", "00000", "ss"),
    ("SHA1SU1", "SHA1", "00001", "vv"),
    ("SHA256SU0", "SHA256", "00010", "vv"),
)
# name, feature, O and opcode, operands: words (v) or doublewords (d)
_THREE_512 = (
    ("SHA512H", "SHA512", "0 00 00", "QQd"),
    ("SHA512H2", "SHA512", "0 00 01", "QQd"),
    ("SHA512SU1", "SHA512", "0 00 10", "ddd"),
    ("RAX1", "SHA3", "0 00 11", "ddd"),
    ("SM3PARTW1", "SM3", "1 00 00", "vvv"),
    ("SM3PARTW2", "SM3", "1 00 01", "vvv"),
    ("SM4EKEY", "SM4", "1 00 10", "vvv"),
)
_FOUR = (("EOR3", "SHA3", "00", "b"), ("BCAX", "SHA3", "01", "b"), ("SM3SS1", "SM3", "10", "v"))
_TWO_512 = (("SHA512SU0", "SHA512", "00", "dd"), ("SM4E", "SM4", "01", "vv"))

_KINDS = {
    "b": "{{v(1, 0, {0})}}",
    "v": "{{v(1, 2, {0})}}",
    "d": "{{v(1, 3, {0})}}",
    "s": "{{fp(2, {0})}}",
    "q": "{{fp(4, {0})}}",
    "Q": "{{fp(4, {0})}}",
}


def _asm(name: str, kinds: str) -> str:
    fields = ("rd", "rn", "rm", "ra")
    operands = [_KINDS[k].format(f) for k, f in zip(kinds, fields, strict=False)]
    return f"{name.lower()} {', '.join(operands)}"


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for name, opcode in _AES:
        bits = f"01001110 00 10100 {opcode} 10 rn:5 rd:5"
        rows.append(P(name, bits, feature="AES", asm=_asm(name, "bb")))
    for name, feature, opcode, kinds in _THREE:
        bits = f"01011110 00 0 rm:5 0 {opcode} 00 rn:5 rd:5"
        rows.append(P(name, bits, feature=feature, asm=_asm(name, kinds)))
    for name, feature, opcode, kinds in _TWO:
        bits = f"01011110 00 10100 {opcode} 10 rn:5 rd:5"
        rows.append(P(name, bits, feature=feature, asm=_asm(name, kinds)))
    for name, feature, opcode, kinds in _THREE_512:
        bits = f"11001110 011 rm:5 1 {opcode} rn:5 rd:5"
        rows.append(P(name, bits, feature=feature, asm=_asm(name, kinds)))
    for name, feature, opcode, kind in _FOUR:
        bits = f"11001110 0 {opcode} rm:5 0 ra:5 rn:5 rd:5"
        rows.append(P(name, bits, feature=feature, asm=_asm(name, kind * 4)))
    for name, feature, opcode, kinds in _TWO_512:
        bits = f"11001110 110 00000 1000 {opcode} rn:5 rd:5"
        rows.append(P(name, bits, feature=feature, asm=_asm(name, kinds)))
    for n, name in enumerate(("SM3TT1A", "SM3TT1B", "SM3TT2A", "SM3TT2B")):
        bits = f"11001110 010 rm:5 10 imm:2 {n:02b} rn:5 rd:5"
        asm = f"{name.lower()} {{v(1, 2, rd)}}, {{v(1, 2, rn)}}, {{lane(2, rm, imm)}}"
        rows.append(P(name, bits, feature="SM3", asm=asm))
    asm = "xar {v(1, 3, rd)}, {v(1, 3, rn)}, {v(1, 3, rm)}, {imm}"
    rows.append(P("XAR", "11001110 100 rm:5 imm:6 rn:5 rd:5", feature="SHA3", asm=asm))
    asm = "pmull{pick(q, '2')} {v(1, 4, rd)}, {v(q, 3, rn)}, {v(q, 3, rm)}"
    bits = "0 q:1 0 01110 11 1 rm:5 1110 00 rn:5 rd:5"
    return [*rows, P("PMULL_q", bits, feature="PMULL", asm=asm)]


PATTERNS = _patterns()
