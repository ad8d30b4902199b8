// clone and clone3 with every kind of flags; what robust mutexes and ids become at a thread's end.
static int special(int argc, char** argv);
#define CHECK_SPECIAL special
#include "check.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static int special(int argc, char** argv) {
    if (strcmp(argv[1], "--leave") == 0) _exit(argc == 3 ? atoi(argv[2]) : 1);
    return 0;
}

struct args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};

static long clone3(struct args* args) { return syscall(SYS_clone3, args, sizeof *args); }

static int exit_status(pid_t pid) {
    int status;
    CHECK(pid > 0);
    CHECK_EQ(waitpid(pid, &status, __WALL), pid);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static char stack_memory[1 << 16] __attribute__((aligned(16)));
static void* const stack_top = stack_memory + sizeof stack_memory;

CASE(clone3_forks) {
    int parent_tid = 0, child_tid = 0;
    struct args args = {.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
                        .parent_tid = (uintptr_t)&parent_tid,
                        .child_tid = (uintptr_t)&child_tid,
                        .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) _exit(child_tid == getpid() && parent_tid == 0 ? 3 : 1);
    CHECK_EQ(parent_tid, pid);
    CHECK_EQ(child_tid, 0);
    CHECK_EQ(exit_status(pid), 3);
}

CASE(clone3_refuses) {
    struct args args = {.exit_signal = SIGCHLD};
    CHECK_FAILS(syscall(SYS_clone3, &args, 63), EINVAL);
    CHECK_FAILS(syscall(SYS_clone3, &args, 4097), E2BIG);
    CHECK_FAILS(syscall(SYS_clone3, (void*)8, sizeof args), EFAULT);
    char longer[128] = {0};
    longer[120] = 1;
    CHECK_FAILS(syscall(SYS_clone3, longer, sizeof longer), E2BIG);
    struct args wrong[] = {
        {.flags = CLONE_THREAD, .exit_signal = SIGCHLD},
        {.flags = CLONE_SIGHAND},
        {.flags = CLONE_THREAD | CLONE_SIGHAND},
        {.flags = CLONE_DETACHED},
        {.flags = 0x11},
        {.flags = 1ull << 40},
        {.exit_signal = 65},
        {.stack = 4096},
        {.stack_size = 4096},
        {.set_tid = 4096},
        {.flags = CLONE_FS | CLONE_NEWNS},
        {.flags = CLONE_PARENT, .exit_signal = SIGCHLD},
        {.flags = CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND},
        {.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_FAILS(clone3(&wrong[i]), EINVAL);
    }
}

CASE(pidfd_of_a_child) {
    int fd = -1;
    struct args args = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) {
        for (;;) pause();
    }
    CHECK(fd >= 0);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    CHECK_EQ(poll(&poll_fd, 1, 0), 0);
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
    CHECK_EQ(poll(&poll_fd, 1, -1), 1);
    siginfo_t info;
    CHECK_EQ(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGKILL);
}

CASE(pidfd_of_the_old_call) {
    int fd = -1;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
    if (pid == 0) _exit(4);
    CHECK(fd >= 0);
    CHECK_EQ(exit_status(pid), 4);
}

static volatile int came;
static void handler(int number) { came = number; }

CASE(other_exit_signals) {
    signal(SIGUSR1, handler);
    struct args args = {.exit_signal = SIGUSR1};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) _exit(5);
    CHECK_EQ(exit_status(pid), 5);
    CHECK_EQ(came, SIGUSR1);
    args.exit_signal = 0;
    came = 0;
    pid = (pid_t)clone3(&args);
    if (pid == 0) _exit(6);
    int status;
    CHECK_FAILS(waitpid(pid, &status, 0), ECHILD);
    CHECK_EQ(exit_status(pid), 6);
    CHECK_EQ(came, 0);
}

CASE(handlers_are_cleared) {
    signal(SIGUSR1, handler);
    signal(SIGSEGV, handler);
    signal(SIGUSR2, SIG_IGN);
    struct args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) {
        struct sigaction usr1, usr2, segv;
        sigaction(SIGUSR1, NULL, &usr1);
        sigaction(SIGUSR2, NULL, &usr2);
        sigaction(SIGSEGV, NULL, &segv);
        if (usr1.sa_handler != SIG_DFL || segv.sa_handler != SIG_DFL) _exit(1);
        if (usr2.sa_handler != SIG_IGN) _exit(2);
        signal(SIGSEGV, handler);
        raise(SIGSEGV);
        _exit(came == SIGSEGV ? 7 : 3);
    }
    CHECK_EQ(exit_status(pid), 7);
    struct sigaction usr1;
    sigaction(SIGUSR1, NULL, &usr1);
    CHECK(usr1.sa_handler == handler);
}

