"""Runs cases on pydbt and on oracles and compares what they end in.

Owns: building the runners that are not pydbt's, running batches, crashes and hangs of a runner,
comparison. Must not know: how cases are drawn; what is left out of the comparison is in
exclusions.py.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.guest_toolchain import ToolchainError, find_compiler, find_qemu

from . import exclusions
from .record import CASE, RESULT, Case, Result

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("PYDBT_BUILD", ROOT / "build" / "dev"))
TIERS = ("interp", "1")
FEWEST_REGISTERS = 5  # x64::kFewestRegisters
ENGINES = (("interp", 0), ("1", 0), ("1", FEWEST_REGISTERS))
"""Tiers, and how many host registers they may use (0: all); with few, tier 1 spills a lot."""
_HERE = ROOT / "tests" / "differential"
_HEADER = ROOT / "tests" / "tools" / "case_format.hpp"
_SECONDS_PER_CASE = 0.01
_LEAST_SECONDS = 10.0
_MOST_FAILURES = 4  # crashes looked for in one batch
_DETAIL = slice(4, 8)  # in a result: each engine's own number


class RunnerError(RuntimeError):
    """A runner could not be built or says that it was misused."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Something that runs cases. `command` reads cases from stdin and writes results to stdout."""

    name: str
    command: tuple[str, ...]


def pydbt(tier: str, host_features: str = "", registers: int = 0, cpu: str = "") -> Engine:
    """pydbt at a tier, `interp` or `1`; `cpu` as for the launcher."""
    command = [str(BUILD / "tests" / "run_cases"), f"--tier={tier}"]
    if cpu:
        command.append(f"--cpu={cpu}")
    if host_features:
        command.append(f"--host-features={host_features}")
    if registers:
        command.append(f"--registers={registers}")
    name = f"pydbt, tier {tier}" + (f" on {host_features}" if host_features else "")
    return Engine(name, tuple(command))


def unicorn() -> Engine:
    """unicorn's runner, built when it is not there yet.

    Raises:
        RunnerError: no compiler, or it refuses.
    """
    import unicorn as module  # here: the text rows do without it

    home = Path(module.__file__).parent
    library = home / "lib" / "libunicorn.so.2"
    command = [os.environ.get("CXX", "g++"), "-std=c++20", "-O2", f"-I{home / 'include'}"]
    after = [str(library), f"-Wl,-rpath,{library.parent}"]
    key = f"{library} {library.stat().st_mtime_ns}"
    return Engine("unicorn", (str(built("unicorn_cases", command, after, key)),))


def qemu() -> Engine:
    """A packaged qemu-aarch64 that runs guest_cases. SVE would be in every signal frame.

    Raises:
        RunnerError: there is none, or no compiler for AArch64.
    """
    try:
        program = find_qemu(fetch=True)
    except ToolchainError as error:
        raise RunnerError(str(error)) from error
    if program is None:
        raise RunnerError("there is no qemu-aarch64; `make toolchain` fetches one")
    return Engine("qemu", (str(program), "-cpu", "max,sve=off,sme=off", str(guest_cases())))


def launcher(tier: str, host_features: str = "") -> Engine:
    """The launcher that runs guest_cases: pydbt as a whole, its signals included."""
    command = [str(BUILD / "pydbt-aarch64"), f"--tier={tier}"]
    if host_features:
        command.append(f"--host-features={host_features}")
    name = f"the launcher, tier {tier}" + (f" on {host_features}" if host_features else "")
    return Engine(name, (*command, str(guest_cases())))


ORACLES = {"unicorn": unicorn, "qemu": qemu}
CPUS = {"unicorn": "max,pauth-qarma5=on,pauth2=off", "qemu": "max"}
"""Ours that signs pointers as the oracle does, whose keys it has (not those of qemu's programs)."""


def guest_cases() -> Path:
    """The AArch64 program that runs cases."""
    return guest_program("guest_cases")


def guest_program(name: str) -> Path:
    """An AArch64 program of a source beside this file, built when it is not there yet.

    Raises:
        RunnerError: no compiler, or it refuses.
    """
    try:
        compiler = find_compiler(fetch=True)
    except ToolchainError as error:
        raise RunnerError(str(error)) from error
    # Position independent: cases live at fixed addresses, and the zero page is not all of the rest.
    link = ["-fPIE", "-static-pie" if compiler.libc == "glibc" else "-pie"]
    command = [*compiler.cxx, "-std=c++20", "-O2", "-Wall", "-Wextra", *link]
    return built(name, command, [], env=compiler.environment())


