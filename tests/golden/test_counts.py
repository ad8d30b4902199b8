"""What one more of a common instruction costs is what it was, and within the limits.

Owns: the table host_instructions.md. Must not know: which instructions, how they are measured.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.golden.counts import ALLOWED, GROUPS, HOSTS, Group, allowed, costs
from tests.golden.test_golden import compare

TABLE = Path(__file__).with_name("host_instructions.md")
HEAD = """\
# Host instructions for one more guest instruction

Written by `make bless`; how it is measured stands in counts.py. Out of line code is not counted;
`call` is a call of a helper, whose own instructions are not counted. A row with several
instructions counts them together. Above a limit is **bold**.
"""


@pytest.fixture(scope="session")
def tool(build_folder: Path) -> Path:
    """tests/tools/translate.cpp, built."""
    return build_folder / "tests" / "translate"


@cache
def measured(group: Group, tool: Path) -> list[tuple[tuple[float, bool], ...]]:
    """For each line its cost on each host."""
    columns = (costs(tool, group.lines, features) for features in HOSTS.values())
    return list(zip(*columns, strict=True))


def _exceeds(cost: tuple[float, bool], group: Group) -> bool:
    return group.limit > 0 and (cost[0] > group.limit or cost[1])


def _cell(cost: tuple[float, bool], group: Group) -> str:
    text = f"{cost[0]:g}" + (" call" if cost[1] else "")
    return f"**{text}**" if _exceeds(cost, group) else text


def _lines(group: Group, tool: Path) -> list[str]:
    limit = f", at most {group.limit:g}" if group.limit else ""
    lines = ["", f"## {group.title}{limit}", "", f"| | {' | '.join(HOSTS)} |"]
    lines.append("|---|" + "--:|" * len(HOSTS))
    for line, cost in zip(group.lines, measured(group, tool), strict=True):
        cells = " | ".join(_cell(c, group) for c in cost)
        lines.append(f"| {line.replace('{m}', 'M')} | {cells} |")
    return lines


def test_table(tool: Path, bless: bool) -> None:
    lines = [line for group in GROUPS for line in _lines(group, tool)]
    compare(TABLE, HEAD + "\n".join(lines) + "\n", bless)


@pytest.mark.parametrize("group", [g for g in GROUPS if g.limit], ids=lambda g: g.title)
def test_limits(group: Group, tool: Path) -> None:
    """Nothing but what counts.py names with a reason costs more than its group's limit."""
    above = [
        f"{line}: {', '.join(_cell(c, group) for c in cost)}"
        for line, cost in zip(group.lines, measured(group, tool), strict=True)
        if any(_exceeds(c, group) for c in cost) and not allowed(line)
    ]
    assert not above


@pytest.mark.parametrize("group", [g for g in GROUPS if g.limit], ids=lambda g: g.title)
def test_allowances_are_needed(group: Group, tool: Path) -> None:
    """What may cost more does, on one of the hosts."""
    within = [
        line
        for line, cost in zip(group.lines, measured(group, tool), strict=True)
        if allowed(line) and not any(_exceeds(c, group) for c in cost)
    ]
    assert not within


def test_allowances_are_of_instructions_with_limits() -> None:
    lines = [line for group in GROUPS if group.limit for line in group.lines]
    used = {allowed(line) for line in lines}
    assert {a.reason for a in ALLOWED} <= used
    assert len(set(lines)) == len(lines)
