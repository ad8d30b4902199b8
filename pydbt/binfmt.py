"""`pydbt binfmt`: has the kernel run AArch64 programs by pydbt.

Owns: the entry of binfmt_misc, systemd-binfmt's file, the entry for Debian's update-binfmts, and
what they do to another emulator's. Must not know: how programs are run.

Everything is planned first and then done: a plan is a list of steps, each of which says what it
does (`--dry-run` prints that) and can be taken back, so that a step that fails leaves nothing
behind. Files are written beside their place and renamed into it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "pydbt-aarch64"
FLAGS = "POCF"
DEFAULT_FLAGS = "POF"

# The start of a little-endian AArch64 executable, and which bits of it matter: not the ABI's
# version, nor whether it is position independent.
MAGIC = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00"
MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"

_LONGEST_INTERPRETER = 127
_HEAD = MAGIC.ljust(128, b"\0")  # of a program
_NULL = "/dev/null"


class BinfmtError(Exception):
    """Why it cannot be done; a sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of binfmt_misc, as the kernel shows it."""

    name: str
    enabled: bool
    interpreter: str
    flags: str
    offset: int
    magic: bytes
    mask: bytes

    def takes(self, head: bytes) -> bool:
        """Whether a file that begins like this is the entry's."""
        part = head[self.offset : self.offset + len(self.magic)]
        mask = self.mask or b"\xff" * len(self.magic)
        return bool(self.magic) and all(
            (a ^ b) & m == 0 for a, b, m in zip(part, self.magic, mask, strict=True)
        )


def parse_entry(name: str, text: str) -> Entry:
    """Reads what the kernel shows of an entry."""
    rows = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return Entry(
        name,
        text.startswith("enabled"),
        rows.get("interpreter", ""),
        rows.get("flags:", "").strip(),
        int(rows.get("offset", "0")),
        bytes.fromhex(rows.get("magic", "")),
        bytes.fromhex(rows.get("mask", "")),
    )


def _escape(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def registration(launcher: str, flags: str) -> str:
    """What is written to `register`, and stands in systemd-binfmt's file."""
    separator = next(c for c in ":|,;!" if c not in launcher)
    fields = ("", NAME, "M", "0", _escape(MAGIC), _escape(MASK), launcher, flags)
    return separator.join(fields)


@dataclass(frozen=True, slots=True)
class Step:
    """A change: what it is, how it is made, how it is taken back."""

    text: str
    do: Callable[[], None]
    undo: Callable[[], None]


def carry_out(steps: Sequence[Step], dry_run: bool) -> None:
    """Makes all changes or none."""
    done: list[Step] = []
    for step in steps:
        print(step.text)
        if dry_run:
            continue
        try:
            step.do()
        except (OSError, subprocess.SubprocessError) as error:
            for earlier in reversed(done):
                earlier.undo()
            raise BinfmtError(f"{step.text}: {_why(error)}; nothing has been changed") from error
        done.append(step)


def _why(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{error.strerror} (it takes root)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, subprocess.CalledProcessError):
        return str(error.stderr).strip() or f"exit status {error.returncode}"
    return str(error)


def _replace(path: Path, data: bytes | None, link: str | None = None) -> None:
    """Makes the file, the link, or nothing be at `path`; there is never a part of one."""
    if data is None and link is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder) / path.name
        if link is not None:
            new.symlink_to(link)
        else:
            assert data is not None
            new.write_bytes(data)
            new.chmod(0o644)
            with new.open("rb") as file:
                os.fsync(file.fileno())
        new.replace(path)


def _file_step(text: str, path: Path, data: bytes | None, link: str | None = None) -> Step:
    was_link = str(path.readlink()) if path.is_symlink() else None
    was = path.read_bytes() if was_link is None and path.is_file() else None
    return Step(
        f"{text} {path}",
        lambda: _replace(path, data, link),
        lambda: _replace(path, was, was_link),
    )


