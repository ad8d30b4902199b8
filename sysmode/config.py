"""What a command line asks for: a machine's description, checked as far as words can be.

Owns: the meaning of options' arguments, defaults, which combinations there are. Must not know: how
a machine is made (assemble.py).
"""

from __future__ import annotations

import datetime
import re
import time
from dataclasses import dataclass, field
from typing import TypeVar

from .keyvals import KeyVals, UsageError, closest, first_word, size
from .machines import virt
from .net.user import UserNetwork, user_network

T = TypeVar("T")


@dataclass
class Drive:
    """A disk image. `used`: a device has it."""

    id: str
    path: str
    read_only: bool = False
    snapshot: bool = False
    discard: bool = False
    locking: bool = True
    ignore_flush: bool = False
    write_through: bool = False
    serial: str = ""
    used: bool = False


@dataclass
class Chardev:
    """`backend`: stdio, file, pty, null, socket."""

    id: str
    backend: str
    mux: bool = False
    signals: bool = True
    append: bool = False
    path: str = ""
    host: str = ""
    port: str = ""
    server: bool = False
    wait: bool = True
    users: int = 0


@dataclass
class Netdev:
    id: str
    network: UserNetwork
    used: bool = False


@dataclass
class Device:
    """`driver` and what its properties say."""

    driver: str
    id: str = ""
    drive: str = ""
    serial: str = ""
    write_cache: bool = True
    netdev: str = ""
    mac: bytes = b""
    chardev: str = ""
    port_name: str = ""


@dataclass
class Rtc:
    offset_ns: int = 0
    with_machine: bool = False


@dataclass
class Config:
    """Everything; what stands here is what happens without options."""

    board: virt.Board = field(default_factory=virt.Board)
    cpu: str = "cortex-a57"
    dump_tree: str = ""
    tree: str = ""
    kernel: str = ""
    initrd: str = ""
    append: str = ""
    name: str = ""
    drives: dict[str, Drive] = field(default_factory=dict)
    chardevs: dict[str, Chardev] = field(default_factory=dict)
    netdevs: dict[str, Netdev] = field(default_factory=dict)
    devices: list[Device] = field(default_factory=list)
    serial: str = "null"
    fw_cfg: list[tuple[str, bytes | str]] = field(default_factory=list)
    rtc: Rtc = field(default_factory=Rtc)
    no_reboot: bool = False
    no_shutdown: bool = False
    default_net: bool = True
    pid_file: str = ""
    log: str = ""
    log_file: str = ""
    notes: list[str] = field(default_factory=list)


class HelpError(Exception):
    """Somebody asked for a list; the text is what is printed."""


DEVICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "virtio-blk-device": ("a disk", ("id", "drive", "serial", "write-cache", "bootindex")),
    "virtio-net-device": ("a network card", ("id", "netdev", "mac", "bootindex")),
    "virtio-serial-device": ("the bus of virtconsole and virtserialport", ("id", "max_ports")),
    "virtconsole": ("a console on virtio-serial-device", ("id", "chardev", "name", "bus", "nr")),
    "virtserialport": ("a named port on it", ("id", "chardev", "name", "bus", "nr")),
    "virtio-rng-device": ("random numbers", ("id", "rng")),
    "virtio-balloon-device": ("memory given back to the host", ("id",)),
}
"""What -device knows: what it is, its properties."""


# ---- machine, CPU, memory


