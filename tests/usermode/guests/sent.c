// Fault signals that somebody sends: they wait while they are blocked, whoever waits for them gets
// them, none is lost. Without the parts about AArch64's registers it is true of any Linux.
#include "handlers.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
#define EACH_FAULT for (int i = 0, number = faults[0]; i < 5; i++, number = faults[i % 5])

static void mask(int how, sigset_t set) { CHECK(pthread_sigmask(how, &set, NULL) == 0); }
static void block(int a, int b) { mask(SIG_BLOCK, set_of(a, b)); }
static void unblock(int a, int b) { mask(SIG_UNBLOCK, set_of(a, b)); }
static int is_pending(int number) {
    sigset_t set;
    CHECK(sigpending(&set) == 0);
    return sigismember(&set, number);
}
static const struct timespec at_once, long_time = {20, 0};
static void nap(long milliseconds) {
    struct timespec time = {0, milliseconds * 1000000};
    CHECK(nanosleep(&time, NULL) == 0);
}
static void ends_with(pid_t pid, int wanted) {
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, wanted << 8);
}

static volatile int a_hits, b_hits;
static void count_a(int number) {
    (void)number;
    a_hits++;
}
static void count_b(int number) {
    (void)number;
    b_hits++;
}

CASE(both_come) {
    pid_t me = getpid();
    signal(SIGUSR1, count_a);
    for (int round = 0; round < 40; round++) {
        EACH_FAULT {
            signal(number, count_b);
            a_hits = b_hits = 0;
            pid_t pid = fork();
            if (pid == 0) {
                kill(me, SIGUSR1);
                kill(me, number);
                _exit(0);
            }
            int status;
            while (waitpid(pid, &status, 0) < 0) CHECK_EQ(errno, EINTR);
            CHECK_EQ(a_hits, 1);
            CHECK_EQ(b_hits, 1);
        }
    }
}

// --- blocked ------------------------------------------------------------------------------------

CASE(blocked_waits) {
    EACH_FAULT {
        install(number, keep, 0);
        block(number, 0);
        hits = 0;
        CHECK(kill(getpid(), number) == 0);
        CHECK(kill(getpid(), number) == 0);
        for (volatile int k = 0; k < 100000; k++) {
        }
        CHECK_EQ(hits, 0);
        CHECK(is_pending(number));
        unblock(number, 0);
        CHECK_EQ(hits, 1);  // they are not queued
        CHECK_EQ(seen.si_signo, number);
        CHECK_EQ(seen.si_code, SI_USER);
        CHECK_EQ(seen.si_pid, getpid());
        CHECK(!is_pending(number));
    }
}

CASE(to_thread_and_to_process) {
    EACH_FAULT {
        install(number, keep, 0);
        block(number, 0);
        hits = 0;
        CHECK(kill(getpid(), number) == 0);
        CHECK(raise(number) == 0);
        CHECK(raise(number) == 0);
        unblock(number, 0);
        CHECK_EQ(hits, 2);
        CHECK_EQ(seen.si_code, SI_USER);  // the thread's come first
    }
}

CASE(wait_info) {
    EACH_FAULT {
        siginfo_t info;
        sigset_t set = set_of(number, 0);
        block(number, 0);
        CHECK(kill(getpid(), number) == 0);
        CHECK_EQ(sigwaitinfo(&set, &info), number);
        CHECK_EQ(info.si_code, SI_USER);
        CHECK_EQ(info.si_pid, getpid());
        CHECK_FAILS(sigtimedwait(&set, &info, &at_once), EAGAIN);
        CHECK(raise(number) == 0);
        // glibc's sigwaitinfo() shows it as kill's.
        CHECK_EQ(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8), number);
        CHECK_EQ(info.si_code, SI_TKILL);
        union sigval value = {.sival_int = 4711};
        CHECK(sigqueue(getpid(), number, value) == 0);
        CHECK_EQ(sigwaitinfo(&set, &info), number);
        CHECK_EQ(info.si_code, SI_QUEUE);
        CHECK_EQ(info.si_value.sival_int, 4711);
        CHECK_FAILS(sigtimedwait(&set, &info, &at_once), EAGAIN);
    }
}

