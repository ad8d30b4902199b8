"""What the comparison with an oracle leaves out, each with its reason.

Owns: the lists and what they mean. Must not know: how cases are drawn and run. unicorn 2.1 is QEMU
5.0.1, `qemu` a packaged qemu-aarch64 of this year; where one differs from the Arm manual (DDI 0487)
the manual decides, and rows in tests/cases stand in for what is left out here.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from functools import cache

from translator.spec.a64 import load
from translator.spec.a64.core import Pattern

from .record import Case, Result

SHOULD_BE_ZERO = {"CFINV", "XAFLAG", "AXFLAG"}
"""Patterns whose ignored bits are SBZ; those of others are SBO. The architecture lets a CPU ignore
them, silicon and older QEMU do; capstone and the packaged QEMU want them as the manual has them."""


def canonical(pattern: Pattern, word: int) -> int:
    """The word with the bits that do not matter as the manual writes them."""
    ignored = pattern.ignored
    return word & ~ignored if pattern.name in SHOULD_BE_ZERO else word | ignored


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """Instructions that cases do not hold: names by glob, `when` on fields as in the spec.

    `oracle`: with which one; empty for all.
    """

    names: str
    when: str
    reason: str
    oracle: str = ""


NEWER = {
    "unicorn": frozenset(
        {"MOPS", "MTE", "CSSC", "HBC", "WFxT", "LSE128", "LRCPC3", "DIT", "SSBS2"}
    ),
    "qemu": frozenset({"LRCPC3", "PAuth"}),
}
"""Features that an oracle does not have, or with keys of its own: their patterns are not drawn."""

_PAUTH = "(7, 8, 10, 12, 14, 24, 25, 26, 27, 28, 29, 30, 31)"

NOT_DRAWN: tuple[NotDrawn, ...] = (
    NotDrawn("BRK", "imm == 4095", "this BRK ends a case"),
    NotDrawn(
        "HINT", "crm * 8 + op2 in (1, 2, 3)", "YIELD, WFE, WFI leave unicorn's loop", "unicorn"
    ),
    NotDrawn(
        "HINT",
        f"crm * 8 + op2 in {_PAUTH}",
        "a program cannot say which keys it has",
        "qemu",
    ),
    NotDrawn(
        "SYS",
        "crm in (5, 10, 11, 12, 13, 14)",
        "maintenance of caches by an address that is not mapped faults; unicorn and qemu-aarch64 "
        "do so for DC CVAP and DC CVADP at most, the others are NOPs there",
    ),
    NotDrawn("SYS", "op2 in (3, 4, 5)", "unicorn has no operations on tags", "unicorn"),
    NotDrawn("DSB_nXS", "", "unicorn's CPU has no FEAT_XS", "unicorn"),
    *(
        NotDrawn(names, "", "unicorn's CPU has no FEAT_I8MM", "unicorn")
        for names in ("USDOT*", "SUDOT*", "?MMLA_v", "USMMLA_v")
    ),
    NotDrawn(
        "FCVTZS_fixed_s_h",
        "",
        "unicorn extends a negative result into bits 31:16 of the register, which are zero",
        "unicorn",
    ),
    NotDrawn(
        "FJCVTZS",
        "",
        "unicorn sets Z for a denormal number that is flushed; the manual clears it",
        "unicorn",
    ),
    *(
        NotDrawn(names, "", "unicorn has no FEAT_BF16", "unicorn")
        for names in ("BFCVT*", "BFDOT*", "BFMMLA", "BFMLAL*")
    ),
    *(
        NotDrawn(
            names,
            "",
            "the packaged QEMU changes the sign of NaNs though FPCR.AH is set (FPAbs, FPNeg)",
            "qemu",
        )
        for names in ("FABS_v*", "FNEG_v*")
    ),
    NotDrawn(
        "FCMLA_e",
        "q == 0",
        "unicorn raises what the upper lanes raise, too, which the instruction does not have",
        "unicorn",
    ),
    NotDrawn(
        "LDSM??",
        "size < 3",
        "unicorn compares bytes, halfwords and words zero-extended; the manual compares SInt() of "
        "both",
        "unicorn",
    ),
    NotDrawn(
        "LDP",
        "rt == rt2",
        "loading a pair into one register is CONSTRAINED UNPREDICTABLE: the first stays on qemu, "
        "the second on pydbt and on unicorn",
        "qemu",
    ),
    NotDrawn("LDPSW", "rt == rt2", "as LDP", "qemu"),
    NotDrawn("SWPP", "rt == rt2", "CONSTRAINED UNPREDICTABLE: UNDEFINED on qemu", "qemu"),
    NotDrawn("LDCLRP", "rt == rt2", "as SWPP", "qemu"),
    NotDrawn("LDSETP", "rt == rt2", "as SWPP", "qemu"),
    *(
        NotDrawn(
            names,
            "",
            "which registers and flags main parts and epilogues take is the implementation's: "
            "cases have them behind their prologues, which draw all three",
        )
        for names in ("CPY[ME]", "SET[ME]", "SETG[ME]")
    ),
    NotDrawn("SYS", "crm == 4", "DC ZVA zeroes 512 bytes on qemu, 64 on pydbt and unicorn", "qemu"),
)


@dataclass(frozen=True, slots=True)
class NotCompared:
    """What may differ when pydbt or the oracle stops at an instruction (names by glob) with an
    outcome: parts as differences() calls them, by glob; `v:loaded` are the vector registers that it
    loads.

    `oracle`: from which one; empty for all.
    """

    names: str
    outcome: str
    parts: tuple[str, ...]
    reason: str
    oracle: str = ""


NOT_COMPARED = (
    NotCompared(
        "STX[RP]",
        "alignment_fault",
        ("*",),
        "a store exclusive that the monitor fails anyway: whether an unaligned address faults then "
        "is IMPLEMENTATION DEFINED (AArch64.ExclusiveMonitorsPass); unicorn's does not",
    ),
    NotCompared(
        "*ST*",
        "memory_fault",
        ("outside",),
        "what a store that faults has already written is UNKNOWN; unicorn writes element "
        "by element. The window is too far from the page's end to be part of it",
    ),
    NotCompared(
        "LD*",
        "memory_fault",
        ("v:loaded",),
        "registers that an instruction loads before it faults are UNKNOWN; unicorn writes "
        "them one by one",
    ),
    *(
        NotCompared(
            names,
            "memory_fault",
            ("pc", "nzcv", "x*", "memory", "outside"),
            "how much a stage of a copy or a set does is IMPLEMENTATION DEFINED: QEMU's prologues "
            "go to the end of a page, ours do nothing, so the fault is another stage's",
            "qemu",
        )
        for names in ("CPY?", "SET?", "SETG?")
    ),
    NotCompared(
        "SYS",
        "memory_fault",
        ("pc",),
        "DC ZVA: unicorn's helper does not restore the pc when it faults",
        "unicorn",
    ),
    NotCompared(
        "*",
        "alignment_fault",
        ("*",),
        "unicorn has no FEAT_LSE2, which allows more, and is lax with LDAR and its like",
        "unicorn",
    ),
)


@cache
def _patterns() -> tuple[Pattern, ...]:
    return tuple(load())


def pattern_of(word: int) -> Pattern | None:
    """The spec's pattern that a word belongs to."""
    return next((p for p in _patterns() if p.matches(word)), None)


