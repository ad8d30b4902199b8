"""Generates linux-vdso.so.1, an AArch64 shared object, from spec/vdso.py.

Owns: assembling, and the object's layout: one segment that the loader copies as it is. Must not
know: what the functions do.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Mapping, Sequence
from functools import cache

from translator.gen.common import SpecError, run
from translator.spec.a64 import load
from translator.spec.a64.core import Pattern
from translator.spec.sysregs import OWN_HINTS

from ..spec.vdso import (
    FUNCTIONS,
    QUESTIONS,
    SIGRETURN,
    SIGRETURN_CODE,
    SONAME,
    VERSION,
    Ask,
    I,
    Row,
)

_NOP = I("HINT")
_PAGE = 4096


# ------------------------------------------------------------------------------------------- code


@cache
def _patterns() -> dict[str, Pattern]:
    return {pattern.name: pattern for pattern in load()}


def encode(row: I, place: int, labels: Mapping[str, int]) -> int:
    """The word of an instruction; places are in words."""
    pattern = _patterns().get(row.pattern)
    if pattern is None:
        raise SpecError(f"vDSO: no pattern {row.pattern}")
    word = pattern.value
    fields = {f.name: f for f in pattern.fields}
    for name, value in row.fields.items():
        if name not in fields:
            raise SpecError(f"vDSO: {row.pattern} has no field {name}")
        if isinstance(value, str):
            if value not in labels:
                raise SpecError(f"vDSO: {row.pattern} names no label: {value}")
            value = labels[value] - place
        field = fields[name]
        bits = value & ((1 << field.width) - 1)
        word |= bits << field.lsb
        if field.of(word) != value:
            raise SpecError(f"vDSO: {row.pattern}: {name}={value} does not fit")
    if not pattern.matches(word):
        raise SpecError(f"vDSO: {row.pattern}: {word:08x} is not one")
    return word


def hint(ask: Ask) -> I:
    """The instruction that asks."""
    if ask.question not in QUESTIONS:
        raise SpecError(f"vDSO: no question {ask.question}")
    number = OWN_HINTS + QUESTIONS.index(ask.question)
    return I("HINT", crm=number >> 3, op2=number & 7)


def assemble(rows: Sequence[Row]) -> bytes:
    """The code of a function."""
    labels: dict[str, int] = {}
    instructions: list[I] = []
    for row in rows:
        if isinstance(row, I):
            instructions.append(row)
        elif isinstance(row, Ask):
            instructions.append(hint(row))
        elif row in labels:
            raise SpecError(f"vDSO: label {row} is there twice")
        else:
            labels[row] = len(instructions)
    words = [encode(row, place, labels) for place, row in enumerate(instructions)]
    return struct.pack(f"<{len(words)}I", *words)


# ------------------------------------------------------------------------------------- the object


def sysv_hash(name: str) -> int:
    """The hash of DT_HASH and of version definitions (System V ABI)."""
    h = 0
    for c in name.encode():
        h = (h << 4) + c
        high = h & 0xF0000000
        h = (h ^ high >> 24) & ~high & 0xFFFFFFFF
    return h


def gnu_hash(name: str) -> int:
    """The hash of DT_GNU_HASH."""
    h = 5381
    for c in name.encode():
        h = (h * 33 + c) & 0xFFFFFFFF
    return h


class _Strings:
    """A string table."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


class _Section:
    def __init__(
        self, name: str, kind: int, align: int, flags: int = 2, entry: int = 0, info: int = 0
    ) -> None:
        self.name, self.kind, self.align, self.flags = name, kind, align, flags
        self.entry, self.info = entry, info
        self.link = ""
        self.data = b""
        self.at = 0


# Constants of the ELF and DWARF specifications.
_EM_AARCH64 = 183
_STT_OBJECT, _STT_FUNC, _STB_GLOBAL, _SHN_ABS = 1, 2, 1 << 4, 0xFFF1
_PT_LOAD, _PT_DYNAMIC, _PT_NOTE, _PT_GNU_EH_FRAME = 1, 2, 4, 0x6474E550
_R, _X, _ALLOC, _EXEC = 4, 1, 2, 4
_EHDR, _PHDR, _SHDR = 64, 56, 64