def _machine(config: Config, accelerators: list[str], text: str, board: dict[str, int]) -> None:
    if text in ("help", "?"):
        raise HelpError("virt  QEMU's ARM virtual machine, as of its version 10 (the default)\n")
    words = KeyVals("-machine", text, "type")
    kind = words.text("type", "virt")
    if not re.fullmatch(r"virt(-\d+\.\d+)?", kind):
        raise UsageError(f"-machine {kind}: no such board{closest(kind, ['virt'])}; there is virt")
    if words.has("help"):
        raise HelpError(
            "gic-version=2|3|max  the interrupt controller (default 2; 3 with more than 8 CPUs)\n"
            "accel=NAME[:NAME]    as -accel\n"
            "dumpdtb=FILE         write the device tree to FILE, and end\n"
            "secure=off virtualization=off mte=off its=off acpi=off  accepted; not here otherwise\n"
        )
    version = words.choice("gic-version", "default", ("default", "2", "3", "max", "host"))
    if version == "host":
        raise words.error("gic-version=host is KVM's")
    if version != "default":
        board["gic"] = 2 if version == "2" else 3
    config.dump_tree = words.text("dumpdtb", config.dump_tree)
    if accel := words.text("accel"):
        accelerators.append(accel)
    for name, what in (
        ("secure", "EL3"),
        ("virtualization", "EL2"),
        ("mte", "memory tagging"),
        ("its", "LPIs"),
        ("acpi", "ACPI"),
    ):
        value = words.choice(name, "off", ("on", "off", "auto"))
        if value == "on":
            raise words.error(f"{name}=on: {what} is not here yet in system mode")
    for ignored in ("highmem", "usb", "graphics", "dump-guest-core", "mem-merge", "memory-backend"):
        words.all(ignored)
    words.done()


def choose_accelerator(asked: list[str], host_is_arm: bool) -> str:
    """The sentence for standard error, or "": the translator is what runs. UsageError when nothing
    of what was asked for is there."""
    names = [name for text in asked for name in text.split(":")]
    for name in names:
        kind = name.split(",")[0]
        if kind not in ("kvm", "tcg"):
            raise UsageError(f"-accel {kind}: no such accelerator; kvm and tcg are known")
    if not names or names[0].split(",")[0] == "tcg":
        return ""
    why = (
        "its back end is not here yet" if host_is_arm else "this host is no AArch64, which it needs"
    )
    if not any(name.split(",")[0] == "tcg" for name in names):
        raise UsageError(f"-accel kvm: {why}; -accel kvm:tcg falls back to the translator")
    return f"kvm cannot be used ({why}); the translator runs the machine"


def _cpus(text: str) -> int:
    words = KeyVals("-smp", text, "cpus")
    threads = words.number("threads", 1, 1, 512)
    cores = words.number("cores", 0, 0, 512)
    clusters = words.number("clusters", 1, 1, 512)
    sockets = words.number("sockets", 0, 0, 512)
    most = words.number("maxcpus", 0, 0, 512)
    cpus = words.number("cpus", 0, 0, 512)
    words.done()
    product = max(sockets, 1) * clusters * max(cores, 1) * threads
    cpus = cpus or most or product
    if cpus == 0:
        raise words.error("no CPUs")
    if sockets and cores and product != (most or cpus):
        raise words.error(f"{sockets} sockets of {cores} cores are {product}, not {most or cpus}")
    if most and most != cpus:
        raise words.error("CPUs cannot be added later: maxcpus must be the number of CPUs")
    return cpus


def _ram(text: str) -> int:
    words = KeyVals("-m", text, "size")
    bytes_ = size(words.text("size", "128"), "-m")
    for later in ("slots", "maxmem"):
        if words.text(later):
            raise words.error(f"{later}: memory cannot be added later")
    words.done()
    if bytes_ < virt.MIB or bytes_ % 4096 or bytes_ > virt.MOST_RAM:
        most = virt.MOST_RAM // virt.GIB
        raise UsageError(f"-m {text}: 1M to {most}G are possible, in whole pages of 4K")
    return bytes_


def _rtc(text: str) -> Rtc:
    words = KeyVals("-rtc", text, "base")
    base = words.text("base", "utc")
    clock = words.choice("clock", "host", ("host", "rt", "vm"))
    words.choice("driftfix", "none", ("none", "slew"))
    words.done()
    offset = 0
    if base == "localtime":
        offset = time.localtime().tm_gmtoff
    elif base != "utc":
        try:
            begin = datetime.datetime.fromisoformat(base)
        except ValueError:
            raise words.error(f"base={base}: utc, localtime or a date is expected") from None
        offset = int(begin.replace(tzinfo=datetime.UTC).timestamp() - time.time())
    return Rtc(offset * 10**9, clock == "vm")


# ---- disks


