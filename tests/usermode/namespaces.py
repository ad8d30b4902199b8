"""Namespaces in which the kernel runs AArch64 programs as the test says, and nothing outside does.

Owns: making them. Must not know: what is registered.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from tests.conftest import ROOT
from tests.usermode.support import TIMEOUT, Run

PROC = "/proc/sys/fs/binfmt_misc"


class NamespaceError(Exception):
    """Why there are none; a sentence."""


class Namespaces:
    """A user and mount namespace with a binfmt_misc of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.setup = [f"mount -t binfmt_misc none {PROC}"]
        # Where the command writes beside the folder that it is told.
        for folder in ("/usr/share/binfmts", "/etc/binfmt.d"):
            if Path(folder).is_dir():
                self.setup.append(f"mount -t tmpfs none {folder}")

    def run(self, *script: str, timeout: float = TIMEOUT) -> Run:
        """Runs lines of shell there; every user is there when we are root, else one.

        Raises:
            NamespaceError: they cannot be made here.
        """
        wait = "echo; read _; exec sh -e -c " + shlex.quote("\n".join([*self.setup, *script]))
        with subprocess.Popen(
            ["unshare", "--user", "--mount", "sh", "-c", wait],
            cwd=self.place,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if not process.stdout.readline():
                raise NamespaceError("no user namespaces on this machine")
            count = 65536 if os.geteuid() == 0 else 1
            proc = Path("/proc") / str(process.pid)
            (proc / "setgroups").write_text("deny")
            (proc / "uid_map").write_text(f"0 {os.geteuid()} {count}")
            (proc / "gid_map").write_text(f"0 {os.getegid()} {count}")
            out, err = process.communicate("\n", timeout=timeout)
            if "unknown filesystem type" in err or (process.returncode == 32 and "mount" in err):
                raise NamespaceError(f"this kernel has no binfmt_misc for namespaces: {err}")
            return Run(process.returncode, out, err)
