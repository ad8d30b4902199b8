"""Generates the constant that says which specs the extension was built from.

Owns: its C++ form. Must not know: how the digest is computed (translator/spec/digest.py).
"""

from __future__ import annotations

import sys

from translator.spec.digest import spec_digest

from .common import run


def _header() -> str:
    return "\n".join(
        [
            "#pragma once",
            "",
            "namespace pydbt::native {",
            "",
            f'inline constexpr char kSpecHash[] = "{spec_digest()}";',
            "",
            "}  // namespace pydbt::native",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(run("translator.gen.spec_hash", {"translator/native/spec_hash.gen.hpp": _header}))
