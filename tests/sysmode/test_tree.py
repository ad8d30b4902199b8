"""The device tree of the `virt` board is a packaged qemu-system-aarch64's, but for what is named.

Trees are compared by libfdt's reading of both: paths, properties, values, with phandles as the
paths that they stand for.
"""

from __future__ import annotations

import itertools
import re
import struct
import subprocess
from pathlib import Path

import pytest

from sysmode.machines import tree, virt, virt_tree
from tools.guest_toolchain import system_qemu

NOT_HERE = {
    "/flash@0": "no flash yet: it holds UEFI",
    "/pcie@10000000": "no PCIe yet",
    "/intc@8000000/v2m@8020000": "message-signalled interrupts are PCIe's",
    "/intc@8000000/its@8080000": "message-signalled interrupts are PCIe's",
    "/platform-bus@c000000": "devices that QEMU adds there do not exist here",
}
"""Nodes that QEMU's tree has and ours has not."""

RANDOM = {("/chosen", "rng-seed"), ("/chosen", "kaslr-seed")}
"""Properties of which only the length can be compared."""

REFERENCES = {"interrupt-parent": 1, "cpu": 1, "gpios": 3, "clocks": 1}
"""Properties that hold phandles, and every how many cells one."""

Tree = dict[str, dict[str, bytes]]


def named(nodes: Tree) -> Tree:
    """The tree with each phandle as the path of its node."""
    paths = {
        properties["phandle"]: path for path, properties in nodes.items() if "phandle" in properties
    }
    result: Tree = {}
    for path, properties in nodes.items():
        result[path] = {}
        for name, value in properties.items():
            if name == "phandle":
                continue
            if step := 4 * REFERENCES.get(name, 0):
                value = b"".join(
                    paths[value[at : at + 4]].encode() + value[at + 4 : at + step]
                    for at in range(0, len(value), step)
                )
            result[path][name] = value
    return result


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize(("cpus", "ram", "model"), [(1, 512, "cortex-a57"), (4, 2048, "max")])
def test_as_qemu(gic: int, cpus: int, ram: int, model: str, tmp_path: Path) -> None:
    """Same nodes and properties with the same values."""
    dumped = tmp_path / "qemu.dtb"
    kernel = tmp_path / "kernel"
    kernel.write_bytes(bytes(4096))
    command = system_qemu(fetch=True)
    machine = f"virt,gic-version={gic},dumpdtb={dumped}"
    words = ("-machine", machine, "-smp", str(cpus), "-m", str(ram), "-cpu", model)
    boot = ("-kernel", str(kernel), "-nographic", "-nic", "none")
    subprocess.run((*command, *words, *boot), check=True, capture_output=True, timeout=60)
    theirs = named(tree.read(dumped.read_bytes()))
    board = virt.Board(cpus=cpus, cpu_model=model, ram=ram * virt.MIB, gic=gic)
    ours = named(tree.read(virt_tree.build(board)))
    for path in NOT_HERE:
        theirs.pop(path, None)
    for path, name in RANDOM:
        theirs[path][name] = bytes(len(theirs[path][name]))
        ours[path][name] = bytes(len(ours[path][name]))
    assert ours == theirs


def test_every_difference_is_there() -> None:
    """What is said to be missing is missing."""
    for gic in (2, 3):
        assert not set(NOT_HERE) & set(tree.read(virt_tree.build(virt.Board(gic=gic))))


def test_interrupts_are_those_of_the_map() -> None:
    """Every place with an interrupt has its node; none of them has two."""
    nodes = tree.read(virt_tree.build(virt.Board()))
    found = {}
    for path, properties in nodes.items():
        if (match := re.search(r"@([0-9a-f]+)$", path)) and "interrupts" in properties:
            kind, number, _ = struct.unpack_from(">III", properties["interrupts"])
            assert kind == 0
            found[int(match[1], 16)] = number
    places = [virt.UART0, virt.RTC, virt.GPIO, *virt.VIRTIO_MMIO]
    assert found == {place.base: place.irq for place in places}
    assert len(set(found.values())) == len(found)


def test_places_do_not_overlap() -> None:
    places = [value for value in vars(virt).values() if isinstance(value, virt.Place)]
    places = sorted([*places, *virt.VIRTIO_MMIO], key=lambda place: place.base)
    for lower, upper in itertools.pairwise(places):
        assert lower.base + lower.size <= upper.base
    assert places[-1].base < virt.RAM_BASE


def test_a_tree_is_changed() -> None:
    blob = virt_tree.build(virt.Board())
    changed = tree.change(blob, "chosen", [("bootargs", tree.strings("quiet"))])
    changed = tree.change(changed, "new", [("x", tree.cells(1, 2))])
    before, after = tree.read(blob), tree.read(changed)
    assert after.pop("/new") == {"x": bytes([0, 0, 0, 1, 0, 0, 0, 2])}
    assert after["/chosen"].pop("bootargs") == b"quiet\0"
    assert after == before


@pytest.mark.parametrize("damage", [b"", b"\xd0\x0d\xfe\xed", bytes(100), b"no tree" * 20])
def test_no_tree(damage: bytes) -> None:
    with pytest.raises(tree.TreeError, match=r"^file: not a device tree"):
        tree.check(damage, "file")


def test_a_short_tree() -> None:
    blob = virt_tree.build(virt.Board())
    tree.check(blob, "file")
    with pytest.raises(tree.TreeError):
        tree.check(blob[:-100], "file")
