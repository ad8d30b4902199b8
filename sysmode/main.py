"""`pydbt-system-aarch64`: the command, from words to an exit status.

Owns: help and versions, the life of one machine: start, requests, signals, end. Must not know: what
options mean, how machines are made.
"""

from __future__ import annotations

import os
import platform
import select
import signal
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from . import cli, extension
from .assemble import Assembly, Images, MachineError, device_tree, images
from .config import Config, HelpError, configure
from .keyvals import UsageError

if TYPE_CHECKING:
    from . import _system

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(text: str) -> None:
    """A line on standard error; the terminal may be raw."""
    end = "\r\n" if sys.stderr.isatty() else "\n"
    print(f"{cli.PROGRAM}: {text}", end=end, file=sys.stderr, flush=True)


def main(words: list[str] | None = None) -> int:
    """Runs a machine; returns the exit status."""
    try:
        options = cli.split(sys.argv[1:] if words is None else words)
        keys = [key for key, _ in options]
        if "help" in keys:
            print(cli.parser().format_help(), end="")
            return 0
        if "version" in keys:
            print(f"{cli.PROGRAM} (pydbt) {_version()}")
            return 0
        asked = dict(options).get("cpu", "")
        if asked in ("help", "?") or asked.endswith(",help"):
            print(extension.load().cpu_help(asked.removesuffix(",help").strip("help?")), end="")
            return 0
        if dict(options).get("d") in ("help", "?"):
            print(extension.load().log_help(), end="")
            return 0
        config = configure(options, platform.machine() == "aarch64")
        for note in config.notes:
            say(note)
        if config.dump_tree:
            Path(config.dump_tree).write_bytes(device_tree(config))
            return 0
        return run(config)
    except HelpError as text:
        print(text, end="")
        return 0
    except (UsageError, MachineError, ImportError) as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1


def _version() -> str:
    try:
        return version("pydbt")
    except PackageNotFoundError:
        return "0+source"


class Signals:
    """Signals that end the emulator, as something that can be waited for."""

    def __init__(self) -> None:
        self.came = 0
        self.fd, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def _handle(self, number: int, _: object) -> None:
        self.came = number

    def close(self) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.fd)
        os.close(self._write)


def run(config: Config) -> int:
    """Makes the machine, starts it, and does what it asks for until it ends."""
    loaded = images(config)
    if loaded is None:
        raise UsageError("there is nothing to run: -kernel is missing (firmware is not here yet)")
    system = extension.load()
    signals = Signals()
    pid_file = Path(config.pid_file) if config.pid_file else None
    machine: _system.Machine | None = None
    try:
        assembly = Assembly(config, system)
        machine = assembly.machine
        for note in assembly.notes:
            say(note)
        if pid_file:
            pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
        _start(machine, config, loaded)
        return _serve(machine, config, loaded, signals)
    finally:
        if machine is not None:
            machine.close()
        system.restore_terminal()
        if pid_file:
            pid_file.unlink(missing_ok=True)
        signals.close()


def _start(machine: _system.Machine, config: Config, loaded: Images) -> None:
    tier = os.environ.get("PYDBT_TIER", "1")
    try:
        machine.add_cpus(config.cpu, tier, config.log, config.log_file)
    except RuntimeError as error:
        raise MachineError(str(error)) from error
    _boot(machine, loaded)


def _boot(machine: _system.Machine, loaded: Images) -> None:
    machine.reset()
    loaded.load(machine)
    machine.boot(loaded.layout.entry, loaded.layout.tree)
    machine.go()


def _serve(machine: _system.Machine, config: Config, loaded: Images, signals: Signals) -> int:
    request_fd = machine.request_fd()
    while True:
        select.select([request_fd, signals.fd], [], [])
        request = machine.take_request()
        if signals.came:
            say(f"terminating on signal {signals.came}")
            return 0
        if request == "quit" or (request == "reset" and config.no_reboot):
            return 0
        if request == "shutdown":
            if not config.no_shutdown:
                return 0
            machine.stop()
        elif request == "reset":
            machine.stop()
            _boot(machine, loaded)
