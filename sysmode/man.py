"""Writes the man page of `pydbt-system-aarch64` from its options. Needs argparse-manpage.

    python -m sysmode.man FILE VERSION

Owns: the page's form. Must not know: any option (cli.py). The build runs it where argparse-manpage
is there; the wheel has the page as share/man/man1/pydbt-system-aarch64.1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from argparse_manpage.manpage import Manpage

from .cli import parser


def render(version: str) -> str:
    """The page as roff text."""
    data = {
        "project_name": "pydbt",
        "version": version,
        "description": "run an AArch64 machine on x86-64",
        "manual_title": "User Commands",
    }
    return str(Manpage(parser(), _data=data, format="pretty"))


def main(file: Path, version: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render(version), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
