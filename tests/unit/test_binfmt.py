"""`pydbt binfmt` on trees and on a copy of what the kernel shows; usermode/test_binfmt.py has the
kernel itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pydbt import binfmt
from pydbt.binfmt import MAGIC, MASK, NAME, Entry, System, parse_entry, registration
from pydbt.tool import main

QEMU = (
    r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
    ":/usr/bin/qemu-aarch64:OCPF\n"
)
QEMU_ARM = QEMU.replace("aarch64", "arm").replace(r"\xb7", r"\x28").replace(r"F\x02", r"F\x01")
SHOWN = f"""enabled
interpreter /usr/bin/qemu-aarch64
flags: POCF
offset 0
magic {MAGIC.hex()}
mask {MASK.hex()}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with a launcher."""
    launcher = tmp_path / "usr/bin/pydbt-aarch64"
    launcher.parent.mkdir(parents=True)
    launcher.write_text("#!/bin/sh\n")
    launcher.chmod(0o755)
    return tmp_path


def run(tree: Path, action: str, *words: str) -> int:
    launcher = ("--launcher", "/usr/bin/pydbt-aarch64") if action == "install" else ()
    return main(["binfmt", action, "--root", str(tree), *launcher, *words])


def files(tree: Path) -> dict[str, str]:
    """Contents by path, the launcher aside."""
    return {
        str(p.relative_to(tree)): str(p.readlink()) if p.is_symlink() else p.read_text()
        for p in tree.rglob("*")
        if (p.is_file() or p.is_symlink()) and p.name != "pydbt-aarch64"
    }


def test_magic() -> None:
    ours = Entry(NAME, True, "/x", "", 0, MAGIC, MASK)
    assert len(MAGIC) == len(MASK) == 20
    assert ours.takes(MAGIC + bytes(40))
    pie = bytearray(MAGIC)
    pie[16] = 3
    assert ours.takes(bytes(pie))
    for place in (4, 5, 18):  # class, byte order, machine
        other = bytearray(MAGIC)
        other[place] ^= 3
        assert not ours.takes(bytes(other))


def test_what_the_kernel_shows() -> None:
    entry = parse_entry("qemu-aarch64", SHOWN)
    assert entry == Entry("qemu-aarch64", True, "/usr/bin/qemu-aarch64", "POCF", 0, MAGIC, MASK)
    assert not parse_entry("x", SHOWN.replace("enabled", "disabled", 1)).enabled
    by_name = parse_entry("cli", "enabled\ninterpreter /usr/bin/mono\nflags: \nextension .exe\n")
    assert not by_name.takes(MAGIC)


def test_registration_separates_by_what_the_path_has_not() -> None:
    assert registration("/a/b", "PF").startswith(":pydbt-aarch64:M:0:\\x7f\\x45")
    assert registration("/a/b", "PF").endswith("\\xff:/a/b:PF")
    assert registration("/a:b", "").startswith("|pydbt-aarch64|M|0|")


def test_install_status_remove(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tree, "status") == 1
    assert run(tree, "install", "--flags", "PC") == 0
    conf = files(tree)["etc/binfmt.d/pydbt-aarch64.conf"]
    assert conf.splitlines()[1:] == [registration("/usr/bin/pydbt-aarch64", "PC")]
    assert len(files(tree)) == 1
    assert run(tree, "status") == 0
    assert "etc/binfmt.d/pydbt-aarch64.conf" in capsys.readouterr().out
    assert run(tree, "install") == 0  # again, with other flags
    assert ":POF\n" in files(tree)["etc/binfmt.d/pydbt-aarch64.conf"]
    assert run(tree, "remove") == 0
    assert files(tree) == {}
    assert run(tree, "remove") == 0
    assert capsys.readouterr().out.endswith("pydbt-aarch64 is not installed\n")


def test_packages_have_another_folder(tree: Path) -> None:
    assert run(tree, "install", "--prefix", "usr/lib") == 0
    assert list(files(tree)) == ["usr/lib/binfmt.d/pydbt-aarch64.conf"]


def test_debian_has_an_entry(tree: Path) -> None:
    (tree / "usr/share/binfmts").mkdir(parents=True)
    assert run(tree, "install", "--flags", "PCF") == 0
    text = (tree / "usr/share/binfmts/pydbt-aarch64").read_text()
    rows = dict(line.split(" ", 1) for line in text.splitlines())
    assert rows["package"] == "pydbt"
    assert rows["interpreter"] == "/usr/bin/pydbt-aarch64"
    assert rows["magic"].encode().decode("unicode_escape").encode("latin-1") == MAGIC
    assert [rows[n] for n in ("credentials", "preserve", "fix_binary")] == ["yes"] * 3
    assert run(tree, "remove") == 0
    assert not (tree / "usr/share/binfmts/pydbt-aarch64").exists()


def test_dry_run_changes_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tree, "install", "--dry-run") == 0
    assert files(tree) == {}
    assert f"write {tree}/etc/binfmt.d/pydbt-aarch64.conf\n" in capsys.readouterr().out


def test_qemu_is_not_pushed_aside(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = tree / "usr/lib/binfmt.d"
    theirs.mkdir(parents=True)
    (theirs / "qemu-arm.conf").write_text(QEMU_ARM)
    assert run(tree, "install", "--dry-run") == 0  # another machine's
    (theirs / "qemu-aarch64.conf").write_text(QEMU)
    before = files(tree)
    capsys.readouterr()
    assert run(tree, "install") == 1
    assert capsys.readouterr().err == (
        "pydbt: binfmt: AArch64 programs are qemu-aarch64's; --replace puts pydbt in its place, "
        "and `pydbt binfmt remove` gives it back\n"
    )
    assert files(tree) == before
    assert run(tree, "install", "--replace") == 0
    assert files(tree)["etc/binfmt.d/qemu-aarch64.conf"] == "/dev/null"
    assert run(tree, "install") == 0  # it is masked, and stays so
    assert files(tree)["etc/binfmt.d/qemu-aarch64.conf"] == "/dev/null"
    assert run(tree, "remove") == 0
    assert files(tree) == before


def test_the_administrators_file_is_left_alone(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tree / "etc/binfmt.d/mine.conf"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(QEMU)
    assert run(tree, "install", "--replace") == 1
    assert capsys.readouterr().err == (
        f"pydbt: binfmt: {theirs} is the administrator's; move it away first\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--launcher", "bin/x"), "bin/x: the kernel wants an absolute path"),
        (
            ("--launcher", "/" + "x" * 127),
            f"/{'x' * 127}: longer than the kernel takes (127 bytes)",
        ),
        (("--launcher", "/a b"), "/a b: the path has a space or a control character"),
        (("--launcher", "/no"), "{tree}/no: not there or not executable"),
    ],
)
def test_launchers_that_cannot_be(
    tree: Path, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tree, "install", *words) == 1
    assert capsys.readouterr().err == f"pydbt: binfmt: {message.format(tree=tree)}\n"
    assert files(tree) == {}


def test_privileges_want_a_launcher_that_nobody_can_change(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "usr/bin/pydbt-aarch64").chmod(0o777)
    assert run(tree, "install") == 0
    assert run(tree, "install", "--flags", "C") == 1
    assert "with flag C" in capsys.readouterr().err


@pytest.mark.parametrize("flags", ["PX", "PP"])
def test_flags_are_the_kernels(tree: Path, flags: str) -> None:
    with pytest.raises(SystemExit):
        run(tree, "install", "--flags", flags)


# ---- the kernel's files, as files


@pytest.fixture
def live(tree: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """A running system, but in a folder: what is written to `register` stays there to be seen."""
    proc = tree / "proc"
    proc.mkdir()
    (proc / "register").write_text("")
    (proc / "status").write_text("enabled\n")
    monkeypatch.setattr(System, "staged", property(lambda _self: False))
    monkeypatch.setenv("PATH", str(tree / "bin"))
    return System(tree, proc=proc)


def test_kernel_entries(live: System, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qemu = live.proc / "qemu-aarch64"
    qemu.write_text(SHOWN)
    proc = ("--proc", str(live.proc))
    assert run(tree, "install", *proc) == 1
    assert "qemu-aarch64's, run by /usr/bin/qemu-aarch64;" in capsys.readouterr().err
    assert (live.proc / "register").read_text() == ""
    assert run(tree, "install", "--replace", *proc) == 0
    assert qemu.read_text() == "0"
    assert (live.proc / "register").read_text() == registration("/usr/bin/pydbt-aarch64", "POF")
    assert "# stops qemu-aarch64\n" in files(tree)["etc/binfmt.d/pydbt-aarch64.conf"]
    qemu.write_text(SHOWN.replace("enabled", "disabled", 1))
    ours = live.proc / NAME
    ours.write_text(SHOWN.replace("/usr/bin/qemu-aarch64", "/usr/bin/pydbt-aarch64"))
    assert run(tree, "status", *proc) == 0
    assert "pydbt-aarch64: enabled, /usr/bin/pydbt-aarch64, flags POCF" in capsys.readouterr().out
    assert run(tree, "remove", *proc) == 0
    assert (qemu.read_text(), ours.read_text()) == ("1", "-1")


def test_an_entry_that_was_not_there_is_registered_again(live: System, tree: Path) -> None:
    """After a start of the system with QEMU's file masked."""
    theirs = tree / "usr/lib/binfmt.d/qemu-aarch64.conf"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(QEMU)
    proc = ("--proc", str(live.proc))
    assert run(tree, "install", "--replace", *proc) == 0
    assert run(tree, "remove", *proc) == 0
    assert (live.proc / "register").read_text() == QEMU.strip()


