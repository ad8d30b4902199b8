"""The generators of user mode refuse specs that do not hold together, and say which row."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from translator.gen.common import SpecError
from usermode import cli as cli_spec
from usermode.gen import cli, syscalls
from usermode.spec.syscalls import SHOWN, SYSCALLS, Syscall


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def test_real_specs_are_accepted() -> None:
    cli.check()
    syscalls.check()


GOOD = Syscall(500, "thing", "pass", "int", ("fd", "size"))

BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    (
        {"number": SYSCALLS[-1].number},
        f"number {SYSCALLS[-1].number} is not above {SYSCALLS[-1].number}",
    ),
    ({"name": "read"}, "defined twice"),
    ({"how": "somehow"}, "unknown way somehow"),
    ({"result": "float"}, "unknown result float"),
    ({"args": ("int",) * 7}, "more than six arguments"),
    ({"args": ("thing",)}, "unknown kind thing"),
    ({"how": "convert"}, "nothing to convert"),
    ({"how": "none"}, "none and NOT_SERVED go together"),
    ({"args": ("out_stat",)}, "passed on with an argument that differs"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_ROWS, ids=[text for _, text in BAD_ROWS])
def test_syscall_refused(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syscalls, "SYSCALLS", (*SYSCALLS, GOOD))
    syscalls.check()
    row = replace(GOOD, **changes)
    monkeypatch.setattr(syscalls, "SYSCALLS", (*SYSCALLS, row))
    with pytest.raises(SpecError, match=exactly(f"syscall {row.name}: {message}")):
        syscalls.check()


def test_forms_of_shown_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SHOWN, "timespec", "tv_sec:float64")
    with pytest.raises(SpecError, match=exactly("shown structure timespec: unknown form float64")):
        syscalls.check()


def test_prefixed_calls_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "PREFIXED", ("openat", "bogus"))
    with pytest.raises(SpecError, match=exactly("PREFIXED: no syscall is named bogus")):
        syscalls.check()
    monkeypatch.setattr(syscalls, "PREFIXED", ("read",))
    message = "syscall read: looked up below the prefix without a path"
    with pytest.raises(SpecError, match=exactly(message)):
        syscalls.check()


def test_shortened_calls_fill_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "SHORTENED", ("read", "write"))
    with pytest.raises(SpecError, match=exactly("SHORTENED: no syscall write fills a buffer")):
        syscalls.check()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"help": ""}, "option -new: no help"),
        ({"flags": ("-L",)}, "option -L: -L is there twice"),
        ({"key": "prefix"}, "option -new: prefix is there twice"),
        ({"env": ("QEMU_LOG",)}, "option -new: QEMU_LOG is there twice"),
    ],
)
def test_option_refused(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = cli_spec.Option(("-new",), "new", "", "does it")
    monkeypatch.setattr(cli, "OPTIONS", (*cli_spec.OPTIONS, good))
    cli.check()
    monkeypatch.setattr(cli, "OPTIONS", (*cli_spec.OPTIONS, replace(good, **changes)))
    with pytest.raises(SpecError, match=exactly(message)):
        cli.check()


@pytest.mark.parametrize("name", ["cli", "syscalls"])
def test_output_is_what_list_says(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", f"usermode.gen.{name}"]
    listed = subprocess.run(
        [*command, "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    subprocess.run([*command, "--out", tmp_path], cwd=ROOT, check=True)
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert written == set(listed)
