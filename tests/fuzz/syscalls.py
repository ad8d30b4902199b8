"""`python -m tests.fuzz.syscalls`: random system calls; the launcher must outlive them.

Owns: how the guest program tests/usermode/guests/fuzz.c is run and judged. Must not know: which
calls it makes (it says itself, with what it leaves out and why).
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.usermode.support import build_guest
from tools.guest_toolchain import find_compiler
from usermode.cli import TIERS

_OURS = re.compile(
    rb"pydbt-aarch64: internal error|terminate called|ERROR: \w+Sanitizer|batch \d+ hangs"
)
_SECONDS_A_BATCH = 40


def run(launcher: Path, program: Path, tier: str, seed: int, batches: int) -> list[str]:
    """What the launcher said that it must not, or nothing."""
    # The guest's standard error is a pipe: it cannot take back what was said.
    with tempfile.TemporaryDirectory(prefix="pydbt-fuzz-") as folder:
        Path(folder).chmod(0o777)
        done = subprocess.run(
            [str(launcher), f"--tier={tier}", str(program), str(seed), str(batches)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=batches * _SECONDS_A_BATCH,
            check=False,
        )
    found = [
        line.decode(errors="replace") for line in done.stdout.splitlines() if _OURS.search(line)
    ]
    if done.returncode != 0 or not done.stdout.rstrip().endswith(b"done"):
        found.append(f"status {done.returncode}, and not done")
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.syscalls", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--batches", type=int, default=100, help="processes of 400 calls each")
    parser.add_argument("--tier", choices=TIERS, default=TIERS[-1])
    options = parser.parse_args()
    program = build_guest(find_compiler(fetch=False), "fuzz", "glibc")
    launcher = Path(os.environ.get("PYDBT_BUILD", "build/dev")).absolute() / "pydbt-aarch64"
    print(f"seed {options.seed}, {options.batches} batches, tier {options.tier}", flush=True)
    found = run(launcher, program, options.tier, options.seed, options.batches)
    print("\n".join(found) or "nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