def _drive(config: Config, text: str) -> None:
    words = KeyVals("-drive", text)
    path = words.needed("file")
    where = words.choice("if", "virtio", ("none", "virtio", "pflash", "ide", "scsi", "sd", "mtd"))
    if where == "pflash":
        raise words.error("if=pflash: flash is not here yet; -kernel boots a kernel")
    if where not in ("none", "virtio"):
        raise words.error(f"if={where}: this board has no such bus; none and virtio are possible")
    drive = Drive(words.text("id") or f"drive{len(config.drives)}", path)
    _format(words, words.choice("format", "raw", ("raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx")))
    drive.read_only = words.switch("readonly") or words.switch("read-only")
    drive.snapshot = words.switch("snapshot")
    drive.serial = words.text("serial")
    drive.locking = words.choice("file.locking", "auto", ("on", "off", "auto")) != "off"
    cache = words.text("cache", "writeback")
    _cache(words, drive, cache)
    drive.discard = words.choice("discard", "ignore", ("ignore", "off", "unmap", "on")) in (
        "unmap",
        "on",
    )
    for ignored in ("aio", "media", "index", "bus", "unit", "werror", "rerror", "detect-zeroes"):
        words.all(ignored)
    words.done()
    _new(config.drives, drive.id, drive, words)
    if where == "virtio":
        config.devices.append(Device("virtio-blk-device", drive=drive.id))


def _format(words: KeyVals, name: str) -> None:
    if name != "raw":
        raise words.error(f"format {name}: only raw images are here yet (qemu-img convert -O raw)")


def _cache(words: KeyVals, drive: Drive, mode: str) -> None:
    if mode in ("none", "directsync"):
        raise words.error(
            f"cache={mode}: the host's cache cannot be passed by yet; writeback, writethrough and "
            "unsafe are possible"
        )
    if mode not in ("writeback", "writethrough", "unsafe"):
        near = closest(mode, ("writeback", "writethrough", "unsafe"))
        raise words.error(f"cache={mode}: no such mode{near}")
    drive.ignore_flush = mode == "unsafe"
    drive.write_through = mode == "writethrough"


def _blockdev(config: Config, text: str, files: dict[str, Drive]) -> None:
    if text.startswith("{"):
        raise UsageError("-blockdev: JSON is not read yet; the form with commas says the same")
    words = KeyVals("-blockdev", text, "driver")
    driver = words.choice("driver", "", ("file", "host_device", "raw", "qcow2"))
    name = words.needed("node-name")
    if driver == "qcow2":
        _format(words, driver)
    if driver == "raw":
        if words.has("file"):
            base = files.get(words.text("file"))
            if base is None:
                raise words.error("file: no -blockdev before it has that node-name")
            drive = Drive(name, base.path, base.read_only, False, base.discard, base.locking)
        else:
            words.choice("file.driver", "file", ("file", "host_device"))
            drive = Drive(name, words.needed("file.filename"))
    else:
        drive = Drive(name, words.needed("filename"))
    drive.read_only = words.switch("read-only", drive.read_only)
    discard = words.choice("discard", "unmap" if drive.discard else "ignore", ("ignore", "unmap"))
    drive.discard = discard == "unmap"
    drive.ignore_flush = words.switch("cache.no-flush")
    if words.switch("cache.direct"):
        _cache(words, drive, "none")
    drive.locking = (
        words.choice("locking", "auto", ("on", "off", "auto")) != "off" and drive.locking
    )
    for ignored in ("aio", "auto-read-only"):
        words.all(ignored)
    words.done()
    files[name] = drive
    _new(config.drives, name, drive, words)


def _new(known: dict[str, T], name: str, value: T, words: KeyVals) -> None:
    if name in known:
        raise words.error(f"the name {name} is there twice")
    known[name] = value


# ---- chardevs


