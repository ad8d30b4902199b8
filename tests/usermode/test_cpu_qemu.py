"""CPU models beside qemu-aarch64's: every difference in what programs see has its reason here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, lines
from tests.usermode.test_cpu import id_registers
from tools.guest_toolchain import find_qemu
from translator.spec.cpus import CPUS, Cpu
from translator.spec.features import FEATURES
from translator.spec.idregs import ID_REGISTERS, WIDTH
from usermode.spec.linux_cpu import HWCAPS, UNRELIABLE_SSBS, VISIBLE

ONLY_OURS = {
    "evtstrm": "Linux's event stream is on unless the command line says otherwise",
    "ssbs": "qemu-aarch64 sets no HWCAP for what only the speculation of real cores notices",
    "dgh": "a hint; qemu-aarch64 sets no HWCAP for it",
    "bf16": "qemu-aarch64's neoverse-v1 has no FEAT_BF16; the core has (Graviton3 shows it)",
    "afp": "qemu-aarch64 shows MMFR1.AFP without HWCAP2_AFP",
    "ebf16": "qemu-aarch64 shows ISAR1.BF16=2 without HWCAP2_EBF16",
    "rpres": "qemu-aarch64 shows ISAR2.RPRES without HWCAP2_RPRES",
    "wfxt": "qemu-aarch64 shows ISAR2.WFxT without HWCAP2_WFXT",
    "ecv": "qemu-aarch64 shows MMFR0.ECV without HWCAP2_ECV",
    "lrcpc3": "qemu-aarch64 has no FEAT_LRCPC3",
    "rprfm": "qemu-aarch64 has no FEAT_RPRFM",
}
"""Names in /proc/cpuinfo that qemu-aarch64 does not show for the same model, and why we do."""

REGISTERS = {
    (2, None): "Linux emulates the space of AArch32's registers, qemu-aarch64 raises SIGILL",
    (3, None): "the same",
    (7, 0): "Linux hides TGran4_2, TGran16_2 and TGran64_2 behind 1, qemu-aarch64 behind 0",
    (4, 4): "ZFR0 is SVE's",
    (4, 5): "SMFR0 is SME's",
    (4, 7): "FPFR0 is FP8's",
}
"""ID registers that differ as a whole."""

LINES = {
    "model name": "Linux prints it for 32-bit personalities only",
    "BogoMIPS": "Linux derives it from the counter's frequency",
}
"""Lines of /proc/cpuinfo."""

MAX = {
    "ctr": "64-byte lines as on real cores, not 32 KiB; DC CVAU is not needed",
    "dczid": "DC ZVA zeroes 64 bytes as on real cores, not 512",
}
"""Registers of `max`, which is no real core."""


@pytest.fixture(params=[cpu for cpu in CPUS if cpu.name != "cortex-x1"], ids=lambda cpu: cpu.name)
def cpu(request: pytest.FixtureRequest) -> Cpu:
    """A model that qemu-aarch64 has too."""
    model: Cpu = request.param
    return model


@pytest.fixture
def outputs(cpu: Cpu, guest: Callable[..., Path], pydbt: Launcher) -> tuple[str, str]:
    """What the program prints: ours and theirs."""
    qemu = find_qemu(fetch=False)
    if qemu is None:
        pytest.skip("no qemu-aarch64; `make toolchain` fetches one")
    ours = pydbt.run("-cpu", cpu.name, guest("cpu"))
    theirs = Launcher(qemu).run("-cpu", cpu.name, guest("cpu"))
    assert (ours.status, theirs.status) == (0, 0)
    return ours.stdout, theirs.stdout


def test_features(outputs: tuple[str, str]) -> None:
    """Ours are theirs but for what is not implemented, and ONLY_OURS."""
    ours, theirs = (set(_cpuinfo(text)["Features"].split()) for text in outputs)
    assert ours - theirs <= set(ONLY_OURS)
    implemented = {f.name for f in FEATURES}
    missing = {row.cpuinfo for row in HWCAPS if row.feature not in implemented}
    vectors = {name for name in theirs if re.match(r"sve|sme|f8e|\(null\)", name)}
    assert theirs - ours <= missing | vectors


def test_id_registers(cpu: Cpu, outputs: tuple[str, str]) -> None:
    """A visible field differs where a feature is missing only; no hidden one does."""
    ours, theirs = map(id_registers, outputs)
    fields = {(r.crm, r.op2): r for r in ID_REGISTERS}
    for place, value in ours.items():
        if value == theirs[place] or place in REGISTERS or (place[0], None) in REGISTERS:
            continue
        register, other = fields[place], theirs[place]
        assert value is not None
        assert other is not None
        for f in register.parsed():
            mine, its = (v >> f.lsb & (1 << WIDTH) - 1 for v in (value, other))
            if mine != its:
                key = f"{register.name}.{f.name}"
                assert f.name in VISIBLE[register.name].split(), key
                assert _explained(cpu, key, mine, its), f"{key}: {mine}, theirs {its}"


def _explained(cpu: Cpu, key: str, mine: int, its: int) -> bool:
    """We have a feature that they have not (ONLY_OURS), or lack one, or hide it for an erratum."""
    if key == "PFR1.SSBS" and cpu.midr >> 4 & 0xFFF in UNRELIABLE_SSBS:
        return True
    here = {f.name for f in FEATURES if any(t.startswith(f"{key}=") for t in f.fields)}
    shown = {row.feature for row in HWCAPS if row.cpuinfo in ONLY_OURS}
    if here & shown & set(cpu.features):
        return True
    return f"{key}={its}" not in {t for f in FEATURES for t in f.fields} and mine < its


def test_others(cpu: Cpu, outputs: tuple[str, str]) -> None:
    """The rest of /proc/cpuinfo, and the registers that EL0 reads without help."""
    ours, theirs = map(_cpuinfo, outputs)
    for name in (*LINES, "Features", "processor"):
        ours.pop(name, None)
        theirs.pop(name, None)
    assert ours == theirs
    for name in ("ctr", "dczid", "frequency"):
        (mine,), (its,) = (lines(text, name) for text in outputs)
        if name == "ctr" and "MTE2" not in cpu.features:
            its = hex(int(its, 16) & 0xFFFF_FFFF)  # TminLine is there with FEAT_MTE2 only
        assert mine == its or (cpu.name == "max" and name in MAX), name


def _cpuinfo(text: str) -> dict[str, str]:
    """The last CPU's lines of /proc/cpuinfo."""
    return dict(re.findall(r"^(.*?)\t*: (.*)$", text, re.MULTILINE))
