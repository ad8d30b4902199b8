// Signals as AArch64 Linux delivers them: what handlers see, what they change, what calls return.
#include "handlers.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

// --- what a handler is told ---------------------------------------------------------------------

CASE(info_kill) {
    install(SIGUSR1, keep, 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_signo, SIGUSR1);
    CHECK_EQ(seen.si_code, SI_USER);
    CHECK_EQ(seen.si_pid, getpid());
    CHECK_EQ(seen.si_uid, getuid());
}

CASE(info_tgkill) {
    install(SIGUSR1, keep, 0);
    CHECK(raise(SIGUSR1) == 0);
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, SI_TKILL);
}

CASE(info_queue) {
    install(SIGRTMIN + 3, keep, 0);
    union sigval value = {.sival_int = 0x1234};
    CHECK(sigqueue(getpid(), SIGRTMIN + 3, value) == 0);
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, SI_QUEUE);
    CHECK_EQ(seen.si_value.sival_int, 0x1234);
}

CASE(info_child) {
    install(SIGCHLD, keep, 0);
    pid_t pid = fork();
    if (pid == 0) _exit(7);
    while (hits == 0) usleep(1000);
    CHECK_EQ(seen.si_code, CLD_EXITED);
    CHECK_EQ(seen.si_pid, pid);
    CHECK_EQ(seen.si_status, 7);
    int status;
    CHECK_EQ(wait(&status), pid);
}

static void touch(volatile char* address, int write, int code) {
    install(SIGSEGV, keep_and_jump, 0);
    int before = hits;
    if (sigsetjmp(back, 1) == 0) {
        if (write) {
            *address = 1;
        } else {
            (void)*address;
        }
        CHECK(!"a fault");
    }
    CHECK_EQ(hits, before + 1);
    CHECK_EQ(seen.si_signo, SIGSEGV);
    CHECK_EQ(seen.si_code, code);
}

CASE(segv_unmapped) {
    char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    for (int write = 0; write < 2; write++) {
        touch(page + 123, write, SEGV_MAPERR);
        CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)(page + 123));
        CHECK_EQ(seen_context.uc_mcontext.fault_address, (intptr_t)(page + 123));
        CHECK_EQ(esr_of(&seen_context) >> 26, 0x24);
        CHECK_EQ(esr_of(&seen_context) >> 6 & 1, write);
    }
}

CASE(segv_protected) {
    char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touch(page + 8, 1, SEGV_ACCERR);
    CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)(page + 8));
    CHECK(mprotect(page, 4096, PROT_NONE) == 0);
    touch(page + 9, 0, SEGV_ACCERR);
    CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)(page + 9));
}

CASE(segv_null) {
    touch((char*)0x10, 0, SEGV_MAPERR);
    CHECK_EQ((intptr_t)seen.si_addr, 0x10);
}

// An address no mapping can have. The top byte is ignored, the others are not.
CASE(segv_not_canonical) {
    char* volatile far = (char*)0x00f0123456789000;
    touch(far, 0, SEGV_MAPERR);
    touch(far, 1, SEGV_MAPERR);
}

CASE(segv_tagged_address) {
    char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    touch((char*)((uintptr_t)page | (uintptr_t)0x5a << 56), 0, SEGV_MAPERR);
    CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)page);
}

CASE(segv_jump_to_data) {
    install(SIGSEGV, keep_and_jump, 0);
    static uint32_t code[4] __attribute__((aligned(16)));
    void (*volatile function)(void) = (void (*)(void))code;
    if (sigsetjmp(back, 1) == 0) function();
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, SEGV_ACCERR);
    CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)code);
    CHECK_EQ(seen_context.uc_mcontext.pc, (intptr_t)code);
    function = (void (*)(void))0x7000;
    if (sigsetjmp(back, 1) == 0) function();
    CHECK_EQ(hits, 2);
    CHECK_EQ(seen.si_code, SEGV_MAPERR);
    CHECK_EQ((intptr_t)seen.si_addr, 0x7000);
}

