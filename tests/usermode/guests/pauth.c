// Pointer authentication, branch targets, random numbers, PSTATE fields: what programs see of them.
#include "handlers.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

asm(".arch armv8.5-a+rng");

static uint64_t pacia(uint64_t pointer, uint64_t modifier) {
    asm volatile("pacia %0, %1" : "+r"(pointer) : "r"(modifier));
    return pointer;
}
static uint64_t pacdb(uint64_t pointer, uint64_t modifier) {
    asm volatile("pacdb %0, %1" : "+r"(pointer) : "r"(modifier));
    return pointer;
}
static uint64_t autia(uint64_t pointer, uint64_t modifier) {
    asm volatile("autia %0, %1" : "+r"(pointer) : "r"(modifier));
    return pointer;
}
static uint64_t xpaci(uint64_t pointer) {
    asm volatile("xpaci %0" : "+r"(pointer));
    return pointer;
}

enum { kPointer = 0x12345678, kTries = 200 };

CASE(codes) {
    int differ = 0;
    for (uint64_t n = 0; n < kTries; n++) {
        uint64_t signed_pointer = pacia(kPointer, n);
        CHECK_EQ(signed_pointer & ~(0x7full << 48), kPointer);
        CHECK_EQ(autia(signed_pointer, n), kPointer);
        CHECK_EQ(xpaci(signed_pointer), kPointer);
        differ += signed_pointer != kPointer;
    }
    CHECK(differ > kTries / 2);
}

CASE(a_wrong_code_is_sigill) {
    install(SIGILL, keep_and_jump, 0);
    volatile int failed = 0;
    for (uint64_t n = 0; n < kTries; n++) {
        if (sigsetjmp(back, 1) != 0) {
            CHECK_EQ(seen.si_code, ILL_ILLOPN);
            CHECK_EQ((uint64_t)seen.si_addr, seen_context.uc_mcontext.pc);
            failed++;
            continue;
        }
        autia(pacia(kPointer, n) ^ 1ull << 50, n);
    }
    CHECK_EQ(failed, kTries);
}

uint64_t signed_function(uint64_t (*inner)(uint64_t), uint64_t argument);
uint64_t combined(uint64_t argument);
uint64_t load_signed(uint64_t pointer);
asm(".text\n"
    "signed_function: paciasp\n"
    "stp x29, x30, [sp, #-16]!\n"
    "mov x9, x0\n"
    "mov x0, x1\n"
    "blr x9\n"
    "ldp x29, x30, [sp], #16\n"
    "retaa\n"
    "combined: pacibsp\n"
    "str x30, [sp, #-16]!\n"
    "adr x9, 1f\n"
    "paciza x9\n"
    "blraaz x9\n"
    "ldr x30, [sp], #16\n"
    "autibsp\n"
    "ret\n"
    "1: add x0, x0, #1\n"
    "adr x9, 2f\n"
    "mov x10, #77\n"
    "pacib x9, x10\n"
    "brab x9, x10\n"
    "brk #1\n"
    "2: add x0, x0, #1\n"
    "ret\n"
    "load_signed: mov x1, x0\n"
    "ldraa x0, [x1, #-8]!\n"
    "ldr x2, [x1]\n"
    "add x0, x0, x2\n"
    "ret\n");

static uint64_t increment(uint64_t v) { return v + 1; }

CASE(returns) {
    for (uint64_t n = 0; n < kTries; n++) {
        CHECK_EQ(signed_function(increment, n), n + 1);
        CHECK_EQ(combined(n), n + 2);
    }
}

CASE(loads) {
    uint64_t values[3] = {5, 6, 7}, pointer = (uint64_t)&values[2];
    asm volatile("pacdza %0" : "+r"(pointer));
    CHECK_EQ(load_signed(pointer), 12);
}

static void* codes_of_thread(void* out) {
    *(uint64_t*)out = pacia(kPointer, 1) ^ pacdb(kPointer, 2);
    return NULL;
}

