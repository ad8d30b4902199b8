"""Generates the syscall table, flag and structure conversions from spec/syscalls.py.

Owns: the C++ form of rows, refusals. Must not know: what calls do.
"""

from __future__ import annotations

import sys

from translator.gen.common import SpecError, run

from ..spec.syscalls import (
    ENUMS,
    FLAGS,
    KINDS,
    NOT_SERVED,
    POINTERS,
    PREFIXED,
    SHORTENED,
    SHOWN,
    STRUCTS,
    SYSCALLS,
    Syscall,
)

_FIRST_COMMON = 424
_FORMS = ("i", "hex", "oct", "text")
_HOWS = ("pass", "convert", "custom", "none")
_RESULTS = ("int", "hex", "fd", "off")
_TYPES = {"u32": "uint32_t", "i32": "int32_t", "u64": "uint64_t", "i64": "int64_t"}


def check() -> None:
    """Refuses numbers out of order or twice, unknown kinds, conversions of nothing."""
    last = -1
    names: set[str] = set()
    for row in SYSCALLS:
        if row.number <= last:
            raise SpecError(f"syscall {row.name}: number {row.number} is not above {last}")
        if row.name in names:
            raise SpecError(f"syscall {row.name}: defined twice")
        if row.how not in _HOWS:
            raise SpecError(f"syscall {row.name}: unknown way {row.how}")
        if row.result not in _RESULTS:
            raise SpecError(f"syscall {row.name}: unknown result {row.result}")
        if len(row.args) > 6:
            raise SpecError(f"syscall {row.name}: more than six arguments")
        for kind in row.args:
            if kind not in KINDS:
                raise SpecError(f"syscall {row.name}: unknown kind {kind}")
        if row.how == "convert" and not any(_converts(kind) for kind in row.args):
            raise SpecError(f"syscall {row.name}: nothing to convert")
        if row.how == "pass" and any(_converts(k) and k not in ("open",) for k in row.args):
            raise SpecError(f"syscall {row.name}: passed on with an argument that differs")
        if row.name in PREFIXED and "path" not in row.args:
            raise SpecError(f"syscall {row.name}: looked up below the prefix without a path")
        last = row.number
        names.add(row.name)
    for shown, fields in SHOWN.items():
        _shown_fields(fields, shown)
    none = {row.name for row in SYSCALLS if row.how == "none"}
    for name in sorted(none ^ set(NOT_SERVED)):
        raise SpecError(f"syscall {name}: none and NOT_SERVED go together")
    if unknown := sorted(set(PREFIXED) - names):
        raise SpecError(f"PREFIXED: no syscall is named {unknown[0]}")
    filled = {row.name for row in SYSCALLS if "out" in row.args}
    if unknown := sorted(set(SHORTENED) - filled):
        raise SpecError(f"SHORTENED: no syscall {unknown[0]} fills a buffer")


def _differs(flags: str) -> bool:
    return any(guest != host for _, guest, host in FLAGS[flags])


def _converts(kind: str) -> bool:
    return kind.startswith(("in_", "out_")) or (kind in FLAGS and _differs(kind))


def _is_pointer(kind: str) -> bool:
    return kind in POINTERS or kind.startswith(("in_", "out_", "rd_", "wr_"))


def _flag_functions() -> list[str]:
    lines: list[str] = []
    for name, rows in FLAGS.items():
        if not _differs(name):
            continue
        known = sum(guest for _, guest, _ in rows)
        for way, source, target in (("to_host", 1, 2), ("to_guest", 2, 1)):
            lines += [
                f"/// The {name} flags {way.replace('_', ' the ')}'s values; others are dropped.",
                f"inline uint64_t {name}_flags_{way}(uint64_t flags) {{",
                "    uint64_t result = 0;",
                *(
                    f"    if ((flags & {row[source]:#x}) != 0) result |= {row[target]:#x};"
                    f"  // {row[0]}"
                    for row in rows
                ),
                "    return result;",
                "}",
            ]
        lines.append(f"inline constexpr uint64_t kKnown_{name}_flags = {known:#x};")
    return lines


def _struct(name: str) -> list[str]:
    fields = STRUCTS[name]
    lines = [f"/// AArch64's struct {name}.", f"struct Guest_{name} {{"]
    lines += [f"    {_TYPES[kind]} {field.replace('.', '_')};" for field, kind in fields]
    lines += [
        "};",
        "template <class Host>",
        f"inline void to_guest(const Host& h, Guest_{name}& g) {{",
    ]
    lines.append("    g = {};")
    for field, kind in fields:
        if not field.startswith("pad"):
            lines.append(
                f"    g.{field.replace('.', '_')} = static_cast<{_TYPES[kind]}>(h.{field});"
            )
    lines += [
        "}",
        "template <class Host>",
        f"inline void to_host(const Guest_{name}& g, Host& h) {{",
    ]
    lines.append("    h = {};")
    for field, _ in fields:
        if not field.startswith("pad"):
            lines.append(
                f"    h.{field} = static_cast<decltype(h.{field})>(g.{field.replace('.', '_')});"
            )
    lines.append("}")
    return lines


