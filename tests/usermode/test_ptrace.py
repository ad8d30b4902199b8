"""ptrace: Debian's strace and gdb for arm64, under the launcher, on programs under the launcher.

The rules, one by one, are in guests/ptraces.c.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbins.build import build
from tests.usermode.gdb import mark
from tests.usermode.support import TIMEOUT, Launcher, Run, guest_step
from tools.debian_tree import fetch
from tools.guest_toolchain import Compiler

_QUIET = (
    "set pagination off",
    "set confirm off",
    "set width 0",
    "set debuginfod enabled off",
)


@dataclass(frozen=True)
class Tree:
    """A launcher and the programs that it finds."""

    launcher: Launcher
    root: Path

    def command(self, name: str) -> list[str]:
        """How a program of the tree is started."""
        words = [str(self.launcher.path), *self.launcher.options, "-L", str(self.root)]
        return [*words, f"{self.root}/usr/bin/{name}"]

    def run(self, name: str, *words: str | Path) -> Run:
        """Runs one to its end."""
        done = subprocess.run(
            [*self.command(name), *map(str, words)],
            env={"PATH": "/usr/bin", "HOME": "/nonexistent", "LC_ALL": "C", "SHELL": "/bin/sh"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def strace(self, *words: str | Path) -> Run:
        """strace without its own path in what it says."""
        return self.run("strace", *words)

    def gdb(self, *commands: str, program: Path | None = None) -> str:
        """A session; returns what gdb and the program have printed."""
        words = ["-nx", "-batch"]
        for command in (*_QUIET, *commands):
            words += ["-ex", command]
        run = self.run("gdb", *words, *([program] if program else []))
        return run.stdout + run.stderr


@pytest.fixture(scope="session")
def root() -> Path:
    """A tree with strace and gdb."""
    return fetch("trace").arm64


@pytest.fixture
def tree(pydbt: Launcher, root: Path) -> Tree:
    return Tree(pydbt, root)


@pytest.fixture
def tiered_tree(tiered: Launcher, root: Path) -> Tree:
    return Tree(tiered, root)


@pytest.fixture(scope="session")
def debugged(compiler: Compiler) -> Path:
    """debugged.c, static."""
    step = guest_step(compiler, "debugged", compiler.libc, ("-g", "-O0", "-pthread"), "-g")
    build([step])
    return step.target


def in_order(text: str, *patterns: str) -> None:
    """Each pattern is found behind the one before."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE).search(text, at)
        assert found, f"no {pattern!r} in {text[at:]!r}"
        at = found.end()


# --- strace -------------------------------------------------------------------------------------


def test_strace_of_one_program(tiered_tree: Tree) -> None:
    run = tiered_tree.strace(f"{tiered_tree.root}/usr/bin/cat", "/proc/sys/kernel/ostype")
    assert run.status == 0
    assert run.stdout == "Linux\n"
    in_order(
        run.stderr,
        r'^execve\("\S*/cat", \[.*"/proc/sys/kernel/ostype"\], .*\) = 0$',
        r'^openat\(AT_FDCWD, "/proc/sys/kernel/ostype", O_RDONLY\) = 3$',
        r'^read\(3, "Linux\\n", \d+\)\s+= 6$',
        r'^write\(1, "Linux\\n", 6\)\s+= 6$',
        r"^exit_group\(0\)\s+= \?$",
        r"^\+\+\+ exited with 0 \+\+\+$",
    )


def test_strace_follows_processes(tree: Tree) -> None:
    script = "/bin/true; (exit 3); echo $?; kill -USR1 $$"
    shell = f"{tree.root}/usr/bin/dash"
    run = tree.strace("-f", "-e", "trace=execve,exit_group,kill", shell, "-c", script)
    assert run.stdout == "3\n"
    assert run.status == -10
    in_order(
        run.stderr,
        r'^execve\("\S*dash", .*\) = 0$',
        r'execve\("/bin/true", \["/bin/true"\], .*$',
        r"exit_group\(0\) .*= \?$",
        r"\+\+\+ exited with 0 \+\+\+$",
        r"--- SIGCHLD \{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=\d+, .*si_status=0, ",
        r"exit_group\(3\) .*= \?$",
        r"si_status=3, ",
        r"kill\(\d+, SIGUSR1\)\s+= 0$",
        r"--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER, si_pid=\d+, si_uid=\d+\} ---$",
        r"\+\+\+ killed by SIGUSR1 \+\+\+$",
    )


def test_strace_by_seccomp(tree: Tree) -> None:
    shell = f"{tree.root}/usr/bin/dash"
    words = ("-f", "--seccomp-bpf", "-e", "trace=getpid,execve", shell, "-c", "/bin/true")
    run = tree.strace(*words)
    assert run.status == 0
    in_order(run.stderr, r'^execve\("\S*dash"', r'execve\("/bin/true"', r"exited with 0")
    assert "openat" not in run.stderr


