"""docs/reference is what tools/reference.py makes of the specs, and holds together as Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.reference import FOLDER, PAGES, main, page, stale
from translator.spec.a64 import load
from translator.spec.ir import OPS
from usermode.spec.syscalls import SYSCALLS

_BAR = re.compile(r"(?<!\\)\|")


def test_committed_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert stale() == []
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_stale_missing_and_stray_pages_are_named(tmp_path: Path) -> None:
    assert stale(tmp_path / "nowhere") == sorted(PAGES)
    for name in PAGES:
        (tmp_path / name).write_text(page(name), encoding="utf-8")
    assert stale(tmp_path) == []
    (tmp_path / "ops.md").write_text(page("ops.md") + "an edit by hand\n", encoding="utf-8")
    (tmp_path / "old.md").write_text("of a spec that is gone\n", encoding="utf-8")
    (tmp_path / "options.md").unlink()
    assert stale(tmp_path) == ["old.md", "ops.md", "options.md"]


@pytest.mark.parametrize("name", PAGES)
def test_tables_are_rectangular(name: str) -> None:
    lines = page(name).splitlines()
    tables = 0
    for above, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("|"):
            continue
        if above.startswith("|"):
            assert len(_BAR.findall(line)) == len(_BAR.findall(above)), line
        else:
            tables += 1
    assert tables > 0


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page(name)):
        assert (FOLDER / target).exists(), target


def test_every_row_has_its_line() -> None:
    expected = {
        "ops.md": [op.name for op in OPS],
        "instructions.md": [p.name for p in load()],
        "syscalls.md": [row.name for row in SYSCALLS],
    }
    for name, rows in expected.items():
        text = page(name)
        for row in rows:
            assert f"| `{row}` |" in text, f"{name}: {row}"
