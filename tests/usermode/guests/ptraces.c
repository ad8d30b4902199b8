// ptrace of guests by guests. Built for x86-64 it passes on Linux itself.
#include "check.h"

#include <elf.h>
#include <linux/ptrace.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __aarch64__
typedef struct user_regs_struct registers;
#define PC(r) ((r)->pc)
#define NUMBER(r) ((r)->regs[8])
#define FIRST(r) ((r)->regs[0])
#define RESULT(r) ((r)->regs[0])
#define ARCH 0xc00000b7u
#else
typedef struct user_regs_struct registers;
#define PC(r) ((r)->rip)
#define NUMBER(r) ((r)->orig_rax)
#define FIRST(r) ((r)->rdi)
#define RESULT(r) ((r)->rax)
#define ARCH 0xc000003eu
#endif

#define STOP(signal, event) ((signal) << 8 | 0x7f | (event) << 16)

static long request(int what, pid_t tid, unsigned long address, void* data) {
    return syscall(SYS_ptrace, what, tid, address, data);
}

static long peek(pid_t tid, const volatile void* address) {
    long word = 0;
    return request(PTRACE_PEEKDATA, tid, (unsigned long)address, &word) == 0 ? word : -1;
}
static long put(pid_t tid, const volatile void* address, long word) {
    return request(PTRACE_POKEDATA, tid, (unsigned long)address, (void*)word);
}

static registers get_registers(pid_t tid) {
    registers r;
    struct iovec part = {&r, sizeof r};
    CHECK_EQ(request(PTRACE_GETREGSET, tid, NT_PRSTATUS, &part), 0);
    CHECK_EQ(part.iov_len, sizeof r);
    return r;
}

static void set_registers(pid_t tid, registers* r) {
    struct iovec part = {r, sizeof *r};
    CHECK_EQ(request(PTRACE_SETREGSET, tid, NT_PRSTATUS, &part), 0);
}

static int waited(pid_t tid) {
    int status;
    CHECK_EQ(waitpid(tid, &status, __WALL), tid);
    return status;
}

static void go_on(int how, pid_t tid, long signal) {
    CHECK_EQ(request(how, tid, 0, (void*)signal), 0);
}

static unsigned long message(pid_t tid) {
    unsigned long value = 0;
    CHECK_EQ(request(PTRACE_GETEVENTMSG, tid, 0, &value), 0);
    return value;
}

// A child that runs function() once it is traced and has been let go on.
static pid_t traced(void (*function)(void)) {
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQ(request(PTRACE_TRACEME, 0, 0, 0), 0);
        raise(SIGSTOP);
        function();
        _exit(0);
    }
    CHECK_EQ(waited(child), STOP(SIGSTOP, 0));
    return child;
}

static void seven(void) { _exit(7); }

CASE(trace_me) {
    pid_t child = traced(seven);
    siginfo_t info;
    CHECK_EQ(request(PTRACE_GETSIGINFO, child, 0, &info), 0);
    CHECK_EQ(info.si_signo, SIGSTOP);
    CHECK_EQ(info.si_pid, child);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 7 << 8);
}

CASE(who_may) {
    CHECK_FAILS(request(PTRACE_CONT, getpid(), 0, 0), ESRCH);
    CHECK_FAILS(request(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
    CHECK_FAILS(request(PTRACE_ATTACH, 0x3fffffff, 0, 0), ESRCH);
    pid_t child = traced(seven);
    CHECK_FAILS(request(PTRACE_ATTACH, child, 0, 0), EPERM);
    CHECK_FAILS(request(PTRACE_SETOPTIONS, child, 0, (void*)0x80000000), EINVAL);
    CHECK_FAILS(request(PTRACE_CONT, child, 0, (void*)65), EIO);
    CHECK_FAILS(request(PTRACE_INTERRUPT, child, 0, 0), EIO);
    CHECK_FAILS(request(PTRACE_LISTEN, child, 0, 0), EIO);
    CHECK_FAILS(request(0x7777, child, 0, 0), EIO);
    struct iovec part = {&part, 3};
    CHECK_FAILS(request(PTRACE_GETREGSET, child, NT_PRSTATUS, &part), EINVAL);
    CHECK_FAILS(request(PTRACE_GETREGSET, child, 0x7777, &part), EINVAL);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 7 << 8);
}

static void again(void) { _exit(request(PTRACE_TRACEME, 0, 0, 0) == -1 && errno == EPERM ? 3 : 4); }

CASE(trace_me_twice) {
    pid_t child = traced(again);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 3 << 8);
}

