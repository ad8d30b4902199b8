"""Generates the assembler's member functions from spec/x64.py, and a table of them for tests.

Owns: overloads, argument order, refusals. Must not know: what instructions do.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..spec.x64 import FORMS, Form
from .common import SpecError, run

FEATURES = {
    "base", "lzcnt", "popcnt", "bmi1", "bmi2", "movbe", "cx16", "sse4_2", "avx", "avx2", "fma",
    "f16c", "aes", "pclmulqdq", "sha", "gfni", "avx512", "avx512vnni", "avx512vbmi", "avx512bitalg",
}  # fmt: skip
_MAPS = {"1": 0, "0F": 1, "0F38": 2, "0F3A": 3}
_PREFIXES = {"66": 1, "F3": 2, "F2": 3}
_LONG = 4
_OPERANDS = {
    "r", "r/m", "r8", "r16", "r32", "r64", "r8/m", "r16/m", "r32/m", "r64/m", "m", "x", "x/m",
    "xk1", "y", "y/m", "k", "imm8", "imm", "imm32",
}  # fmt: skip
_KEYWORDS = {"and", "or", "xor", "not"}
LOCKED = {
    "add",
    "sub",
    "and",
    "or",
    "xor",
    "xadd",
    "cmpxchg",
    "cmpxchg8b",
    "cmpxchg16b",
    "neg",
    "not",
    "inc",
    "dec",
    "bts",
    "btr",
    "btc",
    "adc",
    "sbb",
}
"""Mnemonics that get a `lock_` variant of their memory forms."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """A parsed encoding column."""

    vex: bool
    evex_unit: int | None  # log2 of what a one-byte displacement counts; None: not EVEX
    prefix: int  # with bit 2 set the vectors are 32 bytes long
    map: int
    width: str  # "0", "1", "S"
    bytes_too: bool
    opcode: int
    digit: int | None


def parse(form: Form) -> Encoding:
    """Parses a row.

    Raises:
        SpecError: an unknown token, feature or operand, or an op-en that does not fit.
    """
    where = f"x64 form {form.mnemonic} {' '.join(form.operands)}"
    if form.feature not in FEATURES:
        raise SpecError(f"{where}: unknown feature {form.feature}")
    for operand in form.operands:
        if operand not in _OPERANDS:
            raise SpecError(f"{where}: unknown operand {operand}")
    if len(form.op_en) != len(form.operands):
        raise SpecError(f"{where}: op-en {form.op_en} for {len(form.operands)} operands")
    if len(set(form.op_en)) != len(form.op_en) or set(form.op_en) - set("RMVIO4"):
        raise SpecError(f"{where}: op-en {form.op_en} is not understood")
    match = re.fullmatch(
        r"(VEX\.|EVEX\.N(?:4|8|16|32)\.)?(L1\.)?((?:66|F3|F2)\.)?(1|0F38|0F3A|0F)(?:\.W([01S]))?(\.b)?"
        r" ([0-9a-f]{2})(?: /([0-7]))?",
        form.encoding,
    )
    if match is None:
        raise SpecError(f"{where}: cannot read encoding {form.encoding!r}")
    vex, long, prefix, opmap, width, byte, opcode, digit = match.groups()
    if digit is not None and "R" in form.op_en:
        raise SpecError(f"{where}: both /digit and a register in ModRM.reg")
    if "V" in form.op_en and not vex:
        raise SpecError(f"{where}: VEX.vvvv without VEX")
    if ("xk1" in form.operands) != form.mnemonic.endswith("_k1"):
        raise SpecError(f"{where}: xk1 and _k1 go together")
    if "xk1" in form.operands and not (vex and vex.startswith("EVEX")):
        raise SpecError(f"{where}: masking without EVEX")
    if bool(long) != any(o.startswith("y") for o in form.operands):
        raise SpecError(f"{where}: y operands and L1 go together")
    unit = int(vex[6:-1]).bit_length() - 1 if vex and vex.startswith("EVEX") else None
    return Encoding(
        bool(vex),
        unit,
        (_PREFIXES[prefix[:-1]] if prefix else 0) | (_LONG if long else 0),
        _MAPS[opmap],
        width or "0",
        bool(byte),
        int(opcode, 16),
        int(digit) if digit else None,
    )


def sized(form: Form) -> bool:
    """Whether the member takes a Size."""
    return parse(form).width == "S"


def choices(form: Form) -> Iterator[tuple[str, ...]]:
    """The operand kinds of each overload: `r/m` is `r` and `m`."""
    options = [((o.removesuffix("/m"), "m") if o.endswith("/m") else (o,)) for o in form.operands]
    yield from itertools.product(*options)


def _type(kind: str) -> str:
    if kind == "m":
        return "const Mem&"
    if kind in ("x", "xk1", "y"):
        return "Xmm"
    if kind == "k":
        return "Mask"
    if kind == "imm8":
        return "uint8_t"
    return "int32_t" if kind.startswith("imm") else "Gp"


def name_of(form: Form) -> str:
    """The member's name."""
    return form.mnemonic + ("_" if form.mnemonic in _KEYWORDS else "")