def test_update_binfmts_is_told(live: System, tree: Path) -> None:
    (tree / "usr/share/binfmts").mkdir(parents=True)
    lines = ["interpreter /usr/bin/qemu-aarch64", rf"magic {QEMU.split(':')[4]}"]
    (tree / "usr/share/binfmts/qemu-aarch64").write_text("\n".join(lines) + "\n")
    tool, log = tree / "bin/update-binfmts", tree / "log"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    tool.chmod(0o755)
    proc = ("--proc", str(live.proc))
    assert run(tree, "install", *proc) == 1
    assert run(tree, "install", "--replace", *proc) == 0
    assert log.read_text() == "--disable qemu-aarch64\n--import pydbt-aarch64\n"
    log.unlink()
    assert run(tree, "remove", *proc) == 0
    assert log.read_text() == "--unimport pydbt-aarch64\n--enable qemu-aarch64\n"


def test_update_binfmts_may_have_done_it(live: System, tree: Path) -> None:
    """The real one takes and gives the kernel's entries itself."""
    (tree / "usr/share/binfmts").mkdir(parents=True)
    tool, ours = tree / "bin/update-binfmts", live.proc / NAME
    tool.parent.mkdir()
    tool.write_text(
        f"#!/bin/sh\ncase $1 in --import) echo there > {ours};; --unimport) /bin/rm {ours};; esac\n"
    )
    tool.chmod(0o755)
    proc = ("--proc", str(live.proc))
    assert run(tree, "install", *proc) == 0
    assert ((live.proc / "register").read_text(), ours.read_text()) == ("", "there\n")
    assert run(tree, "remove", *proc) == 0
    assert not ours.exists()


