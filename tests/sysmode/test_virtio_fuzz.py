"""A hostile driver never brings the host process down, hangs it, or keeps a reset from working.

The cases are made and checked by tests/tools/sysmode/fuzz_virtio.cpp; a failure names its number.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

CASES = 3000
TIMEOUT = 300.0

DEVICES = ("blk", "net", "serial", "rng", "balloon")


def run(build_folder: Path, *words: str | Path) -> str:
    program = build_folder / "tests" / "fuzz_virtio"
    if not program.exists():
        pytest.fail(f"{program} is not built; run `make`", pytrace=False)
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.sanitize
@pytest.mark.parametrize("device", DEVICES)
def test_hostile_drivers(device: str, build_folder: Path) -> None:
    found = re.fullmatch(
        r"(\d+) cases, (\d+) stopped\n", run(build_folder, device, "1", str(CASES))
    )
    assert found is not None
    cases, stopped = map(int, found.groups())
    assert cases == CASES
    assert CASES // 2 < stopped < CASES  # both ends are reached


def test_fuzzer_entry_point(build_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "input"
    for content in (b"", b"\x07" * 200, bytes(range(256)) * 4):
        path.write_bytes(content)
        for device in DEVICES:
            assert run(build_folder, device, path) == ""