def check(forms: Sequence[Form] = tuple(FORMS)) -> None:
    """Refuses unreadable rows and two rows with the same signature."""
    seen: set[tuple[str, ...]] = set()
    for form in forms:
        parse(form)
        for kinds in choices(form):
            key = (form.mnemonic, str(sized(form)), *map(_type, kinds))
            if key in seen:
                raise SpecError(
                    f"x64 form {form.mnemonic} {' '.join(form.operands)}: defined twice"
                )
            seen.add(key)


def _member(form: Form, kinds: tuple[str, ...], lock: bool) -> str:
    e = parse(form)
    params = (["Size size"] if e.width == "S" else []) + [
        f"{_type(k)} o{i}" for i, k in enumerate(kinds)
    ]
    at = {letter: i for i, letter in enumerate(form.op_en)}
    body = ["room();"]
    imm = next((k for k in kinds if k.startswith("imm")), "")
    wide = {"0": "false", "1": "true", "S": "size == Size::b64"}[e.width]
    if lock:
        body.append("put(0xf0);")
    if "O" in at:
        body += _short_register(e, at["O"])
    elif not form.operands:
        body += _implied(e)
    else:
        body += _modrm(form, e, kinds, at, wide, imm)
    name = ("lock_" if lock else "") + name_of(form)
    return f"    void {name}({', '.join(params)}) {{ {' '.join(body)} }}"


def _short_register(e: Encoding, operand: int) -> list[str]:
    n = f"num(o{operand})"
    rex = "put(0x48 | " + n + " >> 3);" if e.width == "1" else f"if ({n} >= 8) put(0x41);"
    escape = "put(0x0f);" if e.map == 1 else ""
    return [rex, escape, f"put({e.opcode:#x} | ({n} & 7));"]


def _implied(e: Encoding) -> list[str]:
    if e.vex:
        return ["put(0xc5);", f"put(0xf8 | {e.prefix});", f"put({e.opcode:#x});"]
    out = {0: "", 1: "put(0x66);", 2: "put(0xf3);", 3: "put(0xf2);"}[e.prefix]
    rex = "put(0x48);" if e.width == "1" else ""
    return [out, rex, "put(0x0f);" if e.map == 1 else "", f"put({e.opcode:#x});"]


