"""What tests of system mode share: the extension of this build."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from sysmode import extension


@pytest.fixture
def system(build_folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """pydbt._system as this build made it."""
    if not list((build_folder / "sysmode").glob("_system.*.so")):
        pytest.fail("pydbt._system is not built; run `make`", pytrace=False)
    monkeypatch.setenv("PYDBT_BUILD", str(build_folder))
    module = extension.load()
    assert isinstance(module, ModuleType)
    return module
