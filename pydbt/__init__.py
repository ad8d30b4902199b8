"""pydbt runs AArch64 Linux programs on x86-64 by dynamic binary translation.

Owns the public Python API. The native launcher `pydbt-aarch64` does not need it.
"""

from importlib.metadata import version

__version__ = version("pydbt")
