"""What Linux tells an AArch64 program about the CPU, by feature and ID register field.

Owns: HWCAP bits, names in /proc/cpuinfo, which ID register fields EL0 may read. Must not know:
which features pydbt has, CPU models.

Sources, of Linux 7.2: arch/arm64/include/uapi/asm/hwcap.h, elf_hwcaps.rst and
cpu-feature-registers.rst of Documentation/arch/arm64, the tables of cpufeature.c and cpuinfo.c in
arch/arm64/kernel.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hwcap:
    """Bit `bit` of AT_HWCAP (word 0), AT_HWCAP2 (1) or AT_HWCAP3 (2). `name` is that of the header
    after HWCAP_, in small letters, which is the name in /proc/cpuinfo but for underscores.
    `feature` is the manual's name of what it says is there; "" is always there."""

    word: int
    bit: int
    name: str
    feature: str

    @property
    def cpuinfo(self) -> str:
        """Its name in the line Features of /proc/cpuinfo."""
        return self.name.replace("_", "")


HWCAPS: tuple[Hwcap, ...] = (
    Hwcap(0, 0, "fp", "FP"),
    Hwcap(0, 1, "asimd", "AdvSIMD"),
    Hwcap(0, 2, "evtstrm", ""),  # WFE ends by itself within 100 µs: here it never waits longer
    Hwcap(0, 3, "aes", "AES"),
    Hwcap(0, 4, "pmull", "PMULL"),
    Hwcap(0, 5, "sha1", "SHA1"),
    Hwcap(0, 6, "sha2", "SHA256"),
    Hwcap(0, 7, "crc32", "CRC32"),
    Hwcap(0, 8, "atomics", "LSE"),
    Hwcap(0, 9, "fphp", "FP16"),
    Hwcap(0, 10, "asimdhp", "FP16"),
    Hwcap(0, 11, "cpuid", ""),  # EL0 reads ID registers
    Hwcap(0, 12, "asimdrdm", "RDM"),
    Hwcap(0, 13, "jscvt", "JSCVT"),
    Hwcap(0, 14, "fcma", "FCMA"),
    Hwcap(0, 15, "lrcpc", "LRCPC"),
    Hwcap(0, 16, "dcpop", "DPB"),
    Hwcap(0, 17, "sha3", "SHA3"),
    Hwcap(0, 18, "sm3", "SM3"),
    Hwcap(0, 19, "sm4", "SM4"),
    Hwcap(0, 20, "asimddp", "DotProd"),
    Hwcap(0, 21, "sha512", "SHA512"),
    Hwcap(0, 22, "sve", "SVE"),
    Hwcap(0, 23, "asimdfhm", "FHM"),
    Hwcap(0, 24, "dit", "DIT"),
    Hwcap(0, 25, "uscat", "LSE2"),
    Hwcap(0, 26, "ilrcpc", "LRCPC2"),
    Hwcap(0, 27, "flagm", "FlagM"),
    Hwcap(0, 28, "ssbs", "SSBS2"),
    Hwcap(0, 29, "sb", "SB"),
    Hwcap(0, 30, "paca", "PAuth"),
    Hwcap(0, 31, "pacg", "PAuth"),
    Hwcap(0, 32, "gcs", "GCS"),
    Hwcap(0, 33, "cmpbr", "CMPBR"),
    Hwcap(0, 34, "fprcvt", "FPRCVT"),
    Hwcap(0, 35, "f8mm8", "F8F32MM"),
    Hwcap(0, 36, "f8mm4", "F8F16MM"),
    Hwcap(1, 0, "dcpodp", "DPB2"),
    Hwcap(1, 1, "sve2", "SVE2"),
    Hwcap(1, 7, "flagm2", "FlagM2"),
    Hwcap(1, 8, "frint", "FRINTTS"),
    Hwcap(1, 13, "i8mm", "I8MM"),
    Hwcap(1, 14, "bf16", "BF16"),
    Hwcap(1, 15, "dgh", "DGH"),
    Hwcap(1, 16, "rng", "RNG"),
    Hwcap(1, 17, "bti", "BTI"),
    Hwcap(1, 18, "mte", "MTE2"),
    Hwcap(1, 19, "ecv", "ECV"),
    Hwcap(1, 20, "afp", "AFP"),
    Hwcap(1, 21, "rpres", "RPRES"),
    Hwcap(1, 22, "mte3", "MTE3"),
    Hwcap(1, 23, "sme", "SME"),
    Hwcap(1, 31, "wfxt", "WFxT"),
    Hwcap(1, 32, "ebf16", "EBF16"),
    Hwcap(1, 34, "cssc", "CSSC"),
    Hwcap(1, 35, "rprfm", "RPRFM"),
    Hwcap(1, 43, "mops", "MOPS"),
    Hwcap(1, 44, "hbc", "HBC"),
    Hwcap(1, 46, "lrcpc3", "LRCPC3"),
    Hwcap(1, 47, "lse128", "LSE128"),
    Hwcap(1, 48, "fpmr", "FPMR"),
    Hwcap(1, 49, "lut", "LUT"),
    Hwcap(1, 50, "faminmax", "FAMINMAX"),
    Hwcap(1, 51, "f8cvt", "FP8"),
    Hwcap(1, 52, "f8fma", "FP8FMA"),
    Hwcap(1, 53, "f8dp4", "FP8DOT4"),
    Hwcap(1, 54, "f8dp2", "FP8DOT2"),
    Hwcap(1, 63, "poe", "S1POE"),
    Hwcap(2, 0, "mte_far", "MTE_TAGGED_FAR"),
    Hwcap(2, 1, "mte_store_only", "MTE_STORE_ONLY"),
    Hwcap(2, 2, "lsfe", "LSFE"),
    Hwcap(2, 3, "ls64", "LS64"),
    Hwcap(2, 8, "f16mm", "F16MM"),
    Hwcap(2, 9, "f16f32dot", "F16F32DOT"),
    Hwcap(2, 10, "f16f32mm", "F16F32MM"),
)
"""All of Linux's but those that qualify SVE and SME, in the order that /proc/cpuinfo has."""

