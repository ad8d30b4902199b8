// Stage 1 translation: permissions, sizes, faults, TLB maintenance, AT, address spaces.
#include "bare.h"

#define AF (1ul << 10)
#define NG (1ul << 11)
#define ISH (3ul << 8)
#define USER (1ul << 6)
#define RO (1ul << 7)
#define UXN (1ul << 54)
#define PXN (1ul << 53)
#define CONTIG (1ul << 52)
#define DBM (1ul << 51)
#define NORMAL (0ul << 2 | ISH)
#define DEVICE (1ul << 2)
#define NONCACHED (2ul << 2)
#define PAGE_DESC (3ul | AF)
#define BLOCK_DESC (1ul | AF)

// TCR_EL1: 4 KiB granules, 48-bit halves, 48-bit output, cacheable walks.
#define TCR (16ul | 16ul << 16 | 1ul << 8 | 1ul << 10 | 3ul << 12 | 1ul << 24 | 1ul << 26 | 3ul << 28 | \
             2ul << 30 | 5ul << 32)
#define HIGH 0xffff000000000000ul

static u8 data[8 * PAGE] __attribute__((aligned(8 * 4096)));
static u64 *low, *high;

static void invalidate(void) { asm volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory"); }
static void invalidate_page(u64 va) {
    asm volatile("dsb ish\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" ::"r"(va >> 12 & 0xfffffffffff) : "memory");
}

static void load(u64 va) { asm volatile("ldr x1, [%0]" ::"r"(va) : "x1", "memory"); }
static void store(u64 va) { asm volatile("str xzr, [%0]" ::"r"(va) : "memory"); }
static void swap(u64 va) { asm volatile("1: ldxr x1, [%0]\n\tstxr w2, x1, [%0]" ::"r"(va) : "x1", "x2", "memory"); }
static void call(u64 va) { asm volatile("blr %0" ::"r"(va) : "x30", "memory"); }

static void setup(void) {
    low = new_table();
    high = new_table();
    // RAM and devices as 1 GiB blocks in the lower half.
    u64* second = new_table();
    low[0] = (u64)second | 3;
    second[0] = 0x00000000 | BLOCK_DESC | DEVICE | UXN | PXN;
    second[1] = 0x40000000 | BLOCK_DESC | NORMAL;
    mmu_on(TCR, (u64)low, (u64)high);
}

#define AT(name, op, va)                                        \
    do {                                                        \
        asm volatile("at " op ", %0\n\tisb" ::"r"(va) : "memory"); \
        line(name, MRS("par_el1"));                             \
    } while (0)

static void at_all(const char* name, u64 va) {
    put(name);
    put("\n");
    AT(" s1e1r", "s1e1r", va);
    AT(" s1e1w", "s1e1w", va);
    AT(" s1e0r", "s1e0r", va);
    AT(" s1e0w", "s1e0w", va);
}

// After an instruction abort: back to the caller.
static void return_from_call(struct frame* f) {
    if (f->esr >> 26 == 0x21) f->elr = f->x[30];
    else f->elr += 4;
}

static void permissions(void) {
    static const struct {
        const char* name;
        u64 bits;
    } kinds[] = {
        {"kernel rw", NORMAL},         {"user rw", NORMAL | USER},
        {"kernel ro", NORMAL | RO},    {"user ro", NORMAL | RO | USER},
        {"no exec", NORMAL | PXN | UXN}, {"device", DEVICE | UXN | PXN},
        {"user ro, uxn", NORMAL | RO | USER | UXN}, {"non-cacheable", NONCACHED},
    };
    *(u32*)data = 0xd65f03c0;  // ret
    DSB();
    asm volatile("ic iallu\n\tdsb sy\n\tisb" ::: "memory");
    for (unsigned n = 0; n < sizeof kinds / sizeof kinds[0]; n++) {
        u64 va = HIGH + n * PAGE;
        map(high, 4, va, (u64)data, PAGE_DESC | kinds[n].bits);
        at_all(kinds[n].name, va);
        EXPECT("load", load(va + 8));
        EXPECT("store", store(va + 8));
        EXPECT("exclusive", swap(va + 8));
        if (!(kinds[n].bits & DEVICE)) EXPECT("unaligned", load(va + 9));
        handler = return_from_call;
        EXPECT("call", call(va));
        handler = 0;
    }
}

static void faults(void) {
    EXPECT("level 0, upper", load(0xffff800000000000ul));
    EXPECT("level 1, upper", load(HIGH + (1ul << 30)));
    EXPECT("level 2, upper", load(HIGH + (1ul << 21)));
    EXPECT("level 3, upper", load(HIGH + 0x100 * PAGE));
    EXPECT("between the halves", load(0x0001000000000000ul));
    EXPECT("between the halves, upper", load(0xfffe000000000000ul));
    EXPECT("store to level 3", store(HIGH + 0x100 * PAGE));
    map(high, 4, HIGH + 0x20 * PAGE, (u64)data, (PAGE_DESC | NORMAL) & ~AF);
    EXPECT("access flag", load(HIGH + 0x20 * PAGE));
    map(high, 4, HIGH + 0x21 * PAGE, 1ul << 44, PAGE_DESC | NORMAL);
    MSR("tcr_el1", (TCR & ~(7ul << 32)) | 2ul << 32);  // 40 bits of output
    invalidate();
    EXPECT("address size", load(HIGH + 0x21 * PAGE));
    MSR("tcr_el1", TCR | 1ul << 23);
    invalidate();
    EXPECT("EPD1", load(HIGH));
    MSR("tcr_el1", TCR);
    invalidate();
    map(high, 4, HIGH + 0x22 * PAGE, (u64)data, 1 | AF | NORMAL);
    EXPECT("reserved descriptor", load(HIGH + 0x22 * PAGE));
    handler = return_from_call;
    EXPECT("call of nothing", call(HIGH + 0x100 * PAGE));
    EXPECT("call between the halves", call(0x0001000000000000ul));
    handler = 0;
    // Two pages, of which the second is not there: nothing is stored.
    map(high, 4, HIGH + 0x30 * PAGE, (u64)data + PAGE, PAGE_DESC | NORMAL);
    *(volatile u64*)(HIGH + 0x31 * PAGE - 8) = 0x1122334455667788;
    EXPECT("over the end", store(HIGH + 0x31 * PAGE - 4));
    line("still", *(volatile u64*)(HIGH + 0x31 * PAGE - 8));
    map(high, 4, HIGH + 0x31 * PAGE, (u64)data + 3 * PAGE, PAGE_DESC | NORMAL);
    u64 over = HIGH + 0x31 * PAGE - 3;
    asm volatile("str %1, [%0]" ::"r"(over), "r"(0x8877665544332211ul) : "memory");
    u64 back;
    asm volatile("ldr %0, [%1]" : "=r"(back) : "r"(over) : "memory");
    line("two pages", back);
    line("first", *(volatile u64*)(data + 2 * PAGE - 8));
    line("second", *(volatile u64*)(data + 3 * PAGE));
}

static void maintenance(void) {
    u64 va = HIGH + 0x40 * PAGE;
    *(volatile u64*)data = 1;
    *(volatile u64*)(data + PAGE) = 2;
    map(high, 4, va, (u64)data, PAGE_DESC | NORMAL);
    line("before", *(volatile u64*)va);
    map(high, 4, va, (u64)data + PAGE, PAGE_DESC | NORMAL);
    invalidate_page(va);
    line("after", *(volatile u64*)va);
    *(volatile u64*)va = 5;
    line("stored", *(volatile u64*)(data + PAGE));
    map(high, 4, va, (u64)data + PAGE, PAGE_DESC | NORMAL | RO);
    invalidate_page(va);
    EXPECT("read-only now", store(va));
    map(high, 4, va, 0, 0);
    invalidate_page(va);
    EXPECT("gone", load(va));
    // Code at the same address in two pages.
    ((u32*)data)[0] = 0xd2800020;             // mov x0, #1
    ((u32*)data)[1] = 0xd65f03c0;             // ret
    ((u32*)(data + PAGE))[0] = 0xd2800040;    // mov x0, #2
    ((u32*)(data + PAGE))[1] = 0xd65f03c0;
    asm volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
    u64 (*code)(void) = (u64(*)(void))va;
    map(high, 4, va, (u64)data, PAGE_DESC | NORMAL);
    line("code", code());
    map(high, 4, va, (u64)data + PAGE, PAGE_DESC | NORMAL);
    invalidate_page(va);
    line("other code", code());
    ((volatile u32*)(data + PAGE))[0] = 0xd2800060;  // mov x0, #3
    asm volatile("dsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(va) : "memory");
    line("changed code", code());
}

// The lower half by ASID; the same pages in two address spaces, and a global one.
static void address_spaces(void) {
    u64* other = new_table();
    u64* spaces[2] = {low, other};
    other[0] = low[0];
    u64 va = 0x0000008000000000ul;  // of another entry of the first table
    for (unsigned n = 0; n < 2; n++) {
        map(spaces[n], 4, va, (u64)data + n * PAGE, PAGE_DESC | NORMAL | NG);
        *(volatile u64*)(data + n * PAGE) = 0x100 + n;
    }
    for (unsigned turn = 0; turn < 4; turn++) {
        unsigned n = turn & 1;
        MSR("ttbr0_el1", (u64)spaces[n] | (u64)(n + 1) << 48);
        ISB();
        line("space", *(volatile u64*)va);
    }
    // A page of the second changes; only its ASID is told.
    map(other, 4, va, (u64)data + 2 * PAGE, PAGE_DESC | NORMAL | NG);
    *(volatile u64*)(data + 2 * PAGE) = 0x102;
    asm volatile("dsb ish\n\ttlbi vae1, %0\n\tdsb ish\n\tisb" ::"r"(va >> 12 | 2ul << 48) : "memory");
    line("changed", *(volatile u64*)va);
    MSR("ttbr0_el1", (u64)low | 1ul << 48);
    ISB();
    line("first again", *(volatile u64*)va);
    asm volatile("dsb ish\n\ttlbi aside1, %0\n\tdsb ish\n\tisb" ::"r"(1ul << 48) : "memory");
    line("and again", *(volatile u64*)va);
    MSR("ttbr0_el1", (u64)low);
    ISB();
}

static void blocks_and_tags(void) {
    u64* second = (u64*)(high[0] & 0xfffffffff000);
    second[4] = 0x40000000 | BLOCK_DESC | NORMAL;  // 1 GiB
    u64* third = new_table();
    second[5] = (u64)third | 3;
    third[1] = 0x40200000 | BLOCK_DESC | NORMAL;  // 2 MiB
    DSB();
    u64 va = HIGH + (4ul << 30) + ((u64)data - 0x40000000);
    *(volatile u64*)data = 0xabcdef;
    line("1 GiB block", *(volatile u64*)va);
    at_all("in a block", va);
    u64 base = (u64)data & ~0x1ffffful;
    third[2] = base | BLOCK_DESC | NORMAL;
    DSB();
    line("2 MiB block", *(volatile u64*)(HIGH + (5ul << 30) + (2ul << 21) + ((u64)data - base)));
    third[2] = 0;
    asm volatile("dsb ish\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" ::"r"((HIGH + (5ul << 30) + (2ul << 21)) >> 12 &
                                                                    0xfffffffffff)
                 : "memory");
    EXPECT("block gone", load(HIGH + (5ul << 30) + (2ul << 21) + ((u64)data - base)));
    EXPECT("tag without TBI", load((u64)data | 0x5ul << 56));
    MSR("tcr_el1", TCR | 3ul << 37);
    invalidate();
    EXPECT("tag with TBI", load((u64)data | 0x5ul << 56));
    line("tagged", *(volatile u64*)((u64)data | 0xa5ul << 56));
    MSR("tcr_el1", TCR);
    invalidate();
    // Permissions of tables.
    map(high, 4, HIGH + (3ul << 30), (u64)data, PAGE_DESC | NORMAL | USER);
    second[3] |= 1ul << 62;
    invalidate();
    at_all("APTable: read-only", HIGH + (3ul << 30));
    EXPECT("store", store(HIGH + (3ul << 30)));
    second[3] = (second[3] & ~(3ul << 61)) | 1ul << 61;
    invalidate();
    at_all("APTable: no EL0", HIGH + (3ul << 30));
}

void run(void) {
    MSR("nzcv", 0);
    setup();
    permissions();
    faults();
    maintenance();
    address_spaces();
    blocks_and_tags();
}
