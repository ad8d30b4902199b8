"""CPU models: one row each, with what identifies the CPU and which features it has.

Owns: names, MIDR_EL1, CTR_EL0, counter frequency, features, ID register fields that no feature of
features.py decides (memory system, exception levels, debug). Must not know: what an OS shows of a
register (usermode/spec/linux_cpu.py), how `-cpu` is written.

Sources: the Technical Reference Manuals of the cores ("AArch64 identification registers"), for the
revision that MIDR names. A core's list of features is Arm's; those that pydbt does not implement
are in NOT_IMPLEMENTED, and the model goes without them.
"""

from __future__ import annotations

from dataclasses import dataclass

from .features import FEATURES

NOT_IMPLEMENTED: dict[str, str] = {
    "SVE": "the Scalable Vector Extension",
    "SVE2": "the Scalable Vector Extension, version 2",
}
"""What cores below have and pydbt does not."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """`ctr` is CTR_EL0 (its DIC is 0 in all: code that changed must be told by IC IVAU). `fields`
    are `REGISTER.FIELD=VALUE` of idregs.py that system mode shows as far as it implements them."""

    name: str
    doc: str
    midr: int
    ctr: int
    counter_hz: int
    all_features: tuple[str, ...]
    fields: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """Those that pydbt implements."""
        return tuple(name for name in self.all_features if name in _IMPLEMENTED)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Those of the core that pydbt does not implement."""
        return tuple(name for name in self.all_features if name not in _IMPLEMENTED)


_IMPLEMENTED = frozenset(f.name for f in FEATURES)

_BOARD_HZ = 62_500_000
"""A board's choice up to Armv8.5; from Armv8.6 on the architecture says 1 GHz."""

_V8_0 = ("FP", "AdvSIMD", "CRC32", "AES", "PMULL", "SHA1", "SHA256")
_V8_2 = (*_V8_0, "LSE", "RDM", "LOR", "DPB", "FP16", "DotProd", "LRCPC", "SSBS")
_V8_4 = (
    *_V8_2,
    *("JSCVT", "FCMA", "PAuth", "LSE2", "DIT", "FlagM", "LRCPC2", "FHM", "SHA512", "SHA3"),
    *("SM3", "SM4", "SSBS2", "DPB2", "BF16", "I8MM", "SVE"),
)
_V9_0 = (*_V8_4, "SB", "FRINTTS", "FlagM2", "BTI", "SPECRES", "MTE", "MTE2", "SVE2")

CPUS: tuple[Cpu, ...] = (
    Cpu(
        "max",
        "every feature that pydbt has",
        0x000F_0510,
        0x8444_C004,
        _BOARD_HZ,
        tuple(f.name for f in FEATURES),
    ),
)
"""The first one is the default."""
