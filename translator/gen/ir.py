"""Generates the op enumeration, op table, builder's methods and a test's replay from spec/ir.py.

Owns: how rows become C++. Must not know: what ops mean.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..spec.ir import ATTRIBUTE_FIELDS, EFFECTS, OPS, TYPES, Op
from .common import SpecError, run

_KEYWORDS = {"const", "and", "or", "xor", "not"}
_CLASSES = ("T", "F", "any")
# The builder has these by hand: they forward state, fold addresses or take edges.
_BY_HAND = {
    "get_x", "set_x", "get_v", "set_v", "get_flags", "set_flags", "const", "guest_addr", "param",
    "load", "load_s", "load_v", "store", "store_v", "copy_bytes", "fill_bytes", "jump", "br",
}  # fmt: skip
_ATTRIBUTE_TYPES = {
    "imm": "int64_t",
    "size": "unsigned",
    "scale": "unsigned",
    "order": "unsigned",
    "flags": "unsigned",
    "cc": "Cond",
}


def _bare(kind: str) -> str:
    return kind.strip("[]").rstrip("?")


def check(ops: Sequence[Op] = tuple(OPS)) -> None:
    """Refuses duplicate ops, unknown types, attributes or effects, wrong arity, missing doc."""
    seen: set[str] = set()
    for op in ops:
        where = f"op {op.name}"
        if op.name in seen:
            raise SpecError(f"{where}: defined twice")
        seen.add(op.name)
        if not op.doc:
            raise SpecError(f"{where}: no documentation")
        for kind in (op.result, *op.args):
            if _bare(kind) not in TYPES and _bare(kind) not in _CLASSES:
                raise SpecError(f"{where}: unknown type {kind}")
        if len(op.args) > 3:
            raise SpecError(f"{where}: more than three arguments")
        if op.result in _CLASSES and op.result not in [_bare(a) for a in op.args]:
            raise SpecError(f"{where}: result type {op.result} follows from no argument")
        fields = [field for _, field in op.attrs]
        if any(field not in ATTRIBUTE_FIELDS for field in fields):
            raise SpecError(f"{where}: unknown attribute field in {fields}")
        if len(set(fields)) != len(fields):
            raise SpecError(f"{where}: an attribute field is used twice")
        unknown = op.effects - set(EFFECTS)
        if unknown:
            raise SpecError(f"{where}: unknown effects {sorted(unknown)}")
        if not op.effects:
            raise SpecError(f"{where}: no effect; pure is one")
        if "pure" in op.effects and len(op.effects - {"commutes", "raises"}) > 1:
            others = sorted(op.effects - {"pure", "commutes", "raises"})
            raise SpecError(f"{where}: pure and {others}")
        if "commutes" in op.effects and (len(op.args) < 2 or op.args[0] != op.args[1]):
            raise SpecError(f"{where}: commutes, but its first two arguments differ in type")
        if op.semantics is not None:
            _check_arity(op)


def _check_arity(op: Op) -> None:
    code = getattr(op.semantics, "__code__", None)
    if code is None or code.co_flags & 0x04:  # takes *args
        return
    if code.co_argcount != len(op.args) + 1:
        raise SpecError(
            f"op {op.name}: semantics take {code.co_argcount - 1} arguments, "
            f"the row has {len(op.args)}"
        )


def _cname(op: Op) -> str:
    return op.name + "_" if op.name in _KEYWORDS else op.name


def _kind(text: str) -> str:
    return "Kind::" + {"T": "int_", "F": "float_", "any": "any"}.get(_bare(text), _bare(text))


def _ops_header() -> str:
    check()
    lines = ["#pragma once", "", "#include <cstdint>", "", "namespace pydbt::ir {", ""]
    lines += [f"enum class Type : uint8_t {{ {', '.join(TYPES)} }};", ""]
    widths = ", ".join(map(str, TYPES.values()))
    lines += [f"inline constexpr uint8_t kTypeBits[] = {{{widths}}};"]
    names = ", ".join(f'"{name}"' for name in TYPES)
    lines += [f"inline constexpr const char* kTypeNames[] = {{{names}}};", ""]
    lines += ["/// X(op) for every op, in order.", "#define PYDBT_IR_OPS(X) \\"]
    lines += [f"    X({_cname(op)}) \\" for op in OPS[:-1]] + [f"    X({_cname(OPS[-1])})", ""]
    lines += ["enum class Op : uint16_t {"]
    lines += [f"    {_cname(op)},  // {op.doc}" for op in OPS]
    lines += ["};", "", f"inline constexpr unsigned kOpCount = {len(OPS)};", ""]
    lines += ["enum Effect : uint16_t {"]
    lines += [f"    k{effect.capitalize()} = {1 << i}," for i, effect in enumerate(EFFECTS)]
    lines += ["};", ""]
    kinds = ", ".join(TYPES)
    lines += [
        "/// An operand's type or class of types.",
        f"enum class Kind : uint8_t {{ {kinds}, int_, float_, any }};",
    ]
    lines += ["enum class Field : uint8_t { " + ", ".join(ATTRIBUTE_FIELDS) + " };", ""]
    lines += [
        "struct Attribute {",
        "    const char* name;",
        "    Field field;",
        "};",
        "",
        "struct OpInfo {",
        "    const char* name;",
        "    Kind result;",
        "    bool result_given;  // the type is part of the op's name in text",
        "    uint8_t args;",
        "    uint8_t optional;  // bit n: argument n may be absent",
        "    Kind arg[3];",
        "    uint16_t effects;",
        "    uint8_t attributes;",
        "    Attribute attribute[5];",
        "};",
        "",
        "inline constexpr OpInfo kOps[kOpCount] = {",
    ]
    for op in OPS:
        optional = sum(1 << i for i, a in enumerate(op.args) if a.endswith("?"))
        effects = "|".join(f"k{e.capitalize()}" for e in EFFECTS if e in op.effects)
        args = ", ".join([_kind(a) for a in op.args] + ["Kind::none"] * (3 - len(op.args)))
        attrs = ", ".join(f'{{"{name}", Field::{field}}}' for name, field in op.attrs)
        given = "true" if op.result.startswith("[") else "false"
        lines.append(
            f'    {{"{op.name}", {_kind(op.result)}, {given}, {len(op.args)}, {optional}, '
            f"{{{args}}}, {effects}, {len(op.attrs)}, {{{attrs}}}}},"
        )
    lines += ["};", "", "inline constexpr const OpInfo& info(Op op) {"]
    lines += ["    return kOps[static_cast<unsigned>(op)];", "}", ""]
    lines += ["}  // namespace pydbt::ir", ""]
    return "\n".join(lines)


def _method(op: Op) -> str:
    params: list[str] = []
    if op.result.startswith("["):
        result = "type"
        params.append("Type type")
    elif op.result in _CLASSES:
        result = f"type_of(a{[_bare(a) for a in op.args].index(op.result)})"
    else:
        result = f"Type::{op.result}"
    params += [f"Value a{i}" for i in range(len(op.args))]
    attrs = {field: name for name, field in op.attrs}
    defaults = {"flags"} & set(attrs) if op.attrs and op.attrs[-1][1] == "flags" else set()
    for name, field in op.attrs:
        default = " = 0" if field in defaults else ""
        params.append(f"{_ATTRIBUTE_TYPES[field]} {name}_{default}")
    args = ", ".join([f"a{i}" for i in range(len(op.args))] + ["kNone"] * (3 - len(op.args)))
    sets = "".join(
        f" i.{field} = {name}_;"
        if field in ("imm", "cc")
        else f" i.{field} = static_cast<uint8_t>({name}_);"
        for field, name in attrs.items()
    )
    # The ops left here that access memory have a plain address first.
    size = "4" if op.name.endswith("128") else "size_"
    loads = "load" in op.effects and not op.name.startswith("store")
    checked = f"        a0 = address(a0, {size}, {'kCheckLoad' if loads else 'kCheckStore'});\n"
    address = checked if op.effects & {"load", "store"} else ""
    end = "finish" if "pure" in op.effects else "append"
    ret = "void" if op.result == "none" else "Value"
    say = "" if op.result == "none" else "return "
    return (
        f"    {ret} {_cname(op)}({', '.join(params)}) {{\n"
        f"{address}        Inst i = start(Op::{_cname(op)}, {result}, {args});{sets}\n"
        f"        {say}{end}(i);\n"
        "    }"
    )


def _builder() -> str:
    check()
    return "\n".join(_method(op) for op in OPS if op.name not in _BY_HAND) + "\n"


def _replayed(op: Op) -> str:
    arguments = ["i.type"] if op.result.startswith("[") else []
    arguments += [f"a{i}" for i in range(len(op.args))]
    arguments += [f"i.{field}" for _, field in op.attrs]
    call = f"b.{_cname(op)}({', '.join(arguments)})"
    body = f"{call};\n        return kNone;" if op.result == "none" else f"return {call};"
    return f"    case Op::{_cname(op)}:\n        {body}"


def _replay() -> str:
    """Cases that call the builder's method for an instruction (tests/tools/opt/run_ir.cpp)."""
    check()
    return "\n".join(_replayed(op) for op in OPS if op.name not in _BY_HAND) + "\n"


if __name__ == "__main__":
    sys.exit(
        run(
            "translator.gen.ir",
            {
                "translator/ir/ops.gen.hpp": _ops_header,
                "translator/ir/builder.gen.inc": _builder,
                "tests/tools/opt/replay.gen.inc": _replay,
            },
        )
    )
