"""Random system calls do not bring the launcher down (`make fuzz-syscalls` draws more of them), nor
do threads that make threads and processes in every way at once; no signal of very many is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.syscalls import run
from tests.usermode.support import Launcher, Run
from usermode.cli import TIERS


@pytest.mark.parametrize("tier", TIERS)
def test_random_calls(tier: str, launcher: Path, guest: Callable[..., Path]) -> None:
    assert run(launcher, guest("fuzz", "glibc"), tier, seed=1, batches=8) == []


def test_storm(tiered: Launcher, guest: Callable[..., Path]) -> None:
    assert tiered.run(guest("storm", "glibc"), "3") == Run(0, "done\n", "")


def test_signal_storm(tiered: Launcher, guest: Callable[..., Path]) -> None:
    assert tiered.run(guest("signalstorm", "glibc"), "2") == Run(0, "done\n", "")


def test_crowd(tiered: Launcher, guest: Callable[..., Path]) -> None:
    assert tiered.run(guest("crowd", "glibc"), "2") == Run(0, "done\n", "")
