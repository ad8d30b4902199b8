"""Machines made from a command line, no CPU running: the map, disks, networks, the serial port."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sysmode import cli
from sysmode.assemble import Assembly, MachineError, images
from sysmode.config import configure
from sysmode.keyvals import UsageError
from sysmode.machines import tree, virt
from sysmode.main import main
from tests.sysmode.driver import Driver
from tests.sysmode.test_kernel import image
from tools.guest_toolchain import find_slirp

FIRST = len(virt.VIRTIO_MMIO) - 1


class Machine:
    """A machine, closed at the end of a `with`."""

    def __init__(self, system: ModuleType, words: str) -> None:
        self.config = configure(cli.split(f"-nodefaults {words}".split()))
        self.assembly = Assembly(self.config, system)
        self.machine: Any = self.assembly.machine

    def __enter__(self) -> Any:
        self.machine.reset()
        self.machine.go()
        return self.machine

    def __exit__(self, *_: object) -> None:
        self.machine.close()


@pytest.mark.parametrize("gic", [2, 3])
def test_the_map_is_the_boards(system: ModuleType, gic: int) -> None:
    with Machine(system, f"-M gic-version={gic} -smp 2 -m 64") as machine:
        regions = {base: (name, size) for name, base, size in machine.regions()}
        assert regions[virt.RAM_BASE] == ("ram", 64 * virt.MIB)
        assert regions[virt.UART0.base] == ("uart0", virt.UART0.size)
        assert regions[virt.FW_CFG.base] == ("fw_cfg", virt.FW_CFG.size)
        places = {place.base for place in virt.VIRTIO_MMIO}
        assert places <= set(regions)
        frames = virt.GIC_CPU if gic == 2 else virt.GIC_REDISTRIBUTORS
        assert frames.base in regions
        # PeriphIDs say what is there; no device sits in the first place.
        assert machine.read_device(virt.UART0.base + 0xFE0, 4) == 0x11
        assert machine.read_device(virt.RTC.base + 0xFE0, 4) == 0x31
        assert machine.read_device(virt.GPIO.base + 0xFE0, 4) == 0x61
        assert machine.read_device(virt.VIRTIO_MMIO[0].base + 8, 4) == 0
        with pytest.raises(RuntimeError, match="external abort"):
            machine.read_device(0x0500_0000, 4)


def test_the_first_device_is_last(system: ModuleType) -> None:
    words = "-device virtio-rng-device -device virtio-balloon-device"
    with Machine(system, words) as machine:
        ids = [machine.read_device(place.base + 8, 4) for place in virt.VIRTIO_MMIO]
        assert ids == [0] * 30 + [5, 4]


def test_a_disk(system: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(8 * 512))
    words = f"-drive file={path},if=none,id=d,serial=abc -device virtio-blk-device,drive=d"
    with Machine(system, words) as machine:
        driver = Driver(machine, FIRST, 1, 1 << 9)
        header = driver.buffer(struct.pack("<IIQ", 1, 0, 2) + b"x" * 512)
        status = driver.buffer(b"\xff")
        driver.add(0, (header, 528, False), (status, 1, True))
        assert driver.wait(0) == 1
        assert machine.read(status, 1) == b"\0"
        with pytest.raises(MachineError, match="in use by another process"):
            Assembly(configure(cli.split(words.split())), system)
    assert path.read_bytes() == bytes(1024) + b"x" * 512 + bytes(5 * 512)


def test_a_snapshot_leaves_the_disk(system: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(8 * 512))
    with Machine(system, f"-snapshot -drive file={path}") as machine:
        driver = Driver(machine, FIRST, 1)
        header = driver.buffer(struct.pack("<IIQ", 1, 0, 2) + b"x" * 512)
        status = driver.buffer(b"\xff")
        driver.add(0, (header, 528, False), (status, 1, True))
        driver.wait(0)
        assert machine.read(status, 1) == b"\0"
    assert path.read_bytes() == bytes(8 * 512)


def test_what_is_not_there(system: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"^/nowhere/x: No such file or directory$"):
        Machine(system, "-drive file=/nowhere/x")
    with pytest.raises(MachineError, match=r"^/nowhere/y: No such file or directory$"):
        Machine(system, "-serial file:/nowhere/y")
    with pytest.raises(UsageError, match=r"^-cpu cortex-a99: "):
        Machine(system, "-cpu cortex-a99")


def test_lists_of_the_engine(
    system: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-cpu", "help"]) == 0
    assert "cortex-a57" in capsys.readouterr().out
    assert main(["-cpu", "max,help"]) == 0
    assert "Advanced SIMD" in capsys.readouterr().out
    assert main(["-d", "help"]) == 0
    assert capsys.readouterr().out.startswith("in_asm")
    kernel = tmp_path / "kernel"
    kernel.write_bytes(image())
    assert main(["-nodefaults", "-kernel", str(kernel), "-d", "in_asn"]) == 1
    message = "pydbt-system-aarch64: -d in_asn: no such item; -d help lists them\n"
    assert capsys.readouterr().err == message


def test_the_serial_port(system: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "serial"
    words = f"-serial unix:{path},server,nowait"
    with Machine(system, words) as machine, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(path))
        client.sendall(b"k")
        end = time.monotonic() + 60
        while machine.read_device(virt.UART0.base + 0x18, 4) & 0x10:
            assert time.monotonic() < end
            time.sleep(0.001)
        assert machine.read_device(virt.UART0.base, 4) == ord("k")
        for byte in b"hello":
            machine.write_device(virt.UART0.base, 4, byte)
        got = b""
        while len(got) < 5:
            got += client.recv(5)
        assert got == b"hello"
    assert not path.exists()


def test_the_power_key(system: ModuleType) -> None:
    with Machine(system, "") as machine:
        machine.press_power_key()
        pin = virt.GPIO.base + (4 << virt.POWER_PIN)
        assert machine.read_device(pin, 4) == 1 << virt.POWER_PIN


def test_fw_cfg(system: ModuleType) -> None:
    with Machine(system, "-smp 3 -fw_cfg name=opt/a,string=text") as machine:
        machine.write_device(virt.FW_CFG.base + 8, 2, 0x0500)
        assert machine.read_device(virt.FW_CFG.base, 2) == 3
        machine.write_device(virt.FW_CFG.base + 8, 2, 0x2000)
        assert machine.read_device(virt.FW_CFG.base, 4) == int.from_bytes(b"text", "little")


def arp(target: str) -> bytes:
    ours = bytes.fromhex("525400123456")
    head = b"\xff" * 6 + ours + struct.pack(">HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
    return (head + ours + bytes(4) + bytes(6) + socket.inet_aton(target)).ljust(60, b"\0")


def test_the_user_network_answers(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDBT_LIBSLIRP", str(find_slirp(fetch=True)))
    with Machine(system, "-nic user,net=10.1.0.0/16,host=10.1.0.9") as machine:
        driver = Driver(machine, FIRST, 2)
        frame = bytes(12) + arp("10.1.0.9")
        for _ in range(2):  # one may be asked for before the network looks
            room = driver.buffer(bytes(2048))
            driver.add(0, (room, 2048, True))
            driver.add(1, (driver.buffer(frame), len(frame), False))
            driver.wait(1)
            size = driver.wait(0)
            answer = machine.read(room, size)[12:]
            if answer[12:14] == b"\x08\x06":
                break
        assert answer[20:22] == b"\0\2"
        assert answer[28:32] == socket.inet_aton("10.1.0.9")


def test_a_port_that_is_taken(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDBT_LIBSLIRP", str(find_slirp(fetch=True)))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MachineError, match=f"hostfwd: port {port} of the host: Address"):
            Machine(system, f"-nic user,hostfwd=tcp:127.0.0.1:{port}-:22")


def test_libslirp_may_be_missing(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDBT_LIBSLIRP", "/nowhere/libslirp.so.0")
    with pytest.raises(MachineError, match="user networking needs libslirp: /nowhere/libslirp"):
        Machine(system, "-nic user")


def test_images_are_loaded(system: ModuleType, tmp_path: Path) -> None:
    kernel, disk = tmp_path / "kernel", tmp_path / "initrd"
    kernel.write_bytes(image(text_offset=0))
    disk.write_bytes(b"ramdisk")
    words = f"-m 256 -kernel {kernel} -initrd {disk} -append quiet"
    with Machine(system, words) as machine:
        loaded = images(configure(cli.split(words.split())))
        assert loaded is not None
        loaded.load(machine)
        layout = loaded.layout
        assert machine.read(layout.entry, 8192) == image(text_offset=0)
        assert layout.initrd is not None
        assert machine.read(layout.initrd, 7) == b"ramdisk"
        chosen = tree.read(machine.read(layout.tree, 65536))["/chosen"]
        assert chosen["bootargs"] == b"quiet\0"
        assert chosen["linux,initrd-end"] == tree.pairs(layout.initrd + 7)


def test_closing_gives_everything_back(system: ModuleType) -> None:
    def descriptors() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    with Machine(system, "-serial pty"):
        pass
    before = descriptors()
    for _ in range(3):
        with Machine(system, "-serial pty -device virtio-rng-device") as machine:
            pass
        with pytest.raises(RuntimeError, match="the machine is closed"):
            machine.regions()
    assert descriptors() == before
