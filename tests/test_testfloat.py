"""Berkeley TestFloat at level 1, under the launcher, in all rounding modes.

Owns: which functions run in `make test`. Must not know: how the program is built (tests/testfloat).
"""

from __future__ import annotations

import pytest

from tests.testfloat.__main__ import functions, program, run_function
from tools.guest_toolchain import ToolchainError

QUICK = [name for name in functions() if not name.endswith("mulAdd")]
"""mulAdd has six million cases a rounding mode: `make testfloat` runs it."""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Builds the guest program once."""
    try:
        program()
    except ToolchainError as error:
        pytest.fail(f"TestFloat cannot be built: {error}", pytrace=False)


@pytest.mark.parametrize("function", QUICK)
def test_function(function: str) -> None:
    """Results, NaNs, saturated integers and flags are SoftFloat's."""
    verdict = run_function(function, 1, "1")
    assert verdict.passed, verdict.text