def differences(ours: Result, theirs: Result) -> set[str]:
    """Names of what differs: outcome, outside, pc, nzcv, fpcr, fpsr, memory, x0.., v0.."""
    parts = {n for n in ("outcome", "outside", "memory") if getattr(ours, n) != getattr(theirs, n)}
    a, b = ours.registers, theirs.registers
    parts |= {n for n in ("pc", "nzcv", "fpcr", "fpsr") if getattr(a, n) != getattr(b, n)}
    parts |= {f"x{n}" for n in range(32) if a.x[n] != b.x[n]}
    return parts | {f"v{n}" for n in range(32) if a.v_of(n) != b.v_of(n)}


def _loaded(pattern: Pattern, word: int) -> set[str]:
    fields = {f.name: f.of(word) for f in pattern.fields}
    first = fields.get("rt", 0)
    if "rt2" in fields:
        return {f"v{first}", f"v{fields['rt2']}"}
    return {f"v{(first + n) % 32}" for n in range(4)}


def _stopped_at(case: Case, result: Result) -> tuple[str, dict[str, int]]:
    """Name and fields of the instruction that a result's pc is at; empty where there is none."""
    at, rest = divmod(result.registers.pc, 4)
    pattern = pattern_of(case.words[at]) if rest == 0 and at < len(case.words) else None
    return (pattern.name, pattern.values(case.words[at])) if pattern else ("", {})


def _at_an_open_monitor(case: Case, theirs: Result) -> bool:
    """QEMU marks an open monitor by the address of all ones, so that a store exclusive to there
    accesses memory. Whether one that fails anyway faults is IMPLEMENTATION DEFINED
    (AArch64.ExclusiveMonitorsPass); ours does not."""
    name, fields = _stopped_at(case, theirs)
    if theirs.outcome != "memory_fault" or not fnmatch.fnmatchcase(name, "STX[RP]"):
        return False
    return theirs.registers.x[fields["rn"]] == (1 << 64) - 1


def _more_tags_than_there_can_be(case: Case, theirs: Result) -> bool:
    """SETGP limits its size to 2^63 - 16 and then looks whether it is a multiple of 16; the
    packaged QEMU limits sizes from 2^63 on only, as older manuals had it."""
    name, fields = _stopped_at(case, theirs)
    if theirs.outcome != "alignment_fault" or name != "SETGP":
        return False
    return (1 << 63) - 16 < theirs.registers.x[fields["rn"]] < 1 << 63


def _by_a_misaligned_sp(case: Case, ours: Result) -> bool:
    """User mode checks SP's alignment (SCTLR_EL1.SA0, which Linux sets); QEMU has no such check."""
    fields = _stopped_at(case, ours)[1]
    return (
        ours.outcome == "alignment_fault"
        and fields.get("rn") == 31
        and ours.registers.x[31] % 16 != 0
    )


def explains(case: Case, ours: Result, theirs: Result, oracle: str) -> bool:
    """Whether everything that differs from an oracle's result is excluded."""
    if _at_an_open_monitor(case, theirs) or _more_tags_than_there_can_be(case, theirs):
        return True
    if _by_a_misaligned_sp(case, ours):
        return True
    left = differences(ours, theirs)
    for result in (ours, theirs):
        at, rest = divmod(result.registers.pc, 4)
        if rest == 0 and at < len(case.words):
            left -= _not_compared(case.words[at], result.outcome, oracle, left)
    return not left


def _not_compared(word: int, outcome: str, oracle: str, parts: set[str]) -> set[str]:
    """Those parts that may differ when an engine stops at a word with an outcome."""
    pattern = pattern_of(word)
    found: set[str] = set()
    for rule in NOT_COMPARED:
        if pattern is None or rule.outcome != outcome or rule.oracle not in ("", oracle):
            continue
        if not fnmatch.fnmatchcase(pattern.name, rule.names):
            continue
        for part in rule.parts:
            loaded = _loaded(pattern, word) if part == "v:loaded" else set()
            found |= {p for p in parts if p in loaded or fnmatch.fnmatchcase(p, part)}
    return found
