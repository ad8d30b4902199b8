"""The guest CPU's state as translated code sees it: one row a field.

Owns: names, types, order and documentation of CpuState's fields. Must not know: C++ (gen/state.py
does), or what an instruction does with a field.
"""

from __future__ import annotations

from dataclasses import dataclass

BIAS = 128
"""rbp in translated code is the address of CpuState plus this many bytes, so that x0-x30 and SP are
all in 8-bit displacements."""

WIDTHS = {"u32": 4, "u64": 8, "v128": 16}
"""Element sizes in bytes."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `count` elements of `type`, aligned to the element's size."""

    name: str
    type: str
    doc: str
    count: int | str = 1


F = Field
FIELDS: tuple[Field, ...] = (
    F("x", "u64", "x0 to x30", 31),
    F("sp", "u64", "the stack pointer (register index 31 of get_x and set_x)"),
    F("pc", "u64", "the next instruction, outside translated code"),
    F("nzcv", "u32", "flags word: N bit 15, Z bit 14, C bit 8 (Arm's), V bit 0; rest unknown"),
    F("fpcr", "u32", "FPCR"),
    F("fpsr", "u32", "FPSR, without what MXCSR has accumulated"),
    F("mxcsr", "u32", "the guest's MXCSR while outside translated code"),
    F("poll", "u32", "nonzero: leave at the next poll (runtime's PollBit)"),
    F("context_key", "u32", "what translations depend on besides the guest's bytes"),
    F("v", "v128", "v0 to v31; 32: not zero means FPSR.QC, beside fpsr (docs/decisions)", 33),
    F("tpidr_el0", "u64", "TPIDR_EL0"),
    F("tpidrro_el0", "u64", "TPIDRRO_EL0"),
    F("tpidr2_el0", "u64", "TPIDR2_EL0 (FEAT_SME; kept for layout, zero)"),
    F("dit", "u64", "PSTATE.DIT where the register has it, bit 24"),
    F("ssbs", "u64", "PSTATE.SSBS where the register has it, bit 12"),
    F("excl_addr", "u64", "exclusive monitor: address, all ones when open"),
    F("excl_lo", "u64", "exclusive monitor: the value loaded, low 64 bits"),
    F("excl_hi", "u64", "exclusive monitor: the value loaded, high 64 bits (pairs)"),
    F("excl_size", "u32", "exclusive monitor: bytes, 0 when open"),
    F("exit_reason", "u32", "why translated code left (runtime's ExitReason)"),
    F("exit_imm", "u32", "payload of the reason"),
    F("fpcr_mask", "u32", "bits of FPCR that the CPU has; others are RES0"),
    F("probe_table", "u64", "host address of the thread's indirect-branch table"),
    F("rsb_base", "u64", "host address of the return stack's bottom entry"),
    F("host_rsp", "u64", "C stack pointer, in translated code"),
    F("saved_rsp", "u64", "return-stack pointer, outside translated code"),
    F("stub_link", "u64", "host address: resolves a direct exit; rax = the exit's stub"),
    F("stub_indirect", "u64", "host address: probes for rax; rdx = inline cache's stub"),
    F("stub_ret_miss", "u64", "host address: a return to rax that does not match"),
    F("stub_poll", "u64", "host address: leaves with pc = rax"),
    F("stub_exception", "u64", "host address: leaves; pc and reason are stored"),
    F("stub_helper", "u64", "host address: calls helper number rax on the C stack"),
    F("thread", "u64", "runtime's thread object"),
    F("environment", "u64", "runtime's Environment"),
    F("btype", "u64", "PSTATE.BTYPE, between a branch and its target outside translated code"),
    F("pac_off", "u32", "keys that sign nothing: bits of base's PacKey, IA to DB"),
    F("tag_check", "u32", "which accesses are checked: base's TagCheck, 0 none"),
    F("pac_keys", "v128", "keys of pointer authentication: IA, IB, DA, DB, GA", 5),
    F("tags", "u64", "host address of the allocation tags: a byte for 16, by bits 46:4; 0: none"),
    F("tco", "u64", "PSTATE.TCO where the register has it, bit 25"),
    F("tag_exclude", "u64", "GCR_EL1.Exclude: tags that IRG does not choose"),
    F("tag_seed", "u64", "what IRG's next tag comes of"),
    F("fault_address", "u64", "the address of a fault that exit_exception reports"),
    F("unused", "u64", "keeps what follows aligned; zero"),
    F("vtmp", "v128", "arguments and result of vector helpers", 4),
    F("spill", "v128", "spill slots of the block that runs", 64),
    F("helpers", "u64", "host addresses of the helpers, by HelperId", "kHelperCount"),
    # What only system mode has, behind all that user mode's code names.
    F("tlb", "u64", "where loads and stores look addresses up (runtime/tlb.hpp); 0: user mode"),
    F("stub_tlb", "u64", "host address: an access at rcx that the table does not serve; rdx: what"),
    F("stub_store", "u64", "host address: does such a store, whose value has been left"),
    F("tlb_unprivileged", "u64", "the same for those that act as EL0's (LDTR, STTR)"),
    F("system_key", "u32", "bits of the context key that follow from system registers"),
    F("pending", "u32", "nonzero: an interrupt waits that PSTATE.DAIF may mask"),
    F("daif", "u64", "PSTATE.DAIF where the register has it, bits 9:6"),
    F("current_el", "u64", "CurrentEL"),
    F("sp_el0", "u64", "SP_EL0 while it is not the stack pointer"),
    F("sp_el1", "u64", "SP_EL1 while it is not the stack pointer"),
    F("tpidr_el1", "u64", "TPIDR_EL1"),
    F("elr_el1", "u64", "ELR_EL1"),
    F("spsr_el1", "u64", "SPSR_EL1"),
    F("esr_el1", "u64", "ESR_EL1"),
    F("far_el1", "u64", "FAR_EL1"),
)
