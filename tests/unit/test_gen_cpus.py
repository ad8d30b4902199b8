"""Features, ID registers, CPU models and HWCAPs: that the specs hold together, and refusals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tools.guest_toolchain import ToolchainError, find_compiler
from translator.gen.common import SpecError
from translator.gen.cpus import check_cpus, check_features, check_registers
from translator.spec.cpus import CPUS, NOT_IMPLEMENTED
from translator.spec.features import FEATURES, Feature, required
from translator.spec.idregs import IdRegister, id_fields, split
from usermode.gen import linux_cpu
from usermode.spec.linux_cpu import HWCAPS, VISIBLE, Hwcap

BY_NAME = {f.name: f for f in FEATURES}


def test_specs_hold_together() -> None:
    """What the generators check at every build."""
    check_registers()
    check_features()
    check_cpus()
    linux_cpu.check()


def test_hwcap_bits_are_the_headers() -> None:
    """Against asm/hwcap.h of the guest toolchain, for the rows that its version has."""
    try:
        root = find_compiler(fetch=False).root
    except ToolchainError as error:
        pytest.fail(str(error))
    if root is None:
        pytest.skip("this compiler has no headers of Linux")
    text = (root / "usr/aarch64-linux-gnu/include/asm/hwcap.h").read_text(encoding="utf-8")
    rows = re.findall(r"#define HWCAP(\d?)_(\w+)\s+\(1(?:UL)? << (\d+)\)", text)
    header = {(int(word or 1) - 1, int(bit)): name.lower() for word, name, bit in rows}
    assert len(header) > 60
    ours = {(row.word, row.bit): row.name for row in HWCAPS}
    assert {place: ours[place] for place in ours if place in header} == {
        place: header[place] for place in ours if place in header
    }
    missing = [name for place, name in header.items() if place not in ours]
    assert all(name.startswith(("sve", "sme")) for name in missing), missing


NO_FIELD = {
    "PACIMP": "PAuth's fields say which algorithm it is",
    "PACQARMA3": "the same",
    "PACQARMA5": "the same",
}
"""Features that no ID register field tells of by itself, and why."""

NO_HWCAP = {"LOR", "XS", "MTE", "SSBS", "PAuth2", "FPAC", "FPACCOMBINE", *NO_FIELD}
"""Features that Linux has no HWCAP for."""


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_row_is_whole(feature: Feature) -> None:
    """Fields, HWCAP and models: a row that lands says all of them."""
    assert bool(feature.fields) != (feature.name in NO_FIELD), (
        "which ID register field tells of it?"
    )
    assert feature.name not in NOT_IMPLEMENTED, "take it out of NOT_IMPLEMENTED (spec/cpus.py)"
    shown = any(row.feature == feature.name for row in HWCAPS)
    assert shown != (feature.name in NO_HWCAP), "which HWCAP (usermode/spec/linux_cpu.py) has it?"


@pytest.mark.parametrize("row", [row for row in HWCAPS if row.feature in BY_NAME])
def test_what_linux_shows_is_in_a_visible_field(row: Hwcap) -> None:
    """Linux derives HWCAPs from ID registers, and shows the fields it derives them from."""
    fields = [split(text)[0] for text in BY_NAME[row.feature].fields]
    assert fields
    for register, _, name in (field.partition(".") for field in fields):
        assert name in VISIBLE[register].split()


def _feature(name: str, requires: str = "", *fields: str) -> Feature:
    return replace(
        FEATURES[0], name=name, option=name.lower(), requires=tuple(requires.split()), fields=fields
    )


def test_required_is_transitive() -> None:
    """And a pair that comes together is no cycle."""
    rows = [_feature("A", "B"), _feature("B", "A"), _feature("C", "B"), _feature("D", "C")]
    check_features(rows)
    assert [required(f.name, rows) for f in rows] == [
        ("B",),
        ("A",),
        ("A", "B"),
        ("A", "B", "C"),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([_feature("A"), _feature("A")], "feature A: its names are used twice"),
        ([_feature("A"), replace(_feature("B"), option="a")], "feature B: its names are used"),
        ([replace(_feature("A"), doc="")], "feature A: .* no documentation"),
        ([_feature("A", "B")], "feature A: requires B, which is no other feature"),
        ([_feature("A", "A")], "feature A: requires A, which is no other feature"),
        (
            [_feature("A", "B"), _feature("B", "C"), _feature("C", "A")],
            "feature A: requires itself through",
        ),
        ([_feature("A", "", "ISAR0.XYZ=1")], "feature A: no ID register field ISAR0.XYZ"),
        ([_feature("A", "", "ISAR0.AES=16")], "feature A: ISAR0.AES=16 does not fit"),
        (
            [_feature("A", "", "ISAR0.AES=1"), _feature("B", "", "ISAR0.AES=2")],
            "features A and B: both say ISAR0.AES",
        ),
        (
            [_feature("A", "", "ISAR0.AES=2"), _feature("B", "A", "ISAR0.AES=1")],
            "features B and A: both say ISAR0.AES",
        ),
        (
            [_feature("A", "", "ISAR0.AES=1"), _feature("B", "A", "ISAR0.AES=1")],
            "features A and B: both say ISAR0.AES",
        ),
    ],
)
def test_refused_features(rows: Sequence[Feature], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check_features(rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A@0 B@2", "ID register R: field B is out of place"),
        ("A@0 A@4", "ID register R: field A is there twice"),
        ("A@61", "ID register R: field A is out of place"),
    ],
)
def test_refused_registers(rows: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check_registers([IdRegister("R", 4, 0, rows)])
    with pytest.raises(SpecError, match="ID register R: its name or encoding is used twice"):
        check_registers([IdRegister("R", 4, 0, "A@0"), IdRegister("R", 4, 1, "A@0")])


def test_refused_models() -> None:
    cpu = CPUS[0]
    for wrong, message in (
        ([cpu, cpu], "CPU max: is there twice"),
        ([replace(cpu, doc="")], "CPU max: .* no documentation"),
        ([replace(cpu, all_features=("MMX",))], "CPU max: unknown feature MMX"),
        (
            [replace(cpu, all_features=("LRCPC2",))],
            "CPU max: has LRCPC2 without LRCPC, which it needs",
        ),
        ([replace(cpu, fields=("ISAR0.CRC32=1",))], "CPU max: ISAR0.CRC32 follows from its feat"),
        ([replace(cpu, fields=("ISAR9.CRC32=1",))], "CPU max: no ID register field ISAR9.CRC32"),
        ([replace(cpu, ctr=cpu.ctr | 1 << 29)], "CPU max: CTR_EL0.DIC says"),
        ([replace(cpu, counter_hz=3)], "CPU max: its counter"),
    ):
        with pytest.raises(SpecError, match=message):
            check_cpus(wrong)


def test_refused_hwcaps() -> None:
    row = HWCAPS[0]
    for wrong, message in (
        ([row, row], "HWCAP fp: its bit is not behind"),
        ([row, replace(row, bit=1)], "HWCAP fp: its name is used twice"),
        ([replace(row, word=3)], "HWCAP fp: its bit"),
    ):
        with pytest.raises(SpecError, match=message):
            linux_cpu.check(wrong)
    with pytest.raises(SpecError, match=r"VISIBLE: no ID register field PFR0\.XYZ"):
        linux_cpu.check(visible={"PFR0": "XYZ"})
    with pytest.raises(SpecError, match=r"HIDDEN: PFR0\.EL0 is no field, or visible"):
        linux_cpu.check(visible={"PFR0": "EL0"})


def test_absent_fields() -> None:
    """0b1111 is what the manual says for these only."""
    assert {key for key, f in id_fields().items() if f.absent} == {
        *("PFR0.FP", "PFR0.AdvSIMD", "MMFR0.TGran4", "MMFR0.TGran64", "DFR0.DoubleLock")
    }
