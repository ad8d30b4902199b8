"""Every CASE of the guest programs: signals, threads, processes, memory, code that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, Run, cases

PROGRAMS = (
    "signals",
    "faults",
    "sent",
    "waits",
    "threads",
    "processes",
    "clones",
    "seccomp",
    "ptraces",
    "ipc",
    "kernel",
    "passed",
    "memory",
    "code",
    "loops",
    "pauth",
    "mops",
    "mte",
    "vdso",
)

# The launcher that the sanitizers make is linked dynamically, and its C library does not call
# _Fork() through the symbol that clone.cpp replaces.
STATIC_ONLY = ("clones-", "processes-clone_stores_ids")

# Cases about the C library under glibc only: what musl does differently is no business of ours.
GLIBC_ONLY = {
    "threads": {"cancel"},  # musl does not cancel a thread that only computes
    "processes": {"vfork_waits"},  # its vfork() is a fork()
    "signals": set[str](),
    "sent": set[str](),
    "waits": set[str](),
}


def both() -> Iterator[object]:
    for name in PROGRAMS:
        for case in cases(name):
            yield pytest.param(
                name,
                case,
                "",
                id=f"{name}-{case}",
                marks=() if f"{name}-{case}".startswith(STATIC_ONLY) else pytest.mark.sanitize,
            )
    for name, left_out in GLIBC_ONLY.items():
        for case in cases(name):
            if case not in left_out:
                yield pytest.param(name, case, "musl", id=f"{name}-{case}-musl")


@pytest.mark.parametrize(("name", "case", "libc"), list(both()))
def test_case(
    name: str,
    case: str,
    libc: str,
    guest: Callable[..., Path],
    tiered: Launcher,
    tmp_path: Path,
) -> None:
    run = tiered.run(guest(name, libc), case, env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path)
    assert run == Run(0, "ok\n", "")
