"""Programs of a Debian arm64 tree print what their amd64 builds print."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.distro.run import Script, run_native, run_translated, scripts
from tools.debian_tree import fetch


def _case(script: Script) -> object:
    marks: list[pytest.MarkDecorator] = []
    if script.set != "quick":
        marks.append(pytest.mark.distro)
    if script.fails:
        marks.append(pytest.mark.xfail(reason=script.fails, strict=True))
    return pytest.param(script, id=script.name, marks=marks)


@pytest.mark.parametrize("script", [_case(script) for script in scripts()])
def test_program(script: Script, launcher: Path) -> None:
    trees = fetch(script.set)
    # Below /tmp, which both see; short, as sockets' names must be; not another run's.
    with tempfile.TemporaryDirectory(prefix="pydbt-", dir="/tmp") as place:
        folder = Path(place) / script.name
        native = run_native(trees, script, folder)
        translated = run_translated(launcher, trees, script, folder)
    assert translated.output == native.output
    assert translated.status == native.status
