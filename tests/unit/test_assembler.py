"""The assembler's encodings against capstone (every form) and keystone (a part of them).

Owns: how two assembler texts are compared. Must not know: encodings, which operands are tried
(tests/tools/x64/x64_forms.cpp writes text and bytes of every form).
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import capstone
import keystone
import pytest

from translator.gen import x64 as gen
from translator.spec.x64 import FORMS

ROOT = Path(__file__).parents[2]
# fmt: off
PREDICATES = [
    "eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord",
    "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true",
    "eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s",
    "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq", "true_us",
]
# fmt: on
"""vcmpps's predicates by immediate (Intel SDM volume 2, CMPPD)."""
CARRYLESS = {"lqlq": 0x00, "hqlq": 0x01, "lqhq": 0x10, "hqhq": 0x11}
"""vpclmulqdq's immediates in capstone's pseudo-mnemonics."""
KEYSTONE_REFUSES = {"movzx", "movsx", "bt", "btc"}
"""Refused in part: 16 bits from 16, bit numbers over 127 (they count modulo the width)."""
KEYSTONE_LACKS = {
    gen.text_of(form)[0] for form in FORMS if form.feature.startswith(("avx512", "gfni"))
}
"""Not assembled at all: keystone enables neither AVX-512 nor what came later."""
SHIFTS = {"rol", "ror", "shl", "shr", "sar"}

