"""Text rows of tests/cases: one case a line, with what it must end in.

Owns: their syntax. Must not know: who runs them.

    code="adds w1, w2, #1" x2=-1 => x1=0 nzcv=ZC

Before `=>` the state the code starts in, after it what has changed; everything else must be as it
was. `code` is assembled by keystone (instructions apart by `;`), or `word=0x...,0x...` gives the
words, which capstone must call what `text` says; of words that capstone does not know `asm` says
what LLVM's assembler makes them of. Targets of branches and of literal loads are
offsets from the start. Registers that are not given hold values that appear nowhere else.

| item | value |
|---|---|
| `x0`..`x30`, `sp`; `w0`.. | a number, or `m+8`: an address in the window of data |
| `v0` | 128 bits as a number |
| `v0.4s` (`.16b .8h .4s .2d .8b .4h .2s .1d`) | elements from the lowest, with commas |
| `b0 h0 s0 d0 q0` | the lowest element, above it zero |
| `m+16` | bytes of the window in hexadecimal |
| `nzcv` | the letters that are set, or `-` |
| `fpcr` | names with `|`: RP RM RZ FZ DN AHP FZ16 EBF NEP AH FIZ, or a number |
| `fpsr` | names with `|`: IOC DZC OFC UFC IXC IDC QC, or a number |
| `pc` | after `=>`: bytes from the start; else the end of the code, where no fault is expected |
| `outcome` | after `=>`: an outcome of tests/tools/case_format.hpp; `end` if not given |

Numbers are as in Python, and `inf`, `nan` (quiet, no payload), `1.5`, `0x1p-3` in floating-point
elements.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import capstone

from .record import OUTCOMES, WINDOW, WINDOW_BYTES, Case, Registers, Result

_M64 = (1 << 64) - 1
_ITEM = re.compile(r'([a-z][a-z0-9.+]*)=("[^"]*"|\S+)$')
_SPLIT = re.compile(r'(?:[^\s"]|"[^"]*")+')
_WIDTHS = {"b": 8, "h": 16, "s": 32, "d": 64, "q": 128}
_FLOATS = {16: "e", 32: "f", 64: "d"}
FPCR_BITS = {"RZ": 3 << 22, "RP": 1 << 22, "RM": 2 << 22, "FZ": 1 << 24, "DN": 1 << 25,
             "AHP": 1 << 26, "FZ16": 1 << 19, "EBF": 1 << 13, "NEP": 4, "AH": 2,
             "FIZ": 1}  # fmt: skip
FPSR_BITS = {"IOC": 1, "DZC": 2, "OFC": 4, "UFC": 8, "IXC": 16, "IDC": 128, "QC": 1 << 27}
_FLAGS = {"N": 1 << 31, "Z": 1 << 30, "C": 1 << 29, "V": 1 << 28}


class RowError(ValueError):
    """A row that cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A case and its result, and where they were read."""

    where: str
    text: str
    case: Case
    expected: Result


def _poison() -> Case:
    x = [0xA5A5_0000_0000_0000 + n * 0x0101_0101_0101 for n in range(31)]
    v = b"".join(bytes((16 * n + i) ^ 0x5A & 0xFF for i in range(16)) for n in range(16))
    v += bytes(b ^ 0xC3 for b in v)
    memory = bytes((n * 7 + (n >> 8) * 13) & 0xFF for n in range(WINDOW_BYTES))
    return Case([], Registers([*x, WINDOW + WINDOW_BYTES // 2], 0, 0, 0, 0, v), memory)


PLAIN = _poison()
"""What a row that names nothing starts from."""


def _integer(text: str) -> int:
    if text.startswith("m"):
        return WINDOW + int(text[1:] or "0", 0)
    return int(text, 0)


def _element(text: str, width: int) -> int:
    """One element: an integer, or a number with a point, an exponent or a name."""
    bare = text.lstrip("+-")
    floating = width in _FLOATS and (
        bare in ("inf", "nan")
        or "p" in bare
        or ("." in bare or ("e" in bare and not bare.startswith("0x")))
    )
    if not floating:
        return int(text, 0) & ((1 << width) - 1)
    if bare == "nan":
        value = int.from_bytes(struct.pack("<" + _FLOATS[width], float("nan")), "little")
        value &= (1 << (width - 1)) - 1
        return value | (text[0] == "-") << (width - 1)
    number = float.fromhex(text) if "p" in bare else float(text)
    return int.from_bytes(struct.pack("<" + _FLOATS[width], number), "little")


def _bits(text: str, names: dict[str, int]) -> int:
    if text == "-":
        return 0
    if text[0].isdigit():
        return int(text, 0)
    total = 0
    for name in text.split("|"):
        total |= names[name]
    return total


def _vector(name: str, text: str) -> tuple[int, bytes]:
    register, _, shape = name.partition(".")
    n = int(register[1:])
    if not shape:
        width = _WIDTHS.get(register[0], 128)
        return n, _element(text, width).to_bytes(16, "little")
    count, width = int(shape[:-1]), _WIDTHS[shape[-1]]
    elements = text.split(",")
    if len(elements) != count or count * width not in (64, 128):
        raise ValueError(f"{name} wants {count} elements")
    return n, b"".join(_element(e, width).to_bytes(width // 8, "little") for e in elements).ljust(
        16, b"\0"
    )


def _set(registers: Registers, memory: bytearray, name: str, text: str) -> None:
    """Changes one item of a state."""
    if name == "sp" or re.fullmatch(r"[xw]\d+", name):
        value = _integer(text) & (_M64 if name[0] != "w" else 0xFFFFFFFF)
        registers.x[31 if name == "sp" else int(name[1:])] = value
    elif re.fullmatch(r"[bhsdqv]\d+(\.\d+[bhsd])?", name):
        n, value_bytes = _vector(name, text)
        registers.v = registers.v[: 16 * n] + value_bytes + registers.v[16 * n + 16 :]
    elif name[0] == "m" and name[1:2] in ("", "+"):
        at, data = int(name[1:] or "0", 0), bytes.fromhex(text)
        if at + len(data) > len(memory):
            raise ValueError(f"{name} does not fit the window")
        memory[at : at + len(data)] = data
    elif name == "nzcv":
        registers.nzcv = _bits("|".join(text), _FLAGS)
    elif name == "fpcr":
        registers.fpcr = _bits(text, FPCR_BITS)
    elif name == "fpsr":
        registers.fpsr = _bits(text, FPSR_BITS)
    elif name == "pc":
        registers.pc = int(text, 0) & _M64
    else:
        raise ValueError(f"no item is called {name}")


def _assemble(code: str) -> list[int]:
    import keystone  # here: the fuzzer does without it

    assembler = keystone.Ks(keystone.KS_ARCH_ARM64, keystone.KS_MODE_LITTLE_ENDIAN)
    try:
        encoded, _ = assembler.asm(code, 0, as_bytes=True)
    except keystone.KsError as error:
        raise ValueError(f"keystone: {error}") from None
    if not encoded:
        raise ValueError("keystone: no code")
    return list(struct.unpack(f"<{len(encoded) // 4}I", encoded))


@cache
def _disassembler() -> capstone.Cs:
    return capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)


def disassembly(word: int) -> str:
    """capstone's text of an instruction."""
    for i in _disassembler().disasm(word.to_bytes(4, "little"), 0):
        return f"{i.mnemonic} {i.op_str}".strip()
    return f".word {word:#010x}"