CASE(bus_behind_file) {
    int fd = memfd_create("short", 0);
    CHECK(ftruncate(fd, 4096) == 0);
    char* pages = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    CHECK(pages != MAP_FAILED);
    install(SIGBUS, keep_and_jump, 0);
    volatile char* beyond = pages + 4096 + 77;
    if (sigsetjmp(back, 1) == 0) (void)*beyond;
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, BUS_ADRERR);
    CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)beyond);
    // Fetching from there ends the same way.
    void (*volatile function)(void) = (void (*)(void))(pages + 4096);
    if (sigsetjmp(back, 1) == 0) function();
    CHECK_EQ(hits, 2);
    CHECK_EQ(seen.si_signo, SIGBUS);
}

CASE(bus_pc_alignment) {
    install(SIGBUS, keep_and_jump, 0);
    void (*volatile function)(void) = (void (*)(void))((uintptr_t)&getpid + 2);
    if (sigsetjmp(back, 1) == 0) function();
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, BUS_ADRALN);
    CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)function);
}

static void keep_and_skip(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    ((ucontext_t*)context)->uc_mcontext.pc += 4;
}

CASE(ill_undefined) {
    install(SIGILL, keep_and_skip, 0);
    uint64_t at;
    __asm__ volatile("adr %0, 1f\n1: udf #77" : "=r"(at));
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, ILL_ILLOPC);
    CHECK_EQ((intptr_t)seen.si_addr, at);
    CHECK_EQ(seen_context.uc_mcontext.pc, at);
}

CASE(trap_breakpoint) {
    install(SIGTRAP, keep_and_skip, 0);
    uint64_t at;
    __asm__ volatile("adr %0, 1f\n1: brk #77" : "=r"(at));
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, TRAP_BRKPT);
    CHECK_EQ((intptr_t)seen.si_addr, at);
}

CASE(fault_signals_can_be_sent) {
    int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    for (int i = 0; i < 5; i++) {
        install(numbers[i], keep, 0);
        CHECK(kill(getpid(), numbers[i]) == 0);
        CHECK_EQ(hits, i + 1);
        CHECK_EQ(seen.si_signo, numbers[i]);
        CHECK_EQ(seen.si_code, SI_USER);
    }
}

// --- returning ----------------------------------------------------------------------------------

static char* fixable;
static void fix(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    CHECK(mprotect(fixable, 4096, PROT_READ | PROT_WRITE) == 0);
}

CASE(fix_and_return) {
    fixable = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    install(SIGSEGV, fix, 0);
    for (int i = 1; i <= 50; i++) {
        CHECK(mprotect(fixable, 4096, PROT_NONE) == 0);
        *(volatile int*)fixable += 1;
        CHECK_EQ(hits, i);
        CHECK_EQ(*(int*)fixable, i);
    }
}

CASE(jump_out_often) {
    install(SIGSEGV, keep_and_jump, 0);
    for (volatile int i = 0; i < 500; i++) {
        if (sigsetjmp(back, 1) == 0) *(volatile int*)16 = 1;
    }
    CHECK_EQ(hits, 500);
}

// Loads x0-x28, x30, v0-v31, NZCV, FPCR and FPSR from `in`, traps, and stores what is there then.
struct registers {
    uint64_t x[30];
    uint64_t nzcv, fpcr, fpsr, pad;
    uint64_t v[64];
};
void trap_with_registers(const struct registers* in, struct registers* out);
#define EACH_V(op)                                                                               \
    op " q0, q1, [x29, #0]\n" op " q2, q3, [x29, #32]\n" op " q4, q5, [x29, #64]\n" op           \
       " q6, q7, [x29, #96]\n" op " q8, q9, [x29, #128]\n" op " q10, q11, [x29, #160]\n" op      \
       " q12, q13, [x29, #192]\n" op " q14, q15, [x29, #224]\n" op " q16, q17, [x29, #256]\n" op \
       " q18, q19, [x29, #288]\n" op " q20, q21, [x29, #320]\n" op " q22, q23, [x29, #352]\n" op \
       " q24, q25, [x29, #384]\n" op " q26, q27, [x29, #416]\n" op " q28, q29, [x29, #448]\n" op \
       " q30, q31, [x29, #480]\n"
