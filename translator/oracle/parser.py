"""Reads the IR's text form, as the printer writes it.

Owns: functions as Python data. Must not know: what ops mean, how text is checked elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..spec.ir import OPS, TYPES, Op

# fmt: off
CONDITIONS = (
    "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv",
)
# fmt: on
"""Condition codes by their number (Arm ARM C1.2.4)."""
BY_NAME = {op.name: op for op in OPS}


class TextError(ValueError):
    """Text that is no IR; the message names the line."""


@dataclass(slots=True)
class Edge:
    """A way to a block, with the values of its parameters."""

    block: int
    args: list[int]


@dataclass(slots=True)
class Inst:
    """One instruction; `pc` is the guest instruction's it belongs to."""

    op: Op
    value: int | None
    type: str
    args: list[int | None]
    attributes: dict[str, int]
    edges: list[Edge]
    pc: int


@dataclass(slots=True)
class Block:
    """Parameters (number, type) and instructions."""

    params: list[tuple[int, str]]
    insts: list[Inst] = field(default_factory=list)


@dataclass(slots=True)
class Function:
    """A function; block 0 is the entry."""

    pc: int
    key: int
    blocks: list[Block] = field(default_factory=list)


_HEADER = re.compile(r"function (0x[0-9a-f]+) key=(\d+) \{")
_BLOCK = re.compile(r"bb(\d+)\((.*)\):")
_INSN = re.compile(r"@(0x[0-9a-f]+):")
_INST = re.compile(r"(?:v(\d+) = )?(\w+)(?:\.(\w+))?(?: (.*))?")
_EDGE = re.compile(r"bb(\d+)\(([^)]*)\)")
_PARAM = re.compile(r"v(\d+): (\w+)")


def _number(text: str) -> int:
    return int(text, 0)


def _value(text: str) -> int | None:
    return None if text == "_" else int(text.removeprefix("v"))


def _values(text: str) -> list[int]:
    return [int(v.removeprefix("v")) for v in text.split(", ")] if text else []


def _instruction(line: str, pc: int) -> Inst:
    match = _INST.fullmatch(line)
    op = BY_NAME.get(match[2]) if match else None
    if match is None or op is None:
        raise TextError(f"no instruction: {line}")
    if (op.result == "none") != (match[1] is None):
        raise TextError(f"result does not fit: {line}")
    kind = op.result.strip("[]")
    rest = match[4] or ""
    edges = [Edge(int(b), _values(args)) for b, args in _EDGE.findall(rest)]
    parts = [p for p in _EDGE.sub("", rest).split(", ") if p.strip()]
    args, attributes = parts[: len(op.args)], parts[len(op.args) :]
    if len(args) != len(op.args):
        raise TextError(f"too few arguments: {line}")
    values = {name: 0 for name, _ in op.attrs}
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if name not in values:
            raise TextError(f"unknown attribute {name}: {line}")
        values[name] = CONDITIONS.index(value) if name == "cc" else _number(value)
    return Inst(
        op=op,
        value=int(match[1]) if match[1] else None,
        type=kind if kind in TYPES else match[3],
        args=[_value(a) for a in args],
        attributes=values,
        edges=edges,
        pc=pc,
    )


def parse(text: str) -> Function:
    """One function.

    Raises:
        TextError: the text is not a function as printed.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    header = _HEADER.fullmatch(lines[0]) if lines else None
    if header is None or lines[-1] != "}":
        raise TextError("no function")
    function = Function(_number(header[1]), int(header[2]))
    pc = 0
    for line in lines[1:-1]:
        if block := _BLOCK.fullmatch(line):
            params = [(int(v), kind) for v, kind in _PARAM.findall(block[2])]
            function.blocks.append(Block(params))
        elif insn := _INSN.fullmatch(line):
            pc = _number(insn[1])
        elif not function.blocks:
            raise TextError(f"outside a block: {line}")
        else:
            function.blocks[-1].insts.append(_instruction(line, pc))
    return function
