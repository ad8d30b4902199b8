"""Compares which words are instructions with LLVM: what it decodes we lift, all else is UNDEFINED.

Owns: the sets of words, and where the two differ for a reason. Must not know: how instructions are
written (test_decode.py compares texts), what they do.

    python -m tests.differential.conformance [--random N]

goes through all sets, minutes long; test_conformance.py through a share of them.
"""

from __future__ import annotations

import argparse
import re
import struct
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from translator.spec.a64 import load
from translator.spec.a64.core import Field, Pattern

from . import llvm
from .exclusions import canonical
from .oracle import BUILD

PATTERNS = {p.name: p for p in load()}
_CHUNK = 1 << 20
_UNDEFINED_BY_LIFT = ("MRS", "MSR", "SYS")
"""Patterns of which only the lift says whether EL0 has what the word names."""

Values = dict[str, int]


@dataclass(frozen=True, slots=True)
class Lenient:
    """Words of patterns (by name) that we lift and LLVM does not take."""

    names: tuple[str, ...]
    holds: Callable[[Values], bool]
    reason: str


@dataclass(frozen=True, slots=True)
class Undefined:
    """What LLVM decodes, by the whole of its text and the word, and an EL0 program cannot execute
    here."""

    text: str
    reason: str
    word: Callable[[int], bool] = lambda _: True


def _same(v: Values) -> bool:
    return v["rt"] == v["rt2"]


def _pair_writes_back(v: Values) -> bool:
    return v["idx"] in (1, 3) and v["rn"] != 31 and v["rn"] in (v["rt"], v["rt2"])


def _one_writes_back(v: Values) -> bool:
    return v["rn"] == v["rt"] != 31


_WRITE_BACK = "write-back to a register that is transferred is CONSTRAINED UNPREDICTABLE"
_INTO_ONE = "loading a pair into one register is CONSTRAINED UNPREDICTABLE"
LENIENT = (
    Lenient(("LDXP", "LDP", "LDPSW", "LDP_v"), _same, _INTO_ONE),
    Lenient(("LDP", "LDPSW", "STP", "STGP"), _pair_writes_back, _WRITE_BACK),
    Lenient(("LDST_post", "LDST_pre"), _one_writes_back, _WRITE_BACK),
    Lenient(("LDRA",), lambda v: v["w"] == 1 and _one_writes_back(v), _WRITE_BACK),
    Lenient(
        ("LDST_unprivileged",),
        _one_writes_back,
        "LLVM takes these for forms with write-back; they have none",
    ),
)
"""CONSTRAINED UNPREDICTABLE ones are executed as CPUs and QEMU do."""

_SME = "FEAT_SME"
_OPERATION = "a SYS operation that EL0 has not"
UNDEFINED = (
    Undefined(r"udf .*", "permanently undefined"),
    Undefined(
        r"(hvc|smc|dcps[123]).*|drps|eret(a[ab])?", "UNDEFINED at EL0, or a halt of the debugger's"
    ),
    Undefined(r"(ld|st|stz)gm .*", "UNDEFINED at EL0"),
    Undefined(r"sysl .*", "no SYSL operation is EL0's"),
    Undefined(r"mrs \w+, S[01]_.*|msr S[01]_.*", "op0 0 and 1 are no registers"),
    Undefined(r"msr (PAN|SPSel|UAO|ALLINT|PM|DAIF(Set|Clr)), .*", "PSTATE fields that EL0 has not"),
    Undefined(r"(cpy|set)\w+ .*\bxzr!.*", "a size in register 31 is CONSTRAINED UNPREDICTABLE"),
    Undefined(r"sm(start|stop).*", _SME),
    # What pydbt has not, by feature (Arm ARM A2.2 ff.).
    Undefined(r".*", "FEAT_SVE", lambda word: word >> 25 & 15 == 2),
    Undefined(r".*", _SME, lambda word: word >> 25 & 15 == 0 and word >> 31 == 1),
    Undefined(r"gcs.*", "FEAT_GCS (decision 13)"),
    Undefined(r"(ld|st)64b.*", "FEAT_LS64: Linux gives it for device memory that a driver maps"),
    Undefined(r"(cfp|dvp|cpp|cosp) rctx.*", "FEAT_SPECRES: Linux leaves SCTLR_EL1.EnRCTX zero"),
    Undefined(r"rcw.*", "FEAT_THE: UNDEFINED at EL0"),
    Undefined(r"(mrrs|msrr|sysp|tlbip) .*", "FEAT_D128: nothing that EL0 has is of 128 bits"),
    Undefined(r"cb[bh]?(eq|ne|gt|ge|hi|hs|lt|lo) .*", "FEAT_CMPBR"),
    Undefined(r"m?(add|sub)pt .*", "FEAT_CPA"),
    Undefined(
        r"(ldt|stt)(n?p|xr|add|clr|set)\w* .*|(ldat|stlt)xr .*|(swp|casp?)a?l?t .*|swpta?l? .*",
        "FEAT_LSUI",
    ),
    Undefined(r"(stlp|ldapp?) .*", "FEAT_LSCP"),
    Undefined(r"(ld|st)b?f(add|max|min)(nm)?a?l? .*", "FEAT_LSFE"),
    Undefined(r"luti[24] .*", "FEAT_LUT"),
    Undefined(r"fam(ax|in) .*", "FEAT_FAMINMAX"),
    Undefined(
        r"(fscale|b?f[12]cvtl2?|fcvtn2?|fdot|fmlal\w*|fmmla) .*",
        "FEAT_FP8 and its products, or those of FEAT_F16MM, FEAT_F16F32MM, FEAT_F16F32DOT",
    ),
    Undefined(r"(fcvt[nmpza][su]|[su]cvtf) .*", "FEAT_FPRCVT"),
    Undefined(r"(paci|pacnbi|auti|ret)a?[ab]sppc\w*.*", "FEAT_PAuth_LR"),
    Undefined(r"setgo\w* .*", "FEAT_MOPS_GO"),
    Undefined(r"(tenter|texit|tchange[bf]).*", "FEAT_TEV"),
    Undefined(r"dc z?gbva, .*", "FEAT_MTETC"),
    Undefined(r"dc ci?g?d?vaoc, .*", "FEAT_OCCMO"),
    # SYS operations.
    Undefined(r"(at|tlbi|plbi|mlbi|gic|gicr|gsb|brb|trcit|apas) .*", _OPERATION),
    Undefined(r"(brb|trcit|apas|gsb|ic iallu).*", _OPERATION),
    Undefined(
        r"dc (c?i?g?d?sw|ci?g?d?pap?a?e?|cig?d?pap?a|cig?d?vaps|ig?d?v?ac|ig?d?sw), .*",
        _OPERATION,
    ),
)


