"""A digest of the specs: what a built extension was generated from.

Owns: how it is computed. The generator writes it into the extension, and the package compares it
with its own files. Must not know: what the specs say.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

SPEC_FOLDER = Path(__file__).resolve().parent


def spec_digest(folder: Path = SPEC_FOLDER) -> str:
    """The SHA-256 of all spec files' names and contents, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()
