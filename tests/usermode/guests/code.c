// Code that changes: written, copied, patched while it runs, mapped twice, unmapped.
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

enum { kPage = 4096 };
typedef uint64_t (*function)(void);

#define MOVZ_X0(value) (0xd2800000u | (uint32_t)(value) << 5)
#define RET 0xd65f03c0u
#define NOP 0xd503201fu

static uint32_t* code_page(int prot) {
    uint32_t* p = mmap(NULL, kPage, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}
static void put(uint32_t* at, uint32_t value) {
    at[0] = MOVZ_X0(value);
    at[1] = RET;
    __builtin___clear_cache((char*)at, (char*)(at + 2));
}
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

CASE(rewritten) {
    uint32_t* p = code_page(RWX);
    function f = (function)p;
    for (uint32_t i = 0; i < 300; i++) {
        put(p, i);
        CHECK_EQ(f(), i);
    }
}

CASE(write_then_protect) {
    uint32_t* p = code_page(PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < 50; i++) {
        CHECK(mprotect(p, kPage, PROT_READ | PROT_WRITE) == 0);
        put(p, i + 1000);
        CHECK(mprotect(p, kPage, PROT_READ | PROT_EXEC) == 0);
        CHECK_EQ(((function)p)(), i + 1000);
    }
}

CASE(execute_only) {
    uint32_t* p = code_page(PROT_READ | PROT_WRITE);
    put(p, 5);
    CHECK(mprotect(p, kPage, PROT_EXEC) == 0);
    CHECK_EQ(((function)p)(), 5);
}

// Only some instructions of a block change, and blocks that jump to it are linked to it.
CASE(patched_in_the_middle) {
    uint32_t* p = code_page(RWX);
    for (int i = 0; i < 20; i++) p[i] = 0x91000400;  // add x0, x0, #1
    p[20] = RET;
    __builtin___clear_cache((char*)p, (char*)(p + 21));
    uint64_t (*f)(uint64_t) = (uint64_t (*)(uint64_t))p;
    CHECK_EQ(f(0), 20);
    for (uint64_t i = 0; i < 20; i++) {
        p[i] = NOP;
        __builtin___clear_cache((char*)(p + i), (char*)(p + i + 1));
        CHECK_EQ(f(100), 100 + 20 - (i + 1));
    }
}

CASE(crosses_pages) {
    uint32_t* p = mmap(NULL, 2 * kPage, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t* at = p + kPage / 4 - 1;
    for (uint32_t i = 0; i < 20; i++) {
        put(at, i);
        CHECK_EQ(((function)at)(), i);
    }
}

// Code that patches an instruction ahead of itself, with the barriers that the manual asks for.
CASE(patches_itself) {
    uint32_t* p = code_page(RWX);
    static const uint32_t code[] = {
        0xb9000022,  // str w2, [x1]
        0xd50b7b21,  // dc cvau, x1
        0xd5033b9f,  // dsb ish
        0xd50b7521,  // ic ivau, x1
        0xd5033b9f,  // dsb ish
        0xd5033fdf,  // isb
        MOVZ_X0(1),  // <- x1
        RET,
    };
    memcpy(p, code, sizeof code);
    __builtin___clear_cache((char*)p, (char*)p + sizeof code);
    uint64_t (*f)(uint64_t, uint32_t*, uint32_t) = (uint64_t (*)(uint64_t, uint32_t*, uint32_t))p;
    for (uint32_t i = 0; i < 100; i++) CHECK_EQ(f(0, p + 6, MOVZ_X0(i)), i);
}

CASE(mapped_twice) {
    int fd = memfd_create("code", 0);
    CHECK(ftruncate(fd, kPage) == 0);
    uint32_t* writable = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint32_t* runnable = mmap(NULL, kPage, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    CHECK(writable != MAP_FAILED && runnable != MAP_FAILED);
    for (uint32_t i = 0; i < 50; i++) {
        writable[0] = MOVZ_X0(i);
        writable[1] = RET;
        __builtin___clear_cache((char*)runnable, (char*)(runnable + 2));
        CHECK_EQ(((function)runnable)(), i);
    }
}

CASE(mapped_anew) {
    uint32_t* p = code_page(RWX);
    for (uint32_t i = 0; i < 50; i++) {
        put(p, i);
        CHECK_EQ(((function)p)(), i);
        CHECK(munmap(p, kPage) == 0);
        uint32_t* q = mmap(p, kPage, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(q == p);
    }
    put(p, 77);
    CHECK_EQ(((function)p)(), 77);
    uint32_t* other = code_page(RWX);
    put(other, 78);
    CHECK(mremap(other, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
    CHECK_EQ(((function)p)(), 78);
}

static sigjmp_buf back;
static void jump(int number) {
    (void)number;
    siglongjmp(back, 1);
}
CASE(taken_away) {
    signal(SIGSEGV, jump);
    uint32_t* p = code_page(RWX);
    put(p, 4);
    function volatile f = (function)p;
    CHECK_EQ(f(), 4);
    volatile int faults = 0;
    CHECK(mprotect(p, kPage, PROT_READ) == 0);
    if (sigsetjmp(back, 1) == 0) {
        f();
    } else {
        faults++;
    }
    CHECK(mprotect(p, kPage, PROT_READ | PROT_EXEC) == 0);
    CHECK_EQ(f(), 4);
    CHECK(munmap(p, kPage) == 0);
    if (sigsetjmp(back, 1) == 0) {
        f();
    } else {
        faults++;
    }
    CHECK_EQ(faults, 2);
}

// A thread spins in code that another one patches.
static void* spin(void* argument) { return (void*)((function)argument)(); }
CASE(patched_while_running) {
    uint32_t* p = code_page(RWX);
    p[0] = 0x14000000;  // b .
    p[1] = RET;
    __builtin___clear_cache((char*)p, (char*)(p + 2));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, spin, p) == 0);
    usleep(50000);
    __atomic_store_n(p, NOP, __ATOMIC_RELEASE);
    __builtin___clear_cache((char*)p, (char*)(p + 1));
    CHECK(pthread_join(thread, NULL) == 0);
}

// Hints and waits do nothing that can be seen, and skip nothing.
CASE(hints) {
    uint64_t x = 0;
    __asm__ volatile(
        "yield\nadd %0, %0, #1\nsevl\nwfe\nadd %0, %0, #1\nwfe\nadd %0, %0, #1\n"
        "wfi\nadd %0, %0, #1\nsev\nadd %0, %0, #1"
        : "+r"(x));
    CHECK_EQ(x, 5);
}

CASE(system_registers) {
    uint64_t ctr, dczid, frequency, before, after, midr, tls;
    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    __asm__("mrs %0, dczid_el0" : "=r"(dczid));
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(before));
    usleep(20000);
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(after));
    __asm__("mrs %0, midr_el1" : "=r"(midr));
    __asm__("mrs %0, tpidr_el0" : "=r"(tls));
    CHECK_EQ(4u << (ctr & 15), 64);
    CHECK_EQ(4u << (ctr >> 16 & 15), 64);
    CHECK_EQ(dczid & 0x10, 0);
    CHECK(after - before >= frequency / 50 && after - before < frequency * 20);
    CHECK_EQ(midr >> 16 & 15, 15);
    CHECK(tls != 0);
    char zeroed[4096] __attribute__((aligned(2048)));
    memset(zeroed, 1, sizeof zeroed);
    __asm__ volatile("dc zva, %0" ::"r"(zeroed + 100) : "memory");
    size_t size = 4u << (dczid & 15);
    for (size_t i = 0; i < sizeof zeroed; i++) {
        size_t from = 100 & ~(size - 1);
        CHECK_EQ(zeroed[i], !(i >= from && i < from + size));
    }
}