#define EACH_X(op)                                                                               \
    op " x2, x3, [x29, #16]\n" op " x4, x5, [x29, #32]\n" op " x6, x7, [x29, #48]\n" op          \
       " x8, x9, [x29, #64]\n" op " x10, x11, [x29, #80]\n" op " x12, x13, [x29, #96]\n" op      \
       " x14, x15, [x29, #112]\n" op " x16, x17, [x29, #128]\n" op " x18, x19, [x29, #144]\n" op \
       " x20, x21, [x29, #160]\n" op " x22, x23, [x29, #176]\n" op " x24, x25, [x29, #192]\n" op \
       " x26, x27, [x29, #208]\n"
__asm__(
    ".text\n.globl trap_with_registers\ntrap_with_registers:\n"
    "stp x29, x30, [sp, #-192]!\n"
    "stp x19, x20, [sp, #16]\nstp x21, x22, [sp, #32]\nstp x23, x24, [sp, #48]\n"
    "stp x25, x26, [sp, #64]\nstp x27, x28, [sp, #80]\n"
    "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\n"
    "stp d14, d15, [sp, #144]\nstr x1, [sp, #160]\n"
    "ldr x2, [x0, #248]\nmsr fpcr, x2\nldr x2, [x0, #256]\nmsr fpsr, x2\n"
    "ldr x2, [x0, #240]\nmsr nzcv, x2\n"
    "add x29, x0, #272\n" EACH_V("ldp") "mov x29, x0\n" EACH_X("ldp")
    "ldr x28, [x29, #224]\nldr x30, [x29, #232]\nldp x0, x1, [x29]\n"
    "mov x29, #0x77\n"
    "brk #1\n"
    "str x29, [sp, #168]\n"
    "ldr x29, [sp, #160]\n"
    "stp x0, x1, [x29]\n" EACH_X("stp") "str x28, [x29, #224]\nstr x30, [x29, #232]\n"
    "mrs x2, nzcv\nstr x2, [x29, #240]\nmrs x2, fpcr\nstr x2, [x29, #248]\n"
    "mrs x2, fpsr\nstr x2, [x29, #256]\nldr x2, [sp, #168]\nstr x2, [x29, #264]\n"
    "add x29, x29, #272\n" EACH_V("stp") "msr fpcr, xzr\n"
    "ldp x19, x20, [sp, #16]\nldp x21, x22, [sp, #32]\nldp x23, x24, [sp, #48]\n"
    "ldp x25, x26, [sp, #64]\nldp x27, x28, [sp, #80]\n"
    "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\n"
    "ldp d14, d15, [sp, #144]\nldp x29, x30, [sp], #192\nret\n");

static void clobber_and_skip(int number, siginfo_t* info, void* context) {
    (void)number, (void)info;
    hits++;
    __asm__ volatile(
        "mov x8, #1\nmov x9, #2\nmov x10, #3\nmov x11, #4\nmov x12, #5\nmov x13, #6\n"
        "mov x14, #7\nmov x15, #8\nmov x16, #9\nmov x17, #10\nmsr fpcr, xzr\nmsr fpsr, xzr\n"
        "cmp xzr, xzr\nmovi v0.16b, #1\nmovi v7.16b, #2\nmovi v16.16b, #3\nmovi v31.16b, #4\n" ::
            : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc", "v0", "v7",
              "v16", "v31");
    ((ucontext_t*)context)->uc_mcontext.pc += 4;
    seen_context = *(ucontext_t*)context;
}

CASE(registers_come_back) {
    static struct registers in, out;
    install(SIGTRAP, clobber_and_skip, 0);
    for (uint64_t flags = 0; flags < 16; flags++) {
        for (int i = 0; i < 30; i++) in.x[i] = 0x0101010101010101u * (unsigned)(i + 1) + flags;
        for (int i = 0; i < 64; i++) in.v[i] = 0x1234567890abcdefu * (unsigned)(i + 3) + flags;
        in.nzcv = flags << 28;
        in.fpcr = (flags & 3) << 22 | (flags >> 2) << 24;
        in.fpsr = (flags & 1) | (flags & 2) << 3 | (flags & 4) << 25;
        in.pad = 0x77;
        memset(&out, 0xee, sizeof out);
        trap_with_registers(&in, &out);
        CHECK(memcmp(&in, &out, sizeof in) == 0);
        CHECK_EQ(hits, flags + 1);
        // The frame shows the same registers.
        CHECK(memcmp(seen_context.uc_mcontext.regs, in.x, 29 * 8) == 0);
        CHECK_EQ(seen_context.uc_mcontext.regs[29], 0x77);
        CHECK_EQ(seen_context.uc_mcontext.regs[30], in.x[29]);
        CHECK_EQ(seen_context.uc_mcontext.pstate & 0xf0000000, in.nzcv);
        const struct fpsimd_context* fp =
            (const struct fpsimd_context*)seen_context.uc_mcontext.__reserved;
        CHECK_EQ(fp->head.magic, FPSIMD_MAGIC);
        CHECK_EQ(fp->head.size, 528);
        CHECK_EQ(fp->fpcr, in.fpcr);
        CHECK_EQ(fp->fpsr, in.fpsr);
        CHECK(memcmp(fp->vregs, in.v, sizeof in.v) == 0);
    }
}

