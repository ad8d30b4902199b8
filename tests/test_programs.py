"""Guest programs print and return under pydbt-aarch64 what their amd64 twins do natively.

Owns how a program is run and compared; which programs there are is in testbins/programs.py. What
only AArch64 does is compared with testbins/expected.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from testbins.programs import PROGRAMS, GuestBuild, Program, guest_builds, native_path
from tools.guest_toolchain import ToolchainError, find_compiler

TIMEOUT = 300.0  # seconds; a sanitizer build of the interpreter is slow


@dataclass(frozen=True)
class Outcome:
    """What can be seen of a run from outside; a negative status is a signal."""

    status: int
    stdout: bytes
    stderr: bytes


def run(program: Program, command: tuple[str, ...], folder: Path) -> Outcome:
    """Runs a program, natively or not, in a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    done = subprocess.run(
        (*command, *program.arguments),
        cwd=folder,
        env={"HOME": "/home/guest", "LC_ALL": "C", **kept, **dict(program.environment)},
        input=program.stdin.encode(),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@cache
def expected(program: Program, level: str) -> Outcome:
    """What the program does on the machine at hand, or is written down to do."""
    if program.golden:
        return Outcome(program.status, program.expected.read_bytes(), b"")
    twin = native_path(program, level)
    if not twin.exists():
        pytest.fail(f"{twin} is not built; run `make testbins`", pytrace=False)
    with TemporaryDirectory() as folder:
        outcome = run(program, (str(twin),), Path(folder))
    # Else a program that fails the same way on both sides would pass.
    assert outcome.status == program.status, outcome.stdout.decode(errors="replace")
    return outcome


def cases() -> Iterator[object]:
    try:
        libc = find_compiler(fetch=False).libc
    except ToolchainError:
        libc = "glibc"  # each test then says what is not built
    for program in PROGRAMS:
        for build in guest_builds(program, libc):
            runs = [("1", host) for host in ("", *program.host_features)]
            for tier, host in [("interp", ""), *runs] if program.small else runs:
                plain = build.level == program.levels[-1] and build.libc != "musl"
                marks = [pytest.mark.sanitize] if plain or build.pie else []
                name = "-".join(filter(None, (build.file, tier, host)))
                yield pytest.param(build, tier, host, id=name, marks=marks)


@pytest.mark.parametrize(("build", "tier", "host"), list(cases()))
def test_program(build: GuestBuild, tier: str, host: str, launcher: Path, tmp_path: Path) -> None:
    if not build.path.exists():
        pytest.fail(f"{build.path} is not built; run `make testbins`", pytrace=False)
    wanted = expected(build.program, build.level)
    options = [f"--tier={tier}", *([f"--host-features={host}"] if host else [])]
    got = run(build.program, (str(launcher), *options, str(build.path)), tmp_path)
    assert got.stdout.decode(errors="replace") == wanted.stdout.decode(errors="replace")
    assert got == wanted