def _chardev(text: str) -> Chardev:
    if text in ("help", "?"):
        raise HelpError("file\nnull\npty\nsocket\nstdio\n")
    words = KeyVals("-chardev", text, "backend")
    backend = words.text("backend")
    known = ("stdio", "file", "pty", "null", "socket", "serial")
    if backend not in known or backend == "serial":
        raise UsageError(f"-chardev {backend}: no such backend{closest(backend, known[:-1])}")
    chardev = Chardev(words.needed("id"), backend, words.switch("mux"))
    if backend == "stdio":
        chardev.signals = words.switch("signal", True)
    elif backend == "file":
        chardev.path = words.needed("path")
        chardev.append = words.switch("append")
    elif backend == "socket":
        chardev.path, chardev.host = words.text("path"), words.text("host")
        chardev.port = words.text("port")
        if not chardev.path and not chardev.port:
            raise words.error("path= or port= is missing")
        chardev.server = words.switch("server")
        chardev.wait = words.switch("wait", chardev.server)
        words.all("delay")
    words.done()
    return chardev


def serial_chardev(config: Config, text: str, option: str) -> str:
    """The chardev that -serial's short form names; "" for none. It may be a new one."""
    name = f"{option.lstrip('-')}0"
    kind, _, rest = text.partition(":")
    if kind == "chardev":
        if rest not in config.chardevs:
            raise UsageError(f"{option} {text}: no chardev {rest}{closest(rest, config.chardevs)}")
        return rest
    if kind == "mon":
        # For a monitor on the same stream; its keys are there, it is not. Ctrl-C is the guest's.
        inner = serial_chardev(config, rest, option)
        if inner:
            config.chardevs[inner].mux = True
            config.chardevs[inner].signals = False
        return inner
    if text == "none":
        return ""
    if text == "stdio":
        chardev = Chardev(name, "stdio")
    elif text in ("null", "vc"):
        chardev = Chardev(name, "null")
    elif text == "pty":
        chardev = Chardev(name, "pty")
    elif kind == "file" and rest:
        chardev = Chardev(name, "file", path=rest)
    elif kind in ("unix", "tcp") and rest:
        chardev = _socket(name, kind, rest, option)
    else:
        known = ("stdio", "mon:stdio", "null", "none", "pty", "file:", "unix:", "tcp:", "chardev:")
        near = closest(text, known) or f"; known: {' '.join(known)}"
        raise UsageError(f"{option} {text}: no such device{near}")
    config.chardevs[name] = chardev
    return name


def _socket(name: str, kind: str, rest: str, option: str) -> Chardev:
    place = first_word(rest)
    words = KeyVals(option, rest, "place")
    words.text("place")
    chardev = Chardev(name, "socket", server=words.switch("server"))
    chardev.wait = words.switch("wait", chardev.server)
    words.switch("delay")
    words.done()
    if kind == "unix":
        chardev.path = place
        return chardev
    chardev.host, colon, chardev.port = place.rpartition(":")
    if not colon or not chardev.port:
        raise UsageError(f"{option} tcp:{rest}: HOST:PORT is expected")
    return chardev


# ---- devices and networks


def _device(config: Config, text: str) -> None:
    name = first_word(text)
    if name in ("help", "?"):
        width = max(map(len, DEVICES)) + 2
        raise HelpError(
            "".join(f"{driver:{width}}{what}\n" for driver, (what, _) in DEVICES.items())
        )
    if name not in DEVICES:
        on_mmio = name.removesuffix("-pci") + "-device"
        if name.endswith("-pci") and on_mmio in DEVICES:
            raise UsageError(f"-device {name}: there is no PCIe yet; {on_mmio} is here instead")
        raise UsageError(f"-device {name}: no such device{closest(name, DEVICES)}")
    words = KeyVals(f"-device {name}", text, "driver")
    words.text("driver")
    properties = DEVICES[name][1]
    if words.has("help"):
        raise HelpError("".join(f"{prop}\n" for prop in properties))
    device = Device(name, words.text("id"))
    if "drive" in properties:
        device.drive = words.needed("drive")
        device.serial = words.text("serial")
        device.write_cache = words.choice("write-cache", "auto", ("on", "off", "auto")) != "off"
    if "netdev" in properties:
        device.netdev = words.text("netdev")
        device.mac = mac(words.text("mac"), words)
    if "chardev" in properties:
        device.chardev = words.needed("chardev")
        device.port_name = words.text("name")
    for ignored in ("bootindex", "max_ports", "bus", "nr", "rng"):
        if ignored in properties:
            words.text(ignored)
    words.done()
    config.devices.append(device)


