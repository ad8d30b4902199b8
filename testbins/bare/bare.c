// See bare.h.
#include "bare.h"

#define UART ((volatile u32*)0x09000000)

struct frame last;
volatile u32 exceptions;
void (*handler)(struct frame*);

static void put_char(char c) { *UART = (u8)c; }
void put(const char* text) {
    while (*text) put_char(*text++);
}
void put_hex(u64 value) {
    for (int shift = 60; shift >= 0; shift -= 4) put_char("0123456789abcdef"[value >> shift & 15]);
}
void line(const char* name, u64 value) {
    put(name);
    put(" ");
    put_hex(value);
    put("\n");
}

u64 hvc(u64 function, u64 a, u64 b, u64 c) {
    register u64 x0 asm("x0") = function;
    register u64 x1 asm("x1") = a;
    register u64 x2 asm("x2") = b;
    register u64 x3 asm("x3") = c;
    asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0;
}

// What the compiler calls for structures.
void* memcpy(void* to, const void* from, u64 bytes) {
    for (u64 n = 0; n < bytes; n++) ((volatile u8*)to)[n] = ((const u8*)from)[n];
    return to;
}

// Classes whose ELR is behind the instruction.
static int is_behind(u64 esr) {
    u64 ec = esr >> 26;
    return ec == 0x15 || ec == 0x32 || ec == 0x33;
}

void on_exception(struct frame* f) {
    last = *f;
    exceptions++;
    if (handler) {
        handler(f);
        return;
    }
    if (f->kind % 4 == 0 && !is_behind(f->esr)) f->elr += 4;
    if (f->esr >> 26 == 0x0e) f->spsr &= ~(1ul << 20);  // else it would come again
}

void report(const char* name) {
    put(name);
    if (exceptions == 0) {
        put(": none\n");
        return;
    }
    put(": kind ");
    put_hex(last.kind);
    put(" esr ");
    put_hex(last.esr);
    put(" spsr ");
    put_hex(last.spsr);
    u64 ec = last.esr >> 26;
    if (ec == 0x20 || ec == 0x21 || ec == 0x22 || ec == 0x24 || ec == 0x25) {
        put(" far ");
        put_hex(last.far);
    }
    put("\n");
}

// ---- page tables

static u64 tables[64][512] __attribute__((aligned(4096)));
static unsigned used_tables;

u64* new_table(void) {
    u64* t = tables[used_tables++];
    for (int n = 0; n < 512; n++) t[n] = 0;
    return t;
}

// Of 4 KiB pages; `attributes` has the descriptor's low bits, 3 for a page.
void map(u64* root, unsigned levels, u64 va, u64 pa, u64 attributes) {
    u64* table = root;
    for (unsigned level = 4 - levels; level < 3; level++) {
        u64* entry = &table[va >> (39 - 9 * level) & 511];
        if (!(*entry & 1)) *entry = (u64)new_table() | 3;
        table = (u64*)(*entry & 0xfffffffff000);
    }
    table[va >> 12 & 511] = pa | attributes;
    DSB();
}

void mmu_on(u64 tcr, u64 ttbr0, u64 ttbr1) {
    MSR("mair_el1", 0x00000000004404ff);  // normal, device nGnRE, normal non-cacheable
    MSR("tcr_el1", tcr);
    MSR("ttbr0_el1", ttbr0);
    MSR("ttbr1_el1", ttbr1);
    DSB();
    asm volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
    MSR("sctlr_el1", MRS("sctlr_el1") | 1 << 0 | 1 << 2 | 1 << 12);
    ISB();
}

void mmu_off(void) {
    MSR("sctlr_el1", MRS("sctlr_el1") & ~1ul);
    ISB();
}

__attribute__((weak)) void run_secondary(void) {}