GP64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + [f"r{n}" for n in range(8, 16)]


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction as x64_forms wrote it."""

    text: str
    code: bytes


Address = tuple[str, tuple[tuple[str, int], ...], int]
"""Pointer size in text or nothing; registers with factors, sorted; displacement modulo 2^64."""


def _address(text: str) -> Address:
    match = re.fullmatch(r"(?:(\w+) ptr )?(?:ds:)?\[(.*)\]", text)
    if match is None:  # a segment
        return text, (), 0
    pointer, inside = match.groups("")
    registers: list[tuple[str, int]] = []
    disp = 0
    for sign, term in re.findall(r"([-+]?)\s*([^-+\s]+)", inside):
        if term[0].isdigit():
            disp += -int(term, 0) if sign == "-" else int(term, 0)
        else:
            register, _, factor = term.partition("*")
            registers.append((register, int(factor or "1")))
    return pointer, tuple(sorted(registers)), disp % (1 << 64)


def _width(operand: str) -> int:
    if operand.startswith(("xmm", "[")):
        return 8
    if " ptr " in operand:
        sizes = {"byte": 8, "word": 16, "dword": 32, "qword": 64}
        return sizes.get(operand.split()[0], 8)
    if operand in GP64:
        return 64
    if operand.endswith("d") or operand.startswith("e"):
        return 32
    return 8 if operand.endswith(("b", "l", "h")) and operand not in ("bp", "sp") else 16


def _pseudo(mnemonic: str, to_mask: bool) -> tuple[str, int | None]:
    match = re.fullmatch(r"vpcmp(eq|lt|le|neq|nlt|nle)(u?[bwdq])", mnemonic)
    if match and to_mask:
        return f"vpcmp{match[2]}", PREDICATES.index(match[1])
    match = re.fullmatch(r"vcmp(\w+)([ps][sd])", mnemonic)
    if match:
        return f"vcmp{match[2]}", PREDICATES.index(match[1])
    match = re.fullmatch(r"vpclmul(\w+)dq", mnemonic)
    if match and match[1] in CARRYLESS:
        return "vpclmulqdq", CARRYLESS[match[1]]
    return mnemonic, None


Reading = tuple[str, tuple[object, ...]]


def read(text: str, end: int = 0) -> Reading:
    """A text in a form in which equal instructions are equal; `end` is what rip is."""
    if text.startswith("("):
        return text, ()
    prefix = "lock " if text.startswith("lock ") else ""
    mnemonic, _, rest = text.removeprefix("lock ").partition(" ")
    operands = [o.strip() for o in rest.split(",")] if rest else []
    mnemonic, immediate = _pseudo(mnemonic, bool(operands) and operands[0].startswith("k"))
    result: list[object] = []
    for operand in operands:
        if "[" in operand:
            result.append(_address(operand.replace("rip", hex(end))))
        elif operand[0] in "-0123456789":
            result.append(int(operand, 0) % (1 << _width(operands[0])))
        else:
            result.append(operand)
    if immediate is not None:
        result.append(immediate)
    if mnemonic == "sha256rnds2":
        result = result[:2]  # the third, xmm0, is implied
    if mnemonic in SHIFTS and len(result) == 1:
        result.append(1)
    if mnemonic in ("xchg", "test"):
        result.sort(key=str)
    return prefix + mnemonic, tuple(result)


def same(expected: Reading, got: Reading) -> bool:
    """Whether two readings are one instruction; an address without a size is of any size."""
    if expected[0] != got[0] or len(expected[1]) != len(got[1]):
        return False
    for x, y in zip(expected[1], got[1], strict=True):
        if isinstance(x, tuple) and isinstance(y, tuple):
            if x[1:] != y[1:] or (x[0] and x[0] != y[0]):
                return False
        elif x != y:
            return False
    return True


@pytest.fixture(scope="module")
def lines(build_folder: Path) -> list[Line]:
    """All that x64_forms writes."""
    run = subprocess.run(
        [build_folder / "tests/x64_forms"], capture_output=True, text=True, check=True
    )
    rows = (line.split("\t") for line in run.stdout.splitlines())
    return [Line(text, bytes.fromhex(code)) for text, code in rows]


@pytest.fixture(scope="module")
def disassembler() -> capstone.Cs:
    """capstone in Intel syntax."""
    return capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)


def disassemble(disassembler: capstone.Cs, code: bytes) -> str:
    """The one instruction that `code` is, or what is wrong with it."""
    found = list(disassembler.disasm_lite(code, 0))
    if len(found) != 1 or found[0][1] != len(code):
        return f"(not one instruction of {len(code)} bytes)"
    _, _, mnemonic, operands = found[0]
    return f"{mnemonic} {operands}".strip()


def test_all_forms_are_there(lines: list[Line]) -> None:
    """The tool knows every mnemonic of the spec."""
    written = {line.text.removeprefix("lock ").split()[0] for line in lines}
    assert written == {gen.text_of(form)[0] for form in FORMS}


def test_forms_are_used() -> None:
    """Every mnemonic of the spec is emitted somewhere."""
    text = "".join(path.read_text() for path in (ROOT / "translator").glob("*/*.[ch]pp"))
    words = {word.removeprefix("lock_") for word in re.findall(r"\w+", text)}
    assert {form.mnemonic for form in FORMS} <= words


@pytest.mark.sanitize
def test_capstone_reads_what_was_meant(lines: list[Line], disassembler: capstone.Cs) -> None:
    """Every instruction is one instruction and the right one."""
    wrong = []
    for line in lines:
        text = disassemble(disassembler, line.code)
        if not same(read(line.text), read(text)):
            wrong.append(f"{line.text} is {line.code.hex()}: {text}")
    assert not wrong, f"{len(wrong)} of {len(lines)}:\n" + "\n".join(wrong[:40])


def test_keystone_agrees(lines: list[Line], disassembler: capstone.Cs) -> None:
    """keystone's bytes for the text are ours, or say the same another way."""
    assembler = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_64)
    wrong = []
    refused = set()
    for line in lines:
        mnemonic = line.text.removeprefix("lock ").split()[0]
        try:
            code, _ = assembler.asm(line.text, as_bytes=True)
        except keystone.KsError:
            refused.add(mnemonic)
            continue
        if code == line.code:
            continue
        text = disassemble(disassembler, code)
        # Absolute addresses become rip-relative; for one form of mov keystone forgets its length.
        if not any(same(read(line.text), read(text, end)) for end in (len(code), 0)):
            wrong.append(f"{line.text} is {line.code.hex()}, keystone: {code.hex()} {text}")
    assert refused - KEYSTONE_LACKS == KEYSTONE_REFUSES
    assert not wrong, f"{len(wrong)} of {len(lines)}:\n" + "\n".join(wrong[:40])


def test_a_wrong_byte_is_seen(lines: list[Line], disassembler: capstone.Cs) -> None:
    """The comparison tells instructions apart that differ in one register."""
    pairs = [line for line in lines if re.fullmatch(r"add r\w+, r\w+", line.text)]
    assert pairs
    for line in pairs:
        code = line.code[:-1] + bytes([line.code[-1] ^ 1])
        assert not same(read(line.text), read(disassemble(disassembler, code)))
