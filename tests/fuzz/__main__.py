"""`python -m tests.fuzz`: the differential fuzzer.

Owns: options, worker processes, the report. Must not know: how cases are drawn, run or compared
(tests/differential does).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.differential.cases import Generator
from tests.differential.minimise import Minimiser, explain, names_of
from tests.differential.oracle import (
    CPUS,
    ORACLES,
    TIERS,
    Engine,
    Mismatch,
    RunnerError,
    compare_all,
    launcher,
    pydbt,
)

BATCH = 5000
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker needs to know."""

    ours: tuple[Engine, ...]
    theirs: Engine
    glob: str
    sequences: float
    seed: str


# Of a worker process.
_plan: Plan
_generator: Generator


def _start_worker(plan: Plan) -> None:
    global _plan, _generator
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _plan = plan
    _generator = Generator(plan.glob, plan.sequences, plan.theirs.name)


def _work(batch: tuple[int, int]) -> tuple[int, list[list[Mismatch]]]:
    number, count = batch
    cases = _generator.batch(f"{_plan.seed}/{number}", count)
    return count, compare_all(_plan.ours, _plan.theirs, cases)


def run(plan: Plan, cases: int, jobs: int) -> Iterator[tuple[int, list[list[Mismatch]]]]:
    """Runs so many cases; yields how many a batch had and each engine's mismatches."""
    batches = [(n, min(BATCH, cases - at)) for n, at in enumerate(range(0, cases, BATCH))]
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, _start_worker, (plan,)) as pool:
        yield from pool.imap_unordered(_work, batches)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Compares pydbt with an oracle on random code."
    )
    parser.add_argument("--cases", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--tier", choices=TIERS, default="1", help="pydbt's tier (%(default)s)")
    parser.add_argument(
        "--oracle", choices=ORACLES, default="unicorn", help="compared with (%(default)s)"
    )
    parser.add_argument(
        "--launcher", action="store_true", help="run cases as a program of the launcher's"
    )
    parser.add_argument("--seed", default="", help="the same seed draws the same cases (the time)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--pattern", default="*", metavar="GLOB", help="instructions, by spec name")
    parser.add_argument(
        "--sequences", type=float, default=0.5, metavar="SHARE", help="0 to 1 (%(default)s)"
    )
    parser.add_argument(
        "--registers", type=int, default=0, metavar="N", help="of the host's, at least 5 (all)"
    )
    parser.add_argument(
        "--host-features",
        action="append",
        metavar="LIST",
        help="as for the launcher; several times to compare with several of ours",
    )
    options = parser.parse_args(argv)
    if options.cases < 1 or options.jobs < 1 or not 0 <= options.sequences <= 1:
        parser.error("--cases and --jobs are positive, --sequences is from 0 to 1")
    if options.launcher and options.registers:
        parser.error("--registers is not for --launcher")
    return options


def _engines(options: argparse.Namespace) -> tuple[Engine, ...]:
    lists = options.host_features or [""]
    if options.launcher:
        return tuple(launcher(options.tier, features) for features in lists)
    cpu = CPUS[options.oracle]
    return tuple(pydbt(options.tier, features, options.registers, cpu) for features in lists)


def _progress(done: int, cases: int, began: float, bad: int) -> None:
    if sys.stderr.isatty():
        rate = done / max(time.monotonic() - began, 1e-9)
        text = f"\r{done:,} of {cases:,} cases, {rate:,.0f} a second, {bad:,} mismatches "
        print(text, end="", file=sys.stderr, flush=True)


def _report(ours: Engine, theirs: Engine, found: list[Mismatch]) -> None:
    """The first mismatches, made small; none whose instructions include those of another."""
    minimiser = Minimiser(ours, theirs)
    small: dict[tuple[str, ...], Mismatch] = {}
    for mismatch in found[: 5 * _SHOWN]:
        known = any(set(names) <= set(names_of(mismatch.case)) for names in small)
        if len(small) < _SHOWN and not known:
            reduced = minimiser.minimise(mismatch)
            small.setdefault(names_of(reduced.case), reduced)
    for names, mismatch in small.items():
        print(f"\n{' '.join(names)}\n{explain(mismatch)}")


def main(argv: list[str]) -> int:
    """Exit status 0: everything agrees; 1: something does not; 2: it cannot be run.

    SIGINT and SIGTERM stop it, with a report of what was run.
    """
    options = _arguments(argv)
    seed = options.seed or str(time.time_ns())
    try:
        plan = Plan(
            _engines(options),
            ORACLES[options.oracle](),
            options.pattern,
            options.sequences,
            seed,
        )
        Generator(plan.glob, plan.sequences, options.oracle)
    except (RunnerError, ValueError) as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    began, done = time.monotonic(), 0
    found: list[list[Mismatch]] = [[] for _ in plan.ours]
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for count, mismatches in run(plan, options.cases, options.jobs):
            done += count
            for all_, new in zip(found, mismatches, strict=True):
                all_ += new
            _progress(done, options.cases, began, sum(map(len, found)))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    took = time.monotonic() - began
    for engine, wrong in zip(plan.ours, found, strict=True):
        engines = f"{engine.name} and {plan.theirs.name}"
        print(
            f"{done:,} cases on {engines}, {took:.0f} s, {len(wrong):,} mismatches, --seed {seed}"
        )
        singles = Counter(names_of(m.case) for m in wrong if _short(m))
        for names, count in singles.most_common(_SHOWN):
            print(f"{count:7,}  {' '.join(names)}")
        _report(engine, plan.theirs, wrong)
    return 1 if any(found) else 0


def _short(mismatch: Mismatch) -> bool:
    return len(names_of(mismatch.case)) == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
