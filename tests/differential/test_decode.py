"""The decoder and the disassembler against capstone.

Owns: which words are compared, where capstone errs or knows extensions that we do not have. Must
not know: encodings (spec/a64 has them).
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import capstone
import pytest

from tests.differential import exclusions
from translator.spec.a64 import chapters, load
from translator.spec.a64.core import Pattern
from translator.spec.sysregs import SYSOPS, SYSREGS

BUILD = Path(os.environ.get("PYDBT_BUILD", Path(__file__).parents[2] / "build/dev"))
PATTERNS = {p.name: p for p in load()}
CHAPTERS = chapters()

DRAWN = 250
"""Words of each pattern; all of them where it has no more than EXHAUSTIVE bits."""
EXHAUSTIVE = 11
RANDOM = 1_000_000
MUTATED = 200
"""Words of each pattern with one to three bits flipped: what is next to an instruction."""

Values = dict[str, int]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Words of some patterns that capstone does not decode, and exactly those."""

    patterns: tuple[str, ...]
    reason: str
    holds: Callable[[Values], bool]


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of some patterns that capstone writes otherwise: `holds(fields, ours, theirs)`."""

    patterns: tuple[str, ...]
    reason: str
    holds: Callable[[Values, str, str], bool]


@dataclass(frozen=True, slots=True)
class Extension:
    """Instructions that capstone knows and we do not: by mnemonic, operands, or the word.

    `example` is a word that random ones would hardly hit.
    """

    name: str
    reason: str
    mnemonic: str
    operands: str = ""
    word: Callable[[int], bool] = lambda _: True
    example: int = 0

    def has(self, word: int, mnemonic: str, operands: str) -> bool:
        """Whether an instruction is one of these."""
        return (
            self.word(word)
            and re.fullmatch(self.mnemonic, mnemonic) is not None
            and re.search(self.operands, operands) is not None
        )


def _writes_back(v: Values) -> bool:
    return v["idx"] in (1, 3) and v["rn"] != 31 and v["rn"] in (v["rt"], v["rt2"])


_AFTER_CAPSTONE = frozenset({"CSSC", "LSE128", "LRCPC3"})
"""Features that capstone 5 has never heard of; tests/cases has rows of LLVM's encodings."""

REJECTED = (
    Rejected(
        tuple(p.name for p in PATTERNS.values() if p.feature in _AFTER_CAPSTONE),
        "newer than capstone",
        lambda v: True,
    ),
    Rejected(
        ("LDXP", "LDP_v"),
        "loading a pair into one register is CONSTRAINED UNPREDICTABLE; CPUs and QEMU execute it",
        lambda v: v["rt"] == v["rt2"],
    ),
    Rejected(
        ("STP",),
        "write-back to a register that is stored is CONSTRAINED UNPREDICTABLE; CPUs and QEMU "
        "execute it",
        _writes_back,
    ),
    Rejected(
        ("LDP", "LDPSW"),
        "both of the above",
        lambda v: v["rt"] == v["rt2"] or _writes_back(v),
    ),
    Rejected(
        ("LDST_post", "LDST_pre"),
        "write-back to a register that is loaded is CONSTRAINED UNPREDICTABLE; CPUs and QEMU "
        "execute it; capstone minds but for opc 2",
        lambda v: v["opc"] & 1 == 1 and v["rn"] == v["rt"] != 31,
    ),
    Rejected(
        ("LDRA",),
        "the same",
        lambda v: v["w"] == 1 and v["rn"] == v["rt"] != 31,
    ),
    Rejected(("STGP",), "capstone has no STGP", lambda v: True),
    Rejected(
        ("LDST_unprivileged",),
        "capstone takes these for forms with write-back; they have none",
        lambda v: v["opc"] & 1 == 1 and v["rn"] == v["rt"] != 31,
    ),
)


def _is_wide(text: str) -> bool:
    """Whether an immediate has at most one 16-bit part that is not all zeros (or all ones)."""
    width = 64 if " x" in text or " sp" in text else 32
    value = int(text.partition("#")[2], 16) % 2**width
    parts = [value >> i & 0xFFFF for i in range(0, width, 16)]
    return len(parts) - 1 in (parts.count(0), parts.count(0xFFFF)) or len(set(parts)) == 1


def _mov_bitmask(_: Values, ours: str, theirs: str) -> bool:
    moved = re.sub(r"^orr (\w+), [wx]zr, ", r"mov \1, ", ours)
    return moved != ours and number_forms(moved) == number_forms(theirs) and _is_wide(moved)


def _register_name(v: Values) -> str:
    return f"s{v['o0'] + 2}_{v['op1']}_c{v['crn']}_c{v['crm']}_{v['op2']}"


def _no_row(v: Values, ours: str, theirs: str) -> bool:
    name = _register_name(v)
    pattern = re.escape(ours).replace(name, r"\w+")
    return name in ours and re.fullmatch(pattern, theirs) is not None


def _read_only(v: Values, ours: str, theirs: str) -> bool:
    rows = [r.name.lower() for r in SYSREGS if r.access == "r"]
    name = next((n for n in rows if f" {n}," in ours), None)
    return name is not None and ours.replace(name, _register_name(v)) == theirs


