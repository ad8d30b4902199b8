"""What the translator makes of the snippets is what it made of them when somebody last looked.

`make bless` writes the files anew; the difference is for review. Host features are the baseline's,
so that the files are the same on every machine.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.golden.listing import Listing, translate
from tests.golden.snippets import SNIPPETS, Snippet

FOLDER = Path(__file__).parent
SUMMARY = FOLDER / "instruction_count.md"
SUMMARY_HEAD = """\
# Host instructions per guest instruction

Written by `make bless` from the golden files. *Main path*: without what is out of line (stubs of
exits, NaNs, polls that ask to leave) and without padding; exits are counted.

| snippet | guest | main path | ratio | out of line |
|---|--:|--:|--:|--:|
"""


@cache
def listing(snippet: Snippet, tool: Path) -> Listing:
    """The snippet translated."""
    return translate(tool, snippet.words(), snippet.pc, snippet.key)


@pytest.fixture(scope="session")
def tool(build_folder: Path) -> Path:
    """tests/tools/translate.cpp, built."""
    path = build_folder / "tests" / "translate"
    if not path.exists():
        pytest.fail(f"{path} is not built; run `make`", pytrace=False)
    return path


def compare(path: Path, text: str, bless: bool) -> None:
    """The file holds the text, or does from now on."""
    if bless:
        path.write_text(text, encoding="utf-8")
        return
    if not path.exists():
        pytest.fail(f"{path.name} is missing; run `make bless`", pytrace=False)
    written = path.read_text(encoding="utf-8")
    if written != text:
        difference = difflib.unified_diff(
            written.splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"tests/golden/{path.name}",
            "now",
        )
        pytest.fail("".join(difference) + "\nintended? `make bless`", pytrace=False)


@pytest.mark.sanitize
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: s.name)
def test_golden(snippet: Snippet, tool: Path, bless: bool) -> None:
    text = f"{snippet.name}: {snippet.shows}\n\n{listing(snippet, tool).text}"
    compare(FOLDER / f"{snippet.name}.txt", text, bless)


def rows(tool: Path) -> Iterator[str]:
    """The summary's rows."""
    for s in SNIPPETS:
        got = listing(s, tool)
        yield f"| {s.name} | {got.guest} | {got.main} | {got.main / got.guest:.1f} | {got.cold} |\n"


def test_summary(tool: Path, bless: bool) -> None:
    compare(SUMMARY, SUMMARY_HEAD + "".join(rows(tool)), bless)


def test_every_file_has_a_snippet(bless: bool) -> None:
    names = {f"{s.name}.txt" for s in SNIPPETS}
    stale = [path for path in FOLDER.glob("*.txt") if path.name not in names]
    if bless:
        for path in stale:
            path.unlink()
    else:
        assert not stale
