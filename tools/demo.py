"""What `make run` does: makes a guest program that greets, and runs it through the launcher.

Needs no cross compiler and no network: keystone assembles testbins/asm/hello.S. Where a cross
compiler is in the cache already, the greeting in C runs, too. Owns nothing else.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from testbins import build as testbins_build
from testbins.programs import FOLDER, best_build, program_named
from tools.guest_toolchain import ToolchainError, find_compiler
from tools.tiny_elf import AssemblyError, write_program

ROOT = FOLDER.parent


def run(launcher: Path, program: Path, *arguments: str) -> int:
    """Runs a guest program, showing the command; returns its exit status."""
    command = [str(shortest(launcher)), str(shortest(program)), *arguments]
    print(f"$ {shlex.join(command)}", flush=True)
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as error:
        print(f"demo: {launcher}: {error.strerror}; run `make`", file=sys.stderr)
        return 1


def shortest(path: Path) -> Path:
    """The path as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def c_program() -> Path | None:
    """The greeting in C, built with a compiler that is already there; None without one."""
    try:
        compiler = find_compiler(fetch=False)
    except ToolchainError:
        return None
    name = "hello"
    if testbins_build.main([name]) != 0:
        return None
    return best_build(program_named(name), compiler.libc).path


def main() -> int:
    launcher = Path(os.environ.get("PYDBT_BUILD", ROOT / "build" / "dev")) / "pydbt-aarch64"
    greeting = ROOT / "build" / "demo" / "hello"
    try:
        write_program(FOLDER / "asm" / "hello.S", greeting)
    except (AssemblyError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    if status := run(launcher, greeting):
        print(f"demo: the guest program failed with status {status}", file=sys.stderr)
        return 1
    program = c_program()
    # The C program's status is the number of its arguments.
    if program is not None and run(launcher, program, "translated") != 1:
        print("demo: the C program failed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