CASE(descriptor) {
    EACH_FAULT {
        sigset_t set = set_of(number, 0);
        block(number, 0);
        int fd = signalfd(-1, &set, SFD_NONBLOCK);
        struct signalfd_siginfo info;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        CHECK_FAILS(read(fd, &info, sizeof info), EAGAIN);
        CHECK_EQ(poll(&waiting, 1, 0), 0);
        CHECK(kill(getpid(), number) == 0);
        CHECK_EQ(poll(&waiting, 1, 0), 1);
        CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
        CHECK_EQ(info.ssi_signo, number);
        CHECK_EQ(info.ssi_code, SI_USER);
        CHECK_EQ(info.ssi_pid, getpid());
        CHECK_FAILS(read(fd, &info, sizeof info), EAGAIN);
        CHECK(!is_pending(number));
        close(fd);
    }
}

CASE(suspended) {
    sigset_t none = set_of(0, 0);
    EACH_FAULT {
        install(number, keep, 0);
        block(number, 0);
        hits = 0;
        CHECK(kill(getpid(), number) == 0);
        CHECK_FAILS(sigsuspend(&none), EINTR);
        CHECK_EQ(hits, 1);
        CHECK(raise(number) == 0);
        CHECK_FAILS(ppoll(NULL, 0, &long_time, &none), EINTR);
        CHECK_EQ(hits, 2);
        CHECK(kill(getpid(), number) == 0);
        CHECK_FAILS(pselect(0, NULL, NULL, NULL, &long_time, &none), EINTR);
        CHECK_EQ(hits, 3);
        CHECK(kill(getpid(), number) == 0);
        CHECK_EQ(hits, 3);
        unblock(number, 0);
        CHECK_EQ(hits, 4);
    }
}

// A mask of the call's own that blocks more than the thread's.
CASE(call_blocks) {
    EACH_FAULT {
        install(number, keep, 0);
        hits = 0;
        pid_t me = getpid(), pid = fork();
        if (pid == 0) {
            nap(30);
            kill(me, number);
            _exit(0);
        }
        sigset_t set = set_of(number, 0);
        struct timespec time = {0, 150000000};
        CHECK_EQ(ppoll(NULL, 0, &time, &set), 0);
        int status;  // under load it may come only now
        while (waitpid(pid, &status, 0) < 0) CHECK_EQ(errno, EINTR);
        CHECK_EQ(status, 0);
        CHECK_EQ(hits, 1);
    }
}

CASE(blocked_interrupts_nothing) {
    EACH_FAULT {
        install(number, keep, 0);
        block(number, 0);
        hits = 0;
        pid_t me = getpid(), pid = fork();
        if (pid == 0) {
            nap(20);
            kill(me, number);
            _exit(0);
        }
        nap(100);
        CHECK_EQ(hits, 0);
        ends_with(pid, 0);
        CHECK(is_pending(number));
        unblock(number, 0);
        CHECK_EQ(hits, 1);
    }
}

static volatile int order[8], order_count;
static void note(int number, siginfo_t* info, void* context) {
    (void)info, (void)context;
    order[order_count++] = number;
}
static void note_with_mask(int number, int also) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;
    action.sa_mask = set_of(also, 0);
    CHECK(sigaction(number, &action, NULL) == 0);
}

CASE(delivered_first) {
    EACH_FAULT {
        // Its frame is the lower one, so the other's handler runs first...
        install(number, note, 0);
        install(SIGHUP, note, 0);
        block(SIGHUP, number);
        CHECK(kill(getpid(), SIGHUP) == 0 && kill(getpid(), number) == 0);
        order_count = 0;
        unblock(SIGHUP, number);
        CHECK_EQ(order_count, 2);
        CHECK(order[0] == SIGHUP && order[1] == number);
        // ... unless its mask does not let it.
        note_with_mask(number, SIGHUP);
        block(SIGHUP, number);
        CHECK(kill(getpid(), SIGHUP) == 0 && kill(getpid(), number) == 0);
        order_count = 0;
        unblock(SIGHUP, number);
        CHECK_EQ(order_count, 2);
        CHECK(order[0] == number && order[1] == SIGHUP);
    }
}

