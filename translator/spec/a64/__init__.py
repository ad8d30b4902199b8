"""A64 encodings: one module a chapter of the Arm manual, each with a list `PATTERNS`.

Owns: collecting them. Must not know: what is in them.
"""

from __future__ import annotations

import importlib
import pkgutil

from .core import Pattern


def chapters() -> dict[str, list[Pattern]]:
    """The patterns of each chapter, in order of their names."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "core")
    return {name: importlib.import_module(f".{name}", __name__).PATTERNS for name in names}


def load() -> list[Pattern]:
    """All patterns."""
    return [p for patterns in chapters().values() for p in patterns]