// --- processes that share memory

static volatile int shared_value;
static int change_value(void* argument) {
    shared_value = *(int*)argument;
    return getpid() == (pid_t)syscall(SYS_gettid) ? 8 : 1;
}

CASE(vfork_shares_memory) {
    int value = 11;
    pid_t pid = clone(change_value, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, &value);
    CHECK_EQ(shared_value, 11);  // the parent waited
    CHECK_EQ(exit_status(pid), 8);
}

static volatile int go_on;
static int change_later(void* argument) {
    while (!go_on) sched_yield();
    shared_value = *(int*)argument;
    for (volatile int i = 0; i < 1000; i++) {
    }
    return getppid() == shared_value ? 9 : 1;
}

CASE(process_in_the_same_memory) {
    int value = getpid();
    for (int i = 0; i < 20; i++) {
        go_on = shared_value = 0;
        pid_t pid = clone(change_later, stack_top, CLONE_VM | SIGCHLD, &value);
        CHECK(pid > 0);
        CHECK_EQ(shared_value, 0);
        go_on = 1;
        CHECK_EQ(exit_status(pid), 9);
        CHECK_EQ(shared_value, value);
    }
}

static int set_action(void* argument) {
    (void)argument;
    signal(SIGUSR1, SIG_IGN);
    return 10;
}

CASE(actions_of_processes_in_one_memory) {
    signal(SIGUSR1, handler);
    CHECK_EQ(exit_status(clone(set_action, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL)), 10);
    raise(SIGUSR1);
    CHECK_EQ(came, SIGUSR1);
    CHECK_EQ(exit_status(clone(set_action, stack_top, CLONE_VM | SIGCHLD, NULL)), 10);
    came = 0;
    raise(SIGUSR1);
    CHECK_EQ(came, SIGUSR1);
    int flags = CLONE_VM | CLONE_SIGHAND | SIGCHLD;
    CHECK_EQ(exit_status(clone(set_action, stack_top, flags, NULL)), 10);
    struct sigaction usr1;
    sigaction(SIGUSR1, NULL, &usr1);
    CHECK(usr1.sa_handler == SIG_IGN);
}

static int take_signal(void* argument) {
    (void)argument;
    signal(SIGUSR2, handler);
    kill(getpid(), SIGUSR2);
    return came == SIGUSR2 ? 12 : 1;
}

CASE(signals_of_processes_in_one_memory) {
    int flags = CLONE_VM | SIGCHLD;
    CHECK_EQ(exit_status(clone(take_signal, stack_top, flags, NULL)), 12);
    came = 0;
    CHECK_EQ(exit_status(clone(take_signal, stack_top, flags | CLONE_VFORK, NULL)), 12);
}

static int run_program(void* argument) {
    char* argv[] = {argument, "--leave", "33", NULL};
    execve("/proc/self/exe", argv, environ);
    return 1;
}

CASE(vfork_and_exec) {
    for (int i = 0; i < 10; i++) {
        int flags = CLONE_VM | SIGCHLD | (i % 2 == 0 ? CLONE_VFORK : 0);
        CHECK_EQ(exit_status(clone(run_program, stack_top, flags, "name")), 33);
    }
}

static int killed(void* argument) {
    (void)argument;
    kill(getpid(), SIGKILL);
    return 1;
}

CASE(vfork_child_is_killed) {
    for (int i = 0; i < 4; i++) {
        int status, flags = CLONE_VM | SIGCHLD | (i % 2 == 0 ? CLONE_VFORK : 0);
        pid_t pid = clone(killed, stack_top, flags, NULL);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), SIGKILL);
    }
}

static int id_word;
static int fork_in_vfork(void* argument) {
    (void)argument;
    int before = id_word;
    pid_t pid = fork();
    if (pid == 0) _exit(id_word == before ? 20 : 1);
    return exit_status(pid) + 1;
}

CASE(fork_in_a_vfork_child) {
    int flags = CLONE_VM | CLONE_VFORK | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
    CHECK_EQ(exit_status(clone(fork_in_vfork, stack_top, flags, NULL, NULL, NULL, &id_word)), 21);
}

static int nothing(void* argument) {
    (void)argument;
    while (!go_on) sched_yield();
    return 0;
}