def _modrm(
    form: Form, e: Encoding, kinds: tuple[str, ...], at: dict[str, int], wide: str, imm: str
) -> list[str]:
    reg = f"num(o{at['R']})" if "R" in at else str(e.digit or 0)
    rm = f"o{at['M']}"
    opcode = f"{e.opcode:#x}"
    if e.bytes_too:
        opcode = f"({e.opcode:#x} | (size != Size::b8))"
    tail, after = "0", ""
    value = f"o{at['I']}" if "I" in at else ""
    if imm == "imm8":
        tail, after = "1", f"put({value});"
    elif imm == "imm32":
        tail, after = (
            "size == Size::b8 ? 1 : size == Size::b16 ? 2 : 4",
            f"immediate(size, {value});",
        )
    elif imm == "imm":
        return _short_immediate(e, kinds, reg, rm, wide, value)
    elif "4" in at:
        tail, after = "1", f"put(num(o{at['4']}) << 4);"
    if e.vex:
        v = f"num(o{at['V']})" if "V" in at else "0"
        start = f"({e.prefix}, {e.map}, {wide}, {opcode}, {reg}, {v}, {rm}, "
        if e.evex_unit is not None:
            mask = ", 1" if "xk1" in kinds else ""
            return [f"evex{start}{e.evex_unit}, {tail}{mask});", after]
        return [f"vex{start}{tail});", after]
    # A mandatory prefix stands behind the one that makes the operands 16 bits wide.
    word = "if (size == Size::b16) put(0x66);" if e.width == "S" and e.prefix else ""
    rex = _rex(form, e, kinds, at)
    legacy = f"legacy({_prefix(e)}, {e.map}, {wide}, {opcode}, {reg}, {rm}, {rex}, {tail});"
    return [word, legacy, after]


def _prefix(e: Encoding) -> str:
    if e.width == "S" and e.prefix == 0:
        return "size == Size::b16 ? 1 : 0"
    return str(e.prefix)


def _rex(form: Form, e: Encoding, kinds: tuple[str, ...], at: dict[str, int]) -> str:
    """Whether a REX prefix is needed to name spl, bpl, sil or dil."""
    tests = []
    for letter in "RM":
        if letter in at and kinds[at[letter]] == "r8":
            tests.append(f"num(o{at[letter]}) >= 4")
        elif letter in at and kinds[at[letter]] == "r" and e.bytes_too:
            tests.append(f"(size == Size::b8 && num(o{at[letter]}) >= 4)")
    return " || ".join(tests) or "false"


def _short_immediate(
    e: Encoding, kinds: tuple[str, ...], reg: str, rm: str, wide: str, value: str
) -> list[str]:
    # 80/81/83 and 69/6b: an immediate that fits a byte has an opcode of its own.
    short, long = (0x83, 0x81) if e.opcode == 0x80 else (e.opcode + 2, e.opcode)
    rex = "size == Size::b8 && num(o0) >= 4" if e.bytes_too and kinds[0] == "r" else "false"
    byte = f"size == Size::b8 ? {e.opcode:#x} : {short:#x}" if e.bytes_too else f"{short:#x}"
    start = f"legacy({_prefix(e)}, {e.map}, {wide}"
    return [
        f"if (fits8({value}) || size == Size::b8) {{",
        f"{start}, {byte}, {reg}, {rm}, {rex}, 1);",
        f"put(static_cast<uint8_t>({value}));",
        "} else {",
        f"{start}, {long:#x}, {reg}, {rm}, false, size == Size::b16 ? 2 : 4);",
        f"immediate(size, {value});",
        "}",
    ]


def _header() -> str:
    check()
    body = "\n".join(_member(*overload) for overload in _overloads())
    return f"""#pragma once

#include "translator/x64/assembler.hpp"

namespace pydbt::x64 {{

/// Every form of spec/x64.py, named by its mnemonic, destination first.
class Assembler : public AssemblerBase {{
   public:
    using AssemblerBase::AssemblerBase;
    using AssemblerBase::call;
    using AssemblerBase::jmp;

{body}
}};

}}  // namespace pydbt::x64
"""


