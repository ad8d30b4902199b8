"""What a program finds when it starts: registers, stack, arguments, environment, auxv."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, Run, lines
from tools.guest_toolchain import Compiler, find_qemu

# include/uapi/linux/auxvec.h, and arch/arm64's.
AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY = 3, 4, 5, 6, 7, 8, 9
AT_UID, AT_EUID, AT_GID, AT_EGID, AT_PLATFORM, AT_HWCAP, AT_CLKTCK = 11, 12, 13, 14, 15, 16, 17
AT_SECURE, AT_HWCAP2, AT_EXECFN, AT_MINSIGSTKSZ = 23, 26, 31, 51
HWCAP_FP, HWCAP_ASIMD, HWCAP_CRC32, HWCAP_ATOMICS, HWCAP_CPUID = 1, 2, 1 << 7, 1 << 8, 1 << 11

ARGUMENTS = ("one", "", "two words", "-L", "--", "ü", "x" * 10000)
ENVIRONMENT = {"A": "1", "EMPTY": "", "QUOTE": "a 'b' \"c\"", "EQUALS": "x=y", "LONG": "z" * 5000}


@pytest.fixture
def startup(guest: Callable[..., Path]) -> Path:
    return guest("startup", "none")


def auxiliary(text: str) -> dict[int, int]:
    rows = [line.split() for line in lines(text, "aux")]
    found = {int(key, 16): int(value, 16) for key, value in rows}
    assert len(found) == len(rows)
    return found


def test_registers_and_stack(startup: Path, tiered: Launcher) -> None:
    for count in range(1, 6):  # both parities: padding keeps SP aligned
        run = tiered.run(startup, *["x"] * count)
        assert run.status == 0, run.stderr
        for name in ("registers", "fpcr", "fpsr", "tpidr", "alignment", "apart"):
            assert lines(run.stdout, name) == ["0x0"], name
        assert lines(run.stdout, "argc") == [hex(count + 1)]


def test_arguments_and_environment(startup: Path, tiered: Launcher) -> None:
    run = tiered.run(startup, *ARGUMENTS, env=ENVIRONMENT)
    assert run.status == 0, run.stderr
    assert lines(run.stdout, "arg") == [str(startup), *ARGUMENTS]
    shown = [line for line in lines(run.stdout, "env") if "SAN_OPTIONS" not in line]
    assert shown == [f"{key}={value}" for key, value in ENVIRONMENT.items()]


def test_auxiliary_vector(startup: Path, tiered: Launcher, tmp_path: Path) -> None:
    run = tiered.run(os.path.relpath(startup, tmp_path), cwd=tmp_path)
    assert run.status == 0, run.stderr
    aux = auxiliary(run.stdout)
    header = subprocess.run(
        ["readelf", "-hW", str(startup)], capture_output=True, text=True, check=True
    ).stdout
    facts = dict(line.strip().split(":", 1) for line in header.splitlines() if ":" in line)
    assert aux[AT_PHENT] == 56
    assert aux[AT_PHNUM] == int(facts["Number of program headers"])
    assert aux[AT_PHDR] == 0x400000 + 64
    assert aux[AT_ENTRY] == int(facts["Entry point address"], 16)
    assert aux[AT_BASE] == 0
    assert aux[AT_PAGESZ] == 4096
    assert aux[AT_CLKTCK] == os.sysconf("SC_CLK_TCK")
    assert (aux[AT_UID], aux[AT_EUID]) == (os.getuid(), os.geteuid())
    assert (aux[AT_GID], aux[AT_EGID]) == (os.getgid(), os.getegid())
    assert aux[AT_FLAGS] == aux[AT_SECURE] == 0
    assert aux[AT_MINSIGSTKSZ] >= 4720
    needed = HWCAP_FP | HWCAP_ASIMD | HWCAP_CRC32 | HWCAP_ATOMICS | HWCAP_CPUID
    assert aux[AT_HWCAP] & needed == needed
    texts = dict(line.split(" ", 1) for line in lines(run.stdout, "auxtext"))
    assert texts == {
        hex(AT_PLATFORM): "aarch64",
        hex(AT_EXECFN): os.path.relpath(startup, tmp_path),
    }
    assert list(aux)[-1] == 0  # AT_NULL ends it


def test_objects_lie_at_multiples_of_their_alignment(
    guest: Callable[..., Path], compiler: Compiler, tiered: Launcher
) -> None:
    assert tiered.run(guest("places"), "aligned") == Run(0, "aligned\n", "")
    if compiler.root is not None:
        root = compiler.root / "usr/aarch64-linux-gnu"
        assert tiered.run("-L", root, guest("places", "dynamic")) == Run(0, "aligned\n", "")


def test_random_bytes_differ(startup: Path, pydbt: Launcher) -> None:
    seen = [word for _ in range(3) for word in lines(pydbt.run(startup).stdout, "random")]
    assert len(seen) == 6
    assert len(set(seen)) == 6


def test_hwcap_follows_cpu(startup: Path, pydbt: Launcher) -> None:
    run = pydbt.run("-cpu", "max,lse=off,crc32=off", startup)
    capabilities = auxiliary(run.stdout)[AT_HWCAP]
    assert capabilities & (HWCAP_ATOMICS | HWCAP_CRC32) == 0
    assert capabilities & HWCAP_FP


def test_same_kinds_as_qemu(startup: Path, pydbt: Launcher) -> None:
    qemu = find_qemu(fetch=False)
    if qemu is None:
        pytest.skip("no qemu-aarch64; `make toolchain` fetches one")
    theirs = Launcher(qemu).run(startup, "a", env={"B": "2"})
    ours = pydbt.run(startup, "a", env={"B": "2"})
    assert lines(ours.stdout, "arg") == lines(theirs.stdout, "arg")
    assert lines(ours.stdout, "env") == lines(theirs.stdout, "env")
    assert auxiliary(theirs.stdout).keys() <= auxiliary(ours.stdout).keys()
    for key in (AT_PHDR, AT_PHENT, AT_PHNUM, AT_ENTRY, AT_PAGESZ, AT_CLKTCK, AT_UID, AT_GID):
        assert auxiliary(ours.stdout)[key] == auxiliary(theirs.stdout)[key], key


def test_scripts_that_guests_run(
    guest: Callable[..., Path], tiered: Launcher, tmp_path: Path
) -> None:
    """As Linux has it: argv is the interpreter's, the name is the script's."""
    identity = guest("identity")
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.write_text(f"#!{identity} one\n")
    outer.write_text("#!./inner two\n")
    for script in (inner, outer):
        script.chmod(0o755)
    run = tiered.run(identity, "exec", "./inner", "x", "y", cwd=tmp_path)
    assert run.stdout.splitlines()[:2] == [f"{identity} one ./inner y", "./inner inner"]
    run = tiered.run(identity, "exec", "./outer", "x", "y", cwd=tmp_path)
    assert run.stdout.splitlines()[:2] == [
        f"{identity} one ./inner two ./outer y",
        "./outer outer",
    ]


def test_arguments_too_long_for_the_stack(startup: Path, pydbt: Launcher) -> None:
    run = pydbt.run("-s", "64k", startup, "x" * 100000)
    assert run.status == 126
    assert run.stderr == (
        f"pydbt-aarch64: {startup}: arguments and environment are too long for the stack\n"
    )