static volatile long shared_word = 0x1122334455667788;
static const long constant_word = 0x0102030405060708;

static void tell_word(void) {
    _exit(shared_word == 42 && *(volatile const long*)&constant_word == 43 ? 1 : 2);
}

CASE(peek_and_poke) {
    pid_t child = traced(tell_word);
    errno = 0;
    CHECK_EQ(peek(child, &shared_word), 0x1122334455667788);
    CHECK_EQ(peek(child, &constant_word), 0x0102030405060708);
    CHECK_EQ(put(child, &shared_word, 42), 0);
    CHECK_EQ(put(child, &constant_word, 43), 0);  // whatever its protection
    CHECK_EQ(shared_word, 0x1122334455667788);
    CHECK_FAILS(peek(child, (void*)16), EIO);
    CHECK_FAILS(put(child, (void*)16, 0), EIO);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 1 << 8);
}

static volatile int got;
static void note(int number) { got = number; }

static void send_usr1(void) {
    signal(SIGUSR1, note);
    signal(SIGUSR2, note);
    raise(SIGUSR1);
    _exit(got);
}

CASE(signal_is_dropped) {
    pid_t child = traced(send_usr1);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 0);
}

CASE(signal_is_passed) {
    pid_t child = traced(send_usr1);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    go_on(PTRACE_CONT, child, SIGUSR1);
    CHECK_EQ(waited(child), SIGUSR1 << 8);
}

CASE(signal_is_another) {
    pid_t child = traced(send_usr1);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    go_on(PTRACE_CONT, child, SIGUSR2);
    CHECK_EQ(waited(child), SIGUSR2 << 8);
}

static volatile int got_value;
static void note_value(int number, siginfo_t* info, void* context) {
    (void)number, (void)context;
    got_value = info->si_value.sival_int;
}
static void send_value(void) {
    struct sigaction action = {.sa_sigaction = note_value, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5});
    _exit(got_value);
}

CASE(siginfo) {
    pid_t child = traced(send_value);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    siginfo_t info;
    CHECK_EQ(request(PTRACE_GETSIGINFO, child, 0, &info), 0);
    CHECK_EQ(info.si_code, SI_QUEUE);
    CHECK_EQ(info.si_value.sival_int, 5);
    info.si_value.sival_int = 9;
    CHECK_EQ(request(PTRACE_SETSIGINFO, child, 0, &info), 0);
    go_on(PTRACE_CONT, child, SIGUSR1);
    CHECK_EQ(waited(child), 9 << 8);
}

static void ignored_ones(void) {
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    raise(SIGWINCH);
    raise(SIGCHLD);
    raise(SIGTERM);
}

CASE(ignored_signals_are_told) {
    pid_t child = traced(ignored_ones);
    const int numbers[] = {SIGUSR1, SIGWINCH, SIGCHLD, SIGTERM};
    int number = 0;
    for (int n = 0; n < 4; n++) {
        go_on(PTRACE_CONT, child, number);
        number = numbers[n];
        CHECK_EQ(waited(child), STOP(number, 0));
    }
    go_on(PTRACE_CONT, child, SIGTERM);
    CHECK_EQ(waited(child), SIGTERM);
}

static void two_calls(void) {
    syscall(SYS_getppid, 1, 2, 3);
    syscall(SYS_close, -1);
    _exit(syscall(SYS_getppid) == 55 ? 6 : 8);
}

// To the next stop at a call of this number.
static void to_call(pid_t child, unsigned long number, int sysgood) {
    registers r;
    do {
        go_on(PTRACE_SYSCALL, child, 0);
        CHECK_EQ(waited(child), STOP(SIGTRAP | (sysgood ? 0x80 : 0), 0));
        r = get_registers(child);
    } while (NUMBER(&r) != number);
}

