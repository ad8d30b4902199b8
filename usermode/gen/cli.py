"""Generates the launcher's option table and help from usermode/cli.py.

Owns: the C++ form of options. Must not know: what options do.
"""

from __future__ import annotations

import sys
import textwrap

from translator.gen.common import SpecError, run

from ..cli import DESCRIPTION, EPILOG, OPTIONS, Option

_WIDTH = 80


def check() -> None:
    """Refuses options without help, and flags, keys or variables given twice."""
    seen: set[str] = set()
    for option in OPTIONS:
        if not option.help:
            raise SpecError(f"option {option.flags[0]}: no help")
        for name in (*option.flags, option.key, *option.env):
            if name in seen:
                raise SpecError(f"option {option.flags[0]}: {name} is there twice")
            seen.add(name)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def help_text() -> str:
    """What -help prints."""
    heads = [_head(option) for option in OPTIONS]
    column = max(len(head) for head in heads) + 4
    lines = ["usage: pydbt-aarch64 [options] program [arguments]", "", DESCRIPTION, ""]
    for head, option in zip(heads, OPTIONS, strict=True):
        text = option.help + (f" [{', '.join(option.env)}]" if option.env else "")
        body = textwrap.wrap(text, _WIDTH - column, break_on_hyphens=False)
        lines.append(f"  {head}".ljust(column) + body[0])
        lines += [" " * column + line for line in body[1:]]
    return "\n".join([*lines, "", *textwrap.wrap(EPILOG, _WIDTH), ""])


def _head(option: Option) -> str:
    head = ", ".join(option.flags)
    return f"{head} {option.metavar}" if option.metavar else head


def _header() -> str:
    check()
    return "\n".join(
        [
            "#pragma once",
            "",
            "namespace pydbt::usermode {",
            "",
            f"enum class OptionKey {{ {', '.join(option.key for option in OPTIONS)} }};",
            "struct OptionInfo {",
            "    OptionKey key;",
            "    bool takes_value;",
            "    const char* flags[3];  // null where there are fewer",
            "    const char* env[3];",
            "    const char* choices;   // separated by `|`; null: anything",
            "};",
            f"extern const OptionInfo kOptions[{len(OPTIONS)}];",
            "extern const char* const kHelp;",
            "",
            "}  // namespace pydbt::usermode",
            "",
        ]
    )


def _row(option: Option) -> str:
    def texts(items: tuple[str, ...], count: int) -> str:
        return ", ".join([*map(_quote, items), *["nullptr"] * (count - len(items))])

    choices = _quote("|".join(option.choices)) if option.choices else "nullptr"
    return (
        f"    {{OptionKey::{option.key}, {'true' if option.metavar else 'false'}, "
        f"{{{texts(option.flags, 3)}}}, {{{texts(option.env, 3)}}}, {choices}}},"
    )


def _table() -> str:
    check()
    return "\n".join(
        [
            '#include "usermode/options/cli.gen.hpp"',
            "",
            "namespace pydbt::usermode {",
            "",
            f"const OptionInfo kOptions[{len(OPTIONS)}] = {{",
            *map(_row, OPTIONS),
            "};",
            "const char* const kHelp =",
            *(f"    {_quote(line + chr(10))}" for line in help_text().splitlines()),
            "    ;",
            "",
            "}  // namespace pydbt::usermode",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(
        run(
            "usermode.gen.cli",
            {
                "usermode/options/cli.gen.hpp": _header,
                "usermode/options/cli.gen.cpp": _table,
            },
        )
    )
