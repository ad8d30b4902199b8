"""Makes a guest program from assembly without a cross compiler: keystone and a minimal ELF file.

Owns that way of assembling. keystone takes less than gas: no .text (it crashes), no C comments, no
difference of labels as an immediate. The file has one segment, readable and executable, that holds
headers and code; the entry is the first instruction.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import keystone
from elftools.elf.constants import P_FLAGS
from elftools.elf.enums import (
    ENUM_E_MACHINE,
    ENUM_E_TYPE,
    ENUM_E_VERSION,
    ENUM_EI_CLASS,
    ENUM_EI_DATA,
    ENUM_P_TYPE_BASE,
)

BASE = 0x400000
HEADER = struct.Struct("<4sBBBBQHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
CODE_AT = HEADER.size + SEGMENT.size
PAGE = 0x1000


class AssemblyError(Exception):
    """What keystone does not take, in one line."""


def assemble(source: str) -> bytes:
    """The bytes of AArch64 assembly that lies behind the headers of `elf_file`."""
    text = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    engine = keystone.Ks(keystone.KS_ARCH_ARM64, keystone.KS_MODE_LITTLE_ENDIAN)
    try:
        code, _ = engine.asm(text, BASE + CODE_AT)
    except keystone.KsError as error:
        raise AssemblyError(f"keystone: {error}") from error
    if not code:  # what it cannot even begin to read is nothing at all to keystone
        raise AssemblyError("keystone: no instruction found")
    return bytes(code)


def elf_file(code: bytes) -> bytes:
    """A static AArch64 executable that starts with `code`."""
    version = ENUM_E_VERSION["EV_CURRENT"]
    header = HEADER.pack(
        *(b"\x7fELF", ENUM_EI_CLASS["ELFCLASS64"], ENUM_EI_DATA["ELFDATA2LSB"], version, 0, 0),
        *(ENUM_E_TYPE["ET_EXEC"], ENUM_E_MACHINE["EM_AARCH64"], version),
        *(BASE + CODE_AT, HEADER.size, 0, 0),  # entry, program headers, no sections, flags
        *(HEADER.size, SEGMENT.size, 1, 0, 0, 0),
    )
    size = CODE_AT + len(code)
    flags = P_FLAGS.PF_R | P_FLAGS.PF_X
    segment = SEGMENT.pack(ENUM_P_TYPE_BASE["PT_LOAD"], flags, 0, BASE, BASE, size, size, PAGE)
    return header + segment + code


def write_program(source: Path, target: Path) -> None:
    """Assembles `source` into the executable `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(elf_file(assemble(source.read_text(encoding="utf-8"))))
    target.chmod(0o755)
