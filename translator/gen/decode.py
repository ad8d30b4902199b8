"""Generates the A64 decoder from spec/a64.

Owns: the switch tree, argument records, refusals. Must not know: what instructions do.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Sequence

from ..spec.a64 import load
from ..spec.a64.core import Pattern, PatternError, overlap
from ..spec.features import FEATURES
from .common import SpecError, run

_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_BINARY = {
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.RShift: ">>",
    ast.LShift: "<<",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Mod: "%",
}


def check(patterns: Sequence[Pattern]) -> None:
    """Refuses a name twice, an unknown feature, undeclared overlap."""
    names: set[str] = set()
    known = {f.name for f in FEATURES}
    for p in patterns:
        if p.name in names:
            raise SpecError(f"pattern {p.name}: defined twice")
        names.add(p.name)
        if p.feature and p.feature not in known:
            raise SpecError(f"pattern {p.name}: unknown feature {p.feature}")
        try:
            to_cpp(p.condition)
        except SpecError as error:
            raise SpecError(f"pattern {p.name}: {error}") from None
    for i, a in enumerate(patterns):
        for b in patterns[i + 1 :]:
            common = a.mask & b.mask
            if a.value & common != b.value & common:
                continue
            try:
                word = overlap(a, b)
            except PatternError as error:
                raise SpecError(str(error)) from None
            if word is not None:
                raise SpecError(f"patterns {a.name} and {b.name} overlap, for one at {word:#010x}")


def _compare(left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
    x = to_cpp(left)
    match op, right:
        case ast.In(), ast.Tuple(elts=elements):
            return "(" + " || ".join(f"{x} == {to_cpp(e)}" for e in elements) + ")"
        case ast.NotIn(), ast.Tuple(elts=elements):
            return "(" + " && ".join(f"{x} != {to_cpp(e)}" for e in elements) + ")"
        case _ if type(op) in _COMPARE:
            return f"({x} {_COMPARE[type(op)]} {to_cpp(right)})"
    raise SpecError(f"{ast.unparse(ast.Compare(left, [op], [right]))} is not understood")


def to_cpp(node: ast.expr | None) -> str:
    """An expression of a condition or a template in C++, over a record `a`."""
    match node:
        case None:
            return "true"
        case ast.BoolOp(op=op, values=values):
            word = " && " if isinstance(op, ast.And) else " || "
            return "(" + word.join(map(to_cpp, values)) + ")"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"!({to_cpp(operand)})"
        case ast.Compare(left=left, ops=ops, comparators=right):
            steps = [_compare(*s) for s in zip([left, *right], ops, right, strict=False)]
            return steps[0] if len(steps) == 1 else "(" + " && ".join(steps) + ")"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return f"({to_cpp(left)} {_BINARY[type(op)]} {to_cpp(right)})"
        case ast.Name(id=name):
            return f"a.{name}"
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({', '.join(map(to_cpp, args))})"
        case ast.Constant(value=str(text)):
            return f'"{text}"'
        case ast.Constant(value=int(value)):
            return f"{int(value)}u"
    raise SpecError(f"{ast.unparse(node)} is not understood")


def _record(p: Pattern) -> str:
    members = [f"    {'int32_t' if f.signed else 'uint32_t'} {f.name};" for f in p.fields]
    inits = []
    for f in p.fields:
        if f.signed:
            up = 32 - f.lsb - f.width
            inits.append(f"{f.name}(static_cast<int32_t>(w << {up}) >> {32 - f.width})")
        else:
            inits.append(f"{f.name}(w >> {f.lsb} & {(1 << f.width) - 1:#x}u)")
    unused = "" if inits else "[[maybe_unused]] "
    colon = " : " + ", ".join(inits) if inits else ""
    return "\n".join(
        [
            f"struct Args_{p.name} {{",
            f"    explicit Args_{p.name}({unused}uint32_t w){colon} {{}}",
            *members,
            "};",
        ]
    )


def _args_header(patterns: Sequence[Pattern]) -> str:
    body = "\n".join(_record(p) for p in patterns)
    return f"""#pragma once

#include <cstdint>

