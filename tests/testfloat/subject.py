"""The subject that TestFloat tests: one AArch64 instruction a function, in C.

Owns: which instruction a function of TestFloat's is. Must not know: how it is built and run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_REGISTER = {"f16": "h", "f32": "s", "f64": "d"}
_TWO = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
# condition behind a comparison, and whether it signals for quiet NaNs
_COMPARE = {
    "eq": ("eq", "fcmp"),
    "le": ("ls", "fcmpe"),
    "lt": ("mi", "fcmpe"),
    "eq_signaling": ("eq", "fcmpe"),
    "le_quiet": ("ls", "fcmp"),
    "lt_quiet": ("mi", "fcmp"),
}
_ROUND = {"near_even": "n", "minMag": "z", "min": "m", "max": "p", "near_maxMag": "a"}
_INTEGER = {"ui32": ("uint32_t", "u"), "ui64": ("uint64_t", "u"), "i32": ("int32_t", "s"),
            "i64": ("int64_t", "s")}  # fmt: skip


@dataclass(frozen=True)
class Function:
    """One function: its name without `subj_`, its types, and the instructions on %0, %1, ..."""

    name: str
    result: str
    arguments: tuple[str, ...]
    code: str


def _c_type(kind: str) -> str:
    if kind == "bool":
        return "bool"
    return _INTEGER[kind][0] if kind in _INTEGER else f"float{kind[1:]}_t"


def _width(kind: str) -> str:
    """The general register that holds one."""
    return "x" if kind.endswith("64") else "w"


def _load(kind: str, n: int, operand: int) -> str:
    """An operand into V register n."""
    return f"fmov {_REGISTER[kind]}{n}, %{_width(kind)}{operand}; "


def _store(kind: str) -> str:
    return f"fmov %{_width(kind)}0, {_REGISTER[kind]}0"


def _float_functions(f: str) -> Iterator[Function]:
    r = _REGISTER[f]
    one, two = _load(f, 0, 1), _load(f, 0, 1) + _load(f, 1, 2)
    for name, mnemonic in _TWO.items():
        code = f"{two}{mnemonic} {r}0, {r}0, {r}1; {_store(f)}"
        yield Function(f"{f}_{name}", f, (f, f), code)
    code = f"{two}{_load(f, 2, 3)}fmadd {r}0, {r}0, {r}1, {r}2; {_store(f)}"
    yield Function(f"{f}_mulAdd", f, (f, f, f), code)
    yield Function(f"{f}_sqrt", f, (f,), f"{one}fsqrt {r}0, {r}0; {_store(f)}")
    yield Function(f"{f}_roundToInt_x", f, (f,), f"{one}frintx {r}0, {r}0; {_store(f)}")
    for mode, letter in _ROUND.items():
        code = f"{one}frint{letter} {r}0, {r}0; {_store(f)}"
        yield Function(f"{f}_roundToInt_r_{mode}", f, (f,), code)
        for kind, (_, sign) in _INTEGER.items():
            code = f"{one}fcvt{letter}{sign} %{_width(kind)}0, {r}0"
            yield Function(f"{f}_to_{kind}_rx_{mode}", kind, (f,), code)
    for name, (condition, mnemonic) in _COMPARE.items():
        code = f"{two}{mnemonic} {r}0, {r}1; cset %w0, {condition}"
        yield Function(f"{f}_{name}", "bool", (f, f), code)
    for kind, (_, sign) in _INTEGER.items():
        code = f"{sign}cvtf {r}0, %{_width(kind)}1; {_store(f)}"
        yield Function(f"{kind}_to_{f}", f, (kind,), code)
    for other, o in _REGISTER.items():
        if other != f:
            code = f"{one}fcvt {o}0, {r}0; {_store(other)}"
            yield Function(f"{f}_to_{other}", other, (f,), code)


def functions() -> list[Function]:
    """All of them."""
    return [function for f in _REGISTER for function in _float_functions(f)]


def config() -> str:
    """subjfloat_config.h."""
    return "".join(f"#define SUBJ_{f.name.upper()}\n" for f in functions())


def _definition(f: Function) -> str:
    names = "abc"[: len(f.arguments)]
    parameters = ", ".join(
        f"{_c_type(kind)} {name}" for kind, name in zip(f.arguments, names, strict=True)
    )
    inputs = ", ".join(
        f'"r"({name if kind in _INTEGER else f"{name}.v"})'
        for kind, name in zip(f.arguments, names, strict=True)
    )
    scalar = f.result in (*_INTEGER, "bool")
    result = f"({_c_type(f.result)})z" if scalar else f"({_c_type(f.result)}){{z}}"
    returned = _c_type(f.result).replace("int", "int_fast") if f.result in _INTEGER else ""
    holder = "uint64_t" if _width(f.result) == "x" else "uint32_t"
    return (
        f"{returned or _c_type(f.result)} subj_{f.name}({parameters}) {{\n    {holder} z;\n"
        f'    __asm__ volatile("{f.code}" : "=r"(z) : {inputs} : "v0", "v1", "v2", "cc");\n'
        f"    return {result};\n}}\n"
    )


_HEAD = """#include <stdbool.h>
#include <stdint.h>
#include "platform.h"
#include "softfloat.h"
#include "subjfloat_config.h"
#include "subjfloat.h"

void subjfloat_setRoundingMode(uint_fast8_t mode) {
    uint64_t rmode = mode == softfloat_round_near_even ? 0 : mode == softfloat_round_max ? 1
        : mode == softfloat_round_min ? 2 : 3;
    __asm__ volatile("msr fpcr, %0" :: "r"(rmode << 22));
}

uint_fast8_t subjfloat_clearExceptionFlags(void) {
    uint64_t fpsr;
    __asm__ volatile("mrs %0, fpsr; msr fpsr, xzr" : "=r"(fpsr));
    return (fpsr & 1 ? softfloat_flag_invalid : 0) | (fpsr & 2 ? softfloat_flag_infinite : 0) |
        (fpsr & 4 ? softfloat_flag_overflow : 0) | (fpsr & 8 ? softfloat_flag_underflow : 0) |
        (fpsr & 16 ? softfloat_flag_inexact : 0);
}

"""


def source() -> str:
    """subjfloat.c."""
    return _HEAD + "\n".join(map(_definition, functions()))
