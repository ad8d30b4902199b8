"""Makes the editable install use the build tree: links the launcher and the extensions to it.

An editable install copies what CMake built; a later `make` would leave those copies stale. Owns the
links only. Usage: python -m tools.link_dev BUILD_FOLDER
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def link(place: Path, target: Path) -> None:
    """Makes `place` a symbolic link to `target`, whatever it was."""
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def main(build: Path) -> None:
    launcher = build / "pydbt-aarch64"
    if launcher.exists():
        link(Path(sysconfig.get_path("scripts")) / launcher.name, launcher)
    installed = Path(sysconfig.get_path("platlib")) / "pydbt"
    for pattern in ("translator/_core.*.so", "sysmode/_system.*.so"):
        for extension in build.glob(pattern):
            link(installed / extension.name, extension)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