def test_a_step_that_fails_takes_all_back(
    live: System, tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "usr/share/binfmts").mkdir(parents=True)
    qemu = live.proc / "qemu-aarch64"
    qemu.write_text(SHOWN)
    before = files(tree)

    def refuse(path: Path, text: str) -> None:
        if path.name == "register":
            raise PermissionError(1, "Operation not permitted")
        path.write_text(SHOWN if text == "1" else text)

    monkeypatch.setattr(binfmt, "_write", refuse)
    assert run(tree, "install", "--replace", "--proc", str(live.proc)) == 1
    assert capsys.readouterr().err == (
        "pydbt: binfmt: register pydbt-aarch64 with the kernel: Operation not permitted (it takes "
        "root); nothing has been changed\n"
    )
    assert files(tree) == before


def test_a_tool_that_fails_is_quoted(
    live: System, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tree / "bin/update-binfmts"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'no such format' >&2\nexit 2\n")
    tool.chmod(0o755)
    assert run(tree, "install", "--proc", str(live.proc)) == 1
    assert "no such format" in capsys.readouterr().err
    assert files(tree).keys() <= {"proc/register", "proc/status", "bin/update-binfmts"}


def test_command_line(tree: Path) -> None:
    """The command as a program."""
    done = subprocess.run(
        [sys.executable, "-m", "pydbt.tool", "binfmt", "status", "--root", str(tree)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
