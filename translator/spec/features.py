"""Features of the Arm architecture that pydbt knows: one row a feature.

Owns: names, what they say to programs (HWCAP bits) and which are implemented. Must not know:
instructions (patterns name the feature that gates them).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """`name` is the manual's without FEAT_; `hwcap` is (word, bit) of AT_HWCAP (0) or AT_HWCAP2
    (1), as in Linux's arch/arm64/include/uapi/asm/hwcap.h, or None; `hwcap_too` is another bit of
    the same word."""

    name: str
    option: str
    hwcap: tuple[int, int] | None
    doc: str
    hwcap_too: int | None = None


FEATURES: tuple[Feature, ...] = (
    Feature("FP", "fp", (0, 0), "scalar floating point"),
    Feature("AdvSIMD", "asimd", (0, 1), "Advanced SIMD"),
    Feature("FP16", "fp16", (0, 9), "half-precision arithmetic", 10),
    Feature("CRC32", "crc32", (0, 7), "CRC32 and CRC32C"),
    Feature("LSE", "lse", (0, 8), "atomic read-modify-write instructions"),
    Feature("LOR", "lor", None, "limited ordering regions"),
    Feature("LRCPC", "rcpc", (0, 15), "load-acquire with RCpc ordering"),
    Feature("LRCPC2", "rcpc2", (0, 26), "the same with an immediate offset"),
    Feature("FlagM", "flagm", (0, 27), "flag manipulation"),
    Feature("FlagM2", "flagm2", (1, 7), "flag format conversion"),
    Feature("SB", "sb", (0, 29), "speculation barrier"),
    Feature("DPB", "dpb", (0, 16), "DC CVAP"),
    Feature("DPB2", "dpb2", (1, 0), "DC CVADP"),
)
"""Every one of them is implemented and on in `-cpu max`."""
