"""Generates the table of system registers of a whole machine from translator/spec/sysregs_el1.py.

Owns: the table's C++ form. Must not know: registers' meanings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from translator.gen.common import SpecError, run
from translator.spec.features import FEATURES
from translator.spec.idregs import ID_REGISTERS, id_fields, split
from translator.spec.state import FIELDS
from translator.spec.sysregs_el1 import (
    IMPLEMENTED_FIELDS,
    SYSTEM_REGISTERS,
    TRAP_BITS,
    SystemRegister,
)

_HOW = {"store", "zero", "compute"}
_CHANGES = {"": "nothing", "translation": "translation", "features": "features"}


def check(registers: Sequence[SystemRegister] = SYSTEM_REGISTERS) -> None:
    """Refuses what is there twice, unknown words, controls and fields that there are not."""
    names, ids = set[str](), set[int]()
    features = {f.name for f in FEATURES}
    fields = {f.name for f in FIELDS}
    for r in registers:
        where = f"system register {r.name}"
        if r.name in names or r.id in ids:
            raise SpecError(f"{where}: its name or encoding is used twice")
        names.add(r.name)
        ids.add(r.id)
        kind, _, rest = r.how.partition(" ")
        if kind == "state" and rest not in fields:
            raise SpecError(f"{where}: no state field {rest}")
        if kind not in {"state", "icc"} and r.how not in _HOW:
            raise SpecError(f"{where}: unknown way {r.how}")
        if not r.doc or not r.el1 or {*r.el0, *r.el1} - {"r", "w"}:
            raise SpecError(f"{where}: no documentation or bad access")
        if r.changes not in _CHANGES:
            raise SpecError(f"{where}: changes {r.changes}, which is unknown")
        if r.needs and "=" in r.needs and split(r.needs)[0] not in id_fields():
            raise SpecError(f"{where}: needs {r.needs}, which is no ID field")
        if r.needs and "=" not in r.needs and r.needs not in features:
            raise SpecError(f"{where}: needs {r.needs}, which is no feature")
        for control in _controls(r):
            if control.lstrip("!") not in TRAP_BITS:
                raise SpecError(f"{where}: trapped by {control}, which is unknown")
    for control in TRAP_BITS:
        if control.partition(".")[0] not in names:
            raise SpecError(f"{control}: no such register")
    for key in IMPLEMENTED_FIELDS:
        if key not in id_fields():
            raise SpecError(f"{key}: no such ID field")


def _controls(r: SystemRegister) -> list[str]:
    return r.trap.split("|") if r.trap else []


def _needs(r: SystemRegister) -> str:
    if not r.needs:
        return "-1, {}"
    if "=" not in r.needs:
        return f"static_cast<int>(a64::Feature::{r.needs}), {{}}"
    numbers = {i.name: i.crm << 3 | i.op2 for i in ID_REGISTERS}
    key, value = split(r.needs)
    field = id_fields()[key]
    return f"-1, {{{numbers[field.register]:#x}, {field.lsb}, {value}}}"


def _control(text: str) -> str:
    name = text.lstrip("!")
    register = name.partition(".")[0]
    return f"{{Reg::{register}, {TRAP_BITS[name]}, {'true' if text[0] == '!' else 'false'}}}"


def _row(r: SystemRegister) -> str:
    kind, _, rest = r.how.partition(" ")
    offset = f"offsetof(base::CpuState, {rest})" if kind == "state" else "0"
    access = sum(
        1 << n
        for n, has in enumerate(("r" in r.el0, "w" in r.el0, "r" in r.el1, "w" in r.el1))
        if has
    )
    icc = f"IccRegister::{rest}" if kind == "icc" else "IccRegister{}"
    controls = [_control(c) for c in _controls(r)]
    return (
        f'    {{{r.id:#06x}, "{r.name}", {access}, Way::{kind}, {offset}, {icc}, {r.mask:#x}, '
        f"{r.reset:#x}, {_needs(r)}, {len(controls)}, {{{{{', '.join(controls)}}}}}, "
        f"Changes::{_CHANGES[r.changes]}}},  // {r.doc}"
    )


def _implemented() -> list[str]:
    numbers = {i.name: i.crm << 3 | i.op2 for i in ID_REGISTERS}
    decided = {split(text)[0] for f in FEATURES for text in f.fields}
    rows = []
    for key, field in id_fields().items():
        if key in decided and key not in IMPLEMENTED_FIELDS:
            continue
        most = IMPLEMENTED_FIELDS.get(key, field.absent)
        number = numbers[field.register]
        rows.append(f"    {{{number:#x}, {field.lsb}, {most}, {field.absent}}},  // {key}")
    return rows


def _header() -> str:
    check()
    rows = sorted(SYSTEM_REGISTERS, key=lambda r: r.id)
    names = "\n".join(f"    {r.name}," for r in rows)
    table = "\n".join(_row(r) for r in rows)
    implemented = _implemented()
    fields = "\n".join(implemented)
    return f"""#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sysmode/devices/icc.hpp"
#include "translator/a64/cpus.gen.hpp"
#include "translator/base/state.gen.hpp"

namespace pydbt::sysmode {{

/// System registers in the order of their encodings, which index kRegisters.
enum class Reg : uint16_t {{
{names}
}};
inline constexpr size_t kRegCount = {len(rows)};

enum class Way : uint8_t {{ store, state, zero, compute, icc }};
enum class Changes : uint8_t {{ nothing, translation, features }};

/// A bit that must be 1 (`inverted`: 0) for EL0's access not to trap.
struct TrapControl {{
    Reg reg;
    uint8_t bit;
    bool inverted;
}};

inline constexpr uint8_t kEl0Reads = 1, kEl0Writes = 2, kEl1Reads = 4, kEl1Writes = 8;

struct RegInfo {{
    uint32_t id;  // op0<<14|op1<<11|CRn<<7|CRm<<3|op2
    const char* name;
    uint8_t access;
    Way way;
    size_t offset;    // in CpuState, of `state`
    IccRegister icc;  // of `icc`
    uint64_t mask;    // bits that a write changes
    uint64_t reset;
    int feature;         // that it needs; -1: none
    a64::IdValue field;  // likewise: at least this value; 0: none
    uint8_t traps;       // how many controls there are; one that allows is enough
    std::array<TrapControl, 2> trap;
    Changes changes;
}};
inline constexpr RegInfo kRegisters[kRegCount] = {{
{table}
}};

/// Fields of ID registers that system mode shows as far as it implements them: at most `most`.
struct ImplementedField {{
    uint8_t id, lsb, most, absent;
}};
inline constexpr ImplementedField kImplementedFields[{len(implemented)}] = {{
{fields}
}};

}}  // namespace pydbt::sysmode
"""


if __name__ == "__main__":
    sys.exit(run("sysmode.gen.sysregs", {"sysmode/cpu/sysregs.gen.hpp": _header}))