class Object:
    """The vDSO being laid out: sections in order, each behind the last."""

    def __init__(self) -> None:
        make = _Section
        self.sections = {
            s.name: s
            for s in (
                make(".hash", 5, 8, entry=4),
                make(".gnu.hash", 0x6FFFFFF6, 8),
                make(".dynsym", 11, 8, entry=24, info=1),
                make(".dynstr", 3, 1),
                make(".gnu.version", 0x6FFFFFFF, 2, entry=2),
                make(".gnu.version_d", 0x6FFFFFFD, 8, info=2),
                make(".note.gnu.build-id", 7, 4),
                make(".eh_frame_hdr", 1, 4),
                make(".eh_frame", 1, 8),
                make(".dynamic", 6, 8, entry=16),
                make(".text", 1, 16, flags=_ALLOC | _EXEC),
            )
        }
        for name in (".hash", ".gnu.hash", ".gnu.version"):
            self.sections[name].link = ".dynsym"
        for name in (".dynsym", ".gnu.version_d", ".dynamic"):
            self.sections[name].link = ".dynstr"
        self.segments = (
            (_PT_LOAD, ""),
            (_PT_DYNAMIC, ".dynamic"),
            (_PT_NOTE, ".note.gnu.build-id"),
            (_PT_GNU_EH_FRAME, ".eh_frame_hdr"),
        )
        self.symbols: dict[str, tuple[int, int]] = {}  # offset in .text, size
        self.strings = _Strings()
        self._code()

    def _code(self) -> None:
        text = b""
        for name, rows in FUNCTIONS.items():
            text += bytes(-len(text) % 16)
            code = assemble(rows)
            self.symbols[name] = len(text), len(code)
            text += code
        text += assemble([_NOP] * (-len(text) // 4 % 4 or 4))
        code = assemble(SIGRETURN_CODE)
        self.symbols[SIGRETURN] = len(text), len(code)
        self.sections[".text"].data = text + code

    def build(self) -> bytes:
        """The image; the first pass finds sizes, the second has addresses."""
        for _ in range(2):
            self.strings = _Strings()
            self._symbols()
            self._versions()
            self._frames()
            self._dynamic()
            self.sections[".dynstr"].data = bytes(self.strings.data)
            self.sections[".note.gnu.build-id"].data = self._note(bytes(20))
            self._place()
        digest = hashlib.sha1(self._image(), usedforsecurity=False).digest()
        self.sections[".note.gnu.build-id"].data = self._note(digest)
        image = self._image()
        return image + bytes(-len(image) % _PAGE)

    @staticmethod
    def _note(digest: bytes) -> bytes:
        return struct.pack("<III4s", 4, len(digest), 3, b"GNU") + digest

    def _symbols(self) -> None:
        text = self.sections[".text"].at
        index = 1 + list(self.sections).index(".text")
        names = [VERSION, *self.symbols]
        table = bytes(24)
        for name in names:
            at = self.strings.add(name)
            if name == VERSION:
                row = struct.pack("<IBBHQQ", at, _STB_GLOBAL | _STT_OBJECT, 0, _SHN_ABS, 0, 0)
            else:
                offset, size = self.symbols[name]
                kind = _STB_GLOBAL | _STT_FUNC
                row = struct.pack("<IBBHQQ", at, kind, 0, index, text + offset, size)
            table += row
        self.sections[".dynsym"].data = table
        self.sections[".gnu.version"].data = struct.pack(f"<H{len(names)}H", 0, *[2] * len(names))
        self._hashes(names)

    # Both tables have one bucket: the symbols are few.
    def _hashes(self, names: Sequence[str]) -> None:
        count = len(names) + 1
        chain = [0, *((n + 1) % count for n in range(1, count))]
        self.sections[".hash"].data = struct.pack(f"<{3 + count}I", 1, count, 1, *chain)
        shift, bloom = 6, 0
        hashes = [gnu_hash(name) for name in names]
        for h in hashes:
            bloom |= 1 << h % 64 | 1 << (h >> shift) % 64
        values = [h & ~1 for h in hashes]
        values[-1] |= 1  # the chain's end
        self.sections[".gnu.hash"].data = struct.pack(
            f"<IIIIQI{len(values)}I", 1, 1, 1, shift, bloom, 1, *values
        )

    def _versions(self) -> None:
        data = b""
        for number, (name, flags) in enumerate(((SONAME, 1), (VERSION, 0)), 1):
            following = 28 if number == 1 else 0
            at = self.strings.add(SONAME) if number == 1 else self._version_name()
            data += struct.pack("<HHHHIII", 1, flags, number, 1, sysv_hash(name), 20, following)
            data += struct.pack("<II", at, 0)
        self.sections[".gnu.version_d"].data = data

    def _version_name(self) -> int:
        return self.strings.data.index(b"\0" + VERSION.encode() + b"\0") + 1

    # Leaf functions without a frame: the caller's SP is SP, the caller is where X30 says.
    def _frames(self) -> None:
        frame, header = self.sections[".eh_frame"], self.sections[".eh_frame_hdr"]
        text = self.sections[".text"].at
        pointer, code, data, ra = 0x1B, 4, 0x78, 30  # pcrel sdata4; -8 in LEB128
        cie = struct.pack("<IB3sBBBBB", 0, 1, b"zR", code, data, ra, 1, pointer)
        cie += bytes((0x0C, 31, 0))  # DW_CFA_def_cfa: SP, 0
        cie += bytes(-(4 + len(cie)) % 8)
        out = struct.pack("<I", len(cie)) + cie
        rows = []
        for name in FUNCTIONS:
            offset, size = self.symbols[name]
            at = frame.at + len(out)
            start = text + offset
            rows.append((start - header.at, at - header.at))
            fde = struct.pack("<IiIB", len(out) + 4, start - (at + 8), size, 0)
            fde += bytes(-(4 + len(fde)) % 8)
            out += struct.pack("<I", len(fde)) + fde
        frame.data = out + bytes(4)
        table = b"".join(struct.pack("<ii", *row) for row in sorted(rows))
        # Version 1; the frame's address pcrel sdata4, the count udata4, the table datarel sdata4.
        header.data = struct.pack(
            "<BBBBiI", 1, 0x1B, 0x03, 0x3B, frame.at - (header.at + 4), len(rows)
        )
        header.data += table

    def _dynamic(self) -> None:
        where = {name: section.at for name, section in self.sections.items()}
        soname = self.strings.data.find(b"\0" + SONAME.encode() + b"\0") + 1
        rows = (
            (14, soname),
            (4, where[".hash"]),
            (0x6FFFFEF5, where[".gnu.hash"]),
            (5, where[".dynstr"]),
            (6, where[".dynsym"]),
            (10, len(self.strings.data)),
            (11, 24),
            (0x6FFFFFF0, where[".gnu.version"]),
            (0x6FFFFFFC, where[".gnu.version_d"]),
            (0x6FFFFFFD, 2),
            (0, 0),
        )
        self.sections[".dynamic"].data = b"".join(struct.pack("<QQ", *row) for row in rows)

    def _place(self) -> None:
        at = _EHDR + _PHDR * len(self.segments)
        for section in self.sections.values():
            at += -at % section.align
            section.at = at
            at += len(section.data)

    def _image(self) -> bytes:
        names = _Strings()
        sections = list(self.sections.values())
        end = sections[-1].at + len(sections[-1].data)
        headers = bytes(_SHDR)
        order = [""] + [s.name for s in sections]
        for s in sections:
            link = order.index(s.link) if s.link else 0
            headers += struct.pack(
                "<IIQQQQIIQQ", names.add(s.name), s.kind, s.flags, s.at, s.at, len(s.data),
                link, s.info, s.align, s.entry,
            )  # fmt: skip
        table_name = names.add(".shstrtab")
        headers += struct.pack("<IIQQQQIIQQ", table_name, 3, 0, 0, end, len(names.data), 0, 0, 1, 0)
        table = end + len(names.data)
        table += -table % 8
        image = bytearray(table)
        image[:_EHDR] = struct.pack(
            "<4sBBBBQHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 3, _EM_AARCH64, 1, 0, _EHDR, table,
            0, _EHDR, _PHDR, len(self.segments), _SHDR, len(order) + 1, len(order),
        )  # fmt: skip
        at = _EHDR
        for kind, name in self.segments:
            start, size, flags, align = 0, end, _R | _X, _PAGE
            if name:
                s = self.sections[name]
                start, size, flags, align = s.at, len(s.data), _R, s.align
            image[at : at + _PHDR] = struct.pack(
                "<IIQQQQQQ", kind, flags, start, start, start, size, size, align
            )
            at += _PHDR
        for s in sections:
            image[s.at : s.at + len(s.data)] = s.data
        image[end : end + len(names.data)] = names.data
        return bytes(image) + headers


# --------------------------------------------------------------------------------------------- C++


@cache
def _built() -> tuple[bytes, int]:
    made = Object()
    image = made.build()
    return image, made.sections[".text"].at + made.symbols[SIGRETURN][0]


def _header() -> str:
    image, sigreturn = _built()
    questions = ", ".join(f"{name}_" for name in QUESTIONS)
    return f"""#pragma once

#include <cstdint>

namespace pydbt::usermode {{

/// linux-vdso.so.1, whole pages.
inline constexpr uint64_t kVdsoBytes = {len(image)};
extern const unsigned char kVdso[kVdsoBytes];
inline constexpr uint64_t kVdsoSigreturn = {sigreturn:#x};  // where handlers return to, in it

/// What its code asks, by the question's place behind a64::kOwnAnswers.
enum class VdsoQuestion : uint32_t {{ {questions} }};

}}  // namespace pydbt::usermode
"""


def _source() -> str:
    image, _ = _built()
    used = len(image.rstrip(b"\0"))
    lines = [
        "    " + " ".join(f"{byte:#04x}," for byte in image[at : min(at + 16, used)])
        for at in range(0, used, 16)
    ]
    return "\n".join(
        [
            '#include "usermode/vdso.gen.hpp"',
            "",
            "namespace pydbt::usermode {",
            "",
            "const unsigned char kVdso[kVdsoBytes] = {",
            *lines,
            "};",
            "",
            "}  // namespace pydbt::usermode",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(
        run(
            "usermode.gen.vdso",
            {"usermode/vdso.gen.hpp": _header, "usermode/vdso.gen.cpp": _source},
        )
    )
