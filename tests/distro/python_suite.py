"""Runs CPython's own tests in both trees, and compares the results test by test.

    python -m tests.distro.python_suite [MODULE...]

Owns: which modules, what differs and why. Must not know: how the trees' programs are started
(run.py). Natively the tests run with the amd64 tree as root; some fail there for want of a network,
users or a root of their own, and must fail alike. Takes an hour or so.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from tests.conftest import ROOT
from tests.distro.run import native_bash, translated_bash
from tools.debian_tree import fetch

_MODULES = (
    "asyncio atexit builtin bz2 capi cmath cmd_line complex concurrent_futures ctypes curses"
    " datetime dbm decimal eintr embed epoll external_inspection faulthandler fcntl file_eintr"
    " fileio float fork1 fractions free_threading gc glob grp gzip hashlib httpservers"
    " interpreters io ioctl json largefile locale long lzma marshal math mmap monitoring"
    " multiprocessing_fork multiprocessing_forkserver multiprocessing_spawn openpty os pathlib"
    " perf_profiler perfmaps pickle platform poll popen posix pty pwd queue random re readline"
    " resource sched select selectors shutil signal socket socketserver sqlite3 ssl stat"
    " statistics strtod struct subprocess sys sys_settrace syslog tarfile tempfile termios thread"
    " threading threading_local threadsignals time tty uuid wait3 wait4 zipfile zlib"
)
MODULES = tuple(_MODULES.split())
"""Modules of `test`, without `test_`: those about the system, threads, numbers, and C."""

DIFFERENCES: dict[str, str] = {}
"""Tests that do not give the native result (a regular expression for their names), and why."""

_RESOURCES = "all,-network,-urlfetch,-largefile,-extralargefile,-audio,-gui,-tzdata"
_LONGEST = 2400.0
_HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
_NOTHING = "no report"


def results(report: Path) -> dict[str, str]:
    """Result by test, of a report as JUnit writes it. One that is not there says so."""
    if not report.exists():
        return {_NOTHING: _NOTHING}
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = sorted({part.tag for part in case if not part.tag.startswith("system-")})
        name = case.get("name") or "?"
        result = " ".join(kinds) or case.get("result") or "?"
        known = found.get(name, result)
        found[name] = result if known == result else f"{known}, {result}"
    return found


def run_module(bash: list[str], module: str, folder: Path) -> dict[str, str]:
    """Runs a module's tests in a new folder, where the log stays."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    test = f"python3 -m test -v -u {_RESOURCES} --timeout 1200 --junit-xml=report.xml {module}"
    with (folder / "log").open("wb") as log, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [*bash, "-c", f"exec {test}"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
            check=False,
        )
    return results(folder / "report.xml")


def reason(test: str) -> str | None:
    """Why a test may differ."""
    return next((why for name, why in DIFFERENCES.items() if re.fullmatch(name, test)), None)


def compare(native: dict[str, str], translated: dict[str, str]) -> tuple[list[str], bool]:
    """Lines about what differs; whether all of it is known."""
    lines, known = [], True
    for test in sorted(native.keys() | translated.keys()):
        one, other = native.get(test, "not run"), translated.get(test, "not run")
        if one == other:
            continue
        why = reason(test)
        known &= why is not None
        lines.append(f"  {test}: natively {one}, here {other}: {why or 'UNKNOWN'}")
    return lines, known


def main() -> int:
    modules = [name.removeprefix("test_") for name in sys.argv[1:]] or MODULES
    launcher = Path(os.environ.get("PYDBT_BUILD", ROOT / "build" / "dev")) / "pydbt-aarch64"
    trees, place = fetch("full"), Path(tempfile.mkdtemp(prefix="pydbt-python-", dir="/tmp"))
    for tree in (trees.arm64, trees.amd64):
        (tree / "etc/hosts").write_text(_HOSTS, encoding="ascii")
    bad = 0
    for module in modules:
        test, before = f"test_{module}", time.monotonic()
        folder = place / "native" / test
        native = run_module(native_bash(trees, folder), test, folder)
        between = time.monotonic()
        bash = translated_bash(launcher.resolve(), trees)
        translated = run_module(bash, test, place / "translated" / test)
        lines, known = compare(native, translated)
        seconds = f"{between - before:.0f} s and {time.monotonic() - between:.0f} s"
        print(f"{test}: {len(native)} tests, {len(lines)} differ, {seconds}", *lines, sep="\n")
        sys.stdout.flush()
        bad += not known
    print(f"{len(modules) - bad} passed, {bad} failed; logs are in {place}")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