def mac(text: str, words: KeyVals) -> bytes:
    if not text:
        return b""
    if not re.fullmatch(r"[0-9a-fA-F]{1,2}([:-][0-9a-fA-F]{1,2}){5}", text):
        raise words.error(f"mac={text}: six bytes such as 52:54:00:12:34:56 are expected")
    value = bytes(int(part, 16) for part in re.split("[:-]", text))
    if value[0] & 1:
        raise words.error(f"mac={text}: the address of a group, not of a card")
    return value


def _netdev(config: Config, text: str) -> None:
    words = KeyVals("-netdev", text, "type")
    kind = words.text("type")
    if kind in ("help", "?"):
        raise HelpError("user\n")
    if kind != "user":
        raise words.error(f"{kind}: no such network{closest(kind, ['user'])}; user is here")
    name = words.needed("id")
    _new(config.netdevs, name, Netdev(name, user_network(words)), words)


def _nic(config: Config, text: str) -> None:
    config.default_net = False
    if text == "none":
        return
    words = KeyVals("-nic", text, "type")
    kind = words.text("type")
    if kind != "user":
        raise words.error(
            f"{kind}: no such network{closest(kind, ['user'])}; user and none are here"
        )
    model = words.text("model", "virtio-net-device")
    if model not in ("virtio", "virtio-net-device", "virtio-net-pci", "virtio-net"):
        raise words.error(f"model={model}: no such card; virtio-net-device is here")
    address = mac(words.text("mac"), words)
    name = words.text("id") or f"nic{len(config.netdevs)}"
    _new(config.netdevs, name, Netdev(name, user_network(words)), words)
    config.devices.append(Device("virtio-net-device", netdev=name, mac=address))


def _fw_cfg(text: str) -> tuple[str, bytes | str]:
    words = KeyVals("-fw_cfg", text, "name")
    name, path, content = words.needed("name"), words.text("file"), words.text("string")
    words.done()
    if bool(path) == bool(content):
        raise words.error("either file= or string= is needed")
    return name, path if path else content.encode()


def _object(text: str) -> None:
    words = KeyVals("-object", text, "type")
    kind = words.text("type")
    if kind not in ("rng-random", "rng-builtin"):
        near = closest(kind, ["rng-random", "rng-builtin"])
        raise words.error(f"{kind}: no such object{near}; rng-random and rng-builtin are here")
    words.needed("id")
    words.choice("filename", "/dev/urandom", ("/dev/urandom", "/dev/random"))
    words.done()


# ---- all of it


def configure(options: list[tuple[str, str]], host_is_arm: bool = False) -> Config:
    """The machine that these options (cli.split) ask for."""
    config = Config()
    board: dict[str, int] = {}
    accelerators: list[str] = []
    serials: list[str] = []
    files: dict[str, Drive] = {}
    nographic = display_none = snapshot = nodefaults = False
    for key, text in options:
        if key == "machine":
            _machine(config, accelerators, text, board)
        elif key == "cpu":
            config.cpu = text
        elif key == "accel":
            accelerators.append(text)
        elif key == "enable_kvm":
            accelerators.append("kvm")
        elif key == "smp":
            board["cpus"] = _cpus(text)
        elif key == "m":
            board["ram"] = _ram(text)
        elif key in ("kernel", "initrd", "append", "name"):
            setattr(config, key, text)
        elif key == "dtb":
            config.tree = text
        elif key == "device":
            _device(config, text)
        elif key == "drive":
            _drive(config, text)
        elif key == "blockdev":
            _blockdev(config, text, files)
        elif key == "snapshot":
            snapshot = True
        elif key == "netdev":
            _netdev(config, text)
        elif key == "nic":
            _nic(config, text)
        elif key == "net":
            if text != "none":
                raise UsageError(f"-net {text}: only none; -nic user is the network card")
            config.default_net = False
        elif key == "chardev":
            chardev = _chardev(text)
            _new(config.chardevs, chardev.id, chardev, KeyVals("-chardev", text, "backend"))
        elif key == "serial":
            serials.append(text)
        elif key == "monitor":
            if text not in ("none", "null"):
                raise UsageError(f"-monitor {text}: there is no monitor yet; none is possible")
        elif key == "display":
            if text != "none":
                raise UsageError(f"-display {text}: there are no displays; none is possible")
            display_none = True
        elif key == "nographic":
            nographic = True
        elif key == "rtc":
            config.rtc = _rtc(text)
        elif key == "fw_cfg":
            config.fw_cfg.append(_fw_cfg(text))
        elif key == "object":
            _object(text)
        elif key == "nodefaults":
            nodefaults = True
            config.default_net = False
        elif key == "no_reboot":
            config.no_reboot = True
        elif key == "no_shutdown":
            config.no_shutdown = True
        elif key == "pidfile":
            config.pid_file = text
        elif key == "d":
            config.log = text
        elif key == "D":
            config.log_file = text
    _finish(config, board, accelerators, host_is_arm)
    for drive in config.drives.values():
        drive.snapshot = drive.snapshot or snapshot
    default = "none" if nodefaults else "null" if display_none and not nographic else "mon:stdio"
    if len(serials) > 1:
        raise UsageError(f"-serial {serials[1]}: the board has one serial port")
    config.serial = serial_chardev(config, serials[0] if serials else default, "-serial")
    _connect(config)
    return config


