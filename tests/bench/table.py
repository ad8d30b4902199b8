"""What the benchmark's figures mean: medians, ratios, geometric means, and the aligned table.

Owns the arithmetic. Must not know how times are taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# Seconds of all runs, by what was run (kernel) and who ran it ("native", "qemu", "ours", "before").
Samples = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Ratio:
    """A column: the time of `above` divided by that of `below`."""

    above: str
    below: str

    @property
    def title(self) -> str:
        return f"{self.above}/{self.below}"

    def of(self, times: Mapping[str, float]) -> float | None:
        """The ratio of two medians; None when one is not there or nothing was measured."""
        above = times.get(self.above)
        below = times.get(self.below)
        return above / below if above and below else None


# How far from native (lower is better), and how far ahead (higher is better).
RATIOS = (
    Ratio("ours", "native"),
    Ratio("qemu", "native"),
    Ratio("qemu", "ours"),
    Ratio("before", "ours"),
)


def medians(runs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each runner that has runs."""
    return {runner: median(times) for runner, times in runs.items() if times}


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """The geometric mean of those values that are there; None when none is."""
    logarithms = [math.log(value) for value in values if value is not None]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else None


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def table(samples: Samples, runners: Sequence[str], unit: str = "s") -> str:
    """The table of medians and ratios, with the ratios' geometric means below.

    `unit` is "s" or "ms".
    """
    scale, digits = (1000.0, 2) if unit == "ms" else (1.0, 3)
    ratios = [ratio for ratio in RATIOS if ratio.above in runners and ratio.below in runners]
    header = ["", *(f"{runner} {unit}" for runner in runners), *(ratio.title for ratio in ratios)]
    rows = [header]
    columns: list[list[float | None]] = [[] for _ in ratios]
    for name, runs in samples.items():
        times = medians(runs)
        found = [ratio.of(times) for ratio in ratios]
        for column, value in zip(columns, found, strict=True):
            column.append(value)
        seconds = [times.get(runner) for runner in runners]
        rows.append(
            [
                name,
                *(figure(None if t is None else t * scale, digits) for t in seconds),
                *(figure(value, 2) for value in found),
            ]
        )
    means = [figure(geometric_mean(column), 2) for column in columns]
    rows.append(["geometric mean", *("" for _ in runners), *means])
    return align(rows)


def insns_per_second(statistics: Sequence[Mapping[str, int]]) -> float | None:
    """Guest instructions translated in a second: the median over several cold runs."""
    speeds = [
        row["guest_insns_translated"] / row["translate_ns"] * 1e9
        for row in statistics
        if row["translate_ns"] > 0
    ]
    return median(speeds) if speeds else None
