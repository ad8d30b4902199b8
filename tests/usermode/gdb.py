"""Sessions of the real GDB with the launcher's stub.

Owns: starting both, GDB's commands in, its output out. Must not know what is expected.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.usermode.support import SOURCES, TIMEOUT, Launcher
from tools.guest_toolchain import Gdb

_QUIET = (
    "set pagination off",
    "set confirm off",
    "set width 0",
    "set debuginfod enabled off",
    "set startup-with-shell off",
)


def mark(name: str) -> int:
    """The line of debugged.c that ends with `// MARK name`."""
    lines = (SOURCES / "debugged.c").read_text(encoding="utf-8").splitlines()
    found = [n for n, line in enumerate(lines, 1) if re.search(rf"// MARK {name}$", line)]
    assert len(found) == 1, name
    return found[0]


@dataclass
class Session:
    """What is left of a session: GDB's output, and how the program ended."""

    text: str
    stdout: str
    stderr: str
    status: int

    def value(self, number: int) -> str:
        """What GDB printed as `$number = ...`."""
        found = re.findall(rf"^\${number} = (.*)$", self.text, re.MULTILINE)
        assert len(found) == 1, self.text
        return str(found[0])

    def in_order(self, *parts: str) -> None:
        """Each part is in GDB's output, behind the one before."""
        at = 0
        for part in parts:
            found = self.text.find(part, at)
            assert found >= 0, f"no {part!r} behind {self.text[:at]!r} in {self.text[at:]!r}"
            at = found + len(part)


@dataclass(frozen=True)
class Debugging:
    """A launcher, a GDB, a folder for their socket."""

    launcher: Launcher
    gdb: Gdb
    folder: Path

    def run(
        self,
        program: Path,
        *commands: str,
        arguments: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
        symbols: bool = True,
        interrupt_after: float = 0,
        suspend: str = "",
    ) -> Session:
        """Runs GDB's commands on the program. `interrupt_after`: seconds after the start of which
        GDB gets Ctrl-C."""
        socket = self.folder / "gdb"
        words = [str(self.launcher.path), *self.launcher.options, *options]
        with subprocess.Popen(
            [*words, "-g", f"{socket}{suspend}", str(program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as target:
            try:
                wait_for(socket, target)
                load = [f"file {program}"] if symbols else []
                lines = [*_QUIET, *load, f"target remote {socket}", *commands]
                text = self._talk(lines, interrupt_after)
                stdout, stderr = target.communicate(timeout=TIMEOUT)
            finally:
                target.kill()
        return Session(text, stdout, stderr, target.returncode)

    def _talk(self, lines: list[str], interrupt_after: float) -> str:
        words = [*self.gdb.command, "-batch"]
        for line in lines:
            words += ["-ex", line]
        with subprocess.Popen(
            words,
            env={**os.environ, **self.gdb.env, "LC_ALL": "C", "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            timer = threading.Timer(interrupt_after, process.send_signal, (signal.SIGINT,))
            if interrupt_after:
                timer.start()
            try:
                text, _ = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"GDB hangs: {process.communicate()[0]}") from None
            finally:
                timer.cancel()
        return text


def wait_for(socket: Path, target: subprocess.Popen[str]) -> None:
    """Until the launcher listens."""
    wait = threading.Event()
    for _ in range(1000):
        if socket.exists() or target.poll() is not None:
            return
        wait.wait(0.01)
