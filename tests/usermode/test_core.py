"""Core dumps: when there is one, what the parent is told of it, and what is in it."""

from __future__ import annotations

import os
import resource
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.usermode.support import TIMEOUT, Launcher
from tools.guest_toolchain import find_gdb

PATTERN = Path("/proc/sys/kernel/core_pattern")
FATAL = ("QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "XCPU", "XFSZ", "SYS")
UNLIMITED = resource.RLIM_INFINITY

PT_LOAD, PT_NOTE, ET_CORE, EM_AARCH64 = 1, 4, 4, 183
PRSTATUS, FPREGSET, PRPSINFO, AUXV = 1, 2, 3, 6
SIGINFO, FILES, TLS, SYSTEM_CALL, PAC_MASK = 0x53494749, 0x46494C45, 0x401, 0x404, 0x406

pytestmark = pytest.mark.skipif(
    "/" in PATTERN.read_text() or PATTERN.read_text()[0] in "|@",
    reason="the machine's core_pattern takes cores elsewhere",
)


@dataclass
class Death:
    """How a program ended."""

    signal: int
    dumped: bool
    places: list[int]  # what it prints: addresses
    stderr: str
    folder: Path
    pid: int

    @property
    def cores(self) -> list[Path]:
        return sorted(self.folder.glob("core*"))

    @property
    def core(self) -> Core:
        assert len(self.cores) == 1
        return Core(self.cores[0].read_bytes())


@dataclass
class Core:
    """A core file, read."""

    data: bytes
    notes: list[tuple[int, bytes]] = field(default_factory=list)
    loads: list[tuple[int, int, int, int]] = field(default_factory=list)  # begin, end, offset, size

    def __post_init__(self) -> None:
        kind, machine = struct.unpack_from("<HH", self.data, 16)
        assert (self.data[:4], kind, machine) == (b"\x7fELF", ET_CORE, EM_AARCH64)
        start, count = struct.unpack_from("<Q", self.data, 32)[0], self.data[56]
        for n in range(count):
            kind, _, at, begin, _, size, memory, _ = struct.unpack_from(
                "<IIQQQQQQ", self.data, start + 56 * n
            )
            if kind == PT_NOTE:
                self.notes = list(self._read_notes(at, at + size))
            else:
                assert kind == PT_LOAD
                self.loads.append((begin, begin + memory, at, size))

    def _read_notes(self, at: int, end: int) -> Iterator[tuple[int, bytes]]:
        while at < end:
            name, size, kind = struct.unpack_from("<III", self.data, at)
            at += 12 + -(-name // 4) * 4
            yield kind, self.data[at : at + size]
            at += -(-size // 4) * 4

    def all(self, kind: int) -> list[bytes]:
        return [data for k, data in self.notes if k == kind]

    def memory(self, address: int, count: int) -> bytes | None:
        """What is there; None when the file does not say."""
        for begin, _, at, size in self.loads:
            if begin <= address and address + count <= begin + size:
                place = at + address - begin
                return self.data[place : place + count].ljust(count, b"\0")
        return None


Crash = Callable[..., Death]


def gone(pattern: str) -> bool:
    """Whether /dev/shm has no such folder; who removes it is told when the program is."""
    end = time.monotonic() + TIMEOUT
    while any(Path("/dev/shm").glob(pattern)):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def crash(pydbt: Launcher, guest: Callable[..., Path], tmp_path: Path) -> Crash:
    """Runs guests/crash.c in an empty folder."""

    def run(how: str, *settings: str, limit: int = UNLIMITED, folder: Path = tmp_path) -> Death:
        with subprocess.Popen(
            [pydbt.path, *pydbt.options, guest("crash"), how, *settings],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit, UNLIMITED)),
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            out, err = process.stdout.read(), process.stderr.read()
            _, status = os.waitpid(process.pid, 0)
            process.returncode = status
        places = [int(word, 16) for word in out.split() if word.startswith("0x")]
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return Death(number, os.WCOREDUMP(status), places, err, folder, process.pid)

    return run


@pytest.mark.parametrize("name", FATAL)
def test_signals_that_dump(name: str, crash: Crash) -> None:
    number = getattr(signal, f"SIG{name}")
    death = crash(str(int(number)))
    assert (death.signal, death.dumped) == (number, True)
    status = death.core.all(PRSTATUS)[0]
    assert struct.unpack_from("<iiih", status) == (number, 0, 0, number)
    assert struct.unpack_from("<i", death.core.all(SIGINFO)[0]) == (number,)
    assert gone(f"pydbt-core-{death.pid}-*")


@pytest.mark.parametrize("name", ["TERM", "KILL", "USR1", "HUP"])
def test_signals_that_do_not(name: str, crash: Crash) -> None:
    number = getattr(signal, f"SIG{name}")
    death = crash(str(int(number)))
    assert (death.signal, death.dumped, death.cores) == (number, False, [])


def test_no_core_without_a_limit(crash: Crash) -> None:
    for limit in (0, 1000):
        for how in ("abort", "segv"):
            death = crash(how, limit=limit)
            assert (death.dumped, death.cores) == (False, [])
            assert death.signal == (signal.SIGABRT if how == "abort" else signal.SIGSEGV)


def test_a_limit_cuts_it(crash: Crash) -> None:
    death = crash("abort", limit=20000)
    assert death.dumped
    assert death.cores[0].stat().st_size == 20000


def test_undumpable(crash: Crash) -> None:
    death = crash("abort", "undumpable")
    assert (death.signal, death.dumped, death.cores) == (signal.SIGABRT, False, [])


def test_registers_and_memory(crash: Crash, guest: Callable[..., Path]) -> None:
    death = crash("segv")
    assert (death.signal, death.dumped) == (signal.SIGSEGV, True)
    core = death.core
    told = core.all(SIGINFO)[0]
    code, address = struct.unpack_from("<i", told, 8)[0], struct.unpack_from("<Q", told, 16)[0]
    assert (code, address) == (1, 16)  # SEGV_MAPERR
    registers = struct.unpack_from("<34Q", core.all(PRSTATUS)[0], 112)
    pc = registers[32]
    assert f"SIGSEGV at pc {pc:#x}," in death.stderr
    # The instruction is in the file itself, or where the file says that its code is.
    data = guest("crash").read_bytes()
    start, count = struct.unpack_from("<Q", data, 32)[0], data[56]
    words = [
        struct.unpack_from("<I", data, at + pc - begin)[0]
        for kind, _, at, begin, _, size, *_ in (
            struct.unpack_from("<IIQQQQQQ", data, start + 56 * n) for n in range(count)
        )
        if kind == PT_LOAD and begin <= pc < begin + size
    ]
    assert len(words) == 1
    assert words[0] & 0xBFC00000 == 0xB9000000  # str w, [x]
    text, secret, shared, mapped, touched = death.places
    assert core.memory(text, 12) == b"on the heap\0"
    assert core.memory(secret, 9) == b"a secret\0"
    assert core.memory(shared, 7) == b"shared\0"
    assert core.memory(mapped, 4) == b"\x7fELF"
    assert core.memory(mapped + 4092, 8) is None
    assert core.memory(touched, 2) == b"\7\0"
    assert core.memory(touched - 4096, 1) == b"\0"
    assert death.cores[0].stat().st_blocks * 512 < 4 << 20  # most of it is a hole


def test_notes(crash: Crash, guest: Callable[..., Path]) -> None:
    core = crash("abort").core
    sizes = {PRSTATUS: 392, PRPSINFO: 136, SIGINFO: 128, FPREGSET: 528, TLS: 8, PAC_MASK: 16}
    for kind, size in sizes.items():
        assert [len(data) for data in core.all(kind)] == [size]
    assert core.all(SYSTEM_CALL) == [struct.pack("<i", 131)]  # tgkill
    program = str(guest("crash"))
    info = core.all(PRPSINFO)[0]
    assert info[40:56].rstrip(b"\0") == b"crash-glibc"[:15]
    assert info[56:].rstrip(b"\0").decode() == f"{program} abort"[:79]
    auxv = dict(struct.iter_unpack("<QQ", core.all(AUXV)[0]))
    vdso = auxv[33]
    assert core.memory(vdso, 4) == b"\x7fELF"
    files = core.all(FILES)[0]
    count, page = struct.unpack_from("<QQ", files)
    names = files[16 + 24 * count :].split(b"\0")[:-1]
    assert page == 4096
    assert set(names) == {program.encode(), b"/dev/zero (deleted)"}  # shared memory, as Linux
    assert len(names) == count


def test_all_threads_are_in_it(crash: Crash) -> None:
    core = crash("abort", "threads").core
    statuses, calls = core.all(PRSTATUS), [struct.unpack("<i", d)[0] for d in core.all(SYSTEM_CALL)]
    assert len(statuses) == 3
    ids = [struct.unpack_from("<i", s, 32)[0] for s in statuses]
    assert len(set(ids)) == 3
    # The one that died, the one that computes, the one in a call (ppoll is what pause() is).
    assert calls[:2] == [131, -1]
    assert calls[2] == 73
    floats = [struct.unpack_from("<d", f, 8 * 16)[0] for f in core.all(FPREGSET)]
    assert floats[1] == 1.25
    assert len(set(core.all(TLS))) == 3


def test_what_the_filter_lets_through(crash: Crash) -> None:
    death = crash("abort", "filter=0")
    text, secret, shared, mapped, _ = death.places
    core = death.core
    assert all(core.memory(at, 1) is None for at in death.places)
    death.cores[0].unlink()
    death = crash("abort", "filter=2")
    core = death.core
    text, secret, shared, mapped, _ = death.places
    assert core.memory(shared, 6) == b"shared"
    assert core.memory(text, 1) is core.memory(mapped, 1) is None
    death.cores[0].unlink()
    death = crash("abort", "filter=5")
    core = death.core
    text, secret, shared, mapped, _ = death.places
    assert core.memory(mapped + 100, 1) is not None
    assert core.memory(shared, 1) is None
    assert core.memory(secret, 8) == b"a secret"


def test_memory_that_is_not_to_be_dumped(crash: Crash) -> None:
    death = crash("abort", "nodump")
    assert death.core.memory(death.places[1], 1) is None
    assert death.core.memory(death.places[0], 2) == b"on"


def test_files_that_are_in_the_way(crash: Crash, tmp_path: Path) -> None:
    if PATTERN.read_text() != "core\n":
        pytest.skip("names are another every time")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/core").write_text("x" * 100)
    assert crash("abort", folder=tmp_path / "a").core.all(PRSTATUS)  # written over
    (tmp_path / "b").mkdir()
    (tmp_path / "b/core").symlink_to(tmp_path / "else")
    assert not crash("abort", folder=tmp_path / "b").dumped
    assert not (tmp_path / "else").exists()
    (tmp_path / "c/core").mkdir(parents=True)
    assert not crash("abort", folder=tmp_path / "c").dumped


def test_a_process_in_anothers_memory(crash: Crash) -> None:
    death = crash("vfork")
    assert (death.signal, death.dumped) == (0, False)
    assert death.core.all(PRSTATUS)


@pytest.mark.skipif(
    "PYDBT_CHANGE_CORE_PATTERN" not in os.environ,
    reason="changes the whole machine's core_pattern for moments, as root; set this to allow it",
)
def test_patterns_with_folders(crash: Crash, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    before = PATTERN.read_text()
    for pattern, dumped in (
        ("a/core.%e", True),
        (f"{tmp_path}/./a//core.%E.%p", True),
        (f"{tmp_path}/a/../core", False),  # WCOREDUMP cannot be had
    ):
        PATTERN.write_text(pattern)
        try:
            death = crash("abort", folder=tmp_path)
        finally:
            PATTERN.write_text(before)
        assert (death.signal, death.dumped) == (signal.SIGABRT, dumped)
        (core,) = (file for file in tmp_path.rglob("core*") if file.is_file())
        assert Core(core.read_bytes()).all(PRSTATUS)
        core.unlink()


def test_gdb_reads_it(crash: Crash, guest: Callable[..., Path]) -> None:
    """gdb-multiarch: every thread's stack, registers, memory, what was mapped."""
    gdb, death, program = find_gdb(fetch=True), crash("segv", "threads"), guest("crash")
    questions = (
        "thread apply all bt",
        "p $_siginfo.si_signo",
        "p $_siginfo._sifields._sigfault.si_addr",
        "info registers x0 cpsr",
        "x/s *(char**)&text",
        "p *(long*)&counter >= 1000",
        "thread 2",
        "p $d8.f",
        "info proc mappings",
        "info auxv",
    )
    commands = [word for question in questions for word in ("-ex", question)]
    shown = subprocess.run(
        [*gdb.command, "-batch", *commands, program, death.cores[0]],
        env={**os.environ, **gdb.env},
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
        check=True,
    ).stdout
    for text in (
        f"Core was generated by `{program} segv threads'.",
        "Program terminated with signal SIGSEGV, Segmentation fault.",
        "in sleep_for_ever ()\n#2 ",
        "in spin ()\n#1 ",
        "in inner ()\n#1 ",
        "in outer ()\n#2 ",
        "$1 = 11\n",
        "$2 = (void *) 0x10\n",
        "x0             0x10",
        '"on the heap"',
        "$3 = 1\n",
        "$4 = 1.25\n",
        f"0x0                {program}",
        "AT_SYSINFO_EHDR",
    ):
        assert text in shown, shown
