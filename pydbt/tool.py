"""The `pydbt` command: tools around the emulator.

Owns: its sub-commands and their options. Must not know: how programs are run (that is the native
`pydbt-aarch64`).
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import __version__, binfmt
from .explain import explain, find_code
from .listing import LogError, listing

_BASELINE = ("avx2", "bmi1", "bmi2", "fma", "abm", "movbe", "f16c")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the `pydbt` command."""
    parser = argparse.ArgumentParser(
        prog="pydbt", description="Tools around pydbt, the AArch64 emulator."
    )
    parser.add_argument("--version", action="version", version=f"pydbt {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    disas = commands.add_parser(
        "disas",
        help="show the host code of a log as instructions",
        description="Reads a log of `pydbt-aarch64 -d out_asm` and shows its host code as "
        "instructions; everything else in the log passes unchanged.",
    )
    disas.add_argument("log", nargs="?", type=Path, help="the log (default: standard input)")
    disas.set_defaults(run=_disas)
    explain_parser = commands.add_parser(
        "explain",
        help="show what an instruction or a piece of code becomes",
        description="Shows guest instructions, their IR, the optimized IR and the host code.",
        epilog="Example: pydbt explain 'add x0, x0, #1; ret'",
    )
    explain_parser.add_argument(
        "code", help="an instruction word (8 hexadecimal digits), FILE:SYMBOL, or assembly"
    )
    explain_parser.add_argument(
        "--pc", type=_address, help="address of a word or of assembly (default: 0x1000)"
    )
    explain_parser.add_argument(
        "--host-features", default="native", metavar="LIST", help="as pydbt-aarch64 takes it"
    )
    explain_parser.set_defaults(run=_explain)
    doctor = commands.add_parser(
        "doctor",
        help="say whether this machine can run pydbt",
        description="Checks the processor, the launcher and the kernel's settings.",
    )
    doctor.set_defaults(run=_doctor)
    binfmt.add_parser(commands)
    return parser


def _address(text: str) -> int:
    value = int(text, 0)
    if value % 4 != 0 or not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text} is not a 64-bit address that 4 divides")
    return value


def _explain(options: argparse.Namespace) -> int:
    try:
        for line in explain(find_code(options.code, options.pc), options.host_features):
            print(line)
    except (ValueError, ImportError) as error:
        print(f"pydbt: {error}", file=sys.stderr)
        return 1
    return 0


def _disas(options: argparse.Namespace) -> int:
    try:
        if options.log is None:
            for line in listing(sys.stdin):
                print(line)
        else:
            with options.log.open(encoding="utf-8", errors="replace") as log:
                for line in listing(log):
                    print(line)
    except OSError as error:
        print(f"pydbt: {options.log}: {error.strerror}", file=sys.stderr)
        return 1
    except LogError as error:
        print(f"pydbt: {error}", file=sys.stderr)
        return 1
    return 0


def _doctor(_options: argparse.Namespace) -> int:
    checks = (_check_processor(), _check_launcher(), _check_memory())
    width = max(len(name) for name, _, _ in checks)
    for name, good, text in checks:
        print(f"{name:<{width}}  {'ok' if good else 'NOT OK':<6}  {text}")
    return 0 if all(good for _, good, _ in checks) else 1


def _check_processor() -> tuple[str, bool, str]:
    name = "processor"
    if platform.machine() != "x86_64":
        return name, False, f"{platform.machine()}: pydbt translates to x86-64 only"
    flags: set[str] = set()
    with Path("/proc/cpuinfo").open(encoding="utf-8") as info:
        for line in info:
            if line.startswith("flags"):
                flags = set(line.split(":", 1)[1].split())
                break
    missing = [flag for flag in _BASELINE if flag not in flags]
    if missing:
        return name, False, f"lacks {', '.join(missing)} (x86-64-v3 is needed)"
    wide = "with" if "avx512vl" in flags else "without"
    return name, True, f"x86-64-v3, {wide} AVX-512VL"


def _check_launcher() -> tuple[str, bool, str]:
    name = "launcher"
    beside = Path(sys.executable).with_name("pydbt-aarch64")
    path = str(beside) if beside.exists() else shutil.which("pydbt-aarch64")
    if path is None:
        return name, False, "pydbt-aarch64 is not on PATH; install the package again"
    done = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return name, False, f"{path} -version fails: {done.stderr.strip()}"
    return name, True, path


def _check_memory() -> tuple[str, bool, str]:
    name = "lowest address"
    setting = Path("/proc/sys/vm/mmap_min_addr")
    lowest = int(setting.read_text(encoding="ascii"))
    good = lowest <= 0x10000
    return name, good, f"vm.mmap_min_addr = {lowest}" + ("" if good else " (65536 at the most)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the `pydbt` command; returns its exit status."""
    options = build_parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except BrokenPipeError:
        # The reader went away (`pydbt disas | head`): no more to say, and nothing to complain of.
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