def _header() -> str:
    check()
    custom = [row for row in SYSCALLS if row.how == "custom"]
    lines = [
        "#pragma once",
        "",
        "#include <cstdint>",
        "#include <span>",
        "",
        '#include "usermode/syscalls/syscall.hpp"',
        "",
        "namespace pydbt::usermode {",
        "",
        "enum class SyscallNumber : uint32_t {",
        *(f"    {row.name}_ = {row.number}," for row in SYSCALLS),
        "};",
        f"inline constexpr uint32_t kSyscallCount = {SYSCALLS[-1].number + 1};",
        "/// By number; name is null where there is no such call.",
        "extern const SyscallInfo kSyscalls[kSyscallCount];",
        "",
        *(f"int64_t sys_{row.name}(GuestThread&, const SyscallArgs&);" for row in custom),
        "",
        *_flag_functions(),
        *(line for name in STRUCTS for line in _struct(name)),
        "",
        "struct FlagName {",
        "    uint64_t value;",
        "    const char* name;",
        "};",
        *(f"extern const FlagName kNames_{name}[{len(rows)}];" for name, rows in FLAGS.items()),
        "/// A structure's field as -strace shows it; a null name: not shown.",
        "struct ShownField {",
        "    const char* name;",
        "    uint16_t offset, bytes;",
        "    char form;  // i: signed, h: hexadecimal, o: octal, t: text",
        "};",
        "/// What is known of a kind: flags, or names by number, or fields.",
        "struct KindText {",
        "    std::span<const FlagName> flags;",
        "    std::span<const char* const> names;",
        "    std::span<const ShownField> fields;",
        "    bool after;  // the kernel writes it",
        "};",
        "const KindText& kind_text(Kind kind);",
        "",
        "}  // namespace pydbt::usermode",
        "",
    ]
    return "\n".join(lines)


def _convert(row: Syscall) -> list[str]:
    """The body of a converted call."""
    lines = [f"int64_t convert_{row.name}(GuestThread& t, const SyscallArgs& a) {{"]
    lines.append("    SyscallArgs host = a;")
    after: list[str] = []
    for n, kind in enumerate(row.args):
        if kind in FLAGS and _differs(kind):
            lines.append(f"    host[{n}] = {kind}_flags_to_host(a[{n}]);")
        elif kind.startswith("out_"):
            name = kind[4:]
            lines += [
                f"    struct {name} h{n};",
                f"    host[{n}] = reinterpret_cast<uint64_t>(&h{n});",
            ]
            after += [
                f"    Guest_{name} g{n};",
                f"    to_guest(h{n}, g{n});",
                f"    if (!copy_to_guest(a[{n}], &g{n}, sizeof g{n})) return -EFAULT;",
            ]
        elif kind.startswith("in_"):
            name = kind[3:]
            lines += [
                f"    Guest_{name} g{n};",
                f"    struct {name} h{n};",
                f"    if (a[{n}] != 0) {{",
                f"        if (!copy_from_guest(&g{n}, a[{n}], sizeof g{n})) return -EFAULT;",
                f"        to_host(g{n}, h{n});",
                f"        host[{n}] = reinterpret_cast<uint64_t>(&h{n});",
                "    }",
            ]
    lines.append(f"    int64_t result = host_syscall(t, {_host_number(row)}, host);")
    if after:
        lines.append("    if (result < 0) return result;")
    lines += [*after, "    return result;", "}", ""]
    return lines


def _host_number(row: Syscall) -> str:
    """The host's number: from 424 on all architectures have the same."""
    return str(row.number) if row.number >= _FIRST_COMMON else f"SYS_{row.name}"


def _entry(row: Syscall) -> str:
    function = {"custom": f"sys_{row.name}", "convert": f"convert_{row.name}"}.get(
        row.how, "nullptr"
    )
    host = _host_number(row) if row.how == "pass" else "-1"
    kinds = ", ".join(f"Kind::{kind}_" for kind in row.args)
    path = row.args.index("path") if row.name in PREFIXED else -1
    shortened = str(row.name in SHORTENED).lower()
    pointers = sum(1 << n for n, kind in enumerate(row.args) if _is_pointer(kind))
    return (
        f'    t[{row.number}] = {{"{row.name}", {function}, {host}, {len(row.args)}, '
        f"Result::{row.result}_, {pointers:#x}, {shortened}, {path}, {{{kinds}}}}};"
    )


