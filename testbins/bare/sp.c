// Stack pointers that are not aligned, as bases of loads and stores.
#include "bare.h"

static u8 stack[4096] __attribute__((aligned(4096)));

#define AT_SP0(name, sp, text)                                                                   \
    do {                                                                                         \
        exceptions = 0;                                                                          \
        MSR("sp_el0", sp);                                                                       \
        asm volatile("msr spsel, #0\n\t" text "\n\tmsr spsel, #1" ::: "x1", "x2", "memory");     \
        report(name);                                                                            \
    } while (0)

asm(".pushsection .el0, \"ax\"\nel0_load:\n\tldr x1, [sp]\n\tsvc #1\n\tb .\n.popsection");
void el0_load(void);
static void to_el1(struct frame* f) { f->elr = (u64)leave_el0, f->spsr = 0x3c5; }

static void at_el0(const char* name, u64 sp) {
    handler = to_el1;
    exceptions = 0;
    call_el0(el0_load, 0, sp);
    handler = 0;
    report(name);
}

void run(void) {
    u64 sp = (u64)stack + 256;
    MSR("nzcv", 0);
    AT_SP0("aligned", sp, "ldr x1, [sp]");
    AT_SP0("load", sp + 8, "ldr x1, [sp]");
    AT_SP0("pair", sp + 8, "stp x1, x2, [sp, #-16]!");
    AT_SP0("changed before", sp + 8, "sub sp, sp, #8\n\tldr x1, [sp]");
    AT_SP0("vectors", sp + 8, "ld1 {v0.16b}, [sp]");
    AT_SP0("prefetch", sp + 8, "prfm pldl1keep, [sp]");
    AT_SP0("no base", sp + 8, "mov x1, sp\n\tldr x1, [x1]");
    at_el0("EL0", sp + 8);
    at_el0("EL0, aligned", sp);
    MSR("sctlr_el1", MRS("sctlr_el1") & ~(3ul << 3));
    ISB();
    AT_SP0("off", sp + 8, "ldr x1, [sp]");
    at_el0("EL0, off", sp + 8);
}
