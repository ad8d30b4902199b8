"""The page docs/reference/coverage.md: which instructions of A64 pydbt has.

Owns: what a form's status is, and why an EL0 program cannot execute some. Must not know: where the
index comes from (tests/differential/index.py makes it of what LLVM decodes) or how pages are
written (tools/reference.py).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from translator.spec.a64 import load
from translator.spec.a64.core import Pattern
from translator.spec.sysregs import SYSOPS

INDEX = Path(__file__).resolve().parent.parent / "tests" / "differential" / "a64_index.tsv"

PRIVILEGED = (
    (r"udf", "permanently undefined"),
    (r"hvc|smc|eret|eretaa|eretab|drps|dcps[123]", "UNDEFINED at EL0"),
    (r"at|tlbip?|ic (iallu|ialluis)|apas|brb|trcit", "a SYS operation that EL0 has not"),
    (
        r"dc (c?i?g?d?sw|ci?g?d?pap?a?e?|cig?d?pap?a|ig?d?v?ac|ig?d?sw)",
        "EL1's operations on caches",
    ),
    (r"(ld|st|stz)gm", "UNDEFINED at EL0"),
    (r"gcspopcx|gcspopx|gcspushx|gcssttr", "of a stack of EL1's"),
    (r"rcw.*", "UNDEFINED at EL0: on translation tables"),
    (r"mrrs|msrr|sysp|sysl", "no 128-bit register and no operation with a result is EL0's"),
    (r"cfp rctx|dvp rctx|cpp rctx|cosp rctx", "Linux leaves SCTLR_EL1.EnRCTX zero: a trap"),
    (r"smstart|smstop|msr SVCR.*", "SME"),
    (r"msr (PAN|SPSel|UAO|ALLINT|PM|DAIFSet|DAIFClr)", "a PSTATE field that EL0 has not"),
)
"""By mnemonic, what LLVM decodes and an EL0 program under Linux cannot execute."""

_SYS_FIELDS = ("op1", "crn", "crm", "op2")
_OPERATIONS = {tuple(getattr(op, name) for name in _SYS_FIELDS) for op in SYSOPS}


@dataclass(frozen=True, slots=True)
class Row:
    """An instruction of the index: its forms, how many we have, by which patterns."""

    mnemonic: str
    features: str
    forms: int
    lifted: int
    patterns: tuple[str, ...]
    missing: tuple[int, ...]

    @property
    def status(self) -> str:
        """`lifted`, `partly`, `missing`, or why it cannot be executed."""
        if self.lifted == self.forms:
            return "lifted"
        reason = next((why for names, why in PRIVILEGED if re.fullmatch(names, self.mnemonic)), "")
        if reason and not self.lifted:
            return f"UNDEFINED: {reason}"
        return "partly" if self.lifted else "missing"


def _pattern(word: int, patterns: Iterable[Pattern]) -> str:
    """The name of the pattern that has the word, or nothing when EL0 has not what it names."""
    found = next((p for p in patterns if p.matches(word)), None)
    if found is None:
        return ""
    if found.name == "SYS":
        values = found.values(word)
        return "SYS" if tuple(values[name] for name in _SYS_FIELDS) in _OPERATIONS else ""
    return found.name


def rows() -> list[Row]:
    """The index, compared with the spec."""
    by_top: defaultdict[int, list[Pattern]] = defaultdict(list)
    for p in load():
        for top in range(256):
            if (top << 24 ^ p.value) & p.mask >> 24 << 24 == 0:
                by_top[top].append(p)
    found = []
    for line in INDEX.read_text(encoding="utf-8").splitlines():
        mnemonic, features, words = line.split("\t")
        numbers = [int(word, 16) for word in words.split()]
        names = [_pattern(n, by_top[n >> 24]) for n in numbers]
        if mnemonic == "sys":  # LLVM writes those without a name of their own so
            continue
        have = tuple(dict.fromkeys(name for name in names if name))
        missing = tuple(n for n, name in zip(numbers, names, strict=True) if not name)
        lifted = len(names) - len(missing)
        found.append(Row(mnemonic, features, len(names), lifted, have, missing))
    return found


def summary(all_rows: Iterable[Row]) -> list[tuple[str, Counter[str]]]:
    """For each set of features, how many instructions have which status."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in all_rows:
        counts[row.features][row.status.partition(":")[0]] += 1
    return sorted(counts.items())