VISIBLE: dict[str, str] = {
    "PFR0": "FP AdvSIMD SVE DIT",
    "PFR1": "BT SSBS MTE SME GCS",
    "PFR2": "MTESTOREONLY MTEFAR FPMR",
    "ISAR0": "AES SHA1 SHA2 CRC32 Atomic RDM SHA3 SM3 SM4 DP FHM TS RNDR",
    "ISAR1": "DPB APA API JSCVT FCMA LRCPC GPA GPI FRINTTS SB BF16 DGH I8MM LS64",
    "ISAR2": "WFxT RPRES GPA3 APA3 MOPS BC RPRFM CSSC LUT",
    "ISAR3": "FAMINMAX LSFE FPRCVT",
    "MMFR0": "ECV",
    "MMFR1": "AFP",
    "MMFR2": "AT",
    "MMFR3": "S1POE",
}
"""Fields of ID registers whose value EL0 may see. Any other reads as what HIDDEN says, or 0."""

HIDDEN: tuple[str, ...] = (
    "PFR0.EL0=1",
    "PFR0.EL1=1",
    "DFR0.DebugVer=6",
    "MMFR0.TGran64=15",
    "MMFR0.TGran4=15",
    "MMFR0.TGran16_2=1",
    "MMFR0.TGran64_2=1",
    "MMFR0.TGran4_2=1",
)
"""What hidden fields read as, where that is not 0: the kernel's "safe" value."""

UNRELIABLE_SSBS: tuple[int, ...] = (
    *(0xD0B, 0xD0D, 0xD0E),  # Cortex-A76, A77, A76AE
    *(0xD41, 0xD42, 0xD4B, 0xD47, 0xD4D),  # A78, A78AE, A78C, A710, A715
    *(0xD81, 0xD87, 0xD89),  # A720, A725, A720AE
    *(0xD44, 0xD4C, 0xD48, 0xD4E, 0xD82, 0xD85),  # X1, X1C, X2, X3, X4, X925
    *(0xD0C, 0xD49, 0xD8E),  # Neoverse N1, N2, N3
    *(0xD40, 0xD4F, 0xD83, 0xD84),  # V1, V2, V3AE, V3
)
"""Part numbers of Arm's cores that do not obey PSTATE.SSBS at once (erratum 3194386 and its like;
erratum_spec_ssbs_list of cpu_errata.c). There Linux hides the field from EL0 and shows no HWCAP,
so that programs use prctl(PR_SET_SPECULATION_CTRL) instead. The register works all the same."""

MPIDR = 0x8000_0000
"""What MPIDR_EL1 reads as: RES1 and affinity 0. MIDR_EL1 is the CPU's, REVIDR_EL1 is 0."""
