"""Writes docs/distro.md from what a run has shown (--distro-table). Owns the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.distro.run import scripts
from tools.debian_tree import SUITE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "distro.md"
_WORDS = (("passed", "identical"), ("xfailed", "differs"), ("failed", "differs"))
_HEAD = """# Programs of Debian

`make test-distro` runs each script of [tests/distro/](../tests/distro/) with the programs of a
Debian arm64 tree under `pydbt-aarch64 -L`, and with those of the amd64 tree of the same versions
natively, and compares output and exit status to the byte; it writes this page. The trees are of
Debian {suite}, in the user's cache (`make debian-tree`). The quick ones are in `make test`.

`python -m tests.distro.python_suite` runs CPython's own tests in both trees, and compares results
test by test.

| script | runs | result |
|---|---|---|
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """--distro-table: a run of tests/distro writes the page."""
    parser.addoption("--distro-table", action="store_true", help="write docs/distro.md")


def pytest_terminal_summary(terminalreporter: object, config: pytest.Config) -> None:
    """After a run of all scripts, writes the page."""
    if not config.getoption("--distro-table"):
        return
    stats: dict[str, list[pytest.TestReport]] = getattr(terminalreporter, "stats", {})
    results = {
        report.nodeid.partition("[")[2].rstrip("]"): word
        for outcome, word in (
            ("passed", "identical"),
            ("xfailed", "differs"),
            ("failed", "differs"),
        )
        for report in stats.get(outcome, [])
    }
    PAGE.write_text(page(results), encoding="utf-8")


def page(results: dict[str, str]) -> str:
    """The page for results by script; what did not run is left as not run."""
    rows = [
        f"| `{script.set}/{script.name}` | {script.about} | "
        f"{results.get(script.name, 'not run')}{': ' + script.fails if script.fails else ''} |\n"
        for script in scripts()
    ]
    return _HEAD.format(suite=SUITE) + "".join(rows)
