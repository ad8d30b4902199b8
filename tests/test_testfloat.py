"""Berkeley TestFloat at level 1, under the launcher, in all rounding modes.

Owns: that `make test` runs them. Must not know: how the program is built (tests/testfloat).
"""

from __future__ import annotations

import pytest

from tests.testfloat.__main__ import functions, program, run_function
from tools.guest_toolchain import ToolchainError


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Builds the guest program once."""
    try:
        program()
    except ToolchainError as error:
        pytest.fail(f"TestFloat cannot be built: {error}", pytrace=False)


@pytest.mark.parametrize("function", functions())
def test_function(function: str) -> None:
    """Results, NaNs, saturated integers and flags are SoftFloat's."""
    verdict = run_function(function, 1, "1")
    assert verdict.passed, verdict.text
