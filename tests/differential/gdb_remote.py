"""A client of QEMU's GDB stub: reads registers that a program cannot, and runs the program.

Owns: the few packets of GDB's remote serial protocol that this takes. Must not know: what for.
"""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

_PACKET = re.compile(rb"\$([^#]*)#..", re.DOTALL)
_SECONDS = 30.0


class GdbError(RuntimeError):
    """The stub does not answer, or not as expected."""


class GdbClient:
    """A connection to the socket that `qemu-aarch64 -g PATH` listens at."""

    def __init__(self, path: Path) -> None:
        """Waits until the stub listens.

        Raises:
            GdbError: it does not.
        """
        deadline = time.monotonic() + _SECONDS
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(_SECONDS)
            try:
                self._socket.connect(str(path))
                break
            except OSError as error:
                self._socket.close()
                if time.monotonic() > deadline:
                    raise GdbError(f"nobody listens at {path}") from error
                time.sleep(0.02)
        self._received = b""
        self._ask("qSupported:xmlRegisters=aarch64")

    def _ask(self, text: str) -> bytes:
        data = text.encode()
        self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))
        while (found := _PACKET.search(self._received)) is None:
            received = self._socket.recv(1 << 16)
            if not received:
                raise GdbError(f"no answer to {text}")
            self._received += received
        self._received = self._received[found.end() :]
        self._socket.sendall(b"+")
        return found[1]

    def _feature(self, name: str) -> str:
        text = b""
        while True:
            part = self._ask(f"qXfer:features:read:{name}:{len(text):x},800")
            text += part[1:]
            if part[:1] != b"m":
                return text.decode()

    def system_registers(self, pattern: str) -> dict[str, int]:
        """Values of the 64-bit system registers whose names match.

        Raises:
            GdbError: there is none.
        """
        text = self._feature("system-registers.xml")
        found = re.findall(rf'<reg name="({pattern})"[^>]*regnum="(\d+)"', text)
        if not found:
            raise GdbError(f"no system register {pattern}")
        return {
            name: int.from_bytes(bytes.fromhex(self._ask(f"p{int(number):x}").decode()), "little")
            for name, number in found
        }

    def run(self) -> str:
        """Runs the program and says why it stopped, as the protocol does: W00 when it succeeded."""
        return self._ask("c").decode()

    def close(self) -> None:
        """Ends the connection, and with it a program that still runs."""
        self._socket.close()
