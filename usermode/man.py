"""Writes the man page of `pydbt-aarch64` from its options. Needs argparse-manpage.

    python -m usermode.man FILE VERSION

Owns: the page's form. Must not know: any option (cli.py). The build runs it where argparse-manpage
is there; the wheel has the page as share/man/man1/pydbt-aarch64.1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from argparse_manpage.manpage import Manpage

from .cli import OPTIONS, parser


def render(version: str) -> str:
    """The page as roff text."""
    data = {
        "project_name": "pydbt",
        "version": version,
        "description": "run an AArch64 Linux program on x86-64",
        "manual_title": "User Commands",
    }
    # "pretty" says an option's argument once, behind all its names.
    page = str(Manpage(parser(), _data=data, format="pretty"))
    # argparse-manpage leaves out the option that it takes for argparse's own.
    names = ", ".join(f"\\fB{flag}\\fR" for flag in OPTIONS[0].flags).replace("-", "\\-")
    head = ".SH OPTIONS\n"
    return page.replace(head, f"{head}.TP\n{names}\n{OPTIONS[0].help}\n\n", 1)


def main(file: Path, version: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render(version), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
