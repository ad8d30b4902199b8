"""Device trees: a tree of Python objects, its flattened form by libfdt, and changes to a given one.

Owns: nodes, cells, phandles. Must not know: any board.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import libfdt

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = bytes


class TreeError(Exception):
    """Why a device tree cannot be used, in one line."""


def cells(*values: int) -> Value:
    return b"".join(struct.pack(">I", value) for value in values)


def pairs(*values: int) -> Value:
    """64-bit numbers, as addresses and sizes of two cells."""
    return b"".join(struct.pack(">Q", value) for value in values)


def strings(*values: str) -> Value:
    return b"".join(value.encode() + b"\0" for value in values)


EMPTY: Value = b""


@dataclass
class Node:
    """A node; `phandle` is given when another node refers to it."""

    name: str
    properties: dict[str, Value] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    phandle: int = 0

    def add(self, name: str, **properties: Value) -> Node:
        """A new child, with properties as set() takes them."""
        child = Node(name)
        child.set(**properties)
        self.children.append(child)
        return child

    def set(self, **properties: Value) -> None:
        """In names `_` stands for `-` (but in device_type) and a leading `n_` for `#`."""
        for name, value in properties.items():
            text = name.removeprefix("n_").replace("_", "-").replace("device-type", "device_type")
            self.properties[f"#{text}" if name.startswith("n_") else text] = value


def flatten(root: Node) -> bytes:
    """The tree as a kernel reads it."""
    writer: Any = libfdt.FdtSw()
    writer.finish_reservemap()

    def write(node: Node) -> None:
        with writer.add_node(node.name):
            if node.phandle:
                writer.property("phandle", cells(node.phandle))
            for name, value in node.properties.items():
                writer.property(name, value)
            for child in node.children:
                write(child)

    write(root)
    result: Any = writer.as_fdt()
    result.pack()
    return bytes(result.as_bytearray())


def check(blob: bytes, name: str) -> None:
    """TreeError unless the bytes are a device tree."""
    try:
        tree: Any = libfdt.Fdt(blob)
        whole = tree.totalsize() <= len(blob)
    except libfdt.FdtException as error:
        raise TreeError(f"{name}: not a device tree ({error})") from error
    if not whole:
        raise TreeError(f"{name}: the device tree ends too early")


def change(blob: bytes, node: str, properties: Iterable[tuple[str, Value]]) -> bytes:
    """The tree with properties of a node (a child of the root, made if need be) set anew."""
    wanted = list(properties)
    tree: Any = libfdt.Fdt(blob)
    room = 4096 + sum(len(name) + len(value) for name, value in wanted)
    tree.resize(tree.totalsize() + room)
    quiet = [libfdt.NOTFOUND]
    offset = tree.path_offset(f"/{node}", quiet)
    if offset < 0:
        offset = tree.add_subnode(0, node)
    for name, value in wanted:
        tree.setprop(tree.path_offset(f"/{node}"), name, value)
    tree.pack()
    return bytes(tree.as_bytearray())


def read(blob: bytes) -> dict[str, dict[str, Value]]:
    """All nodes by their paths, with their properties."""
    tree: Any = libfdt.Fdt(blob)
    quiet = [libfdt.NOTFOUND]
    result: dict[str, dict[str, Value]] = {}

    def visit(offset: int, path: str) -> None:
        found = result.setdefault(path or "/", {})
        at = tree.first_property_offset(offset, quiet)
        while at >= 0:
            prop = tree.get_property_by_offset(at)
            found[prop.name] = bytes(prop)
            at = tree.next_property_offset(at, quiet)
        child = tree.first_subnode(offset, quiet)
        while child >= 0:
            visit(child, f"{path}/{tree.get_name(child)}")
            child = tree.next_subnode(child, quiet)

    visit(0, "")
    return result
