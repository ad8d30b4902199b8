"""`python -m tests.fuzz.storms`: storms of threads, processes and signals, for as long as asked.

Owns: how the guest programs storm (threads and processes made in every way), signalstorm (signals,
none lost) and crowd (200 threads on one mutex) are run over and over and judged. Must not know:
what they do inside.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.usermode.support import build_guest
from tools.guest_toolchain import find_compiler
from usermode.cli import TIERS

PROGRAMS = ("storm", "signalstorm", "crowd")
_PATIENCE = 60  # seconds over those that a run was told; a run that lasts longer hangs


@dataclass
class Storm:
    """One program on one tier: what came of its runs."""

    program: Path
    tier: str
    runs: int = 0
    seconds: float = 0.0
    failed: int = 0
    hung: int = 0

    def run(self, launcher: Path, seconds: int) -> str:
        """One run; what went wrong in it, or nothing."""
        start = time.monotonic()
        child = subprocess.Popen(
            [launcher, f"--tier={self.tier}", self.program, str(seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        hangs = False
        try:
            said, wrong = child.communicate(timeout=seconds + _PATIENCE)
        except subprocess.TimeoutExpired:
            hangs = True
            os.killpg(child.pid, signal.SIGKILL)
            said, wrong = child.communicate()
        self.runs += 1
        self.seconds += time.monotonic() - start
        if hangs:
            self.hung += 1
            return f"hangs\n{wrong}"
        if (child.returncode, said, wrong) == (0, "done\n", ""):
            return ""
        self.failed += 1
        return f"status {child.returncode}\n{said}{wrong}"


def table(storms: Sequence[Storm]) -> str:
    """The end's report: a line for each program and tier."""
    lines = [f"{'program':12} {'tier':7} {'runs':>5} {'minutes':>8} {'failed':>7} {'hung':>5}"]
    lines += [
        f"{s.program.name.split('-')[0]:12} {s.tier:7} {s.runs:5} {s.seconds / 60:8.1f} "
        f"{s.failed:7} {s.hung:5}"
        for s in storms
    ]
    minutes = sum(s.seconds for s in storms) / 60
    bad = sum(s.failed + s.hung for s in storms)
    return "\n".join([*lines, f"{minutes:.1f} minutes in all, {bad} failed or hung"])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.storms", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long, in all (60)")
    parser.add_argument("--seconds", type=int, default=10, help="how long a run is told to last")
    parser.add_argument("--tier", choices=TIERS, action="append", help="only this (both)")
    parser.add_argument("--program", choices=PROGRAMS, action="append", help="only this (all)")
    options = parser.parse_args()
    launcher = Path(os.environ.get("PYDBT_BUILD", "build/dev")).absolute() / "pydbt-aarch64"
    compiler = find_compiler(fetch=False)
    storms = [
        Storm(build_guest(compiler, name, "glibc"), tier)
        for name in options.program or PROGRAMS
        for tier in options.tier or TIERS
    ]
    end = time.monotonic() + options.minutes * 60
    for storm in itertools.cycle(storms):
        left = end - time.monotonic()
        if left <= 0:
            break
        wrong = storm.run(launcher, options.seconds)
        if wrong:
            print(f"{storm.program.name}, tier {storm.tier}: {wrong}", flush=True)
        elif sys.stderr.isatty():
            print(f"\r{left / 60:6.1f} minutes left ", end="", file=sys.stderr, flush=True)
    print(table(storms))
    return 1 if any(s.failed or s.hung for s in storms) else 0


if __name__ == "__main__":
    sys.exit(main())
