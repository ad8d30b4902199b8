"""The emulator on a terminal: the console, the keys behind Ctrl-A, ends that leave it as it was."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sysmode.test_debian import command, environment, kernel
from tools.debian_kernel import Kernel

TIMEOUT = 120.0

__all__ = ["environment", "kernel"]


class Session:
    """An emulator whose terminal is ours."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.terminal, inner = pty.openpty()
        self.before = termios.tcgetattr(inner)
        self.inner = inner
        self.process = subprocess.Popen(
            words, stdin=inner, stdout=inner, stderr=inner, env=environment, start_new_session=True
        )
        self.text = ""

    def expect(self, word: str) -> None:
        """Reads on until the word has come."""
        start = len(self.text)
        end = time.monotonic() + TIMEOUT
        while word not in self.text[start:]:
            assert time.monotonic() < end, self.text
            if select.select([self.terminal], [], [], 1)[0]:
                self.text += os.read(self.terminal, 4096).decode(errors="replace")
            assert self.process.poll() is None or word in self.text, self.text

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def end(self) -> int:
        """The exit status; the terminal is as it was."""
        status = self.process.wait(TIMEOUT)
        assert termios.tcgetattr(self.inner) == self.before
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
        os.close(self.inner)


@pytest.fixture
def session(kernel: Kernel, environment: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    """A shell in a guest, on a terminal."""
    script = "stty -echo; echo READY; exec setsid cttyhack sh"
    opened = Session(command(tmp_path, kernel, script, "-nic", "none"), environment)
    try:
        opened.expect("READY")
        yield opened
    finally:
        opened.close()


def test_keys(session: Session) -> None:
    """What is typed reaches the guest, Ctrl-C too; Ctrl-A is the emulator's."""
    assert termios.tcgetattr(session.inner) != session.before
    session.type("echo $((6 * 7))\n")
    session.expect("42")
    session.type("sleep 1000; echo after\n")
    time.sleep(1)
    session.type("\x03")
    session.type("echo $((3 * 3))-more\n")
    session.expect("9-more")
    session.type("\x01h")
    session.expect("end the emulator")
    session.type("\x01x")
    session.expect("ended by Ctrl-A x")
    assert session.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals(session: Session, number: signal.Signals) -> None:
    """A signal ends the emulator, which says so."""
    session.process.send_signal(number)
    session.expect(f"terminating on signal {int(number)}")
    assert session.end() == 0