def _items(half: str) -> list[tuple[str, str]]:
    items = []
    for token in _SPLIT.findall(half):
        found = _ITEM.match(token)
        if found is None:
            raise ValueError(f"cannot read {token}")
        items.append((found[1], found[2].strip('"')))
    return items


def parse(text: str, where: str) -> Row:
    """Reads one row.

    Raises:
        RowError: it cannot be read or assembled.
    """
    try:
        return _parse(text, where)
    except (ValueError, KeyError, OverflowError) as error:
        raise RowError(f"{where}: {error}") from None


def _parse(text: str, where: str) -> Row:
    before, arrow, after = text.partition("=>")
    if not arrow:
        raise ValueError("no =>")
    case = _poison()
    memory = bytearray(case.memory)
    for name, value in _items(before):
        if name == "code":
            case.words += _assemble(value)
        elif name == "word":
            case.words += [int(w, 0) for w in value.split(",")]
        elif name == "text":
            said = "; ".join(disassembly(w) for w in case.words)
            if said != value:
                raise ValueError(f"capstone says {said}")
        elif name == "asm":
            if value.count(";") != len(case.words) - 1:
                raise ValueError(f"{len(case.words)} words are not {value}")
        else:
            _set(case.registers, memory, name, value)
    if not case.words:
        raise ValueError("no code")
    case.memory = bytes(memory)
    r = case.registers
    end = replace(r, x=list(r.x), pc=4 * len(case.words))
    outcome = "end"
    for name, value in _items(after):
        if name == "outcome":
            if value not in OUTCOMES:
                raise ValueError(f"no outcome is called {value}")
            outcome = value
            end.pc = 0
    for name, value in _items(after):
        if name != "outcome":
            _set(end, memory, name, value)
    return Row(where, text, case, Result(outcome, 0, False, end, bytes(memory)))


def read(path: Path) -> list[Row]:
    """The rows of a file; `#` starts a comment line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        parse(line, f"{path.name}:{n}")
        for n, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


# ---- writing


def _names(value: int, names: dict[str, int]) -> str:
    found, left = [], value
    for name, bits in names.items():
        if left & bits == bits:
            found.append(name)
            left &= ~bits
    return "|".join(found) if found and not left else f"{value:#x}"


def _changes(a: Registers, b: Registers, memory: bytes, other: bytes) -> list[str]:
    items = [f"{'sp' if n == 31 else f'x{n}'}={b.x[n]:#x}" for n in range(32) if a.x[n] != b.x[n]]
    items += [f"v{n}={b.v_of(n):#x}" for n in range(32) if a.v_of(n) != b.v_of(n)]
    if a.nzcv != b.nzcv:
        items.append(f"nzcv={''.join(f for f, bit in _FLAGS.items() if b.nzcv & bit) or '-'}")
    if a.fpcr != b.fpcr:
        items.append(f"fpcr={_names(b.fpcr, FPCR_BITS)}")
    if a.fpsr != b.fpsr:
        items.append(f"fpsr={_names(b.fpsr, FPSR_BITS)}")
    for n in range(0, WINDOW_BYTES, 16):
        if memory[n : n + 16] != other[n : n + 16]:
            items.append(f"m+{n}={other[n : n + 16].hex()}")
    return items


def row_of(case: Case, expected: Result | None) -> str:
    """A row that says the same as a case."""
    words = ",".join(f"{w:#010x}" for w in case.words)
    start = _changes(PLAIN.registers, case.registers, PLAIN.memory, case.memory)
    items = [f"word={words}", *start, "=>"]
    if expected is None:
        return " ".join([*items, "?"])
    end = replace(case.registers, pc=4 * len(case.words))
    if expected.outcome != "end":
        items.append(f"outcome={expected.outcome}")
        end.pc = 0
    if expected.registers.pc != end.pc:
        items.append(f"pc={expected.registers.pc}")
    return " ".join([*items, *_changes(end, expected.registers, case.memory, expected.memory)])
