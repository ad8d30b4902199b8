"""QEMU's syntax of an option's argument: `word,key=value,flag`, with `,,` for a comma.

Owns: taking it apart, values of every kind, "did you mean". Must not know: any option.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class UsageError(Exception):
    """What is wrong with the command line, in one line."""


def closest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """ "; did you mean ...?", or nothing when no known name is near."""
    found = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(prefix + name for name in found)}?" if found else ""


class KeyVals:
    """The pairs of one argument. Each is taken once; done() refuses what nobody took."""

    def __init__(self, option: str, text: str, first: str = "") -> None:
        """`first` is the key of a first word without `=`."""
        self.option = option
        self._pairs: list[tuple[str, str]] = []
        self._asked: list[str] = []
        for n, part in enumerate(_parts(text)):
            key, equals, value = part.partition("=")
            if not equals and n == 0 and first:
                self._pairs.append((first, part))
            elif not part and n == 0:
                raise UsageError(f"{option}: an empty argument")
            elif not part:
                continue
            else:
                # A word alone is a switch; `nofoo` is foo=off, as old scripts have it.
                flag = ("on", "off")[key.startswith("no") and key not in ("node-name",)]
                name = key.removeprefix("no") if flag == "off" and not equals else key
                self._pairs.append((name, value if equals else flag))

    def error(self, message: str) -> UsageError:
        return UsageError(f"{self.option}: {message}")

    def all(self, key: str) -> list[str]:
        """Every value of a key that may be repeated."""
        self._asked.append(key)
        found = [value for name, value in self._pairs if name == key]
        self._pairs = [pair for pair in self._pairs if pair[0] != key]
        return found

    def text(self, key: str, default: str = "") -> str:
        """The last one counts."""
        found = self.all(key)
        return found[-1] if found else default

    def needed(self, key: str) -> str:
        value = self.text(key)
        if not value:
            for name, _ in self._pairs:
                if near := closest(name, [key]):
                    raise self.error(f"no property {name}{near}")
            raise self.error(f"{key}= is missing")
        return value

    def has(self, key: str) -> bool:
        return any(name == key for name, _ in self._pairs)

    def switch(self, key: str, default: bool = False) -> bool:
        value = self.text(key, "on" if default else "off")
        if value not in ("on", "off", "yes", "no", "true", "false", "y", "n"):
            raise self.error(f"{key}={value}: on or off is expected")
        return value in ("on", "yes", "true", "y")

    def choice(self, key: str, default: str, allowed: Iterable[str]) -> str:
        value = self.text(key, default)
        names = list(allowed)
        if value not in names:
            near = closest(value, names)
            raise self.error(f"{key}={value}: one of {', '.join(names)} is expected{near}")
        return value

    def number(self, key: str, default: int, least: int = 0, most: int = (1 << 64) - 1) -> int:
        text = self.text(key)
        if not text:
            return default
        return number(text, f"{self.option}: {key}", least, most)

    def done(self) -> None:
        """UsageError when there is a key that nobody asked for."""
        for name, _ in self._pairs:
            near = closest(name, self._asked)
            raise self.error(f"no property {name}{near or '; known: ' + ', '.join(self._asked)}")


def _parts(text: str) -> list[str]:
    """Cut at commas; two of them are one that belongs to the text."""
    marked = text.replace(",,", "\0")
    return [part.replace("\0", ",") for part in marked.split(",")]


def first_word(text: str) -> str:
    return _parts(text)[0]


def number(text: str, what: str, least: int = 0, most: int = (1 << 64) - 1) -> int:
    """A decimal or 0x number inside bounds."""
    try:
        value = int(text, 0)
    except ValueError:
        raise UsageError(f"{what}={text}: a number is expected") from None
    if not least <= value <= most:
        raise UsageError(f"{what}={text}: {least} to {most} are possible")
    return value


_UNITS = {"": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def size(text: str, what: str, unit: str = "M") -> int:
    """A size in bytes; a bare number counts in `unit`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?|0[xX][0-9a-fA-F]+)([bBkKmMgGtT]?)(?:i?B)?", text)
    if match is None:
        raise UsageError(f"{what}={text}: a size is expected, such as 512M or 2G")
    shift = _UNITS[match[2].upper() or unit]
    value = float(match[1]) if "." in match[1] else int(match[1], 0)
    return int(value * (1 << shift))
