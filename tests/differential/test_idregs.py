"""ID registers of CPU models are what the packaged QEMU's models of the same cores have.

Owns: the comparison, and why a field may differ. Must not know: how registers are shown.

ID_AA64PFR0_EL1 is not among what QEMU tells a debugger: it depends on the interrupt controller.
cortex-x1 is not among QEMU's models.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.differential.gdb_remote import GdbClient
from tools.guest_toolchain import system_qemu
from translator.spec.cpus import CPUS, NOT_IMPLEMENTED, Cpu
from translator.spec.features import FEATURES
from translator.spec.idregs import condition, id_fields, split

REGISTERS = "ID_AA64(?:PFR1|DFR0|ISAR[012]|MMFR[0123])_EL1|CTR_EL0"
COMPARED = [cpu for cpu in CPUS if cpu.name not in ("max", "cortex-x1")]
DIFFERS = {
    "PFR1.MTE": "a board without memory for tags, as QEMU's, shows the instructions only",
    "ISAR1.SPECRES": NOT_IMPLEMENTED["SPECRES"],
}


def shown(cpu: Cpu) -> dict[str, int]:
    """All fields of a model."""
    values = {key: field.absent for key, field in id_fields().items()} | dict(
        map(split, cpu.fields)
    )
    for feature in FEATURES:
        for text in feature.fields:
            (key, value), too = split(text), condition(text) or feature.name
            if {feature.name, too} <= set(cpu.features) and (
                values[key] == 15 or values[key] < value
            ):
                values[key] = value
    return values


@pytest.fixture(scope="module")
def qemu() -> tuple[str, ...]:
    """The command of a packaged qemu-system-aarch64."""
    return system_qemu(fetch=True)


@pytest.mark.parametrize("cpu", COMPARED, ids=lambda cpu: cpu.name)
def test_fields_are_qemus(cpu: Cpu, qemu: tuple[str, ...], tmp_path: Path) -> None:
    socket = tmp_path / "gdb"
    words = ("-machine", "virt", "-cpu", cpu.name, "-nodefaults", "-display", "none", "-S")
    listens = ("-gdb", f"unix:{socket},server=on,wait=off")
    with subprocess.Popen((*qemu, *words, *listens)) as machine:
        try:
            client = GdbClient(socket)
            theirs = client.system_registers(REGISTERS)
            client.close()
        finally:
            machine.kill()
    ours = shown(cpu)
    compared = {
        key: theirs[f"ID_AA64{field.register}_EL1"] >> field.lsb & 15
        for key, field in id_fields().items()
        if f"ID_AA64{field.register}_EL1" in theirs
    }
    assert len(compared) > 100
    assert {key for key in compared if compared[key] != ours[key]} <= set(DIFFERS)
    dic = 1 << 29  # cpus.py says why it is 0 in all
    assert cpu.ctr == theirs["CTR_EL0"] & ~dic
