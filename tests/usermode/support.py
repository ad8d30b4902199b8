"""Guest programs of these tests: how they are built and run.

Owns the builds of guests/ (through testbins.build's steps), and Run, what can be seen of a run from
outside. Must not know what is expected of any of them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbins.build import Step, build, musl_command
from testbins.programs import BUILD
from tools.guest_toolchain import Compiler

SOURCES = Path(__file__).with_name("guests")
TIMEOUT = 120.0  # seconds; two busy cores and an interpreter can be slow
_OPTIONS = ("-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g0", "-Wall", "-Wextra", "-march=armv8.2-a")


def cases(name: str) -> list[str]:
    """The names in a source's CASE(...) lines."""
    text = (SOURCES / f"{name}.c").read_text(encoding="utf-8")
    found = re.findall(r"^CASE\((\w+)\)", text, re.MULTILINE)
    assert found, f"{name}.c has no cases"
    return found


def guest_step(
    compiler: Compiler, name: str, libc: str, more: tuple[str, ...] = (), suffix: str = ""
) -> Step:
    """How guests/NAME.c is built: `libc` is glibc, musl, none, or dynamic (glibc, not static).
    `more` are options behind the usual ones, for a program of another name."""
    source = SOURCES / f"{name}.c"
    link = {
        "none": ("-static", "-nostdlib", "-fno-stack-protector"),
        "dynamic": ("-pie", "-fPIE"),
    }.get(libc, ("-static", "-no-pie", "-fno-pie"))
    command = [*compiler.cc, *_OPTIONS, *more, *link, str(source)]
    if libc == "none":
        command.append("-lgcc")
    elif libc == "musl" and compiler.libc == "glibc":
        command = musl_command(compiler, [str(source)], (*_OPTIONS, *more))
    sources = (source, *sorted(SOURCES.glob("*.h")))
    return Step(
        BUILD / "usermode" / f"{name}-{libc}{suffix}", tuple(command), sources, compiler.env
    )


def build_guest(compiler: Compiler, name: str, libc: str) -> Path:
    """Builds a guest program when it is not up to date; returns its path."""
    step = guest_step(compiler, name, libc)
    build([step])
    return step.target


@dataclass(frozen=True)
class Run:
    """A finished run; a negative status is a signal."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Launcher:
    """The launcher under test with options that every run gets."""

    path: Path
    options: tuple[str, ...] = ()

    def run(
        self,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        cwd: Path | None = None,
    ) -> Run:
        """Runs `pydbt-aarch64 OPTIONS WORDS` with exactly the environment `env` (none by default;
        what a sanitizer build needs is kept)."""
        kept = {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
        done = subprocess.run(
            [str(self.path), *self.options, *map(str, words)],
            env={**kept, **(env or {})},
            input=stdin,
            cwd=cwd,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def with_options(self, *options: str) -> Launcher:
        """The same with more options."""
        return Launcher(self.path, (*self.options, *options))


def message(run: Run, status: int) -> str:
    """The one line the launcher says when it refuses, without its name."""
    assert run.stdout == ""
    assert run.status == status, run.stderr
    assert run.stderr.startswith("pydbt-aarch64: ")
    assert run.stderr.endswith("\n")
    assert run.stderr.count("\n") == 1, run.stderr
    return run.stderr.removeprefix("pydbt-aarch64: ").removesuffix("\n")


def lines(text: str, first_word: str) -> Sequence[str]:
    """The rest of each line that starts with a word."""
    return [
        line[len(first_word) + 1 :]
        for line in text.splitlines()
        if line.split(" ", 1)[0] == first_word
    ]