CASE(ignored_is_forgotten) {
    EACH_FAULT {
        block(number, 0);
        CHECK(kill(getpid(), number) == 0 && raise(number) == 0);
        CHECK(signal(number, SIG_IGN) != SIG_ERR);
        CHECK(!is_pending(number));
        install(number, keep, 0);
        hits = 0;
        unblock(number, 0);
        CHECK_EQ(hits, 0);
    }
}

CASE(ignored_when_it_comes) {
    EACH_FAULT {
        CHECK(signal(number, SIG_IGN) != SIG_ERR);
        CHECK(kill(getpid(), number) == 0 && raise(number) == 0);
        for (volatile int k = 0; k < 1000; k++) {
        }
    }
}

CASE(default_kills_when_unblocked) {
    EACH_FAULT {
        pid_t pid = fork();
        if (pid == 0) {
            block(number, 0);
            kill(getpid(), number);
            if (!is_pending(number)) _exit(1);
            unblock(number, 0);
            _exit(2);
        }
        int status;
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == number);
    }
}

// --- processes ----------------------------------------------------------------------------------

CASE(fork_has_none) {
    EACH_FAULT {
        install(number, keep, 0);
        block(number, 0);
        hits = 0;
        CHECK(kill(getpid(), number) == 0 && raise(number) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            if (is_pending(number)) _exit(1);
            unblock(number, 0);
            _exit(hits == 0 ? 7 : 2);
        }
        ends_with(pid, 7);
        unblock(number, 0);
        CHECK_EQ(hits, 2);
    }
}

CASE(child_gets_its_own) {
    EACH_FAULT {
        for (int round = 0; round < 20; round++) {
            install(number, keep, 0);
            hits = 0;
            pid_t pid = fork();
            if (pid == 0) {
                while (hits == 0) {
                }
                _exit(hits);
            }
            CHECK(kill(pid, number) == 0);
            ends_with(pid, 1);
        }
    }
}

static void run(const char* what) {
    char* argv[] = {"sh", "-c", (char*)what, NULL};
    execv("/bin/sh", argv);
    _exit(127);
}

// What the host's own programs find, and what a guest's program finds.
CASE(exec_inherits_ignored) {
    char script[64];
    EACH_FAULT {
        pid_t pid = fork();
        if (pid == 0) {
            signal(number, SIG_IGN);
            sprintf(script, "kill -%d $$; exit 7", number);
            run(script);
        }
        ends_with(pid, 7);
        pid = fork();
        if (pid == 0) {
            signal(number, SIG_IGN);
            execl("/proc/self/exe", "sent", "ignored_by_exec", NULL);
            _exit(127);
        }
        ends_with(pid, number);
        CHECK(signal(number, SIG_DFL) == SIG_DFL);
    }
}
CASE(ignored_by_exec) {  // by itself: none
    struct sigaction action;
    EACH_FAULT {
        CHECK(sigaction(number, NULL, &action) == 0);
        if (action.sa_handler == SIG_IGN) _exit(number);
    }
}

CASE(exec_that_fails_changes_nothing) {
    EACH_FAULT {
        CHECK(signal(number, SIG_IGN) != SIG_ERR);
        CHECK_FAILS(execl("/nowhere", "nowhere", NULL), ENOENT);
        CHECK_FAILS(execl("/dev/null", "null", NULL), EACCES);
        CHECK(kill(getpid(), number) == 0);
        install(number, keep, 0);
        hits = 0;
        CHECK(kill(getpid(), number) == 0);
        CHECK_EQ(hits, 1);
    }
}

