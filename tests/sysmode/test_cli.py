"""The command line of `pydbt-system-aarch64`: QEMU's syntax, defaults, words on mistakes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from sysmode import cli, man
from sysmode.config import Config, Device, HelpError, configure
from sysmode.keyvals import KeyVals, UsageError, size
from sysmode.machines.virt import MIB
from sysmode.main import main

MAIN_CASE = (
    "-machine virt -cpu cortex-a57 -nographic -smp 2 -m 2048 -kernel vmlinuz-aarch64 "
    "-initrd initrd.img-aarch64 -append console=ttyAMA0 -drive if=none,file=disk.img,id=hd0 "
    "-device virtio-blk-device,drive=hd0"
)


def config(text: str) -> Config:
    return configure(cli.split(text.split()))


def test_the_main_case() -> None:
    found = config(MAIN_CASE)
    assert (found.board.cpus, found.board.ram, found.board.gic) == (2, 2048 * MIB, 2)
    assert (found.kernel, found.initrd) == ("vmlinuz-aarch64", "initrd.img-aarch64")
    assert found.append == "console=ttyAMA0"
    assert found.drives["hd0"].path == "disk.img"
    assert found.devices == [Device("virtio-blk-device", drive="hd0")]
    serial = found.chardevs[found.serial]
    assert (serial.backend, serial.mux, serial.signals) == ("stdio", True, False)


def test_defaults() -> None:
    found = config("")
    assert (found.board.cpus, found.board.ram, found.cpu) == (1, 128 * MIB, "cortex-a57")
    assert not found.devices
    assert config("-display none").chardevs["serial0"].backend == "null"
    assert config("-nodefaults").serial == ""
    assert config("--machine virt").board.gic == 2


@pytest.mark.parametrize(
    ("text", "cpus", "gic"),
    [
        ("-smp 4", 4, 2),
        ("-smp cpus=4,sockets=1,cores=4,threads=1", 4, 2),
        ("-smp sockets=2,cores=2", 4, 2),
        ("-smp 9", 9, 3),
        ("-M virt,gic-version=3 -smp 1", 1, 3),
        ("-machine gic-version=max", 1, 3),
        ("-machine virt-10.0 -machine gic-version=2", 1, 2),
    ],
)
def test_cpus_and_gic(text: str, cpus: int, gic: int) -> None:
    found = config(text)
    assert (found.board.cpus, found.board.gic) == (cpus, gic)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("1", MIB),
        ("2G", 2048 * MIB),
        ("size=512M", 512 * MIB),
        ("1.5G", 1536 * MIB),
        ("4096K", 4 * MIB),
    ],
)
def test_ram(text: str, bytes_: int) -> None:
    assert config(f"-m {text}").board.ram == bytes_


def test_commas_are_escaped() -> None:
    words = KeyVals("-x", "file=a,,b,id=c,,,,d,flag,nowait", "first")
    assert words.text("file") == "a,b"
    assert words.text("id") == "c,,d"
    assert words.switch("flag")
    assert not words.switch("wait", True)
    words.done()
    assert KeyVals("-x", "word,key=1", "first").text("first") == "word"
    assert size("0x10", "x") == 16 * MIB


def test_drives() -> None:
    found = config(
        "-drive file=a,id=x,if=none,readonly=on,cache=unsafe,file.locking=off -drive file=b,"
        "discard=unmap,format=raw,cache=writethrough -device virtio-blk-device,drive=x,serial=s "
        "-snapshot"
    )
    a, b = found.drives["x"], found.drives["drive1"]
    assert (a.read_only, a.ignore_flush, a.locking, a.snapshot) == (True, True, False, True)
    assert (b.discard, b.write_through, b.used) == (True, True, True)
    assert [device.drive for device in found.devices] == ["drive1", "x"]


def test_blockdevs() -> None:
    found = config(
        "-blockdev file,node-name=f,filename=disk.img,locking=off -blockdev driver=raw,node-name=r,"
        "file=f,read-only=on -device virtio-blk-device,drive=r"
    )
    drive = found.drives["r"]
    assert (drive.path, drive.read_only, drive.locking) == ("disk.img", True, False)


def test_networks() -> None:
    found = config(
        "-netdev user,id=n,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp::53-10.0.2.20:5353,"
        "restrict=on -device virtio-net-device,netdev=n,mac=52:54:0:1:2:3 "
        "-nic user,mac=52:54:00:00:00:09"
    )
    network = found.netdevs["n"].network
    assert network.restricted
    assert network.forwards == [
        (False, "127.0.0.1", 2222, "10.0.2.15", 22),
        (True, "0.0.0.0", 53, "10.0.2.20", 5353),
    ]
    assert network.addresses == ["10.0.2.0", "255.255.255.0", "10.0.2.2", "10.0.2.15", "10.0.2.3"]
    assert [device.mac.hex() for device in found.devices] == ["525400010203", "525400000009"]
    assert not config("-nic none").default_net


@pytest.mark.parametrize(
    ("text", "backend", "more"),
    [
        ("stdio", "stdio", {"signals": True}),
        ("mon:stdio", "stdio", {"signals": False, "mux": True}),
        ("file:/tmp/x", "file", {"path": "/tmp/x"}),
        ("unix:/tmp/s,server,nowait", "socket", {"path": "/tmp/s", "server": True, "wait": False}),
        ("tcp:localhost:99,server=on", "socket", {"port": "99", "server": True, "wait": True}),
        ("pty", "pty", {}),
        ("null", "null", {}),
    ],
)
def test_serial(text: str, backend: str, more: dict[str, object]) -> None:
    found = config(f"-serial {text}").chardevs["serial0"]
    assert found.backend == backend
    assert {key: getattr(found, key) for key in more} == more
    assert config("-serial none").serial == ""


def test_chardevs_are_shared_by_a_mux() -> None:
    words = (
        "-chardev stdio,id=c,mux=on,signal=off -serial chardev:c -device virtio-serial-device "
        "-device virtconsole,chardev=c"
    )
    assert config(words).chardevs["c"].users == 2
    with pytest.raises(UsageError, match="the chardev c is in use; with mux=on several share it"):
        config(words.replace("mux=on", "mux=off"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("disk.img", "disk.img: options begin with -; a disk is -drive file=disk.img"),
        ("-machne virt", "-machne: no such option; did you mean -machine?"),
        ("-kernel", "-kernel: an argument is missing: FILE"),
        ("-bios x", "-bios: firmware (UEFI) is not here yet; -kernel boots a kernel"),
        ("-qmp stdio", "-qmp: there is no monitor yet"),
        ("-M vrt", "-machine vrt: no such board; did you mean virt?; there is virt"),
        ("-M virt,gic-versio=3", "-machine: no property gic-versio; did you mean gic-version?"),
        ("-M virt,gic-version=4", "-machine: gic-version=4: one of default, 2, 3, max, host is"),
        ("-M virt,virtualization=on", "-machine: virtualization=on: EL2 is not here yet"),
        ("-smp 9 -M gic-version=2", "-smp 9: GICv2 has 8 CPUs at most"),
        ("-smp 4,sockets=1,cores=2", "-smp: 1 sockets of 2 cores are 2, not 4"),
        ("-smp x", "-smp: cpus=x: a number is expected"),
        ("-m 3Q", "-m=3Q: a size is expected, such as 512M or 2G"),
        ("-m 500G", "-m 500G: 1M to 255G are possible"),
        ("-accel kvm", "-accel kvm: this host is no AArch64, which it needs; -accel kvm:tcg falls"),
        ("-accel xen", "-accel xen: no such accelerator; kvm and tcg are known"),
        (
            "-device virtio-blk-devce,drive=x",
            "-device virtio-blk-devce: no such device; did you mean",
        ),
        (
            "-device virtio-blk-pci,drive=x",
            "-device virtio-blk-pci: there is no PCIe yet; virtio-blk-",
        ),
        ("-device virtio-blk-device", "-device virtio-blk-device: drive= is missing"),
        ("-device virtio-blk-device,drive=hd0", "-device virtio-blk-device: no drive hd0"),
        (
            "-device virtio-rng-device,rg=x",
            "-device virtio-rng-device: no property rg; did you mean rng?",
        ),
        ("-device virtconsole,chardev=x", "-device virtconsole: no chardev x"),
        ("-drive fil=x", "-drive: no property fil; did you mean file?"),
        ("-drive file=x,format=qcow2", "-drive: format qcow2: only raw images are here yet"),
        (
            "-drive file=x,cache=none",
            "-drive: cache=none: the host's cache cannot be passed by yet",
        ),
        ("-drive file=x,if=scsi", "-drive: if=scsi: this board has no such bus"),
        ("-drive file=x,id=a -drive file=y,id=a", "-drive: the name a is there twice"),
        ("-drive file=x,readonly=maybe", "-drive: readonly=maybe: on or off is expected"),
        ("-netdev usr,id=n", "-netdev: usr: no such network; did you mean user?"),
        ("-netdev user", "-netdev: id= is missing"),
        ("-netdev user,id=n,hostfwd=80-80", "-netdev: hostfwd=80-80: tcp|udp:[ADDRESS]:PORT-"),
        ("-netdev user,id=n,net=10.0.0.0/30", "-netdev: net=10.0.0.0/30: too small"),
        ("-netdev user,id=n,host=1.2.3.4", "-netdev: host=1.2.3.4: not inside 10.0.2.0/24"),
        ("-device virtio-net-device,netdev=n", "-device virtio-net-device: no netdev n"),
        ("-device virtio-net-device,mac=1", "-device virtio-net-device: mac=1: six bytes"),
        ("-nic tap", "-nic: tap: no such network; user and none are here"),
        ("-chardev stdo,id=x", "-chardev stdo: no such backend; did you mean stdio?"),
        ("-serial foo", "-serial foo: no such device; known: stdio mon:stdio"),
        ("-serial null -serial null", "-serial null: the board has one serial port"),
        ("-serial stdio -chardev stdio,id=c", "the chardevs c and serial0 are both stdio"),
        ("-monitor stdio", "-monitor stdio: there is no monitor yet"),
        ("-display gtk", "-display gtk: there are no displays"),
        ("-rtc base=yesterday", "-rtc: base=yesterday: utc, localtime or a date is expected"),
        ("-append x", "-append needs -kernel"),
        ("-fw_cfg name=opt/x", "-fw_cfg: either file= or string= is needed"),
        ("-object secret,id=x", "-object: secret: no such object"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        config(text)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_kvm_falls_back() -> None:
    note = "kvm cannot be used (this host is no AArch64, which it needs); the translator runs the"
    for words in (
        "-accel kvm:tcg",
        "-machine accel=kvm:tcg",
        "-accel kvm -accel tcg",
        "-enable-kvm -accel tcg",
    ):
        assert config(words).notes[0].startswith(note)
    assert config("-accel tcg,thread=multi").notes == []
    with pytest.raises(UsageError, match="its back end is not here yet"):
        configure(cli.split(["-enable-kvm"]), host_is_arm=True)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("-machine help", ["virt  QEMU's ARM"]),
        ("-machine virt,help", ["gic-version=2|3|max"]),
        ("-device help", ["virtio-blk-device", "virtio-rng-device"]),
        ("-device virtio-blk-device,help", ["drive", "serial"]),
        ("-chardev help", ["stdio", "socket"]),
        ("-netdev help", ["user"]),
    ],
)
def test_lists(text: str, lines: list[str]) -> None:
    with pytest.raises(HelpError) as printed:
        config(text)
    for line in lines:
        assert any(row.startswith(line) for row in str(printed.value).splitlines())


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-help"]) == 0
    text = capsys.readouterr().out
    for option in cli.OPTIONS:
        assert f"-{option.names[0]}" in text
    assert main(["-version"]) == 0
    assert capsys.readouterr().out.startswith("pydbt-system-aarch64 (pydbt) ")


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["-kernel", "/nowhere"], ["-foo"], ["-nographic"]):
        assert main(words) == 1
        text = capsys.readouterr().err
        assert text.startswith("pydbt-system-aarch64: ")
        assert text.count("\n") == 1


def test_dumpdtb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tree.dtb"
    assert main(["-machine", f"virt,dumpdtb={path}", "-smp", "2"]) == 0
    assert path.read_bytes().startswith(b"\xd0\x0d\xfe\xed")
    assert main(["-machine", "virt,dumpdtb=/nowhere/x"]) == 1
    assert (
        capsys.readouterr().err == "pydbt-system-aarch64: /nowhere/x: No such file or directory\n"
    )


def test_names_are_there_once() -> None:
    names = [name for option in cli.OPTIONS for name in option.names] + [*cli.NOT_HERE]
    assert len(set(names)) == len(names)
    assert isinstance(cli.parser(), argparse.ArgumentParser)


def test_man_page(tmp_path: Path) -> None:
    man.main(tmp_path / "man" / "x.1", "9")
    text = (tmp_path / "man" / "x.1").read_text()
    assert text.startswith(".TH PYDBT")
    assert "\\-drive" in text
