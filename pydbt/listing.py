"""Turns the launcher's `-d out_asm` log into host instructions.

Owns: the log's block form (written by translator/runtime/translate.cpp) and the listing a person
reads. Must not know: how the code was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import capstone

_HEAD = re.compile(
    r"out_asm 0x(?P<guest>[0-9a-f]+) host 0x(?P<host>[0-9a-f]+) bytes (?P<size>\d+)$"
)
_ROW = re.compile(r"  (?P<at>[0-9a-f]{6}): (?P<code>(?:[0-9a-f]{2})+)$")


class LogError(ValueError):
    """A log that does not hold together; the message says where."""


@dataclass(frozen=True, slots=True)
class HostBlock:
    """The host code of one translated block."""

    guest_pc: int
    host_pc: int
    code: bytes


def listing(lines: Iterable[str]) -> Iterator[str]:
    """Yields the log's lines with the hex of every `out_asm` block replaced by instructions.

    Other items (`in_asm`, `ir`, ...) pass unchanged.

    Raises:
        LogError: a block has fewer bytes than its head line says.
    """
    source = iter(lines)
    for line in source:
        head = _HEAD.match(line.rstrip("\n"))
        if head is None:
            yield line.rstrip("\n")
            continue
        block = _read_block(head, source)
        yield f"out_asm 0x{block.guest_pc:016x}  ({len(block.code)} bytes)"
        yield from disassemble(block)


def host_blocks(lines: Iterable[str]) -> Iterator[HostBlock]:
    """Yields the log's `out_asm` blocks.

    Raises:
        LogError: as listing().
    """
    source = iter(lines)
    for line in source:
        head = _HEAD.match(line.rstrip("\n"))
        if head is not None:
            yield _read_block(head, source)


def _read_block(head: re.Match[str], source: Iterator[str]) -> HostBlock:
    size = int(head["size"])
    code = bytearray()
    while len(code) < size:
        row = _ROW.match(next(source, "").rstrip("\n"))
        if row is None or int(row["at"], 16) != len(code):
            raise LogError(f"the block of guest address 0x{head['guest']} is cut short")
        code += bytes.fromhex(row["code"])
    return HostBlock(int(head["guest"], 16), int(head["host"], 16), bytes(code))


def disassemble(block: HostBlock) -> Iterator[str]:
    """Yields one aligned line an instruction (address in the block, bytes, text)."""
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.skipdata = True
    for insn in engine.disasm(block.code, block.host_pc):
        at = insn.address - block.host_pc
        yield f"  {at:06x}: {insn.bytes.hex():<24} {insn.mnemonic:<10} {insn.op_str}".rstrip()