@dataclass(frozen=True)
class System:
    """Where things are: a root, the folder of systemd's file in it, and binfmt_misc."""

    root: Path = Path("/")
    prefix: str = "etc"
    proc: Path = Path("/proc/sys/fs/binfmt_misc")

    @property
    def staged(self) -> bool:
        """A tree that is not running: the kernel and update-binfmts are left alone."""
        return self.root.resolve() != Path("/")

    @property
    def conf(self) -> Path:
        """systemd-binfmt's file."""
        return self.root / self.prefix.strip("/") / "binfmt.d" / f"{NAME}.conf"

    @property
    def debian(self) -> Path:
        """update-binfmts' file."""
        return self.root / "usr/share/binfmts" / NAME

    @property
    def mounted(self) -> bool:
        """Whether the kernel's entries can be seen and changed."""
        return not self.staged and (self.proc / "register").exists()

    def entries(self) -> list[Entry]:
        """The kernel's entries."""
        if not self.mounted:
            return []
        names = sorted(p.name for p in self.proc.iterdir() if p.name not in ("register", "status"))
        return [parse_entry(name, (self.proc / name).read_text()) for name in names]

    def entry(self) -> Entry | None:
        """Ours."""
        return next((e for e in self.entries() if e.name == NAME), None)

    def others(self) -> list[Entry]:
        """Entries that take AArch64 programs, without ours."""
        return [e for e in self.entries() if e.name != NAME and e.enabled and e.takes(_HEAD)]

    def find(self, name: str) -> Path | None:
        """The file of binfmt.d that a mask in /etc hides."""
        places = (self.root / folder / "binfmt.d" / name for folder in _FOLDERS[:-1])
        return next((p for p in reversed(list(places)) if p.is_file()), None)

    def other_files(self) -> list[Path]:
        """systemd-binfmt's files of other emulators, those that are in force."""
        found: dict[str, Path] = {}
        for folder in _FOLDERS:  # the later one wins
            for path in sorted((self.root / folder / "binfmt.d").glob("*.conf")):
                found[path.name] = path
        return [p for name, p in found.items() if name != self.conf.name and _lines(p)]

    def other_debian(self) -> list[str]:
        """Names of other emulators' entries of update-binfmts."""
        files = sorted(self.debian.parent.glob("*")) if self.debian.parent.is_dir() else []
        return [p.name for p in files if p.name != NAME and _debian_takes(p)]


_FOLDERS = ("usr/lib", "usr/local/lib", "run", "etc")


def _lines(path: Path) -> list[tuple[str, str]]:
    """Names and lines with which a file of binfmt.d registers something for AArch64 programs."""
    found: list[tuple[str, str]] = []
    if not path.is_file():  # a link to /dev/null masks another
        return found
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line[1:].split(line[0]) if line and line[0] not in "#;" else []
        if len(fields) >= 6 and fields[1] == "M":
            offset, magic, mask = int(fields[2] or 0), _bytes(fields[3]), _bytes(fields[4])
            if Entry(fields[0], True, fields[5], "", offset, magic, mask).takes(_HEAD):
                found.append((fields[0], line))
    return found


