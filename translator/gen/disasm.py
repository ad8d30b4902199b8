"""Generates the A64 disassembler from the templates of spec/a64.

Owns: the C++ form of templates, the list of operand kinds, refusals. Must not know: how operands
are written (a64/disassembler.cpp).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence

from ..spec.a64 import load
from ..spec.a64.core import Pattern, PatternError, Text
from .common import SpecError, run
from .decode import to_cpp

KINDS: dict[str, int] = {
    "pick": 2,
    "imm": 1,
    "dec": 1,
    "offset": 1,
    "bitmask": 4,
    "wide": 4,
    "bytemask": 1,
    "target": 1,
    "address": 2,
    "page": 2,
    "r": 2,
    "rsp": 2,
    "w": 1,
    "x": 1,
    "xsp": 1,
    "shift": 2,
    "extend": 5,
    "index": 4,
    "cond": 1,
    "transfer": 3,
    "suffix": 1,
    "prefetch": 1,
    "split": 2,
    "split_offset": 2,
    "hint": 1,
    "barrier": 1,
    "sysreg": 5,
    "sys": 5,
    "fp": 2,
    "v": 3,
    "lane": 3,
    "quad": 2,
    "pair": 1,
    "pairs": 2,
    "list": 4,
    "lanes": 4,
    "fpimm": 1,
}
"""Operand kinds, each a member of TextWriter, and how many arguments they take."""

PREDICATES: dict[str, int] = {"is_wide": 4}
"""The same of members that conditions may ask."""


def _check_calls(p: Pattern, what: str, tree: ast.expr, known: Mapping[str, int]) -> None:
    try:
        to_cpp(tree)
    except SpecError as error:
        raise SpecError(f"pattern {p.name}: {error}") from None
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        if name not in known:
            raise SpecError(f"pattern {p.name}: unknown {what} {name}")
        if len(call.args) != known[name]:
            raise SpecError(
                f"pattern {p.name}: {name} takes {known[name]} arguments, not {len(call.args)}"
            )


def check(patterns: Sequence[Pattern]) -> None:
    """Refuses unknown kinds, a wrong number of arguments, a pattern without a template."""
    for p in patterns:
        if not p.texts:
            raise SpecError(f"pattern {p.name}: no template")
        for text in p.texts:
            for piece in text.pieces:
                if isinstance(piece, ast.expr):
                    _check_calls(p, "operand kind", piece, KINDS)
            if text.condition is not None:
                _check_calls(p, "predicate", text.condition, PREDICATES)


def _piece(piece: str | ast.expr) -> str:
    match piece:
        case str(text):
            return f'text("{text}");'
        case ast.Call():
            return f"{to_cpp(piece)};"
        case _:
            return f"imm({to_cpp(piece)});"


def _text(text: Text) -> str:
    pieces = " ".join(map(_piece, text.pieces))
    if text.condition is None:
        return pieces
    return f"if ({to_cpp(text.condition)}) {{ {pieces} return; }}"


def _visit(p: Pattern) -> str:
    body = " ".join(map(_text, p.texts))
    unused = "" if "a." in body else "[[maybe_unused]] "
    return (
        f"    void visit_{p.name}({unused}const Args_{p.name}& a) "
        f'{{ pattern = "{p.name}"; {body} }}'
    )


def disassembler(patterns: Sequence[Pattern]) -> str:
    """The text of disasm.gen.cpp."""
    check(patterns)
    visits = "\n".join(map(_visit, patterns))
    return f"""#include "translator/a64/decode_tree.gen.hpp"
#include "translator/a64/disassembler.hpp"

namespace pydbt::a64 {{
namespace {{

struct TextVisitor : TextWriter {{
    using TextWriter::TextWriter;
    void unallocated() {{}}
{visits}
}};

}}  // namespace

const char* disassemble_to(uint32_t word, uint64_t pc, const Features& features,
                           std::string& out) {{
    TextVisitor v(pc, features, out);
    decode<void>(word, v);
    return v.pattern;
}}

}}  // namespace pydbt::a64
"""


def main() -> int:
    """Runs the generator."""
    try:
        patterns = load()
    except PatternError as error:
        print(f"translator.gen.disasm: {error}", file=sys.stderr)
        return 1
    return run(
        "translator.gen.disasm", {"translator/a64/disasm.gen.cpp": lambda: disassembler(patterns)}
    )


if __name__ == "__main__":
    sys.exit(main())