def built(
    name: str,
    command: list[str],
    after: list[str],
    key: str = "",
    env: dict[str, str] | None = None,
) -> Path:
    """The program of a source beside this file, by a name that says what it was built from: the
    command and `key`.

    Raises:
        RunnerError: no compiler, or it refuses.
    """
    source = _HERE / f"{name}.cpp"
    digest = hashlib.sha256(f"{command} {key}".encode())
    digest.update(source.read_bytes() + _HEADER.read_bytes())
    program = BUILD / "tests" / f"{name}-{digest.hexdigest()[:12]}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        part = program.with_suffix(f".{os.getpid()}")
        command = [*command, f"-I{ROOT}", str(source), *after, "-o", str(part)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        if done.returncode != 0:
            raise RunnerError(f"cannot build {source.name}:\n{done.stderr}")
        part.replace(program)
    return program


@dataclass(frozen=True, slots=True)
class Failure:
    """A runner did not survive a case."""

    what: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A case that ends differently. `ours` and `theirs` are results as runners write them."""

    case: bytes
    ours: bytes | Failure
    theirs: bytes | Failure


@dataclass(frozen=True, slots=True)
class _Running:
    """A runner at work, and what it writes to."""

    process: subprocess.Popen[bytes]
    results: BinaryIO
    complaints: BinaryIO


def _start(engine: Engine, cases: bytes) -> _Running:
    # Files, because two pipes of which nobody reads one would block.
    with tempfile.TemporaryFile() as given:
        given.write(cases)
        given.seek(0)
        results = tempfile.TemporaryFile()  # noqa: SIM115  # _finish closes them
        complaints = tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(engine.command, stdin=given, stdout=results, stderr=complaints)
    return _Running(process, results, complaints)


def _finish(running: _Running, count: int) -> bytes | Failure:
    process = running.process
    try:
        status = process.wait(max(_LEAST_SECONDS, count * _SECONDS_PER_CASE))
        what = f"status {status}" if status >= 0 else f"signal {-status}"
    except subprocess.TimeoutExpired:
        process.kill()
        status, what = process.wait(), "does not end"
    with running.results, running.complaints:
        if status == 0:
            running.results.seek(0)
            results = running.results.read()
            if len(results) == count * RESULT.size:
                return results
            what = "writes too few results"
        running.complaints.seek(0)
        text = running.complaints.read().decode(errors="replace").strip()
        return Failure(f"{what}: {text}" if text else what)


def run(engine: Engine, cases: Sequence[bytes]) -> list[bytes | Failure]:
    """Each case's result. When the runner dies the cases that kill it are searched for."""
    results = _finish(_start(engine, b"".join(cases)), len(cases))
    return _taken_apart(engine, cases, results, [_MOST_FAILURES])


def _taken_apart(
    engine: Engine, cases: Sequence[bytes], results: bytes | Failure, budget: list[int]
) -> list[bytes | Failure]:
    if isinstance(results, bytes):
        return [results[n : n + RESULT.size] for n in range(0, len(results), RESULT.size)]
    if len(cases) == 1 or budget[0] <= 0:
        budget[0] -= 1
        return [results] * len(cases)
    middle = len(cases) // 2
    parts: list[bytes | Failure] = []
    for half in (cases[:middle], cases[middle:]):
        taken = _finish(_start(engine, b"".join(half)), len(half))
        parts += _taken_apart(engine, half, taken, budget)
    return parts


def same(ours: bytes | Failure, theirs: bytes | Failure) -> bool:
    """Whether two results are, bit for bit, but for the engines' own numbers."""
    if isinstance(ours, Failure) or isinstance(theirs, Failure):
        return False
    return ours[: _DETAIL.start] == theirs[: _DETAIL.start] and (
        ours[_DETAIL.stop :] == theirs[_DETAIL.stop :]
    )


def compare(ours: Engine, theirs: Engine, cases: Sequence[bytes]) -> list[Mismatch]:
    """Runs the cases on both at the same time; what differs and is not excluded."""
    return compare_all((ours,), theirs, cases)[0]


def compare_all(
    ours: Sequence[Engine], theirs: Engine, cases: Sequence[bytes]
) -> list[list[Mismatch]]:
    """The same for several of ours, of which the oracle's results are needed once."""
    packed = b"".join(cases)
    engines = (*ours, theirs)
    started = [_start(engine, packed) for engine in engines]
    results = [_finish(s, len(cases)) for s in started]
    *lists, right = (
        _taken_apart(engine, cases, r, [_MOST_FAILURES])
        for engine, r in zip(engines, results, strict=True)
    )
    return [mismatches(cases, results, right, theirs.name) for results in lists]


def mismatches(
    cases: Sequence[bytes],
    ours: Sequence[bytes | Failure],
    theirs: Sequence[bytes | Failure],
    oracle: str,
) -> list[Mismatch]:
    """What differs and is not excluded."""
    return [
        Mismatch(case, a, b)
        for case, a, b in zip(cases, ours, theirs, strict=True)
        if not same(a, b) and not excluded(case, a, b, oracle)
    ]


def excluded(case: bytes, ours: bytes | Failure, theirs: bytes | Failure, oracle: str) -> bool:
    """Whether everything that differs is left out of the comparison."""
    if isinstance(ours, Failure) or isinstance(theirs, Failure):
        return False
    assert len(case) == CASE.size
    return exclusions.explains(
        Case.unpack(case), Result.unpack(ours), Result.unpack(theirs), oracle
    )
