"""The coverage page's facts: what a row's status is, and that the index is whole."""

from __future__ import annotations

import re

from tools.coverage import INDEX, PRIVILEGED, Row, rows, summary
from translator.spec.a64 import load


def _row(lifted: int, mnemonic: str = "add") -> Row:
    return Row(mnemonic, "", 2, lifted, (), ())


def test_status() -> None:
    """All forms, some, none; a privileged instruction is nothing that is missing."""
    assert [_row(n).status for n in (2, 1, 0)] == ["lifted", "partly", "missing"]
    assert _row(0, "hvc").status.startswith("UNDEFINED: ")
    assert _row(1, "hvc").status == "partly"


def test_summary_counts_every_row() -> None:
    everything = rows()
    assert sum(sum(counts.values()) for _, counts in summary(everything)) == len(everything)


def test_every_pattern_is_in_the_index() -> None:
    """An instruction that LLVM knows and that we lift has a form in the index."""
    shown = {name for row in rows() for name in row.patterns}
    assert {p.name for p in load()} - shown <= {"UDF"}


def test_every_reason_is_needed() -> None:
    mnemonics = [line.partition("\t")[0] for line in INDEX.read_text().splitlines()]
    for names, _ in PRIVILEGED:
        for name in re.sub(r"\(.*?\)", "", names).split("|"):
            assert any(re.fullmatch(names, m) for m in mnemonics), name
