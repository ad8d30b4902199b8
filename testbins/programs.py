"""The guest programs of testbins/: what each is built from, how, and how it is run in tests.

Owns the list of programs and of their builds. Must not know compilers (testbins/build.py) or how
results are compared (tests/test_programs.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
BUILD = FOLDER.parent / "build" / "testbins"


@dataclass(frozen=True)
class Program:
    """One guest program.

    `sources` are below testbins/, C unless they end in .cpp or .S. `status` is the exit status of a
    correct run. `small` programs run in the IR interpreter too. `golden` ones do what only AArch64
    does: they have no amd64 twin, and expected/NAME.txt holds their output. `libcs` says with which
    C libraries the program works and prints the same as its twin, `pie` asks for a static PIE too.
    """

    name: str
    sources: tuple[str, ...]
    status: int = 0
    arguments: tuple[str, ...] = ()
    stdin: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    levels: tuple[str, ...] = ("O0", "O2")
    libcs: tuple[str, ...] = ("glibc", "musl")
    small: bool = False
    pie: bool = False
    golden: bool = False
    host_features: tuple[str, ...] = ()

    @property
    def language(self) -> str:
        """ "asm", "c" or "cpp"."""
        return {".S": "asm", ".c": "c", ".cpp": "cpp"}[Path(self.sources[0]).suffix]

    @property
    def expected(self) -> Path:
        """Where the output of a program without a twin is written down."""
        return FOLDER / "expected" / f"{self.name}.txt"


@dataclass(frozen=True)
class GuestBuild:
    """One way to build a program for the guest; its file is BUILD/`file`."""

    program: Program
    level: str
    libc: str
    pie: bool = False

    @property
    def file(self) -> str:
        suffix = ("-musl" if self.libc == "musl" else "") + ("-pie" if self.pie else "")
        return f"{self.program.name}-{self.level}{suffix}"

    @property
    def path(self) -> Path:
        return BUILD / self.file


def native_path(program: Program, level: str) -> Path:
    """Where the amd64 twin of a program lies."""
    return BUILD / "native" / f"{program.name}-{level}"


def _c(name: str, **options: Any) -> Program:
    return Program(name, (f"c/{name}.c",), **options)


PROGRAMS = (
    Program("hello-asm", ("asm/hello.S",), levels=("O0",), small=True, golden=True),
    _c("hello", status=3, arguments=("one", "", "two words"), small=True, pie=True),
    _c("fib", status=5, small=True),
    _c("sort", status=3, small=True),
    _c("integers", status=85, small=True),
    _c("vectors", status=9, small=True),
    _c("atomics", small=True),
    _c("setjmp", status=4, small=True),
    _c("contexts", status=29, libcs=("glibc",), small=True),  # musl has no makecontext
    # The functions themselves are wanted, not what the compiler knows about them.
    _c("strings", flags=("-fno-builtin",), small=True),
    _c("floats", status=17, flags=("-fno-builtin", "-frounding-math"), small=True),
    _c("malloc", status=5),
    _c(
        "syscalls",
        status=42,
        arguments=("--tier=9", "", "ä ö", "-"),
        stdin="first\nsecond line\n\nno newline at the end",
        environment=(("PYDBT_TEST_ONE", "1"), ("PYDBT_TEST_EMPTY", "")),
        small=True,
    ),
    Program("cxx", ("cpp/cxx.cpp",), status=21, small=True, pie=True),
    _c("arch", status=64, libcs=("glibc",), golden=True, small=True),
    Program(
        "crypto",
        ("c/crypto.c", "c/crypto_hashes.c"),
        status=23,
        golden=True,
        small=True,
        host_features=("avx2",),
    ),
)

# The kernels of `make bench` (tests/bench); not a test program.
BENCH = Program(
    "bench",
    tuple(
        f"bench/{name}.c"
        for name in (
            "main",
            "integer",
            "memory",
            "floating",
            "vector_float",
            "vector_integer",
            "crypto",
        )
    ),
    levels=("O2",),
)


def guest_builds(program: Program, libc: str) -> Iterator[GuestBuild]:
    """The builds of a program that a compiler for `libc` is asked for; "glibc" brings musl, too."""
    if program.language == "asm":
        yield GuestBuild(program, program.levels[0], "none")
        return
    for level in program.levels:
        if libc == "glibc" and "glibc" in program.libcs:
            yield GuestBuild(program, level, "glibc")
    # Debian's cross compiler has no C++ library for musl; ziglang has, and has only musl.
    if "musl" in program.libcs and (libc == "musl" or program.language == "c"):
        for level in program.levels if libc == "musl" else program.levels[-1:]:
            yield GuestBuild(program, level, "musl")
    if program.pie and libc in program.libcs:
        yield GuestBuild(program, program.levels[-1], libc, pie=True)


def best_build(program: Program, libc: str) -> GuestBuild:
    """The build that measurements use: for `libc`, at the program's highest level, no PIE."""
    builds = [build for build in guest_builds(program, libc) if not build.pie]
    return max(builds, key=lambda build: (build.libc == libc, build.level))


def program_named(name: str) -> Program:
    """The program of that name; KeyError when there is none."""
    return {program.name: program for program in (*PROGRAMS, BENCH)}[name]


BARE = ("exceptions", "mmu", "smp", "debug")
"""Programs without an operating system, testbins/bare/NAME.c: for EL1 of the `virt` machine."""

BARE_ALONE = ("sp",)
"""The same of what QEMU does not do; expected/NAME.txt holds their output."""


def bare_path(name: str) -> Path:
    """The ELF file of a bare-metal program."""
    return BUILD / "bare" / name
