"""System registers as EL1 sees them, and EL0 of a whole machine: one row each.

Owns: encodings, who may access what, which control traps EL0, bits that can be written, reset
values, what a write changes besides. Must not know: what C++ does for the registers that compute.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sysregs import SysReg

ALL = 2**64 - 1


@dataclass(frozen=True, slots=True)
class SystemRegister:
    """`el0` and `el1` are `r`, `w`, `rw` or empty (UNDEFINED there).

    `how`: `store` (what was written), `state FIELD` (a field of CpuState), `zero` (reads 0, writes
    are ignored), `compute` (C++ has it, by its name), `icc NAME` (of the GICv3 CPU interface).
    `mask`: bits that can be written; others keep the reset value. `needs`: `REGISTER.FIELD=VALUE`
    of an ID register, at least that, or a feature; without, the register does not exist. `trap`:
    what EL0's access traps to EL1 without: alternatives `REGISTER.BIT`, by `|`. `changes`:
    `translation` (the regime), `features` (the context key).
    """

    name: str
    encoding: str
    el0: str
    el1: str
    how: str
    doc: str
    mask: int = ALL
    reset: int = 0
    needs: str = ""
    trap: str = ""
    changes: str = ""

    @property
    def id(self) -> int:
        """op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2."""
        op0, op1, crn, crm, op2 = map(int, self.encoding.split())
        return SysReg("", op0, op1, crn, crm, op2, "", "", "").id


R = SystemRegister

# SCTLR_EL1 (Arm ARM D24.2.124): M A C SA SA0 nAA UMA EnRCTX I EnDB DZE UCT nTWI nTWE WXN IESB SPAN
# UCI EnDA EnIB EnIA MSCEn BT0 BT1 DSSBS. Big-endian data, AArch32 and tag checks are not there.
_SCTLR = sum(
    1 << bit
    for bit in (
        *(0, 1, 2, 3, 4, 6, 9, 10, 12, 13, 14, 15, 16, 18, 19, 21, 23, 26, 27, 30, 31, 33, 35, 36),
        44,
    )
)
_SCTLR_RESET = 0x30C5_0838
_TCR_BITS = (1 << 60) - 1 & ~(1 << 6) & ~(1 << 35)
"""TCR_EL1 up to DS."""
_PMU = "DFR0.PMUVer=1"
_USER_PMU = "PMUSERENR_EL0.EN"

_KERNEL: tuple[SystemRegister, ...] = (
    R(
        "SCTLR_EL1",
        "3 0 1 0 0",
        "",
        "rw",
        "store",
        "system control",
        _SCTLR,
        _SCTLR_RESET,
        changes="translation",
    ),
    R("ACTLR_EL1", "3 0 1 0 1", "", "rw", "zero", "auxiliary control"),
    R(
        "CPACR_EL1",
        "3 0 1 0 2",
        "",
        "rw",
        "store",
        "traps of SIMD and floating point",
        3 << 20,
        changes="features",
    ),
    R("TTBR0_EL1", "3 0 2 0 0", "", "rw", "store", "lower table, ASID", changes="translation"),
    R("TTBR1_EL1", "3 0 2 0 1", "", "rw", "store", "upper table, ASID", changes="translation"),
    R(
        "TCR_EL1",
        "3 0 2 0 2",
        "",
        "rw",
        "store",
        "translation control",
        _TCR_BITS,
        changes="translation",
    ),
    R("MAIR_EL1", "3 0 10 2 0", "", "rw", "store", "memory attributes", changes="translation"),
    R("AMAIR_EL1", "3 0 10 3 0", "", "rw", "zero", "auxiliary memory attributes"),
    R("AFSR0_EL1", "3 0 5 1 0", "", "rw", "zero", "auxiliary fault status 0"),
    R("AFSR1_EL1", "3 0 5 1 1", "", "rw", "zero", "auxiliary fault status 1"),
    R("ESR_EL1", "3 0 5 2 0", "", "rw", "state esr_el1", "exception syndrome"),
    R("FAR_EL1", "3 0 6 0 0", "", "rw", "state far_el1", "fault address"),
    R("PAR_EL1", "3 0 7 4 0", "", "rw", "store", "what AT found"),
    R("VBAR_EL1", "3 0 12 0 0", "", "rw", "store", "vector base address", ALL & ~0x7FF),
    R("RVBAR_EL1", "3 0 12 0 1", "", "r", "compute", "address of reset"),
    R("RMR_EL1", "3 0 12 0 2", "", "rw", "store", "reset management", 0, 1),
    R("ISR_EL1", "3 0 12 1 0", "", "r", "compute", "interrupts that wait"),
    R(
        "DISR_EL1",
        "3 0 12 1 1",
        "",
        "rw",
        "store",
        "deferred SError",
        1 << 31 | 1 << 24 | 0x1FFFFFF,
        needs="PFR0.RAS=1",
    ),
    R("ELR_EL1", "3 0 4 0 1", "", "rw", "state elr_el1", "exception link"),
    R("SPSR_EL1", "3 0 4 0 0", "", "rw", "state spsr_el1", "saved program status"),
    R("SP_EL0", "3 0 4 1 0", "", "rw", "state sp_el0", "stack pointer of EL0"),
    R("SPSel", "3 0 4 2 0", "", "rw", "compute", "which stack pointer"),
    R("CurrentEL", "3 0 4 2 2", "", "r", "state current_el", "exception level"),
    R("PAN", "3 0 4 2 3", "", "rw", "compute", "privileged access never", needs="MMFR1.PAN=1"),
    R("UAO", "3 0 4 2 4", "", "rw", "compute", "user access override", needs="MMFR2.UAO=1"),
    R(
        "DAIF",
        "3 3 4 2 1",
        "rw",
        "rw",
        "state daif",
        "interrupt masks",
        0xF << 6,
        0xF << 6,
        trap="SCTLR_EL1.UMA",
    ),
    R("TPIDR_EL1", "3 0 13 0 4", "", "rw", "state tpidr_el1", "thread pointer of EL1"),
    R(
        "TPIDRRO_EL0",
        "3 3 13 0 3",
        "r",
        "rw",
        "state tpidrro_el0",
        "thread pointer, read-only at EL0",
    ),
    R("CONTEXTIDR_EL1", "3 0 13 0 1", "", "rw", "store", "context number", 0xFFFF_FFFF),
    R(
        "SCXTNUM_EL1",
        "3 0 13 0 7",
        "",
        "rw",
        "store",
        "software context number",
        needs="PFR0.CSV2=2",
    ),
    R("CNTKCTL_EL1", "3 0 14 1 0", "", "rw", "compute", "EL0's access to counters and timers"),
    R("CSSELR_EL1", "3 2 0 0 0", "", "rw", "store", "cache size selection", 0xF),
    R("CCSIDR_EL1", "3 1 0 0 0", "", "r", "compute", "cache size"),
    R(
        "CCSIDR2_EL1",
        "3 1 0 0 2",
        "",
        "r",
        "zero",
        "cache size, its other half",
        needs="MMFR2.CCIDX=1",
    ),
    R("CLIDR_EL1", "3 1 0 0 1", "", "r", "compute", "cache levels"),
    R("AIDR_EL1", "3 1 0 0 7", "", "r", "zero", "auxiliary identification"),
    R("MIDR_EL1", "3 0 0 0 0", "", "r", "compute", "main identification"),
    R("MPIDR_EL1", "3 0 0 0 5", "", "r", "compute", "affinity"),
    R("REVIDR_EL1", "3 0 0 0 6", "", "r", "zero", "revision"),
    R(
        "LORSA_EL1",
        "3 0 10 4 0",
        "",
        "rw",
        "store",
        "ordering region: start",
        0xF_FFFF_FFFF_0001,
        needs="MMFR1.LO=1",
    ),
    R(
        "LOREA_EL1",
        "3 0 10 4 1",
        "",
        "rw",
        "store",
        "ordering region: end",
        0xF_FFFF_FFFF_0000,
        needs="MMFR1.LO=1",
    ),
    R(
        "LORN_EL1",
        "3 0 10 4 2",
        "",
        "rw",
        "store",
        "ordering region: number",
        0xFF,
        needs="MMFR1.LO=1",
    ),
    R(
        "LORC_EL1",
        "3 0 10 4 3",
        "",
        "rw",
        "store",
        "ordering region: control",
        0x3FD,
        needs="MMFR1.LO=1",
    ),
    R("LORID_EL1", "3 0 10 4 7", "", "r", "zero", "ordering regions: none", needs="MMFR1.LO=1"),
    R("ERRIDR_EL1", "3 0 5 3 0", "", "r", "zero", "error records: none", needs="PFR0.RAS=1"),
    R("ERRSELR_EL1", "3 0 5 3 1", "", "rw", "zero", "error record selection", needs="PFR0.RAS=1"),
)

_USER: tuple[SystemRegister, ...] = (
    R("CTR_EL0", "3 3 0 0 1", "r", "r", "compute", "cache type", trap="SCTLR_EL1.UCT"),
    R("DCZID_EL0", "3 3 0 0 7", "r", "r", "compute", "DC ZVA block size"),
    R(
        "SCXTNUM_EL0",
        "3 3 13 0 7",
        "rw",
        "rw",
        "store",
        "software context number",
        needs="PFR0.CSV2=2",
    ),
    R(
        "CNTFRQ_EL0",
        "3 3 14 0 0",
        "r",
        "rw",
        "compute",
        "counter frequency",
        trap="CNTKCTL_EL1.EL0PCTEN|CNTKCTL_EL1.EL0VCTEN",
    ),
    R(
        "CNTPCT_EL0",
        "3 3 14 0 1",
        "r",
        "r",
        "compute",
        "physical counter",
        trap="CNTKCTL_EL1.EL0PCTEN",
    ),
    R(
        "CNTVCT_EL0",
        "3 3 14 0 2",
        "r",
        "r",
        "compute",
        "virtual counter",
        trap="CNTKCTL_EL1.EL0VCTEN",
    ),
    R(
        "CNTPCTSS_EL0",
        "3 3 14 0 5",
        "r",
        "r",
        "compute",
        "the physical one, in order",
        needs="MMFR0.ECV=1",
        trap="CNTKCTL_EL1.EL0PCTEN",
    ),
    R(
        "CNTVCTSS_EL0",
        "3 3 14 0 6",
        "r",
        "r",
        "compute",
        "the virtual one, in order",
        needs="MMFR0.ECV=1",
        trap="CNTKCTL_EL1.EL0VCTEN",
    ),
    R(
        "CNTP_TVAL_EL0",
        "3 3 14 2 0",
        "rw",
        "rw",
        "compute",
        "physical timer: what is left",
        trap="CNTKCTL_EL1.EL0PTEN",
    ),
    R(
        "CNTP_CTL_EL0",
        "3 3 14 2 1",
        "rw",
        "rw",
        "compute",
        "physical timer: control",
        trap="CNTKCTL_EL1.EL0PTEN",
    ),
    R(
        "CNTP_CVAL_EL0",
        "3 3 14 2 2",
        "rw",
        "rw",
        "compute",
        "physical timer: comparison",
        trap="CNTKCTL_EL1.EL0PTEN",
    ),
    R(
        "CNTV_TVAL_EL0",
        "3 3 14 3 0",
        "rw",
        "rw",
        "compute",
        "virtual timer: what is left",
        trap="CNTKCTL_EL1.EL0VTEN",
    ),
    R(
        "CNTV_CTL_EL0",
        "3 3 14 3 1",
        "rw",
        "rw",
        "compute",
        "virtual timer: control",
        trap="CNTKCTL_EL1.EL0VTEN",
    ),
    R(
        "CNTV_CVAL_EL0",
        "3 3 14 3 2",
        "rw",
        "rw",
        "compute",
        "virtual timer: comparison",
        trap="CNTKCTL_EL1.EL0VTEN",
    ),
)

# The PMU has its cycle counter and no other: PMCR_EL0.N is 0.
_CYCLES = 1 << 31
_COUNTERS: tuple[SystemRegister, ...] = (
    R(
        "PMCR_EL0",
        "3 3 9 12 0",
        "rw",
        "rw",
        "compute",
        "performance monitors: control",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R(
        "PMCNTENSET_EL0",
        "3 3 9 12 1",
        "rw",
        "rw",
        "compute",
        "counters enabled",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R(
        "PMCNTENCLR_EL0",
        "3 3 9 12 2",
        "rw",
        "rw",
        "compute",
        "the same, to disable",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R(
        "PMOVSCLR_EL0",
        "3 3 9 12 3",
        "rw",
        "rw",
        "compute",
        "overflows, to clear",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R(
        "PMSWINC_EL0",
        "3 3 9 12 4",
        "w",
        "w",
        "zero",
        "software increment",
        needs=_PMU,
        trap=f"{_USER_PMU}|PMUSERENR_EL0.SW",
    ),
    R(
        "PMSELR_EL0",
        "3 3 9 12 5",
        "rw",
        "rw",
        "store",
        "counter selection",
        0x1F,
        needs=_PMU,
        trap=f"{_USER_PMU}|PMUSERENR_EL0.ER",
    ),
    R(
        "PMCEID0_EL0",
        "3 3 9 12 6",
        "r",
        "r",
        "zero",
        "events that there are: none",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R("PMCEID1_EL0", "3 3 9 12 7", "r", "r", "zero", "the same", needs=_PMU, trap=_USER_PMU),
    R(
        "PMCCNTR_EL0",
        "3 3 9 13 0",
        "rw",
        "rw",
        "compute",
        "cycle counter",
        needs=_PMU,
        trap=f"{_USER_PMU}|PMUSERENR_EL0.CR",
    ),
    R(
        "PMXEVTYPER_EL0",
        "3 3 9 13 1",
        "rw",
        "rw",
        "compute",
        "type of the selected counter",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R(
        "PMXEVCNTR_EL0",
        "3 3 9 13 2",
        "rw",
        "rw",
        "zero",
        "the selected counter",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R(
        "PMUSERENR_EL0",
        "3 3 9 14 0",
        "r",
        "rw",
        "store",
        "EL0's access to counters",
        0xF,
        needs=_PMU,
    ),
    R("PMINTENSET_EL1", "3 0 9 14 1", "", "rw", "compute", "interrupts of overflows", needs=_PMU),
    R("PMINTENCLR_EL1", "3 0 9 14 2", "", "rw", "compute", "the same, to disable", needs=_PMU),
    R(
        "PMOVSSET_EL0",
        "3 3 9 14 3",
        "rw",
        "rw",
        "compute",
        "overflows, to set",
        needs=_PMU,
        trap=_USER_PMU,
    ),
    R("PMMIR_EL1", "3 0 9 14 6", "", "r", "zero", "implementation", needs="DFR0.PMUVer=5"),
    R(
        "PMCCFILTR_EL0",
        "3 3 14 15 7",
        "rw",
        "rw",
        "store",
        "cycle counter's filter",
        0xFC00_0000,
        needs=_PMU,
        trap=_USER_PMU,
    ),
)

_TDCC = "!MDSCR_EL1.TDCC"
_BREAKPOINTS, _WATCHPOINTS = 6, 4
"""As many as the cores have; DFR0.BRPs and DFR0.WRPs say so."""
_DEBUG: tuple[SystemRegister, ...] = (
    R(
        "MDSCR_EL1",
        "2 0 0 2 2",
        "",
        "rw",
        "store",
        "debug control",
        1 << 15 | 1 << 13 | 1 << 12 | 1,
        changes="features",
    ),
    R("MDCCINT_EL1", "2 0 0 2 0", "", "rw", "store", "interrupts of the debug channel", 3 << 29),
    R("MDCCSR_EL0", "2 3 0 1 0", "r", "r", "zero", "debug channel status", trap=_TDCC),
    R("DBGDTR_EL0", "2 3 0 4 0", "rw", "rw", "zero", "debug channel, both halves", trap=_TDCC),
    R("DBGDTRRX_EL0", "2 3 0 5 0", "rw", "rw", "zero", "debug channel", trap=_TDCC),
    R("OSDTRRX_EL1", "2 0 0 0 2", "", "rw", "store", "debug channel, saved", 0xFFFF_FFFF),
    R("OSDTRTX_EL1", "2 0 0 3 2", "", "rw", "store", "the same", 0xFFFF_FFFF),
    R("OSECCR_EL1", "2 0 0 6 2", "", "rw", "zero", "exception catch, saved"),
    R("MDRAR_EL1", "2 0 1 0 0", "", "r", "zero", "debug ROM address: none"),
    R("OSLAR_EL1", "2 0 1 0 4", "", "w", "compute", "OS lock"),
    R("OSLSR_EL1", "2 0 1 1 4", "", "r", "compute", "OS lock status"),
    R("OSDLR_EL1", "2 0 1 3 4", "", "rw", "zero", "OS double lock: none"),
    R("DBGPRCR_EL1", "2 0 1 4 4", "", "rw", "store", "debug power", 1),
    R("DBGCLAIMSET_EL1", "2 0 7 8 6", "", "rw", "compute", "claim tags, to set"),
    R("DBGCLAIMCLR_EL1", "2 0 7 9 6", "", "rw", "compute", "claim tags, to clear"),
    R("DBGAUTHSTATUS_EL1", "2 0 7 14 6", "", "r", "zero", "debug authentication"),
    *(
        R(
            f"DBGBVR{n}_EL1",
            f"2 0 0 {n} 4",
            "",
            "rw",
            "store",
            "breakpoint address",
            ALL & ~3,
            changes="features",
        )
        for n in range(_BREAKPOINTS)
    ),
    *(
        R(
            f"DBGBCR{n}_EL1",
            f"2 0 0 {n} 5",
            "",
            "rw",
            "store",
            "breakpoint control",
            0xFF_E1E7,
            changes="features",
        )
        for n in range(_BREAKPOINTS)
    ),
    *(
        R(
            f"DBGWVR{n}_EL1",
            f"2 0 0 {n} 6",
            "",
            "rw",
            "store",
            "watchpoint address",
            ALL & ~3,
            changes="features",
        )
        for n in range(_WATCHPOINTS)
    ),
    *(
        R(
            f"DBGWCR{n}_EL1",
            f"2 0 0 {n} 7",
            "",
            "rw",
            "store",
            "watchpoint control",
            0x1F1F_FFFF,
            changes="features",
        )
        for n in range(_WATCHPOINTS)
    ),
)

_KEYS: tuple[SystemRegister, ...] = tuple(
    R(
        f"AP{key}Key{half}_EL1",
        f"3 0 2 {crm} {op2 + part}",
        "",
        "rw",
        "compute",
        "key of pointer authentication",
        needs="PAuth",
    )
    for key, crm, op2 in (("IA", 1, 0), ("IB", 1, 2), ("DA", 2, 0), ("DB", 2, 2), ("GA", 3, 0))
    for part, half in enumerate(("Lo", "Hi"))
)


def _group(number: int) -> tuple[tuple[str, str, str], ...]:
    """What each interrupt group has: its name, CRn CRm op2, access."""
    crm = 8 if number == 0 else 12
    return (
        (f"IAR{number}", f"12 {crm} 0", "r"),
        (f"EOIR{number}", f"12 {crm} 1", "w"),
        (f"HPPIR{number}", f"12 {crm} 2", "r"),
        (f"BPR{number}", f"12 {crm} 3", "rw"),
        (f"IGRPEN{number}", f"12 12 {6 + number}", "rw"),
        *((f"AP{number}R{n}", f"12 {8 + number} {n if number else 4 + n}", "rw") for n in range(4)),
    )


_GIC: tuple[SystemRegister, ...] = tuple(
    R(f"ICC_{name}_EL1", f"3 0 {place}", "", access, f"icc {name.lower()}", "GICv3 CPU interface")
    for name, place, access in (
        ("PMR", "4 6 0", "rw"),
        ("DIR", "12 11 1", "w"),
        ("RPR", "12 11 3", "r"),
        ("SGI1R", "12 11 5", "w"),
        ("ASGI1R", "12 11 6", "w"),
        ("SGI0R", "12 11 7", "w"),
        ("CTLR", "12 12 4", "rw"),
        ("SRE", "12 12 5", "rw"),
        *_group(0),
        *_group(1),
    )
)

SYSTEM_REGISTERS: tuple[SystemRegister, ...] = (
    *_KERNEL,
    *_USER,
    *_COUNTERS,
    *_DEBUG,
    *_KEYS,
    *_GIC,
)
"""All but the ID registers (op0 3, op1 0, CRn 0, CRm 1 to 7), which follow from the model."""

TRAP_BITS: dict[str, int] = {
    "SCTLR_EL1.UMA": 9,
    "SCTLR_EL1.UCT": 15,
    "CNTKCTL_EL1.EL0PCTEN": 0,
    "CNTKCTL_EL1.EL0VCTEN": 1,
    "CNTKCTL_EL1.EL0VTEN": 8,
    "CNTKCTL_EL1.EL0PTEN": 9,
    "PMUSERENR_EL0.EN": 0,
    "PMUSERENR_EL0.SW": 1,
    "PMUSERENR_EL0.CR": 2,
    "PMUSERENR_EL0.ER": 3,
    "MDSCR_EL1.TDCC": 12,
}
"""Places of the controls that `trap` names. With `!` in front a 1 traps."""

IMPLEMENTED_FIELDS: dict[str, int] = {
    "PFR0.EL0": 1,
    "PFR0.EL1": 1,
    "PFR0.RAS": 1,
    "PFR0.CSV2": 2,
    "PFR0.CSV3": 1,
    "DFR0.DebugVer": 9,
    "DFR0.PMUVer": 6,
    "DFR0.BRPs": _BREAKPOINTS - 1,
    "DFR0.WRPs": _WATCHPOINTS - 1,
    "DFR0.CTX_CMPs": 1,
    "DFR0.DoubleLock": 15,
    "ISAR0.TLB": 2,
    "MMFR0.PARange": 6,
    "MMFR0.ASIDBits": 2,
    "MMFR0.TGran16": 2,
    "MMFR0.TGran64": 0,
    "MMFR0.TGran4": 1,
    "MMFR1.HAFDBS": 2,
    "MMFR1.HPDS": 1,
    "MMFR1.PAN": 3,
    "MMFR1.LO": 1,
    "MMFR2.CnP": 1,
    "MMFR2.UAO": 1,
    "MMFR2.IESB": 1,
    "MMFR2.VARange": 1,
    "MMFR2.IDS": 1,
    "MMFR2.TTL": 1,
    "MMFR2.BBM": 2,
    "MMFR2.E0PD": 1,
}
"""The highest value of each ID field of a model that system mode implements. A field that is not
here and that no feature decides says that there is no such thing."""
