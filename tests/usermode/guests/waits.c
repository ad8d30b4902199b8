// Signals and calls that wait, and what children and new programs inherit of signals.
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

// --- calls that wait ----------------------------------------------------------------------------

static void alarm_after(long microseconds, long again_after) {
    struct itimerval timer = {.it_value = {.tv_usec = microseconds},
                              .it_interval = {.tv_usec = again_after}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

CASE(interrupted_read) {
    int fds[2];
    CHECK(pipe(fds) == 0);
    install(SIGALRM, keep, 0);
    alarm_after(50000, 0);
    char byte;
    CHECK_FAILS(read(fds[0], &byte, 1), EINTR);
    CHECK_EQ(hits, 1);
}

static int restart_fds[2];
static void write_one(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    CHECK(write(restart_fds[1], "x", 1) == 1);
}
CASE(restarted_read) {
    CHECK(pipe(restart_fds) == 0);
    install(SIGALRM, write_one, SA_RESTART);
    for (int i = 1; i <= 3; i++) {
        alarm_after(30000, 0);
        char byte = 0;
        CHECK_EQ(read(restart_fds[0], &byte, 1), 1);
        CHECK_EQ(byte, 'x');
        CHECK_EQ(hits, i);
    }
}

CASE(interrupted_sleep) {
    install(SIGALRM, keep, SA_RESTART);
    alarm_after(50000, 0);
    struct timespec time = {.tv_sec = 60}, left = {0};
    CHECK_FAILS(nanosleep(&time, &left), EINTR);
    CHECK(left.tv_sec >= 58 && left.tv_sec < 60);
}

CASE(interrupted_wait) {
    install(SIGALRM, keep, 0);
    pid_t pid = fork();
    if (pid == 0) {
        sleep(60);
        _exit(0);
    }
    alarm_after(50000, 0);
    int status;
    CHECK_FAILS(waitpid(pid, &status, 0), EINTR);
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

CASE(poll_is_not_restarted) {
    install(SIGALRM, keep, SA_RESTART);
    alarm_after(50000, 0);
    CHECK_FAILS(poll(NULL, 0, 60000), EINTR);
    alarm_after(50000, 0);
    CHECK_FAILS(select(0, NULL, NULL, NULL, NULL), EINTR);
    alarm_after(50000, 0);
    CHECK_FAILS(pause(), EINTR);
    CHECK_EQ(hits, 3);
}

// Calls that wait under a mask of their own: the signal comes during the call only, is delivered
// before it returns, and the old mask is back after.
static sigset_t handler_mask;
static void note_mask(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &handler_mask) == 0);
}
static void check_waited(int wanted) {
    CHECK_EQ(hits, wanted);
    CHECK(sigismember(&handler_mask, SIGALRM) && sigismember(&handler_mask, SIGUSR2));
    CHECK(!sigismember(&handler_mask, SIGUSR1));
    sigset_t now;
    CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
    CHECK(sigismember(&now, SIGALRM) && sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
    CHECK(sigismember(&seen_context.uc_sigmask, SIGUSR1));
    CHECK(!sigismember(&seen_context.uc_sigmask, SIGUSR2));
}
static sigset_t block_for_wait(void) {
    install(SIGALRM, note_mask, 0);
    sigset_t blocked = set_of(SIGALRM, SIGUSR1), during = set_of(SIGUSR2, 0);
    CHECK(sigprocmask(SIG_SETMASK, &blocked, NULL) == 0);
    return during;
}

CASE(sigsuspend_mask) {
    sigset_t during = block_for_wait();
    raise(SIGALRM);
    CHECK_EQ(hits, 0);
    CHECK_FAILS(sigsuspend(&during), EINTR);
    check_waited(1);
    alarm_after(50000, 0);
    CHECK_FAILS(sigsuspend(&during), EINTR);
    check_waited(2);
}
CASE(ppoll_mask) {
    sigset_t during = block_for_wait();
    struct timespec minute = {.tv_sec = 60};
    raise(SIGALRM);
    CHECK_FAILS(ppoll(NULL, 0, &minute, &during), EINTR);
    check_waited(1);
    alarm_after(50000, 0);
    CHECK_FAILS(ppoll(NULL, 0, &minute, &during), EINTR);
    check_waited(2);
}
CASE(pselect_mask) {
    sigset_t during = block_for_wait();
    struct timespec minute = {.tv_sec = 60};
    raise(SIGALRM);
    CHECK_FAILS(pselect(0, NULL, NULL, NULL, &minute, &during), EINTR);
    check_waited(1);
}
CASE(epoll_pwait_mask) {
    sigset_t during = block_for_wait();
    int epoll = epoll_create1(0);
    struct epoll_event event;
    raise(SIGALRM);
    CHECK_FAILS(epoll_pwait(epoll, &event, 1, 60000, &during), EINTR);
    check_waited(1);
}

CASE(sigtimedwait_takes_it) {
    sigset_t set = set_of(SIGUSR1, SIGALRM);
    install(SIGUSR1, keep, 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    raise(SIGUSR1);
    siginfo_t info;
    struct timespec zero = {0}, minute = {.tv_sec = 60};
    CHECK_EQ(sigtimedwait(&set, &info, &zero), SIGUSR1);
    CHECK_EQ(info.si_signo, SIGUSR1);
    CHECK_EQ(hits, 0);
    CHECK_FAILS(sigtimedwait(&set, &info, &zero), EAGAIN);
    alarm_after(50000, 0);
    CHECK_EQ(sigtimedwait(&set, &info, &minute), SIGALRM);
}

// A signal must not show in calls that cannot be interrupted, wherever it comes.
CASE(storm_and_calls) {
    install(SIGALRM, keep, 0);
    alarm_after(200, 200);
    pid_t parent = getppid();
    for (int i = 0; i < 100000; i++) {
        pid_t got = (pid_t)syscall(SYS_getppid);
        CHECK_EQ(got, parent);
    }
    int fd = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 20000; i++) CHECK_EQ(write(fd, "x", 1), 1);
    CHECK(hits > 10);
}

// ... nor in what the program computes.
CASE(storm_and_arithmetic) {
    install(SIGALRM, keep, SA_RESTART);
    alarm_after(300, 300);
    uint64_t sum = 0;
    double product = 1;
    while (hits < 200) {
        sum = 0, product = 1;
        for (uint64_t i = 1; i < 20000; i++) {
            sum += i * i ^ (i << 3);
            product *= 1 + 1.0 / (double)i;
        }
        CHECK_EQ(sum, 2666469817904);
        CHECK(product > 19999.9 && product < 20000.1);
    }
}

CASE(timer_signal) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    event.sigev_value.sival_int = 99;
    install(SIGUSR2, keep, 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec when = {.it_value = {.tv_nsec = 20000000}};
    CHECK(timer_settime(timer, 0, &when, NULL) == 0);
    while (hits == 0) usleep(1000);
    CHECK_EQ(seen.si_code, SI_TIMER);
    CHECK_EQ(seen.si_value.sival_int, 99);
    CHECK(timer_delete(timer) == 0);
}

// --- inheritance --------------------------------------------------------------------------------

static int child_status(pid_t pid) {
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

CASE(child_inherits_handler_and_mask) {
    install(SIGUSR1, keep, 0);
    sigset_t set = set_of(SIGUSR2, 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        sigset_t waiting;
        sigpending(&waiting);
        _exit(hits == 1 && sigismember(&waiting, SIGUSR2) ? 33 : 1);
    }
    CHECK_EQ(WEXITSTATUS(child_status(pid)), 33);
    CHECK_EQ(hits, 0);
}

CASE(child_does_not_inherit_pending) {
    sigset_t set = set_of(SIGUSR2, 0), waiting;
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    raise(SIGUSR2);
    pid_t pid = fork();
    if (pid == 0) {
        sigpending(&waiting);
        _exit(sigismember(&waiting, SIGUSR2));
    }
    CHECK_EQ(WEXITSTATUS(child_status(pid)), 0);
}

CASE(no_zombies) {
    install(SIGCHLD, keep, SA_NOCLDWAIT);
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    int status;
    // With SA_NOCLDWAIT the wait ends with the last child, with nothing to tell.
    pid_t got;
    do {
        got = waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    CHECK_EQ(got, -1);
    CHECK_EQ(errno, ECHILD);
}

CASE(no_signal_for_stopped_child) {
    install(SIGCHLD, keep, SA_NOCLDSTOP);
    pid_t pid = fork();
    if (pid == 0) {
        for (;;) pause();
    }
    int status;
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    usleep(20000);
    CHECK_EQ(hits, 0);
    CHECK(kill(pid, SIGKILL) == 0);
    while (waitpid(pid, &status, 0) < 0) CHECK_EQ(errno, EINTR);
    CHECK_EQ(hits, 1);
}

CASE(blocked_fault_kills) {
    pid_t pid = fork();
    if (pid == 0) {
        fclose(stderr);
        close(2);
        install(SIGSEGV, keep, 0);
        sigset_t set = set_of(SIGSEGV, 0);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int*)16 = 1;
        _exit(0);
    }
    int status = child_status(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

CASE(handler_without_stack_kills) {
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        install(SIGUSR1, keep, 0);
        __asm__ volatile("mov x0, %0\nmov x1, %1\nmov x8, %2\nmov x9, #64\nmov sp, x9\nsvc #0"
                         :
                         : "r"((long)getpid()), "r"((long)SIGUSR1), "r"((long)SYS_kill)
                         : "x0", "x1", "x8", "x9");
    }
    int status = child_status(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

CASE(bad_sigreturn_kills) {
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        __asm__ volatile("mov x8, #139\nmov x9, #64\nmov sp, x9\nsvc #0" ::: "x8", "x9");
    }
    int status = child_status(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