static void change_context(int number, siginfo_t* info, void* context) {
    (void)number, (void)info;
    ucontext_t* uc = context;
    uc->uc_mcontext.regs[9] = 0x123456789;
    uc->uc_mcontext.pstate = 0x60000000;
    struct fpsimd_context* fp = (struct fpsimd_context*)uc->uc_mcontext.__reserved;
    fp->vregs[5] = 42;
    uc->uc_mcontext.pc += 4;
}

CASE(handler_changes_registers) {
    install(SIGTRAP, change_context, 0);
    uint64_t x, flags, v;
    __asm__ volatile(
        "mov x9, #0\nmsr nzcv, xzr\nmovi v5.2d, #0\nbrk #1\nmov %0, x9\nmrs %1, nzcv\n"
        "fmov %2, d5"
        : "=r"(x), "=r"(flags), "=r"(v)
        :
        : "x9", "v5", "cc");
    CHECK_EQ(x, 0x123456789);
    CHECK_EQ(flags, 0x60000000);
    CHECK_EQ(v, 42);
}

// --- stacks -------------------------------------------------------------------------------------

static char alternate[65536] __attribute__((aligned(16)));
static volatile int was_on, nested_on;

static int is_on(const void* here) {
    return (const char*)here >= alternate && (const char*)here < alternate + sizeof alternate;
}
static void note_nested(int number, siginfo_t* info, void* context) {
    char here;
    keep(number, info, context);
    nested_on = is_on(&here);
}
static void note_stack(int number, siginfo_t* info, void* context) {
    char here;
    keep(number, info, context);
    was_on = is_on(&here);
    stack_t now;
    CHECK(sigaltstack(NULL, &now) == 0);
    CHECK_EQ(now.ss_flags, was_on ? SS_ONSTACK : 0);
    if (was_on) {
        stack_t other = {.ss_sp = alternate, .ss_size = 16384};
        CHECK_FAILS(sigaltstack(&other, NULL), EPERM);
    }
    raise(SIGUSR2);
}
static void use_alternate(int flags) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate, .ss_flags = flags};
    CHECK(sigaltstack(&stack, NULL) == 0);
}

