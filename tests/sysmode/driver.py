"""A driver of one virtio-mmio device, from outside of the machine: rings in RAM, registers.

Owns: one queue's chains at a time. Must not know: any kind of device.
"""

from __future__ import annotations

import struct
import time
from typing import Any

from sysmode.machines import virt

SIZE = 8
LIMIT = 60.0


class Driver:
    """Of the device in a place; `queues` of them are made."""

    def __init__(self, machine: Any, place: int, queues: int, features: int = 0) -> None:
        self.machine = machine
        self.base = virt.VIRTIO_MMIO[place].base
        self.top = virt.RAM_BASE + 0x10_0000
        self.next = [0] * queues
        self.seen = [0] * queues
        self.put(0x70, 0)
        self.put(0x70, 3)
        for half, bits in enumerate((features & 0xFFFF_FFFF, features >> 32 | 1)):
            self.put(0x24, half)
            self.put(0x20, bits)
        self.put(0x70, 11)
        assert self.get(0x70) == 11
        for n in range(queues):
            self.put(0x30, n)
            self.put(0x38, SIZE)
            for at, part in ((0x80, 0), (0x90, 0x400), (0xA0, 0x800)):
                self.put(at, self.ring(n) + part)
                self.put(at + 4, 0)
            self.put(0x44, 1)
        self.put(0x70, 15)

    def ring(self, queue: int) -> int:
        return virt.RAM_BASE + 0x1000 * (queue + 1)

    def put(self, offset: int, value: int) -> None:
        self.machine.write_device(self.base + offset, 4, value)

    def get(self, offset: int) -> int:
        return int(self.machine.read_device(self.base + offset, 4))

    def buffer(self, data: bytes) -> int:
        at = self.top
        self.machine.write(at, data)
        self.top += (len(data) + 15) // 16 * 16
        return at

    def add(self, queue: int, *pieces: tuple[int, int, bool]) -> None:
        """A chain of (address, size, device writes), one at a time: its head is descriptor 0."""
        for n, (address, size, writes) in enumerate(pieces):
            last = n + 1 == len(pieces)
            flags = (2 if writes else 0) | (0 if last else 1)
            row = struct.pack("<QIHH", address, size, flags, n + 1)
            self.machine.write(self.ring(queue) + 16 * n, row)
        available = self.ring(queue) + 0x400
        head = struct.pack("<H", 0)
        self.machine.write(available + 4 + 2 * (self.next[queue] % SIZE), head)
        self.next[queue] += 1
        self.machine.write(available + 2, struct.pack("<H", self.next[queue]))
        self.put(0x50, queue)

    def wait(self, queue: int) -> int:
        """How many bytes the device wrote."""
        used = self.ring(queue) + 0x800
        end = time.monotonic() + LIMIT
        while struct.unpack("<H", self.machine.read(used + 2, 2))[0] == self.seen[queue]:
            assert time.monotonic() < end, "the device does not answer"
            time.sleep(0.001)
        row = self.machine.read(used + 4 + 8 * (self.seen[queue] % SIZE), 8)
        self.seen[queue] += 1
        return int(struct.unpack("<II", row)[1])
