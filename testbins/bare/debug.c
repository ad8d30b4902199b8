// Self-hosted debug: software step at EL0, breakpoints and watchpoints at both levels.
#include "bare.h"

#define SS (1ul << 21)
#define MDSCR_SS 1ul
#define MDE (1ul << 15)
#define KDE (1ul << 13)

extern char el0_code[], el0_code_end[];
asm(".pushsection .el0, \"ax\"\n"
    "el0_code:\n\tmov x1, #1\n\tadd x1, x1, #2\n\tcbz x1, 1f\n\tb 2f\n1:\tnop\n2:\tldr x2, [sp, #-16]\n"
    "\tstr x1, [sp, #-32]\n\tsvc #9\n\tb .\nel0_code_end:\n.popsection");

static u8 el0_stack[4096] __attribute__((aligned(4096)));
static volatile u64 words[8] __attribute__((aligned(64)));
static u64 sp_of_el0(void) { return (u64)el0_stack + sizeof el0_stack; }

static void show(struct frame* f) {
    put(" esr ");
    put_hex(f->esr);
    put(" at ");
    put_hex(f->elr - (u64)el0_code);
    put(" spsr ");
    put_hex(f->spsr);
    put("\n");
}

// Steps through the code; an SVC ends it.
static void stepping(struct frame* f) {
    show(f);
    if (f->esr >> 26 == 0x32) {
        f->spsr |= SS;
    } else {
        f->elr = (u64)leave_el0;
        f->spsr = 0x3c5;
    }
}

static void breakpoints(struct frame* f) {
    show(f);
    if (f->esr >> 26 == 0x30) {
        MSR("dbgbcr1_el1", 0);
    } else if (f->esr >> 26 == 0x34) {
        line(" far", f->far - sp_of_el0());
        MSR("dbgwcr0_el1", 0);
    } else {
        f->elr = (u64)leave_el0;
        f->spsr = 0x3c5;
    }
    ISB();
}

static void to_el0(const char* name, void (*how)(struct frame*)) {
    put(name);
    put("\n");
    handler = how;
    call_el0((void (*)(void))el0_code, 0, sp_of_el0());
    handler = 0;
}

// At EL1: what came, and off with it.
static void once(struct frame* f) {
    put(" esr ");
    put_hex(f->esr);
    if (f->esr >> 26 == 0x35) {
        put(" far ");
        put_hex(f->far - (u64)words);
    }
    put("\n");
    MSR("dbgwcr0_el1", 0);
    MSR("dbgbcr1_el1", 0);
    ISB();
}

__attribute__((noinline)) static void callee(void) { asm volatile("nop"); }

static void watch(const char* name, u64 offset, u64 control) {
    put(name);
    put("\n");
    exceptions = 0;
    MSR("dbgwvr0_el1", (u64)words + offset);
    MSR("dbgwcr0_el1", control);
    ISB();
}
#define BAS(bytes) ((u64)(bytes) << 5)
#define EL1_LOAD (1ul | 1ul << 1 | 1ul << 3)
#define EL1_STORE (1ul | 1ul << 1 | 2ul << 3)

void run(void) {
    MSR("nzcv", 0);
    MSR("oslar_el1", 0);
    MSR("mdscr_el1", MDSCR_SS);
    ISB();
    to_el0("steps", stepping);
    MSR("mdscr_el1", MDE);
    MSR("dbgbvr1_el1", (u64)el0_code + 8);
    MSR("dbgbcr1_el1", 1ul | 2ul << 1 | 0xful << 5);
    ISB();
    to_el0("breakpoint of EL0", breakpoints);
    MSR("dbgwvr0_el1", sp_of_el0() - 32);
    MSR("dbgwcr0_el1", 1ul | 2ul << 1 | 2ul << 3 | BAS(0xff));
    ISB();
    to_el0("watchpoint of EL0", breakpoints);

    handler = once;
    MSR("mdscr_el1", MDE | KDE);
    asm volatile("msr daifclr, #8");
    put("breakpoint of EL1\n");
    MSR("dbgbvr1_el1", (u64)callee);
    MSR("dbgbcr1_el1", 1ul | 1ul << 1 | 0xful << 5);
    ISB();
    callee();
    watch("load", 8, EL1_LOAD | BAS(0xff));
    line(" other word", words[0] + words[2]);
    line(" watched", words[1]);
    watch("store, loads do not count", 8, EL1_STORE | BAS(0xff));
    line(" loaded", words[1]);
    words[1] = 7;
    line(" stored", words[1]);
    watch("one byte", 16, EL1_LOAD | BAS(0x04));
    line(" below", ((volatile u8*)&words[2])[1]);
    line(" it", ((volatile u8*)&words[2])[2]);
    watch("a range", 0, EL1_STORE | 5ul << 24 | BAS(0xff));
    words[4] = 1;
    line(" behind it", exceptions);
    words[3] = 2;
    line(" in it", words[3]);
    put("masked\n");
    MSR("dbgwvr0_el1", (u64)words);
    asm volatile("msr daifset, #8");
    MSR("dbgwcr0_el1", EL1_STORE | BAS(0xff));
    ISB();
    exceptions = 0;
    words[0] = 3;
    line(" exceptions", exceptions);
    handler = 0;
}