ALL = "+all"
"""LLVM's name for every feature it knows: what pydbt has not needs a reason in UNDEFINED."""


def lifted(words: bytes) -> bytes:
    """A byte for each packed word, as tests/tools/lift_words.cpp says."""
    tool = BUILD / "tests" / "lift_words"
    return subprocess.run([tool], input=words, stdout=subprocess.PIPE, check=True).stdout


def _names(words: bytes) -> list[str]:
    """The pattern of each packed word, `-` for none."""
    tool = [str(BUILD / "tests" / "disassemble"), "--words"]
    done = subprocess.run(tool, input=words, stdout=subprocess.PIPE, check=True)
    return [line.partition("\t")[0] for line in done.stdout.decode().splitlines()]


def _picked(words: bytes, marks: bytes) -> bytes:
    """The packed words whose mark is 1."""
    places = (4 * m.start() for m in re.finditer(b"\1", marks))
    return b"".join(words[at : at + 4] for at in places)


def pack(words: Iterable[int]) -> bytes:
    """Words as the tools read them."""
    return array("I", words).tobytes()


def _unpacked(words: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(words) // 4}I", words)


@dataclass
class Comparison:
    """What was compared so far: failures as lines, and how often each reason explained one."""

    words: int = 0
    failures: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def compare(self, words: bytes) -> None:
        """Compares packed words."""
        self.words += len(words) // 4
        ours, theirs = lifted(words), llvm.accepts(words, ALL)
        self._check_lift(_picked(words, ours))
        taken = ours.translate(bytes([0, 1, 1]) + bytes(253))
        apart = int.from_bytes(taken, "little") ^ int.from_bytes(theirs, "little")
        differ = _picked(words, apart.to_bytes(len(taken), "little"))
        texts = llvm.texts(differ, ALL)
        ignored: list[tuple[int, Pattern]] = []
        for word, name, text in zip(_unpacked(differ), _names(differ), texts, strict=True):
            if text:
                self._theirs(word, text)
            else:
                self._ours(word, PATTERNS[name], ignored)
        self._ignored(ignored)

    def _check_lift(self, words: bytes) -> None:
        texts = llvm.texts(words, ALL)
        for word, name, text in zip(_unpacked(words), _names(words), texts, strict=True):
            if name == "SYS" and not text.startswith("sys"):
                self._theirs(word, text)
            elif name not in _UNDEFINED_BY_LIFT:
                line = f"{word:#010x}: decoded as {name}, but lifted to UNDEFINED"
                self.failures.append(line)

    def _theirs(self, word: int, text: str) -> None:
        for rule in UNDEFINED:
            if rule.word(word) and re.fullmatch(rule.text, text):
                self.met[rule.reason] += 1
                return
        self.failures.append(f"{word:#010x}: LLVM decodes {text}; we do not")

    def _ours(self, word: int, pattern: Pattern, ignored: list[tuple[int, Pattern]]) -> None:
        values = pattern.values(word)
        for rule in LENIENT:
            if pattern.name in rule.names and rule.holds(values):
                self.met[rule.reason] += 1
                return
        ignored.append((word, pattern))

    def _ignored(self, rows: Sequence[tuple[int, Pattern]]) -> None:
        """Words that LLVM takes when bits that do not matter are as the manual writes them."""
        packed = pack(canonical(p, word) for word, p in rows)
        for (word, pattern), taken in zip(rows, llvm.accepts(packed, ALL), strict=True):
            if taken and pattern.ignored:
                self.met["bits that should be one or zero are not; CPUs ignore them"] += 1
            else:
                self.failures.append(f"{word:#010x}: we take it for {pattern.name}; LLVM does not")


# ---- sets of words


def random_words(seed: str, count: int) -> Iterator[bytes]:
    """Packed words, a chunk at a time."""
    random = Random(seed)
    for at in range(0, count, _CHUNK):
        yield random.randbytes(4 * min(_CHUNK, count - at))


_LOW = (0, 0x3FF, 0x3E0, 0x01F, 0x1AF, 0x008, 0x010, 0x018, 0x00D)
"""Bits 9:0 are two register numbers, mostly, but part of the opcode of FCMP and SETF: these and one
at random."""


def opcodes() -> Iterator[bytes]:
    """Every value of bits 31:10, with a few of the rest."""
    random = Random("opcodes")
    for start in range(0, 1 << 22, 1 << 17):
        for low in (*_LOW, random.getrandbits(10)):
            yield pack(top << 10 | low for top in range(start, start + (1 << 17)))


def system() -> Iterator[bytes]:
    """Every system instruction but MRS and MSR, exceptions, and branches to registers."""
    numbers = ((opc, imm, low) for opc in range(8) for imm in (0, 0xFFFF) for low in range(32))
    yield pack(0xD4000000 | opc << 21 | imm << 5 | low for opc, imm, low in numbers)
    for start in (0xD5000000, 0xD5200000):
        yield pack(range(start, start + (1 << 20)))
    for rn in (0, 31):
        rows = ((top, low) for top in range(1 << 15) for low in range(32))
        yield pack(0xD6000000 | t << 10 | rn << 5 | low for t, low in rows)


_WIDE = 12


def _field_values(f: Field, random: Random) -> list[int]:
    if f.width <= _WIDE:
        return list(range(1 << f.width))
    top = 1 << f.width
    edges = {0, 1, 2, top - 1, top - 2, *(1 << n for n in range(f.width))}
    return [*edges, *(random.getrandbits(f.width) for _ in range(64))]


def _sweep(p: Pattern, random: Random) -> Iterator[int]:
    """Each field through all its values while the others are zero, ones and random; each bit that
    is fixed or does not matter the other way round."""
    bases = [p.value, p.value | ~p.mask & 0xFFFFFFFF, p.draw(random)]
    for base in bases:
        for f in p.fields:
            rest = base & ~f.mask
            yield from (rest | value << f.lsb for value in _field_values(f, random))
        yield from (base ^ 1 << bit for bit in range(32))


def fields() -> Iterator[bytes]:
    """The words of _sweep() of every pattern."""
    random = Random("fields")
    words = array("I")
    for p in PATTERNS.values():
        words.extend(_sweep(p, random))
        if len(words) >= _CHUNK:
            yield words.tobytes()
            words = array("I")
    yield words.tobytes()


def main(argv: list[str] | None = None) -> int:
    """Exit status 1 when something differs without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.conformance")
    parser.add_argument("--random", type=int, default=20_000_000, metavar="N", help="words")
    parser.add_argument("--seed", default="", help="of the random words (the time)")
    options = parser.parse_args(argv)
    seed = options.seed or str(time.time_ns())
    sets = {
        "bits 31:10": opcodes(),
        "system, exceptions, branches": system(),
        "fields of patterns": fields(),
        f"random, --seed {seed}": random_words(seed, options.random),
    }
    comparison = Comparison()
    for title, chunks in sets.items():
        before = comparison.words
        for chunk in chunks:
            comparison.compare(chunk)
            if sys.stderr.isatty():
                text = f"\r{title}: {comparison.words - before:,} words"
                print(text, end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        print(f"{comparison.words - before:12,} words: {title}")
    for reason, count in comparison.met.most_common():
        print(f"{count:12,} {reason}")
    print(f"{len(comparison.failures):12,} without a reason")
    for line in comparison.failures[:40]:
        print(f"  {line}")
    return 1 if comparison.failures else 0


if __name__ == "__main__":
    sys.exit(main())
