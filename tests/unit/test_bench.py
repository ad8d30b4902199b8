"""The benchmark's arithmetic and the way it takes times."""

from __future__ import annotations

import sys

import pytest

from tests.bench.measure import measure
from tests.bench.table import Ratio, align, geometric_mean, insns_per_second, medians, table


def test_ratio_divides_first_by_second() -> None:
    times = {"ours": 3.0, "native": 1.5, "qemu": 12.0}
    assert Ratio("ours", "native").of(times) == 2.0
    assert Ratio("qemu", "ours").of(times) == 4.0
    assert Ratio("qemu", "ours").title == "qemu/ours"


def test_ratio_of_what_is_not_measured() -> None:
    assert Ratio("before", "ours").of({"ours": 3.0}) is None
    assert Ratio("ours", "native").of({"ours": 3.0, "native": 0.0}) is None


def test_medians_leave_out_who_has_no_runs() -> None:
    assert medians({"ours": [5.0, 1.0, 2.0], "qemu": [4.0, 1.0], "native": []}) == {
        "ours": 2.0,
        "qemu": 2.5,
    }


def test_geometric_mean() -> None:
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)
    assert geometric_mean([0.5, None, 2.0]) == pytest.approx(1.0)
    assert geometric_mean([3.0]) == pytest.approx(3.0)
    assert geometric_mean([None]) is None


def test_geometric_means_of_ratios_agree() -> None:
    """A mean of ratios must not depend on which side is the reference."""
    ratios = [0.3, 1.7, 2.5]
    inverse = geometric_mean([1 / ratio for ratio in ratios])
    mean = geometric_mean(ratios)
    assert mean is not None
    assert inverse == pytest.approx(1 / mean)


def test_table() -> None:
    samples = {
        "fib": {"native": [1.0, 1.0, 9.0], "qemu": [8.0], "ours": [2.0]},
        "memcpy": {"native": [0.5], "qemu": [1.0], "ours": [1.0]},
        "broken": {"native": [0.5], "qemu": [], "ours": []},
    }
    assert table(samples, ["native", "qemu", "ours"]).splitlines() == [
        "                native s  qemu s  ours s  ours/native  qemu/native  qemu/ours",
        "fib                1.000   8.000   2.000         2.00         8.00       4.00",
        "memcpy             0.500   1.000   1.000         2.00         2.00       1.00",
        "broken             0.500       -       -            -            -          -",
        "geometric mean                                   2.00         4.00       2.00",
    ]


def test_table_of_milliseconds_without_native() -> None:
    samples = {"hello": {"qemu": [0.004], "before": [0.003], "ours": [0.002]}}
    lines = table(samples, ["qemu", "before", "ours"], "ms").splitlines()
    assert lines[0].split() == [
        "qemu",
        "ms",
        "before",
        "ms",
        "ours",
        "ms",
        "qemu/ours",
        "before/ours",
    ]
    assert lines[1].split() == ["hello", "4.00", "3.00", "2.00", "2.00", "1.50"]


def test_align_needs_rows_of_one_length() -> None:
    assert align([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc   d"
    with pytest.raises(ValueError, match="zip"):
        align([["a", "b"], ["a", "b", "c"]])


def test_insns_per_second() -> None:
    runs = [
        {"guest_insns_translated": 1000, "translate_ns": 1_000_000},
        {"guest_insns_translated": 1000, "translate_ns": 500_000},
        {"guest_insns_translated": 1000, "translate_ns": 2_000_000},
    ]
    assert insns_per_second(runs) == pytest.approx(1e6)
    assert insns_per_second([{"guest_insns_translated": 5, "translate_ns": 0}]) is None


def test_measure_counts_processor_time_only() -> None:
    idle = measure((sys.executable, "-c", "import time; time.sleep(0.5); print('slept')"))
    assert idle.status == 0
    assert idle.stdout == b"slept\n"
    loop = "import time, sys\nwhile time.process_time() < 0.6: pass\nsys.exit('spun')"
    busy = measure((sys.executable, "-c", loop))
    assert busy.status == 1
    assert busy.stderr == b"spun\n"
    assert 0.6 <= busy.seconds < 30
    assert idle.seconds < 0.5


def test_measure_tells_signals() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert measure((sys.executable, "-c", code)).status == -9