CASE(id_is_cleared_in_shared_memory) {
    go_on = 0;
    int parent_id = 0;
    int flags =
        CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | SIGCHLD;
    pid_t pid = clone(nothing, stack_top, flags, NULL, &parent_id, NULL, &id_word);
    CHECK_EQ(parent_id, pid);
    go_on = 1;
    for (;;) {
        int seen = __atomic_load_n(&id_word, __ATOMIC_SEQ_CST);
        if (seen == 0) break;
        syscall(SYS_futex, &id_word, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
    CHECK_EQ(exit_status(pid), 0);
}

// --- namespaces

CASE(own_user_and_host_name) {
    struct args args = {.flags = CLONE_NEWUSER | CLONE_NEWUTS, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) {
        struct utsname name;
        if (sethostname("elsewhere", 9) != 0 || uname(&name) != 0) _exit(errno);
        _exit(strcmp(name.nodename, "elsewhere") == 0 ? 14 : 1);
    }
    CHECK_EQ(exit_status(pid), 14);
    struct utsname name;
    CHECK_EQ(uname(&name), 0);
    CHECK(strcmp(name.nodename, "elsewhere") != 0);
}

CASE(own_process_ids) {
    struct args args = {.flags = CLONE_NEWUSER | CLONE_NEWPID, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) {
        if (getpid() != 1 || getppid() != 0) _exit(1);
        pid_t inner = fork();
        if (inner == 0) _exit(getpid());
        _exit(exit_status(inner) == inner ? 15 : 2);
    }
    CHECK_EQ(exit_status(pid), 15);
}

static int show_name(void* argument) {
    (void)argument;
    struct utsname name;
    if (sethostname("thread", 6) != 0 || uname(&name) != 0) return errno;
    return strcmp(name.nodename, "thread") == 0 ? 16 : 1;
}

CASE(namespaces_of_shared_memory) {
    int flags = CLONE_VM | CLONE_NEWUSER | CLONE_NEWUTS | SIGCHLD;
    CHECK_EQ(exit_status(clone(show_name, stack_top, flags, NULL)), 16);
}

// Default actions do not touch the first process of a namespace, but for faults of its own
// (SIGNAL_UNKILLABLE of kernel/signal.c).
CASE(first_process_of_a_namespace) {
    struct args args = {.flags = CLONE_NEWUSER | CLONE_NEWPID, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3(&args);
    if (pid == 0) {
        const int deadly[] = {SIGTERM, SIGKILL, SIGQUIT, SIGABRT, SIGSYS, SIGSEGV, SIGTRAP};
        for (unsigned n = 0; n < sizeof deadly / sizeof deadly[0]; n++) kill(1, deadly[n]);
        _exit(18);
    }
    CHECK_EQ(exit_status(pid), 18);
}

// --- descriptors and folders, shared or not

static int close_three(void* argument) { return close(*(int*)argument) == 0 ? 17 : 1; }

CASE(descriptors_shared_by_processes) {
    int fd = open("/dev/null", O_RDONLY);
    CHECK_EQ(exit_status(clone(close_three, stack_top, SIGCHLD, &fd)), 17);
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK_EQ(exit_status(clone(close_three, stack_top, CLONE_FILES | SIGCHLD, &fd)), 17);
    CHECK_FAILS(fcntl(fd, F_GETFD), EBADF);
}

static int thread_done;
static int own_descriptors(void* argument) {
    close(*(int*)argument);
    if (chdir("/") != 0) abort();
    __atomic_store_n(&thread_done, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_exit, 0);
    return 0;
}

CASE(thread_with_descriptors_of_its_own) {
    int fd = open("/dev/null", O_RDONLY);
    char before[4096], after[4096];
    CHECK(getcwd(before, sizeof before) != NULL);
    int flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    CHECK(clone(own_descriptors, stack_top, flags, &fd) > 0);
    while (!__atomic_load_n(&thread_done, __ATOMIC_SEQ_CST)) sched_yield();
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK(getcwd(after, sizeof after) != NULL);
    CHECK_EQ(strcmp(before, after), 0);
    flags |= CLONE_FILES | CLONE_FS;
    thread_done = 0;
    CHECK(clone(own_descriptors, stack_top, flags, &fd) > 0);
    while (!__atomic_load_n(&thread_done, __ATOMIC_SEQ_CST)) sched_yield();
    CHECK_FAILS(fcntl(fd, F_GETFD), EBADF);
}

// --- robust mutexes

static pthread_mutex_t* robust;
static void* die_with_mutex(void* argument) {
    (void)argument;
    CHECK_EQ(pthread_mutex_lock(robust), 0);
    return NULL;
}
static void make_robust(void) {
    robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK_EQ(pthread_mutex_init(robust, &attributes), 0);
}

CASE(robust_mutex_of_a_thread) {
    make_robust();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, die_with_mutex, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(robust), 0);
    CHECK_EQ(pthread_mutex_unlock(robust), 0);
}

static void* lock_robust(void* argument) {
    (void)argument;
    return (void*)(intptr_t)pthread_mutex_lock(robust);
}

CASE(robust_mutex_wakes_a_waiter) {
    make_robust();
    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(robust);
        usleep(100 * 1000);
        _exit(0);
    }
    usleep(30 * 1000);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, lock_robust, NULL), 0);
    void* result;
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((intptr_t)result, EOWNERDEAD);
    CHECK_EQ(exit_status(pid), 0);
}