CASE(system_calls) {
    pid_t child = traced(two_calls);
    to_call(child, SYS_getppid, 0);
    registers r = get_registers(child);
    CHECK_EQ(FIRST(&r), 1);
    go_on(PTRACE_SYSCALL, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, 0));
    r = get_registers(child);
    CHECK_EQ(RESULT(&r), getpid());
    CHECK_EQ(request(PTRACE_SETOPTIONS, child, 0, (void*)PTRACE_O_TRACESYSGOOD), 0);
    to_call(child, SYS_close, 1);
    struct ptrace_syscall_info info;
    long bytes = request(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    CHECK_EQ(bytes, offsetof(struct ptrace_syscall_info, entry.args[6]));
    CHECK_EQ(info.op, PTRACE_SYSCALL_INFO_ENTRY);
    CHECK_EQ(info.arch, ARCH);
    CHECK_EQ(info.entry.nr, SYS_close);
    CHECK_EQ((int)info.entry.args[0], -1);
    go_on(PTRACE_SYSCALL, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP | 0x80, 0));
    bytes = request(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    CHECK_EQ(bytes, offsetof(struct ptrace_syscall_info, exit.is_error) + 1);
    CHECK_EQ(info.op, PTRACE_SYSCALL_INFO_EXIT);
    CHECK_EQ(info.exit.rval, -EBADF);
    CHECK_EQ(info.exit.is_error, 1);
    siginfo_t signal_info;
    CHECK_EQ(request(PTRACE_GETSIGINFO, child, 0, &signal_info), 0);
    CHECK_EQ(signal_info.si_code, SIGTRAP | 0x80);
    // The result of the next one is the tracer's.
    to_call(child, SYS_getppid, 1);
    go_on(PTRACE_SYSCALL, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP | 0x80, 0));
    r = get_registers(child);
    RESULT(&r) = 55;
    set_registers(child, &r);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 6 << 8);
}

static void one_call(void) { _exit(syscall(SYS_getppid) == 44 ? 6 : 8); }

// The tracer chooses another call: none.
CASE(call_is_skipped) {
    pid_t child = traced(one_call);
    to_call(child, SYS_getppid, 0);
    registers r = get_registers(child);
#ifdef __aarch64__
    int none = -1;
    struct iovec part = {&none, sizeof none};
    CHECK_EQ(request(PTRACE_SETREGSET, child, 0x404, &part), 0);  // NT_ARM_SYSTEM_CALL
    r.regs[0] = 44;
#else
    r.orig_rax = -1;
    r.rax = 44;
#endif
    set_registers(child, &r);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 6 << 8);
}

static void floats(void) {
    double value = 1.5;
#ifdef __aarch64__
    register double d __asm__("d8") = value;
    register long number __asm__("x8") = SYS_getppid;
    __asm__ volatile("svc 0" : "+w"(d) : "r"(number) : "x0", "memory");
    value = d;
#else
    value = syscall(SYS_getppid) > 0 ? 2.5 : 0;
#endif
    _exit(value == 2.5 ? 3 : 4);
}

CASE(float_registers) {
    pid_t child = traced(floats);
    to_call(child, SYS_getppid, 0);
    unsigned char bytes[4096];
    struct iovec part = {bytes, sizeof bytes};
    CHECK_EQ(request(PTRACE_GETREGSET, child, NT_PRFPREG, &part), 0);
#ifdef __aarch64__
    CHECK_EQ(part.iov_len, 528);
    double value;
    memcpy(&value, bytes + 8 * 16, sizeof value);
    CHECK(value == 1.5);
    value = 2.5;
    memcpy(bytes + 8 * 16, &value, sizeof value);
    CHECK_EQ(request(PTRACE_SETREGSET, child, NT_PRFPREG, &part), 0);
    unsigned long tls = 0;
    part = (struct iovec){&tls, sizeof tls};
    CHECK_EQ(request(PTRACE_GETREGSET, child, 0x401, &part), 0);
    CHECK_EQ(tls, (unsigned long)__builtin_thread_pointer());  // fork keeps it
#endif
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 3 << 8);
}

static void spin_a_little(void) {
    for (volatile int n = 0; n < 3; n++) {
    }
    _exit(5);
}

CASE(single_steps) {
    pid_t child = traced(spin_a_little);
    int steps = 0, status;
    unsigned long before = 0;
    for (;;) {
        go_on(PTRACE_SINGLESTEP, child, 0);
        status = waited(child);
        if (WIFEXITED(status)) break;
        CHECK_EQ(status, STOP(SIGTRAP, 0));
        registers r = get_registers(child);
        CHECK(PC(&r) != before);
        before = PC(&r);
        steps++;
    }
    CHECK_EQ(WEXITSTATUS(status), 5);
    CHECK(steps > 20);
}

