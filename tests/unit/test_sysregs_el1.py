"""What the generator of system mode's registers refuses, and facts of the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sysmode.gen import sysregs
from translator.gen.common import SpecError
from translator.spec.sysregs_el1 import SYSTEM_REGISTERS, SystemRegister

GOOD = SystemRegister("TEST_EL1", "3 0 15 0 0", "", "rw", "store", "for a test")


def test_the_table_holds_together() -> None:
    sysregs.check()
    sysregs.check((*SYSTEM_REGISTERS, GOOD))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (replace(GOOD, name="SCTLR_EL1"), "used twice"),
        (replace(GOOD, encoding="3 0 1 0 0"), "used twice"),
        (replace(GOOD, how="state nothing"), "no state field nothing"),
        (replace(GOOD, how="wish"), "unknown way wish"),
        (replace(GOOD, doc=""), "no documentation"),
        (replace(GOOD, el1=""), "bad access"),
        (replace(GOOD, el0="x"), "bad access"),
        (replace(GOOD, changes="weather"), "changes weather"),
        (replace(GOOD, needs="MMFR9.PAN=1"), "no ID field"),
        (replace(GOOD, needs="Telepathy"), "no feature"),
        (replace(GOOD, trap="SCTLR_EL1.NONE"), "trapped by SCTLR_EL1.NONE"),
    ],
)
def test_refused(row: SystemRegister, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        sysregs.check((*SYSTEM_REGISTERS, row))


def test_a_control_of_no_register_is_refused() -> None:
    rows = tuple(r for r in SYSTEM_REGISTERS if r.name != "PMUSERENR_EL0")
    with pytest.raises(SpecError, match=r"PMUSERENR_EL0\.EN: no such register"):
        sysregs.check(rows)
