"""Advanced SIMD and scalar shift by immediate, integer part (Arm ARM C4.1.96).

Owns: the encodings. Must not know: what the instructions do.

`imm` is immh:immb; immh = 0 is another class (modified immediate).
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_ANY = "imm >= 8 and (imm < 64 or q == 1)"
_NARROW = "imm >= 8 and imm < 64"
_SCALAR_ANY = "imm >= 8"
_DOUBLE = "imm >= 64"

# opcode, when, mnemonic with U = 0, with U = 1
_VECTOR = (
    ("00000", _ANY, "SSHR", "USHR"),
    ("00010", _ANY, "SSRA", "USRA"),
    ("00100", _ANY, "SRSHR", "URSHR"),
    ("00110", _ANY, "SRSRA", "URSRA"),
    ("01000", _ANY, "", "SRI"),
    ("01010", _ANY, "SHL", "SLI"),
    ("01100", _ANY, "", "SQSHLU"),
    ("01110", _ANY, "SQSHL_imm", "UQSHL_imm"),
    ("10000", _NARROW, "SHRN", "SQSHRUN"),
    ("10001", _NARROW, "RSHRN", "SQRSHRUN"),
    ("10010", _NARROW, "SQSHRN", "UQSHRN"),
    ("10011", _NARROW, "SQRSHRN", "UQRSHRN"),
    ("10100", _NARROW, "SSHLL", "USHLL"),
)

_SCALAR = (
    ("00000", _DOUBLE, "SSHR", "USHR"),
    ("00010", _DOUBLE, "SSRA", "USRA"),
    ("00100", _DOUBLE, "SRSHR", "URSHR"),
    ("00110", _DOUBLE, "SRSRA", "URSRA"),
    ("01000", _DOUBLE, "", "SRI"),
    ("01010", _DOUBLE, "SHL", "SLI"),
    ("01100", _SCALAR_ANY, "", "SQSHLU"),
    ("01110", _SCALAR_ANY, "SQSHL_imm", "UQSHL_imm"),
    ("10000", _NARROW, "", "SQSHRUN"),
    ("10001", _NARROW, "", "SQRSHRUN"),
    ("10010", _NARROW, "SQSHRN", "UQSHRN"),
    ("10011", _NARROW, "SQRSHRN", "UQRSHRN"),
)


_LEFT = ("SHL", "SLI", "SQSHLU", "SQSHL_imm", "UQSHL_imm", "SSHLL", "USHLL")


def _asm(name: str, when: str, rd: str, rn: str, mark: str = "") -> str:
    """A template with an alternative an element size, which the highest bit of immh tells.

    `rd` and `rn` have SIZE for the size, DOUBLE for its double.
    """
    mnemonic = name.removesuffix("_imm").lower() + mark
    sizes = {_DOUBLE: (3,), _NARROW: (2, 1, 0)}.get(when, (3, 2, 1, 0))
    texts = []
    for size in sizes:
        amount = f"imm - {8 << size}" if name in _LEFT else f"{16 << size} - imm"
        operands = f"{rd}, {rn}".replace("SIZE", str(size)).replace("DOUBLE", str(size + 1))
        condition = f" if imm >= {8 << size}" if size != sizes[-1] else ""
        texts.append(f"{mnemonic} {operands}, {{imm({amount})}}{condition}")
    return " | ".join(texts)


def _vector(name: str, when: str) -> str:
    rd, rn = "{v(q, SIZE, rd)}", "{v(q, SIZE, rn)}"
    if when != _NARROW:
        return _asm(name, when, rd, rn)
    if name.endswith("LL"):
        return _asm(name, when, "{v(1, DOUBLE, rd)}", rn, "{pick(q, '2')}")
    return _asm(name, when, rd, "{v(1, DOUBLE, rn)}", "{pick(q, '2')}")


def _scalar(name: str, when: str) -> str:
    rn = "{fp(DOUBLE, rn)}" if when == _NARROW else "{fp(SIZE, rn)}"
    return _asm(name, when, "{fp(SIZE, rd)}", rn)


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for opcode, when, *names in _VECTOR:
        for u, name in enumerate(names):
            if name:
                bits = f"0 q:1 {u} 011110 imm:7 {opcode} 1 rn:5 rd:5"
                asm = _vector(name, when)
                rows.append(P(f"{name}_v", bits, when=when, feature="AdvSIMD", asm=asm))
    for opcode, when, *names in _SCALAR:
        for u, name in enumerate(names):
            if name:
                bits = f"01 {u} 111110 imm:7 {opcode} 1 rn:5 rd:5"
                asm = _scalar(name, when)
                rows.append(P(f"{name}_s", bits, when=when, feature="AdvSIMD", asm=asm))
    return rows


PATTERNS = _patterns()
