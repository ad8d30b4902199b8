"""A fixed share of the differential fuzzer, and that it finds what is wrong.

Owns: how much of it every test run does. Must not know: how cases are drawn or compared.
"""

from __future__ import annotations

import fnmatch
import sys
from dataclasses import replace

import pytest

from tests.differential import exclusions, rows
from tests.differential.cases import Generator
from tests.differential.minimise import Minimiser, explain, names_of
from tests.differential.oracle import (
    CPUS,
    ENGINES,
    TIERS,
    Engine,
    Failure,
    Mismatch,
    compare,
    launcher,
    mismatches,
    pydbt,
    qemu,
    run,
    unicorn,
)
from tests.differential.record import CASE, RESULT, Case, Result
from translator.spec.a64 import load

CASES = 20_000
BATCH = 5_000
SEED = "test"


def _explained(ours: Engine, theirs: Engine, found: list[Mismatch]) -> str:
    minimiser = Minimiser(ours, theirs)
    return "\n\n".join(explain(minimiser.minimise(m)) for m in found[:5])


@pytest.mark.parametrize(("tier", "registers"), ENGINES)
def test_agrees_with_unicorn(tier: str, registers: int) -> None:
    """The same random code ends in the same state, also where tier 1 has to spill all the time."""
    ours = pydbt(tier, registers=registers, cpu=CPUS["unicorn"])
    generator, theirs = Generator(), unicorn()
    found: list[Mismatch] = []
    for n in range(CASES // BATCH):
        found += compare(ours, theirs, generator.batch(f"{SEED}/{n}", BATCH))
    if found:
        text = _explained(ours, theirs, found)
        pytest.fail(f"{len(found)} of {CASES} cases differ\n{text}", pytrace=False)


@pytest.mark.parametrize(
    "ours", [pydbt("interp"), pydbt("1"), *(launcher(tier) for tier in TIERS)], ids=lambda e: e.name
)
def test_agrees_with_qemu(ours: Engine) -> None:
    """The engine alone and the launcher, which runs the cases as qemu does: with signals."""
    found = compare(ours, qemu(), Generator(oracle="qemu").batch(SEED, BATCH))
    if found:
        text = _explained(ours, qemu(), found)
        pytest.fail(f"{len(found)} of {BATCH} cases differ\n{text}", pytrace=False)


@pytest.mark.parametrize("tier", TIERS)
def test_checks_of_tags_change_nothing(tier: str) -> None:
    """Accesses whose tags differ, in memory that has none, and all others are made as they were."""
    plain = pydbt(tier)
    checked = Engine(f"{plain.name}, with tags", (*plain.command, "--tags"))
    found = compare(checked, plain, Generator().batch(SEED, BATCH))
    if found:
        text = _explained(checked, plain, found)
        pytest.fail(f"{len(found)} of {BATCH} cases differ\n{text}", pytrace=False)


def test_a_case_cannot_end_its_runner() -> None:
    """Endless loops, system calls and jumps to anywhere are results like others."""
    loop = rows.parse('word=0x14000000 text="b #0" =>', "loop").case  # B .
    call = rows.parse('code="mov x8, #93; svc #0; nop" =>', "call").case
    away = rows.parse('code="br x1" x1=0x7000 =>', "away").case
    stack = rows.parse('code="add sp, sp, x1; ldr x1, [sp]" x1=-1 sp=1 =>', "stack").case
    results = run(qemu(), [c.pack() for c in (loop, call, away, stack)])
    assert all(isinstance(r, bytes) for r in results)
    ended = [Result.unpack(r) for r in results if isinstance(r, bytes)]
    assert [r.outcome for r in ended] == ["other", "other", "fetch_fault", "memory_fault"]
    assert [r.registers.pc for r in ended[:2]] == [0, 8]


def test_every_pattern_is_drawn() -> None:
    """Single instructions go round the whole spec; most of them do something."""
    patterns = {p.name for p in load() if p.feature not in exclusions.NEWER["unicorn"]}
    never = [r.names for r in exclusions.NOT_DRAWN if not r.when and r.oracle in ("", "unicorn")]
    patterns -= {name for glob in never for name in fnmatch.filter(patterns, glob)}
    generator = Generator(sequences=0)
    cases = generator.batch(SEED, 4 * len(patterns))
    drawn = {name for case in cases for name in names_of(case)}
    assert drawn == patterns
    outcomes = [Result.unpack(r).outcome for r in run(unicorn(), cases) if isinstance(r, bytes)]
    assert len(outcomes) == len(cases)
    assert outcomes.count("end") > 0.9 * len(cases)


def test_batches_are_reproducible() -> None:
    """A seed is enough to draw a mismatch again."""
    assert Generator().batch("a/1", 50) == Generator().batch("a/1", 50)
    assert Generator().batch("a/1", 50) != Generator().batch("a/2", 50)


def test_every_flipped_bit_is_reported() -> None:
    """One wrong bit anywhere in a result is a mismatch."""
    cases = Generator().batch("flip", 400)
    results = run(unicorn(), cases)
    ended = [
        (c, r)
        for c, r in zip(cases, results, strict=True)
        if isinstance(r, bytes) and Result.unpack(r).outcome == "end"
    ]
    bits = [bit for bit in range(8 * RESULT.size) if not 32 <= bit < 64]  # not `detail`
    bits = [b for b in bits if b not in range(3, 32)]  # of the outcome what has a name
    bits = [b for b in bits if b not in range(65, 128)]  # of `outside` what is a bool
    for n, bit in enumerate(bits):
        case, result = ended[n % len(ended)]
        wrong = bytearray(result)
        wrong[bit // 8] ^= 1 << bit % 8
        assert mismatches([case], [bytes(wrong)], [result], "unicorn"), f"bit {bit}"


# Runs the real thing on cases in which one instruction stands for another.
_BROKEN = """
import subprocess, sys
case, command = {size}, {command!r}
data = bytearray(sys.stdin.buffer.read())
for at in range(0, len(data), case):
    for word in range(at, at + 64, 4):
        value = int.from_bytes(data[word:word + 4], "little")
        if value & {mask:#x} == {value:#x}:
            if {die}:
                sys.exit("it broke")
            data[word:word + 4] = (value ^ {flip:#x}).to_bytes(4, "little")
sys.stdout.buffer.write(subprocess.run(command, input=data, capture_output=True, check=True).stdout)
"""
_SMULH = (0xFFE08000, 0x9B400000)
_TO_UMULH = 1 << 23


def _broken(die: bool) -> Engine:
    mask, value = _SMULH
    script = _BROKEN.format(
        size=CASE.size,
        command=list(pydbt("interp").command),
        mask=mask,
        value=value,
        flip=_TO_UMULH,
        die=die,
    )
    return Engine("broken", (sys.executable, "-c", script))


def test_a_wrong_instruction_is_found_and_isolated() -> None:
    """An engine whose SMULH is UMULH: the report is that instruction, as a row that is right."""
    ours, theirs = _broken(die=False), unicorn()
    found = compare(ours, theirs, Generator("*MUL*", sequences=1).batch("mul", 1000))
    assert found
    small = Minimiser(ours, theirs).minimise(found[0])
    assert names_of(small.case) == ("SMULH",)
    text = explain(small)
    assert "smulh" in text
    row = rows.parse(text.splitlines()[-1].strip(), "report")
    (result,) = run(pydbt("interp"), [row.case.pack()])
    assert isinstance(result, bytes)
    assert not exclusions.differences(Result.unpack(result), row.expected)


def test_a_crash_is_found() -> None:
    """The case that kills the runner is singled out, the others count."""
    generator = Generator("[SU]*MULH", sequences=0)
    cases = generator.batch("crash", 64)
    fatal = [c for c in cases if names_of(c) == ("SMULH",)][:1]
    cases = [c for c in cases if names_of(c) != ("SMULH",)] + fatal
    found = compare(_broken(die=True), unicorn(), cases)
    assert [m.case for m in found] == fatal
    assert isinstance(found[0].ours, Failure)
    assert "it broke" in found[0].ours.what


def test_exclusions_name_patterns() -> None:
    """Each exclusion has a reason and applies to something."""
    names = [p.name for p in load()]
    rules: list[exclusions.NotDrawn | exclusions.NotCompared] = [*exclusions.NOT_DRAWN]
    rules += exclusions.NOT_COMPARED
    for rule in rules:
        assert rule.reason
        assert fnmatch.filter(names, rule.names), rule.names


@pytest.mark.parametrize("tier", TIERS)
def test_a_store_exclusive_to_the_address_of_an_open_monitor(tier: str) -> None:
    """unicorn faults there, ours fails without an access: excluded. An address beside it is not."""
    drawn = Case.unpack(Generator().batch("monitor", 1)[0])
    store = 0x0812FE52  # stlxrb w18, w18, [x18]
    all_ones, beside = 0x92800012, 0x92800032  # mov x18, #-1; mov x18, #-2
    cases = [replace(drawn, words=[move, store]).pack() for move in (all_ones, beside)]
    ours, theirs = pydbt(tier), unicorn()
    assert compare(ours, theirs, cases) == []
    outcomes = [Result.unpack(r).outcome for r in run(theirs, cases) if isinstance(r, bytes)]
    assert outcomes == ["memory_fault", "end"]


def test_command_reports_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m tests.fuzz`: status and report for agreement, disagreement and nonsense."""
    from tests.fuzz import __main__ as command

    arguments = ["--tier", "interp", "--pattern", "SMULH", "--cases", "200", "--jobs", "1"]
    arguments += ["--seed", "7"]
    assert command.main(arguments) == 0
    assert "200 cases on pydbt, tier interp" in capsys.readouterr().out
    monkeypatch.setattr(command, "pydbt", lambda *options: _broken(die=False))
    assert command.main(arguments) == 1
    assert "smulh" in capsys.readouterr().out
    assert command.main([*arguments, "--pattern", "NOSUCH"]) == 2
    assert "NOSUCH" in capsys.readouterr().err


def test_case_records_survive_packing() -> None:
    """What Python reads back is what it wrote."""
    for record in Generator().batch("pack", 20):
        assert Case.unpack(record).pack() == record