def _cvadp(v: Values, ours: str, theirs: str) -> bool:
    name = {1: "cvadp", 3: "cgvadp", 5: "cgdvadp"}.get(v["op2"])
    rt = "xzr" if v["rt"] == 31 else f"x{v['rt']}"
    return ours == f"dc {name}, {rt}" and theirs == f"sys #3, c7, c13, #{v['op2']}, {rt}"


def _operation(v: Values, ours: str, theirs: str) -> bool:
    generic = f"sys #{v['op1']}, c{v['crn']}, c{v['crm']}, #{v['op2']}"
    rt = "" if v["rt"] == 31 else f", x{v['rt']}"
    named = re.fullmatch(r"(at|tlbi|dc|ic|cfp|dvp|cpp) \w+(, \w+)?", theirs)
    return ours == generic + rt and named is not None


DIFFERENCES = (
    Difference(
        ("ORR_imm",),
        "capstone leaves MoveWidePreferred() out of the condition of MOV (bitmask immediate)",
        _mov_bitmask,
    ),
    Difference(
        ("PRFM_literal", "LDST_unscaled", "LDST_register", "LDST_unsigned"),
        "capstone drops the number of a prefetch operation without a name",
        lambda v, ours, theirs: ours.replace(f"#{_short_hex(v['rt'])}", "", 1) == theirs,
    ),
    Difference(
        ("DSB",), "DFB is of Armv8-R", lambda v, _, theirs: v["crm"] == 12 and theirs == "dfb"
    ),
    Difference(
        ("MRS", "MSR"),
        "registers that EL0 does not have are not in spec/sysregs.py and have no name",
        _no_row,
    ),
    Difference(("MSR",), "capstone names a read-only register in MRS only", _read_only),
    Difference(("SYS",), "operations that EL0 does not have have no name either", _operation),
    Difference(
        ("SYS",), "capstone has DC CVADP and its like only where their feature is on", _cvadp
    ),
)


def _no_register(word: int) -> bool:
    return word >> 20 & 1 == 0  # op0 below 2


EXTENSIONS = (
    Extension("UDF", "permanently undefined", "udf"),
    Extension("SVE", "not implemented", ".*", word=lambda w: w >> 25 & 15 == 2),
    Extension("SME", "not implemented", ".*", word=lambda w: w >> 25 & 15 == 0),
    Extension("MTE", "UNDEFINED at EL0", r"(ld|st|stz)gm", example=0xD9A00000),
    Extension(
        "MOPS",
        "registers that are the same, or 31, are CONSTRAINED UNPREDICTABLE",
        r"cpyf?[pme].*|setg?[pme].*",
        example=0x19000400,
    ),
    Extension("LS64", "not implemented", r"(ld|st)64b.*"),
    Extension("TME", "not implemented", r"tcancel|tcommit|tstart|ttest"),
    Extension("SME's PSTATE", "not implemented", r"smst(art|op)", example=0xD503477F),
    Extension("exceptions", "UNDEFINED at EL0", r"hvc|smc|dcps[123]|drps|eret(a[ab])?"),
    Extension("SYSL", "nothing that EL0 has reads through it", "sysl"),
    Extension(
        "PSTATE fields", "privileged, or of DIT, SSBS and MTE", "msr", r"^[a-z]\w+, #", _no_register
    ),
    Extension(
        "op0",
        "capstone takes op0 0 and 1 for registers; unallocated",
        "mrs|msr",
        "s[01]_",
        _no_register,
    ),
)
"""In order: a word is of the first that has it."""


def disassemble(words: Sequence[int]) -> list[tuple[str, str]]:
    """The pattern (`-`: none) and our text of each word; the n-th is at address 4n."""
    run = subprocess.run(
        [BUILD / "tests/disassemble", "--words"],
        input=struct.pack(f"<{len(words)}I", *words),
        capture_output=True,
        check=True,
    )
    rows = [line.partition("\t")[::2] for line in run.stdout.decode().splitlines()]
    assert len(rows) == len(words)
    return rows


def capstone_texts(words: Sequence[int]) -> list[tuple[str, str]]:
    """Mnemonic (empty: not decoded) and operands."""
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    engine.skipdata = True
    code = struct.pack(f"<{len(words)}I", *words)
    rows = [("", "") if m == ".byte" else (m, o) for _, _, m, o in engine.disasm_lite(code, 0)]
    assert len(rows) == len(words)
    return rows


def canonical(name: str, word: int) -> int:
    """The word with the bits that do not matter as the manual writes them."""
    return word if name == "-" else exclusions.canonical(PATTERNS[name], word)


def _short_hex(value: int) -> str:
    return f"{value:#x}" if value > 9 else str(value)


def number_forms(text: str) -> str:
    """The text with numbers modulo their register's width, unsigned, in hexadecimal.

    Capstone writes MOV's and TST's masks signed, negative post-indices as 64 bits unsigned, and
    MOVI's masks with zeros before.
    """
    width = 32 if re.match(r"(mov|ands|tst) w", text) else 64

    def number(match: re.Match[str]) -> str:
        return f"#{int(match[1], 0) % 2**width:#x}"

    return re.sub(r"#(-?(?:0x[0-9a-f]+|\d+))(?![\w.])", number, text)


