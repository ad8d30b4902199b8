"""-g: real sessions of gdb-multiarch with programs that run under the launcher."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbins.build import build
from tests.usermode.gdb import Debugging, mark
from tests.usermode.support import Launcher, guest_step
from tools.guest_toolchain import Compiler, Gdb, ToolchainError, find_gdb


@pytest.fixture(scope="session")
def gdb() -> Gdb:
    """GDB, fetched when it is not there."""
    try:
        return find_gdb(fetch=True)
    except ToolchainError as error:
        pytest.fail(str(error), pytrace=False)


def _debugged(compiler: Compiler, libc: str) -> Path:
    step = guest_step(compiler, "debugged", libc, ("-g", "-O0", "-pthread"), "-g")
    build([step])
    return step.target


@pytest.fixture(scope="session")
def program(compiler: Compiler) -> Path:
    """debugged.c, static."""
    return _debugged(compiler, compiler.libc)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's."""
    path = Path(tempfile.mkdtemp(prefix="g"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def debug(tiered: Launcher, gdb: Gdb, folder: Path) -> Debugging:
    """Sessions on each tier."""
    return Debugging(tiered, gdb, folder)


@pytest.fixture
def debug_default(pydbt: Launcher, gdb: Gdb, folder: Path) -> Debugging:
    """Sessions on the launcher as it runs by default."""
    return Debugging(pydbt, gdb, folder)


# --- breakpoints, steps, frames -----------------------------------------------------------------


def test_break_step_finish(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break leaf", "continue", "backtrace", "step", "print doubled", "finish",
                  "next", "print result", "delete", "continue")  # fmt: skip
    s.in_order(
        f"leaf (a=21) at {program_source()}:{mark('leaf')}",
        "#0  leaf (a=21)", "#1  ", " in middle (a=20)", "#2  ", " in values ()", "#3  ", "in main",
        "return doubled",
        "$1 = 42",
        "middle (a=20)",
        "Value returned is $2 = 42",
        f"{mark('after-leaf')}\t",
        "$3 = 42",
        "exited with code 07",
    )  # fmt: skip
    assert s.status == 7
    assert s.stdout == "values 43 3\n"


def program_source() -> str:
    """How GDB names debugged.c."""
    return str(Path(__file__).with_name("guests") / "debugged.c")


def test_stepping_instructions(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break main", "continue", "print/x $pc", "stepi 200", "print/x $pc",
                  "delete", "continue")  # fmt: skip
    assert s.value(1) != s.value(2)
    assert s.status == 7


def test_hardware_and_conditional_breakpoints(debug: Debugging, program: Path) -> None:
    line = mark("filling")
    s = debug.run(program, f"break {line} if n == 2", "hbreak leaf", "continue", "print n",
                  "print watched[1]", "continue", arguments=("memory",))  # fmt: skip
    assert (s.value(1), s.value(2)) == ("2", "3")
    assert s.stdout == "memory 9 3\n"


def test_call_that_stops(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break leaf", "continue", "print leaf(4)", "finish", "continue",
                  "continue")  # fmt: skip
    s.in_order("stopped while in a function called from GDB", "Value returned is $1 = 8", "code 07")
    assert s.stdout == "values 43 3\n"


def test_call_of_a_function(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break main", "continue", "print leaf(4)", "print scale(3)",
                  "print $_exitcode", "continue")  # fmt: skip
    assert (s.value(1), s.value(2)) == ("8", "4.5")
    assert s.stdout == "values 43 9\n"


# --- state --------------------------------------------------------------------------------------


def test_registers(debug: Debugging, program: Path) -> None:
    s = debug.run(
        program,
        f"break {mark('scaled')}", "continue",
        "set $d0 = 2.5", "print $v0.d.f[0]", "print $d0.f", "print $s0.f",
        "set $v1.b.u[15] = 200", "print $v1.b.u[15]", "print/x $v1.q.u[0]",
        "set $x5 = 77", "print $x5", "print $w5",
        "set $fpcr = 0x400000", "print/x $fpcr", "set $fpsr = 0x1f", "print/x $fpsr",
        "print $sp == $x29", "set $cpsr = 0xf0000000", "print $cpsr",
        "print $tpidr != 0", "print/x $pauth_dmask", "print/x $pauth_cmask",
        "print $ssbs", "print/x $tpidrro_el0", "info registers system", "kill",
    )  # fmt: skip
    assert s.value(1) == s.value(2) == "2.5"
    assert s.value(4) == "200"
    assert s.value(5).startswith("0xc8")
    assert (s.value(6), s.value(7)) == ("77", "77")
    assert (s.value(8), s.value(9)) == ("0x400000", "0x1f")
    assert s.value(11) == "[ BTYPE=0 V C Z N ]"
    assert s.value(12) == "1"
    assert s.value(13) == s.value(14) == "0x7f000000000000"


def test_registers_take_effect(debug: Debugging, program: Path) -> None:
    s = debug.run(program, f"break {mark('scaled')}", "continue", "set var ratio = 10",
                  "return (double) 0.25", "next", "continue")  # fmt: skip
    assert s.stdout == "values 43 0.25\n"


def test_memory(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break middle", "continue", "set var a = 30", "print &counter",
                  "print *(int*)0", "x/s argv[0]", "up 2", "print what",
                  "find $sp, +4096, (char)'v', (char)'a', (char)'l'",
                  "dump binary value /dev/null watched", "continue")  # fmt: skip
    s.in_order("Cannot access memory at address 0x0", '"values"')
    assert s.stdout == "values 63 3\n"


def test_code_is_written(debug: Debugging, program: Path) -> None:
    """GDB writes an instruction: mov w0, #99; the return of leaf() is that."""
    s = debug.run(program, "break leaf", "continue", "delete", "print middle(1)",
                  "set var *(int*)((char*)&leaf) = 0x52800c60",
                  "set var *(int*)((char*)&leaf + 4) = 0xd65f03c0",
                  "print middle(1)", "kill")  # fmt: skip
    assert (s.value(1), s.value(2)) == ("5", "100")


def test_objects(debug_default: Debugging, program: Path) -> None:
    s = debug_default.run(program, "break main", "continue", "info auxv", "info proc mappings",
                          "info proc exe", "print $_siginfo.si_signo", "info files", "kill",
                          symbols=False)  # fmt: skip
    assert re.search(r"AT_ENTRY +Entry point of program +0x", s.text)
    assert f"exe = '{program}'" in s.text
    assert re.search(rf"r-xp? +0x0 +{re.escape(str(program))}|r-xp.*{program.name}", s.text)
    assert "pydbt" not in s.text.replace(str(program), "")


def test_dynamic_program(debug_default: Debugging, compiler: Compiler, program: Path) -> None:
    if compiler.root is None:
        pytest.skip("no glibc")
    path = _debugged(compiler, "dynamic")
    s = debug_default.run(path, "set sysroot target:", "break leaf", "continue",
                          "info sharedlibrary", "backtrace 2", "delete", "continue",
                          options=("-L", f"{compiler.root}/usr/aarch64-linux-gnu"),
                          symbols=False)  # fmt: skip
    s.in_order("leaf (a=21)", "target:/lib/libc.so.6", "#1  ", "middle (a=20)", "code 07")


# --- watchpoints --------------------------------------------------------------------------------


def test_watch(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "watch watched[2]", "continue", "continue", "continue", "continue",
                  arguments=("memory",))  # fmt: skip
    s.in_order("New value = 6", "Old value = 6", "New value = 7", "code 07")
    assert s.stdout == "memory 9 3\n"


def test_watch_of_reads(debug: Debugging, program: Path) -> None:
    line = mark("filling")
    s = debug.run(program, f"break {line}", "continue", "delete", "rwatch watched[1]", "continue",
                  "backtrace", "delete", "awatch watched[2]", "continue", "continue", "delete",
                  "continue", arguments=("memory",))  # fmt: skip
    s.in_order("Hardware read watchpoint", "Value = 3", "Hardware access (read/write) watchpoint",
               "New value = 7", "code 07")  # fmt: skip


# --- threads ------------------------------------------------------------------------------------


def test_threads(debug: Debugging, program: Path) -> None:
    s = debug.run(program, f"break {mark('worker')}", "continue", "info threads",
                  "thread apply all print $pc != 0", "continue", "delete",
                  f"break {mark('joined')}", "continue", "info threads", "continue",
                  arguments=("threads",))  # fmt: skip
    first, _, last = s.text.partition(f":{mark('joined')}")
    assert len(re.findall(r"^[* ] \d+ +Thread ", first, re.MULTILINE)) >= 3
    assert first.count(f" at {program_source()}:{mark('worker')}") >= 2
    assert "[Inferior 1 (process" in last
    assert s.stdout == "threads 10 11\n"


def test_one_thread_goes(debug: Debugging, program: Path) -> None:
    s = debug.run(program, f"break {mark('worker')}", "continue", "set scheduler-locking on",
                  "next", "print watched[0] + watched[1] >= 10", "next 2",
                  "set scheduler-locking off", "delete", "continue",
                  arguments=("threads",), interrupt_after=4)  # fmt: skip
    assert s.value(1) == "1"
    s.in_order("received signal SIGINT")


# --- signals ------------------------------------------------------------------------------------


def test_signals(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "continue", "print $_siginfo.si_signo", f"break {mark('handler')}",
                  "continue", "backtrace", "continue", "print $_siginfo.si_signo",
                  "print $_siginfo._sifields._sigfault.si_addr", "backtrace 1", "continue",
                  arguments=("signals",))  # fmt: skip
    s.in_order("received signal SIGUSR1", "$1 = 10", "on_signal (number=10)",
               "<signal handler called>", "received signal SIGSEGV", "$2 = 11", "0x10",
               f":{mark('fault')}", "terminated with signal SIGSEGV")  # fmt: skip
    assert s.stdout == "signals 10\n"
    assert s.status == -11


def test_signals_are_changed(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "continue", "signal 0", "handle SIGSEGV nostop noprint", "continue",
                  arguments=("signals",))  # fmt: skip
    assert s.stdout == "signals 0\n"
    assert s.status == -11


def test_signal_that_would_kill(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "continue", "signal 0", arguments=("deadly",))
    s.in_order("received signal SIGTERM", "code 07")
    assert s.stdout == "survived\n"
    s = debug.run(program, "continue", "continue", arguments=("deadly",))
    s.in_order("terminated with signal SIGTERM")
    assert s.status == -15


def test_signals_pass(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "handle SIGUSR1 nostop noprint pass", "continue", "kill",
                  arguments=("signals",))  # fmt: skip
    s.in_order("received signal SIGSEGV")
    assert "SIGUSR1," not in s.text
    assert s.status == -9


def test_step_into_handler(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "continue", "stepi", "backtrace 1", "kill", arguments=("signals",))
    s.in_order("received signal SIGUSR1", "on_signal")


# --- calls, interrupts --------------------------------------------------------------------------


def test_catch_syscall(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "catch syscall getppid", "continue", "print $x8", "continue",
                  "print $x0 > 0", "set $x0 = 0", "continue", arguments=("calls",))  # fmt: skip
    s.in_order("(call to syscall getppid)", "$1 = 173", "(returned from syscall getppid)", "$2 = 1")
    assert s.stdout == "calls 0\n"


def test_interrupted_code(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "continue", "backtrace", "set var counter = 5", "continue",
                  arguments=("spins",), interrupt_after=3)  # fmt: skip
    s.in_order("received signal SIGINT", "spins ()")
    assert s.stdout == "spun 5\n"


def test_interrupted_call(debug: Debugging, program: Path) -> None:
    """A thread in a call stands at its SVC. A function is called meanwhile, and then the call is
    made again."""
    s = debug.run(program, "continue", "x/i $pc", "print leaf(3)", "x/i $pc", "catch syscall",
                  "continue", "print $x8 == 115", "kill",
                  arguments=("sleeps",), interrupt_after=3)  # fmt: skip
    s.in_order("received signal SIGINT", "svc\t#0x0", "$1 = 6", "svc\t#0x0",
               "call to syscall clock_nanosleep", "$2 = 1")  # fmt: skip


def test_interrupted_call_goes_on(debug: Debugging, program: Path) -> None:
    """A stop does not end a call, not even one that signals end."""
    s = debug.run(program, "continue", "info threads", "print $pc != 0", "continue",
                  arguments=("naps",), interrupt_after=2)  # fmt: skip
    s.in_order("received signal SIGINT", "$1 = 1", "code 07")
    assert s.stdout == "napped 0\n"


# --- ends ---------------------------------------------------------------------------------------


def test_detach(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break leaf", "watch counter", "continue", "detach")
    assert s.stdout == "values 43 3\n"
    assert s.status == 7


def test_kill(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break leaf", "continue", "kill")
    assert (s.stdout, s.status) == ("", -9)


def test_lost_client(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "break leaf", "continue", "maint packet qC", "python import os",
                  "shell kill -9 $PPID")  # fmt: skip
    assert (s.stdout, s.status) == ("values 43 3\n", 7)


def test_without_suspend(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "set var counter = 6", "continue", arguments=("spins",),
                  suspend=",suspend=n")  # fmt: skip
    assert (s.stdout, s.status) == ("spun 6\n", 7)


# --- processes ----------------------------------------------------------------------------------


def test_fork_follows_parent(debug: Debugging, program: Path) -> None:
    s = debug.run(program, f"break {mark('child')}", f"break {mark('parent')}", "catch fork",
                  "continue", "continue", "print status >> 8", "continue",
                  arguments=("forks",))  # fmt: skip
    s.in_order("(forked process ", "[Detaching after fork from child process ",
               f":{mark('parent')}", "$1 = 40", "code 07")  # fmt: skip
    assert s.stdout == "forks 40\n"


def test_fork_follows_child(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "set follow-fork-mode child", f"break {mark('child')}", "continue",
                  "backtrace", "set var counter = 1", "next", "print counter", "continue",
                  arguments=("forks",))  # fmt: skip
    s.in_order("[Attaching after", "[Detaching after fork from parent", "forks ()", "in main",
               "$1 = 40", "exited with code 050")  # fmt: skip
    assert (s.stdout, s.status) == ("forks 40\n", 7)


def test_fork_follows_both(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "set detach-on-fork off", "set schedule-multiple on",
                  f"break {mark('child')}", f"break {mark('parent')}", "continue",
                  "info inferiors", "print counter", "continue",
                  "inferior 1", "continue", "print status >> 8", "continue",
                  arguments=("forks",))  # fmt: skip
    s.in_order("[New inferior 2 (process ", f":{mark('child')}", "* 2 ", "exited with code 050",
               f":{mark('parent')}", "$2 = 40", "code 07")  # fmt: skip


def test_vfork_follows_parent(debug: Debugging, program: Path) -> None:
    s = debug.run(program, f"break {mark('parent-of-vfork')}", "break leaf", "continue",
                  "print status >> 8", "continue", arguments=("vforks",))  # fmt: skip
    s.in_order("[Detaching after vfork", f":{mark('parent-of-vfork')}", "$1 = 7", "code 07")
    assert s.stdout == "values 43 3\nvforks 7\n"


def test_vfork_and_exec_follow_child(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "set follow-fork-mode child", "break leaf", "continue", "backtrace 2",
                  "continue", arguments=("vforks",))  # fmt: skip
    s.in_order("is executing new program", "leaf (a=21)", "middle (a=20)", "exited with code 07")
    assert (s.stdout, s.status) == ("values 43 3\nvforks 7\n", 7)


def test_exec(debug: Debugging, program: Path) -> None:
    s = debug.run(program, "catch exec", "continue", "break leaf", "continue", "delete", "continue",
                  arguments=("execs",))  # fmt: skip
    s.in_order(f"(exec'd {program})", "leaf (a=21)", "code 07")
    assert (s.stdout, s.status) == ("values 43 3\n", 7)