def _table() -> str:
    check()
    lines = [
        "#include <fcntl.h>",
        "#include <sys/epoll.h>",
        "#include <sys/stat.h>",
        "#include <sys/syscall.h>",
        "",
        "#include <array>",
        "#include <cerrno>",
        "",
        '#include "usermode/memory/guest_memory.hpp"',
        '#include "usermode/syscalls/table.gen.hpp"',
        "",
        "namespace pydbt::usermode {",
        "namespace {",
        "",
        *(line for row in SYSCALLS if row.how == "convert" for line in _convert(row)),
        "}  // namespace",
        "",
    ]
    entries = {row.number: row for row in SYSCALLS}
    lines.append("const SyscallInfo kSyscalls[kSyscallCount] = {")
    for number in range(SYSCALLS[-1].number + 1):
        found = entries.get(number)
        lines.append(
            "    {}," if found is None else "    " + _entry(found).split(" = ", 1)[1][:-1] + ","
        )
    lines += ["};", ""]
    for name, rows in FLAGS.items():
        body = ", ".join(f'{{{value:#x}, "{flag}"}}' for flag, value, _ in rows)
        lines.append(f"const FlagName kNames_{name}[{len(rows)}] = {{{body}}};")
    lines += _kind_texts()
    lines += ["", "}  // namespace pydbt::usermode", ""]
    return "\n".join(lines)


def _struct_fields(name: str) -> str:
    """Fields of a structure that is converted, as SHOWN has them for others."""
    forms = {"st_mode": "oct", "events": "hex"}
    return " ".join(
        f"{'-' if field.startswith('pad') else field}:{forms.get(field, 'i')}{kind[1:]}"
        for field, kind in STRUCTS[name]
    )


def _shown_fields(text: str, name: str) -> str:
    offset = 0
    parts: list[str] = []
    for word in text.split():
        field, form = word.split(":")
        letters = form.rstrip("0123456789")
        size = int(form[len(letters) :])
        if letters not in _FORMS:
            raise SpecError(f"shown structure {name}: unknown form {form}")
        count = size if letters == "text" else size // 8
        if field != "-":
            parts.append(f"{{\"{field}\", {offset}, {count}, '{letters[0]}'}}")
        offset += count
    return ", ".join(parts)


def _kind_texts() -> list[str]:
    """What -strace knows of kinds."""
    lines = ["namespace {"]
    for name, values in ENUMS.items():
        body = ", ".join(f'"{text}"' for text in values)
        lines.append(f"constexpr const char* kEnum_{name}[] = {{{body}}};")
    shown = SHOWN | {name: _struct_fields(name) for name in STRUCTS}
    lines += [
        f"constexpr ShownField kShown_{name}[] = {{{_shown_fields(text, name)}}};"
        for name, text in shown.items()
    ]
    lines.append("const KindText kKindTexts[] = {")
    for kind in KINDS:
        flags = f"kNames_{kind}" if kind in FLAGS else "{}"
        names = f"kEnum_{kind}" if kind in ENUMS else "{}"
        is_struct = kind.startswith(("rd_", "wr_", "in_", "out_"))
        fields = f"kShown_{kind.split('_', 1)[1]}" if is_struct else "{}"
        after = "true" if kind.startswith(("wr_", "out_")) else "false"
        lines.append(f"    {{{flags}, {names}, {fields}, {after}}},")
    lines += [
        "};",
        "}  // namespace",
        "const KindText& kind_text(Kind kind) { return kKindTexts[static_cast<size_t>(kind)]; }",
    ]
    return lines


def _kinds() -> str:
    return "\n".join(
        [
            "#pragma once",
            "",
            "#include <cstdint>",
            "",
            "namespace pydbt::usermode {",
            "",
            "enum class Kind : uint8_t {",
            *(f"    {name}_,  // {doc}" for name, doc in KINDS.items()),
            "};",
            f"enum class Result : uint8_t {{ {', '.join(f'{name}_' for name in _RESULTS)} }};",
            "",
            "}  // namespace pydbt::usermode",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(
        run(
            "usermode.gen.syscalls",
            {
                "usermode/syscalls/kinds.gen.hpp": _kinds,
                "usermode/syscalls/table.gen.hpp": _header,
                "usermode/syscalls/table.gen.cpp": _table,
            },
        )
    )