@dataclass
class Comparison:
    """Compares words that we decode; keeps failures and which exceptions were met."""

    failures: list[str]
    met: Counter[str]

    def compare(self, name: str, word: int, ours: str, theirs: tuple[str, str]) -> None:
        """One word."""
        values = PATTERNS[name].values(word)
        rejected = [r for r in REJECTED if name in r.patterns and r.holds(values)]
        self.met.update(r.reason for r in rejected)
        text = " ".join(theirs).strip()
        if not text:
            if not rejected:
                self.failures.append(f"{word:#010x} {name}: {ours}; capstone does not decode it")
            return
        if rejected:
            self.failures.append(f"{word:#010x} {name}: capstone does decode it: {text}")
        if ours == text or number_forms(ours) == number_forms(text):
            return
        for d in DIFFERENCES:
            if name in d.patterns and d.holds(values, ours, text):
                self.met[d.reason] += 1
                return
        self.failures.append(f"{word:#010x} {name}: {ours}; capstone: {text}")

    def report(self) -> None:
        """Fails when a comparison did."""
        if self.failures:
            shown = "\n".join(self.failures[:40])
            pytest.fail(f"{len(self.failures)} words differ, for one\n{shown}", pytrace=False)


def _submasks(mask: int) -> Iterable[int]:
    part = mask
    while True:
        yield part
        if part == 0:
            return
        part = (part - 1) & mask


def _words_of(p: Pattern, random: Random) -> list[int]:
    free = 0xFFFFFFFF & ~p.mask
    if free.bit_count() <= EXHAUSTIVE:
        return [p.value | part for part in _submasks(free) if p.holds(p.value | part)]
    words = [p.draw(random) for _ in range(DRAWN)]
    if p.name in ("MRS", "MSR"):
        words += [p.value | (r.id & 0x7FFF) << 5 | random.randrange(32) for r in SYSREGS]
    if p.name == "SYS":
        for op in SYSOPS:
            number = op.op1 << 11 | op.crn << 7 | op.crm << 3 | op.op2
            words.append(p.value | number << 5 | random.randrange(32))
    return words


@cache
def compare_chapter(chapter: str) -> Comparison:
    """Compares words of each of a chapter's patterns."""
    random = Random(chapter)
    rows = [(p.name, word) for p in CHAPTERS[chapter] for word in _words_of(p, random)]
    ours = disassemble([word for _, word in rows])
    theirs = capstone_texts([canonical(*row) for row in rows])
    comparison = Comparison([], Counter())
    for (name, word), (decoded, text), their in zip(rows, ours, theirs, strict=True):
        if decoded != name:
            comparison.failures.append(f"{word:#010x} of {name} is decoded as {decoded}")
        else:
            comparison.compare(name, word, text, their)
    return comparison


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_text_of_every_pattern(chapter: str) -> None:
    compare_chapter(chapter).report()


def test_every_exception_is_needed() -> None:
    met = sum((compare_chapter(chapter).met for chapter in CHAPTERS), Counter[str]())
    assert not [e.reason for e in (*REJECTED, *DIFFERENCES) if not met[e.reason]]


def _near_words(random: Random) -> Iterable[int]:
    for p in PATTERNS.values():
        for _ in range(MUTATED):
            word = p.draw(random)
            for bit in random.sample(range(32), random.randint(1, 3)):
                word ^= 1 << bit
            yield word


def test_what_is_decoded() -> None:
    random = Random("decoded")
    words = list(struct.unpack(f"<{RANDOM}I", random.randbytes(4 * RANDOM)))
    words += _near_words(random)
    words += [e.example for e in EXTENSIONS if e.example]
    ours = disassemble(words)
    theirs = capstone_texts([canonical(name, w) for (name, _), w in zip(ours, words, strict=True)])
    comparison = Comparison([], Counter())
    seen: Counter[str] = Counter()
    for word, (name, text), their in zip(words, ours, theirs, strict=True):
        if name != "-":
            comparison.compare(name, word, text, their)
        elif their[0]:
            extension = next((e.name for e in EXTENSIONS if e.has(word, *their)), None)
            if extension is None:
                line = f"{word:#010x}: capstone decodes {' '.join(their)}; we do not"
                comparison.failures.append(line)
            else:
                seen[extension] += 1
    comparison.report()
    stale = [e.name for e in EXTENSIONS if not seen[e.name]]
    assert not stale, f"no word is left out because of {stale}: is it implemented now?"


def test_tree_takes_what_patterns_take() -> None:
    random = Random("tree")
    words = [random.getrandbits(32) for _ in range(10_000)]
    words += list(_near_words(random))[::5]
    for word, (name, _) in zip(words, disassemble(words), strict=True):
        takers = [p.name for p in PATTERNS.values() if p.matches(word)]
        assert takers == ([] if name == "-" else [name]), f"{word:#010x}"
