"""Compares native, qemu-aarch64 and pydbt-aarch64 on the same programs: `python -m tests.bench`.

Owns the benchmark's options, its list of kernels and the order of runs. Runners take turns within
each round, so that a slow minute of the machine hits all of them; what counts is processor time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from testbins import build as testbins_build
from testbins.programs import BENCH, best_build, native_path, program_named
from tests.bench.measure import Run, measure
from tests.bench.table import align, figure, insns_per_second, medians, table
from tools.guest_toolchain import Progress, ToolchainError, find_compiler, find_qemu

ROOT = Path(__file__).resolve().parent.parent.parent

# Rounds of each kernel of testbins/bench: a third to a whole second under qemu.
KERNELS = {
    "mix": 80,
    "sieve": 130,
    "sha256": 80,
    "crc32": 2000,
    "qsort": 40,
    "matrix": 250,
    "fib": 170,
    "interpreter": 100,
    "list": 24000,
    "strings": 6000,
    "memcpy": 1000,
}
# Floating point and vectors, a table of their own.
VECTOR_KERNELS = {
    "nbody": 400,
    "mandelbrot": 45,
    "matrix-float": 90,
    "matrix-double": 90,
    "neon-matrix-f16": 20,
    "neon-matrix-f32": 90,
    "neon-matrix-f64": 90,
    "fft": 3000,
    "filter-q15": 4000,
    "filter-wide": 12000,
    "blend": 8000,
    "chacha20": 800,
    "crc32c": 4000,
    "crypto-aes-ctr": 2000,
    "crypto-sha256": 1000,
    "copy-sizes": 3000,
    "copy-mops": 3000,
    "length-sizes": 1000,
    "search-sizes": 1000,
}
ALL_KERNELS = {**KERNELS, **VECTOR_KERNELS}
VECTOR_LEGEND = """\
neon-*, fft, filter-*, blend, chacha20: NEON intrinsics in the guest, plain C that computes the same
bits in the native build. crc32c, crypto-*: the instructions in the guest, tables and plain C in the
native build. copy-mops: FEAT_MOPS in the guest, memcpy in the native build. The rest is the same C
in both; *-sizes are the C library's memcpy, strlen, memchr."""
STARTUP = ("hello-asm", "hello")
TRANSLATION = ("hello", "sort", "floats", "malloc", "cxx")
STATISTICS = ("guest_insns_translated", "translate_ns", "host_bytes", "blocks")

Samples = dict[str, dict[str, list[float]]]


class BenchError(Exception):
    """Why nothing can be measured, in one line."""


class Bench:
    """The runners, and what went wrong so far."""

    def __init__(self, runners: Mapping[str, tuple[str, ...]], libc: str, rounds: int) -> None:
        self.runners = runners
        self.libc = libc
        self.rounds = rounds
        self.wrong: list[str] = []

    def guest(self, name: str) -> str:
        return str(best_build(program_named(name), self.libc).path)

    def judge(self, what: str, run: Run, status: int, output: bytes | None) -> bool:
        """Whether a run did what it had to; the first complaint about each is kept."""
        if run.status == status and output in (None, run.stdout):
            return True
        lines = run.stderr.decode(errors="replace").strip().splitlines()
        words = [line for line in lines if not line.startswith("{")][-1:]  # not the statistics
        reason = f"status {run.status}" if run.status != status else "wrong output"
        complaint = ": ".join([what, reason, *words])
        if not any(known.startswith(f"{what}:") for known in self.wrong):
            self.wrong.append(complaint)
        return False

    def kernels(self, names: Sequence[str]) -> Samples:
        """Seconds of every kernel under every runner. A wrong result counts for nothing."""
        samples: Samples = {name: {runner: [] for runner in self.runners} for name in names}
        checksums: dict[str, bytes] = {}
        progress = Progress("kernels")
        try:
            for round_number in range(self.rounds):
                for name in names:
                    progress.show(f"round {round_number + 1} of {self.rounds}, {name}")
                    for runner, prefix in rotated(self.runners, round_number):
                        native = str(native_path(BENCH, "O2"))
                        program = self.guest(BENCH.name) if prefix else native
                        run = measure((*prefix, program, name, str(ALL_KERNELS[name])))
                        output = checksums.get(name)
                        if self.judge(f"{runner}, {name}", run, 0, output):
                            samples[name][runner].append(run.seconds)
                            if not prefix:
                                checksums[name] = run.stdout
        finally:
            progress.close()
        return samples

    def startup(self, runs: int) -> Samples:
        """Seconds of programs that do nothing but start."""
        emulators = {runner: prefix for runner, prefix in self.runners.items() if prefix}
        samples: Samples = {name: {runner: [] for runner in emulators} for name in STARTUP}
        progress = Progress("start-up")
        try:
            for number in range(runs):
                progress.show(f"run {number + 1} of {runs}")
                for name in STARTUP:
                    for runner, prefix in rotated(emulators, number):
                        run = measure((*prefix, self.guest(name)))
                        if self.judge(f"{runner}, start of {name}", run, 0, None):
                            samples[name][runner].append(run.seconds)
        finally:
            progress.close()
        return samples

    def translation(self) -> dict[str, list[dict[str, int]]]:
        """What the launcher tells of its translations, once a cold run of each program."""
        result: dict[str, list[dict[str, int]]] = {}
        env = {**os.environ, "PYDBT_STATS": "1"}
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            for name in TRANSLATION:
                program = program_named(name)
                command = (*self.runners["ours"], self.guest(name), *program.arguments)
                result[name] = []
                for _ in range(self.rounds):
                    run = measure(command, env)
                    if self.judge(f"ours, translation of {name}", run, program.status, None):
                        result[name] += statistics_of(run)
        return result


