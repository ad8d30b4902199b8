"""How programs end: exit statuses, signals as a shell sees them, what is said about a fault."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.support import TIMEOUT, Launcher, Run


@pytest.fixture
def exits(guest: Callable[..., Path]) -> Path:
    return guest("exits")


@pytest.mark.parametrize("status", [0, 1, 2, 42, 126, 127, 128, 255])
def test_status(status: int, tiered: Launcher, exits: Path) -> None:
    assert tiered.run(exits, str(status)) == Run(status, "", "")


def test_status_is_eight_bits(tiered: Launcher, exits: Path) -> None:
    assert tiered.run(exits, "256").status == 0
    assert tiered.run(exits, "300").status == 44


FAULTS = [
    ("segv", signal.SIGSEGV, r"SIGSEGV at pc 0x[0-9a-f]+, writing address 0x1230"),
    ("jump", signal.SIGSEGV, r"SIGSEGV at pc 0x4560"),
    ("undefined", signal.SIGILL, r"SIGILL at pc 0x[0-9a-f]+: undefined instruction 0x00001234"),
    ("unallocated", signal.SIGILL, r"SIGILL at pc 0x[0-9a-f]+: undefined instruction 0xffffffff"),
    ("halt", signal.SIGILL, r"SIGILL at pc 0x[0-9a-f]+"),
    ("breakpoint", signal.SIGTRAP, r"SIGTRAP at pc 0x[0-9a-f]+"),
    ("misaligned", signal.SIGBUS, r"SIGBUS at pc 0x4562"),
    ("bus", signal.SIGBUS, r"SIGBUS at pc 0x[0-9a-f]+, reading address 0x[0-9a-f]+000"),
]


@pytest.mark.parametrize(("how", "number", "text"), FAULTS, ids=[how for how, _, _ in FAULTS])
def test_fault(how: str, number: int, text: str, tiered: Launcher, exits: Path) -> None:
    run = tiered.run(exits, how)
    assert run.status == -number
    assert run.stdout == ""
    assert re.fullmatch(f"pydbt-aarch64: {re.escape(str(exits))}: {text}\n", run.stderr), run.stderr


def test_the_undefined_instruction_is_where_it_says(pydbt: Launcher, exits: Path) -> None:
    found = re.search(r"pc 0x([0-9a-f]+)", pydbt.run(exits, "undefined").stderr)
    assert found is not None
    # 0x1234, little-endian, in the file: its first segment is mapped at 0x400000 from offset 0.
    at = int(found.group(1), 16) - 0x400000
    assert exits.read_bytes()[at : at + 4] == bytes.fromhex("34120000")


@pytest.mark.parametrize(
    "number",
    [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGPIPE, signal.SIGALRM,
     signal.SIGTERM, signal.SIGUSR1, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
     signal.SIGTRAP, signal.SIGSYS, signal.SIGXCPU, 34, 64],
)  # fmt: skip
def test_signal(number: int, tiered: Launcher, exits: Path) -> None:
    assert tiered.run(exits, "raise", str(number)) == Run(-number, "", "")


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT])
def test_signal_that_does_nothing(number: int, tiered: Launcher, exits: Path) -> None:
    assert tiered.run(exits, "raise", str(number)).status == 99


def test_abort(tiered: Launcher, exits: Path) -> None:
    assert tiered.run(exits, "abort").status == -signal.SIGABRT


def shell(script: str, cwd: Path) -> str:
    """What a shell prints; its words about killed programs are left out."""
    return subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=TIMEOUT,
        check=True,
    ).stdout


def test_as_a_shell_sees_it(tiered: Launcher, exits: Path, tmp_path: Path) -> None:
    command = shlex.join([str(tiered.path), *tiered.options, str(exits)])
    for words, status in (
        ("segv", 128 + 11), ("abort", 128 + 6), ("undefined", 128 + 4), ("bus", 128 + 7),
        ("breakpoint", 128 + 5), ("raise 15", 128 + 15), ("raise 9", 128 + 9), ("17", 17),
    ):  # fmt: skip
        assert shell(f"{command} {words}; echo $?", tmp_path) == f"{status}\n"


def test_no_core_of_the_launcher(pydbt: Launcher, exits: Path, tmp_path: Path) -> None:
    command = shlex.join([str(pydbt.path), str(exits)])
    shell(f"ulimit -c unlimited; {command} segv; echo", tmp_path)
    # What there is, is the guest's: e_machine is AArch64's. test_core.py looks into it.
    for core in tmp_path.iterdir():
        assert core.read_bytes()[18:20] == b"\xb7\0"


def test_output_of_a_killed_program_is_there(tiered: Launcher, guest: Callable[..., Path]) -> None:
    # What went through write(2) before is not lost.
    run = tiered.run("-strace", guest("exits"), "segv")
    assert run.stderr.index("brk(NULL)") < run.stderr.index("SIGSEGV")


def test_standard_streams(tiered: Launcher, exits: Path) -> None:
    text = "".join(f"line {n}\n" for n in range(1000))
    run = tiered.run(exits, "echo", "a", "b c", stdin=text)
    assert run == Run(0, "a\nb c\n" + text, "to stderr\n")


def test_closed_streams(pydbt: Launcher, exits: Path, tmp_path: Path) -> None:
    command = shlex.join([str(pydbt.path), str(exits), "3"])
    assert shell(f"{command} <&- 2>&-; echo $?", tmp_path) == "3\n"
    assert shell(f"{command} <&- >&- 2>&-; echo $? > status; cat status", tmp_path) == "3\n"


def test_broken_pipe(pydbt: Launcher, exits: Path, tmp_path: Path) -> None:
    command = shlex.join([str(pydbt.path), str(exits), "echo", "x" * 10])
    status = shell(f"{{ yes | {command}; echo $? > status; }} | head -1; cat status", tmp_path)
    assert status == f"{'x' * 10}\n{128 + 13}\n"
