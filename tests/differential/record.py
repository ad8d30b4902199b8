"""The binary records of a case and of its result (tests/tools/case_format.hpp) in Python.

Owns: packing and unpacking them. Must not know: how cases are drawn, run or compared.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER = (Path(__file__).parents[1] / "tools" / "case_format.hpp").read_text(encoding="utf-8")


def _constant(name: str) -> int:
    found = re.search(rf"\b{name} = ([0-9a-fx']+)", _HEADER)
    if found is None:
        raise ValueError(f"case_format.hpp has no {name}")
    return int(found[1].replace("'", ""), 0)


DATA = _constant("kData")
PAGE = _constant("kPage")
WINDOW = DATA + _constant("kWindow")
WINDOW_BYTES = _constant("kWindowBytes")
MOST_WORDS = _constant("kMostWords")

_OUTCOMES = re.search(r"enum class Outcome[^{]*\{([^}]*)\}", _HEADER)
assert _OUTCOMES is not None
OUTCOMES = tuple(name.strip() for name in _OUTCOMES[1].split(","))

_REGISTERS = "32Q4Q512s"
CASE = struct.Struct(f"<{MOST_WORDS}IQ{_REGISTERS}{WINDOW_BYTES}s")
RESULT = struct.Struct(f"<IIQ{_REGISTERS}{WINDOW_BYTES}s")

NOP = 0xD503201F


@dataclass(slots=True)
class Registers:
    """`x[31]` is SP; `v` holds all 32 registers; `pc` is an offset from the first instruction."""

    x: list[int]
    pc: int
    nzcv: int
    fpcr: int
    fpsr: int
    v: bytes

    def v_of(self, n: int) -> int:
        """A vector register as a number."""
        return int.from_bytes(self.v[16 * n : 16 * n + 16], "little")


@dataclass(slots=True)
class Case:
    """A program and the state it starts in."""

    words: list[int]
    registers: Registers
    memory: bytes

    def pack(self) -> bytes:
        """The record that the runners read."""
        r = self.registers
        words = self.words + [0] * (MOST_WORDS - len(self.words))
        return CASE.pack(*words, len(self.words), *r.x, 0, r.nzcv, r.fpcr, r.fpsr, r.v, self.memory)

    @staticmethod
    def unpack(record: bytes) -> Case:
        """The inverse of pack()."""
        t = CASE.unpack(record)
        count, t_registers = t[MOST_WORDS], t[MOST_WORDS + 1 :]
        return Case(list(t[:count]), _registers(t_registers), t_registers[37])


@dataclass(slots=True)
class Result:
    """The state a case ended in. `outside`: memory outside the window changed."""

    outcome: str
    detail: int
    outside: bool
    registers: Registers
    memory: bytes

    @staticmethod
    def unpack(record: bytes) -> Result:
        """From what a runner wrote."""
        t = RESULT.unpack(record)
        return Result(OUTCOMES[t[0]], t[1], bool(t[2]), _registers(t[3:]), t[3 + 37])


def _registers(t: tuple[int | bytes, ...]) -> Registers:
    x = [n for n in t[:36] if isinstance(n, int)]
    v = t[36]
    assert isinstance(v, bytes)
    pc, nzcv, fpcr, fpsr = x[32:]
    return Registers(x[:32], pc, nzcv, fpcr, fpsr, v)
