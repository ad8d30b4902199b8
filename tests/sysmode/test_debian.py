"""Debian's kernel boots, runs a session with disk and network, and goes down, on every CPU model.

A busybox in an initial RAM disk is the session; what it prints is looked at. The kernel is the
packaged one (tools/debian_kernel.py), the command line QEMU's.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.debian_kernel import Kernel, busybox_disk, find_kernel
from tools.guest_toolchain import find_slirp

TIMEOUT = 240.0
MODULES = ("virtio_mmio", "virtio_blk", "virtio_net", "virtio_rng", "crc32c_generic", "ext4")

MODELS = [
    ("cortex-a57", 1, 2),
    ("cortex-a72", 2, 3),
    ("cortex-a76", 4, 2),
    ("neoverse-n1", 2, 3),
    ("max", 4, 3),
]


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    return find_kernel("trixie", fetch=True)


def command(folder: Path, kernel: Kernel, script: str, *words: str) -> list[str]:
    """The emulator's command line for a session."""
    disk = folder / "initrd"
    disk.write_bytes(busybox_disk(kernel, MODULES, script))
    program = (sys.executable, "-m", "sysmode")
    fixed = ("-machine", "virt", "-nographic", "-m", "512", "-kernel", str(kernel.image))
    return [*program, *fixed, "-initrd", str(disk), "-append", "console=ttyAMA0 quiet", *words]


@pytest.fixture
def environment(build_folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYDBT_BUILD": str(build_folder),
        "PYDBT_LIBSLIRP": str(find_slirp(fetch=True)),
    }


def run(words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        timeout=TIMEOUT,
        check=False,
    )
    text = done.stdout.decode(errors="replace").replace("\r", "")
    assert done.returncode == 0, text
    return text


@pytest.mark.parametrize(("model", "cpus", "gic"), MODELS)
def test_models(
    model: str, cpus: int, gic: int, kernel: Kernel, environment: dict[str, str], tmp_path: Path
) -> None:
    """To the prompt and down again; every CPU is there and takes its timer's interrupts."""
    script = """
        grep -c ^processor /proc/cpuinfo
        for n in $(seq 1 40); do sh -c 'echo $((1 + 1))' | cat > /dev/null & done; wait
        sleep 0.3
        grep arch_timer /proc/interrupts
        seq 1 1000 | awk '{ s += $1 } END { print "sum", s }'
        head -c 1000000 /dev/zero | sha256sum
        dmesg | grep -iE 'bug:|oops|call trace|unhandled' && echo TROUBLE
        leave poweroff -f
    """
    words = ("-cpu", model, "-smp", str(cpus), "-nic", "none")
    text = run(command(tmp_path, kernel, script, *words, "-M", f"gic-version={gic}"), environment)
    lines = text.splitlines()
    assert str(cpus) in lines
    timers = next(line for line in lines if "arch_timer" in line)
    counts = re.findall(r"\d+", timers.split(":")[1])[:cpus]
    assert all(int(count) > 0 for count in counts), timers
    assert "sum 500500" in lines
    assert "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025  -" in lines
    assert "TROUBLE" not in lines


def test_a_disk_is_whole_behind_power_off(
    kernel: Kernel, environment: dict[str, str], tmp_path: Path
) -> None:
    """Files on ext4 outlive a reboot and a power off; fsck on the host finds nothing."""
    image = tmp_path / "disk.img"
    image.write_bytes(b"")
    os.truncate(image, 64 << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", image], check=True)
    script = """
        mount -t ext4 /dev/vda /mnt
        if [ -e /mnt/first ]; then
            sha256sum /mnt/data; cat /mnt/data.sum; umount /mnt; leave poweroff -f
        fi
        touch /mnt/first || leave poweroff -f
        dd if=/dev/urandom of=/mnt/data bs=64k count=200 2>/dev/null
        sha256sum /mnt/data > /mnt/data.sum
        umount /mnt
        echo REBOOTING
        leave reboot -f
    """
    drive = ("-drive", f"if=none,file={image},id=hd0,format=raw")
    device = ("-device", "virtio-blk-device,drive=hd0", "-nic", "none", "-smp", "2")
    text = run(command(tmp_path, kernel, script, *drive, *device), environment)
    assert text.count("REBOOTING") == 1
    sums = re.findall(r"^[0-9a-f]{64}  /mnt/data$", text, re.MULTILINE)
    assert len(sums) == 2
    assert sums[0] == sums[1]
    checked = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.fixture
def web(tmp_path: Path) -> Iterator[int]:
    """A web server on this host; its port."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "file").write_bytes(b"from the host\n" * 10000)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def read_until(process: subprocess.Popen[bytes], word: bytes) -> bytes:
    assert process.stdout is not None
    text = b""
    while word not in text:
        line = process.stdout.readline()
        assert line, text.decode(errors="replace")
        text += line
    return text


def echo(port: int) -> bytes:
    """What comes back. The forward accepts before the guest listens, and is closed then."""
    end = time.monotonic() + TIMEOUT
    answer = b""
    while not answer and time.monotonic() < end:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=60) as client,
        ):
            client.sendall(b"echo")
            client.shutdown(socket.SHUT_WR)
            answer = client.makefile("rb").read()
    return answer


def test_the_network_both_ways(
    kernel: Kernel, environment: dict[str, str], tmp_path: Path, web: int
) -> None:
    """The guest fetches a file of the host's; the host reaches a server of the guest's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = f"""
        ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
        wget -q -O - http://10.0.2.2:{web}/file | sha256sum
        echo LISTENING
        nc -l -p 7 -e cat
        leave poweroff -f
    """
    words = command(
        tmp_path, kernel, script, "-nic", f"user,hostfwd=tcp:127.0.0.1:{port}-:7", "-smp", "2"
    )
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    ) as process:
        try:
            text = read_until(process, b"LISTENING")
            assert echo(port) == b"echo"
            assert process.wait(TIMEOUT) == 0
        finally:
            process.kill()
    expected = subprocess.run(
        ["sha256sum"], input=b"from the host\n" * 10000, capture_output=True, check=True
    )
    assert expected.stdout.strip() in text.replace(b"\r", b"")
