"""CPU models: one row each, with what identifies the CPU and which features it has.

Owns: names, MIDR_EL1, CTR_EL0, counter frequency, features, ID register fields that no feature of
features.py decides (memory system, exception levels, debug). Must not know: what an OS shows of a
register (usermode/spec/linux_cpu.py), how `-cpu` is written.

Sources: the Technical Reference Manuals of the cores ("AArch64 identification registers"), for the
revision that MIDR names, with the optional cryptography. A core's list of features is the manual's;
what pydbt does not implement of it is in NOT_IMPLEMENTED, and the model goes without. One thing is
not the core's: pointers are signed by PACIMP, as on QEMU's models, and `-cpu` takes pauth-qarma5=on
for the core's own PACQARMA5, which takes many times as long. ID registers tell which it is.
tests/differential/test_idregs.py compares all with QEMU's models but cortex-x1, which QEMU has not:
its features are those that Linux shows on boards and LLVM knows, its fields those of Cortex-A76, a
core before it. Nobody's dump of them was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from .features import ALTERNATIVES, FEATURES

NOT_IMPLEMENTED: dict[str, str] = {
    "SPECRES": "prediction restriction",
    "SVE": "the Scalable Vector Extension",
    "SVE2": "its second version",
}
"""What cores below have and pydbt does not."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """`fields` are `REGISTER.FIELD=VALUE` of idregs.py, which system mode shows as far as it
    implements them. AArch32 is not implemented in any, so EL0 and EL1 are 64-bit only. CTR_EL0.DIC
    is 0 in all, whatever the core's is: IC IVAU is what tells of code that changed."""

    name: str
    doc: str
    midr: int
    ctr: int
    counter_hz: int
    all_features: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Those that pydbt implements."""
        return tuple(name for name in self.all_features if name in _IMPLEMENTED)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Those of the core that pydbt does not implement."""
        return tuple(name for name in self.all_features if name not in _IMPLEMENTED)


_NOT_IN_MAX = frozenset(name for group in ALTERNATIVES for name in group[1:])
_IMPLEMENTED = frozenset(f.name for f in FEATURES)

_BOARD_HZ, _ARCHITECTURE_HZ = 62_500_000, 1_000_000_000
"""The counter: a board's choice up to Armv8.5, 1 GHz by the architecture from Armv8.6 on."""

# ---- features, as groups of cores share them

_V8_0 = ("FP", "AdvSIMD", "CRC32", "AES", "PMULL", "SHA1", "SHA256")
_V8_2 = (*_V8_0, "LSE", "RDM", "LOR", "DPB", "FP16", "DotProd", "LRCPC", "SSBS")
_V8_4 = (
    *(*_V8_2, "SSBS2", "DPB2", "LSE2", "DIT", "FlagM", "LRCPC2", "JSCVT", "FCMA", "FHM"),
    *("SHA512", "SHA3", "SM3", "SM4", "BF16", "I8MM", "PAuth", "PAuth2", "PACIMP", "SVE"),
)
_V9_0 = (
    *(*_V8_4, "SB", "FRINTTS", "FlagM2", "BTI", "SPECRES", "MTE", "MTE2", "FPAC", "FPACCOMBINE"),
    "SVE2",
)

_SIGNS = "; signs by pauth-impdef, the core by pauth-qarma5"

# ---- ID register fields likewise


def _fields(*texts: str) -> tuple[str, ...]:
    """A later text wins over an earlier one with the same field."""
    words = [word for text in texts for word in text.split()]
    return tuple(f"{key}={value}" for key, value in dict(w.split("=") for w in words).items())


