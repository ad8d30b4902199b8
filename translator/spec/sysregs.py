"""System registers and SYS operations that EL0 has: one row each.

Owns: encodings, access, where the value lives. Must not know: values that depend on the machine
(the environment has those).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SysReg:
    """`how`: `state FIELD` (a CpuState field), `nzcv`, `fpcr`, `fpsr`, `random` (a number, and
    NZCV), `environment`. Without `feature` the register does not exist; `mask`: bits that can be
    written."""

    name: str
    op0: int
    op1: int
    crn: int
    crm: int
    op2: int
    access: str
    how: str
    doc: str
    feature: str = ""
    mask: int = 2**64 - 1

    @property
    def id(self) -> int:
        """The number that read_sysreg and write_sysreg carry."""
        return self.op0 << 14 | self.op1 << 11 | self.crn << 7 | self.crm << 3 | self.op2


R = SysReg
SYSREGS: tuple[SysReg, ...] = (
    R("NZCV", 3, 3, 4, 2, 0, "rw", "nzcv", "condition flags"),
    R("FPCR", 3, 3, 4, 4, 0, "rw", "fpcr", "floating-point control", "FP"),
    R("FPSR", 3, 3, 4, 4, 1, "rw", "fpsr", "floating-point status", "FP"),
    R("TPIDR_EL0", 3, 3, 13, 0, 2, "rw", "state tpidr_el0", "thread pointer"),
    R("TPIDRRO_EL0", 3, 3, 13, 0, 3, "r", "state tpidrro_el0", "thread pointer, read-only at EL0"),
    R("CTR_EL0", 3, 3, 0, 0, 1, "r", "environment", "cache type"),
    R("DCZID_EL0", 3, 3, 0, 0, 7, "r", "environment", "DC ZVA block size"),
    R("CNTFRQ_EL0", 3, 3, 14, 0, 0, "r", "environment", "counter frequency"),
    R("CNTPCT_EL0", 3, 3, 14, 0, 1, "r", "environment", "physical counter"),
    R("CNTVCT_EL0", 3, 3, 14, 0, 2, "r", "environment", "virtual counter"),
    R("CNTPCTSS_EL0", 3, 3, 14, 0, 5, "r", "environment", "the physical one, in order", "ECV"),
    R("CNTVCTSS_EL0", 3, 3, 14, 0, 6, "r", "environment", "the virtual one, in order", "ECV"),
    R("PMUSERENR_EL0", 3, 3, 9, 14, 0, "r", "environment", "which counters of events EL0 has"),
    R("DIT", 3, 3, 4, 2, 5, "rw", "state dit", "data-independent timing", "DIT", 1 << 24),
    R("SSBS", 3, 3, 4, 2, 6, "rw", "state ssbs", "speculative store bypass", "SSBS2", 1 << 12),
    R("TCO", 3, 3, 4, 2, 7, "rw", "state tco", "tag check override", "MTE", 1 << 25),
    R("RNDR", 3, 3, 2, 4, 0, "r", "random", "a random number", "RNG"),
    R("RNDRRS", 3, 3, 2, 4, 1, "r", "random", "the same, of a generator seeded anew", "RNG"),
)
"""Registers. The ID registers (op0 3, op1 0, CRn 0) are not here: Linux emulates the space for EL0,
reserved encodings included, but for CRm 1 and all of CRm 0 other than MIDR, MPIDR and REVIDR
(arch/arm64/kernel/cpufeature.c, emulate_sys_reg). So it goes to the environment as a whole."""


OWN_HINTS = 120
"""Eight hints, from this number up, that no manual gives a meaning and every processor passes over.
In code of the environment's own they ask the environment: X16 and X17 := its answer."""

OWN_ANSWERS = 1 << 16
"""How read_sysreg carries such a question: this plus the hint's place among the eight."""


@dataclass(frozen=True, slots=True)
class SysOp:
    """`how`: `zero` (DC ZVA), `tag`, `zero_tag` (of the block, too), `clean` (caches
    are coherent: nothing to do where memory is mapped), `invalidate` (IC IVAU)."""

    name: str
    op1: int
    crn: int
    crm: int
    op2: int
    how: str
    feature: str
    doc: str


SYSOPS: tuple[SysOp, ...] = (
    SysOp("DC ZVA", 3, 7, 4, 1, "zero", "", "zeroes a block"),
    SysOp("DC GVA", 3, 7, 4, 3, "tag", "MTE", "tags a block"),
    SysOp("DC GZVA", 3, 7, 4, 4, "zero_tag", "MTE", "zeroes and tags a block"),
    *(
        SysOp(f"DC {name}", 3, 7, crm, op2, "clean", "MTE", "the same of tags")
        for name, crm, op2 in (
            *(("CGVAC", 10, 3), ("CGDVAC", 10, 5), ("CGVAP", 12, 3), ("CGDVAP", 12, 5)),
            *(("CGVADP", 13, 3), ("CGDVADP", 13, 5), ("CIGVAC", 14, 3), ("CIGDVAC", 14, 5)),
        )
    ),
    SysOp("DC CVAC", 3, 7, 10, 1, "clean", "", "cleans to the point of coherency"),
    SysOp("DC CVAU", 3, 7, 11, 1, "clean", "", "cleans to the point of unification"),
    SysOp("DC CVAP", 3, 7, 12, 1, "clean", "DPB", "cleans to the point of persistence"),
    SysOp("DC CVADP", 3, 7, 13, 1, "clean", "DPB2", "cleans to the point of deep persistence"),
    SysOp("DC CIVAC", 3, 7, 14, 1, "clean", "", "cleans and invalidates to the point of coherency"),
    SysOp("IC IVAU", 3, 7, 5, 1, "invalidate", "", "invalidates instructions at an address"),
)
"""SYS operations. CFP, DVP, CPP and COSP RCTX are not here: Linux leaves SCTLR_EL1.EnRCTX 0, so
that EL0 has none of them."""

ZVA_BYTES = 64
"""What DC ZVA zeroes; DCZID_EL0.BS says log2 of its words."""