CASE(keys_are_kept) {
    uint64_t mine, others;
    codes_of_thread(&mine);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, codes_of_thread, &others), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(mine, others);
    pid_t child = fork();
    if (child == 0) {
        codes_of_thread(&others);
        _exit(mine != others);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

enum { kReset = 54, kSetEnabled = 60, kGetEnabled = 61, kIa = 1, kDb = 8, kGa = 16, kAll = 15 };

CASE(keys_by_prctl) {
    uint64_t ia[8], db[8], same = 0;
    for (int n = 0; n < 8; n++) ia[n] = pacia(kPointer, n), db[n] = pacdb(kPointer, n);
    CHECK_EQ(prctl(kReset, kIa, 0, 0, 0), 0);
    for (int n = 0; n < 8; n++) {
        same += ia[n] == pacia(kPointer, n);
        CHECK_EQ(db[n], pacdb(kPointer, n));
    }
    CHECK(same < 8);
    CHECK_FAILS(prctl(kReset, 32, 0, 0, 0), EINVAL);
    CHECK_FAILS(prctl(kReset, kIa, 1, 0, 0), EINVAL);
    CHECK_EQ(prctl(kGetEnabled, 0, 0, 0, 0), kAll);
    CHECK_EQ(prctl(kSetEnabled, kIa | kDb, kDb, 0, 0), 0);
    CHECK_EQ(prctl(kGetEnabled, 0, 0, 0, 0), kAll & ~kIa);
    for (int n = 0; n < 8; n++) {
        CHECK_EQ(pacia(kPointer, n), kPointer);
        CHECK_EQ(autia(1ull << 50 | kPointer, n), 1ull << 50 | kPointer);
        CHECK_EQ(db[n], pacdb(kPointer, n));
    }
    CHECK_EQ(prctl(kSetEnabled, kIa, kIa, 0, 0), 0);
    CHECK_EQ(prctl(kGetEnabled, 0, 0, 0, 0), kAll);
    CHECK_FAILS(prctl(kSetEnabled, kGa, kGa, 0, 0), EINVAL);
    CHECK_FAILS(prctl(kSetEnabled, kIa, kDb, 0, 0), EINVAL);
}

// ---- branch targets

#define PROT_BTI 0x10
enum { kBti = 0xd503241f, kBtiC = 0xd503245f, kBtiJ = 0xd503249f, kBtiJc = 0xd50324df };
enum { kPaciasp = 0xd503233f, kNop = 0xd503201f, kRet = 0xd65f03c0, kPage = 4096 };

// The landing pad and a return. Slots are apart, so that each is a target of its own.
static uint32_t* target(uint32_t* page, int slot, uint32_t pad) {
    uint32_t* at = page + 16 * slot;
    at[0] = pad;
    at[1] = pad == kPaciasp ? 0xd50323bf : kNop;  // autiasp
    at[2] = kRet;
    return at;
}

// The top byte of a lower address is no part of the pc, of an upper one it is.
CASE(branches_to_tagged_addresses) {
    install(SIGSEGV, keep_and_jump, 0);
    static const uint64_t kTo[] = {0x5a00000000000004, 0x5a80000000000004, 0xffff000000000004};
    static const uint64_t kPc[] = {4, 0x5a80000000000004, 0xffff000000000004};
    for (volatile int n = 0; n < 3; n++) {
        if (sigsetjmp(back, 1) == 0) {
            asm volatile("blr %0" ::"r"(kTo[n]) : "x30", "memory");
            CHECK(0);
        }
        CHECK_EQ(seen_context.uc_mcontext.pc, kPc[n]);
        CHECK_EQ((uint64_t)seen.si_addr, kPc[n]);
    }
}

static int how(int kind, uint32_t* to) {
    uint64_t address = (uint64_t)to & ~(0xffull << 56);
    hits = 0;
    if (sigsetjmp(back, 1) != 0) {
        CHECK_EQ(seen.si_code, ILL_ILLOPC);
        CHECK_EQ((uint64_t)seen.si_addr, address);
        CHECK_EQ(seen_context.uc_mcontext.pc, address);
        return 1 + (int)(seen_context.uc_mcontext.pstate >> 10 & 3);
    }
    if (kind == 2) {
        asm volatile("blr %0" ::"r"(to) : "x30", "memory");
    } else {
        register uint32_t* x16 asm("x16") = to;
        asm volatile("adr x30, 1f; br %0; 1:" ::"r"(x16) : "x30", "memory");
    }
    return 0;
}

CASE(landing_pads) {
    install(SIGILL, keep_and_jump, 0);
    static const uint32_t kPads[] = {kBti, kBtiC, kBtiJ, kBtiJc, kPaciasp, kNop};
    static const int kCalled[] = {3, 0, 3, 0, 0, 3}, kJumped[] = {2, 0, 0, 0, 0, 2};
    uint32_t* p = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    for (int n = 0; n < 6; n++) target(p, n, kPads[n]);
    __builtin___clear_cache((char*)p, (char*)p + kPage);
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_EXEC), 0);
    for (int n = 0; n < 6; n++) CHECK_EQ(how(2, p + 16 * n), 0);
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_EXEC | PROT_BTI), 0);
    for (int again = 0; again < 3; again++) {
        for (int n = 0; n < 6; n++) {
            CHECK_EQ(how(2, p + 16 * n), kCalled[n]);
            CHECK_EQ(how(1, p + 16 * n), kJumped[n]);
            uint32_t* tagged = (uint32_t*)((uint64_t)(p + 16 * n) | 0x5aull << 56);
            CHECK_EQ(how(2, tagged), kCalled[n]);
            CHECK_EQ(how(1, tagged), kJumped[n]);
        }
    }
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_EXEC), 0);
    for (int n = 0; n < 6; n++) CHECK_EQ(how(2, p + 16 * n), 0);
}

// A page of targets, guarded.
static uint32_t* guarded_targets(const uint32_t* pads, int count) {
    uint32_t* p = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    for (int n = 0; n < count; n++) target(p, n, pads[n]);
    __builtin___clear_cache((char*)p, (char*)p + kPage);
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_EXEC | PROT_BTI), 0);
    return p;
}

