"""What the documentation points to is there: links, their headings, and files named in the text.

Owns: which files are documentation. Must not know what they say. docs/reference is generated and
has test_reference.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
    if path.parent.name != "reference"
)
FOLDERS = ("docs", "pydbt", "testbins", "tests", "tools", "translator", "usermode")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
_PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[^`\s]*)`")


def anchors(path: Path) -> set[str]:
    """The names under which a page's headings can be linked."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> list[str]:
    """Links of a page that lead nowhere."""
    broken = []
    for target, anchor in _LINK.findall(path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        to = path.parent / target if target else path
        if not to.exists() or (anchor and anchor not in anchors(to)):
            broken.append(f"{target}#{anchor}")
    return broken


def missing_files(text: str) -> list[str]:
    """Files and folders that a text names and that are not there. `MODULE` stands for any name."""
    named = {re.sub(r"[A-Z]{2,}", "*", name) for name in _PATH.findall(text)}
    return sorted(name for name in named if not any(ROOT.glob(name.rstrip("/"))))


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str) -> None:
    path = ROOT / page
    assert broken_links(path) == []
    assert missing_files(path.read_text(encoding="utf-8")) == []


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# A, B\n[1](none.md) [2](#a-b) [3](page.md#c) [4](https://example.org/x)\n")
    assert broken_links(path) == ["none.md#", "page.md#c"]
    text = (
        "`translator/gone.cpp` `tests/unit/` `tests/unit/cpp/MODULE/` `make docs` `usermode/*/x.y`"
    )
    assert missing_files(text) == ["translator/gone.cpp", "usermode/*/x.y"]
