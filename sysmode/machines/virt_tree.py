"""The device tree of the `virt` board.

Owns: nodes and properties, QEMU's where the board has the device. Must not know: addresses
(virt.py), how trees are flattened.
"""

from __future__ import annotations

import os

from . import virt
from .tree import EMPTY, Node, cells, flatten, pairs, strings
from .virt import Board, Place

# The bindings' words.
_SPI, _PPI = 0, 1
_EDGE, _LEVEL = 1, 4

_CLOCK, _GIC, _GPIO, _FIRST_CPU = 0x8000, 0x8001, 0x8002, 0x8010
"""Phandles: any numbers do."""

_KEY_POWER = 116


def _reg(*places: Place) -> bytes:
    return pairs(*(number for place in places for number in (place.base, place.size)))


def _irq(place: Place, kind: int = _LEVEL) -> bytes:
    return cells(_SPI, place.irq, kind)


def _ppi(board: Board, intid: int) -> bytes:
    # GICv2 has a mask of CPUs in bits 15 to 8.
    mask = ((1 << board.cpus) - 1) << 8 if board.gic == 2 else 0
    return cells(_PPI, intid - 16, _LEVEL | mask)


def build(board: Board) -> bytes:
    """The tree without what booting adds to /chosen."""
    root = Node("")
    root.set(
        compatible=strings("linux,dummy-virt"),
        model=strings("linux,dummy-virt"),
        n_address_cells=cells(2),
        n_size_cells=cells(2),
        dma_coherent=EMPTY,
        interrupt_parent=cells(_GIC),
    )
    _firmware(root)
    _cpus(root, board)
    _interrupts(root, board)
    _peripherals(root)
    root.add(
        f"memory@{virt.RAM_BASE:x}",
        device_type=strings("memory"),
        reg=pairs(virt.RAM_BASE, board.ram),
    )
    uart = f"/pl011@{virt.UART0.base:x}"
    root.add("aliases", serial0=strings(uart))
    chosen = root.add("chosen", stdout_path=strings(uart))
    chosen.set(rng_seed=os.urandom(32), kaslr_seed=os.urandom(8))
    return flatten(root)


def _firmware(root: Node) -> None:
    psci = root.add("psci", method=strings("hvc"))
    psci.set(compatible=strings("arm,psci-1.0", "arm,psci-0.2", "arm,psci"))
    psci.properties |= {
        "cpu_suspend": cells(0xC400_0001),
        "cpu_off": cells(0x8400_0002),
        "cpu_on": cells(0xC400_0003),
        "migrate": cells(0xC400_0005),
    }


def _compatible(model: str) -> str:
    return "arm,cortex-a57" if model == "max" else f"arm,{model}"  # as QEMU has it


def _cpus(root: Node, board: Board) -> None:
    cpus = root.add("cpus", n_address_cells=cells(1), n_size_cells=cells(0))
    socket = cpus.add("cpu-map").add("socket0")
    for n in range(board.cpus):
        if n % 16 == 0:
            cluster = socket.add(f"cluster{n // 16}")
        cluster.add(f"core{n % 16}", cpu=cells(_FIRST_CPU + n))
        cpu = cpus.add(
            f"cpu@{virt.affinity(n):x}",
            device_type=strings("cpu"),
            compatible=strings(_compatible(board.cpu_model)),
            reg=cells(virt.affinity(n)),
        )
        cpu.phandle = _FIRST_CPU + n
        if board.cpus > 1:
            cpu.set(enable_method=strings("psci"))


def _interrupts(root: Node, board: Board) -> None:
    timers = (
        virt.PPI_SECURE_TIMER,
        virt.PPI_PHYSICAL_TIMER,
        virt.PPI_VIRTUAL_TIMER,
        virt.PPI_EL2_TIMER,
    )
    root.add(
        "timer",
        compatible=strings("arm,armv8-timer", "arm,armv7-timer"),
        interrupts=b"".join(_ppi(board, intid) for intid in timers),
        always_on=EMPTY,
    )
    root.add("pmu", compatible=strings("arm,armv8-pmuv3"), interrupts=_ppi(board, virt.PPI_PMU))
    gic = root.add(
        f"intc@{virt.GIC_DISTRIBUTOR.base:x}",
        n_interrupt_cells=cells(3),
        interrupt_controller=EMPTY,
        n_address_cells=cells(2),
        n_size_cells=cells(2),
        ranges=EMPTY,
    )
    gic.phandle = _GIC
    if board.gic == 2:
        gic.set(compatible=strings("arm,cortex-a15-gic"))
        gic.set(reg=_reg(virt.GIC_DISTRIBUTOR, virt.GIC_CPU))
    else:
        gic.set(compatible=strings("arm,gic-v3"), n_redistributor_regions=cells(1))
        gic.set(reg=_reg(virt.GIC_DISTRIBUTOR, virt.GIC_REDISTRIBUTORS))


def _peripherals(root: Node) -> None:
    clock = root.add(
        "apb-pclk",
        compatible=strings("fixed-clock"),
        n_clock_cells=cells(0),
        clock_frequency=cells(24_000_000),
        clock_output_names=strings("clk24mhz"),
    )
    clock.phandle = _CLOCK
    root.add(
        f"pl011@{virt.UART0.base:x}",
        compatible=strings("arm,pl011", "arm,primecell"),
        reg=_reg(virt.UART0),
        interrupts=_irq(virt.UART0),
        clocks=cells(_CLOCK, _CLOCK),
        clock_names=strings("uartclk", "apb_pclk"),
    )
    root.add(
        f"pl031@{virt.RTC.base:x}",
        compatible=strings("arm,pl031", "arm,primecell"),
        reg=_reg(virt.RTC),
        interrupts=_irq(virt.RTC),
        clocks=cells(_CLOCK),
        clock_names=strings("apb_pclk"),
    )
    gpio = root.add(
        f"pl061@{virt.GPIO.base:x}",
        compatible=strings("arm,pl061", "arm,primecell"),
        reg=_reg(virt.GPIO),
        interrupts=_irq(virt.GPIO),
        clocks=cells(_CLOCK),
        clock_names=strings("apb_pclk"),
        n_gpio_cells=cells(2),
        gpio_controller=EMPTY,
    )
    gpio.phandle = _GPIO
    keys = root.add("gpio-keys", compatible=strings("gpio-keys"))
    key = keys.add("poweroff", label=strings("GPIO Key Poweroff"))
    key.properties["linux,code"] = cells(_KEY_POWER)
    key.set(gpios=cells(_GPIO, virt.POWER_PIN, 0))
    root.add(
        f"fw-cfg@{virt.FW_CFG.base:x}",
        compatible=strings("qemu,fw-cfg-mmio"),
        reg=_reg(virt.FW_CFG),
        dma_coherent=EMPTY,
    )
    for place in virt.VIRTIO_MMIO:
        root.add(
            f"virtio_mmio@{place.base:x}",
            compatible=strings("virtio,mmio"),
            reg=_reg(place),
            interrupts=_irq(place, _EDGE),
            dma_coherent=EMPTY,
        )