def rotated(
    runners: Mapping[str, tuple[str, ...]], by: int
) -> Sequence[tuple[str, tuple[str, ...]]]:
    """The runners, native first (it knows the right checksum), the emulators in changing order."""
    native = [(name, prefix) for name, prefix in runners.items() if not prefix]
    others = [(name, prefix) for name, prefix in runners.items() if prefix]
    by %= len(others)
    return [*native, *others[by:], *others[:by]]


def statistics_of(run: Run) -> list[dict[str, int]]:
    """The launcher's line of statistics, if it printed one."""
    for line in reversed(run.stderr.decode(errors="replace").splitlines()):
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict) and all(key in row for key in STATISTICS):
                return [{key: int(row[key]) for key in STATISTICS}]
    return []


def translation_table(samples: Mapping[str, Sequence[Mapping[str, int]]]) -> str:
    rows = [["", "insns/s", "insns", "blocks", "host bytes", "bytes/insn"]]
    for name, runs in samples.items():
        if not runs:
            rows.append([name, "-", "-", "-", "-", "-"])
            continue
        speed = insns_per_second(runs)
        last = runs[-1]
        insns = last["guest_insns_translated"]
        density = last["host_bytes"] / insns if insns else None
        numbers = [f"{insns:,}", f"{last['blocks']:,}", f"{last['host_bytes']:,}"]
        rows.append([name, "-" if speed is None else f"{speed:,.0f}", *numbers, figure(density, 1)])
    return align(rows)


# ------------------------------------------------------------------------------------------ options


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Compare native, qemu-aarch64 and pydbt-aarch64 side by side.",
    )
    parser.add_argument("--kernels", metavar="NAMES", help="only these, separated by commas")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--starts", type=int, default=50, metavar="N", help="default: 50")
    parser.add_argument("--before", type=Path, metavar="PATH", help="another launcher to compare")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    options = parser.parse_args(arguments)
    options.kernels = options.kernels.split(",") if options.kernels else list(ALL_KERNELS)
    if unknown := [name for name in options.kernels if name not in ALL_KERNELS]:
        parser.error(f"no kernel is named {', '.join(unknown)}; there are {', '.join(ALL_KERNELS)}")
    if options.rounds < 1 or options.starts < 1:
        parser.error("at least one round, please")
    return options


def find_runners(before: Path | None) -> dict[str, tuple[str, ...]]:
    """What runs the programs, in the order of the table's columns; says what is compared."""
    runners: dict[str, tuple[str, ...]] = {"native": ()}
    if qemu := find_qemu(fetch=False):
        runners["qemu"] = (str(qemu),)
        words = subprocess.run((qemu, "--version"), capture_output=True, text=True, check=False)
        print(f"qemu: {qemu} ({words.stdout.splitlines()[0] if words.stdout else 'unknown'})")
    else:
        print("qemu: absent (`python -m tools.guest_toolchain qemu` fetches one)")
    ours = Path(os.environ.get("PYDBT_BUILD", ROOT / "build" / "dev")) / "pydbt-aarch64"
    launchers = {"ours": ours} if before is None else {"before": before, "ours": ours}
    for name, path in launchers.items():
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is not built" if name == "ours" else f"no launcher: {path}")
        runners[name] = (str(path.resolve()),)
        print(f"{name}: {path}")
    return runners


def run_all(options: argparse.Namespace) -> int:
    names = {BENCH.name, *STARTUP, *TRANSLATION}
    if testbins_build.main(sorted(names)) != 0:
        return 1
    runners = find_runners(options.before)
    bench = Bench(runners, find_compiler(fetch=False).libc, options.rounds)
    kernels = bench.kernels(options.kernels)
    for title, group, legend in (
        ("Kernels", KERNELS, ""),
        ("Kernels of floating point and vectors", VECTOR_KERNELS, VECTOR_LEGEND),
    ):
        chosen = {name: runs for name, runs in kernels.items() if name in group}
        if not chosen:
            continue
        print(f"\n{title}, processor time, median of {options.rounds}")
        print(table(chosen, list(runners)))
        if legend:
            print(legend)
    startup = bench.startup(options.starts)
    print(f"\nStart-up, processor time, median of {options.starts}")
    print(table(startup, [name for name in runners if name != "native"], "ms"))
    translation = bench.translation()
    print("\nTranslation, cold static programs")
    print(translation_table(translation))
    if options.json:
        figures: dict[str, Any] = {
            "machine": platform.processor() or platform.machine(),
            "runners": runners,
            "kernels": kernels,
            "kernel_medians": {name: medians(runs) for name, runs in kernels.items()},
            "startup": startup,
            "translation": translation,
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for complaint in bench.wrong:
        print(f"bench: {complaint}", file=sys.stderr)
    return 1 if bench.wrong else 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        return run_all(options)
    except (BenchError, ToolchainError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