CASE(robust_mutex_of_a_killed_process) {
    make_robust();
    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(robust);
        kill(getpid(), SIGKILL);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
}

CASE(robust_list_is_the_guests) {
    uint64_t head = 0, size = 0;
    CHECK_EQ(syscall(SYS_get_robust_list, 0, &head, &size), 0);
    struct {
        void* words[3];
    } mine;
    CHECK_EQ(syscall(SYS_set_robust_list, &mine, sizeof mine), 0);
    CHECK_EQ(syscall(SYS_get_robust_list, 0, &head, &size), 0);
    CHECK_EQ(head, (uintptr_t)&mine);
    CHECK_EQ(size, sizeof mine);
    CHECK_EQ(syscall(SYS_set_robust_list, NULL, sizeof mine), 0);
    CHECK_FAILS(syscall(SYS_set_robust_list, &mine, 12), EINVAL);
}

// --- execveat

CASE(run_a_descriptor) {
    int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    CHECK(fd >= 0);
    char* argv[] = {"name", "--leave", "44", NULL};
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
        _exit(1);
    }
    CHECK_EQ(exit_status(pid), 44);
    CHECK_FAILS(syscall(SYS_execveat, fd, "", argv, environ, 0), ENOENT);
    CHECK_FAILS(syscall(SYS_execveat, fd, "x", argv, environ, 0x40000000), EINVAL);
    CHECK_FAILS(syscall(SYS_execveat, 99, "x", argv, environ, 0), EBADF);
}

CASE(run_relative_to_a_folder) {
    int folder = open("/bin", O_PATH);
    char* argv[] = {"sh", "-c", "exit 45", NULL};
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_execveat, folder, "sh", argv, environ, 0);
        _exit(1);
    }
    CHECK_EQ(exit_status(pid), 45);
    CHECK_EQ(symlink("/bin/sh", "link"), 0);
    CHECK_FAILS(syscall(SYS_execveat, AT_FDCWD, "link", argv, environ, AT_SYMLINK_NOFOLLOW), ELOOP);
}

// --- CLONE_VFORK without CLONE_VM ---------------------------------------------------------------

static volatile int stop_working, rounds;

// Each round needs memory and code that has not run before.
static void* work(void* argument) {
    while (!stop_working) {
        uint32_t* code =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(code != MAP_FAILED);
        code[0] = 0x52800000 | (uint32_t)(rounds & 0xffff) << 5;  // mov w0, #rounds
        code[1] = 0xd65f03c0;                                     // ret
        CHECK(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
        __builtin___clear_cache((char*)code, (char*)code + 8);
        CHECK_EQ(((int (*)(void))code)(), rounds & 0xffff);
        CHECK(munmap(code, 4096) == 0);
        rounds++;
    }
    return argument;
}

static long milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

CASE(vfork_with_own_memory) {
    pthread_t worker;
    CHECK(pthread_create(&worker, NULL, work, NULL) == 0);
    while (rounds == 0) usleep(1000);
    int mine = 1;
    long begin = milliseconds();
    int before = rounds;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        mine = 2;
        // Nobody waits for this one but its reaper.
        if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
            usleep(3000000);
            _exit(0);
        }
        usleep(300000);
        _exit(5);
    }
    long taken = milliseconds() - begin;
    CHECK(taken >= 300 && taken < 2500);
    CHECK(rounds > before);
    CHECK_EQ(mine, 1);
    CHECK_EQ(exit_status(pid), 5);
    begin = milliseconds();
    pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        usleep(100000);
        execl("/bin/sleep", "sleep", "3", (char*)NULL);  // it goes on, we do, too
        _exit(1);
    }
    taken = milliseconds() - begin;
    CHECK(taken >= 100 && taken < 2500);
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    stop_working = 1;
    CHECK(pthread_join(worker, NULL) == 0);
}
