"""Generates the helpers' enumeration and table of addresses from spec/helpers.py.

Owns: HelperId, the declarations, the table. Must not know: what helpers do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..spec.helpers import HELPERS, Helper
from .common import SpecError, run

_KINDS = {
    "int": "uint64_t {name}(base::CpuState*, uint64_t, uint64_t, uint64_t);",
    "vector": "void {name}(base::CpuState*, uint64_t);",
}


def check(helpers: Sequence[Helper] = tuple(HELPERS)) -> None:
    """Refuses duplicates, unknown kinds, missing documentation."""
    seen: set[str] = set()
    for row in helpers:
        if row.name in seen:
            raise SpecError(f"helper {row.name}: defined twice")
        if row.kind not in _KINDS:
            raise SpecError(f"helper {row.name}: unknown kind {row.kind}")
        if not row.doc:
            raise SpecError(f"helper {row.name}: no documentation")
        seen.add(row.name)


def _header() -> str:
    check()
    lines = [
        "#pragma once",
        "",
        "#include <cstddef>",
        "#include <cstdint>",
        "",
        "namespace pydbt::base {",
        "",
        "struct CpuState;",
        "",
        "enum class HelperId : uint16_t {",
        *(f"    {row.name},  // {row.doc}" for row in HELPERS),
        "};",
        "",
        f"inline constexpr size_t kHelperCount = {len(HELPERS)};",
        "extern const char* const kHelperNames[kHelperCount];",
        "",
        "using IntHelper = uint64_t (*)(CpuState*, uint64_t, uint64_t, uint64_t);",
        "using VectorHelper = void (*)(CpuState*, uint64_t);",
        "",
        "/// Fills CpuState::helpers.",
        "void fill_helper_table(uint64_t (&helpers)[kHelperCount]);",
        "",
        "}  // namespace pydbt::base",
        "",
    ]
    return "\n".join(lines)


def _table() -> str:
    check()
    lines = ['#include "translator/base/helpers.gen.hpp"', ""]
    for row in HELPERS:
        space, name = row.function.rsplit("::", 1)
        lines.append(f"namespace pydbt::{space} {{ {_KINDS[row.kind].format(name=name)} }}")
    lines += ["", "namespace pydbt::base {", "", "const char* const kHelperNames[kHelperCount] = {"]
    lines += [f'    "{row.name}",' for row in HELPERS]
    lines += ["};", "", "void fill_helper_table(uint64_t (&helpers)[kHelperCount]) {"]
    lines += [
        f"    helpers[{i}] = reinterpret_cast<uint64_t>(&pydbt::{row.function});"
        for i, row in enumerate(HELPERS)
    ]
    lines += ["}", "", "}  // namespace pydbt::base", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(
        run(
            "translator.gen.helpers",
            {
                "translator/base/helpers.gen.hpp": _header,
                "translator/runtime/helpers.gen.cpp": _table,
            },
        )
    )
