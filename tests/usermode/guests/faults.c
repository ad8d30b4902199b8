// What a frame says of a fault: addresses, syndromes.
#include "handlers.h"

#include <sys/mman.h>

__asm__(".arch armv8.5-a");

enum { kExposeTagbits = 0x800 };

static uint8_t bytes[64] __attribute__((aligned(64)));
static uint64_t tagged(const void* p) { return (uintptr_t)p | 0x5aul << 56; }

// Registers that the accesses below use.
#define USED "x0", "x1", "x2", "x3", "memory"
#define ACCESS(name, text) \
    static void name(uint64_t at) { __asm__ volatile(text::"r"(at) : USED); }
ACCESS(ldr, "ldr x0, [%0]")
ACCESS(ldar, "ldar x0, [%0]")
ACCESS(ldaxr, "ldaxr x0, [%0]")
ACCESS(stlr, "stlr x0, [%0]")
ACCESS(stxr, "ldxr x0, [%0]\nstxr w1, x0, [%0]")
ACCESS(stxr_alone, "stxr w1, x0, [%0]")
ACCESS(ldadd, "ldadd x0, x1, [%0]")
ACCESS(ldsmax, "ldsmax x0, x1, [%0]")
ACCESS(swp, "swp x0, x1, [%0]")
ACCESS(cas, "cas x0, x1, [%0]")
ACCESS(casp, "casp x0, x1, x2, x3, [%0]")
ACCESS(jump, "br %0")

// The access must fault; `seen` and `seen_context` tell.
static void fault(void (*access)(uint64_t), uint64_t at, int number, int code) {
    int before = hits;
    if (sigsetjmp(back, 1) == 0) access(at);
    CHECK_EQ(hits, before + 1);
    CHECK_EQ(seen.si_signo, number);
    CHECK_EQ(seen.si_code, code);
}
static void is_reported(uint64_t address, uint64_t fault_address, uint64_t esr) {
    CHECK_EQ((uintptr_t)seen.si_addr, address);
    CHECK_EQ(seen_context.uc_mcontext.fault_address, fault_address);
    CHECK_EQ(esr_of(&seen_context), esr);
}

static const struct {
    void (*access)(uint64_t);
    uint64_t esr;
} kAligned[] = {{ldar, 0x92000021},       {ldaxr, 0x92000021}, {stlr, 0x92000061},
                {stxr_alone, 0x92000061}, {ldadd, 0x92000021}, {ldsmax, 0x92000021},
                {swp, 0x92000021},        {cas, 0x92000021},   {casp, 0x92000021}};

CASE(alignment) {
    uint64_t at = (uintptr_t)bytes + 9;
    for (size_t n = 0; n < sizeof kAligned / sizeof kAligned[0]; n++) {
        install(SIGBUS, keep_and_jump, 0);
        fault(kAligned[n].access, at, SIGBUS, BUS_ADRALN);
        is_reported(at, at, kAligned[n].esr);
        fault(kAligned[n].access, tagged((void*)at), SIGBUS, BUS_ADRALN);
        is_reported(at, at, kAligned[n].esr);
        if (kAligned[n].access == stxr_alone) continue;  // a limit of pydbt (docs/signals.md)
        install(SIGBUS, keep_and_jump, kExposeTagbits);
        fault(kAligned[n].access, tagged((void*)at), SIGBUS, BUS_ADRALN);
        is_reported(tagged((void*)at), at, kAligned[n].esr);
    }
}

// What a read finds wrong is not a write's fault.
CASE(atomics) {
    void (*const kAtomics[])(uint64_t) = {ldadd, ldsmax, swp, cas, casp};
    install(SIGSEGV, keep_and_jump, 0);
    uint8_t* page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(munmap(page + 4096, 4096) == 0);
    uint64_t fixed = (uintptr_t)page, none = fixed + 4096;
    for (size_t n = 0; n < sizeof kAtomics / sizeof kAtomics[0]; n++) {
        fault(kAtomics[n], none, SIGSEGV, SEGV_MAPERR);
        is_reported(none, none, 0x92000007);
        fault(kAtomics[n], fixed, SIGSEGV, SEGV_ACCERR);
        is_reported(fixed, fixed, 0x9200004f);
    }
    fault(stxr, fixed, SIGSEGV, SEGV_ACCERR);
    is_reported(fixed, fixed, 0x9200004f);
    CHECK(mprotect(page, 4096, PROT_NONE) == 0);
    fault(ldadd, fixed, SIGSEGV, SEGV_ACCERR);
    is_reported(fixed, fixed, 0x9200000f);
}

CASE(upper_half) {
    install(SIGSEGV, keep_and_jump, 0);
    fault(ldr, 0xffff800000000000, SIGSEGV, SEGV_MAPERR);
    is_reported(0xffff800000000000, 0xffff800000000000, 0x92000004);
}

CASE(fetches) {
    install(SIGSEGV, keep_and_jump, 0);
    install(SIGBUS, keep_and_jump, 0);
    uint64_t at = (uintptr_t)bytes;
    fault(jump, at, SIGSEGV, SEGV_ACCERR);
    is_reported(at, at, 0x8200000f);
    fault(jump, 0x7000, SIGSEGV, SEGV_MAPERR);
    is_reported(0x7000, 0x7000, 0x82000007);
    fault(jump, at + 2, SIGBUS, BUS_ADRALN);
    is_reported(at + 2, 0, 0x8a000000);
}

