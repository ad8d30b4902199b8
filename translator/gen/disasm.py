"""Generates the A64 disassembler from the templates of spec/a64.

Owns: the C++ form of templates, the list of operand kinds, refusals. Must not know: how operands are
written (a64/disassembler.cpp).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence

from ..spec.a64 import load
from ..spec.a64.core import Pattern, PatternError, Text
from .common import SpecError, run
from .decode import to_cpp

KINDS: dict[str, int] = {
    "imm": 1,
    "r": 2,
    "rsp": 2,
    "x": 1,
    "xsp": 1,
    "w": 1,
    "target": 1,
    "page": 1,
    "cond": 1,
    "lsl": 1,
    "shift": 2,
    "extend": 4,
    "bitmask": 4,
    "number": 1,
    "hint": 1,
    "barrier": 1,
    "sysreg": 5,
    "sysop": 4,
    "offset": 1,
    "index": 5,
    "prefetch": 1,
    "fp": 2,
    "suffix": 1,
    "order": 2,
}
"""Operand kinds, each a member of TextWriter, and how many arguments they take."""


def _kinds_of(texts: Sequence[Text]) -> list[ast.Call]:
    return [p for t in texts for p in t.pieces if isinstance(p, ast.Call)]


def check(patterns: Sequence[Pattern]) -> None:
    """Refuses unknown kinds and a wrong number of arguments."""
    for p in patterns:
        for call in _kinds_of(p.texts):
            name = call.func.id if isinstance(call.func, ast.Name) else ast.unparse(call.func)
            if name not in KINDS:
                raise SpecError(f"pattern {p.name}: unknown operand kind {name}")
            if len(call.args) != KINDS[name]:
                raise SpecError(
                    f"pattern {p.name}: {name} takes {KINDS[name]} arguments, not {len(call.args)}"
                )


def _piece(piece: str | ast.expr) -> str:
    match piece:
        case str(text):
            return f'text("{text}");'
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({', '.join(map(to_cpp, args))});"
        case _:
            return f"imm({to_cpp(piece)});"


def _text(text: Text) -> str:
    pieces = " ".join(map(_piece, text.pieces))
    if text.condition is None:
        return pieces
    return f"if ({to_cpp(text.condition)}) {{ {pieces} return; }}"


def _fields(p: Pattern) -> str:
    """The body for a pattern without a template: its name and fields."""
    return " ".join([f'text("{p.name}");', *(f'field("{f.name}", a.{f.name});' for f in p.fields)])


def _visit(p: Pattern) -> str:
    body = " ".join(map(_text, p.texts)) if p.texts else _fields(p)
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

const char* disassemble_to(uint32_t word, uint64_t pc, const Features& features, std::string& out) {{
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