def _finish(
    config: Config, board: dict[str, int], accelerators: list[str], host_is_arm: bool
) -> None:
    if note := choose_accelerator(accelerators, host_is_arm):
        config.notes.append(note)
    cpus = board.get("cpus", 1)
    gic = board.get("gic", 2 if cpus <= virt.CPUS_V2 else 3)
    most = virt.CPUS_V2 if gic == 2 else virt.CPUS_V3
    if cpus > most:
        raise UsageError(f"-smp {cpus}: GICv{gic} has {most} CPUs at most")
    model = first_word(config.cpu)
    config.board = virt.Board(cpus, model, board.get("ram", 128 * virt.MIB), gic)
    if config.initrd and not config.kernel:
        raise UsageError("-initrd needs -kernel")
    if config.append and not config.kernel:
        raise UsageError("-append needs -kernel")


def _connect(config: Config) -> None:
    """Every device's drive, network and chardev is there, and has one user."""
    if config.serial:
        config.chardevs[config.serial].users += 1
    for device in config.devices:
        what = f"-device {device.driver}"
        if device.drive:
            drive = config.drives.get(device.drive)
            if drive is None:
                near = closest(device.drive, config.drives)
                raise UsageError(f"{what}: no drive {device.drive}{near}")
            if drive.used:
                raise UsageError(f"{what}: the drive {device.drive} is in use")
            drive.used = True
        if device.netdev:
            netdev = config.netdevs.get(device.netdev)
            if netdev is None:
                near = closest(device.netdev, config.netdevs)
                raise UsageError(f"{what}: no netdev {device.netdev}{near}")
            if netdev.used:
                raise UsageError(f"{what}: the netdev {device.netdev} is in use")
            netdev.used = True
        if device.chardev:
            chardev = config.chardevs.get(device.chardev)
            if chardev is None:
                near = closest(device.chardev, config.chardevs)
                raise UsageError(f"{what}: no chardev {device.chardev}{near}")
            if chardev.users and not chardev.mux:
                raise UsageError(
                    f"{what}: the chardev {device.chardev} is in use; with mux=on several share it"
                )
            chardev.users += 1
    terminals = [c.id for c in config.chardevs.values() if c.backend == "stdio"]
    if len(terminals) > 1:
        raise UsageError(f"the chardevs {terminals[0]} and {terminals[1]} are both stdio")
    ports = [d for d in config.devices if d.driver in ("virtconsole", "virtserialport")]
    if ports and not any(d.driver == "virtio-serial-device" for d in config.devices):
        raise UsageError(f"-device {ports[0].driver}: -device virtio-serial-device is missing")
    places = [d for d in config.devices if d.driver.startswith("virtio-")]
    if len(places) > len(virt.VIRTIO_MMIO):
        raise UsageError(
            f"{len(places)} virtio devices; the board has {len(virt.VIRTIO_MMIO)} places"
        )
