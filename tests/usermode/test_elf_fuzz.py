"""Damaged ELF files never crash or hang the loader, and what it accepts is mapped as written.

The mutants are made and checked by tests/tools/fuzz_elf.cpp; a failure names the case's number.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = 20000
TIMEOUT = 300.0

PROGRAMS = [("startup", "none", 11), ("exits", "", 12), ("exits", "dynamic", 13)]


def run(build_folder: Path, *words: str | Path) -> str:
    program = build_folder / "tests" / "fuzz_elf"
    if not program.exists():
        pytest.fail(f"{program} is not built; run `make`", pytrace=False)
    done = subprocess.run(
        [program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.sanitize
@pytest.mark.parametrize(("name", "libc", "seed"), PROGRAMS)
def test_mutants(
    name: str, libc: str, seed: int, guest: Callable[..., Path], build_folder: Path
) -> None:
    path = guest(name, libc)
    # Copying a large file takes longer than reading its headers.
    count = CASES if path.stat().st_size < 100_000 else CASES // 10
    found = re.fullmatch(
        r"(\d+) cases, (\d+) read, (\d+) mapped\n", run(build_folder, path, str(seed), str(count))
    )
    assert found is not None
    cases, read, mapped = map(int, found.groups())
    assert cases == count
    # Both ways are taken often: mutants are neither all refused nor all harmless.
    assert cases // 5 < mapped <= read < cases * 4 // 5


def test_mutants_repeat(guest: Callable[..., Path], build_folder: Path) -> None:
    path = guest("startup", "none")
    whole = run(build_folder, path, "7", "200")
    parts = [run(build_folder, path, "7", "100", str(first)) for first in (0, 100)]
    counts = [[int(n) for n in re.findall(r"\d+", text)] for text in (whole, *parts)]
    assert counts[0] == [sum(pair) for pair in zip(counts[1], counts[2], strict=True)]


def test_fuzzer_entry_point(guest: Callable[..., Path], build_folder: Path, tmp_path: Path) -> None:
    assert run(build_folder, guest("exits", "dynamic")) == ""
    for content in (b"", b"\x7fELF", bytes(64), b"\xff" * 4096):
        path = tmp_path / "input"
        path.write_bytes(content)
        assert run(build_folder, path) == ""
