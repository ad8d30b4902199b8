// Exceptions of instructions at EL1 and EL0, with translation off.
#include "bare.h"

// Code for EL0: each leaves by an exception, which `to_el1` ends.
#define EL0(name, text)                                                              \
    asm(".pushsection .el0, \"ax\"\n" #name ":\n\t" text "\n\tsvc #0x77\n\tb .\n.popsection"); \
    void name(void);
EL0(el0_nothing, "nop")
EL0(el0_sctlr, "mrs x1, sctlr_el1")
EL0(el0_ctr, "mrs x1, ctr_el0")
EL0(el0_cntvct, "mrs x1, cntvct_el0")
EL0(el0_midr, "mrs x1, midr_el1")
EL0(el0_fp, "fadd d0, d1, d2")
EL0(el0_brk, "brk #0x123")
EL0(el0_hlt, "hlt #1")
EL0(el0_hvc, "hvc #1")
EL0(el0_eret, "eret")
EL0(el0_udf, ".inst 0")
EL0(el0_dc_cvau, "mov x1, sp\n\tdc cvau, x1")
EL0(el0_ic_ivau, "mov x1, sp\n\tic ivau, x1")
EL0(el0_dc_zva, "sub x1, sp, #64\n\tdc zva, x1")
EL0(el0_tlbi, "tlbi vmalle1")
EL0(el0_wfi, "wfi")
EL0(el0_exclusive, "sub x1, sp, #61\n\tldxr x2, [x1]")
EL0(el0_bad_pc, "mov x1, #0x41000000\n\tadd x1, x1, #2\n\tbr x1")
EL0(el0_tpidr, "msr tpidr_el0, x1\n\tmrs x2, tpidrro_el0")
EL0(el0_tpidrro, "msr tpidrro_el0, x1")
EL0(el0_pmu, "mrs x1, pmccntr_el0")

// No device is there.
#define NOWHERE 0x09080000ul

static void to_el1(struct frame* f) { f->elr = (u64)leave_el0, f->spsr = 0x3c5; }

static u8 el0_stack[4096] __attribute__((aligned(4096)));

static void at_el0(const char* name, void (*code)(void)) {
    handler = to_el1;
    exceptions = 0;
    call_el0(code, 0, (u64)el0_stack + sizeof el0_stack);
    handler = 0;
    report(name);
}

static void el0_tests(void) {
    at_el0("svc", el0_nothing);
    at_el0("mrs sctlr_el1", el0_sctlr);
    at_el0("mrs ctr_el0", el0_ctr);
    at_el0("mrs cntvct_el0", el0_cntvct);
    at_el0("mrs midr_el1", el0_midr);
    at_el0("fadd", el0_fp);
    at_el0("brk", el0_brk);
    at_el0("hlt", el0_hlt);
    at_el0("hvc", el0_hvc);
    at_el0("eret", el0_eret);
    at_el0("udf", el0_udf);
    at_el0("dc cvau", el0_dc_cvau);
    at_el0("ic ivau", el0_ic_ivau);
    at_el0("dc zva", el0_dc_zva);
    at_el0("tlbi", el0_tlbi);
    at_el0("misaligned exclusive", el0_exclusive);
    at_el0("misaligned pc", el0_bad_pc);
    at_el0("tpidr", el0_tpidr);
    at_el0("msr tpidrro_el0", el0_tpidrro);
    at_el0("mrs pmccntr_el0", el0_pmu);
}

static void el1_tests(void) {
    static u64 words[4] __attribute__((aligned(32)));
    EXPECT("svc", asm volatile("svc #0xabc"));
    EXPECT("brk", asm volatile("brk #0xffff"));
    EXPECT("udf", asm volatile(".inst 0x00000123"));
    EXPECT("smc", asm volatile("smc #1"));
    EXPECT("unknown register", asm volatile("mrs x1, s3_0_c11_c15_7" ::: "x1"));
    EXPECT("read-only register", asm volatile("msr s3_0_c0_c0_0, xzr"));
    EXPECT("EL2's register", asm volatile("mrs x1, hcr_el2" ::: "x1"));
    EXPECT("misaligned load of device memory",
           asm volatile("ldr x1, [%0, #1]" ::"r"(words) : "x1", "memory"));
    EXPECT("misaligned store of device memory",
           asm volatile("str xzr, [%0, #1]" ::"r"(words) : "memory"));
    EXPECT("misaligned exclusive",
           asm volatile("ldxr x1, [%0]" ::"r"((u64)words + 1) : "x1", "memory"));
    EXPECT("external abort", asm volatile("ldr x1, [%0]" ::"r"(NOWHERE) : "x1", "memory"));
    EXPECT("external abort of a store",
           asm volatile("str x1, [%0]" ::"r"(NOWHERE) : "x1", "memory"));
    EXPECT("address size", asm volatile("ldr x1, [%0]" ::"r"(1ul << 52) : "x1", "memory"));
    MSR("cpacr_el1", 0);
    ISB();
    EXPECT("fadd, trapped", asm volatile("fadd d0, d1, d2"));
    EXPECT("ldr q0, trapped", asm volatile("ldr q0, [%0]" ::"r"(words) : "memory"));
    EXPECT("mrs fpcr, trapped", asm volatile("mrs x1, fpcr" ::: "x1"));
    EXPECT("undefined SIMD word", asm volatile(".inst 0x5e00f800"));
    MSR("cpacr_el1", 1ul << 20);
    ISB();
    EXPECT("fadd, EL0 trapped", asm volatile("fadd d0, d1, d2"));
    at_el0("fadd, EL0 trapped", el0_fp);
    MSR("cpacr_el1", 3ul << 20);
    ISB();
}

// PSTATE: what the return restores, what an exception sets.
static void pstate_tests(void) {
    line("CurrentEL", MRS("CurrentEL"));
    line("SPSel", MRS("SPSel"));
    line("DAIF", MRS("DAIF"));
    asm volatile("msr daifclr, #15");
    line("DAIF clear", MRS("DAIF"));
    asm volatile("msr daifset, #6");
    line("DAIF set", MRS("DAIF"));
    EXPECT("svc", asm volatile("svc #1"));
    MSR("DAIF", 0x3c0);
    MSR("nzcv", 0x90000000);
    EXPECT("svc with flags", asm volatile("svc #2"));
    MSR("sp_el0", 0x41100000);
    asm volatile("msr spsel, #0\n\tmov x9, sp\n\tsub sp, sp, #16\n\tsvc #3\n\tmsr spsel, #1" ::: "x9",
                 "memory");
    report("svc with SP_EL0");
    line("SP_EL0", MRS("sp_el0"));
    // Illegal returns: to EL2, to reserved modes.
    static const u64 modes[] = {0x3c9, 0x3c2, 0x3c1};
    for (unsigned n = 0; n < 3; n++) {
        exceptions = 0;
        asm volatile(
            "adr x9, 1f\n\tmsr elr_el1, x9\n\tmsr spsr_el1, %0\n\teret\n1:\tnop" ::"r"(modes[n])
            : "x9", "memory");
        report("illegal return");
        MSR("DAIF", 0x3c0);
    }
}

static void trap_tests(void) {
    u64 before = MRS("sctlr_el1");
    u64 all = 1ul << 9 | 1ul << 14 | 1ul << 15 | 1ul << 16 | 1ul << 18 | 1ul << 26;
    MSR("sctlr_el1", before & ~all);
    MSR("cntkctl_el1", 0);
    ISB();
    put("EL0 with traps\n");
    at_el0("wfi", el0_wfi);
    el0_tests();
    MSR("sctlr_el1", before | all);
    MSR("cntkctl_el1", 3);
    ISB();
    put("EL0 without traps\n");
    el0_tests();
}

void run(void) {
    MSR("nzcv", 0);
    el1_tests();
    pstate_tests();
    trap_tests();
}
