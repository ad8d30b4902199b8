"""Finds the extension pydbt._system.

Owns: where it may be. Must not know: what is in it.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

NAME = "pydbt._system"


@cache
def load() -> Any:
    """The extension: the installed one, or in a source tree the one of the build $PYDBT_BUILD.

    ImportError says how to get one.
    """
    if build := os.environ.get("PYDBT_BUILD"):
        for path in (Path(build) / "sysmode").glob("_system.*.so"):
            loader = importlib.machinery.ExtensionFileLoader(NAME, str(path))
            spec = importlib.util.spec_from_loader(NAME, loader)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            loader.exec_module(module)
            sys.modules[NAME] = module
            return module
    try:
        return importlib.import_module(NAME)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"the extension {NAME} is not there; install the package, or run `make dev` in a "
            "source tree"
        ) from error