CASE(exec_inherits_pending) {
    EACH_FAULT {
        pid_t pid = fork();
        if (pid == 0) {
            block(number, 0);
            kill(getpid(), number);
            execl("/proc/self/exe", "sent", "pending_by_exec", NULL);
            _exit(127);
        }
        ends_with(pid, number);
    }
}
CASE(pending_by_exec) {  // by itself: none
    sigset_t now;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    EACH_FAULT {
        if (sigismember(&now, number) && is_pending(number)) _exit(number);
    }
}

// Stopped by a signal whose handler is taken away as it comes: it goes on with SIGCONT.
CASE(stop_of_late_default) {
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(setpgid(0, 0) == 0);
        signal(SIGUSR1, count_b);
        while (b_hits == 0) {
            signal(SIGTSTP, count_a);
            signal(SIGTSTP, SIG_DFL);
        }
        _exit(7);
    }
    while (getpgid(pid) != pid) usleep(100);
    for (int i = 0; i < 40000; i++) {
        CHECK(kill(pid, SIGTSTP) == 0);
        CHECK(kill(pid, SIGCONT) == 0);
    }
    CHECK(kill(pid, SIGUSR1) == 0);
    CHECK(kill(pid, SIGCONT) == 0);
    ends_with(pid, 7);
}

// --- threads ------------------------------------------------------------------------------------

