"""ID registers of AArch64 and their fields (Arm ARM D24.2, ID_AA64*_EL1).

Owns: encodings, names and places of fields, what a field says when the feature is not there. Must
not know: which feature has which value (features.py), what an OS shows of a register.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

WIDTH = 4
"""Bits of every field here."""


@dataclass(frozen=True, slots=True)
class IdField:
    """`absent` is the value that says there is no such feature."""

    register: str
    name: str
    lsb: int
    absent: int = 0


@dataclass(frozen=True, slots=True)
class IdRegister:
    """`name` without ID_AA64 and _EL1; op0 3, op1 0, CRn 0. `fields` from bit 0 up, `NAME@LSB`, or
    `NAME@LSB!` where 0b1111 means not there."""

    name: str
    crm: int
    op2: int
    fields: str

    @property
    def full_name(self) -> str:
        """The manual's name."""
        return f"ID_AA64{self.name}_EL1"

    def parsed(self) -> tuple[IdField, ...]:
        """The fields."""
        result = []
        for word in self.fields.split():
            name, _, place = word.partition("@")
            absent = (1 << WIDTH) - 1 if place.endswith("!") else 0
            result.append(IdField(self.name, name, int(place.rstrip("!")), absent))
        return tuple(result)


ID_REGISTERS: tuple[IdRegister, ...] = (
    IdRegister(
        "PFR0",
        4,
        0,
        "EL0@0 EL1@4 EL2@8 EL3@12 FP@16! AdvSIMD@20! GIC@24 RAS@28 SVE@32 SEL2@36 MPAM@40 AMU@44 "
        "DIT@48 RME@52 CSV2@56 CSV3@60",
    ),
    IdRegister(
        "PFR1",
        4,
        1,
        "BT@0 SSBS@4 MTE@8 RAS_frac@12 MPAM_frac@16 SME@24 RNDR_trap@28 CSV2_frac@32 NMI@36 "
        "MTE_frac@40 GCS@44 THE@48 MTEX@52 DF2@56 PFAR@60",
    ),
    IdRegister("PFR2", 4, 2, "MTEPERM@0 MTESTOREONLY@4 MTEFAR@8 FPMR@32"),
    IdRegister(
        "DFR0",
        5,
        0,
        "DebugVer@0 TraceVer@4 PMUVer@8 BRPs@12 PMSS@16 WRPs@20 SEBEP@24 CTX_CMPs@28 PMSVer@32 "
        "DoubleLock@36! TraceFilt@40 TraceBuffer@44 MTPMU@48 BRBE@52 ExtTrcBuff@56 HPMN0@60",
    ),
    IdRegister(
        "ISAR0",
        6,
        0,
        "AES@4 SHA1@8 SHA2@12 CRC32@16 Atomic@20 TME@24 RDM@28 SHA3@32 SM3@36 SM4@40 DP@44 FHM@48 "
        "TS@52 TLB@56 RNDR@60",
    ),
    IdRegister(
        "ISAR1",
        6,
        1,
        "DPB@0 APA@4 API@8 JSCVT@12 FCMA@16 LRCPC@20 GPA@24 GPI@28 FRINTTS@32 SB@36 SPECRES@40 "
        "BF16@44 DGH@48 I8MM@52 XS@56 LS64@60",
    ),
    IdRegister(
        "ISAR2",
        6,
        2,
        "WFxT@0 RPRES@4 GPA3@8 APA3@12 MOPS@16 BC@20 PAC_frac@24 CLRBHB@28 SYSREG_128@32 "
        "SYSINSTR_128@36 PRFMSLC@40 PCDPHINT@44 RPRFM@48 CSSC@52 LUT@56 ATS1A@60",
    ),
    IdRegister(
        "ISAR3", 6, 3, "CPA@0 FAMINMAX@4 TLBIW@8 PACM@12 LSFE@16 OCCMO@20 LSUI@24 FPRCVT@28"
    ),
    IdRegister(
        "MMFR0",
        7,
        0,
        "PARange@0 ASIDBits@4 BigEnd@8 SNSMem@12 BigEndEL0@16 TGran16@20 TGran64@24! TGran4@28! "
        "TGran16_2@32 TGran64_2@36 TGran4_2@40 ExS@44 FGT@56 ECV@60",
    ),
    IdRegister(
        "MMFR1",
        7,
        1,
        "HAFDBS@0 VMIDBits@4 VH@8 HPDS@12 LO@16 PAN@20 SpecSEI@24 XNX@28 TWED@32 ETS@36 HCX@40 "
        "AFP@44 nTLBPA@48 TIDCP1@52 CMOW@56 ECBHB@60",
    ),
    IdRegister(
        "MMFR2",
        7,
        2,
        "CnP@0 UAO@4 LSM@8 IESB@12 VARange@16 CCIDX@20 NV@24 ST@28 AT@32 IDS@36 FWB@40 TTL@48 "
        "BBM@52 EVT@56 E0PD@60",
    ),
    IdRegister("MMFR3", 7, 3, "TCRX@0 SCTLRX@4 S1PIE@8 S2PIE@12 S1POE@16 S2POE@20"),
)
"""Those that hold a field that a feature, a CPU model or Linux names."""


@cache
def id_fields() -> dict[str, IdField]:
    """All fields, by `REGISTER.FIELD`."""
    return {f"{r.name}.{f.name}": f for r in ID_REGISTERS for f in r.parsed()}


def condition(text: str) -> str:
    """The feature behind @, or nothing."""
    return text.partition("@")[2]


def split(text: str) -> tuple[str, int]:
    """`REGISTER.FIELD=VALUE`, without `@FEATURE`, as the field's key and the value."""
    key, _, value = text.partition("@")[0].partition("=")
    return key, int(value, 0)