namespace pydbt::a64 {{

{body}

}}  // namespace pydbt::a64
"""


def _members(patterns: Sequence[Pattern]) -> str:
    return "\n".join(f"    Step lift_{p.name}(const Args_{p.name}& a);" for p in patterns) + "\n"


class _Tree:
    """Emits nested switches; a leaf tests what is left of each pattern in turn."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def emit(self, patterns: list[Pattern], known: int, depth: int) -> None:
        pad = "    " * depth
        if len(patterns) > 1:
            common = ~known & 0xFFFFFFFF
            for p in patterns:
                common &= p.mask
            if common:
                self._switch(patterns, common, known, depth)
                return
            mask = self._best_bit(patterns, known)
            if mask:
                self._switch_bit(patterns, mask, known, depth)
                return
        for p in patterns:
            self._leaf(p, known, pad)

    @staticmethod
    def _best_bit(patterns: list[Pattern], known: int) -> int:
        best, count = 0, 0
        for bit in range(31, -1, -1):
            mask = 1 << bit
            if known & mask:
                continue
            n = sum(1 for p in patterns if p.mask & mask)
            if n > count:
                best, count = mask, n
        return best

    def _switch(self, patterns: list[Pattern], mask: int, known: int, depth: int) -> None:
        pad = "    " * depth
        groups: dict[int, list[Pattern]] = defaultdict(list)
        for p in patterns:
            groups[p.value & mask].append(p)
        if len(groups) == 1:
            (value,) = groups
            self.lines.append(f"{pad}if ((w & {mask:#x}u) == {value:#x}u) {{")
            self.emit(groups[value], known | mask, depth + 1)
            self.lines.append(f"{pad}}}")
            return
        self.lines.append(f"{pad}switch (w & {mask:#x}u) {{")
        for value in sorted(groups):
            self.lines.append(f"{pad}case {value:#x}u:")
            self.emit(groups[value], known | mask, depth + 1)
            self.lines.append(f"{pad}    break;")
        self.lines += [f"{pad}default: break;", f"{pad}}}"]

    def _switch_bit(self, patterns: list[Pattern], mask: int, known: int, depth: int) -> None:
        pad = "    " * depth
        ones = [p for p in patterns if not p.mask & mask or p.value & mask]
        zeros = [p for p in patterns if not p.mask & mask or not p.value & mask]
        self.lines.append(f"{pad}if ((w & {mask:#x}u) != 0) {{")
        self.emit(ones, known | mask, depth + 1)
        self.lines.append(f"{pad}}} else {{")
        self.emit(zeros, known | mask, depth + 1)
        self.lines.append(f"{pad}}}")

    def _leaf(self, p: Pattern, known: int, pad: str) -> None:
        rest = p.mask & ~known
        tests = [f"(w & {rest:#x}u) == {p.value & rest:#x}u"] if rest else []
        if p.feature:
            tests.append(f"v.has(Feature::{p.feature})")
        test = " && ".join(tests) or "true"
        self.lines.append(f"{pad}if ({test}) {{")
        condition = f"if ({to_cpp(p.condition)}) " if p.condition is not None else ""
        self.lines.append(f"{pad}    const Args_{p.name} a(w);")
        self.lines.append(f"{pad}    {condition}return v.visit_{p.name}(a);")
        self.lines.append(f"{pad}}}")


def _tree(patterns: Sequence[Pattern]) -> str:
    tree = _Tree()
    tree.emit(list(patterns), 0, 1)
    return "\n".join(
        [
            "#pragma once",
            "",
            '#include "translator/a64/args.gen.hpp"',
            '#include "translator/a64/features.hpp"',
            "",
            "namespace pydbt::a64 {",
            "",
            "/// Calls v.visit_PATTERN(args) of the pattern that has the word, or v.unallocated().",
            "template <class Result, class Visitor>",
            "inline Result decode(uint32_t w, Visitor& v) {",
            *tree.lines,
            "    return v.unallocated();",
            "}",
            "",
            "}  // namespace pydbt::a64",
            "",
        ]
    )


def _decoder(patterns: Sequence[Pattern]) -> str:
    lifts = "\n".join(
        f"    Step visit_{p.name}(const Args_{p.name}& a) {{ return lifter.lift_{p.name}(a); }}"
        for p in patterns
    )
    return "\n".join(
        [
            '#include "translator/a64/decode_tree.gen.hpp"',
            '#include "translator/a64/lifter.hpp"',
            "",
            "namespace pydbt::a64 {",
            "namespace {",
            "",
            "struct LiftVisitor {",
            "    Lifter& lifter;",
            "    uint32_t word;",
            "    bool has(Feature f) const { return lifter.features.has(f); }",
            "    Step unallocated() { return lifter.undefined(word); }",
            lifts,
            "};",
            "",
            "}  // namespace",
            "",
            "Step Lifter::dispatch(uint32_t word) {",
            "    LiftVisitor v{*this, word};",
            "    return decode<Step>(word, v);",
            "}",
            "",
            "}  // namespace pydbt::a64",
            "",
        ]
    )


def main() -> int:
    """Runs the generator."""
    try:
        patterns = load()
    except PatternError as error:
        print(f"translator.gen.decode: {error}", file=sys.stderr)
        return 1
    done: list[bool] = []

    def checked(text: str) -> str:
        if not done:
            check(patterns)
            done.append(True)
        return text

    return run(
        "translator.gen.decode",
        {
            "translator/a64/args.gen.hpp": lambda: checked(_args_header(patterns)),
            "translator/a64/lifter_members.gen.inc": lambda: _members(patterns),
            "translator/a64/decode_tree.gen.hpp": lambda: _tree(patterns),
            "translator/a64/decode.gen.cpp": lambda: _decoder(patterns),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