static void sleeps(void) {
    for (;;) pause();
}

static pid_t untraced(void (*function)(void)) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQ(write(ends[1], "x", 1), 1);
        function();
        _exit(0);
    }
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return child;
}

CASE(attach_and_detach) {
    pid_t child = untraced(sleeps);
    CHECK_EQ(request(PTRACE_ATTACH, child, 0, 0), 0);
    CHECK_EQ(waited(child), STOP(SIGSTOP, 0));
    registers r = get_registers(child);
    CHECK(PC(&r) != 0);
    go_on(PTRACE_DETACH, child, 0);
    CHECK_FAILS(request(PTRACE_CONT, child, 0, 0), ESRCH);
    CHECK_EQ(request(PTRACE_ATTACH, child, 0, 0), 0);
    CHECK_EQ(waited(child), STOP(SIGSTOP, 0));
    go_on(PTRACE_DETACH, child, SIGTERM);
    CHECK_EQ(waited(child), SIGTERM);
}

static void spins(void) {
    for (volatile unsigned long n = 0;; n++) {
    }
}

CASE(attach_to_a_loop) {
    pid_t child = untraced(spins);
    CHECK_EQ(request(PTRACE_ATTACH, child, 0, 0), 0);
    CHECK_EQ(waited(child), STOP(SIGSTOP, 0));
    go_on(PTRACE_SINGLESTEP, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, 0));
    CHECK_EQ(request(PTRACE_KILL, child, 0, 0), 0);
    CHECK_EQ(waited(child), SIGKILL);
}

CASE(seize_and_interrupt) {
    pid_t child = untraced(sleeps);
    CHECK_EQ(request(PTRACE_SEIZE, child, 0, (void*)PTRACE_O_TRACESYSGOOD), 0);
    int status;
    CHECK_EQ(waitpid(child, &status, WNOHANG | __WALL), 0);
    CHECK_FAILS(request(PTRACE_CONT, child, 0, 0), ESRCH);
    CHECK_EQ(request(PTRACE_INTERRUPT, child, 0, 0), 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_STOP));
    siginfo_t info;
    CHECK_EQ(request(PTRACE_GETSIGINFO, child, 0, &info), 0);
    CHECK_EQ(info.si_code, SIGTRAP | PTRACE_EVENT_STOP << 8);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(kill(child, SIGTERM), 0);
    CHECK_EQ(waited(child), STOP(SIGTERM, 0));
    go_on(PTRACE_CONT, child, SIGTERM);
    CHECK_EQ(waited(child), SIGTERM);
}

CASE(group_stop) {
    pid_t child = untraced(sleeps);
    CHECK_EQ(request(PTRACE_SEIZE, child, 0, 0), 0);
    CHECK_EQ(kill(child, SIGSTOP), 0);
    CHECK_EQ(waited(child), STOP(SIGSTOP, 0));
    go_on(PTRACE_CONT, child, SIGSTOP);
    CHECK_EQ(waited(child), STOP(SIGSTOP, PTRACE_EVENT_STOP));
    CHECK_EQ(request(PTRACE_LISTEN, child, 0, 0), 0);
    CHECK_FAILS(request(PTRACE_CONT, child, 0, 0), ESRCH);
    CHECK_EQ(kill(child, SIGCONT), 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_STOP));
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGCONT, 0));
    CHECK_EQ(request(PTRACE_KILL, child, 0, 0), 0);
    CHECK_EQ(waited(child), SIGKILL);
}

static void forks(void) {
    pid_t child = fork();
    if (child == 0) _exit(11);
    int status;
    waitpid(child, &status, 0);
    _exit(WEXITSTATUS(status));
}

CASE(fork_is_followed) {
    pid_t child = traced(forks);
    CHECK_EQ(request(PTRACE_SETOPTIONS, child, 0, (void*)PTRACE_O_TRACEFORK), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_FORK));
    pid_t grandchild = (pid_t)message(child);
    CHECK_EQ(waited(grandchild), STOP(SIGSTOP, 0));
    go_on(PTRACE_CONT, child, 0);
    go_on(PTRACE_CONT, grandchild, 0);
    CHECK_EQ(waited(grandchild), 11 << 8);  // the tracer hears of it first
    CHECK_EQ(waited(child), STOP(SIGCHLD, 0));
    go_on(PTRACE_CONT, child, SIGCHLD);
    CHECK_EQ(waited(child), 11 << 8);
    int status;
    CHECK_FAILS(waitpid(-1, &status, __WALL), ECHILD);
}

