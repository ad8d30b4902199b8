"""pydbt runs AArch64 Linux programs on x86-64 by dynamic binary translation.

Owns the public Python API. The native launcher `pydbt-aarch64` does not need it.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pydbt")
except PackageNotFoundError:
    __version__ = "0+source"  # a source tree that is not installed
