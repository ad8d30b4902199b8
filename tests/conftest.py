"""Where tests find what was built. Owns the fixtures that several folders of tests use.

$PYDBT_BUILD names the build tree (the Makefile sets it; build/dev without it).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A shell without job control ignores these for what it starts in the background, and every program
# that tests start would inherit that.
for _number in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def build_folder() -> Path:
    """The build tree under test."""
    return Path(os.environ.get("PYDBT_BUILD", ROOT / "build" / "dev"))


@pytest.fixture(scope="session")
def launcher(build_folder: Path) -> Path:
    """The launcher under test."""
    path = build_folder / "pydbt-aarch64"
    if not path.exists():
        pytest.fail(f"{path} is not built; run `make`", pytrace=False)
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    """--bless: golden files are written instead of compared."""
    parser.addoption("--bless", action="store_true", help="rewrite the golden files")


@pytest.fixture(scope="session")
def bless(pytestconfig: pytest.Config) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(pytestconfig.getoption("--bless"))