static void vforks(void) {
    pid_t child = vfork();
    if (child == 0) _exit(12);
    int status;
    while (waitpid(child, &status, 0) < 0) {
    }
    _exit(WEXITSTATUS(status));
}

CASE(vfork_is_followed) {
    pid_t child = traced(vforks);
    long options = PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE;
    CHECK_EQ(request(PTRACE_SETOPTIONS, child, 0, (void*)options), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_VFORK));
    pid_t grandchild = (pid_t)message(child);
    CHECK_EQ(waited(grandchild), STOP(SIGSTOP, 0));
    go_on(PTRACE_CONT, child, 0);
    int status;
    CHECK_EQ(waitpid(child, &status, WNOHANG | __WALL), 0);
    go_on(PTRACE_CONT, grandchild, 0);
    CHECK_EQ(waited(grandchild), 12 << 8);
    // The end of the wait and the child's signal come in either order.
    status = waited(child);
    CHECK(status == STOP(SIGTRAP, PTRACE_EVENT_VFORK_DONE));
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGCHLD, 0));
    go_on(PTRACE_CONT, child, SIGCHLD);
    CHECK_EQ(waited(child), 12 << 8);
}

static void* thread_body(void* argument) { return argument; }
static void threads(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, thread_body, NULL);
    pthread_join(thread, NULL);
    exit(13);
}

CASE(thread_is_followed) {
    pid_t child = traced(threads);
    CHECK_EQ(request(PTRACE_SETOPTIONS, child, 0, (void*)PTRACE_O_TRACECLONE), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_CLONE));
    pid_t thread = (pid_t)message(child);
    CHECK_EQ(waited(thread), STOP(SIGSTOP, 0));
    registers r = get_registers(thread);
    CHECK_EQ(RESULT(&r), 0);
    go_on(PTRACE_CONT, child, 0);
    go_on(PTRACE_CONT, thread, 0);
    CHECK_EQ(waited(thread), 0);
    CHECK_EQ(waited(child), 13 << 8);
}

static char* own_path;
static void executes(void) { execl(own_path, own_path, NULL); }

CASE(exec_is_told) {
    own_path = realpath("/proc/self/exe", NULL);
    pid_t child = traced(executes);
    long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
    CHECK_EQ(request(PTRACE_SETOPTIONS, child, 0, (void*)options), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_EXEC));
    CHECK_EQ(message(child), child);
    go_on(PTRACE_SYSCALL, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, 0));  // the end of execve
    registers r = get_registers(child);
    CHECK_EQ(RESULT(&r), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, PTRACE_EVENT_EXIT));
    CHECK_EQ(message(child), 2 << 8);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 2 << 8);
}

CASE(exec_is_a_signal) {
    own_path = realpath("/proc/self/exe", NULL);
    pid_t child = traced(executes);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, 0));
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 2 << 8);
}

static void faults(void) { *(volatile int*)8 = 1; }

CASE(fault_is_told) {
    pid_t child = traced(faults);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGSEGV, 0));
    siginfo_t info;
    CHECK_EQ(request(PTRACE_GETSIGINFO, child, 0, &info), 0);
    CHECK_EQ(info.si_code, SEGV_MAPERR);
    CHECK_EQ((long)info.si_addr, 8);
    CHECK_EQ(request(PTRACE_KILL, child, 0, 0), 0);
    CHECK_EQ(waited(child), SIGKILL);
}

#ifdef __aarch64__
__attribute__((noinline)) static void patched(void) { __asm__ volatile("nop\n\tnop"); }
#define TRAP 0xd4200000u
#define TRAP_BYTES 4
#define TRAP_BACK 0
#else
__attribute__((noinline)) static void patched(void) { __asm__ volatile("nop\n\tnop"); }
#define TRAP 0xccu
#define TRAP_BYTES 1
#define TRAP_BACK 1
#endif

static void calls_patched(void) {
    for (int n = 0; n < 3; n++) {
        raise(SIGUSR1);
        patched();
    }
    _exit(9);
}