def _debian_takes(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    rows = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    magic, mask = _bytes(rows.get("magic", "")), _bytes(rows.get("mask", ""))
    return Entry(path.name, True, "", "", int(rows.get("offset", "0")), magic, mask).takes(_HEAD)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace")


# ---------------------------------------------------------------------------------- the kernel's


def _write(path: Path, text: str) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(text.encode())


def _change(entry: Path, text: str) -> None:
    """The same to an entry, unless update-binfmts has taken it away."""
    if entry.exists():
        _write(entry, text)


def _register_step(system: System, name: str, line: str) -> Step:
    entry = system.proc / name

    def do() -> None:
        if not entry.exists():  # update-binfmts may have done it
            _write(system.proc / "register", line)

    return Step(f"register {name} with the kernel", do, lambda: _change(entry, "-1"))


def _unregister_step(system: System, entry: Entry) -> Step:
    def undo() -> None:
        fields = ("", entry.name, "M", str(entry.offset), _escape(entry.magic),
                  _escape(entry.mask), entry.interpreter, entry.flags)  # fmt: skip
        _write(system.proc / "register", ":".join(fields))

    return Step(
        f"take {entry.name} from the kernel", lambda: _change(system.proc / entry.name, "-1"), undo
    )


def _enable_step(system: System, name: str, on: bool) -> Step:
    path = system.proc / name
    return Step(
        f"{'enable' if on else 'disable'} {name}",
        lambda: _change(path, "1" if on else "0"),
        lambda: _change(path, "0" if on else "1"),
    )


def _tool_step(*command: str, undo: Sequence[str] = ()) -> Step:
    return Step(
        " ".join(command),
        lambda: _run(command),
        lambda: _run(undo) if undo else None,
    )


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


# ------------------------------------------------------------------------------------ sub-commands


def check_launcher(file: Path, path: str, flags: str) -> None:
    """Refuses a launcher that the kernel could not run for everybody, everywhere; `path` is what
    the kernel will know it by."""
    if not path.startswith("/"):
        raise BinfmtError(f"{path}: the kernel wants an absolute path")
    if len(os.fsencode(path)) > _LONGEST_INTERPRETER:
        raise BinfmtError(f"{path}: longer than the kernel takes ({_LONGEST_INTERPRETER} bytes)")
    if any(c.isspace() or not c.isprintable() for c in path):
        raise BinfmtError(f"{path}: the path has a space or a control character")
    if not file.is_file() or not os.access(file, os.X_OK):
        raise BinfmtError(f"{file}: not there or not executable")
    if "C" in flags and (file.stat().st_mode & (stat.S_IWOTH | stat.S_IWGRP)) != 0:
        raise BinfmtError(
            f"{file}: others may write it; with flag C it gets the privileges of set-id programs"
        )


@dataclass(frozen=True)
class Replaced:
    """What --replace has taken from other emulators; our file has it as comments."""

    masks: frozenset[str] = frozenset()  # files of binfmt.d
    disables: frozenset[str] = frozenset()  # entries of update-binfmts
    stops: frozenset[str] = frozenset()  # entries of the kernel

    def __or__(self, other: Replaced) -> Replaced:
        return Replaced(
            self.masks | other.masks, self.disables | other.disables, self.stops | other.stops
        )

    def text(self) -> list[str]:
        """The comments."""
        return [f"# {kind} {name}" for kind in _KINDS for name in sorted(getattr(self, kind))]


_KINDS = ("masks", "disables", "stops")


def replaced(system: System) -> Replaced:
    """What our file says."""
    if not system.conf.is_file():
        return Replaced()
    lines = system.conf.read_text(encoding="utf-8").splitlines()
    names = {kind: set[str]() for kind in _KINDS}
    for line in lines:
        mark, _, rest = line.partition(" ")
        kind, _, name = rest.partition(" ")
        if mark == "#" and kind in names and name:
            names[kind].add(name)
    return Replaced(*(frozenset(names[kind]) for kind in _KINDS))


def _debian_text(launcher: str, flags: str) -> bytes:
    def answer(flag: str) -> str:
        return "yes" if flag in flags else "no"

    rows = [
        "package pydbt",
        f"interpreter {launcher}",
        f"magic {_escape(MAGIC)}",
        "offset 0",
        f"mask {_escape(MASK)}",
        f"credentials {answer('C')}",
        f"preserve {answer('P')}",
        f"fix_binary {answer('F')}",
    ]
    return ("\n".join(rows) + "\n").encode()


def install(
    system: System, launcher: Path, path: str, flags: str, *, replace: bool, dry_run: bool
) -> None:
    """Installs everything that there is a place for. The launcher is a file, and the path by which
    the kernel will know it."""
    check_launcher(launcher, path, flags)
    others, files, debian = system.others(), system.other_files(), system.other_debian()
    names = [e.name for e in others] or [p.stem for p in files] or debian
    if names and not replace:
        by = f", run by {others[0].interpreter}" if others else ""
        raise BinfmtError(
            f"AArch64 programs are {names[0]}'s{by}; --replace puts pydbt in its place, and "
            "`pydbt binfmt remove` gives it back"
        )
    masks = system.root / "etc/binfmt.d"
    for file in files:
        if file.parent == masks:
            raise BinfmtError(f"{file} is the administrator's; move it away first")
    taken = replaced(system) | Replaced(
        frozenset(p.name for p in files), frozenset(debian), frozenset(e.name for e in others)
    )
    line = registration(path, flags)
    head = "# AArch64 programs are run by pydbt (pydbt binfmt install)."
    text = "\n".join([head, *taken.text(), line, ""])
    steps = [_file_step("mask", masks / p.name, None, _NULL) for p in files]
    steps.append(_file_step("write", system.conf, text.encode()))
    steps += [_enable_step(system, e.name, on=False) for e in others]
    mine = system.entry()
    if mine is not None:
        steps.append(_unregister_step(system, mine))
    steps += _debian_steps(system, _debian_text(path, flags), debian)
    if system.mounted:
        steps.append(_register_step(system, NAME, line))
    carry_out(steps, dry_run)
    if not system.mounted and not system.staged:
        print(f"{system.proc} is not mounted: the kernel will know when it is (systemd-binfmt)")


def _debian_steps(system: System, text: bytes, others: Sequence[str]) -> list[Step]:
    tool = _update_binfmts(system)
    steps: list[Step] = []
    if tool or system.debian.parent.is_dir():
        steps.append(_file_step("write", system.debian, text))
    if tool:
        steps += [
            _tool_step(tool, "--disable", name, undo=(tool, "--enable", name)) for name in others
        ]
        steps.append(_tool_step(tool, "--import", NAME, undo=(tool, "--unimport", NAME)))
    return steps


def _update_binfmts(system: System) -> str | None:
    return None if system.staged else shutil.which("update-binfmts")


def remove(system: System, *, dry_run: bool) -> None:
    """Takes everything away again, and gives another emulator back what --replace took."""
    steps: list[Step] = []
    tool, taken = _update_binfmts(system), replaced(system)
    if tool and system.debian.exists():
        steps.append(_tool_step(tool, "--unimport", NAME, undo=(tool, "--import", NAME)))
    mine = system.entry()
    if mine is not None:
        steps.append(_unregister_step(system, mine))
    if tool:
        for name in sorted(taken.disables):
            steps.append(_tool_step(tool, "--enable", name, undo=(tool, "--disable", name)))
    for path in (system.conf, system.debian):
        if path.exists():
            steps.append(_file_step("remove", path, None))
    for name in sorted(taken.masks):
        mask = system.root / "etc/binfmt.d" / name
        if mask.is_symlink() and str(mask.readlink()) == _NULL:
            steps.append(_file_step("unmask", mask, None))
    steps += _give_back(system, taken)
    if not steps:
        print(f"{NAME} is not installed")
    carry_out(steps, dry_run)


def _give_back(system: System, taken: Replaced) -> list[Step]:
    """The kernel's entries of the others: enabled again, or registered as their files say."""
    steps: list[Step] = []
    there = {e.name: e for e in system.entries()}
    for name in sorted(taken.stops):
        if name in there and not there[name].enabled:
            steps.append(_enable_step(system, name, on=True))
    for file in sorted(taken.masks) if system.mounted else ():
        found = system.find(file)
        for name, line in _lines(found) if found is not None else ():
            if name not in there:
                steps.append(_register_step(system, name, line))
    return steps


def status(system: System) -> bool:
    """Prints what there is; whether the kernel runs AArch64 programs by us."""
    mine = system.entry()
    if not system.mounted and not system.staged:
        print(f"kernel    {system.proc} is not mounted")
    elif not system.staged:
        print(f"kernel    {_describe(mine) if mine else f'{NAME} is not registered'}")
    for entry in system.others():
        print(f"also      {_describe(entry)}")
    for what, path in (("systemd", system.conf), ("debian", system.debian)):
        print(f"{what:<9} {path if path.exists() else 'no file'}")
    if system.staged:
        return system.conf.exists()
    return mine is not None and mine.enabled and not system.others()


def _describe(entry: Entry) -> str:
    on = "enabled" if entry.enabled else "disabled"
    flags = f", flags {entry.flags}" if entry.flags else ""
    return f"{entry.name}: {on}, {entry.interpreter}{flags}"


# ---------------------------------------------------------------------------------- command line


def _flags(text: str) -> str:
    if set(text) - set(FLAGS) or len(set(text)) != len(text):
        raise argparse.ArgumentTypeError(f"{text}: each of {FLAGS} once at the most")
    return text


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `binfmt` to the `pydbt` command."""
    binfmt = commands.add_parser(
        "binfmt",
        help="have the kernel run AArch64 programs by pydbt",
        description="Registers pydbt with binfmt_misc, now and at every start of the system.",
    )
    actions = binfmt.add_subparsers(dest="action", required=True, metavar="ACTION")
    parsers = {
        name: actions.add_parser(name, help=text, description=text)
        for name, text in (
            ("install", "register, and write the files that do so at start-up"),
            ("remove", "take all of that away"),
            ("status", "say what there is; exit status 1 when pydbt is not used"),
        )
    }
    for parser in parsers.values():
        parser.add_argument(
            "--root", type=Path, default=Path("/"), metavar="DIR", help="work on a tree below DIR"
        )
        parser.add_argument(
            "--prefix", default="etc", help="folder of binfmt.d (default: etc; packages: usr/lib)"
        )
        parser.add_argument(
            "--proc", type=Path, default=System.proc, metavar="DIR", help="where binfmt_misc is"
        )
        parser.set_defaults(run=run)
    for name in ("install", "remove"):
        parsers[name].add_argument(
            "--dry-run", action="store_true", help="print what would be done"
        )
    parser = parsers["install"]
    parser.add_argument(
        "--flags",
        type=_flags,
        default=DEFAULT_FLAGS,
        help="P: programs see their own argv[0]; O: programs that cannot be read run, too; C: "
        "set-id programs get their privileges (trust the launcher then); F: the launcher is opened "
        f"now, so that it is there in any chroot and container (default: {DEFAULT_FLAGS})",
    )
    parser.add_argument(
        "--replace", action="store_true", help="put pydbt in the place of another emulator"
    )
    parser.add_argument(
        "--launcher",
        metavar="PATH",
        help="pydbt-aarch64 (default: the one installed), below --root",
    )


def find_launcher() -> Path:
    """The launcher beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("pydbt-aarch64")
    found = str(beside) if beside.exists() else shutil.which("pydbt-aarch64")
    if found is None:
        raise BinfmtError("pydbt-aarch64 is not on PATH; name it with --launcher")
    return Path(found).resolve()


def run(options: argparse.Namespace) -> int:
    """Runs the sub-command; its exit status."""
    system = System(options.root, options.prefix, options.proc)
    try:
        if options.action == "status":
            return 0 if status(system) else 1
        if options.action == "remove":
            remove(system, dry_run=options.dry_run)
            return 0
        given = options.launcher
        launcher = find_launcher() if given is None else system.root / given.lstrip("/")
        path = str(launcher) if given is None else given
        install(
            system, launcher, path, options.flags, replace=options.replace, dry_run=options.dry_run
        )
    except (BinfmtError, OSError) as error:
        print(f"pydbt: binfmt: {error}", file=sys.stderr)
        return 1
    return 0
