"""Fixtures of the user-mode tests: the compiler, guest programs, the launcher on each tier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, build_guest
from tools.guest_toolchain import Compiler, ToolchainError, find_compiler
from usermode.cli import TIERS

Guest = Callable[..., Path]


@pytest.fixture(scope="session")
def compiler() -> Compiler:
    """The AArch64 compiler."""
    try:
        return find_compiler(fetch=False)
    except ToolchainError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def guest(compiler: Compiler) -> Guest:
    """Builds guests/NAME.c for a C library (glibc where there is one) and returns its path."""

    def get(name: str, libc: str = "") -> Path:
        return build_guest(compiler, name, libc or compiler.libc)

    return get


@pytest.fixture
def pydbt(launcher: Path) -> Launcher:
    """The launcher as it runs by default."""
    return Launcher(launcher)


@pytest.fixture(params=TIERS)
def tiered(request: pytest.FixtureRequest, launcher: Path) -> Launcher:
    """The launcher on each tier."""
    return Launcher(launcher, (f"--tier={request.param}",))
