"""The list of guest programs is complete, and a program is built again when it must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbins import build
from testbins.programs import (
    BARE_ALONE,
    BENCH,
    FOLDER,
    PROGRAMS,
    best_build,
    guest_builds,
    program_named,
)


def test_every_source_belongs_to_a_program() -> None:
    listed = {source for program in (*PROGRAMS, BENCH) for source in program.sources}
    there = {
        str(path.relative_to(FOLDER))
        for pattern in ("asm/*.S", "c/*.c", "cpp/*.cpp", "bench/*.c")
        for path in FOLDER.glob(pattern)
    }
    assert listed == there


def test_every_expectation_belongs_to_a_golden_program() -> None:
    golden = {program.expected for program in PROGRAMS if program.golden}
    golden |= {FOLDER / "expected" / f"{name}.txt" for name in BARE_ALONE}
    assert golden == set((FOLDER / "expected").iterdir())


@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_no_two_builds_share_a_file(libc: str) -> None:
    builds = [b.file for program in (*PROGRAMS, BENCH) for b in guest_builds(program, libc)]
    assert len(builds) == len(set(builds))


def test_best_build_is_of_the_compilers_library() -> None:
    hello = program_named("hello")
    assert best_build(hello, "glibc").file == "hello-O2"
    assert best_build(hello, "musl").file == "hello-O2-musl"
    assert best_build(program_named("hello-asm"), "glibc").file == "hello-asm-O0"


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> build.Step:
    """A step whose "compiler" copies its first source."""
    monkeypatch.setattr(build, "BUILD", tmp_path)
    monkeypatch.setattr(build, "STAMPS", tmp_path / ".stamps")
    source = tmp_path / "source.c"
    source.write_text("one", encoding="ascii")
    script = 'echo "a warning"; cp "$1" "$3"'
    return build.Step(tmp_path / "target", ("sh", "-c", script, "sh", str(source)), (source,))


def test_step_builds_what_changed(step: build.Step) -> None:
    assert not step.up_to_date()
    assert step.run() == "a warning\n"
    assert step.up_to_date()
    step.sources[0].write_text("two", encoding="ascii")
    assert not step.up_to_date()
    step.run()
    assert step.target.read_text(encoding="ascii") == "two"
    (step.target.parent / "new.h").write_text("", encoding="ascii")
    step.run()
    assert step.up_to_date()
    (step.target.parent / "new.h").write_text("changed", encoding="ascii")
    assert not step.up_to_date()
    step.run()
    step.target.unlink()
    assert not step.up_to_date()


def test_failed_step_leaves_the_old_target(step: build.Step) -> None:
    step.run()
    failing = build.Step(step.target, ("sh", "-c", "echo broken; exit 1", "sh"), step.sources)
    assert not failing.up_to_date()
    with pytest.raises(build.BuildError, match="target does not build:\nbroken"):
        failing.run()
    assert step.target.read_text(encoding="ascii") == "one"
    assert [path for path in step.target.parent.iterdir() if path.name.startswith(".target")] == []


def test_missing_compiler_is_one_line(step: build.Step) -> None:
    missing = build.Step(step.target, ("/nowhere/cc",), step.sources)
    with pytest.raises(build.BuildError, match=r"^/nowhere/cc: No such file or directory$"):
        missing.run()
