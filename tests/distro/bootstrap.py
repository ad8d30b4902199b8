"""Installs a Debian arm64 system in a folder: every maintainer script and dpkg itself run under us.

    python -m tests.distro.bootstrap [SUITE]

Owns: the run and what is looked at afterwards. Needs root, a kernel with binfmt_misc for user
namespaces (6.7), mmdebstrap (Debian: apt-get install mmdebstrap) and Debian's mirror; takes a few
minutes. Must not know: how programs are run.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from tests.conftest import ROOT
from tests.usermode.namespaces import NamespaceError, Namespaces
from tools.guest_toolchain import debian_mirror

_LONGEST = 3600.0


def script(place: Path, launcher: Path, suite: str) -> list[str]:
    """Shell: registers, installs, looks."""
    install = [sys.executable, "-m", "pydbt.tool", "binfmt", "install", "--flags", "POCF"]
    install += ["--prefix", str(place / "etc").lstrip("/"), "--launcher", str(launcher)]
    make = ["mmdebstrap", "--quiet", "--mode=root", "--arch=arm64", "--variant=minbase"]
    make += ["--skip=chroot/mount/sys", suite, str(place / "tree"), debian_mirror()]
    inside = ["dpkg --audit", "dpkg --configure -a", "dpkg -l | grep -c ^ii", "uname -m"]
    chroot = ["chroot", str(place / "tree"), "sh", "-e", "-c", "; ".join(inside)]
    return [shlex.join(install) + " > /dev/null", shlex.join(make) + " >&2", shlex.join(chroot)]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.distro.bootstrap", description="Install Debian arm64 under pydbt."
    )
    parser.add_argument("suite", nargs="?", default="bookworm")
    suite = parser.parse_args().suite
    build = Path(os.environ.get("PYDBT_BUILD", ROOT / "build" / "dev"))
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        print("bootstrap: this takes root and mmdebstrap", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pydbt-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        try:
            run = Namespaces(place).run(
                *script(place, build.resolve() / "pydbt-aarch64", suite), timeout=_LONGEST
            )
        except NamespaceError as error:
            print(f"bootstrap: {error}", file=sys.stderr)
            return 2
        sys.stderr.write(run.stderr)
        print(run.stdout, end="")
        words = run.stdout.split()
        good = run.status == 0 and words[-1:] == ["aarch64"] and int(words[-2]) > 50
        print("1 passed, 0 failed" if good else "0 passed, 1 failed")
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