CASE(a_handler_is_called) {
    static const uint32_t kPads[] = {kBti, kBtiC, kBtiJ, kBtiJc, kPaciasp, kNop};
    static const int kIsTarget[] = {0, 1, 0, 1, 1, 0};
    uint32_t* p = guarded_targets(kPads, 6);
    install(SIGILL, keep_and_jump, 0);
    for (volatile int n = 0; n < 6; n++) {
        struct sigaction action = {.sa_handler = (void (*)(int))(p + 16 * n)};
        CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
        volatile int failed = 0;
        if (sigsetjmp(back, 1) == 0) {
            raise(SIGUSR1);
        } else {
            failed = 1;
            CHECK_EQ(seen.si_code, ILL_ILLOPC);
            CHECK_EQ(seen_context.uc_mcontext.pc, (uint64_t)(p + 16 * n));
            CHECK_EQ(seen_context.uc_mcontext.pstate >> 10 & 3, 2);
        }
        CHECK_EQ(failed, !kIsTarget[n]);
    }
}

// ---- BTYPE in the frame of a signal

static uint64_t* absent_page;
static uint64_t btype_seen;
static void make_present(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    btype_seen = ((ucontext_t*)context)->uc_mcontext.pstate >> 10 & 3;
    CHECK_EQ(mprotect(absent_page, kPage, PROT_READ | PROT_EXEC | PROT_BTI), 0);
}

// The fetch faults first; the handler's return brings BTYPE back, and the target is looked at.
CASE(btype_of_a_target_that_is_not_there_yet) {
    static const uint32_t kPads[] = {kBtiC, kNop, kBtiJ};
    static const int kCalled[] = {0, 3, 3}, kJumped[] = {0, 2, 0};
    uint32_t* p = guarded_targets(kPads, 3);
    absent_page = (uint64_t*)p;
    install(SIGILL, keep_and_jump, 0);
    install(SIGSEGV, make_present, 0);
    for (int kind = 1; kind <= 2; kind++) {
        for (volatile int n = 0; n < 3; n++) {
            CHECK_EQ(mprotect(p, kPage, PROT_NONE), 0);
            btype_seen = 0;
            int got = how(kind, p + 16 * n);
            CHECK_EQ(btype_seen, kind);
            CHECK_EQ(got, kind == 2 ? kCalled[n] : kJumped[n]);
        }
    }
}

static uint64_t new_pc, new_btype;
static void go_elsewhere(int number, siginfo_t* info, void* context) {
    (void)number, (void)info;
    mcontext_t* m = &((ucontext_t*)context)->uc_mcontext;
    m->regs[30] = m->pc;
    m->pc = new_pc;
    m->pstate = (m->pstate & ~(3ull << 10)) | new_btype << 10;
}

CASE(btype_is_restored) {
    static const uint32_t kPads[] = {kBti, kBtiC, kBtiJ, kBtiJc, kPaciasp, kNop};
    // by BTYPE, then by landing pad
    static const char* const kFails[] = {"......", "x....x", "x.x..x", "xx..xx"};
    uint32_t* p = guarded_targets(kPads, 6);
    install(SIGILL, keep_and_jump, 0);
    install(SIGUSR1, go_elsewhere, 0);
    for (volatile int n = 0; n < 24; n++) {
        new_pc = (uint64_t)(p + 16 * (n % 6));
        new_btype = n / 6;
        volatile int failed = 0;
        if (sigsetjmp(back, 1) == 0) {
            register uint64_t x0 asm("x0") = getpid();
            register uint64_t x1 asm("x1") = gettid();
            register uint64_t x2 asm("x2") = SIGUSR1, x8 asm("x8") = 131;  // tgkill
            asm volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "x30", "memory");
        } else {
            failed = 1;
            CHECK_EQ(seen_context.uc_mcontext.pc, new_pc);
            CHECK_EQ(seen_context.uc_mcontext.pstate >> 10 & 3, new_btype);
        }
        CHECK_EQ(failed, kFails[new_btype][n % 6] == 'x');
    }
}

// ---- the rest

CASE(random_numbers) {
    uint64_t a, b, nzcv;
    asm volatile("mrs %0, rndr; mrs %2, nzcv; mrs %1, rndrrs" : "=r"(a), "=r"(b), "=r"(nzcv)::"cc");
    CHECK(a != b);
    CHECK_EQ(nzcv, 0);
}

static void changes_pstate(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    asm volatile("msr dit, #0; msr ssbs, #1");
}

CASE(pstate_and_signals) {
    uint64_t dit, ssbs;
    asm volatile("mrs %0, ssbs" : "=r"(ssbs));
    CHECK_EQ(ssbs, 1 << 12);
    install(SIGUSR1, changes_pstate, 0);
    asm volatile("msr dit, #1; msr ssbs, #0");
    raise(SIGUSR1);
    CHECK_EQ(seen_context.uc_mcontext.pstate >> 24 & 1, 1);
    CHECK_EQ(seen_context.uc_mcontext.pstate >> 12 & 1, 0);
    asm volatile("mrs %0, dit; mrs %1, ssbs" : "=r"(dit), "=r"(ssbs));
    CHECK_EQ(dit, 1 << 24);
    CHECK_EQ(ssbs, 0);
}
