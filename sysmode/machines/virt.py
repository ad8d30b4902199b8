"""The `virt` board: where everything is, and which interrupt it has.

Owns: the memory map and the numbers of interrupts, from which the machine is built and its device
tree written. Must not know: how devices work, command lines.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Place:
    """A range of physical addresses; `irq` is a shared peripheral interrupt, counted from 0."""

    base: int
    size: int
    irq: int = -1


GIC_DISTRIBUTOR = Place(0x0800_0000, 0x1_0000)
GIC_CPU = Place(0x0801_0000, 0x1_0000)
GIC_REDISTRIBUTORS = Place(0x080A_0000, 0xF6_0000)
UART0 = Place(0x0900_0000, 0x1000, 1)
RTC = Place(0x0901_0000, 0x1000, 2)
FW_CFG = Place(0x0902_0000, 0x18)
GPIO = Place(0x0903_0000, 0x1000, 7)
VIRTIO_MMIO = tuple(Place(0x0A00_0000 + n * 0x200, 0x200, 16 + n) for n in range(32))
PLATFORM_BUS = Place(0x0C00_0000, 32 * MIB)
RAM_BASE = 0x4000_0000
MOST_RAM = 255 * GIB
"""RAM ends below the places that are kept for PCIe behind it."""

POWER_PIN = 3

# INTIDs of private peripherals.
PPI_PMU = 23
PPI_EL2_TIMER = 26
PPI_VIRTUAL_TIMER = 27
PPI_SECURE_TIMER = 29
PPI_PHYSICAL_TIMER = 30

CPUS_V2 = 8
CPUS_V3 = GIC_REDISTRIBUTORS.size // 0x2_0000
"""Most CPUs with GICv2, with GICv3."""


@dataclass(frozen=True)
class Board:
    """What a `virt` machine is made of, as far as its tree and its guest see it."""

    cpus: int = 1
    cpu_model: str = "cortex-a57"
    ram: int = 128 * MIB
    gic: int = 2


def affinity(cpu: int) -> int:
    """MPIDR_EL1's affinity fields (`affinity_of` in sysmode/machines/power.hpp)."""
    return cpu & 15 | cpu >> 4 << 8
