"""The MMU's walks are those of the independent walker, over random regimes and tables.

Owns: what is drawn. Must not know: how either walks.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random

from tests.sysmode.walker import Features, Machine, walk

REGIMES = 400
WALKS = 40


def _regime(r: Random) -> Machine:
    fs = Features(*(r.random() < 0.5 for _ in Features.__dataclass_fields__))
    t0, t1 = (r.choice((16, 25, 28, 34, 39, 12, 13, 44, r.randrange(64))) for _ in range(2))
    flags = sum(
        1 << bit for bit in (37, 38, 39, 40, 41, 42, 51, 52, 55, 56, 59) if r.random() < 0.4
    )
    flags |= sum(1 << bit for bit in (7, 23) if r.random() < 0.05)
    tcr = t0 | t1 << 16 | r.randrange(4) << 14 | r.randrange(4) << 30 | r.randrange(7) << 32 | flags
    sctlr = int(r.random() < 0.95) | int(r.random() < 0.3) << 19 | int(r.random() < 0.5) << 57
    pa_bits = r.choice((36, 40, 44, 48, 52))
    ttbrs = (r.randrange(16) << 16 | r.randrange(1 << 16), r.randrange(16) << 16)
    return Machine(sctlr, tcr, r.getrandbits(64), ttbrs, pa_bits, fs)


def _descriptor(r: Random) -> int:
    """Mostly of a table near the others, or of a page."""
    bits = r.getrandbits(64) & (0x7C7C << 48 | 0xFFC)
    bits |= r.choice((3, 3, 3, 3, 1, 1, 0)) | (1 << 10 if r.random() < 0.8 else 0)
    if r.random() < 0.7:
        bits &= ~(3 << 61 | 3 << 59)
    if r.random() < 0.9:
        bits &= ~0x300
    return bits | r.randrange(16) << 16 | (r.getrandbits(36) << 12 if r.random() < 0.03 else 0)


def _address(r: Random, m: Machine) -> int:
    upper = r.randrange(2)
    size = 64 - (m.tcr >> (16 if upper else 0) & 63)
    va = r.getrandbits(max(size, 1)) if r.random() < 0.95 else r.getrandbits(64)
    # Few different indices, so that tables are met again.
    va &= r.choice((0x0000_0018_0060_3FFF | 0x3 << 34 | 0x3 << 42, (1 << 64) - 1))
    if upper:
        va |= -(1 << min(size, 63)) & (1 << 64) - 1
    return va if r.random() < 0.8 else va ^ r.randrange(256) << 56


def test_random_tables(build_folder: Path) -> None:
    """Memory is made up where the walk looks; both see the same."""
    r = Random(20261125)
    commands, expected = [], []
    for _ in range(REGIMES):
        m = _regime(r)
        t0, t1 = m.ttbr
        has = m.features.bits()
        registers = f"{m.sctlr:x} {m.tcr:x} {m.mair:x} {t0:x} {t1:x}"
        commands.append(f"regime {registers} {m.pa_bits} {has:x}")
        for _ in range(WALKS):
            va = _address(r, m)
            purpose = r.randrange(16) if r.random() < 0.8 else 0
            if purpose & 6 == 6:
                purpose &= ~2
            words = _Words(r, commands)
            words.update(m.memory)
            m.memory = words
            flags = [bool(purpose >> n & 1) for n in range(4)]
            line = walk(m, va, *flags)
            commands.append(f"walk {va:x} {purpose:x}")
            expected.append(line)
    done = subprocess.run(
        [build_folder / "tests" / "walk_tables"],
        input="\n".join(commands) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    got = done.stdout.splitlines()
    assert len(got) == len(expected)
    wrong = [(n, g, e) for n, (g, e) in enumerate(zip(got, expected, strict=True)) if g != e]
    assert not wrong, wrong[:5]
    kinds = {line.split()[0 if line[0] != "f" else 1] for line in expected}
    assert len([line for line in expected if not line.startswith("fault")]) > REGIMES
    assert len([line for line in expected if line.startswith("update")]) > 20
    assert {f"{base + level:x}" for base in (0, 4, 8, 12) for level in (1, 2, 3)} <= kinds


class _Words(dict[int, int]):
    """Memory that is there when it is looked at, in all but a few places."""

    def __init__(self, r: Random, commands: list[str]) -> None:
        super().__init__()
        self.random = r
        self.commands = commands

    def __contains__(self, address: object) -> bool:
        assert isinstance(address, int)
        if not super().__contains__(address) and self.random.random() < 0.99:
            self[address] = _descriptor(self.random)
            self.commands.append(f"memory {address:x} {self[address]:x}")
        return super().__contains__(address)
