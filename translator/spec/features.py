"""Features of the Arm architecture that pydbt implements: one row a feature.

Owns: names, what each needs, the ID register fields that tell of it. Must not know: instructions
(patterns name the feature that gates them), CPU models (cpus.py), what Linux makes of a feature
(usermode/spec/linux_cpu.py has HWCAPs and names in /proc/cpuinfo).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """`name` is the manual's without FEAT_, `option` the name in `-cpu MODEL,option=on|off`.

    `requires` names the features that the manual (A2.2 ff., or the ID field's description) makes it
    depend on; two that require each other come and go together. `fields` are `REGISTER.FIELD=VALUE`
    (idregs.py): of the features present that name a field, the highest value is what the register
    shows. `REGISTER.FIELD=VALUE@FEATURE` counts only where that feature is, too.
    """

    name: str
    option: str
    doc: str
    requires: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def _algorithms(level: int, generic: bool = False) -> tuple[str, ...]:
    """PAuth's fields: each algorithm has its own, for addresses (APA) and for data (GPA)."""
    places = (
        ("PACIMP", "ISAR1", "PI"),
        ("PACQARMA5", "ISAR1", "PA"),
        ("PACQARMA3", "ISAR2", "PA3"),
    )
    return tuple(
        f"{register}.{kind}{field}={value}@{name}"
        for name, register, field in places
        for kind, value in (("A", level), *((("G", 1),) if generic else ()))
    )


FEATURES: tuple[Feature, ...] = (
    Feature("FP", "fp", "scalar floating point", ("AdvSIMD",), ("PFR0.FP=0",)),
    Feature("AdvSIMD", "asimd", "Advanced SIMD", ("FP",), ("PFR0.AdvSIMD=0",)),
    Feature(
        "FP16",
        "fp16",
        "half-precision arithmetic",
        ("FP", "AdvSIMD"),
        ("PFR0.FP=1", "PFR0.AdvSIMD=1"),
    ),
    Feature("AES", "aes", "AES", ("AdvSIMD",), ("ISAR0.AES=1",)),
    Feature("PMULL", "pmull", "carry-less products of 64 bits", ("AES",), ("ISAR0.AES=2",)),
    Feature("SHA1", "sha1", "SHA-1", ("AdvSIMD",), ("ISAR0.SHA1=1",)),
    Feature("SHA256", "sha256", "SHA-256", ("SHA1",), ("ISAR0.SHA2=1",)),
    Feature("SHA512", "sha512", "SHA-512", ("SHA256", "SHA3"), ("ISAR0.SHA2=2",)),
    Feature(
        "SHA3",
        "sha3",
        "SHA-3: exclusive or of three, rotations",
        ("SHA512",),
        ("ISAR0.SHA3=1",),
    ),
    Feature("SM3", "sm3", "SM3", ("AdvSIMD", "SM4"), ("ISAR0.SM3=1",)),
    Feature("SM4", "sm4", "SM4", ("AdvSIMD", "SM3"), ("ISAR0.SM4=1",)),
    Feature("RDM", "rdm", "rounding doubling multiply-accumulate", ("AdvSIMD",), ("ISAR0.RDM=1",)),
    Feature("DotProd", "dotprod", "dot products of bytes", ("AdvSIMD",), ("ISAR0.DP=1",)),
    Feature(
        "I8MM",
        "i8mm",
        "matrix products of bytes, dot products of mixed signs",
        ("AdvSIMD",),
        ("ISAR1.I8MM=1",),
    ),
    Feature(
        "FRINTTS",
        "frintts",
        "rounding to integral numbers that integers have",
        ("FP",),
        ("ISAR1.FRINTTS=1",),
    ),
    Feature(
        "JSCVT",
        "jscvt",
        "conversion to integers as in JavaScript",
        ("FP",),
        ("ISAR1.JSCVT=1",),
    ),
    Feature("FCMA", "fcma", "complex numbers", ("AdvSIMD",), ("ISAR1.FCMA=1",)),
    Feature("FHM", "fhm", "products of halves added to singles", ("FP16",), ("ISAR0.FHM=1",)),
    Feature("BF16", "bf16", "BFloat16", ("AdvSIMD",), ("ISAR1.BF16=1",)),
    Feature("EBF16", "ebf16", "its dot products as FPCR says", ("BF16",), ("ISAR1.BF16=2",)),
    Feature("AFP", "afp", "FPCR.AH, FPCR.FIZ and FPCR.NEP", ("FP",), ("MMFR1.AFP=1",)),
    Feature(
        "RPRES",
        "rpres",
        "finer estimates of singles with FPCR.AH",
        ("AFP",),
        ("ISAR2.RPRES=1",),
    ),
    Feature("CRC32", "crc32", "CRC32 and CRC32C", (), ("ISAR0.CRC32=1",)),
    Feature("LSE", "lse", "atomic read-modify-write instructions", (), ("ISAR0.Atomic=2",)),
    Feature("LOR", "lor", "limited ordering regions", (), ("MMFR1.LO=1",)),
    Feature("LRCPC", "rcpc", "load-acquire with RCpc ordering", (), ("ISAR1.LRCPC=1",)),
    Feature("LRCPC2", "rcpc2", "the same with an immediate offset", ("LRCPC",), ("ISAR1.LRCPC=2",)),
    Feature("FlagM", "flagm", "flag manipulation", (), ("ISAR0.TS=1",)),
    Feature("FlagM2", "flagm2", "flag format conversion", ("FlagM",), ("ISAR0.TS=2",)),
    Feature("SB", "sb", "speculation barrier", (), ("ISAR1.SB=1",)),
    Feature("XS", "xs", "DSB nXS, TLBI nXS", (), ("ISAR1.XS=1",)),
    Feature("DPB", "dpb", "DC CVAP", (), ("ISAR1.DPB=1",)),
    Feature("DPB2", "dpb2", "DC CVADP", ("DPB",), ("ISAR1.DPB=2",)),
    Feature("LSE2", "lse2", "unaligned atomics within 16 bytes", (), ("MMFR2.AT=1",)),
    Feature(
        "LSE128",
        "lse128",
        "atomic read-modify-write of 16 bytes",
        ("LSE",),
        ("ISAR0.Atomic=3",),
    ),
    Feature(
        "LRCPC3",
        "lrcpc3",
        "ordered pairs, SIMD registers, write-back",
        ("LRCPC2",),
        ("ISAR1.LRCPC=3",),
    ),
    Feature(
        "CSSC",
        "cssc",
        "absolute value, bit counts, minimum and maximum",
        (),
        ("ISAR2.CSSC=1",),
    ),
    Feature("MTE", "mte", "memory tagging instructions", (), ("PFR1.MTE=1",)),
    Feature("MTE2", "mte2", "memory tagging", ("MTE",), ("PFR1.MTE=2",)),
    Feature("MTE3", "mte3", "asymmetric tag checks", ("MTE2",), ("PFR1.MTE=3",)),
    Feature("MOPS", "mops", "memory copies and sets", (), ("ISAR2.MOPS=1",)),
    Feature("HBC", "hbc", "BC.cond", (), ("ISAR2.BC=1",)),
    Feature("WFxT", "wfxt", "WFET and WFIT", (), ("ISAR2.WFxT=2",)),
    Feature("SSBS", "ssbs", "PSTATE.SSBS", (), ("PFR1.SSBS=1",)),
    Feature("SSBS2", "ssbs2", "access to PSTATE.SSBS", ("SSBS",), ("PFR1.SSBS=2",)),
    Feature("DIT", "dit", "PSTATE.DIT", (), ("PFR0.DIT=1",)),
    Feature("RNG", "rng", "random numbers", (), ("ISAR0.RNDR=1",)),
    Feature("ECV", "ecv", "self-synchronized counters", (), ("MMFR0.ECV=1",)),
    Feature("DGH", "dgh", "data gathering hint", (), ("ISAR1.DGH=1",)),
    Feature("RPRFM", "rprfm", "range prefetch hint", (), ("ISAR2.RPRFM=1",)),
    Feature("PAuth", "pauth", "pointer authentication", (), _algorithms(1, True)),
    Feature("PAuth2", "pauth2", "its codes by exclusive or", ("PAuth",), _algorithms(3)),
    Feature("FPAC", "fpac", "faults of failed authentication", ("PAuth2",), _algorithms(4)),
    Feature(
        "FPACCOMBINE",
        "fpaccombine",
        "the same of combined instructions",
        ("FPAC",),
        _algorithms(5),
    ),
    Feature("PACIMP", "pauth-impdef", "codes by two rounds of AES", ("PAuth",)),
    Feature("PACQARMA3", "pauth-qarma3", "codes by QARMA3", ("PAuth",)),
    Feature("PACQARMA5", "pauth-qarma5", "codes by QARMA5", ("PAuth",)),
    Feature("BTI", "bti", "branch target identification", (), ("PFR1.BT=1",)),
)
"""Every one of them is implemented."""

ALTERNATIVES: tuple[tuple[str, ...], ...] = (("PACIMP", "PACQARMA3", "PACQARMA5"),)
"""Of each group a CPU has one, if it has what they require. `-cpu max` has the first; turning one
on takes it in place of another, and the last is there when the others are turned off."""


def required(name: str, features: Sequence[Feature] = FEATURES) -> tuple[str, ...]:
    """All that a feature needs, directly or not, itself left out, in the order of the rows."""
    rows = {f.name: f for f in features}
    needed: set[str] = set()
    ahead = list(rows[name].requires)
    while ahead:
        other = ahead.pop()
        if other not in needed and other != name:
            needed.add(other)
            ahead += rows[other].requires
    return tuple(f.name for f in features if f.name in needed)