static volatile pthread_t handled_by;
static void note_thread(int number, siginfo_t* info, void* context) {
    handled_by = pthread_self();
    keep(number, info, context);
}
static volatile int stop, ready;
static volatile pid_t sleeper;
static int is_asleep(pid_t tid) {
    char name[64], text[256] = "";
    sprintf(name, "/proc/self/task/%d/stat", tid);
    int fd = open(name, O_RDONLY);
    CHECK(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    return strstr(text, ") S ") != NULL;
}
static void* compute(void* unused) {
    (void)unused;
    ready = 1;
    while (!stop) {
    }
    return NULL;
}
static void* sleep_long(void* unused) {
    (void)unused;
    sleeper = (pid_t)syscall(SYS_gettid);
    ready = 1;
    struct timespec time = {10, 0};
    CHECK_FAILS(nanosleep(&time, NULL), EINTR);
    return NULL;
}
static pthread_t start(void* (*function)(void*), void* argument) {
    pthread_t thread;
    ready = stop = 0;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    while (!ready) usleep(100);
    return thread;
}

// The thread that does not block it gets it, whatever it does.
CASE(other_thread_takes_it) {
    EACH_FAULT {
        install(number, note_thread, 0);
        for (int sleeps = 0; sleeps < 2; sleeps++) {
            unblock(number, 0);
            pthread_t thread = start(sleeps ? sleep_long : compute, NULL);
            do nap(10);
            while (sleeps && !is_asleep(sleeper));
            block(number, 0);
            hits = 0;
            CHECK(kill(getpid(), number) == 0);
            for (time_t end = time(NULL) + 15; hits == 0 && time(NULL) < end;) {
                for (volatile int busy = 0; busy < 100000; busy++) {
                }
            }
            CHECK_EQ(hits, 1);
            CHECK(pthread_equal(handled_by, thread));
            CHECK_EQ(seen.si_code, SI_USER);
            stop = 1;
            CHECK(pthread_join(thread, NULL) == 0);
        }
    }
}

static void* unblock_later(void* argument) {
    ready = 1;
    while (!stop) nap(1);
    nap(30);
    unblock((int)(intptr_t)argument, 0);
    return (void*)(intptr_t)hits;
}
// It waits for the first that unblocks it.
CASE(other_thread_unblocks) {
    EACH_FAULT {
        install(number, note_thread, 0);
        block(number, 0);
        pthread_t thread = start(unblock_later, (void*)(intptr_t)number);
        hits = 0;
        CHECK(kill(getpid(), number) == 0);
        stop = 1;
        while (hits == 0) {
        }
        CHECK(pthread_equal(handled_by, thread));
        void* result;
        CHECK(pthread_join(thread, &result) == 0);
        CHECK_EQ((intptr_t)result, 1);
        CHECK(!is_pending(number));
    }
}

static siginfo_t waited;
static void* wait_for(void* argument) {
    sigset_t set = set_of((int)(intptr_t)argument, 0);
    ready = 1;
    return (void*)(intptr_t)sigtimedwait(&set, &waited, &long_time);
}
static void* read_it(void* argument) {
    sigset_t set = set_of((int)(intptr_t)argument, 0);
    int fd = signalfd(-1, &set, 0), events = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    struct signalfd_siginfo info;
    CHECK(epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) == 0);
    ready = 1;
    CHECK_EQ(epoll_wait(events, &event, 1, 20000), 1);
    CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
    waited.si_code = info.ssi_code;
    waited.si_pid = (pid_t)info.ssi_pid;
    close(events);
    close(fd);
    return (void*)(intptr_t)info.ssi_signo;
}
// The main thread computes meanwhile, or sleeps.
CASE(other_thread_waits) {
    EACH_FAULT {
        block(number, 0);
        for (int way = 0; way < 4; way++) {
            waited.si_code = waited.si_pid = -77;
            pthread_t thread = start(way & 1 ? read_it : wait_for, (void*)(intptr_t)number);
            nap(20);
            pid_t me = getpid(), pid = fork();
            if (pid == 0) {
                if (way < 2) nap(20);
                kill(me, number);
                _exit(0);
            }
            struct timespec now, end;
            CHECK(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
            end.tv_sec += 2;
            void* result;
            if (way < 2) {
                while (pthread_tryjoin_np(thread, &result) != 0) {
                    for (volatile int k = 0; k < 10000; k++) {
                    }
                    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
                    CHECK(now.tv_sec <= end.tv_sec + 10);
                }
            } else {
                CHECK(pthread_join(thread, &result) == 0);
            }
            CHECK_EQ((intptr_t)result, number);
            CHECK_EQ(waited.si_code, SI_USER);
            CHECK_EQ(waited.si_pid, pid);
            ends_with(pid, 0);
            CHECK(!is_pending(number));
        }
    }
}

static void* wait_in_vain(void* unused) {
    (void)unused;
    int events = epoll_create1(0);
    struct epoll_event event;
    ready = 1;
    CHECK_EQ(epoll_wait(events, &event, 1, 1000), 0);
    close(events);
    return NULL;
}
// What nobody handles does not even wake a thread, whatever another one is at.
CASE(ignored_interrupts_nothing) {
    signal(SIGUSR1, count_a);
    signal(SIGUSR2, SIG_IGN);
    block(SIGUSR1, 0);
    pthread_t thread = start(wait_in_vain, NULL);
    unblock(SIGUSR1, 0);
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        nap(50);  // the parent's fork() blocks all
        for (int i = 0; i < 20000; i++) {
            kill(me, SIGUSR1);
            kill(me, i & 1 ? SIGUSR2 : SIGWINCH);
        }
        _exit(7);
    }
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
    }
    CHECK_EQ(status, 7 << 8);
    CHECK(a_hits > 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

// Another signal at the same time is kept for the process by a thread that ends.
static void* short_life(void* unused) { return unused; }
CASE(thread_ends) {
    signal(SIGUSR1, count_a);
    signal(SIGTRAP, count_b);
    pid_t me = getpid();
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        close(pipes[1]);
        while (read(pipes[0], &byte, 1) == 1) kill(me, byte);
        _exit(7);
    }
    block(SIGUSR1, SIGTRAP);
    int wanted = 300;
    for (int i = 0; i < wanted; i++) {
        int before = a_hits + b_hits;
        char byte = i & 1 ? SIGUSR1 : SIGTRAP;
        CHECK_EQ(write(pipes[1], &byte, 1), 1);
        // Only threads that are about to end can take it, at last this one.
        for (int k = 0; k < 4; k++) {
            pthread_t thread;
            unblock(SIGUSR1, SIGTRAP);
            block(SIGUSR1, SIGTRAP);
            CHECK(pthread_create(&thread, NULL, short_life, NULL) == 0);
            CHECK(pthread_join(thread, NULL) == 0);
        }
        unblock(SIGUSR1, SIGTRAP);
        while (a_hits + b_hits == before) {
        }
        CHECK_EQ(a_hits + b_hits, before + 1);
        block(SIGUSR1, SIGTRAP);
    }
    close(pipes[1]);
    ends_with(pid, 7);
}

