"""Runs a script in a Debian tree: the arm64 one under the launcher, the amd64 one natively.

Owns: the scripts' list, their headers, how both runs are made alike. Must not know: pytest, what
scripts do.

A script is a file of quick/ or full/, named after the set of tools/debian_tree.py whose programs it
uses, and run by that tree's bash in an empty folder. Its first line says what it runs. A line
`# fails: REASON` says that the runs differ and why; one `# as: SED` is a sed script that takes
from the output what differs between runs or between architectures, not between pydbt and hardware.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.debian_tree import SETS, Trees

FOLDER = Path(__file__).resolve().parent
_ENVIRONMENT = (
    "/usr/bin/env", "-i", "PATH=/usr/bin:/usr/sbin", "HOME=/root", "LC_ALL=C.UTF-8", "TZ=UTC"
)  # fmt: skip
# A user namespace gives root's number to any user, and with it mounts: the amd64 tree is the root,
# with the host's /proc, /dev and /tmp, and the old root in /boot. By pivot_root: below a chroot the
# kernel allows no more user namespaces. The launcher gets the same numbers, and -L.
_ENTER = (
    'mount --rbind "$0" "$0" && for d in proc dev tmp; do mount --rbind /$d "$0/$d" || exit 125;'
    ' done; cd "$0" && pivot_root . boot && cd / && exec'
)


@dataclass(frozen=True)
class Script:
    """One script and what its header says."""

    path: Path
    set: str
    about: str
    fails: str
    as_sed: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class Outcome:
    """What a run printed, both streams in one, and how it ended."""

    output: str
    status: int


def scripts() -> list[Script]:
    """All scripts, those of the quick set first."""
    found: list[Script] = []
    for name in SETS:
        for path in sorted((FOLDER / name).glob("*.sh")):
            header = path.read_text(encoding="utf-8")
            about = header.splitlines()[0].removeprefix("# ")
            fails = re.findall(r"^# fails: (.*)$", header, re.MULTILINE)
            seds = tuple(re.findall(r"^# as: (.*)$", header, re.MULTILINE))
            found.append(Script(path, name, about, " ".join(fails), seds))
    return found


def _run(command: list[str], script: Script, folder: Path, seconds: int) -> Outcome:
    """Runs in `folder`, which is made anew: both runs see the same paths."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    text = done.stdout.decode("utf-8", "backslashreplace")
    for sed in script.as_sed:
        text = subprocess.run(
            ("sed", "-E", sed), input=text, capture_output=True, text=True, check=True
        ).stdout
    return Outcome(text, done.returncode)


def _shell(script: Script) -> list[str]:
    return ["-c", script.path.read_text(encoding="utf-8"), script.name]


def native_bash(trees: Trees, folder: Path) -> list[str]:
    """The amd64 tree's bash, with the tree as root, in `folder`; its arguments are to follow."""
    enter = f'{_ENTER} {" ".join(_ENVIRONMENT)} "$@"'
    inside = f'cd "{folder}"; exec bash "$@"'
    return ["unshare", "-rm", "bash", "-c", enter, str(trees.amd64), "bash", "-c", inside, "bash"]


def translated_bash(launcher: Path, trees: Trees) -> list[str]:
    """The arm64 tree's bash under the launcher; its arguments are to follow."""
    root = str(trees.arm64)
    command = ["unshare", "-r", *_ENVIRONMENT, str(launcher), "-L", root, "-0", "bash"]
    return [*command, f"{root}/usr/bin/bash"]


def run_native(trees: Trees, script: Script, folder: Path) -> Outcome:
    """The amd64 tree's programs."""
    return _run([*native_bash(trees, folder), *_shell(script)], script, folder, 600)


def run_translated(launcher: Path, trees: Trees, script: Script, folder: Path) -> Outcome:
    """The arm64 tree's programs, under the launcher."""
    return _run([*translated_bash(launcher, trees), *_shell(script)], script, folder, 1800)
