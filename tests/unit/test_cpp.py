"""Runs the C++ unit-test programs.

Owns: which programs there must be (one for each tests/unit/cpp/MODULE/NAME_test.cpp). Must not
know: what they test.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "cpp"
NAMES = sorted(path.stem for path in SOURCES.glob("*/*_test.cpp"))
TIMEOUT = 600.0  # seconds; a sanitizer build is slow


@pytest.mark.sanitize
@pytest.mark.parametrize("name", NAMES)
def test_program(name: str, build_folder: Path) -> None:
    """All its tests pass; its report is the failure's text."""
    program = build_folder / "tests" / name
    if not program.exists():
        pytest.fail(f"{program} is not built; run `make`", pytrace=False)
    run = subprocess.run(
        [program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False
    )
    if run.returncode != 0:
        report = run.stdout.decode(errors="replace")
        pytest.fail(f"{name} ended with {run.returncode}\n{report}", pytrace=False)


def test_names_are_unique() -> None:
    """Programs of all modules are in one folder."""
    assert NAMES
    assert len(set(NAMES)) == len(NAMES)
