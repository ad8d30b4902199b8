"""Fetches Debian trees: the same packages for arm64, to run, and for amd64, to compare with.

Owns: which packages, and the trees in the cache, beside the toolchain. Needs no root: packages are
downloaded with a private apt state and unpacked; no maintainer script runs, so what those would
have made is made here. A pair of trees is there whole or not at all, and both have the same
versions. Must not know: what is done with the programs.

    python -m tools.debian_tree [quick] [full] [rust] [stress]    fetches, prints where
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.guest_toolchain import Apt, Progress, ToolchainError, cache_folder, locked

# A change of the package lists, or of what a tree is made of, starts a new folder in the cache.
LAYOUT = "debian-1"
SUITE = "trixie"
ARCHITECTURES = ("arm64", "amd64")

_QUICK = (
    "base-files bash bc bsdextrautils busybox bzip2 coreutils dash debianutils diffutils file"
    " findutils gawk grep gzip jq libc-bin lua5.4 mawk perl-base sed sqlite3 tar util-linux"
    " xz-utils zstd"
)
_FULL = (
    "erlang-base g++ gcc git golang-go guile-3.0 luajit make nginx nodejs"
    " openjdk-21-jdk-headless openssl perl php-cli postgresql procps python3"
    " libpython3.13-testsuite redis-server ruby tcl"
)
_TRACE = "base-files bash coreutils dash gdb grep sed strace"
SETS: dict[str, tuple[str, ...]] = {
    "quick": tuple(_QUICK.split()),
    "trace": tuple(_TRACE.split()),
    "full": tuple(f"{_QUICK} {_FULL}".split()),
    "rust": tuple(f"{_QUICK} bat eza fd-find hexyl hyperfine just ripgrep sd".split()),
    "stress": tuple(f"{_QUICK} stress-ng".split()),
}
"""Packages by set; `quick` and `trace` are what `make test` fetches."""

# The links of merged /usr, which base-files' maintainer scripts see to.
_MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}

# What update-alternatives and other maintainer scripts would link, where the target is there.
_LINKS = {
    "usr/bin/awk": "gawk",
    "usr/bin/cc": "gcc",
    "usr/bin/c++": "g++",
    "usr/bin/lua": "lua5.4",
    "usr/bin/php": "php8.4",
    "etc/os-release": "../usr/lib/os-release",
}

_PASSWD = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"


@dataclass(frozen=True)
class Trees:
    """A pair of trees of one set."""

    arm64: Path
    amd64: Path


def trees_folder(name: str) -> Trees:
    """Where the pair of set `name` lies, or will lie once fetched."""
    place = cache_folder() / LAYOUT / name
    return Trees(place / "arm64", place / "amd64")


def unpack(package: Path, root: Path) -> None:
    """Unpacks a package; links to folders stay links, as dpkg keeps them."""
    tar = ("tar", "--keep-directory-symlink", "--no-same-owner", "-C", str(root), "-xf", "-")
    with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", package), stdout=subprocess.PIPE) as deb:
        done = subprocess.run(tar, stdin=deb.stdout, capture_output=True, text=True, check=False)
    if done.returncode != 0 or deb.returncode != 0:
        raise ToolchainError(f"unpacking {package.name}: {done.stderr.strip()}")


def confine(root: Path) -> None:
    """Makes absolute links relative, so that they stay in the tree when it is not the root."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            link = Path(folder) / name
            if link.is_symlink() and (target := link.readlink()).is_absolute():
                link.unlink()
                link.symlink_to(os.path.relpath(root / target.relative_to("/"), link.parent))


def finish(root: Path) -> None:
    """What maintainer scripts would have done, as far as programs need it."""
    (root / "etc/passwd").write_text(_PASSWD, encoding="ascii")
    (root / "etc/group").write_text(_GROUP, encoding="ascii")
    for name, target in _LINKS.items():
        link = root / name
        if not os.path.lexists(link) and (link.parent / target).exists():
            link.symlink_to(target)
    for name in ("dev", "proc", "sys", "tmp"):
        (root / name).mkdir(exist_ok=True)
    confine(root)


def build(root: Path, packages: Sequence[Path], progress: Progress) -> None:
    """Makes a tree of downloaded packages."""
    for link, target in _MERGED.items():
        (root / target).mkdir(parents=True)
        (root / link).symlink_to(target)
    for number, package in enumerate(packages):
        progress.show(f"unpacking {number + 1} of {len(packages)}")
        unpack(package, root)
        package.unlink()
    finish(root)


def versions(packages: Sequence[Path]) -> dict[str, str]:
    """Version by package, of files named NAME_VERSION_ARCHITECTURE.deb."""
    parts = (package.name.split("_") for package in packages)
    return {name: version for name, version, _ in parts}


def fetch(name: str) -> Trees:
    """Returns the trees of set `name`, fetching both when they are not there."""
    trees = trees_folder(name)
    if trees.arm64.exists():
        return trees
    place = trees.arm64.parent
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ToolchainError("a Debian tree needs Debian's apt-get and dpkg-deb")
    with locked():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".tmp-") as temporary:
            if trees.arm64.exists():
                return trees
            pair = Path(temporary) / name
            fetched = {arch: fetch_tree(pair, arch, SETS[name]) for arch in ARCHITECTURES}
            arm64, amd64 = (fetched[arch] for arch in ARCHITECTURES)
            for package in sorted(arm64.keys() & amd64.keys()):
                # A rebuild of one architecture only, +b1, is of the same source.
                if arm64[package].partition("+b")[0] != amd64[package].partition("+b")[0]:
                    raise ToolchainError(f"the mirror has two versions of {package}; try later")
            pair.rename(place)
    return trees


def fetch_tree(pair: Path, architecture: str, packages: Sequence[str]) -> dict[str, str]:
    """Makes the tree of one architecture below `pair`; returns versions by package."""
    progress = Progress(f"Debian {SUITE} {architecture}")
    try:
        progress.show("reading the package lists")
        apt = Apt(pair.with_name(f"apt-{architecture}"), SUITE, architectures=(architecture,))
        apt.update()
        files = apt.download(packages, progress)
        root = pair / architecture
        root.mkdir(parents=True)
        found = versions(files)
        build(root, files, progress)
        return found
    finally:
        progress.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.debian_tree",
        description="Fetch Debian trees for arm64 and amd64, without root.",
    )
    parser.add_argument("set", nargs="*", choices=[*SETS, []], help="default: quick")
    try:
        for name in parser.parse_args().set or ["quick"]:
            trees = fetch(name)
            print(name, trees.arm64, trees.amd64)
    except ToolchainError as error:
        print(f"debian_tree: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
