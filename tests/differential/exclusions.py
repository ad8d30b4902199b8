"""What the comparison with unicorn leaves out, each with its reason.

Owns: the lists. Must not know: how cases are drawn and run. unicorn 2.1 is QEMU 5.0.1; where it
differs from the Arm manual (DDI 0487) the manual decides, and rows in tests/cases stand in.
"""

from __future__ import annotations

from dataclasses import dataclass

from .record import Case, Result


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """Instructions that cases do not hold: names by glob, `when` on fields as in the spec."""

    names: str
    when: str
    reason: str


_PAUTH = "(7, 8, 10, 12, 14, 24, 25, 26, 27, 28, 29, 30, 31)"

NOT_DRAWN = (
    NotDrawn("SVC", "imm == 4095", "this SVC ends a case"),
    NotDrawn("HINT", "crm * 8 + op2 in (1, 2, 3)", "YIELD, WFE, WFI leave unicorn's loop"),
    NotDrawn(
        "HINT",
        f"crm * 8 + op2 in {_PAUTH}",
        "unicorn's CPU has FEAT_PAuth, whose hints change registers; ours has not",
    ),
)


def explains(case: Case, ours: Result, theirs: Result) -> bool:
    """Whether what differs is excluded."""
    if ours.outcome == theirs.outcome == "memory_fault":
        pass
    return False
