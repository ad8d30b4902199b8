"""Makes a case that shows a mismatch small and readable.

Owns: shrinking, and the text that explains a mismatch. Must not know: how cases are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .exclusions import differences, pattern_of
from .oracle import Engine, Failure, Mismatch, compare
from .record import NOP, WINDOW, WINDOW_BYTES, Case, Result
from .rows import PLAIN, disassembly, row_of


class Minimiser:
    """Shrinks mismatches between two engines."""

    def __init__(self, ours: Engine, theirs: Engine) -> None:
        """The engines to compare."""
        self._ours = ours
        self._theirs = theirs

    def _failing(self, cases: Sequence[Case]) -> dict[int, Mismatch]:
        packed = [c.pack() for c in cases]
        found = {m.case: m for m in compare(self._ours, self._theirs, packed)}
        return {n: found[p] for n, p in enumerate(packed) if p in found}

    def minimise(self, mismatch: Mismatch) -> Mismatch:
        """A mismatch of fewer instructions and plainer state, or the same one."""
        case = Case.unpack(mismatch.case)
        if 0 not in self._failing([case]):
            return mismatch  # it needs the cases before it
        if loops(case.words):
            # Without the end it would not, or never stop; a word dropped would move its start.
            case = self._each(case, [_nop_at(n) for n in range(len(case.words) - 2)])
        else:
            case = self._without_tail(case)
            case = self._each(case, [_nop_at(n) for n in range(len(case.words))])
            case = self._each(case, [_drop_at(n) for n in reversed(range(len(case.words)))])
        state = [_plain_x(n) for n in range(32)] + [_plain_v(n) for n in range(32)]
        state += [_plain_memory(n) for n in range(0, WINDOW_BYTES, 64)]
        state += [_with(nzcv=0), _with(fpsr=0), _with(fpcr=0)]
        case = self._each(case, state)
        return self._failing([case]).get(0, mismatch)

    def _without_tail(self, case: Case) -> Case:
        """The shortest beginning, followed by NOPs, that still fails."""
        count = len(case.words)
        shorter = [
            replace(case, words=case.words[:n] + [NOP] * (count - n)) for n in range(1, count + 1)
        ]
        failing = self._failing(shorter)
        return shorter[min(failing)] if failing else case

    def _each(self, case: Case, changes: Sequence[Callable[[Case], Case | None]]) -> Case:
        """Makes every change that keeps the failure: all that do alone, else one after another."""
        tried = [(c, changed) for c in changes if (changed := c(case)) is not None]
        failing = self._failing([changed for _, changed in tried])
        useful = [tried[n][0] for n in sorted(failing)]
        together = case
        for change in useful:
            together = change(together) or together
        if 0 in self._failing([together]):
            return together
        for change in useful:
            changed = change(case)
            if changed is not None and 0 in self._failing([changed]):
                case = changed
        return case


def loops(words: Sequence[int]) -> bool:
    """Whether the words end in CBNZ to an earlier one (cases.Generator makes such)."""
    return words[-1] >> 23 == 0xB5000000 >> 23 | 1


def _nop_at(n: int) -> Callable[[Case], Case | None]:
    def change(case: Case) -> Case | None:
        if case.words[n] == NOP:
            return None
        return replace(case, words=[*case.words[:n], NOP, *case.words[n + 1 :]])

    return change


def _drop_at(n: int) -> Callable[[Case], Case | None]:
    def change(case: Case) -> Case | None:
        if n >= len(case.words) or case.words[n] != NOP or len(case.words) == 1:
            return None
        return replace(case, words=case.words[:n] + case.words[n + 1 :])

    return change


def _with(**values: Any) -> Callable[[Case], Case | None]:
    """Sets registers of the state, by the names that Registers has for them."""

    def change(case: Case) -> Case | None:
        registers = replace(case.registers, **values)
        return None if registers == case.registers else replace(case, registers=registers)

    return change


# The state of a row that says nothing.


def _plain_x(n: int) -> Callable[[Case], Case | None]:
    def change(case: Case) -> Case | None:
        plain = PLAIN.registers.x[n]
        x = [plain if i == n else value for i, value in enumerate(case.registers.x)]
        return _with(x=x)(case)

    return change


def _plain_v(n: int) -> Callable[[Case], Case | None]:
    here = slice(16 * n, 16 * n + 16)

    def change(case: Case) -> Case | None:
        v = case.registers.v
        return _with(v=v[: here.start] + PLAIN.registers.v[here] + v[here.stop :])(case)

    return change


def _plain_memory(n: int) -> Callable[[Case], Case | None]:
    def change(case: Case) -> Case | None:
        memory = case.memory[:n] + PLAIN.memory[n : n + 64] + case.memory[n + 64 :]
        return replace(case, memory=memory) if memory != case.memory else None

    return change


# ---- text


def names_of(case: bytes) -> tuple[str, ...]:
    """The patterns of a case's instructions, in order, each once."""
    patterns = (pattern_of(w) for w in Case.unpack(case).words)
    return tuple(dict.fromkeys(p.name for p in patterns if p))


def difference_lines(ours: Result, expected: Result) -> list[str]:
    """A line for each part that differs."""
    lines = [
        f"  {part}: {_value(ours, part)}  expected {_value(expected, part)}"
        for part in sorted(differences(ours, expected))
        if part != "memory"
    ]
    return lines + _memory_lines(ours, expected)


def _value(result: Result, part: str) -> str:
    if part.startswith("x") and part[1:].isdigit():
        return f"{result.registers.x[int(part[1:])]:#x}"
    if part.startswith("v") and part[1:].isdigit():
        return f"{result.registers.v_of(int(part[1:])):#034x}"
    value = getattr(result if part in ("outcome", "outside") else result.registers, part)
    return value if isinstance(value, str) else f"{value:#x}"


def _memory_lines(ours: Result, theirs: Result) -> list[str]:
    lines = []
    for n in range(0, WINDOW_BYTES, 16):
        a, b = ours.memory[n : n + 16], theirs.memory[n : n + 16]
        if a != b:
            lines.append(f"    {WINDOW + n:#x}: {a.hex()}  expected {b.hex()}")
    return lines


def explain(mismatch: Mismatch) -> str:
    """Instructions, what differs (ours, then the oracle's), and a row for tests/cases."""
    case = Case.unpack(mismatch.case)
    lines = [f"  {w:#010x}  {disassembly(w)}" for w in case.words]
    if isinstance(mismatch.ours, Failure) or isinstance(mismatch.theirs, Failure):
        for name, result in (("pydbt", mismatch.ours), ("oracle", mismatch.theirs)):
            if isinstance(result, Failure):
                lines.append(f"  {name}: {result.what}")
        expected = None if isinstance(mismatch.theirs, Failure) else Result.unpack(mismatch.theirs)
    else:
        ours, expected = Result.unpack(mismatch.ours), Result.unpack(mismatch.theirs)
        lines += difference_lines(ours, expected)
    lines.append("  " + row_of(case, expected))
    return "\n".join(lines)
