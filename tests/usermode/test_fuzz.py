"""Random system calls do not bring the launcher down (`make fuzz-syscalls` draws more of them)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.syscalls import run
from usermode.cli import TIERS


@pytest.mark.parametrize("tier", TIERS)
def test_random_calls(tier: str, launcher: Path, guest: Callable[..., Path]) -> None:
    assert run(launcher, guest("fuzz", "glibc"), tier, seed=1, batches=8) == []