// A breakpoint in code that has run already.
CASE(breakpoint) {
    pid_t child = traced(calls_patched);
    for (int n = 0; n < 2; n++) {
        go_on(PTRACE_CONT, child, 0);
        CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    }
    errno = 0;
    long word = peek(child, patched);
    CHECK_EQ(errno, 0);
    unsigned long mask = TRAP_BYTES == 4 ? 0xffffffff : 0xff;
    long with = (long)(((unsigned long)word & ~mask) | TRAP);
    CHECK_EQ(put(child, patched, with), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGTRAP, 0));
    registers r = get_registers(child);
    CHECK_EQ(PC(&r), (unsigned long)patched + TRAP_BACK);
    CHECK_EQ(put(child, patched, word), 0);
    PC(&r) = (unsigned long)patched;
    set_registers(child, &r);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 9 << 8);
}

CASE(signal_mask) {
    pid_t child = traced(send_usr1);
    uint64_t mask = 0;
    CHECK_FAILS(request(PTRACE_GETSIGMASK, child, 4, &mask), EINVAL);
    CHECK_EQ(request(PTRACE_GETSIGMASK, child, 8, &mask), 0);
    CHECK_EQ(mask & 1 << (SIGUSR1 - 1), 0);
    mask |= 1 << (SIGUSR1 - 1);
    CHECK_EQ(request(PTRACE_SETSIGMASK, child, 8, &mask), 0);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 0);  // it has not come
}

static volatile int child_code, child_status, child_pid;
static void note_child(int number, siginfo_t* info, void* context) {
    (void)number, (void)context;
    child_code = info->si_code;
    child_status = info->si_status;
    child_pid = info->si_pid;
}

CASE(tracer_is_signalled) {
    pid_t child = traced(send_usr1);
    struct sigaction action = {.sa_sigaction = note_child, .sa_flags = SA_SIGINFO};
    sigaction(SIGCHLD, &action, NULL);
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &before);
    child_code = 0;
    go_on(PTRACE_CONT, child, 0);
    while (child_code != CLD_TRAPPED || child_status != SIGUSR1) sigsuspend(&before);
    CHECK_EQ(child_pid, child);
    siginfo_t info;
    CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), 0);
    CHECK_EQ(info.si_code, CLD_TRAPPED);
    CHECK_EQ(info.si_status, SIGUSR1);
    CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED), 0);
    CHECK_EQ(info.si_pid, child);
    go_on(PTRACE_CONT, child, 0);
    CHECK_EQ(waited(child), 0);
}

// A stop ends pause() in neither way: no handler runs.
static void waits_for_usr1(void) {
    signal(SIGUSR1, note);
    pause();
    _exit(got == SIGUSR1 && errno == EINTR ? 1 : 2);
}

CASE(stops_end_no_call) {
    pid_t child = traced(waits_for_usr1);
    go_on(PTRACE_CONT, child, 0);
    usleep(50000);
    CHECK_EQ(kill(child, SIGWINCH), 0);
    CHECK_EQ(waited(child), STOP(SIGWINCH, 0));
    go_on(PTRACE_CONT, child, SIGWINCH);
    usleep(50000);
    CHECK_EQ(kill(child, SIGUSR1), 0);
    CHECK_EQ(waited(child), STOP(SIGUSR1, 0));
    go_on(PTRACE_CONT, child, SIGUSR1);
    CHECK_EQ(waited(child), 1 << 8);
}

// The tracer dies: by default its tracees go on, with PTRACE_O_EXITKILL they die.
static void tracer_dies(long options, int expected) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t tracer = fork();
    if (tracer == 0) {
        pid_t child = traced(seven);
        CHECK_EQ(request(PTRACE_SETOPTIONS, child, 0, (void*)options), 0);
        CHECK_EQ(write(ends[1], &child, sizeof child), sizeof child);
        raise(SIGKILL);
    }
    pid_t child;
    CHECK_EQ(read(ends[0], &child, sizeof child), sizeof child);
    CHECK_EQ(waited(tracer), SIGKILL);
    CHECK_EQ(waited(child), expected);
}
CASE(tracer_ends) { tracer_dies(0, 7 << 8); }
CASE(tracer_ends_and_kills) { tracer_dies(PTRACE_O_EXITKILL, SIGKILL); }
