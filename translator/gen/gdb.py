"""Generates GDB's register table and target description from spec/gdb.py.

Owns: their C++ and XML forms. Must not know: the protocol.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..spec import features, gdb
from ..spec.gdb import FEATURES, Feature, Register
from ..spec.state import FIELDS, WIDTHS
from .common import SpecError, run
from .state import layout

_COMPUTED = {"cpsr", "fpsr", "fpcr", "pac"}


def check(rows: Sequence[Feature] = FEATURES) -> None:
    """Refuses names given twice, unknown places and features, and sizes that do not fit."""
    fields = {field.name: field for field in FIELDS}
    known = {feature.name for feature in features.FEATURES} | {""}
    names: set[str] = set()
    conditional = False
    for feature in rows:
        if feature.needs not in known:
            raise SpecError(f"GDB feature {feature.name}: unknown CPU feature {feature.needs}")
        if conditional and not feature.needs:
            raise SpecError(f"GDB feature {feature.name}: behind one that some CPUs do not have")
        conditional = bool(feature.needs)
        for r in feature.registers:
            if r.name in names:
                raise SpecError(f"GDB register {r.name}: it is there twice")
            names.add(r.name)
            way, *place = r.how.split()
            if way != "state":
                if r.how not in _COMPUTED:
                    raise SpecError(f"GDB register {r.name}: unknown way {r.how}")
            elif place[0] not in fields:
                raise SpecError(f"GDB register {r.name}: no state field {place[0]}")
            elif WIDTHS[fields[place[0]].type] * 8 != r.bits:
                raise SpecError(f"GDB register {r.name}: the state field has another size")


def _way(r: Register) -> tuple[str, int]:
    way, *place = r.how.split()
    if way != "state":
        return way, 0
    width = r.bits // 8
    return way, layout()[place[0]] + width * (int(place[1]) if len(place) > 1 else 0)


def _fields(rows: Sequence[tuple[str, int, int]]) -> list[str]:
    return [f'<field name="{name}" start="{low}" end="{high}"/>' for name, low, high in rows]


def _types(feature: Feature) -> list[str]:
    used = {r.type for r in feature.registers}
    lines: list[str] = []
    if "cpsr_flags" in used:
        lines += ['<flags id="cpsr_flags" size="4">', *_fields(gdb.PSTATE + gdb.FLAGS), "</flags>"]
    if "aarch64v" in used:
        for lane, (bits, kinds) in gdb.LANES.items():
            for kind, name in kinds.items():
                count = 128 // bits
                lines.append(f'<vector id="v_{lane}_{kind}" type="{name}" count="{count}"/>')
        for lane, (_, kinds) in gdb.LANES.items():
            members = [f'<field name="{kind}" type="v_{lane}_{kind}"/>' for kind in kinds]
            lines += [f'<union id="v_{lane}">', *members, "</union>"]
        members = [f'<field name="{lane}" type="v_{lane}"/>' for lane in gdb.LANES]
        lines += ['<union id="aarch64v">', *members, "</union>"]
    return lines


def feature_xml(feature: Feature) -> str:
    """One `<feature>` element."""
    lines = [f'<feature name="{feature.name}">', *_types(feature)]
    for r in feature.registers:
        group = f' group="{r.group}"' if r.group else ""
        lines.append(f'<reg name="{r.name}" bitsize="{r.bits}" type="{r.type}"{group}/>')
    return "\n".join([*lines, "</feature>", ""])


def _row(r: Register) -> str:
    way, offset = _way(r)
    return f'    {{"{r.name}", RegisterWay::{way}, {r.bits // 8}, {offset}, {r.mask:#x}}},'


def _header() -> str:
    check()
    registers = "\n".join(_row(r) for feature in FEATURES for r in feature.registers)
    rows = []
    for feature in FEATURES:
        needs = f"static_cast<int>(a64::Feature::{feature.needs})" if feature.needs else "-1"
        xml = f'R"x({feature_xml(feature)})x"'
        rows.append(f"    {{{needs}, {len(feature.registers)},\n     {xml}}},")
    return f"""#pragma once

#include <cstddef>
#include <cstdint>

#include "translator/a64/features.hpp"

namespace pydbt::gdbstub {{

enum class RegisterWay : uint8_t {{ state, cpsr, fpsr, fpcr, pac }};
struct RegisterInfo {{
    const char* name;
    RegisterWay way;
    uint32_t bytes;
    uint32_t offset;  // in CpuState, for `state`
    uint64_t mask;    // bits that can be written
}};
/// By GDB's number.
inline constexpr RegisterInfo kRegisters[] = {{
{registers}
}};

struct RegisterFeature {{
    int needs;  // -1: every CPU has it
    size_t count;
    const char* xml;
}};
inline constexpr RegisterFeature kRegisterFeatures[] = {{
{chr(10).join(rows)}
}};

}}  // namespace pydbt::gdbstub
"""


if __name__ == "__main__":
    sys.exit(run("translator.gen.gdb", {"translator/gdbstub/registers.gen.hpp": _header}))