static void keep_and_skip(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    ((ucontext_t*)context)->uc_mcontext.pc += 4;
}

CASE(instructions) {
    install(SIGILL, keep_and_skip, 0);
    install(SIGTRAP, keep_and_skip, 0);
    uint64_t at;
    __asm__ volatile("adr %0, 1f\n1: udf #77" : "=r"(at));
    CHECK_EQ(seen.si_signo, SIGILL);
    is_reported(at, 0, 0);
    __asm__ volatile("adr %0, 1f\n1: brk #77" : "=r"(at));
    CHECK_EQ(seen.si_signo, SIGTRAP);
    is_reported(at, 0, 0);
}

// With SP as given.
static uint64_t g_sp;
#define WITH_SP(name, text)                                                         \
    static void name(void) {                                                        \
        __asm__ volatile("mov x9, sp\nmov sp, %0\n" text "\nmov sp, x9" ::"r"(g_sp) \
                         : "x0", "x1", "x2", "x3", "x9", "v0", "memory");           \
    }
WITH_SP(sp_ldr, "ldr x0, [sp]")
WITH_SP(sp_offset, "ldr x0, [sp, #8]")
WITH_SP(sp_pre, "str x0, [sp, #-8]!")
WITH_SP(sp_pair, "stp x0, x1, [sp]")
WITH_SP(sp_vector, "ldr q0, [sp]")
WITH_SP(sp_byte, "ldrb w0, [sp]")
WITH_SP(sp_structure, "ld1 {v0.16b}, [sp]")
WITH_SP(sp_exclusive, "ldxr x0, [sp]")
WITH_SP(sp_index, "mov x1, #8\nldr x0, [sp, x1]")
WITH_SP(sp_cas, "cas x0, x1, [sp]")
WITH_SP(sp_swpa, "swpa x0, x1, [sp]")
WITH_SP(sp_unscaled, "ldur x0, [sp, #-8]")
WITH_SP(sp_release, "stlr x0, [sp]")
WITH_SP(sp_prefetch, "prfm pldl1keep, [sp]\nprfum pldl1keep, [sp, #1]\nprfm pldl1keep, [sp, x9]")
WITH_SP(sp_arithmetic, "add sp, sp, #1\nsub sp, sp, #1")
WITH_SP(sp_copied, "mov x0, sp\nldr x0, [x0]")
WITH_SP(sp_made_aligned, "and x0, x0, #15\nadd sp, sp, #8\nldr x0, [sp]\nstr x0, [sp, #-16]!")
WITH_SP(sp_masked, "mov x0, sp\nand sp, x0, #-16\nldr x0, [sp]")
// Starts aligned: each of these changes that.
WITH_SP(sp_sub, "sub sp, sp, #8\nldr x0, [sp]")
WITH_SP(sp_write_back, "ldr x0, [sp], #8\nldr x0, [sp]")
WITH_SP(sp_moved, "add x0, sp, #4\nmov sp, x0\nldr x0, [sp]")
WITH_SP(sp_extended, "mov x0, #2\nsub sp, sp, x0, lsl #2\nb 1f\n1: ldr x0, [sp]")
WITH_SP(sp_far, "sub sp, sp, #8\nmov x0, #3\n1: subs x0, x0, #1\nb.ne 1b\nstr x1, [sp, #8]")

CASE(stack_pointer) {
    static uint8_t stack[4096] __attribute__((aligned(16))), alternate[32768];
    stack_t s = {alternate, 0, sizeof alternate};
    CHECK(sigaltstack(&s, NULL) == 0);
    install(SIGBUS, keep_and_jump, SA_ONSTACK);
    void (*const wrong[])(void) = {sp_ldr,  sp_offset,    sp_pre,       sp_pair,  sp_vector,
                                   sp_byte, sp_structure, sp_exclusive, sp_index, sp_cas,
                                   sp_swpa, sp_unscaled,  sp_release};
    void (*const right[])(void) = {sp_prefetch, sp_arithmetic, sp_copied, sp_made_aligned,
                                   sp_masked};
    void (*const changing[])(void) = {sp_sub, sp_write_back, sp_moved, sp_extended, sp_far};
    for (volatile int round = 0; round < 3; round++) {
        g_sp = (uintptr_t)stack + 1024 + 8;
        for (volatile size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
            hits = 0;
            if (sigsetjmp(back, 1) == 0) wrong[n]();
            CHECK_EQ(hits, 1);
            CHECK_EQ(seen.si_code, BUS_ADRALN);
            is_reported(g_sp, 0, 0x9a000000);
            CHECK_EQ(seen_context.uc_mcontext.sp, g_sp);
        }
        for (volatile size_t n = 0; n < sizeof right / sizeof right[0]; n++) right[n]();
        CHECK_EQ(hits, 1);
        g_sp = (uintptr_t)stack + 1024;
        for (volatile size_t n = 0; n < sizeof changing / sizeof changing[0]; n++) {
            hits = 0;
            if (sigsetjmp(back, 1) == 0) changing[n]();
            CHECK_EQ(hits, 1);
            uint64_t sp = seen_context.uc_mcontext.sp;
            CHECK_EQ(sp, g_sp + (n == 1 ? 8 : n == 2 ? 4 : -8));
            is_reported(sp, 0, 0x9a000000);
        }
        for (volatile size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
            hits = 0;
            wrong[n]();
            CHECK_EQ(hits, 0);
        }
    }
}
