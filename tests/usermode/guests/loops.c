// Loops of one block, whose registers a translator may keep to itself from turn to turn: what is
// seen of them in the middle.
#include "handlers.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

enum { kPage = 4096 };

// Values move in a circle, are copied, and swapped between register classes.
CASE(registers_move) {
    uint64_t a, b, c, d, v[4];
    __asm__ volatile(
        "mov x9, #1\nmov x10, #2\nmov x11, #3\nmov x13, #7\n"
        "dup v0.2d, x9\ndup v1.2d, x10\ndup v2.2d, x11\nmovi v3.2d, #0\nmov x12, #10\n"
        "1: mov x14, x9\nmov x9, x10\nmov x10, x11\nmov x11, x14\n"
        "mov v4.16b, v0.16b\nmov v0.16b, v1.16b\nmov v1.16b, v2.16b\nmov v2.16b, v4.16b\n"
        "add x13, x13, x9\nadd v3.2d, v3.2d, v0.2d\nmov v5.d[1], x13\nsubs x12, x12, #1\nb.ne 1b\n"
        "mov %0, x9\nmov %1, x10\nmov %2, x11\nmov %3, x13\n"
        "fmov %4, d0\nfmov %5, d1\nfmov %6, d3\nmov %7, v5.d[1]\n"
        : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(v[0]), "=&r"(v[1]), "=&r"(v[2]), "=&r"(v[3])
        :
        : "x9", "x10", "x11", "x12", "x13", "x14", "v0", "v1", "v2", "v3", "v4", "v5", "cc");
    CHECK_EQ(a, 2);
    CHECK_EQ(b, 3);
    CHECK_EQ(c, 1);
    CHECK_EQ(d, 27);  // 7 + 2 + 3 * 6
    CHECK_EQ(v[0], 2);
    CHECK_EQ(v[1], 3);
    CHECK_EQ(v[2], 20);
    CHECK_EQ(v[3], 27);
}

// More vectors than there are host registers.
CASE(many_vectors) {
    static uint64_t out[64];
    uint64_t turns = 100;
    __asm__ volatile(
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29\n"
        "movi v\\n\\().2d, #0\n.endr\nmov x9, #1\ndup v30.2d, x9\n"
        "1:\n"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29\n"
        "add v\\n\\().2d, v\\n\\().2d, v30.2d\n.endr\n"
        "sub %0, %0, #1\ncbnz %0, 1b\n"
        ".irp n,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28\n"
        "str q\\n, [%1, #\\n*16]\n.endr\nstr q29, [%1, #464]\n"
        : "+r"(turns)
        : "r"(out)
        : "x9", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
          "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30");
    for (int n = 0; n < 30; n += 2) {
        CHECK_EQ(out[2 * n], 100);
        CHECK_EQ(out[2 * n + 1], 100);
    }
    CHECK_EQ(out[58], 100);
}

// The handler sees the state of the turn that faults, and the loop goes on with its changes.
static void repair(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    ucontext_t* uc = context;
    uc->uc_mcontext.regs[9] = (uintptr_t)uc->uc_mcontext.regs[11];  // back to the page's start
    ((struct fpsimd_context*)uc->uc_mcontext.__reserved)->vregs[3] = 0;
}
CASE(fault_in_a_turn) {
    uint8_t* p = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED && mprotect(p + kPage, kPage, PROT_NONE) == 0);
    for (int i = 0; i < kPage; i++) p[i] = 1;
    install(SIGSEGV, repair, 0);
    uint64_t turns, sum, last;
    __asm__ volatile(
        "mov x9, %3\nmov x11, %3\nmov x10, #0\nmovi v2.16b, #0\nmovi v3.16b, #0\n"
        "1: add x10, x10, #1\nadd v3.16b, v3.16b, v2.16b\nldr q2, [x9], #16\n"
        "add v3.16b, v3.16b, v2.16b\ncmp x10, #300\nb.ne 1b\n"
        "mov %0, x10\nfmov %1, d3\nmov %2, x9\n"
        : "=&r"(turns), "=&r"(sum), "=&r"(last)
        : "r"(p)
        : "x9", "x10", "x11", "v2", "v3", "memory", "cc");
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen_context.uc_mcontext.regs[9], (uintptr_t)p + kPage);
    CHECK_EQ(seen_context.uc_mcontext.regs[10], 257);
    const struct fpsimd_context* fp =
        (const struct fpsimd_context*)seen_context.uc_mcontext.__reserved;
    CHECK_EQ((uint64_t)fp->vregs[3], 0x0101010101010101u * (uint8_t)(2 * 256));
    CHECK_EQ((uint64_t)fp->vregs[2], 0x0101010101010101u);
    CHECK_EQ(turns, 300);
    CHECK_EQ(sum, 0x0101010101010101u * 87);  // 44 turns of 1, and 43 times the one before
    CHECK_EQ(last, (uintptr_t)p + 44 * 16);
}

// A signal stops an endless loop by its registers.
static void finish(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    ((ucontext_t*)context)->uc_mcontext.regs[9] = 0;
}
CASE(signal_in_a_turn) {
    install(SIGALRM, finish, 0);
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    uint64_t turns, lanes;
    __asm__ volatile(
        "mov x9, #1\nmov x10, #0\ndup v1.2d, x9\nmovi v0.2d, #0\n"
        "1: add x10, x10, #1\nadd v0.2d, v0.2d, v1.2d\ncbnz x9, 1b\nmov %0, x10\nfmov %1, d0\n"
        : "=&r"(turns), "=&r"(lanes)
        :
        : "x9", "x10", "v0", "v1");
    CHECK_EQ(hits, 1);
    CHECK_EQ(turns, lanes);
    uint64_t seen_turns = seen_context.uc_mcontext.regs[10];
    CHECK(seen_turns == turns || seen_turns + 1 == turns);
}

// Another thread's loop is patched: it leaves what it runs.
static void* run_loop(void* code) { return (void*)((uint64_t (*)(uint64_t))code)(5); }
CASE(loop_is_patched) {
    enum { kRwx = PROT_READ | PROT_WRITE | PROT_EXEC };
    uint32_t* p = mmap(NULL, kPage, kRwx, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    p[0] = 0x91000400;  // add x0, x0, #1
    p[1] = 0x17ffffff;  // b .-4
    p[2] = 0xd65f03c0;  // ret
    __builtin___clear_cache((char*)p, (char*)(p + 3));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_loop, p) == 0);
    struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL);
    __atomic_store_n(&p[1], 0xd503201fu, __ATOMIC_RELEASE);  // nop
    __builtin___clear_cache((char*)p, (char*)(p + 3));
    void* turns;
    CHECK(pthread_join(thread, &turns) == 0);
    CHECK((uint64_t)turns > 6);
}
