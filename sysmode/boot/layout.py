"""Where kernel, initial RAM disk and device tree lie in RAM, and the tree's /chosen about it.

Owns: those places. Must not know: formats of kernels, what else is in the tree.
"""

from __future__ import annotations

from dataclasses import dataclass

from .kernel import BootError, Kernel

MIB = 1 << 20
_ALIGN = 2 * MIB


@dataclass(frozen=True)
class Layout:
    """Physical addresses. `initrd` is None without one."""

    kernel: int
    entry: int
    initrd: int | None
    tree: int


def _up(value: int, alignment: int) -> int:
    return (value + alignment - 1) // alignment * alignment


def place(kernel: Kernel, ram: int, ram_size: int, initrd_size: int, tree_size: int) -> Layout:
    """QEMU's rule: the disk at a half of RAM, 128 MiB at most, or behind the kernel; then the tree.

    BootError when RAM is too small.
    """
    end_of_ram = ram + ram_size
    base = 0 if kernel.absolute else ram
    if kernel.absolute:
        for segment in kernel.segments:
            if segment.at < ram or segment.at + segment.size > end_of_ram:
                raise BootError(
                    f"a segment of the kernel at {segment.at:#x} is not in RAM "
                    f"({ram:#x} to {end_of_ram:#x})"
                )
    end = _up(base + kernel.end, 4096)
    at = max(ram + min(ram_size // 2, 128 * MIB), end)
    initrd = at if initrd_size else None
    tree = _up(at + initrd_size, _ALIGN)
    if tree + tree_size > end_of_ram or end > end_of_ram:
        needed = (max(tree + tree_size, end) - ram + MIB - 1) // MIB
        raise BootError(f"{ram_size // MIB} MiB of RAM are too few: the kernel needs {needed} MiB")
    return Layout(base, base + kernel.entry, initrd, tree)
