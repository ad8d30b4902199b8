"""Fetches what boots a machine: Debian's kernel for arm64 with its modules, and a busybox.

Owns: the packages, the cache beside the toolchain, initial RAM disks made of them. Needs no root:
packages are downloaded with a private apt state and unpacked. Must not know: how machines run.

    python -m tools.debian_kernel [trixie] [bookworm]    fetches, prints where
"""

from __future__ import annotations

import argparse
import gzip
import io
import lzma
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.guest_toolchain import Apt, Progress, ToolchainError, cache_folder, locked, run, unpack

# A change of what is kept starts a new folder in the cache.
LAYOUT = "kernel-1"
SUITES = ("trixie", "bookworm")


class Kernel:
    """A kernel as unpacked. `image` is its vmlinuz, `busybox` a static busybox for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.image = next((root / "boot").glob("vmlinuz-*"))
        self.release = self.image.name.removeprefix("vmlinuz-")
        self.busybox = next(
            p for p in (root / "usr/bin/busybox", root / "bin/busybox") if p.exists()
        )
        folders = (root / "usr/lib/modules", root / "lib/modules")
        self.modules = next(f for f in folders if f.is_dir()) / self.release

    def module(self, name: str) -> bytes:
        """A module's file, unpacked."""
        pattern = re.sub("[-_]", "[-_]", name)
        path = next(self.modules.rglob(f"{pattern}.ko*"))
        data = path.read_bytes()
        return lzma.decompress(data) if path.suffix == ".xz" else data

    def with_needed(self, names: Iterable[str]) -> dict[str, bytes]:
        """The modules and all they need, in the order in which they can be loaded. What is built
        into the kernel is left out."""
        built_in = (self.modules / "modules.builtin").read_text(encoding="ascii")
        result: dict[str, bytes] = {}

        def add(name: str) -> None:
            if name in result or re.search(rf"/{re.sub('[-_]', '[-_]', name)}\.ko", built_in):
                return
            data = self.module(name)
            depends = re.search(rb"\0depends=([^\0]*)\0", data)
            for needed in depends[1].decode().split(",") if depends else []:
                if needed:
                    add(needed)
            result[name] = data

        for name in names:
            add(name)
        return result


def find_kernel(suite: str, *, fetch: bool) -> Kernel:
    """A suite's kernel. ToolchainError when it is not there and cannot be fetched."""
    place = cache_folder() / LAYOUT / suite
    if not (place / ".whole").exists():
        if not fetch:
            raise ToolchainError(
                f"Debian's kernel is not there; run python -m tools.debian_kernel {suite}"
            )
        _fetch(suite, place)
    return Kernel(place)


def _fetch(suite: str, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    progress = Progress(f"Debian's kernel ({suite})")
    with locked(), tempfile.TemporaryDirectory(dir=place.parent, prefix=".tmp-") as temporary:
        if (place / ".whole").exists():
            return
        try:
            progress.show("reading the package lists")
            apt = Apt(Path(temporary) / "apt", suite, architectures=("arm64",))
            apt.update()
            words = ("apt-cache", "depends", "linux-image-arm64")
            listed = run(words, "apt-cache depends linux-image-arm64", apt.env)
            package = re.search(r"Depends: (linux-image-\S+)", listed)
            if package is None:
                raise ToolchainError(f"{suite}: linux-image-arm64 names no kernel")
            progress.show("downloading")
            names = (package[1], "busybox-static")
            folder = Path(temporary) / "packages"
            folder.mkdir()
            run(("apt-get", "download", "-qq", *names), "apt-get download", apt.env, folder)
            root = Path(temporary) / "root"
            root.mkdir()
            for file in sorted(folder.glob("*.deb")):
                progress.show(f"unpacking {file.name}")
                unpack(file, root, ())
            (root / ".whole").touch()
            shutil.rmtree(place, ignore_errors=True)
            root.rename(place)
        finally:
            progress.close()


# ---- initial RAM disks

Files = Mapping[str, bytes]


def initramfs(
    files: Files, executable: Iterable[str] = (), links: Mapping[str, str] | None = None
) -> bytes:
    """A gzip'ed cpio archive (newc): the files, the folders that they need, /dev/console."""
    out = io.BytesIO()
    number = 0
    runnable = set(executable)

    def entry(name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        nonlocal number
        number += 1
        links_count = 2 if stat.S_ISDIR(mode) else 1
        fields = (number, mode, 0, 0, links_count, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % value for value in fields) + name.encode() + b"\0"
        out.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    folders = {"dev", "proc", "sys", "tmp", "mnt"}
    for name in (*files, *(links or {})):
        folders |= {str(parent) for parent in Path(name).parents if str(parent) != "."}
    for name in sorted(folders):
        entry(name, stat.S_IFDIR | 0o755)
    entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    for name, data in files.items():
        entry(name, stat.S_IFREG | (0o755 if name in runnable else 0o644), data)
    for name, target in (links or {}).items():
        entry(name, stat.S_IFLNK | 0o777, target.encode())
    entry("TRAILER!!!", 0)
    return gzip.compress(out.getvalue(), 6)


def busybox_disk(kernel: Kernel, modules: Iterable[str], script: str) -> bytes:
    """A disk whose /init loads modules and runs a shell script with busybox's commands; in it,
    `leave COMMAND` is COMMAND behind all that the console still has to write."""
    loaded = kernel.with_needed(modules)
    head = [
        "#!/bin/busybox sh",
        "/bin/busybox --install -s /bin",
        "export PATH=/bin",
        "mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev",
        *(f"insmod /modules/{name}.ko" for name in loaded),
        'leave() { stty sane; "$@"; }',  # the kernel sets modes when the output is drained
    ]
    files = {
        "bin/busybox": kernel.busybox.read_bytes(),
        "init": "\n".join([*head, script, ""]).encode(),
    }
    files |= {f"modules/{name}.ko": data for name, data in loaded.items()}
    return initramfs(files, ("bin/busybox", "init"))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.debian_kernel",
        description="Fetch Debian's kernels for arm64, without root.",
    )
    parser.add_argument(
        "suite", nargs="*", choices=[*SUITES, []], help="trixie (default), bookworm"
    )
    try:
        for suite in parser.parse_args().suite or ["trixie"]:
            print(suite, find_kernel(suite, fetch=True).image)
    except ToolchainError as error:
        print(f"debian_kernel: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
