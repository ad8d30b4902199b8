"""`make run` greets, and fails when the launcher does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from testbins.programs import FOLDER, program_named


def demo(build_folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "tools.demo"),
        cwd=FOLDER.parent,
        env={**os.environ, "PYDBT_BUILD": str(build_folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_demo_greets(build_folder: Path, launcher: Path) -> None:
    done = demo(build_folder)
    assert done.returncode == 0, done.stderr
    command, greeting, *_ = done.stdout.splitlines(keepends=True)
    assert command.startswith("$ ")
    assert launcher.name in command
    assert greeting == program_named("hello-asm").expected.read_text(encoding="utf-8")


def test_demo_fails_with_the_guest(tmp_path: Path) -> None:
    fake = tmp_path / "pydbt-aarch64"
    fake.write_text("#!/bin/sh\nexit 7\n", encoding="ascii")
    fake.chmod(0o755)
    done = demo(tmp_path)
    assert done.returncode == 1
    assert done.stderr == "demo: the guest program failed with status 7\n"


def test_demo_without_launcher(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 1
    assert "run `make`" in done.stderr
