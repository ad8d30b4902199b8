"""CPU models as programs see them: HWCAPs, ID registers, /proc/cpuinfo, what is undefined."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, lines
from translator.spec.cpus import CPUS, Cpu
from translator.spec.features import ALTERNATIVES, FEATURES, Feature, required
from translator.spec.idregs import ID_REGISTERS, condition, id_fields, split
from usermode.spec.linux_cpu import HIDDEN, HWCAPS, UNRELIABLE_SSBS, VISIBLE

ALWAYS = {"evtstrm", "cpuid"}


@pytest.fixture
def program(guest: Callable[..., Path]) -> Path:
    return guest("cpu")


def id_registers(text: str) -> dict[tuple[int, int], int | None]:
    """What reading S3_0_C0_C<crm>_<op2> gave; None is SIGILL."""
    found: dict[tuple[int, int], int | None] = {}
    for line in lines(text, "id"):
        crm, op2, value = line.split()
        found[int(crm), int(op2)] = None if value == "SIGILL" else int(value, 16)
    assert len(found) == 64
    return found


def field(registers: dict[tuple[int, int], int | None], key: str) -> int:
    """The value of REGISTER.FIELD."""
    places = {r.name: (r.crm, r.op2) for r in ID_REGISTERS}
    f = id_fields()[key]
    value = registers[places[f.register]]
    assert value is not None
    return value >> f.lsb & 15


def shown_features(text: str) -> list[str]:
    (first, *_) = re.findall(r"^Features\t:(.*)$", text, re.MULTILINE)
    return str(first).split()


def expected_fields(features: set[str]) -> dict[str, int]:
    """Every field that EL0 can see or that is not 0 when hidden."""
    expected = {key: f.absent for key, f in id_fields().items()}
    for f in FEATURES:
        for text in f.fields:
            (key, value), too = split(text), condition(text) or f.name
            if {f.name, too} <= features and (expected[key] == 15 or expected[key] < value):
                expected[key] = value
    for key in expected:
        register, _, name = key.partition(".")
        if name not in VISIBLE.get(register, "").split():
            expected[key] = dict(map(split, HIDDEN)).get(key, 0)
    return expected


def check(text: str, cpu: Cpu, features: set[str]) -> None:
    """HWCAPs, ID registers and /proc/cpuinfo say the same, and it is the model."""
    if cpu.midr >> 24 == 0x41 and cpu.midr >> 4 & 0xFFF in UNRELIABLE_SSBS:
        features = features - {"SSBS", "SSBS2"}
    rows = [row for row in HWCAPS if row.feature in features or row.name in ALWAYS]
    for word in range(3):
        bits = sum(1 << row.bit for row in rows if row.word == word)
        assert f"hwcap {word} {bits:#x}" in text.splitlines()
    assert "hwcap 3 0x0" in text.splitlines()
    assert lines(text, "platform") == ["aarch64"]

    registers = id_registers(text)
    expected = expected_fields(features)
    assert {key: field(registers, key) for key in expected} == expected
    covered = {(r.crm, r.op2) for r in ID_REGISTERS}
    for (crm, op2), value in registers.items():
        if crm == 0:
            assert value == {0: cpu.midr, 5: 0x80000000, 6: 0}.get(op2)
        elif crm == 1:
            assert value is None
        elif (crm, op2) not in covered:
            assert value == 0

    tminline = 0 if "MTE2" in features else 0x3F << 32
    assert lines(text, "ctr") == [hex(cpu.ctr & ~tminline)]
    assert lines(text, "dczid") == ["0x4"]
    assert lines(text, "frequency") == [str(cpu.counter_hz)]

    # arch_validate_prot() of arch/arm64/include/asm/mman.h: PROT_SEM always.
    known = {0x8, *([0x10] if "BTI" in features else []), *([0x20] if "MTE2" in features else [])}
    asked = [1 << n for n in range(3, 12)]
    assert lines(text, "protect") == [f"{b:#x} {'yes' if b in known else 'EINVAL'}" for b in asked]

    online = os.cpu_count() or 1
    blocks = text[text.index("processor\t") : text.index("way ")].split("\n\n")[:-1]
    assert len(blocks) == online
    rate = cpu.counter_hz / 500_000
    for number, block in enumerate(blocks):
        assert block == "\n".join(
            [
                f"processor\t: {number}",
                f"BogoMIPS\t: {rate:.2f}",
                f"Features\t: {' '.join(row.cpuinfo for row in rows)}",
                f"CPU implementer\t: 0x{cpu.midr >> 24:02x}",
                "CPU architecture: 8",
                f"CPU variant\t: 0x{cpu.midr >> 20 & 15:x}",
                f"CPU part\t: 0x{cpu.midr >> 4 & 0xFFF:03x}",
                f"CPU revision\t: {cpu.midr & 15}",
            ]
        )
    assert lines(text, "way") == ["processor 1"] * 4
    assert lines(text, "pmuserenr") == ["0"]


@pytest.mark.parametrize("cpu", CPUS, ids=lambda cpu: cpu.name)
def test_model(cpu: Cpu, program: Path, pydbt: Launcher) -> None:
    run = pydbt.run("-cpu", cpu.name, program)
    assert run.status == 0, run.stderr
    check(run.stdout, cpu, set(cpu.features))


def test_interpreter_shows_the_same(program: Path, tiered: Launcher) -> None:
    check(tiered.run(program).stdout, CPUS[0], set(CPUS[0].features))


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_feature_off(feature: Feature, program: Path, pydbt: Launcher) -> None:
    """What needs it goes with it."""
    gone = {f.name for f in FEATURES if f is feature or feature.name in required(f.name)}
    run = pydbt.run("-cpu", f"max,{feature.option}=off", program)
    if "AdvSIMD" in gone:  # the C library's memset
        assert run.status == -4
    else:
        instead = {group[-1] for group in ALTERNATIVES if group[0] == feature.name}
        check(run.stdout, CPUS[0], set(CPUS[0].features) - gone | instead)


@pytest.mark.parametrize(
    ("option", "has", "has_not"),
    [
        ("max,rcpc=off", "atomics", "lrcpc ilrcpc"),
        ("max,rcpc2=off", "lrcpc", "ilrcpc"),
        ("max,rcpc=off,rcpc=on", "lrcpc ilrcpc", ""),
        ("max,dpb2=off,flagm=off,dpb2=on", "dcpop dcpodp", "flagm flagm2"),
    ],
)
def test_feature_list(option: str, has: str, has_not: str, program: Path, pydbt: Launcher) -> None:
    shown = set(shown_features(pydbt.run("-cpu", option, program).stdout))
    assert set(has.split()) <= shown
    assert not set(has_not.split()) & shown


# The line Features of /proc/cpuinfo on boards that have the core, without evtstrm and cpuid, of a
# kernel that knows erratum 3194386: no ssbs.
_A53 = "fp asimd aes pmull sha1 sha2 crc32"
_A55 = f"{_A53} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"
_V1 = (
    f"{_A55} jscvt fcma sha3 sm3 sm4 sha512 sve asimdfhm dit uscat ilrcpc flagm paca pacg "
    "dcpodp i8mm bf16 dgh rng"
)
_N2 = f"{_V1} sb sve2 flagm2 frint bti mte"
BOARDS = {
    "cortex-a53": _A53,
    "cortex-a55": _A55,
    "cortex-a57": _A53,
    "cortex-a72": _A53,
    "cortex-a76": _A55,
    "cortex-a710": _N2.replace(" dgh rng", ""),
    "cortex-x1": _A55,
    "neoverse-n1": _A55,
    "neoverse-v1": _V1,
    "neoverse-n2": _N2,
}


@pytest.mark.parametrize("cpu", CPUS[1:], ids=lambda cpu: cpu.name)
def test_model_shows_what_the_core_shows(cpu: Cpu, program: Path, pydbt: Launcher) -> None:
    """But for what pydbt has not, and that is all a model says to leave out."""
    names = {row.cpuinfo: row.feature for row in HWCAPS}
    board = BOARDS[cpu.name].split()
    shown = set(shown_features(pydbt.run("-cpu", cpu.name, program).stdout)) - ALWAYS
    assert shown == {name for name in board if names[name] not in cpu.lacks}
    assert {names[name] for name in board} <= set(cpu.all_features)
