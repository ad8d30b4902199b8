"""A64 encodings: one module a chapter of the Arm manual, each with a list `PATTERNS`.

Owns: collecting them. Must not know: what is in them.
"""

from __future__ import annotations

import importlib
import pkgutil

from .core import Pattern


def load() -> list[Pattern]:
    """All patterns, chapters in order of their names."""
    patterns: list[Pattern] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        if module == "core":
            continue
        chapter = importlib.import_module(f".{module}", __name__)
        patterns += chapter.PATTERNS
    return patterns
