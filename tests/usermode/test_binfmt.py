"""The kernel runs guest programs by the launcher: binfmt_misc, in a user namespace of its own.

Owns: what `pydbt binfmt` registers with a real kernel, argv, set-id, programs that cannot be read,
a root without /proc. The namespaces' entries are seen by nothing else on the machine.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usermode.namespaces import PROC, NamespaceError, Namespaces
from tests.usermode.support import Launcher, Run
from tools.debian_tree import trees_folder

OTHER = 1000
"""Another user, who there is when root runs the tests."""


@pytest.fixture
def namespaces(tmp_path: Path) -> Namespaces:
    tmp_path.chmod(0o755)
    found = Namespaces(tmp_path)
    try:
        found.run("true")
    except NamespaceError as error:
        pytest.skip(str(error))
    return found


def pydbt_binfmt(action: str, place: Path, *words: str) -> str:
    """The command, in shell."""
    prefix = str(place / "etc").lstrip("/")
    line = [sys.executable, "-m", "pydbt.tool", "binfmt", action, "--prefix", prefix, *words]
    return shlex.join(line)


@pytest.fixture
def install(pydbt: Launcher, tmp_path: Path) -> Callable[[str], str]:
    """`pydbt binfmt install` of a launcher that every user can run, with flags."""
    launcher = tmp_path / "pydbt-aarch64"
    shutil.copy(pydbt.path, launcher)
    launcher.chmod(0o755)

    def line(flags: str) -> str:
        words = ("--launcher", str(launcher), "--flags", flags)
        return pydbt_binfmt("install", tmp_path, *words) + " > /dev/null"

    return line


@pytest.fixture
def program(guest: Callable[..., Path], tmp_path: Path) -> Path:
    copy = tmp_path / "identity"
    shutil.copy(guest("identity"), copy)
    copy.chmod(0o755)
    return copy


def test_install_status_remove(
    namespaces: Namespaces, install: Callable[[str], str], program: Path, tmp_path: Path
) -> None:
    status = pydbt_binfmt("status", tmp_path)
    run = namespaces.run(
        f"! {status} > before",
        install("POF"),
        install("PF"),
        status + " > after",
        "./identity > ran",
        pydbt_binfmt("remove", tmp_path) + " > /dev/null",
        f"! {status} > removed",
        f"ls {PROC}",
        "./identity 2> /dev/null",
    )
    assert run.status == 126
    assert run.stdout.split() == ["register", "status"]
    assert "not registered" in (tmp_path / "before").read_text()
    assert f"enabled, {tmp_path}/pydbt-aarch64, flags PF\n" in (tmp_path / "after").read_text()
    assert (tmp_path / "removed").read_text() == (tmp_path / "before").read_text()
    assert (tmp_path / "ran").read_text().startswith("./identity\n./identity identity\n")


@pytest.mark.parametrize("flags", ["P", "PF", "POF", "POCF"])
def test_argv0_is_kept(
    flags: str, namespaces: Namespaces, install: Callable[[str], str], program: Path
) -> None:
    run = namespaces.run(
        install(flags),
        "bash -c 'exec -a -strace ./identity -L a'",
        f"{program} exec ./identity name x",
    )
    ids = "0 0 0 0"
    assert run == Run(
        0, f"-strace -L a\n{program} identity\n{ids}\nname x\n./identity identity\n{ids}\n", ""
    )


def test_without_p_argv0_is_the_path(
    namespaces: Namespaces, install: Callable[[str], str], program: Path
) -> None:
    run = namespaces.run(install("OF"), "bash -c 'exec -a name ./identity -L a'")
    assert run == Run(0, f"{program} -L a\n{program} identity\n0 0 0 0\n", "")


def test_scripts_are_run_by_guest_programs(
    namespaces: Namespaces, install: Callable[[str], str], program: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{program} one\n")
    script.chmod(0o755)
    run = namespaces.run(install("POF"), "./script two")
    assert run.stdout.splitlines()[:2] == [f"{program} one ./script two", "./script script"]


def test_programs_that_cannot_be_read(
    namespaces: Namespaces, install: Callable[[str], str], program: Path
) -> None:
    """Flag O: the kernel opens them."""
    powerless = "setpriv --bounding-set=-all --inh-caps=-all ./identity"
    program.chmod(0o111)
    run = namespaces.run(install("POF"), powerless)
    assert run.stdout.startswith("./identity\n"), run.stderr
    run = namespaces.run(install("PF"), powerless)
    assert (run.status, run.stderr) == (126, "pydbt-aarch64: ./identity: Permission denied\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have files of two users")
def test_set_id_programs(
    namespaces: Namespaces,
    install: Callable[[str], str],
    program: Path,
    guest: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """With flag C they get their privileges, run from outside or by a guest; the environment is
    then not believed."""
    plain = tmp_path / "plain"
    shutil.copy(guest("identity"), plain)
    log = "PYDBT_STRACE=1 PYDBT_LOG_FILENAME=log"
    lines = (
        f"chown {OTHER}:{OTHER} identity; chmod 4755 identity; chmod 777 .",
        "./identity",
        "./plain exec ./identity ./identity",
        f"{log} ./identity; ! test -e log",
    )
    secure, insecure = f"0 {OTHER} 1 0", "0 0 0 0"
    run = namespaces.run(install("POCF"), *lines)
    assert run.stdout.splitlines()[2::3] == [secure] * 3, run.stderr
    run = namespaces.run(install("POF"), *lines[:3])
    assert run.stdout.splitlines()[2::3] == [insecure] * 2, run.stderr


@pytest.mark.parametrize("registered", [True, False])
def test_a_root_with_nothing_of_ours(
    registered: bool,
    pydbt: Launcher,
    namespaces: Namespaces,
    install: Callable[[str], str],
    program: Path,
    tmp_path: Path,
) -> None:
    """Not even /proc; guest programs run others there, with and without binfmt_misc."""
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(program, root / "program")
    (root / "script").write_text("#!/program arg\n")
    (root / "script").chmod(0o755)
    inside = "/program exec /program /program exec /script script"
    outside = "chroot root" if registered else f"{pydbt.path} identity chroot root"
    run = namespaces.run(install("PF") if registered else "true", f"{outside} {inside}")
    assert run == Run(0, "/program arg /script\n/script script\n0 0 0 0\n", "")


def test_a_debian_tree(namespaces: Namespaces, install: Callable[[str], str]) -> None:
    tree = trees_folder("quick").arm64
    assert tree.exists(), "python -m tools.debian_tree quick"
    run = namespaces.run(
        install("POF"),
        f"mount --bind {tree} {namespaces.place}; mount --rbind /dev {namespaces.place}/dev",
        f"cd /; exec chroot {namespaces.place} bash -c '"
        'uname -m; echo a b c | awk "{print \\$2}"; find /usr/bin -name xargs | xargs ls -d; '
        "(echo one; echo two) | sort -r | sed s/o/0/; ls /proc | wc -l'",
    )
    assert run == Run(0, "aarch64\nb\n/usr/bin/xargs\ntw0\n0ne\n0\n", "")
