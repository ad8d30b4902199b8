"""Generates what Linux tells of a CPU from spec/linux_cpu.py.

Owns: its C++ form, refusals. Must not know: CPU models, how files of /proc are served.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from translator.gen.common import SpecError, run
from translator.spec.features import FEATURES
from translator.spec.idregs import ID_REGISTERS, WIDTH, id_fields, split

from ..spec.linux_cpu import HIDDEN, HWCAPS, MPIDR, UNRELIABLE_SSBS, VISIBLE, Hwcap


def check(hwcaps: Sequence[Hwcap] = HWCAPS, visible: Mapping[str, str] = VISIBLE) -> None:
    """Refuses bits out of order or twice, names twice, and fields that no ID register has."""
    last = (-1, 0)
    names: set[str] = set()
    for row in hwcaps:
        if (row.word, row.bit) <= last or row.word > 2 or row.bit > 63:
            raise SpecError(f"HWCAP {row.name}: its bit is not behind the last row's")
        if row.cpuinfo in names:
            raise SpecError(f"HWCAP {row.name}: its name is used twice")
        last = (row.word, row.bit)
        names.add(row.cpuinfo)
    fields = id_fields()
    for register, listed in visible.items():
        for name in listed.split():
            if f"{register}.{name}" not in fields:
                raise SpecError(f"VISIBLE: no ID register field {register}.{name}")
    for text in HIDDEN:
        register, _, name = split(text)[0].partition(".")
        if name in visible.get(register, "").split() or f"{register}.{name}" not in fields:
            raise SpecError(f"HIDDEN: {register}.{name} is no field, or visible")


def _hwcap(row: Hwcap) -> str:
    feature = f"static_cast<int>(Feature::{row.feature})" if row.feature else "-1"
    return f'    {{{row.word}, {row.bit}, "{row.cpuinfo}", {feature}}},'


def _header() -> str:
    check()
    implemented = {f.name for f in FEATURES} | {""}
    fields = id_fields()
    visible = []
    for r in ID_REGISTERS:
        mask = sum(
            ((1 << WIDTH) - 1) << fields[f"{r.name}.{name}"].lsb
            for name in VISIBLE.get(r.name, "").split()
        )
        value = sum(
            split(text)[1] << fields[split(text)[0]].lsb
            for text in HIDDEN
            if text.startswith(f"{r.name}.")
        )
        if mask or value:
            visible.append(f"    {{{r.crm << 3 | r.op2:#x}, {mask:#x}, {value:#x}}},  // {r.name}")
    parts = ", ".join(map(hex, UNRELIABLE_SSBS))
    pfr1 = next(r for r in ID_REGISTERS if r.name == "PFR1")
    ssbs = ((1 << WIDTH) - 1) << fields["PFR1.SSBS"].lsb
    rows = [_hwcap(row) for row in HWCAPS if row.feature in implemented]
    return "\n".join(
        [
            "#pragma once",
            "",
            "#include <cstdint>",
            "",
            '#include "translator/a64/features.gen.hpp"',
            "",
            "namespace pydbt::usermode {",
            "",
            "using a64::Feature;",
            "",
            "struct HwcapInfo {",
            "    int word;  // 0: AT_HWCAP, 1: AT_HWCAP2, 2: AT_HWCAP3",
            "    int bit;",
            "    const char* cpuinfo;",
            "    int feature;  // -1: always there",
            "};",
            "/// Those of features that the engine has.",
            f"inline constexpr HwcapInfo kHwcaps[{len(rows)}] = {{",
            *rows,
            "};",
            "",
            "struct IdRegisterView {",
            "    uint32_t id;  // CRm << 3 | op2",
            "    uint64_t visible;  // bits that EL0 sees",
            "    uint64_t hidden;   // what the others read as",
            "};",
            f"inline constexpr IdRegisterView kIdRegisters[{len(visible)}] = {{",
            *visible,
            "};",
            f"inline constexpr uint64_t kMpidr = {MPIDR:#x};",
            "/// Parts of MIDR_EL1 of Arm's cores whose PSTATE.SSBS Linux hides, and where it is.",
            f"inline constexpr uint32_t kUnreliableSsbs[] = {{{parts}}};",
            f"inline constexpr uint32_t kSsbsId = {pfr1.crm << 3 | pfr1.op2:#x};",
            f"inline constexpr uint64_t kSsbsField = {ssbs:#x};",
            "",
            "}  // namespace pydbt::usermode",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(run("usermode.gen.linux_cpu", {"usermode/linux_cpu.gen.hpp": _header}))
