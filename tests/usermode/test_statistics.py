"""PYDBT_STATS: one line of JSON at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, Run

FIELDS = {
    "guest_insns_translated",
    "host_bytes",
    "blocks",
    "translate_ns",
    "flushes",
    "invalidations",
}


def statistics(run: Run) -> dict[str, int]:
    last = run.stderr.splitlines()[-1]
    found = json.loads(last)
    assert found.keys() == FIELDS
    assert all(isinstance(value, int) and value >= 0 for value in found.values())
    return dict(found)


def test_fields(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run(guest("exits"), "5", env={"PYDBT_STATS": "1"})
    assert run.status == 5
    assert run.stderr.count("\n") == 1
    found = statistics(run)
    assert found["guest_insns_translated"] >= found["blocks"] > 50
    assert found["translate_ns"] > 0
    assert found["flushes"] == 0
    native = "--tier=1" in tiered.options
    assert (found["host_bytes"] > found["guest_insns_translated"]) == native


def test_invalidations_are_counted(tiered: Launcher, guest: Callable[..., Path]) -> None:
    run = tiered.run(guest("code"), "rewritten", env={"PYDBT_STATS": "1"})
    assert statistics(run)["invalidations"] >= 299


@pytest.mark.parametrize("value", ["", "0", "yes"])
def test_off(value: str, pydbt: Launcher, guest: Callable[..., Path]) -> None:
    assert pydbt.run(guest("exits"), "0", env={"PYDBT_STATS": value}) == Run(0, "", "")


def test_printed_when_a_fault_ends_the_program(pydbt: Launcher, guest: Callable[..., Path]) -> None:
    run = pydbt.run(guest("exits"), "segv", env={"PYDBT_STATS": "1"})
    assert run.status == -11
    assert statistics(run)["blocks"] > 0