CASE(alternate_stack) {
    stack_t old;
    CHECK(sigaltstack(NULL, &old) == 0);
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    use_alternate(0);
    install(SIGUSR1, note_stack, SA_ONSTACK);
    install(SIGUSR2, note_nested, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK_EQ(hits, 2);
    CHECK(was_on && nested_on);
    CHECK_EQ(seen_context.uc_stack.ss_size, sizeof alternate);
    install(SIGUSR1, note_stack, 0);
    install(SIGUSR2, note_nested, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(!was_on && nested_on);
    CHECK(sigaltstack(NULL, &old) == 0);
    CHECK_EQ(old.ss_flags, 0);
    CHECK(old.ss_sp == alternate);
}

CASE(alternate_stack_refusals) {
    stack_t small = {.ss_sp = alternate, .ss_size = 1024};
    CHECK_FAILS(sigaltstack(&small, NULL), ENOMEM);
    stack_t wrong = {.ss_sp = alternate, .ss_size = 32768, .ss_flags = 0x40};
    CHECK_FAILS(sigaltstack(&wrong, NULL), EINVAL);
}

static void autodisarmed(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    char here;
    was_on = is_on(&here);
    stack_t now;
    CHECK(sigaltstack(NULL, &now) == 0);
    CHECK_EQ(now.ss_flags, SS_DISABLE);
}

CASE(alternate_stack_autodisarm) {
    use_alternate((int)(1u << 31));
    install(SIGUSR1, autodisarmed, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(was_on);
    stack_t now;
    CHECK(sigaltstack(NULL, &now) == 0);
    CHECK(now.ss_sp == alternate);
}

static volatile int depth, deepest = 1 << 30;
__attribute__((noinline)) static int recurse(int n) {
    volatile char room[4096];
    room[0] = (char)n;
    depth = n;
    return n == deepest ? 0 : recurse(n + 1) + room[0];
}
CASE(stack_overflow) {
    use_alternate(0);
    install(SIGSEGV, keep_and_jump, SA_ONSTACK);
    for (volatile int i = 1; i <= 3; i++) {
        if (sigsetjmp(back, 1) == 0) recurse(0);
        CHECK_EQ(hits, i);
        CHECK(depth > 100);
    }
}

// --- masks --------------------------------------------------------------------------------------

static volatile int order[16], order_count;
static void second(int number, siginfo_t* info, void* context) {
    (void)info, (void)context;
    order[order_count++] = number;
}
static void first(int number, siginfo_t* info, void* context) {
    (void)info, (void)context;
    order[order_count++] = number;
    raise(SIGUSR2);
    order[order_count++] = -number;
}

CASE(mask_of_handler) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = first;
    action.sa_flags = SA_SIGINFO;
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    install(SIGUSR2, second, 0);
    raise(SIGUSR1);
    CHECK_EQ(order_count, 3);
    CHECK(order[0] == SIGUSR1 && order[1] == -SIGUSR1 && order[2] == SIGUSR2);
}

CASE(nested) {
    install(SIGUSR1, first, 0);
    install(SIGUSR2, second, 0);
    raise(SIGUSR1);
    CHECK_EQ(order_count, 3);
    CHECK(order[0] == SIGUSR1 && order[1] == SIGUSR2 && order[2] == -SIGUSR1);
}

static void again(int number, siginfo_t* info, void* context) {
    (void)info, (void)context;
    int n = ++hits;
    if (n < 4) raise(number);
    order[order_count++] = n;
}
CASE(nodefer) {
    install(SIGUSR1, again, SA_NODEFER);
    raise(SIGUSR1);
    CHECK_EQ(order_count, 4);
    for (int i = 0; i < 4; i++) CHECK_EQ(order[i], 4 - i);
}
CASE(defer) {
    install(SIGUSR1, again, 0);
    raise(SIGUSR1);
    CHECK_EQ(order_count, 4);
    for (int i = 0; i < 4; i++) CHECK_EQ(order[i], i + 1);
}

CASE(resethand) {
    install(SIGUSR1, keep, (int)SA_RESETHAND);
    raise(SIGUSR1);
    CHECK_EQ(hits, 1);
    struct sigaction now;
    CHECK(sigaction(SIGUSR1, NULL, &now) == 0);
    CHECK(now.sa_handler == SIG_DFL);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
}

CASE(pending) {
    install(SIGUSR1, keep, 0);
    sigset_t set = set_of(SIGUSR1, 0), waiting;
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQ(hits, 0);
    CHECK(sigpending(&waiting) == 0);
    CHECK(sigismember(&waiting, SIGUSR1));
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    CHECK_EQ(hits, 1);
    CHECK(sigpending(&waiting) == 0);
    CHECK(!sigismember(&waiting, SIGUSR1));
}

static volatile int values[8];
static void note_value(int number, siginfo_t* info, void* context) {
    (void)number, (void)context;
    values[hits++] = info->si_value.sival_int;
}
CASE(queued_in_order) {
    install(SIGRTMIN, note_value, 0);
    sigset_t set = set_of(SIGRTMIN, 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    for (int i = 0; i < 5; i++) {
        union sigval value = {.sival_int = i * 10};
        CHECK(sigqueue(getpid(), SIGRTMIN, value) == 0);
    }
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    CHECK_EQ(hits, 5);
    for (int i = 0; i < 5; i++) CHECK_EQ(values[i], i * 10);
}

CASE(mask_cannot_hold_kill) {
    sigset_t all, now;
    sigfillset(&all);
    CHECK(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
    CHECK(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP));
    CHECK(sigismember(&now, SIGSEGV) && sigismember(&now, SIGUSR1));
}

CASE(action_refusals) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    CHECK_FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_FAILS(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL);
    CHECK_FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
    CHECK_FAILS(syscall(SYS_rt_sigaction, SIGUSR1, 16, NULL, 8), EFAULT);
    CHECK_FAILS(syscall(SYS_rt_sigprocmask, 9, &action, NULL, 8), EINVAL);
    CHECK_FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 16, NULL, 8), EFAULT);
}

