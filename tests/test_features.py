"""Without a feature, its instructions are UNDEFINED, on every tier.

Owns: words for every pattern and SYS operation that a feature gates. Must not know: what programs
see of a feature (tests/usermode/test_cpu.py).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.differential.oracle import TIERS, Failure, pydbt, run
from tests.differential.record import WINDOW_BYTES, Case, Registers, Result
from translator.spec.a64 import chapters
from translator.spec.features import FEATURES, Feature, required
from translator.spec.sysregs import SYSOPS, SYSREGS

_TRIES = 4
"""Words of each pattern."""


def gated_words(feature: str) -> Iterator[int]:
    """Words of every pattern that the feature gates, MRS of its registers, its SYS operations."""
    draw = random.Random(feature)
    for patterns in chapters().values():
        for p in patterns:
            found = 0
            while p.feature == feature and found < _TRIES:
                word = draw.getrandbits(32) & ~p.mask | p.value
                if p.holds(word):
                    found += 1
                    yield word
    for r in SYSREGS:
        if r.feature == feature:
            yield 0xD5200000 | r.id << 5 | 1
    for op in SYSOPS:
        if op.feature == feature:
            yield 0xD5080000 | op.op1 << 16 | op.crn << 12 | op.crm << 8 | op.op2 << 5 | 1


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_undefined_without(feature: Feature, tier: str) -> None:
    """Its own instructions and those of the features that need it."""
    gone = [f.name for f in FEATURES if f is feature or feature.name in required(f.name)]
    words = [word for name in gone for word in gated_words(name)]
    engine = pydbt(tier)
    without = replace(engine, command=(*engine.command, f"--cpu=max,{feature.option}=off"))
    start = Registers([0] * 32, 0, 0, 0, 0, bytes(512))
    cases = [Case([word], start, bytes(WINDOW_BYTES)).pack() for word in words]
    defined = []
    for word, result in zip(words, run(without, cases), strict=True):
        assert not isinstance(result, Failure), f"{word:08x}: {result}"
        if Result.unpack(result).outcome != "undefined":
            defined.append(f"{word:08x}")
    assert defined == []
