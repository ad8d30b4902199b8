"""Hostile packets never crash GDB's stub (tests/tools/gdbstub/fuzz_gdbstub.cpp makes them)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest


@pytest.mark.sanitize
def test_hostile_clients(build_folder: Path) -> None:
    program = build_folder / "tests" / "fuzz_gdbstub"
    done = subprocess.run(
        [program, "5", "20000"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"20000 sessions, (\d+) answers\n", done.stdout)
    assert found is not None
    assert int(found[1]) > 20000
