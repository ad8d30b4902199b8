"""Generates the tables of system registers and SYS operations from spec/sysregs.py.

Owns: the tables' C++ form. Must not know: registers' meanings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..spec.features import FEATURES
from ..spec.state import FIELDS
from ..spec.sysregs import OWN_ANSWERS, OWN_HINTS, SYSOPS, SYSREGS, ZVA_BYTES, SysOp, SysReg
from ..spec.sysregs_el1 import SYSTEM_REGISTERS, SystemRegister
from .common import SpecError, run

_HOW = {"nzcv", "fpcr", "fpsr", "random", "environment"}
_OPS = {"zero", "tag", "zero_tag", "clean", "invalidate"}


def check(registers: Sequence[SysReg] = SYSREGS, operations: Sequence[SysOp] = SYSOPS) -> None:
    """Refuses duplicate encodings or names, unknown ways, missing documentation."""
    ids: set[int] = set()
    fields = {f.name for f in FIELDS}
    features = {f.name for f in FEATURES} | {""}
    for r in registers:
        if r.id in ids:
            raise SpecError(f"system register {r.name}: its encoding is used twice")
        ids.add(r.id)
        kind, _, field = r.how.partition(" ")
        if kind == "state":
            if field not in fields:
                raise SpecError(f"system register {r.name}: no state field {field}")
        elif r.how not in _HOW:
            raise SpecError(f"system register {r.name}: unknown way {r.how}")
        if r.feature not in features:
            raise SpecError(f"system register {r.name}: unknown feature {r.feature}")
        if not r.doc or r.access not in ("r", "rw"):
            raise SpecError(f"system register {r.name}: no documentation or bad access")
    for op in operations:
        if op.how not in _OPS or op.feature not in features or not op.doc:
            raise SpecError(f"operation {op.name}: unknown way or feature, or no documentation")


def _feature(name: str) -> str:
    return f"static_cast<int>(Feature::{name})" if name else "-1"


def _row(r: SysReg) -> str:
    kind, _, field = r.how.partition(" ")
    offset = f"offsetof(base::CpuState, {field})" if field else "0"
    write = "true" if r.access == "rw" else "false"
    start = f'{r.id:#x}, "{r.name}", SysRegWay::{kind}, {write}, {offset}'
    return f"    {{{start}, {_feature(r.feature)}, {r.mask:#x}}},  // {r.doc}"


def _el1_row(r: SystemRegister) -> str:
    """Of a register that EL1 finds in CpuState. One with a mask is written by its own lift."""
    field = r.how.partition(" ")[2]
    write = "true" if r.el1 == "rw" and r.mask == 2**64 - 1 else "false"
    return f"    {{{r.id:#x}, {write}, offsetof(base::CpuState, {field})}},  // {r.name}: {r.doc}"


def _header() -> str:
    check()
    el1 = [r for r in SYSTEM_REGISTERS if r.how.startswith("state ")]
    el1_rows = "\n".join(_el1_row(r) for r in el1)
    rows = "\n".join(_row(r) for r in SYSREGS)
    names = "\n".join(
        f"inline constexpr uint32_t k{name} = {number:#x};"
        for name, number in (
            *((r.name, r.id) for r in SYSREGS if r.how == "environment" or r.mask != 2**64 - 1),
            *((r.name, r.id) for r in el1 if r.name in ("DAIF", "SP_EL0")),
        )
    )
    zva = next(op for op in SYSOPS if op.how == "zero")
    ops = "\n".join(
        f"    {{{op.op1 << 11 | op.crn << 7 | op.crm << 3 | op.op2:#x}, "
        f'"{op.name}", SysOpWay::{op.how}, ' + _feature(op.feature) + f"}},  // {op.doc}"
        for op in SYSOPS
    )
    return f"""#pragma once

#include <cstddef>
#include <cstdint>

#include "translator/a64/features.hpp"
#include "translator/base/state.gen.hpp"

namespace pydbt::a64 {{

enum class SysRegWay : uint8_t {{ state, nzcv, fpcr, fpsr, random, environment }};
struct SysRegInfo {{
    uint32_t id;  // op0<<14|op1<<11|CRn<<7|CRm<<3|op2
    const char* name;
    SysRegWay way;
    bool writable;
    size_t offset;  // in CpuState, for `state`
    int feature;    // -1: none
    uint64_t mask;  // bits that can be written
}};
inline constexpr SysRegInfo kSysRegs[] = {{
{rows}
}};

{names}

enum class SysOpWay : uint8_t {{ zero, tag, zero_tag, clean, invalidate }};
struct SysOpInfo {{
    uint32_t id;  // op1<<11|CRn<<7|CRm<<3|op2
    const char* name;
    SysOpWay way;
    int feature;  // -1: none
}};
inline constexpr SysOpInfo kSysOps[] = {{
{ops}
}};
inline constexpr unsigned kZvaBytes = {ZVA_BYTES};
inline constexpr uint32_t kDC_ZVA = {zva.op1 << 11 | zva.crn << 7 | zva.crm << 3 | zva.op2:#x};

/// What EL1 of a whole machine finds in CpuState.
struct El1RegInfo {{
    uint32_t id;
    bool writable;  // with all its bits
    size_t offset;
}};
inline constexpr El1RegInfo kEl1Regs[] = {{
{el1_rows}
}};

/// Hints that ask the environment, in its own code, and what read_sysreg carries for the first.
inline constexpr uint32_t kOwnHints = {OWN_HINTS}, kOwnAnswers = {OWN_ANSWERS:#x};

}}  // namespace pydbt::a64
"""


if __name__ == "__main__":
    sys.exit(run("translator.gen.sysregs", {"translator/a64/sysregs.gen.hpp": _header}))
