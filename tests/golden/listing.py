"""What a golden file says: the steps of a translation as text that is the same on every machine.

Owns: the file's form, the disassembly of host code with names for the guest's state, labels for
addresses, the count of instructions. Must not know: snippets, where files are.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import capstone
from capstone import x86

from translator.gen.state import count_of, layout
from translator.spec.helpers import HELPERS
from translator.spec.ir import OPS
from translator.spec.state import BIAS, FIELDS, WIDTHS

_OP_BITS = 10  # of a packed op (translator/ir/float_op.hpp) that say which op
_STATE = re.compile(r"\[rbp(?: ([+-]) (0x[0-9a-f]+|\d+))?\]")


@dataclass(frozen=True, slots=True)
class Listing:
    """The text of a golden file, without its title, and the counts in it."""

    text: str
    guest: int
    main: int
    cold: int


@dataclass(frozen=True, slots=True)
class _Exit:
    kind: str
    rel32: int
    stub: int
    cache: int
    target: int


def translate(tool: Path, words: list[int], pc: int, key: int) -> Listing:
    """Runs tests/tools/translate and puts its output into a golden file's form."""
    done = subprocess.run(
        [tool, f"--pc={pc:#x}", f"--key={key}"],
        input=" ".join(f"{word:08x}" for word in words),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    head, _, host = done.stdout.partition("\nhost ")
    guest = head.split("\nir\n")[0].count("\n")
    assert guest == len(words), f"the block ended after {guest} of {len(words)} instructions"
    lines, main, cold = _host(host)
    title = f"host: {main} instructions for {guest}, {cold} out of line"
    return Listing("\n".join([head, title, *lines]) + "\n", guest, main, cold)


def _state_name(displacement: int) -> str:
    """`[v3+8]` of a displacement from rbp."""
    offset = displacement + BIAS
    for f in FIELDS:
        at = offset - layout()[f.name]
        width, count = WIDTHS[f.type], count_of(f)
        if not 0 <= at < width * count:
            continue
        if f.name == "helpers":
            return f"[helpers.{HELPERS[at // width].name}]"
        index = str(at // width) if count > 1 else ""
        inside = f"+{at % width}" if at % width else ""
        return f"[{f.name}{index}{inside}]"
    raise AssertionError(f"rbp + {displacement} is no field")


def _memory_of_state(match: re.Match[str]) -> str:
    sign, number = match.groups("")
    return _state_name(int((sign or "+") + (number or "0"), 0))


def _host(text: str) -> tuple[list[str], int, int]:
    head, code_text, *notes = text.splitlines()
    cold_at, constants_at = (int(part.partition("=")[2]) for part in head.split())
    code = bytes.fromhex(code_text)
    exits: list[_Exit] = []
    relocated: dict[int, str] = {}
    for note in notes:
        what, *rest = note.split()
        if what == "exit":
            kind, rel32, stub, cache, target = rest
            exits.append(_Exit(kind, int(rel32), int(stub), int(cache), int(target, 16)))
        else:
            relocated[int(rest[0])] = rest[1]
    return _lines(code, cold_at, constants_at, exits, relocated)


def _targets(insns: list[capstone.CsInsn]) -> set[int]:
    found: set[int] = set()
    for i in insns:
        for op in i.operands:
            branch = i.group(capstone.CS_GRP_JUMP) or i.group(capstone.CS_GRP_CALL)
            if op.type == x86.X86_OP_IMM and branch:
                found.add(op.imm)
            if op.type == x86.X86_OP_MEM and op.mem.base == x86.X86_REG_RIP:
                found.add(i.address + i.size + op.mem.disp)
    return found


def _lines(
    code: bytes, cold_at: int, constants_at: int, exits: list[_Exit], relocated: dict[int, str]
) -> tuple[list[str], int, int]:
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.detail = True
    insns = list(engine.disasm(code[:constants_at], 0))
    assert sum(i.size for i in insns) == constants_at
    names = {at: f"L{n}" for n, at in enumerate(sorted(_targets(insns)), 1)}
    lines: list[str] = []
    counts = [0, 0]
    for n, i in enumerate(insns):
        if i.address == cold_at and i.address != 0:
            lines.append("  out of line")
        if i.address in names:
            lines.append(f" {names[i.address]}:")
        if i.mnemonic == "nop":
            continue
        counts[i.address >= cold_at] += 1
        note = "".join(_notes(i, exits, relocated))
        lines.append(f"    {_text(insns, n, names)}{note}")
    lines += _constants(code, constants_at, names)
    return lines, counts[0], counts[1]


def _text(insns: list[capstone.CsInsn], n: int, names: dict[int, str]) -> str:
    i = insns[n]
    operands = _STATE.sub(_memory_of_state, i.op_str)
    for op in i.operands:
        branch = i.group(capstone.CS_GRP_JUMP) or i.group(capstone.CS_GRP_CALL)
        if op.type == x86.X86_OP_IMM and branch:
            operands = names[op.imm]
        if op.type == x86.X86_OP_MEM and op.mem.base == x86.X86_REG_RIP:
            target = names[i.address + i.size + op.mem.disp]
            operands = re.sub(r"\[rip[^]]*\]", f"[{target}]", operands)
    return f"{i.mnemonic} {_named(insns, n, operands)}".strip()


def _named(insns: list[capstone.CsInsn], n: int, operands: str) -> str:
    """Numbers of helpers and packed ops before a helper's call, by name."""
    near = insns[n + 1 : n + 4]
    call = f"[rbp + {layout()['stub_helper'] - BIAS:#x}]"
    if not any(i.mnemonic == "call" and call in i.op_str for i in near):
        return operands
    match = re.fullmatch(r"(eax|esi|rsi), (0x[0-9a-f]+|\d+)", operands)
    if match is None:
        return operands
    number = int(match[2], 0)
    if match[1] == "eax":
        return f"eax, helper {HELPERS[number].name}"
    calls_op = any(
        i.mnemonic == "mov" and i.op_str == f"eax, {_number(_helper('op'))}" for i in near
    )
    if not calls_op:
        return operands
    return f"{match[1]}, op {OPS[number & (1 << _OP_BITS) - 1].name}"


def _helper(name: str) -> int:
    return next(n for n, h in enumerate(HELPERS) if h.name == name)


def _number(value: int) -> str:
    """As capstone writes an immediate."""
    return f"{value:#x}" if value > 9 else str(value)


def _notes(i: capstone.CsInsn, exits: list[_Exit], relocated: dict[int, str]) -> list[str]:
    inside = range(i.address, i.address + i.size)
    notes = [f"  ; {e.kind} {e.target:#x}" for e in exits if e.target and e.rel32 in inside]
    notes += [f"  ; {e.kind}" for e in exits if not e.target and e.rel32 in inside]
    notes += [f"  ; key of {e.kind}" for e in exits if e.cache and e.cache in inside]
    notes += [f"  ; relocated {pc}" for at, pc in relocated.items() if at in inside]
    return notes


def _constants(code: bytes, constants_at: int, names: dict[int, str]) -> list[str]:
    lines: list[str] = []
    for at in range(constants_at, len(code)):
        if at in names:
            value = int.from_bytes(code[at : at + 16], "little")
            lines.append(f" {names[at]}: {value:#034x}")
    return lines
