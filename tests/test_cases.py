"""Runs the rows of tests/cases on every tier.

Owns: the verdict on a row. Must not know: the rows' syntax (tests/differential/rows.py).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.differential import rows
from tests.differential.exclusions import differences
from tests.differential.minimise import difference_lines
from tests.differential.oracle import ENGINES, Failure, pydbt, run
from tests.differential.record import Result

FILES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
ROWS = [row for path in FILES for row in rows.read(path)]


RUNS = (*((tier, registers, "") for tier, registers in ENGINES), ("1", 0, "avx2"))
"""Tier, host registers, host features."""


@cache
def _results(tier: str, registers: int, host: str) -> dict[str, bytes | Failure]:
    """All rows in one process: a row is a few microseconds."""
    results = run(pydbt(tier, host, registers), [row.case.pack() for row in ROWS])
    return {row.where: result for row, result in zip(ROWS, results, strict=True)}


@pytest.mark.sanitize
@pytest.mark.parametrize(("tier", "registers", "host"), RUNS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.where)
def test_row(row: rows.Row, tier: str, registers: int, host: str) -> None:
    """The state behind the code is the row's, and nothing that it does not name has changed."""
    result = _results(tier, registers, host)[row.where]
    assert not isinstance(result, Failure), f"{row.text}: {result}"
    got = Result.unpack(result)
    if differences(got, row.expected):
        pytest.fail("\n".join([row.text, *difference_lines(got, row.expected)]), pytrace=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x1=1", "f:1: no =>"),
        ("x1=1 => x1=2", "f:1: no code"),
        ('code="frobnicate x1" => x1=2', "f:1: keystone: Invalid mnemonic"),
        ('code="nop" y1=1 =>', "f:1: no item is called y1"),
        ('code="nop" x1 =>', "f:1: cannot read x1"),
        ('code="nop" v1.4s=1,2 =>', "f:1: v1.4s wants 4 elements"),
        ('code="nop" => outcome=luck', "f:1: no outcome is called luck"),
        ('word=0xd503201f text="yield" =>', "f:1: capstone says nop"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(text: str, message: str) -> None:
    """Row errors name the place and the reason."""
    with pytest.raises(rows.RowError, match=message.replace(".", r"\.")):
        rows.parse(text, "f:1")


def test_what_a_row_does_not_name_is_compared() -> None:
    """A row that forgets an effect fails."""
    row = rows.parse('code="adds x1, x2, x2" x2=0 => x1=0', "f:1")
    (result,) = run(pydbt("interp"), [row.case.pack()])
    assert isinstance(result, bytes)
    assert differences(Result.unpack(result), row.expected) == {"nzcv"}


def test_a_printed_row_says_the_same() -> None:
    """What the fuzzer prints can be pasted."""
    for row in ROWS:
        again = rows.parse(rows.row_of(row.case, row.expected), row.where)
        assert (again.case, again.expected) == (row.case, row.expected)