_FIELDS_V8_0 = _fields(
    "PFR0.EL0=1 PFR0.EL1=1",
    "DFR0.DebugVer=6 DFR0.PMUVer=1 DFR0.BRPs=5 DFR0.WRPs=3 DFR0.CTX_CMPs=1 DFR0.DoubleLock=0",
    "MMFR0.ASIDBits=2 MMFR0.BigEnd=1 MMFR0.SNSMem=1 MMFR0.TGran64=0 MMFR0.TGran4=0",
)
_FIELDS_V8_2 = _fields(
    *_FIELDS_V8_0,
    "PFR0.RAS=1 DFR0.DebugVer=8 DFR0.PMUVer=4 MMFR0.TGran16=1",
    "MMFR1.HAFDBS=2 MMFR1.VMIDBits=2 MMFR1.VH=1 MMFR1.HPDS=2 MMFR1.PAN=2 MMFR1.XNX=1",
    "MMFR2.CnP=1 MMFR2.UAO=1 MMFR2.IESB=1",
)
_FIELDS_V8_4 = _fields(
    *_FIELDS_V8_2,
    "PFR0.RAS=2 PFR0.CSV2=1 PFR0.CSV3=1 DFR0.DebugVer=9 DFR0.PMUVer=5 DFR0.DoubleLock=15",
    "MMFR2.CCIDX=1 MMFR2.IDS=1 MMFR2.FWB=1 MMFR2.BBM=2 MMFR2.EVT=2",
)
_FIELDS_V9_0 = _fields(
    *_FIELDS_V8_4,
    "PFR0.SEL2=1 PFR0.CSV2=2 DFR0.PMUVer=6 ISAR0.TLB=2",
    "MMFR0.TGran16_2=2 MMFR0.TGran64_2=2 MMFR0.TGran4_2=2 MMFR2.ST=1 MMFR2.TTL=1 MMFR2.E0PD=1",
)
_PREDICTORS = "PFR0.CSV2=1 PFR0.CSV3=1"

CPUS: tuple[Cpu, ...] = (
    Cpu(
        "max",
        "every feature that pydbt has",
        0x000F_0510,
        0x4_9444_C004,
        _ARCHITECTURE_HZ,
        tuple(f.name for f in FEATURES if f.name not in _NOT_IN_MAX),
        _fields(*_FIELDS_V9_0, "MMFR0.PARange=5"),
    ),
    Cpu(
        "cortex-a53",
        "Armv8.0, r0p4",
        0x410F_D034,
        0x8444_8004,
        _BOARD_HZ,
        _V8_0,
        _fields(*_FIELDS_V8_0, "MMFR0.PARange=2"),
    ),
    Cpu(
        "cortex-a55",
        "Armv8.2, r2p0",
        0x412F_D050,
        0x8444_8004,
        _BOARD_HZ,
        _V8_2,
        _fields(*_FIELDS_V8_2, "MMFR0.PARange=2"),
    ),
    Cpu(
        "cortex-a57",
        "Armv8.0, r1p0",
        0x411F_D070,
        0x8444_C004,
        _BOARD_HZ,
        _V8_0,
        _fields(*_FIELDS_V8_0, "MMFR0.PARange=4"),
    ),
    Cpu(
        "cortex-a72",
        "Armv8.0, r0p3",
        0x410F_D083,
        0x8444_C004,
        _BOARD_HZ,
        _V8_0,
        _fields(*_FIELDS_V8_0, "MMFR0.PARange=4"),
    ),
    Cpu(
        "cortex-a76",
        "Armv8.2, r4p1",
        0x414F_D0B1,
        0x8444_C004,
        _BOARD_HZ,
        _V8_2,
        _fields(*_FIELDS_V8_2, _PREDICTORS, "MMFR0.PARange=2"),
    ),
    Cpu(
        "cortex-a710",
        f"Armv9.0, r2p1, without SVE and SVE2{_SIGNS}",
        0x412F_D471,
        0x4_9444_C004,
        _BOARD_HZ,
        _V9_0,
        _fields(*_FIELDS_V9_0, "MMFR0.PARange=2"),
    ),
    Cpu(
        "cortex-x1",
        "Armv8.2, r1p1",
        0x411F_D441,
        0x8444_C004,
        _BOARD_HZ,
        _V8_2,
        _fields(*_FIELDS_V8_2, _PREDICTORS, "MMFR0.PARange=2"),
    ),
    Cpu(
        "neoverse-n1",
        "Armv8.2, r4p1",
        0x414F_D0C1,
        0x8444_C004,
        _BOARD_HZ,
        (*_V8_2, "SSBS2"),
        _fields(*_FIELDS_V8_2, _PREDICTORS, "MMFR0.PARange=5"),
    ),
    Cpu(
        "neoverse-v1",
        f"Armv8.4, r1p2, without SVE{_SIGNS}",
        0x411F_D402,
        0x9444_C004,
        _BOARD_HZ,
        (*_V8_4, "RNG", "DGH"),
        _fields(*_FIELDS_V8_4, "MMFR0.PARange=5 MMFR2.NV=2"),
    ),
    Cpu(
        "neoverse-n2",
        f"Armv9.0, r0p3, without SVE and SVE2{_SIGNS}",
        0x410F_D493,
        0x4_9444_C004,
        _BOARD_HZ,
        (*_V9_0, "RNG", "DGH"),
        _fields(*_FIELDS_V9_0, "MMFR0.PARange=5 MMFR2.NV=2"),
    ),
)
"""The first one is the default."""
