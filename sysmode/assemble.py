"""Makes the machine that a Config describes, out of the extension's parts.

Owns: the board's assembly, loading of kernel, disk and tree, which device sits where. Must not
know: the command line's syntax, how a machine is kept running.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .boot import kernel as kernels
from .boot.layout import Layout, place
from .config import Chardev, Config, Device
from .keyvals import UsageError
from .machines import tree, virt, virt_tree

if TYPE_CHECKING:
    from . import _system

_FW_CFG_CPUS, _FW_CFG_MOST_CPUS = 0x05, 0x0F
_MAC = bytes.fromhex("525400123456")
"""Of the first network card; the last byte counts on."""


class MachineError(Exception):
    """Why the machine cannot be made, in one line."""


def read_file(path: str, option: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MachineError(f"{option} {path}: {error.strerror}") from error


@dataclass
class Images:
    """What RAM holds when the machine starts."""

    layout: Layout
    parts: list[tuple[int, bytes, int]]
    """Address, contents, size with the zeroes behind them."""

    def load(self, machine: _system.Machine) -> None:
        """At the start, and again at each reset."""
        for at, data, size in self.parts:
            machine.write(at, data)
            for behind in range(len(data), size, virt.MIB):
                machine.write(at + behind, bytes(min(virt.MIB, size - behind)))


def device_tree(config: Config) -> bytes:
    """The board's tree or the given one, with the kernel's command line."""
    if config.tree:
        blob = read_file(config.tree, "-dtb")
        try:
            tree.check(blob, config.tree)
        except tree.TreeError as error:
            raise MachineError(f"-dtb {error}") from error
    else:
        blob = virt_tree.build(config.board)
    if config.append:
        blob = tree.change(blob, "chosen", [("bootargs", tree.strings(config.append))])
    return blob


def images(config: Config) -> Images | None:
    """None without -kernel."""
    if not config.kernel:
        return None
    initrd = read_file(config.initrd, "-initrd") if config.initrd else b""
    blob = device_tree(config)
    room = len(blob) + 4096
    try:
        kernel = kernels.read_kernel(read_file(config.kernel, "-kernel"), config.kernel)
        layout = place(kernel, virt.RAM_BASE, config.board.ram, len(initrd), room)
    except kernels.BootError as error:
        raise MachineError(f"-kernel {error}") from error
    parts = [(layout.kernel + s.at, s.data, s.size) for s in kernel.segments]
    if layout.initrd is not None:
        parts.append((layout.initrd, initrd, len(initrd)))
        ends = [
            ("linux,initrd-start", tree.pairs(layout.initrd)),
            ("linux,initrd-end", tree.pairs(layout.initrd + len(initrd))),
        ]
        blob = tree.change(blob, "chosen", ends)
    parts.append((layout.tree, blob, len(blob)))
    return Images(layout, parts)


class Assembly:
    """A machine in the making; `machine` when it is made."""

    def __init__(self, config: Config, system: Any) -> None:
        self.config = config
        self.notes: list[str] = []
        self._chardevs: dict[str, _system.Chardev] = {}
        self._muxes: dict[str, _system.Mux] = {}
        self._cards = 0
        try:
            _, self.frequency = system.cpu_model(config.cpu)
        except ValueError as error:
            raise UsageError(f"-cpu {config.cpu}: {error}") from error
        self.machine: _system.Machine = system.Machine(config.board.cpus)
        try:
            self._board()
            self._devices()
        except RuntimeError as error:
            self.machine.close()
            raise MachineError(str(error)) from error
        except BaseException:
            self.machine.close()
            raise

    def _board(self) -> None:
        m, board = self.machine, self.config.board
        m.add_ram("ram", virt.RAM_BASE, board.ram)
        if board.gic == 2:
            m.add_gicv2(virt.GIC_DISTRIBUTOR.base, virt.GIC_CPU.base)
        else:
            m.add_gicv3(virt.GIC_DISTRIBUTOR.base, virt.GIC_REDISTRIBUTORS.base)
        m.add_timers(self.frequency, virt.PPI_PHYSICAL_TIMER, virt.PPI_VIRTUAL_TIMER)
        m.add_uart("uart0", virt.UART0.base, virt.UART0.irq, self._chardev(self.config.serial))
        rtc = self.config.rtc
        m.add_rtc(virt.RTC.base, virt.RTC.irq, rtc.offset_ns, rtc.with_machine)
        m.add_gpio(virt.GPIO.base, virt.GPIO.irq, virt.POWER_PIN)
        m.add_fw_cfg(virt.FW_CFG.base)
        for key in (_FW_CFG_CPUS, _FW_CFG_MOST_CPUS):
            m.add_fw_cfg_item(key, board.cpus.to_bytes(2, "little"))
        for name, content in self.config.fw_cfg:
            data = read_file(content, "-fw_cfg") if isinstance(content, str) else content
            m.add_fw_cfg_file(name, data)
        for where in virt.VIRTIO_MMIO:
            m.add_virtio_mmio(where.base, where.irq)

    # ---- chardevs

    def _chardev(self, name: str) -> _system.Chardev:
        """An end of the chardev for one more device; of none for ""."""
        if not name:
            return self.machine.null_chardev()
        chardev = self.config.chardevs[name]
        if not chardev.mux:
            return self._open(chardev)
        if name not in self._muxes:
            self._muxes[name] = self.machine.mux(self._open(chardev))
        return self._muxes[name].add()

    def _open(self, chardev: Chardev) -> _system.Chardev:
        m = self.machine
        if chardev.backend == "stdio":
            return m.stdio(chardev.signals)
        if chardev.backend == "file":
            return m.file(chardev.path, chardev.append)
        if chardev.backend == "socket":
            if chardev.server and chardev.wait:
                where = chardev.path or f"{chardev.host}:{chardev.port}"
                self.notes.append(f"waiting for a connection to {where}")
            return m.socket(chardev.path, chardev.host, chardev.port, chardev.server, chardev.wait)
        if chardev.backend == "pty":
            opened, path = m.pty()
            self.notes.append(f"char device redirected to {path} (label {chardev.id})")
            return opened
        return m.null_chardev()

    # ---- devices

    def _devices(self) -> None:
        # The first one sits on the last place: guests' names of devices depend on it.
        at = len(virt.VIRTIO_MMIO) - 1
        for n, device in enumerate(self.config.devices):
            if device.driver not in ("virtconsole", "virtserialport"):
                self._plug(at, device, device.id or f"{device.driver} {n}")
                at -= 1

    def _plug(self, at: int, device: Device, name: str) -> None:
        m = self.machine
        if device.driver == "virtio-blk-device":
            drive = self.config.drives[device.drive]
            m.plug_block(
                at,
                name,
                drive.path,
                read_only=drive.read_only,
                snapshot=drive.snapshot,
                discard=drive.discard,
                locking=drive.locking,
                ignore_flush=drive.ignore_flush,
                write_through=drive.write_through or not device.write_cache,
                serial=device.serial or drive.serial,
            )
        elif device.driver == "virtio-net-device":
            address = device.mac or _MAC[:5] + bytes([(_MAC[5] + self._cards) & 0xFF])
            self._cards += 1
            m.plug_net(at, name, address, self._network(device.netdev))
        elif device.driver == "virtio-serial-device":
            ports = [
                (self._chardev(port.chardev), port.driver == "virtconsole", port.port_name)
                for port in self.config.devices
                if port.driver in ("virtconsole", "virtserialport")
            ]
            m.plug_serial(at, name, ports)
        elif device.driver == "virtio-rng-device":
            m.plug_rng(at, name)
        else:
            m.plug_balloon(at, name)

    def _network(self, name: str) -> _system.Network:
        if not name:
            return self.machine.no_network()
        return self.machine.user_network(**vars(self.config.netdevs[name].network))
