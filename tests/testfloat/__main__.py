"""`python -m tests.testfloat`: builds TestFloat for AArch64 and runs it under pydbt.

Owns: the build, the runs, the verdict. Must not know: what instructions are tested (subject.py).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from testbins.programs import BUILD
from tools.guest_toolchain import Compiler, find_compiler
from tools.testfloat_source import fetch

from . import subject

LAUNCHER = Path(os.environ.get("PYDBT_BUILD", "build/dev")) / "pydbt-aarch64"
_FOREIGN = ("extF80", "ExtF80", "f128", "F128")
"""Formats that AArch64 has no instructions for, in names of sources."""
_NOT_LIBRARY = ("testsoftfloat", "timesoftfloat", "testfloat_gen", "testfloat_ver", "genLoops",
                "verLoops", "slowfloat", "subjfloat")  # fmt: skip
_DEFINES = (
    "-DFLOAT16", "-DFLOAT64", "-DSOFTFLOAT_FAST_INT64", "-DSOFTFLOAT_ROUND_ODD", "-DINLINE_LEVEL=5",
    "-DSOFTFLOAT_FAST_DIV32TO16", "-DSOFTFLOAT_FAST_DIV64TO32", "-DTHREAD_LOCAL=",
    "-Dslowfloat_exceptionFlags=softfloat_exceptionFlags",  # what testfloat.c means
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What TestFloat says of one function in all rounding modes."""

    function: str
    passed: bool
    tests: int
    text: str


def program() -> Path:
    """The guest program, built when it is not there or its subject has changed."""
    folder = BUILD / "testfloat"
    done = folder / "testfloat"
    texts = {"subjfloat.c": subject.source(), "subjfloat_config.h": subject.config()}
    same = all(
        (folder / name).exists() and (folder / name).read_text(encoding="utf-8") == text
        for name, text in texts.items()
    )
    if done.exists() and same:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _build(find_compiler(fetch=True), fetch(), folder)
    return done


def _build(compiler: Compiler, sources: Path, folder: Path) -> None:
    soft = sources / "berkeley-softfloat-3"
    test = sources / "berkeley-testfloat-3"
    files = [*(soft / "source").glob("*.c"), *(soft / "source/ARM-VFPv2").glob("*.c")]
    files += [f for f in (test / "source").glob("*.c") if f.stem not in _NOT_LIBRARY]
    files = [f for f in files if not any(word in f.stem for word in _FOREIGN)]
    platform = test / "build/Linux-x86_64-GCC"
    include = [f"-I{d}" for d in (folder, platform, soft / "source/include", test / "source")]
    command = [*compiler.cc, "-w", "-O1", "-static", "-march=armv8.2-a+fp16", *_DEFINES, *include]
    command += [f"-I{soft / 'source/ARM-VFPv2'}", "-ffunction-sections", "-Wl,--gc-sections"]
    command += [str(folder / "subjfloat.c"), *map(str, sorted(files))]
    command += ["-o", str(folder / "testfloat"), "-lm"]
    subprocess.run(command, env=compiler.environment(), check=True)


def run_function(function: str, level: int, tier: str) -> Verdict:
    """Runs one function: results, flags, saturated integers and NaNs must be right.

    NaNs but for mulAdd's: SoftFloat has the order of VFPv2, where the addend comes last.
    """
    check = "-checkInvInts" if function.endswith("mulAdd") else "-checkAll"
    run = subprocess.run(
        [str(LAUNCHER), f"--tier={tier}", str(program()), check, "-tininessbefore",
         "-errors", "5", "-level", str(level), function],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    text = run.stdout + run.stderr
    found = [line for line in text.replace("\r", "\n").splitlines() if " found in " in line]
    passed = bool(found) and all(", no errors found in " in line for line in found)
    tests = sum(int(n) for n in re.findall(r"^In (\d+) tests", "\n".join(found), re.MULTILINE))
    return Verdict(function, run.returncode == 0 and passed, tests, text.strip())


def functions() -> list[str]:
    """TestFloat's names of all functions."""
    return list(dict.fromkeys(f.name for f in subject.functions()))


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.testfloat", description=__doc__)
    parser.add_argument("--level", type=int, choices=(1, 2), default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tier", choices=("1", "interp"), default="1")
    parser.add_argument("functions", nargs="*", help="TestFloat's names (all)")
    options = parser.parse_args()
    program()
    wanted = options.functions or functions()
    failed = tests = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for verdict in pool.map(lambda f: run_function(f, options.level, options.tier), wanted):
            tests += verdict.tests
            state = "ok  " if verdict.passed else "FAIL"
            print(f"{state} {verdict.function}, {verdict.tests:,} tests", flush=True)
            if not verdict.passed:
                failed += 1
                print(verdict.text)
    passed = f"{len(wanted) - failed} of {len(wanted)} functions pass"
    print(f"{passed} at level {options.level}, {tests:,} tests")
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