#ifdef __aarch64__
// --- a stack that cannot take a frame -----------------------------------------------------------

static char alternate[65536] __attribute__((aligned(16)));
static void use_alternate(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    CHECK(sigaltstack(&stack, NULL) == 0);
}
static uint64_t good_sp, bad_sp;
static void mend(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    bad_sp = ((ucontext_t*)context)->uc_mcontext.sp;
    ((ucontext_t*)context)->uc_mcontext.sp = good_sp;
}
// Makes a call with this stack pointer.
static long call_on(uint64_t sp, long number, long a, long b) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    __asm__ volatile("mov x9, sp\nstr x9, [%3]\nmov sp, %4\nsvc #0\nnop\n"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(&good_sp), "r"(sp)
                     : "x9", "memory");
    return x0;
}

CASE(frame_on_bad_stack) {
    use_alternate();
    install(SIGUSR1, note, 0);
    install(SIGTRAP, note, 0);
    install(SIGSEGV, mend, SA_ONSTACK);
    char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int numbers[] = {SIGUSR1, SIGTRAP};
    for (int i = 0; i < 4; i++) {
        uint64_t sp = i & 2 ? (uint64_t)page + 4096 : 0x100000;
        CHECK_EQ(call_on(sp, SYS_kill, getpid(), numbers[i & 1]), 0);
        CHECK_EQ(hits, i + 1);
        CHECK_EQ(order_count, 0);
        CHECK_EQ(seen.si_signo, SIGSEGV);
        CHECK_EQ(seen.si_code, SI_KERNEL);
        CHECK_EQ(bad_sp, sp);
        CHECK(!sigismember(&seen_context.uc_sigmask, numbers[i & 1]));
    }
}

static int dies_on_bad_stack(int number) {
    pid_t pid = fork();
    if (pid == 0) {
        call_on(0x100000, SYS_kill, getpid(), number);
        _exit(1);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}
CASE(frame_on_no_stack) {
    install(SIGUSR1, note, 0);
    CHECK_EQ(dies_on_bad_stack(SIGUSR1), SIGSEGV);
    signal(SIGSEGV, SIG_IGN);
    CHECK_EQ(dies_on_bad_stack(SIGUSR1), SIGSEGV);
    install(SIGSEGV, mend, 0);  // on the same stack
    CHECK_EQ(dies_on_bad_stack(SIGUSR1), SIGSEGV);
    CHECK_EQ(dies_on_bad_stack(SIGSEGV), SIGSEGV);
    use_alternate();
    install(SIGSEGV, mend, SA_ONSTACK);
    block(SIGSEGV, 0);
    CHECK_EQ(dies_on_bad_stack(SIGUSR1), SIGSEGV);
}

CASE(return_without_frame) {
    use_alternate();
    install(SIGSEGV, mend, SA_ONSTACK);
    CHECK_EQ(call_on(0x100000, SYS_rt_sigreturn, 5, 0), 0);
    CHECK_EQ(hits, 1);
    CHECK_EQ(seen.si_code, SEGV_MAPERR);
    CHECK_EQ((intptr_t)seen.si_addr, 0x100000);
    char* page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(call_on((uint64_t)page, SYS_rt_sigreturn, 5, 0), 0);
    CHECK_EQ(hits, 2);
    CHECK_EQ(seen.si_code, SEGV_ACCERR);
}
#endif
