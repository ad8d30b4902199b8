"""Kernel files: every format that is read, and nothing but one clear line from damaged ones."""

from __future__ import annotations

import gzip
import random
import struct

import pytest
import zstandard

from sysmode.boot import kernel as kernel_module
from sysmode.boot.kernel import BootError, Kernel, Segment, read_kernel
from sysmode.boot.layout import MIB, place

RAM = 0x4000_0000


def image(
    size: int = 8192, text_offset: int = 0, image_size: int = 0x10000, flags: int = 2
) -> bytes:
    head = struct.pack("<IIQQQ", 0x91005A4D, 0x14000000, text_offset, image_size, flags)
    return (head.ljust(0x38, b"\0") + b"ARM\x64").ljust(size, b"\xaa")


def zboot(method: bytes, payload: bytes) -> bytes:
    head = b"MZ\0\0zimg" + struct.pack("<II", 512, len(payload)) + bytes(8) + method
    return head.ljust(512, b"\0") + payload + b"\0" * 16


def elf(*segments: tuple[int, int, bytes, int], entry: int, machine: int = 183) -> bytes:
    """Segments of virtual and physical address, contents, size in memory."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    table = 64
    head += struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, entry, table, 0, 0, 64, 56, len(segments), 0, 0, 0
    )
    at = table + 56 * len(segments)
    body = b""
    for virtual, physical, data, size in segments:
        head += struct.pack(
            "<IIQQQQQQ", 1, 7, at + len(body), virtual, physical, len(data), size, 8
        )
        body += data
    return head + body


def test_an_image() -> None:
    kernel = read_kernel(image(text_offset=0x80000), "k")
    assert kernel == Kernel(
        "Image", (Segment(0x80000, image(text_offset=0x80000), 0x10000),), 0x80000
    )
    assert read_kernel(image(image_size=0), "k").entry == 0x80000


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gzip.compress(image()), "gzip'ed Image"),
        (zboot(b"gzip", gzip.compress(image())), "zboot Image, gzip"),
        (zboot(b"zstd", zstandard.compress(image())), "zboot Image, zstd"),
    ],
)
def test_packed_images(data: bytes, kind: str) -> None:
    kernel = read_kernel(data, "k")
    assert kernel.kind == kind
    assert kernel.segments[0].data == image()


def test_elf_files() -> None:
    program = elf((0x4010_0000, 0x4010_0000, b"code", 0x100), entry=0x4010_0002)
    assert read_kernel(program, "k") == Kernel(
        "ELF", (Segment(0x4010_0000, b"code", 0x100),), 0x4010_0002, absolute=True
    )
    high = 0xFFFF_8000_0800_0000
    vmlinux = elf(
        (high, high, b"code", 4), (high + 0x10000, high + 0x10000, b"data", 8), entry=high
    )
    kernel = read_kernel(vmlinux, "k")
    assert (kernel.kind, kernel.entry, kernel.end) == ("vmlinux", 0, 0x10008)
    # An entry that is virtual where the segment is physical.
    assert read_kernel(elf((0x1000, RAM, b"code", 4), entry=0x1002), "k").entry == RAM + 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "k: no kernel that can be booted (an Image, gzip, zboot or ELF file)"),
        (b"#!/bin/sh\n" * 100, "k: no kernel that can be booted"),
        (image(flags=1), "k: a big-endian kernel"),
        (image(image_size=1 << 60), "k: a damaged header"),
        (gzip.compress(image())[:-20], "k: the gzip data ends too early"),
        (b"\x1f\x8b" + bytes(100), "k: damaged gzip data"),
        (gzip.compress(b"other"), "k (gzip): not an arm64 Image"),
        (zboot(b"gzip", b"no gzip"), "k: damaged gzip data"),
        (zboot(b"zstd", b"no zstd"), "k: damaged zstd data"),
        (zboot(b"lzma", b"x"), "k: a zboot kernel packed with 'lzma'; gzip and zstd are known"),
        (zboot(b"gzip", bytes(100))[:300], "k: the zboot payload lies beyond the file's end"),
        (b"MZ\0\0zimg", "k: the zboot header ends too early"),
        (b"\x7fELF", "k: the ELF header ends too early"),
        (elf(entry=0, machine=62), "k: an ELF file, but not of AArch64, 64-bit and little-endian"),
        (elf(entry=0), "k: an ELF file without anything to load"),
        (elf((RAM, RAM, b"code", 2), entry=RAM), "k: segment 0 has more bytes"),
        (elf((RAM, RAM, b"code", 4), entry=0), "k: the entry 0x0 is in no segment"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(BootError) as refused:
        read_kernel(data, "k")
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("method", [b"gzip", b"zstd"])
def test_bombs_do_not_go_off(method: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that unpacks to more than a kernel can be is refused before it is."""
    monkeypatch.setattr(kernel_module, "MOST", MIB)
    payload = bytes(4 * MIB)
    packed = gzip.compress(payload) if method == b"gzip" else zstandard.compress(payload)
    with pytest.raises(BootError, match="k: more than 1 MiB unpacked"):
        read_kernel(zboot(method, packed), "k")


def test_mutants() -> None:
    """Damage of any kind gives a kernel or a BootError, and what is read keeps its bounds."""
    rng = random.Random(5)
    seeds = [
        image(),
        gzip.compress(image()),
        zboot(b"gzip", gzip.compress(image())),
        zboot(b"zstd", zstandard.compress(image())),
        elf((RAM, RAM, b"code" * 100, 0x1000), (RAM + 0x2000, RAM + 0x2000, b"", 4), entry=RAM),
    ]
    read = 0
    for _ in range(4000):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(min(len(data), 256))
            width = rng.choice((1, 2, 4, 8))
            value = rng.choice((0, 1, 0x38, 1 << 31, (1 << 64) - 1, rng.getrandbits(64)))
            data[at : at + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            kernel = read_kernel(bytes(data), "k")
        except BootError:
            continue
        read += 1
        for segment in kernel.segments:
            assert 0 <= segment.at < 1 << 64
            assert len(segment.data) <= segment.size <= 1 << 30
    assert 400 < read < 3600


def test_the_layout_is_qemus() -> None:
    kernel = read_kernel(image(text_offset=0), "k")
    layout = place(kernel, RAM, 2048 * MIB, 5 * MIB, 0x10000)
    assert layout.entry == RAM
    assert layout.initrd == RAM + 128 * MIB
    assert layout.tree == RAM + 134 * MIB
    layout = place(kernel, RAM, 64 * MIB, 0, 0x10000)
    assert (layout.initrd, layout.tree) == (None, RAM + 32 * MIB)
    large = read_kernel(image(image_size=200 * MIB), "k")
    assert place(large, RAM, 512 * MIB, MIB, 0x10000).initrd == RAM + 200 * MIB


def test_ram_may_be_too_small() -> None:
    kernel = read_kernel(image(image_size=40 * MIB), "k")
    with pytest.raises(BootError, match="32 MiB of RAM are too few: the kernel needs 43 MiB"):
        place(kernel, RAM, 32 * MIB, MIB, 0x10000)
    outside = read_kernel(elf((0x1000, 0x1000, b"code", 4), entry=0x1000), "k")
    with pytest.raises(BootError, match="a segment of the kernel at 0x1000 is not in RAM"):
        place(outside, RAM, 32 * MIB, 0, 0)