CASE(jump_restores_mask) {
    install(SIGUSR1, keep_and_jump, 0);
    for (volatile int i = 1; i <= 3; i++) {
        if (sigsetjmp(back, 1) == 0) raise(SIGUSR1);
        CHECK_EQ(hits, i);
    }
}

// --- frames that the handler changed ------------------------------------------------------------

#ifdef __aarch64__
struct record {
    uint32_t magic, size;
};
enum { kFpsimd = 528, kEsr = 16 };  // bytes

static int change;
static char alternate[65536];
static void change_frame(int number, siginfo_t* info, void* context) {
    (void)number, (void)info;
    ucontext_t* uc = context;
    unsigned char* records = (unsigned char*)uc->uc_mcontext.__reserved;
    unsigned char fpsimd[kFpsimd];
    struct record esr = {0x45535201, kEsr}, unknown = {0xdeadbeef, 16}, none = {0, 0};
    memcpy(fpsimd, records, sizeof fpsimd);
    uc->uc_mcontext.pc += 4;
    switch (change) {
        case 0:
            fpsimd[16 + 5 * 16] = 99;
            memset(records, 0, 1024);
            memcpy(records, &esr, sizeof esr);
            memcpy(records + kEsr, fpsimd, sizeof fpsimd);
            break;
        case 1: uc->uc_stack = (stack_t){.ss_sp = alternate, .ss_size = 10}; break;
        case 2: uc->uc_stack.ss_flags = 1234; break;
        case 3: memcpy(records, &none, sizeof none); break;
        case 4: memcpy(records + 4, &esr.size, 4); break;
        case 5: memcpy(records + kFpsimd, fpsimd, sizeof fpsimd); break;
        case 6: uc->uc_mcontext.pstate |= 5; break;
        case 7: uc->uc_mcontext.pstate |= 1 << 4; break;
        case 8: uc->uc_mcontext.pstate |= 1 << 7; break;
        default: memcpy(records + kFpsimd, &unknown, sizeof unknown); break;
    }
}
// The first few return, the others are no frames of the kernel's.
CASE(changed_frames) {
    CHECK(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL) == 0);
    install(SIGILL, change_frame, 0);
    install(SIGSEGV, keep_and_jump, SA_ONSTACK);
    for (change = 0; change < 10; change++) {
        hits = 0;
        if (sigsetjmp(back, 1) == 0) {
            uint64_t low;
            __asm__ volatile("movi v5.16b, #1\n .inst 0\n fmov %0, d5" : "=r"(low) : : "v5");
            CHECK_EQ(low, change == 0 ? 0x0101010101010163 : 0x0101010101010101);
            CHECK(change < 3);
        } else {
            CHECK(change >= 3);
            CHECK_EQ(hits, 1);
            CHECK_EQ(seen.si_signo, SIGSEGV);
        }
        stack_t now;
        CHECK(sigaltstack(NULL, &now) == 0);
        CHECK(now.ss_sp == alternate && now.ss_size == sizeof alternate && now.ss_flags == 0);
    }
}
#endif

// The upper half of an int argument says nothing.
CASE(upper_halves) {
    uint64_t set = 1 << 9, old;
    CHECK_EQ(syscall(SYS_rt_sigprocmask, 0xdead00000000ul | SIG_BLOCK, &set, NULL, 8), 0);
    CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8), 0);
    CHECK((old & set) != 0);
    int fd = open("/dev/null", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    CHECK(fd < 0);
    fd = open("/", O_RDONLY | O_DIRECTORY);
    CHECK_EQ(syscall(SYS_fcntl, fd, 0xdead00000000ul | F_GETFL, 0),
             syscall(SYS_fcntl, fd, F_GETFL, 0));
    close(fd);
}
