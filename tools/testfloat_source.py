"""Fetches the sources of Berkeley TestFloat and SoftFloat.

Owns where they are: in Debian's source package of QEMU, which bundles both (Debian has no package
of theirs). Must not know how they are built (tests/testfloat).
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from .guest_toolchain import Apt, Progress, ToolchainError, debian_codename, locked, part_folder

PACKAGE = "qemu"
FOLDERS = ("berkeley-testfloat-3", "berkeley-softfloat-3")


def fetch() -> Path:
    """The folder that holds both, fetched when it is not there."""
    place = part_folder("testfloat")
    if all((place / name / "COPYING.txt").exists() for name in FOLDERS):
        return place
    suite = debian_codename()
    if not suite:
        raise ToolchainError("TestFloat needs Debian's apt-get, which this host does not have")
    with locked(), tempfile.TemporaryDirectory(dir=place.parent, prefix=".tmp-") as temporary:
        progress = Progress("TestFloat")
        try:
            progress.show("fetching QEMU's source package")
            apt = Apt(Path(temporary) / "apt", suite, kind="deb-src")
            apt.update()
            apt.source(PACKAGE, Path(temporary))
            progress.show("unpacking")
            (archive,) = Path(temporary).glob("*.orig.tar.*")
            root = Path(temporary) / "root"
            root.mkdir()
            _unpack(archive, root)
            shutil.rmtree(place, ignore_errors=True)
            root.rename(place)
        finally:
            progress.close()
    return place


def _unpack(archive: Path, root: Path) -> None:
    """Unpacks the folders wherever they lie in the archive."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts
            at = next((n for n, part in enumerate(parts) if part in FOLDERS), None)
            stream = tar.extractfile(member) if member.isfile() else None
            if at is None or stream is None:
                continue
            target = root.joinpath(*parts[at:])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stream.read())
    for name in FOLDERS:
        if not (root / name / "COPYING.txt").exists():
            raise ToolchainError(f"{archive.name} holds no {name}")
