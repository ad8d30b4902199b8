// Copies and sets (FEAT_MOPS): what they do, faults and signals in the middle.
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#include "check.h"

__asm__(".arch armv8.8-a+mops");

#define COPY(name, to, from, size)                                                  \
    __asm__ volatile(name "p [%0]!, [%1]!, %2!\n" name "m [%0]!, [%1]!, %2!\n" name \
                          "e [%0]!, [%1]!, %2!"                                     \
                     : "+&r"(to), "+&r"(from), "+&r"(size)::"memory", "cc")

static uint8_t at(size_t n) { return (uint8_t)(n * 7 + n / 256 * 13); }

CASE(hwcap) { CHECK_EQ(getauxval(AT_HWCAP2) >> 43 & 1, 1); }

CASE(copies) {
    static uint8_t from[300], to[300];
    for (size_t n = 0; n < sizeof from; n++) from[n] = at(n);
    for (size_t size = 0; size < 200; size++) {
        for (size_t offset = 0; offset < 20; offset += 7) {
            memset(to, 0xee, sizeof to);
            uint8_t *d = to + 20 + offset, *s = from + offset / 2;
            size_t left = size;
            COPY("cpyf", d, s, left);
            CHECK_EQ(memcmp(to + 20 + offset, from + offset / 2, size), 0);
            CHECK(to[19 + offset] == 0xee && to[20 + offset + size] == 0xee);
            CHECK(d == to + 20 + offset + size && s == from + offset / 2 + size && left == 0);
        }
    }
}

CASE(copies_that_overlap) {
    static uint8_t area[400], wanted[400];
    for (int distance = -45; distance <= 45; distance++) {
        for (size_t size = 0; size < 200; size += 9) {
            for (size_t n = 0; n < sizeof area; n++) area[n] = wanted[n] = at(n);
            memmove(wanted + 100 + distance, wanted + 100, size);
            uint8_t *d = area + 100 + distance, *s = area + 100;
            size_t left = size;
            COPY("cpy", d, s, left);
            CHECK_EQ(memcmp(area, wanted, sizeof area), 0);
        }
    }
}

// --- faults: the handler makes the page accessible, and the instruction goes on

static uint8_t* g_page;
static int g_faults;
static uint64_t g_left, g_to;
static void* g_address;

static void allow(int number, siginfo_t* info, void* context) {
    (void)number;
    mcontext_t* m = &((ucontext_t*)context)->uc_mcontext;
    g_faults++;
    g_address = info->si_addr;
    g_to = m->regs[0];
    g_left = m->regs[2];
    mprotect(g_page, 4096, PROT_READ | PROT_WRITE);
}

static uint8_t* three_pages(void) {
    uint8_t* p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    g_page = p + 4096;
    for (size_t n = 0; n < 3 * 4096; n++) p[n] = at(n);
    struct sigaction action = {.sa_sigaction = allow, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    CHECK_EQ(mprotect(g_page, 4096, PROT_NONE), 0);
    return p;
}

#define FIXED(to, from, size)                       \
    register uint8_t* d __asm__("x0") = to;         \
    register const uint8_t* s __asm__("x1") = from; \
    register size_t left __asm__("x2") = size

CASE(fault_in_a_copy) {
    static uint8_t to[3 * 4096];
    uint8_t* p = three_pages();
    {
        FIXED(to, p + 5, 2 * 4096);
        COPY("cpyf", d, s, left);
        CHECK_EQ(left, 0);
    }
    CHECK_EQ(g_faults, 1);
    CHECK((uint8_t*)g_address >= g_page && (uint8_t*)g_address < g_page + 4096);
    // Option A: the end, and the negative of what is left, to within a step.
    CHECK_EQ(g_to, (uintptr_t)to + 2 * 4096);
    int64_t copied = 2 * 4096 + (int64_t)g_left;
    CHECK(copied <= 4096 - 5 && copied > 4096 - 5 - 16);
    CHECK_EQ(memcmp(to, p + 5, 2 * 4096), 0);
}

CASE(fault_in_a_copy_downwards) {
    uint8_t* p = three_pages();
    static uint8_t wanted[3 * 4096];
    for (size_t n = 0; n < sizeof wanted; n++) wanted[n] = at(n);
    memmove(wanted + 9, wanted, 2 * 4096 + 100);
    {
        FIXED(p + 9, p, 2 * 4096 + 100);
        COPY("cpy", d, s, left);
    }
    CHECK_EQ(g_faults, 1);
    CHECK_EQ(g_to, (uintptr_t)p + 9);
    CHECK((int64_t)g_left > 4096 && (int64_t)g_left < 2 * 4096 + 16);
    CHECK_EQ(memcmp(p, wanted, sizeof wanted), 0);
}

CASE(fault_in_a_set) {
    uint8_t* p = three_pages();
    {
        FIXED(p + 100, NULL, 2 * 4096);
        __asm__ volatile("setp [%0]!, %1!, %2\nsetm [%0]!, %1!, %2\nsete [%0]!, %1!, %2"
                         : "+&r"(d), "+&r"(left)
                         : "r"((uint64_t)0x1234)
                         : "memory", "cc");
        (void)s;
    }
    CHECK_EQ(g_faults, 1);
    for (size_t n = 0; n < 3 * 4096; n++) {
        int inside = n >= 100 && n < 100 + 2 * 4096;
        CHECK_EQ(p[n], inside ? 0x34 : at(n));
    }
}

// A tag goes along, and an address that is wrong without it is reported as it is.
CASE(tagged_copy) {
    static uint8_t from[100], to[100];
    for (size_t n = 0; n < sizeof from; n++) from[n] = at(n);
    uint8_t* d = (uint8_t*)((uintptr_t)to | (uintptr_t)0x42 << 56);
    uint8_t* s = (uint8_t*)((uintptr_t)from | (uintptr_t)0x81 << 56);
    size_t left = 77;
    COPY("cpy", d, s, left);
    CHECK_EQ((uintptr_t)d, ((uintptr_t)to | (uintptr_t)0x42 << 56) + 77);
    CHECK_EQ(memcmp(to, from, 77), 0);
}

// --- signals

static uint32_t* g_main_part;
static volatile int g_between;
static void on_alarm(int number, siginfo_t* info, void* context) {
    (void)number, (void)info;
    mcontext_t* m = &((ucontext_t*)context)->uc_mcontext;
    if (m->pc == (uintptr_t)g_main_part && (int64_t)m->regs[2] < 0) g_between++;
}

// A set of much memory is interrupted, and goes on behind the handler.
CASE(signal_in_a_set) {
    size_t size = (size_t)32 << 20;
    uint8_t* p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval tick = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
    CHECK_EQ(setitimer(ITIMER_REAL, &tick, NULL), 0);
    for (unsigned turn = 1; g_between == 0; turn++) {
        register uint8_t* d __asm__("x0") = p;
        register size_t left __asm__("x2") = size;
        __asm__ volatile(
            "adr x9, 1f\nstr x9, [%3]\nsetp [%0]!, %1!, %2\n1: setm [%0]!, %1!, %2\n"
            "sete [%0]!, %1!, %2"
            : "+&r"(d), "+&r"(left)
            : "r"((uint64_t)turn), "r"(&g_main_part)
            : "x9", "memory", "cc");
        for (size_t n = 0; n < size; n += 4093) CHECK_EQ(p[n], (uint8_t)turn);
        CHECK_EQ(p[size - 1], (uint8_t)turn);
    }
    CHECK_EQ(setitimer(ITIMER_REAL, &off, NULL), 0);
}
