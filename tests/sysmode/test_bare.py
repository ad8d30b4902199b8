"""Bare-metal programs print the same on our CPUs as on a packaged qemu-system-aarch64.

Owns: how both are run. Must not know: what the programs test. Where QEMU differs from the manual a
program does not ask (docs/system-mode.md has the list).
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from testbins.programs import BARE, BARE_ALONE, FOLDER, bare_path
from tools.guest_toolchain import system_qemu

MODELS = ("cortex-a57", "cortex-a76", "max")
TIERS = ("interp", "1")
SECONDS = 120


def _run(command: tuple[str, ...], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@cache
def _qemu(name: str, model: str) -> str:
    machine = ("-machine", "virt", "-nographic", "-monitor", "none", "-nic", "none", "-m", "128")
    program = ("-cpu", model, "-smp", "2", "-kernel", str(bare_path(name)))
    return _run((*system_qemu(fetch=True), *machine, *program))


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", BARE)
def test_bare_program(name: str, model: str, tier: str, build_folder: Path) -> None:
    """Line by line."""
    runner = str(build_folder / "tests" / "run_bare")
    ours = _run((runner, f"--tier={tier}", f"--cpu={model}", "--smp=2", str(bare_path(name))))
    assert len(ours.splitlines()) > 5
    assert ours.splitlines() == _qemu(name, model).splitlines()


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", BARE_ALONE)
def test_alone(name: str, model: str, tier: str, build_folder: Path) -> None:
    """What QEMU does not do is as the manual has it."""
    runner = str(build_folder / "tests" / "run_bare")
    ours = _run((runner, f"--tier={tier}", f"--cpu={model}", str(bare_path(name))))
    expected = (FOLDER / "expected" / f"{name}.txt").read_text(encoding="ascii")
    assert ours.splitlines() == expected.splitlines()


@pytest.mark.parametrize("name", BARE)
def test_whole_emulator(name: str, build_folder: Path) -> None:
    """The same by `pydbt-system-aarch64`: with its devices, from its command line."""
    words = ("-machine", "virt", "-nographic", "-nic", "none", "-m", "128", "-cpu", "cortex-a57")
    program = ("-smp", "2", "-kernel", str(bare_path(name)))
    environment = {**os.environ, "PYDBT_BUILD": str(build_folder)}
    ours = _run((sys.executable, "-m", "sysmode", *words, *program), environment)
    assert ours.splitlines() == _qemu(name, "cortex-a57").splitlines()