# ---- the table of forms for tests/tools/x64/x64_forms.cpp
_TEXT = (
    (re.compile(r"(mov[sz]x)(?:8|16)|(crc32)_\d+|(bswap)\d+|(v\w+)_(?:y|k1)"), ""),
    (re.compile(r"(\w+)_cl"), "cl"),
)  # members whose name holds more than the mnemonic, and the operand that the name implies
_BYTE_MEMORY = {"vpinsrb": "m8", "vpextrb": "m8", "vpinsrw": "m16"}
"""The register is r32, memory is not 32 bits."""
_SCALAR = re.compile(
    r"v(?:add|sub|mul|div|min|max|sqrt|cmp|u?comi|mov|round|cvtt?|f\w+\d)s([sd])(?:2\w+)?"
)
"""Vector instructions whose memory operand is one float or double."""


def text_of(form: Form) -> tuple[str, str]:
    """The mnemonic as assemblers write it, and an operand that the member's name implies."""
    for pattern, implied in _TEXT:
        match = pattern.fullmatch(form.mnemonic)
        if match:
            return next(g for g in match.groups() if g), implied
    return form.mnemonic, ""


def sizes_of(form: Form) -> tuple[str, ...]:
    """The sizes that the member takes; empty without a Size."""
    e = parse(form)
    if e.width != "S":
        return ()
    return ("b8",) * e.bytes_too + ("b16",) * (not e.vex) + ("b32", "b64")


def _test_kind(form: Form, operand: str, kind: str) -> str:
    # What an operand looks like in text: `rs` and `ms` follow the Size, `m` is of no size.
    if kind == "r":
        return "rs"
    if kind != "m":
        return kind
    if form.mnemonic in _BYTE_MEMORY and operand != "m":
        return _BYTE_MEMORY[form.mnemonic]
    scalar = _SCALAR.fullmatch(form.mnemonic)
    if scalar and operand != "r/m":
        return "m32" if scalar[1] == "s" else "m64"
    if operand in ("r/m", "m"):
        return "ms" if sized(form) and form.mnemonic != "lea" else "m"
    return "m" + operand[1:-2] if operand[0] == "r" else "m"


def _argument(kind: str, i: int) -> str:
    if kind == "m":
        return f"o[{i}].m"
    if kind == "imm8":
        return f"static_cast<uint8_t>(o[{i}].i)"
    if kind in ("x", "xk1", "y"):
        return f"o[{i}].x"
    return f"o[{i}].{'i' if kind.startswith('imm') else 'k' if kind == 'k' else 'r'}"


def _test_row(form: Form, kinds: tuple[str, ...], lock: bool) -> str:
    mnemonic, implied = text_of(form)
    sizes = " | ".join(f"kSize{s[1:]}" for s in sizes_of(form)) or "0"
    shown = [_test_kind(form, o, k) for o, k in zip(form.operands, kinds, strict=True)]
    arguments = (["s"] if sized(form) else []) + [_argument(k, i) for i, k in enumerate(kinds)]
    prefix, member = ("lock ", "lock_") if lock else ("", "")
    return (
        f'    {{"{prefix}{mnemonic}", "{implied}", {sizes}, {len(kinds)}, '
        f"{{{', '.join(f'Kind::{k}' for k in shown)}}},\n"
        f"     [](Assembler& a, [[maybe_unused]] Size s, [[maybe_unused]] const Operand* o) {{ "
        f"a.{member}{name_of(form)}({', '.join(arguments)}); }}}},"
    )


def _overloads() -> Iterator[tuple[Form, tuple[str, ...], bool]]:
    """Every member: form, operand kinds, whether it is the locked variant."""
    for form in FORMS:
        for kinds in choices(form):
            yield form, kinds, False
            if form.mnemonic in LOCKED and kinds[:1] == ("m",):
                yield form, kinds, True


def _test_table() -> str:
    check()
    return "\n".join(_test_row(*overload) for overload in _overloads()) + "\n"


if __name__ == "__main__":
    sys.exit(
        run(
            "translator.gen.x64",
            {
                "translator/x64/assembler.gen.hpp": _header,
                "tests/tools/x64/x64_forms.gen.inc": _test_table,
            },
        )
    )
