"""`pydbt explain`: an instruction or a piece of code on its way to the host.

Owns: what a user may name (a word, assembly text, a file's symbol) and how the steps are shown.
Must not know: how any step works.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keystone
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Symbol, SymbolTableSection

from . import block_length, disassemble, feature, lift, lift_optimized, translate
from .listing import HostBlock
from .listing import disassemble as disassemble_host

DEFAULT_PC = 0x1000
_EM_AARCH64 = "EM_AARCH64"


class ExplainError(ValueError):
    """What was asked for does not name code; the message says why."""


@dataclass(frozen=True, slots=True)
class Code:
    """Guest code and the address of its first byte."""

    pc: int
    code: bytes


def find_code(text: str, pc: int | None = None) -> Code:
    """The code that `text` names: an instruction word in hexadecimal, FILE:SYMBOL, or assembly.

    `pc` is where a word or assembly is taken to be (0x1000 when None); a symbol has its address.

    Raises:
        ExplainError: there is no such code.
    """
    if re.fullmatch(r"(0[xX])?[0-9a-fA-F]{8}", text):
        return Code(DEFAULT_PC if pc is None else pc, int(text, 16).to_bytes(4, "little"))
    file, colon, symbol = text.rpartition(":")
    if colon and Path(file).is_file():
        if pc is not None:
            raise ExplainError(f"{text}: a symbol has an address; --pc is for words and assembly")
        return _find_symbol(Path(file), symbol)
    return _assemble(text, DEFAULT_PC if pc is None else pc)


_NO_NAME = "no instruction word, no FILE:SYMBOL, and as assembly: "


def _check_statements(text: str) -> None:
    """Refuses what keystone would never come back from: a statement that starts with no word."""
    if not text.isascii():
        raise ExplainError(f"{text}: {_NO_NAME}it is not ASCII")
    for statement in re.split(r"[;\n]", text):
        rest = re.sub(r"^(\s*[\w.$]+:)*\s*", "", statement)
        if rest and not re.match(r"[A-Za-z_.]", rest):
            raise ExplainError(f"{text}: {_NO_NAME}a statement starts with {rest[0]!r}")


def _assemble(text: str, pc: int) -> Code:
    _check_statements(text)
    engine = keystone.Ks(keystone.KS_ARCH_ARM64, keystone.KS_MODE_LITTLE_ENDIAN)
    try:
        code, _ = engine.asm(text, pc, as_bytes=True)
    except keystone.KsError as error:
        raise ExplainError(f"{text}: {_NO_NAME}{error.message}") from error
    if not code:
        raise ExplainError(f"{text!r}: no instructions")
    return Code(pc, bytes(code))


def _find_symbol(path: Path, name: str) -> Code:
    try:
        with path.open("rb") as file:
            return _read_symbol(path, ELFFile(file), name)
    except OSError as error:
        raise ExplainError(f"{path}: {error.strerror}") from error
    except ELFError as error:
        raise ExplainError(f"{path}: {error}") from error


def _read_symbol(path: Path, elf: ELFFile, name: str) -> Code:
    if elf["e_machine"] != _EM_AARCH64:
        raise ExplainError(f"{path}: not an ELF file for AArch64")
    for section in elf.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        for symbol in section.get_symbol_by_name(name) or ():
            if isinstance(symbol["st_shndx"], int):
                code = _symbol_code(elf, section, symbol)
                if code.code:
                    return code
    raise ExplainError(f"{path}: no code is named {name}")


def _symbol_code(elf: ELFFile, table: SymbolTableSection, symbol: Symbol) -> Code:
    """A symbol of no size, as assembly has them, reaches to the next one of its section."""
    home = elf.get_section(symbol["st_shndx"])
    begin, last = symbol["st_value"], home["sh_addr"] + home["sh_size"]
    later = [
        other["st_value"]
        for other in table.iter_symbols()
        if other["st_shndx"] == symbol["st_shndx"] and begin < other["st_value"] < last
    ]
    end = begin + symbol["st_size"] if symbol["st_size"] else min(later, default=last)
    offset = begin - home["sh_addr"]
    return Code(begin, home.data()[offset : offset + ((end - begin) & ~3)])


def explain(source: Code, host_features: str = "native") -> Iterator[str]:
    """Yields the lines that show each block of the code: guest, IR, optimized IR, host.

    Raises:
        ValueError: an unknown host feature.
    """
    pc, code = source.pc, source.code
    while code:
        size = block_length(code, pc)
        yield from _explain_block(Code(pc, code[:size]), host_features)
        pc, code = pc + size, code[size:]


def _explain_block(block: Code, host_features: str) -> Iterator[str]:
    yield "guest"
    for at in range(0, len(block.code), 4):
        word = int.from_bytes(block.code[at : at + 4], "little")
        text, needs = disassemble(word, block.pc + at), feature(word)
        yield f"  0x{block.pc + at:x}: {word:08x}  {text}{f'  // FEAT_{needs}' if needs else ''}"
    yield "ir"
    yield from _indented(lift(block.code, block.pc))
    yield "ir_opt"
    yield from _indented(lift_optimized(block.code, block.pc))
    code = translate(block.code, block.pc, host_features)
    yield f"host ({len(code)} bytes)"
    yield from disassemble_host(HostBlock(block.pc, 0, code))
    yield ""


def _indented(text: str) -> Iterator[str]:
    return (f"  {line}" for line in text.splitlines())
