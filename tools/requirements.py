"""Prints what the development venv must hold, one requirement a line, from pyproject.toml.

Owns no list of its own. (`pip install --group` would do, but pip knows it only since 25.1.)
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def requirements(extra: str) -> list[str]:
    """The project's dependencies and those of `extra`, with `pydbt[other]` expanded."""
    path = Path(__file__).resolve().parent.parent / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    wanted: list[str] = list(project["dependencies"])
    for line in project["optional-dependencies"][extra]:
        if inner := re.fullmatch(rf"{project['name']}\[(\w+)\]", line):
            wanted += requirements(inner.group(1))
        else:
            wanted.append(line)
    return list(dict.fromkeys(wanted))


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1])))
