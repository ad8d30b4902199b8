"""pydbt runs AArch64 Linux programs on x86-64 by dynamic binary translation.

Owns the public Python API: what the translator makes of guest code, step by step. Programs are run
by the native launcher `pydbt-aarch64`, which does not need Python.

`code` is AArch64 machine code, little-endian, and `pc` the address of its first byte. Functions on
code look at its first block: up to and with the first instruction that ends one, 64 at the most.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["block_length", "disassemble", "feature", "lift", "lift_optimized", "translate"]

try:
    __version__ = version("pydbt")
except PackageNotFoundError:
    __version__ = "0+source"  # a source tree that is not installed


def disassemble(word: int, pc: int = 0) -> str:
    """The text of the instruction `word` at `pc`; "undefined" for a word that is none.

    Raises:
        ValueError: pc is not a multiple of 4.
        TypeError: word or pc does not fit 32 or 64 bits.
    """
    return str(_extension().disassemble(word, pc))


def block_length(code: bytes, pc: int = 0) -> int:
    """How many bytes of `code` its first block has.

    Raises:
        ValueError: code is empty or no whole number of instructions, or pc is no multiple of 4.
    """
    return int(_extension().block_length(code, pc))


def lift(code: bytes, pc: int = 0) -> str:
    """The IR of the first block of `code`, as text, before any pass.

    Raises:
        ValueError: as for block_length.
    """
    return str(_extension().lift(code, pc))


def lift_optimized(code: bytes, pc: int = 0) -> str:
    """The IR of the first block of `code`, as text, after all passes.

    Raises:
        ValueError: as for block_length.
    """
    return str(_extension().lift_optimized(code, pc))


def translate(code: bytes, pc: int = 0, host_features: str = "native") -> bytes:
    """The x86-64 code of the first block of `code`; its exits are not linked.

    `host_features` is what `pydbt-aarch64 --host-features` takes.

    Raises:
        ValueError: as for block_length, or an unknown host feature.
    """
    return bytes(_extension().translate(code, pc, host_features))


def feature(word: int) -> str:
    """The feature without which the instruction is UNDEFINED, as the manual names it without FEAT_;
    "" where it is there always, or never.

    Raises:
        ValueError: word does not fit 32 bits.
    """
    if not 0 <= word < 1 << 32:
        raise ValueError(f"{word} is no 32-bit word")
    for pattern in _patterns():
        if word & pattern.mask == pattern.value and pattern.holds(word):
            return str(pattern.feature)
    return ""


@cache
def _patterns() -> list[Any]:
    return list(_module("translator.spec.a64").load())


def _module(name: str) -> ModuleType:
    """A module of the engine: it is below pydbt where installed, beside it in a source tree."""
    try:
        return importlib.import_module(f"pydbt.{name}")
    except ModuleNotFoundError:
        return importlib.import_module(name)


@cache
def _extension() -> ModuleType:
    try:
        core = importlib.import_module("pydbt._core")
    except ModuleNotFoundError as error:
        raise ImportError(
            "the extension pydbt._core is not there; install the package, or run `make dev` in a "
            "source tree"
        ) from error
    if _module("translator.spec.digest").spec_digest() != core.SPEC_HASH:
        raise ImportError(
            f"{core.__file__} was built from other specs than this package has; install the "
            "package again, or run `make` in a source tree"
        )
    return core