def test_strace_attaches(tree: Tree) -> None:
    with subprocess.Popen([*tree.command("sleep"), "60"]) as sleeper:
        try:
            time.sleep(0.5)
            with subprocess.Popen(
                [*tree.command("strace"), "-p", str(sleeper.pid)],
                stderr=subprocess.PIPE,
                text=True,
            ) as strace:
                assert strace.stderr is not None
                assert f"Process {sleeper.pid} attached" in strace.stderr.readline()
                time.sleep(0.5)
                sleeper.terminate()
                _, text = strace.communicate(timeout=TIMEOUT)
            sleeper.wait(TIMEOUT)
        finally:
            sleeper.kill()
    in_order(text, r"clock_nanosleep\(", r"--- SIGTERM \{", r"\+\+\+ killed by SIGTERM \+\+\+")
    assert sleeper.returncode == -15


# --- gdb ----------------------------------------------------------------------------------------


def test_gdb_session(tree: Tree, debugged: Path) -> None:
    text = tree.gdb("break main", "run", "bt", "info registers x29 sp pc cpsr", "break leaf",
                    "continue", "bt", "finish", "next", "print result", "delete", "continue",
                    program=debugged)  # fmt: skip
    in_order(
        text,
        r"^Breakpoint 1, main \(argc=1, ",
        r"^#0  main \(argc=1",
        r"^sp  .*0x",
        r"^pc  .*<main\+\d+>$",
        r"^Breakpoint 2, leaf \(a=21\)",
        r"^#0  leaf \(a=21\)",
        r"^#1  .* in middle \(a=20\)",
        r"^Value returned is \$1 = 42$",
        r"MARK after-leaf$",
        r"^\$2 = 42$",
        r"^\[Inferior 1 \(process \d+\) exited with code 07\]$",
    )


def test_gdb_watches(tree: Tree, debugged: Path) -> None:
    text = tree.gdb("set startup-with-shell off", "break values", "run", "watch counter",
                    "continue", "kill", program=debugged)  # fmt: skip
    in_order(text, r"^Watchpoint 2: counter$", r"^Old value = 0$", r"^New value = 43$")


def test_gdb_writes(tree: Tree, debugged: Path) -> None:
    text = tree.gdb("break leaf", "run", "print leaf", "set var a = 30", "print $d0 = 1.5",
                    "print $d0", "delete", "continue", program=debugged)  # fmt: skip
    in_order(text, r"^\$3 = .*f = 1.5", r"^values 61 3$")


@pytest.mark.parametrize(("mode", "expected"), [("parent", "leaf"), ("child", "forks")])
def test_gdb_follows_forks(tree: Tree, debugged: Path, mode: str, expected: str) -> None:
    text = tree.gdb(f"set follow-fork-mode {mode}", "break leaf", "run forks", "bt",
                    "continue", program=debugged)  # fmt: skip
    if mode == "child":
        in_order(text, r"hit Breakpoint 1\S*, leaf \(a=20\)", rf"^#1  .* in {expected} \(\)",
                 r"exited with code 050\]$")  # fmt: skip
    else:
        in_order(text, r"Detaching after fork", r"^forks 40$", r"exited with code 07\]$")


def test_gdb_follows_vfork_and_exec(tree: Tree, debugged: Path) -> None:
    text = tree.gdb("set follow-fork-mode child", "break leaf", "run vforks", "bt", "continue",
                    program=debugged)  # fmt: skip
    in_order(text, r"is executing new program", r"leaf \(a=21\)", r"exited with code 07\]$")


def test_gdb_threads(tree: Tree, debugged: Path) -> None:
    text = tree.gdb("set startup-with-shell off", f"break {mark('worker')}", "run threads",
                    "info threads", "thread apply all bt 1", "delete", "continue",
                    program=debugged)  # fmt: skip
    in_order(text, r"^\[New LWP \d+\]$", r"hit Breakpoint 1", r"^\s+1\s+LWP \d+",
             r"^\*\s+[23]\s+LWP \d+", r"^threads ", r"exited with code 07\]$")  # fmt: skip


def test_gdb_attaches(tree: Tree, debugged: Path) -> None:
    command = [str(tree.launcher.path), *tree.launcher.options, str(debugged), "spins"]
    with subprocess.Popen(command) as program:
        try:
            time.sleep(1)
            text = tree.gdb(f"file {debugged}", f"attach {program.pid}", "bt", "stepi", "detach")
            assert program.poll() is None
        finally:
            program.kill()
    in_order(text, r"^#\d  .* in spins \(\)|^#0  spins \(\)", r"^\[Inferior 1 .* detached\]$")
