"""The ELF file that is made without a cross compiler is what loaders take."""

from __future__ import annotations

import io

import pytest
from elftools.elf.elffile import ELFFile

from testbins.programs import FOLDER, program_named
from tools.tiny_elf import AssemblyError, assemble, elf_file


def test_file_holds_code_at_its_entry() -> None:
    code = assemble("nop\nsvc #0")
    assert code == bytes.fromhex("1f2003d5 010000d4")
    file = ELFFile(io.BytesIO(elf_file(code)))
    assert (file["e_machine"], file["e_type"]) == ("EM_AARCH64", "ET_EXEC")
    (segment,) = file.iter_segments()
    assert segment["p_type"] == "PT_LOAD"
    assert segment["p_vaddr"] % segment["p_align"] == segment["p_offset"] % segment["p_align"]
    at = file["e_entry"] - segment["p_vaddr"]
    assert segment.data()[at:] == code


def test_greeting_assembles() -> None:
    source = (FOLDER / "asm" / "hello.S").read_text(encoding="utf-8")
    assert program_named("hello-asm").expected.read_bytes() in assemble(source)


def test_refusal_is_one_line() -> None:
    with pytest.raises(AssemblyError, match=r"^keystone: .+$"):
        assemble("no such instruction")
