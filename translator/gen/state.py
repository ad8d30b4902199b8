"""Generates the C++ CpuState from spec/state.py.

Owns: the layout rule (fields in order, each aligned to its element). Must not know: what fields
mean.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..spec import helpers
from ..spec.state import BIAS, FIELDS, WIDTHS, Field
from .common import SpecError, run

_CTYPES = {"u32": "uint32_t", "u64": "uint64_t", "v128": "V128"}


def count_of(field: Field) -> int:
    """The number of elements; symbolic counts are resolved."""
    return len(helpers.HELPERS) if field.count == "kHelperCount" else int(field.count)


def layout(fields: Sequence[Field] = FIELDS) -> dict[str, int]:
    """Byte offset of each field from the start of CpuState.

    Raises:
        SpecError: a name twice, an unknown type, no documentation, or a hidden gap.
    """
    offsets: dict[str, int] = {}
    at = 0
    for field in fields:
        if field.name in offsets:
            raise SpecError(f"state field {field.name}: defined twice")
        if field.type not in WIDTHS:
            raise SpecError(f"state field {field.name}: unknown type {field.type}")
        if not field.doc:
            raise SpecError(f"state field {field.name}: no documentation")
        width = WIDTHS[field.type]
        if at % width != 0:
            raise SpecError(f"state field {field.name}: not aligned; add an explicit field before")
        offsets[field.name] = at
        at += width * count_of(field)
    return offsets


def _header() -> str:
    offsets = layout()
    lines = [
        "#pragma once",
        "",
        "#include <cstddef>",
        "#include <cstdint>",
        "",
        '#include "translator/base/helpers.gen.hpp"',
        "",
        "namespace pydbt::base {",
        "",
        "/// A 128-bit register: element 0 of every size in the low bits.",
        "struct alignas(16) V128 {",
        "    uint64_t lo, hi;",
        "    bool operator==(const V128&) const = default;",
        "};",
        "",
        f"/// rbp in translated code = address of CpuState + {BIAS}.",
        f"inline constexpr int32_t kStateBias = {BIAS};",
        "",
        "struct alignas(64) CpuState {",
    ]
    for field in FIELDS:
        array = "" if field.count == 1 else f"[{field.count}]"
        lines.append(f"    {_CTYPES[field.type]} {field.name}{array};  // {field.doc}")
    lines += ["};", ""]
    for name, offset in offsets.items():
        lines.append(f"static_assert(offsetof(CpuState, {name}) == {offset});")
    lines.append("")
    for name, offset in offsets.items():
        lines.append(f"inline constexpr int32_t kOff_{name} = {offset - BIAS};")
    lines += ["", "}  // namespace pydbt::base", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run("translator.gen.state", {"translator/base/state.gen.hpp": _header}))
