"""-strace and -d: the form of what they write."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pydbt.listing import listing
from tests.usermode.support import Launcher, Run

_CALL = re.compile(r"(\d+) (\w+)\((.*)\) = (.+)$")


def calls(run: Run) -> list[tuple[str, str, str]]:
    """Name, arguments and result of each whole line."""
    found = [_CALL.match(line) for line in run.stderr.splitlines()]
    return [(call[2], call[3], call[4]) for call in found if call is not None]


def test_strace_of_one_thread(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run("-strace", guest("exits"), "echo", 'a"\\\t\x01é', stdin="in\n")
    assert run.status == 0
    lines = [line for line in run.stderr.splitlines() if line != "to stderr"]
    # The guest's own output to stderr comes between a call and its result.
    whole = [line for line in lines if _CALL.match(line)]
    assert len({line.split()[0] for line in whole}) == 1  # its process
    seen = calls(run)
    assert seen[0] == ("brk", "NULL", seen[0][2])
    assert re.fullmatch(r"0x[0-9a-f]+", seen[0][2])
    # What a call reads is shown, what it fills is an address.
    assert ("write", r'1, "a\"\\\t\x01\xc3\xa9\nin\n", 11', "11") in seen
    assert any(
        re.fullmatch(r"0, 0x[0-9a-f]+, \d+", args) for name, args, _ in seen if name == "read"
    )
    assert seen[-1] == ("exit_group", "0", "?")


def test_strace_of_flags_and_errors(tiered: Launcher, guest: Callable[..., Path]) -> None:
    seen = calls(tiered.run("-strace", guest("memory"), "refusals"))
    address = r"0x[0-9a-f]+"
    wanted = [
        ("mmap", r"NULL, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE, -1, 0",
         r"-1 errno=9 \(Bad file descriptor\)"),
        ("mmap", r"NULL, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0", address),
        ("munmap", r"0x7b, 4096", r"-1 errno=22 \(Invalid argument\)"),
        ("munmap", address + ", 4096", "0"),
        ("mprotect", address + ", 4096, PROT_READ", r"-1 errno=12 \(Cannot allocate memory\)"),
        ("mprotect", address + ", 0, 0", "0"),
    ]  # fmt: skip
    for row in wanted:
        assert any(all(map(re.fullmatch, row, call)) for call in seen), row


def test_strace_of_files(pydbt: Launcher, guest: Callable[..., Path]) -> None:
    seen = calls(pydbt.run("-strace", guest("processes"), "descriptors"))
    assert ("openat", 'AT_FDCWD, "/dev/null", O_CLOEXEC, 00', "3") in seen


def test_strace_of_structures(pydbt: Launcher, guest: Callable[..., Path]) -> None:
    seen = calls(pydbt.run("-strace", guest("traced"), "calls"))
    address = r"0x[0-9a-f]+"
    wanted = [
        ("pipe2", address + r", O_CLOEXEC", r"0 \{first=\d+, second=\d+\}"),
        ("socket", r"AF_INET, SOCK_STREAM\|SOCK_CLOEXEC, 0", r"\d+"),
        ("bind", r'\d+, \{sa_family=AF_INET, port=0, addr="127\.0\.0\.1"\}, 16', "0"),
        ("bind", r'\d+, \{sa_family=AF_UNIX, sun_path="\\x00name"\}, 7', "0"),
        ("clock_nanosleep", r"CLOCK_REALTIME, 0, \{tv_sec=0, tv_nsec=1000\}, NULL", "0"),
        ("uname", address, r'0 \{sysname="Linux", .*, machine="aarch64"\}'),
        ("unlinkat", r'AT_FDCWD, "nowhere", AT_REMOVEDIR', r"-1 errno=2 .*"),
        ("newfstatat", rf'AT_FDCWD, "/", {address}, AT_SYMLINK_NOFOLLOW',
         r"0 \{st_dev=\d+, st_ino=\d+, st_mode=040\d+, .*\}"),
        ("rt_sigprocmask", r"SIG_BLOCK, \{sig=0x200\}, NULL, 8", "0"),
        ("tgkill", r"\d+, 0, SIGRT_2", r"-1 errno=22 .*"),
        ("prctl", r"PR_SET_NAME, .*", "0"),
        ("wait4", rf"-1, {address}, WNOHANG\|WUNTRACED, NULL", r"-1 errno=10 .*"),
        ("clone", r"CLONE_SIGHAND\|CLONE_THREAD\|SIGCHLD, .*", r"-1 errno=22 .*"),
        ("futex", rf"{address}, FUTEX_WAKE\|FUTEX_PRIVATE_FLAG, 1, .*", "0"),
        ("execve", rf'"/nowhere", \["a", "b c"\], {address}', r"-1 errno=2 .*"),
    ]  # fmt: skip
    for row in wanted:
        assert any(all(map(re.fullmatch, row, call)) for call in seen), row


def test_strace_to_a_file_that_the_guest_would_close(
    pydbt: Launcher, guest: Callable[..., Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    run = pydbt.run("-strace", "-D", log, guest("processes"), "keeps_the_log")
    assert run == Run(0, "ok\n", "")
    assert log.read_text().endswith("exit_group(0) = ?\n")


def test_strace_of_an_unknown_call(pydbt: Launcher, guest: Callable[..., Path]) -> None:
    run = pydbt.run("-strace", guest("processes"), "unknown_syscall")
    assert ("syscall_5000", "", "-1 errno=38 (Function not implemented)") in calls(run)


def test_strace_of_threads(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run("-strace", guest("threads"), "create_join_mutex")
    assert run.status == 0
    begun: dict[str, str] = {}
    for line in run.stderr.splitlines():
        part = re.fullmatch(
            r"(?P<id>\d+) (?:(?P<call>\w+)\(.*\)|<\.\.\. (?P<resumed>\w+) resumed>)"
            r"(?P<end> <unfinished \.\.\.>| = .+)",
            line,
        )
        assert part is not None, line
        if part["resumed"]:
            assert begun.pop(part["id"]) == part["resumed"]
        if part["call"] and part["end"].startswith(" <"):
            assert part["id"] not in begun
            begun[part["id"]] = part["call"]
    assert set(begun.values()) <= {"futex", "exit"}
    assert len(set(re.findall(r"^\d+", run.stderr, re.MULTILINE))) == 9


def test_strace_of_processes(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run("-strace", guest("processes"), "fork_and_wait")
    for line in run.stderr.splitlines():
        assert re.match(r"\d+ (\w+\(|<\.\.\. \w+ resumed> = )", line), line
    assert len(re.findall(r"exit_group\(\d+\) = \?$", run.stderr, re.MULTILINE)) == 21


def test_strace_over_exec(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run("-strace", guest("processes"), "exec_while_another_waits")
    assert run.status == 0
    for line in run.stderr.splitlines():
        assert re.match(r"\d+ (\w+\(|<\.\.\. \w+ resumed> = )", line), line
        assert len(re.findall(r"\d+ \w+\(", line)) <= 1, line


def test_strace_of_a_killed_process(
    pydbt: Launcher, guest: Callable[..., Path], tmp_path: Path
) -> None:
    """One that dies amid a line, here one that nobody reads, does not stop the others."""
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    command = [str(pydbt.path), "-strace", "-D", str(pipe), str(guest("processes"))]
    command.append("four_that_call")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as run:
        try:
            writers: list[int] = []
            while not writers:
                time.sleep(0.2)
                writers = [p for p in _children(run.pid) if _host_call(p) == "1"]
            os.kill(writers[0], signal.SIGKILL)
            until = time.monotonic() + 60
            while run.poll() is None and time.monotonic() < until:
                try:
                    os.read(reader, 1 << 16)
                except BlockingIOError:
                    time.sleep(0.01)
            assert run.poll() == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            os.close(reader)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def _host_call(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except (OSError, IndexError):
        return ""


def test_strace_of_a_death(pydbt: Launcher, guest: Callable[..., Path]) -> None:
    run = pydbt.run("-strace", guest("exits"), "raise", "15")
    assert run.status == -15
    assert re.search(r"tgkill\(\d+, \d+, SIGTERM\)$", run.stderr)


# --- -d -----------------------------------------------------------------------------------------

HEADS = {
    "in_asm": r"in_asm",
    "ir": r"ir",
    "ir_opt": r"ir_opt",
    "out_asm": r"out_asm 0x[0-9a-f]{16} host 0x[0-9a-f]{16} bytes \d+",
    "exec": r"exec 0x[0-9a-f]{16}",
}


@pytest.mark.parametrize("item", HEADS)
def test_log_item(item: str, pydbt: Launcher, guest: Callable[..., Path]) -> None:
    run = pydbt.run("-d", item, guest("startup", "none"))
    assert run.status == 0
    heads = [line for line in run.stderr.splitlines() if re.match(r"[a-z]", line)]
    assert heads
    for head in heads:
        inside = item.startswith("ir") and re.match(r"(function|bb\d+)\b", head)
        assert re.fullmatch(HEADS[item], head) or inside, head


def test_log_of_guest_instructions(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run("-d", "in_asm", guest("startup", "none"))
    rows = [line for line in run.stderr.splitlines() if line.startswith("  ")]
    for row in rows:
        assert re.fullmatch(r"  0x[0-9a-f]{16}:  [0-9a-f]{8}  \S.*", row), row
    assert rows[0].endswith("stp x28, x29, [sp, #-0x10]!")
    assert any(row.endswith("svc #0") for row in rows)


def test_log_of_host_code_is_what_pydbt_disas_reads(
    pydbt: Launcher, guest: Callable[..., Path]
) -> None:
    run = pydbt.run("-d", "in_asm,out_asm", guest("startup", "none"))
    shown = list(listing(run.stderr.splitlines()))
    assert sum(line.startswith("out_asm") for line in shown) == run.stderr.count("out_asm ")
    assert any(re.match(r"  [0-9a-f]{6}: [0-9a-f]+ +mov", line) for line in shown)


def test_log_of_runs(tiered: Launcher, guest: Callable[..., Path]) -> None:
    plain = tiered.run(guest("startup", "none"), env={"A": "1"})
    logged = tiered.run("-d", "exec", guest("startup", "none"), env={"A": "1"})
    # Up to the first line of the auxiliary vector that is another every time.
    assert logged.stdout.splitlines()[:9] == plain.stdout.splitlines()[:9]
    runs = logged.stderr.splitlines()
    assert len(runs) > len(set(runs)) > 10  # loops run blocks again
