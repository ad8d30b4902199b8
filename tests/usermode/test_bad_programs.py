"""What cannot be run: messages, and statuses 126 and 127, never a crash."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.usermode.support import Launcher, Run, message

# elf(5).
ET_EXEC, ET_DYN, ET_REL, ET_CORE = 2, 3, 1, 4
EM_386, EM_ARM, EM_X86_64, EM_AARCH64, EM_RISCV = 3, 40, 62, 183, 243
PT_LOAD, PT_INTERP = 1, 3
R, W, X = 4, 2, 1
EHDR, PHDR = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ"
BASE = 0x400000
EXIT_7 = struct.pack("<3I", 0xD2800BA8, 0xD28000E0, 0xD4000001)  # exit(7)


@dataclass
class Segment:
    vaddr: int
    offset: int
    file_size: int
    memory_size: int
    flags: int = R | X
    kind: int = PT_LOAD
    align: int = 0x1000

    def bytes(self) -> bytes:
        return struct.pack(
            PHDR, self.kind, self.flags, self.offset, self.vaddr, self.vaddr, self.file_size,
            self.memory_size, self.align,
        )  # fmt: skip


@dataclass
class Elf:
    """A small ELF file; the defaults run and exit with status 7."""

    segments: list[Segment] = field(default_factory=list)
    magic: bytes = b"\x7fELF"
    word_class: int = 2
    data: int = 1
    ident_version: int = 1
    kind: int = ET_EXEC
    machine: int = EM_AARCH64
    version: int = 1
    entry: int = BASE + 0x200
    phentsize: int = 56
    phoff: int = 64
    phnum: int | None = None
    extra: dict[int, bytes] = field(default_factory=dict)

    def bytes(self) -> bytes:
        segments = self.segments or [Segment(BASE, 0, 0x300, 0x300)]
        ident = self.magic + bytes([self.word_class, self.data, self.ident_version])
        count = len(segments) if self.phnum is None else self.phnum
        head = struct.pack(
            EHDR, ident.ljust(16, b"\0"), self.kind, self.machine, self.version, self.entry,
            self.phoff, 0, 0, 64, self.phentsize, count, 0, 0, 0,
        )  # fmt: skip
        table = b"".join(segment.bytes() for segment in segments)
        image = bytearray((head + table).ljust(0x300, b"\0"))
        image[0x200 : 0x200 + len(EXIT_7)] = EXIT_7
        for offset, content in self.extra.items():
            image = image.ljust(offset + len(content), b"\0")
            image[offset : offset + len(content)] = content
        return bytes(image)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "program"
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    return write


Write = Callable[[bytes], Path]


def test_the_small_file_runs(tiered: Launcher, write: Write) -> None:
    assert tiered.run(write(Elf().bytes())) == Run(7, "", "")
    assert tiered.run(write(Elf(kind=ET_DYN).bytes())) == Run(7, "", "")
    moved = Elf(segments=[Segment(0, 0, 0x300, 0x300)], kind=ET_DYN, entry=0x200)
    assert tiered.run(write(moved.bytes())) == Run(7, "", "")


HEADERS = [
    (Elf(magic=b"\x7fELG"), "not an ELF file"),
    (Elf(word_class=1), "a 32-bit ELF file; only AArch64 programs are supported"),
    (Elf(data=2), "a big-endian ELF file; only little-endian AArch64 programs are supported"),
    (Elf(machine=EM_X86_64), "an ELF file for x86-64, not for AArch64"),
    (Elf(machine=EM_386), "an ELF file for i386, not for AArch64"),
    (Elf(machine=EM_ARM), "an ELF file for 32-bit Arm, not for AArch64"),
    (Elf(machine=EM_RISCV), "an ELF file for RISC-V, not for AArch64"),
    (Elf(machine=0x1234), "an ELF file for another machine, not for AArch64"),
    (Elf(ident_version=0), "an ELF file of an unknown version"),
    (Elf(version=7), "an ELF file of an unknown version"),
    (Elf(kind=ET_REL), "an ELF file that is no program (neither ET_EXEC nor ET_DYN)"),
    (Elf(kind=ET_CORE), "an ELF file that is no program (neither ET_EXEC nor ET_DYN)"),
    (Elf(phentsize=32), "damaged: wrong size of program headers"),
    (Elf(phnum=0), "damaged: no program headers"),
    (Elf(phnum=0xFFFF), "damaged: too many program headers"),
    (Elf(phoff=0x10000), "damaged: program headers are not in the file (truncated?)"),
    (Elf(phoff=2**64 - 1), "damaged: program headers are not in the file (truncated?)"),
    (Elf(phnum=512), "damaged: program headers are not in the file (truncated?)"),
    (Elf(segments=[Segment(BASE, 0, 9, 9, kind=4)]), "damaged: nothing to load"),
    (Elf(segments=[Segment(BASE, 0, 0, 0)]), "damaged: nothing to load"),
]


@pytest.mark.parametrize(("elf", "text"), HEADERS, ids=range(len(HEADERS)))
def test_headers(elf: Elf, text: str, pydbt: Launcher, write: Write) -> None:
    path = write(elf.bytes())
    assert message(pydbt.run(path), 126) == f"{path}: {text}"


TOP = 1 << 47
SEGMENTS = [
    (Segment(BASE, 0, 0x300, 0x200), "is larger in the file than in memory"),
    (Segment(BASE, 0, 0x301, 0x301), "is not all in the file (truncated?)"),
    (Segment(BASE, 2**64 - 0x1000, 0x300, 0x300), "is not all in the file (truncated?)"),
    (Segment(BASE, 0x1000, 1, 1), "is not all in the file (truncated?)"),
    (Segment(BASE, 0, 2**64 - 1, 2**64 - 1), "is not all in the file (truncated?)"),
    (Segment(BASE + 8, 0, 0x300, 0x300), "is not aligned as its file offset is"),
    (Segment(TOP, 0, 0x300, 0x300), "is beyond the address space"),
    (Segment(TOP - 0x1000, 0, 0x300, 0x300), "is beyond the address space"),
    (Segment(2**64 - 0x1000, 0, 0x300, 0x300), "is beyond the address space"),
    (Segment(2**63, 0, 0x300, 0x300), "is beyond the address space"),
    (Segment(BASE, 0, 0x300, 2**64 - 1), "is beyond the address space"),
    (Segment(BASE, 0, 0x300, 2**64 - BASE), "is beyond the address space"),
]


@pytest.mark.parametrize(("segment", "text"), SEGMENTS, ids=range(len(SEGMENTS)))
def test_segments(segment: Segment, text: str, pydbt: Launcher, write: Write) -> None:
    path = write(Elf(segments=[segment]).bytes())
    wanted = f"{path}: damaged: the segment at {segment.vaddr:#x} {text}"
    assert message(pydbt.run(path), 126) == wanted


@pytest.mark.parametrize("second", [BASE, BASE + 0x200, BASE - 0x10000])
def test_segments_that_overlap_or_descend(second: int, pydbt: Launcher, write: Write) -> None:
    segments = [Segment(BASE, 0, 0x300, 0x300), Segment(second, second % 0x1000, 0x100, 0x20000)]
    path = write(Elf(segments=segments).bytes())
    wanted = f"{path}: damaged: the segment at {second:#x} overlaps the one before it"
    assert message(pydbt.run(path), 126) == wanted


def test_segments_that_share_a_page(tiered: Launcher, write: Write) -> None:
    segments = [
        Segment(BASE, 0, 0x250, 0x250),
        Segment(BASE + 0x250, 0x250, 0xB0, 0x5000, R | W),
        Segment(BASE + 0x6000, 0, 0x300, 0x300),
    ]
    elf = Elf(segments=segments, entry=BASE + 0x6200)
    assert tiered.run(write(elf.bytes())) == Run(7, "", "")


def test_address_the_kernel_keeps(pydbt: Launcher, write: Write) -> None:
    run = pydbt.run(write(Elf(segments=[Segment(0, 0, 0x300, 0x300)], entry=0x200).bytes()))
    if run != Run(7, "", ""):  # page 0 is for the privileged, or for nobody
        assert "cannot be mapped at 0x0" in message(run, 126)


def test_more_memory_than_there_is(pydbt: Launcher, write: Write) -> None:
    huge = 0x600000000000  # of 0x800000000000
    path = write(Elf(segments=[Segment(BASE, 0, 0x300, huge, R | W)]).bytes())
    wanted = f"{path}: cannot be mapped at 0x400000 ({huge:#x} bytes): something else is there"
    assert message(pydbt.run(path), 126) == wanted


def test_entry_outside(tiered: Launcher, write: Write) -> None:
    for entry in (0, BASE + 0x10000):
        run = tiered.run(write(Elf(entry=entry).bytes()))
        assert run.status == -11
        assert "SIGSEGV at pc" in run.stderr


def test_entry_beyond_the_address_space(pydbt: Launcher, write: Write) -> None:
    """The kernel refuses such a file, too (BAD_ADDR in fs/binfmt_elf.c)."""
    for entry in (TOP, 2**64 - 4):
        path = write(Elf(entry=entry).bytes())
        wanted = f"{path}: damaged: its entry point is beyond the address space"
        assert message(pydbt.run(path), 126) == wanted


def test_an_alignment_that_cannot_be(pydbt: Launcher, write: Write) -> None:
    segment = Segment(0, 0, 0x300, 0x300, align=1 << 63)
    path = write(Elf(segments=[segment], kind=ET_DYN, entry=0x200).bytes())
    assert "cannot be mapped" in message(pydbt.run(path), 126)


def test_truncated_everywhere(pydbt: Launcher, write: Write) -> None:
    whole = Elf().bytes()
    boundaries = {0, 1, 3, 4, 5, 6, 7, 15, 16, 18, 20, 24, 32, 40, 48, 52, 54, 56, 58, 60, 62, 63}
    boundaries |= {64, 68, 72, 80, 88, 96, 104, 112, 119, 120, 0x1FF, 0x200, len(whole) - 1}
    for size in sorted(boundaries):
        path = write(whole[:size])
        text = message(pydbt.run(path), 126).removeprefix(f"{path}: ")
        assert text in {
            "is empty",
            "not an ELF file",
            "a 32-bit ELF file; only AArch64 programs are supported",
            "a big-endian ELF file; only little-endian AArch64 programs are supported",
            "an ELF file for another machine, not for AArch64",
            "an ELF file of an unknown version",
            "damaged: wrong size of program headers",
            "damaged: shorter than an ELF header (truncated?)",
            "damaged: program headers are not in the file (truncated?)",
            "damaged: the segment at 0x400000 is not all in the file (truncated?)",
        } or (size < 64 and text.startswith("damaged: ")), (size, text)
    assert pydbt.run(write(whole)).status == 7


# --- interpreters -------------------------------------------------------------------------------


def dynamic(name: bytes, size: int | None = None) -> Elf:
    segments = [
        Segment(BASE, 0, 0x300, 0x300),
        Segment(BASE, 0x280, len(name) if size is None else size, 1, kind=PT_INTERP),
    ]
    return Elf(segments=segments, extra={0x280: name})


def test_interpreter_missing(pydbt: Launcher, write: Write) -> None:
    path = write(dynamic(b"/nonexistent/ld.so\0").bytes())
    assert message(pydbt.run(path), 127) == (
        f"{path}: its interpreter /nonexistent/ld.so is not there; give the folder that has it "
        "with -L"
    )


@pytest.mark.parametrize("size", [0, 1, 5, 0x10000, 2**64 - 1])
def test_interpreter_names_that_are_wrong(size: int, pydbt: Launcher, write: Write) -> None:
    path = write(dynamic(b"/nonexistent/ld.so\0", size).bytes())
    assert message(pydbt.run(path), 126) == f"{path}: damaged: a bad interpreter name"


def test_interpreter_without_a_name(pydbt: Launcher, write: Write) -> None:
    path = write(dynamic(b"\0\0", 2).bytes())
    assert message(pydbt.run(path), 126) == f"{path}: damaged: its interpreter has no name"


def test_interpreter_of_the_wrong_kind(pydbt: Launcher, write: Write, tmp_path: Path) -> None:
    other = tmp_path / "ld.so"
    path = write(dynamic(bytes(other) + b"\0").bytes())
    other.write_bytes(Elf(machine=EM_X86_64).bytes())
    other.chmod(0o755)
    assert message(pydbt.run(path), 126) == f"{other}: an ELF file for x86-64, not for AArch64"
    other.write_bytes(dynamic(b"/lib/x\0").bytes())
    found = message(pydbt.run(path), 126)
    assert found.startswith(f"{other}: ")


def test_interpreter_starts_the_program(tiered: Launcher, write: Write, tmp_path: Path) -> None:
    other = tmp_path / "ld.so"
    other.write_bytes(Elf(segments=[Segment(0, 0, 0x300, 0x300)], kind=ET_DYN, entry=0x200).bytes())
    other.chmod(0o755)
    # The program's own entry would fault: the interpreter's is run.
    elf = dynamic(bytes(other) + b"\0")
    elf.entry = BASE
    assert tiered.run(write(elf.bytes())) == Run(7, "", "")


# --- files --------------------------------------------------------------------------------------


def test_missing(pydbt: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "no such file"
    assert message(pydbt.run(path), 127) == f"{path}: No such file or directory"
    below = Path("/etc/passwd/x")
    assert message(pydbt.run(below), 127) == f"{below}: Not a directory"


def test_folder(pydbt: Launcher, tmp_path: Path) -> None:
    assert message(pydbt.run(tmp_path), 126) == f"{tmp_path}: is a directory"


def test_not_executable(pydbt: Launcher, write: Write) -> None:
    path = write(Elf().bytes())
    path.chmod(0o644)
    assert message(pydbt.run(path), 126) == f"{path}: Permission denied"


def test_device(pydbt: Launcher) -> None:
    assert message(pydbt.run("/dev/null"), 126) == "/dev/null: Permission denied"


def test_fifo_does_not_hang(pydbt: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path, 0o755)
    assert message(pydbt.run(path), 126) == f"{path}: not a regular file"


def test_script(pydbt: Launcher, write: Write) -> None:
    path = write(b"#!/bin/sh\nexit 3\n")
    assert message(pydbt.run(path), 126) == f"{path}: not an ELF file"


def test_name_too_long(pydbt: Launcher) -> None:
    path = "/" + "x" * 5000
    assert message(pydbt.run(path), 127) == f"{path}: File name too long"


def test_loop_of_links(pydbt: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert message(pydbt.run(path), 127).startswith(f"{path}: Too many levels")


def test_name_with_line_break(pydbt: Launcher, tmp_path: Path) -> None:
    # The message stays one line.
    text = message(pydbt.run(tmp_path / "a\nb"), 127)
    assert text == f"{tmp_path}/a?b: No such file or directory"
