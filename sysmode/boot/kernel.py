"""Kernels as distributions ship them: Image, gzip'ed Image, EFI zboot Image, ELF.

Owns: the formats and their checks. Must not know: where RAM is, how the machine gets the bytes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import zstandard

MOST = 1 << 30
"""No kernel is larger, unpacked. It bounds what a small file can make us allocate."""


class BootError(Exception):
    """Why something cannot be booted, in one line."""


@dataclass(frozen=True)
class Segment:
    """`at` is an offset from where the kernel is put, or a physical address (Kernel.absolute).
    Behind `data` are zeroes up to `size`."""

    at: int
    data: bytes
    size: int


@dataclass(frozen=True)
class Kernel:
    """`entry` counts as the segments do."""

    kind: str
    segments: tuple[Segment, ...]
    entry: int
    absolute: bool = False

    @property
    def end(self) -> int:
        """The first byte behind all segments."""
        return max(segment.at + segment.size for segment in self.segments)


def read_kernel(data: bytes, name: str) -> Kernel:
    """The kernel in a file's bytes. BootError says what is wrong with it; `name` is the file's."""
    if data.startswith(b"\x1f\x8b"):
        return _image(_gunzip(data, name), f"{name} (gzip)", "gzip'ed Image")
    if data.startswith(b"MZ") and data[4:8] == b"zimg":
        return _zboot(data, name)
    if data.startswith(b"\x7fELF"):
        return _elf(data, name)
    if data[0x38:0x3C] == b"ARM\x64":
        return _image(data, name, "Image")
    raise BootError(f"{name}: no kernel that can be booted (an Image, gzip, zboot or ELF file)")


# ---- Image (Linux, Documentation/arch/arm64/booting.rst)


def _image(data: bytes, name: str, kind: str) -> Kernel:
    if len(data) < 64 or data[0x38:0x3C] != b"ARM\x64":
        raise BootError(f"{name}: not an arm64 Image")
    text_offset, image_size, flags = struct.unpack_from("<QQQ", data, 8)
    if image_size == 0:  # before Linux 3.17
        text_offset, image_size = 0x80000, len(data)
    if flags & 1:
        raise BootError(f"{name}: a big-endian kernel")
    if text_offset > MOST or image_size > MOST:
        raise BootError(f"{name}: a damaged header: size {image_size:#x}, offset {text_offset:#x}")
    size = max(image_size, len(data))
    return Kernel(kind, (Segment(text_offset, data, size),), text_offset)


# ---- compression


def _gunzip(data: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        result = unpacker.decompress(data, MOST)
    except zlib.error as error:
        raise BootError(f"{name}: damaged gzip data ({error})") from error
    if unpacker.unconsumed_tail:
        raise BootError(f"{name}: more than {MOST >> 20} MiB unpacked")
    if not unpacker.eof:
        raise BootError(f"{name}: the gzip data ends too early")
    return result


def _unzstd(data: bytes, name: str) -> bytes:
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(data)
        result = bytes(reader.read(MOST + 1))
    except (zstandard.ZstdError, MemoryError) as error:
        raise BootError(f"{name}: damaged zstd data ({error})") from error
    if len(result) > MOST:
        raise BootError(f"{name}: more than {MOST >> 20} MiB unpacked")
    return result


def _zboot(data: bytes, name: str) -> Kernel:
    """An EFI program that unpacks itself (Linux, drivers/firmware/efi/libstub/zboot-header.S)."""
    if len(data) < 56:
        raise BootError(f"{name}: the zboot header ends too early")
    offset, size = struct.unpack_from("<II", data, 8)
    method = data[24:56].split(b"\0")[0]
    if offset + size > len(data):
        raise BootError(f"{name}: the zboot payload lies beyond the file's end")
    payload = data[offset : offset + size]
    if method == b"gzip":
        return _image(_gunzip(payload, name), f"{name} (zboot)", "zboot Image, gzip")
    if method in (b"zstd", b"zstd22"):
        return _image(_unzstd(payload, name), f"{name} (zboot)", "zboot Image, zstd")
    text = method.decode("ascii", "replace")
    raise BootError(f"{name}: a zboot kernel packed with {text!r}; gzip and zstd are known")


# ---- ELF


def _elf(data: bytes, name: str) -> Kernel:
    if len(data) < 64:
        raise BootError(f"{name}: the ELF header ends too early")
    kind, machine = struct.unpack_from("<HH", data, 16)
    if data[4:6] != b"\x02\x01" or machine != 183:
        raise BootError(f"{name}: an ELF file, but not of AArch64, 64-bit and little-endian")
    if kind not in (2, 3):
        raise BootError(f"{name}: an ELF file that cannot be loaded (type {kind})")
    entry, table = struct.unpack_from("<QQ", data, 24)
    step, count = struct.unpack_from("<HH", data, 54)
    if count and (step < 56 or table + step * count > len(data)):
        raise BootError(f"{name}: the program headers lie beyond the file's end")
    segments: list[Segment] = []
    physical_entry: int | None = None
    for n in range(count):
        what, _, offset, virtual, physical, in_file, in_memory = struct.unpack_from(
            "<IIQQQQQ", data, table + step * n
        )
        if what != 1 or in_memory == 0:
            continue
        if offset + in_file > len(data) or in_file > in_memory or in_memory > MOST:
            raise BootError(f"{name}: segment {n} has more bytes than the file, or than memory")
        segments.append(Segment(physical, data[offset : offset + in_file], in_memory))
        if virtual <= entry < virtual + in_memory:
            physical_entry = entry - virtual + physical
    if not segments:
        raise BootError(f"{name}: an ELF file without anything to load")
    if physical_entry is None:
        raise BootError(f"{name}: the entry {entry:#x} is in no segment")
    # A vmlinux has kernel addresses as physical ones, too: it lies where an Image would.
    low = min(segment.at for segment in segments)
    if low >> 48 == 0:
        return Kernel("ELF", tuple(segments), physical_entry, absolute=True)
    moved = tuple(Segment(s.at - low, s.data, s.size) for s in segments)
    kernel = Kernel("vmlinux", moved, physical_entry - low)
    if kernel.end > MOST:
        raise BootError(f"{name}: its segments are more than {MOST >> 20} MiB apart")
    return kernel
