// seccomp: filters see the guest's architecture and numbers, and decide as Linux's do.
static int special(int argc, char** argv);
#define CHECK_SPECIAL special
#include "check.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char** environ;

#ifdef __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH AUDIT_ARCH_X86_64
#endif

// A filter that gives `action` to one call number, and lets the others pass.
static int install(int number, uint32_t action, unsigned flags) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int special(int argc, char** argv) {
    if (strcmp(argv[1], "--filtered") != 0 || argc != 2) return 0;
    errno = 0;
    _exit(syscall(SYS_sethostname, "x", 1) == -1 && errno == EDOM ? 40 : 1);
}

CASE(filter_refuses) {
    CHECK_EQ(install(SYS_getuid, SECCOMP_RET_ERRNO | ERANGE, 0), 0);
    CHECK_FAILS(syscall(SYS_getuid), ERANGE);
    CHECK(syscall(SYS_getpid) > 0);
    CHECK_EQ(prctl(PR_GET_SECCOMP), 2);
    // The lower errno-less action wins over a later one that allows; a later errno is the newest's.
    CHECK_EQ(install(SYS_getuid, SECCOMP_RET_ERRNO | EDOM, 0), 0);
    CHECK_FAILS(syscall(SYS_getuid), EDOM);
    CHECK_EQ(install(SYS_getuid, SECCOMP_RET_ALLOW, 0), 0);
    CHECK_FAILS(syscall(SYS_getuid), EDOM);
    CHECK_EQ(install(SYS_getgid, SECCOMP_RET_TRACE, 0), 0);
    CHECK_FAILS(syscall(SYS_getgid), ENOSYS);
}

static volatile int seen_number, seen_code, seen_errno, seen_arch;
static void on_sigsys(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    seen_number = info->si_syscall;
    seen_code = info->si_code;
    seen_errno = info->si_errno;
    seen_arch = (int)info->si_arch;
}

CASE(filter_traps) {
    struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    CHECK_EQ(install(SYS_getuid, SECCOMP_RET_TRAP | 77, 0), 0);
    syscall(SYS_getuid);
    CHECK_EQ(seen_number, SYS_getuid);
    CHECK_EQ(seen_code, 1);
    CHECK_EQ(seen_errno, 77);
    CHECK_EQ((uint32_t)seen_arch, ARCH);
}

static int ends_by(uint32_t action) {
    pid_t pid = fork();
    if (pid == 0) {
        if (install(SYS_getuid, action, 0) != 0) _exit(1);
        syscall(SYS_getuid);
        _exit(2);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

CASE(filter_kills) {
    CHECK_EQ(ends_by(SECCOMP_RET_KILL_PROCESS), SIGSYS);
    CHECK_EQ(ends_by(SECCOMP_RET_KILL_THREAD), SIGSYS);
    CHECK_EQ(ends_by(SECCOMP_RET_TRAP), SIGSYS);
    CHECK_EQ(ends_by(0x12340000), SIGSYS);
    CHECK_EQ(ends_by(SECCOMP_RET_LOG), -2);
}

static void* do_nothing(void* argument) {
    (void)argument;
    errno = 0;
    syscall(SYS_getuid);
    return (void*)(intptr_t)errno;
}
static void* be_killed(void* argument) {
    (void)argument;
    install(SYS_getuid, SECCOMP_RET_KILL_THREAD, 0);
    syscall(SYS_getuid);
    abort();
}

CASE(filter_kills_one_thread) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, be_killed, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(getuid() == geteuid());
}

static int pipe_ends[2];
static void* wait_and_ask(void* argument) {
    char byte;
    CHECK_EQ(read(pipe_ends[0], &byte, 1), 1);
    return do_nothing(argument);
}

CASE(filter_of_all_threads) {
    pthread_t before, after;
    void* result;
    CHECK_EQ(pipe(pipe_ends), 0);
    CHECK_EQ(pthread_create(&before, NULL, wait_and_ask, NULL), 0);
    CHECK_EQ(install(SYS_getuid, SECCOMP_RET_ERRNO | EDOM, SECCOMP_FILTER_FLAG_TSYNC), 0);
    CHECK_EQ(pthread_create(&after, NULL, do_nothing, NULL), 0);
    CHECK_EQ(write(pipe_ends[1], "x", 1), 1);
    CHECK_EQ(pthread_join(before, &result), 0);
    CHECK_EQ((intptr_t)result, EDOM);
    CHECK_EQ(pthread_join(after, &result), 0);
    CHECK_EQ((intptr_t)result, EDOM);
}

CASE(filter_is_inherited) {
    CHECK_EQ(install(SYS_sethostname, SECCOMP_RET_ERRNO | EDOM, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char* argv[] = {"name", "--filtered", NULL};
        execve("/proc/self/exe", argv, environ);
        _exit(2);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 40);
}

CASE(strict_mode) {
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(1);
        syscall(SYS_exit, 50);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 50);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        syscall(SYS_getpid);
        syscall(SYS_exit, 51);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGKILL);
}

CASE(wrong_programs) {
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    struct sock_filter ret = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_filter wrong[][2] = {
        {ret, BPF_STMT(BPF_LD | BPF_IMM, 0)},                 // no return at the end
        {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ret},         // not a word
        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ret},         // not aligned
        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), ret},        // outside
        {BPF_STMT(BPF_JMP | BPF_JA, 1), ret},                 // jumps behind the end
        {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), ret},  // the same
        {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ret},        // divides by 0
        {BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ret},       // shifts too far
        {BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ret},        // not for seccomp
        {BPF_STMT(BPF_LD | BPF_MEM, 16), ret},                // no such scratch word
        {BPF_STMT(BPF_LD | BPF_MEM, 3), ret},                 // not written yet
        {BPF_STMT(0xffff, 0), ret},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sock_fprog program = {2, wrong[i]};
        CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), EINVAL);
    }
    struct sock_fprog empty = {0, &ret};
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &empty), EINVAL);
    struct sock_fprog nowhere = {1, (void*)8};
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &nowhere), EFAULT);
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (void*)8), EFAULT);
    CHECK_FAILS(syscall(SYS_seccomp, 99, 0, 0), EINVAL);
    CHECK_EQ(prctl(PR_GET_SECCOMP), 0);
    uint32_t action = SECCOMP_RET_ERRNO;
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
    action = 0x12340000;
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
}

// --- listeners: another process answers (seccomp_unotify(2))

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH 16
#endif

static int listener;
static struct seccomp_notif note;

// A child whose calls of `number` come to `listener` here; it ends with what `act` returns.
static pid_t watched(int number, int (*act)(void)) {
    int pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = fork();
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.bytes};
    if (pid == 0) {
        int fd = install(number, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        CHECK(fd >= 0);
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
        CHECK_EQ(sendmsg(pair[1], &message, 0), 1);
        close(fd);
        _exit(act());
    }
    CHECK_EQ(recvmsg(pair[0], &message, 0), 1);
    memcpy(&listener, CMSG_DATA(&control.header), sizeof listener);
    return pid;
}

static void next(int number) {
    memset(&note, 0, sizeof note);
    CHECK_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &note), 0);
    CHECK_EQ(note.data.nr, number);
    CHECK_EQ(note.data.arch, ARCH);
    CHECK_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &note.id), 0);
}

static void answer(int64_t value, int error, unsigned flags) {
    struct seccomp_notif_resp response = {note.id, value, error, flags};
    CHECK_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

static int status_of(pid_t pid) {
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int asks(void) {
    static const char text[] = "text";
    CHECK_EQ(syscall(SYS_sethostname, text, 4, 3, 4, 5, 6), 0x123456789);
    CHECK_FAILS(syscall(SYS_sethostname, text, -1), EDOM);
    CHECK_FAILS(syscall(SYS_sethostname, text, -1), EINVAL);  // the kernel's
    pid_t pid = fork();
    if (pid == 0) {
        char* argv[] = {"name", "--filtered", NULL};
        execve("/proc/self/exe", argv, environ);
    }
    CHECK_EQ(status_of(pid), 40);
    return 41;
}

CASE(listener_answers) {
    pid_t pid = watched(SYS_sethostname, asks);
    next(SYS_sethostname);
    CHECK_EQ(note.pid, pid);
    const unsigned long long wanted[] = {4, 3, 4, 5, 6};
    CHECK(memcmp(note.data.args + 1, wanted, sizeof wanted) == 0);
    CHECK_EQ(strcmp((const char*)note.data.args[0], "text"), 0);  // a fork's: the same memory
    answer(0x123456789, 0, 0);
    next(SYS_sethostname);
    answer(0, -EDOM, 0);
    next(SYS_sethostname);
    answer(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    next(SYS_sethostname);
    CHECK(note.pid != (unsigned)pid);
    answer(0, -EDOM, 0);
    CHECK_EQ(status_of(pid), 41);
    CHECK_FAILS(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &note.id), ENOENT);
}

static int opens(void) {
    int fd = open("/no/such/file", O_RDONLY);
    char byte = 0;
    return fd >= 0 && read(fd, &byte, 1) == 1 ? byte : 1;
}

CASE(listener_opens) {
    pid_t pid = watched(SYS_openat, opens);
    next(SYS_openat);
    int pipes[2];
    CHECK_EQ(pipe(pipes), 0);
    CHECK_EQ(write(pipes[1], "*", 1), 1);
    struct seccomp_notif_addfd given = {
        .id = note.id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (unsigned)pipes[0]};
    CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given) >= 0);
    CHECK_EQ(status_of(pid), '*');
}

static volatile int alarms;
static void on_alarm(int number) {
    (void)number;
    alarms++;
}

static int is_interrupted(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    CHECK_FAILS(syscall(SYS_sethostname, 0, 0), EINTR);
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    CHECK_EQ(syscall(SYS_sethostname, 0, 0), 5);
    return alarms;
}

CASE(listener_is_interrupted) {
    pid_t pid = watched(SYS_sethostname, is_interrupted);
    next(SYS_sethostname);
    struct seccomp_notif first = note;
    CHECK_EQ(kill(pid, SIGALRM), 0);
    next(SYS_sethostname);
    CHECK_FAILS(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &first.id), ENOENT);
    CHECK_EQ(kill(pid, SIGALRM), 0);
    next(SYS_sethostname);  // begun again
    answer(5, 0, 0);
    CHECK_EQ(status_of(pid), 2);
}

static int listener_goes(void) {
    CHECK_FAILS(install(SYS_getuid, SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER), EBUSY);
    CHECK_FAILS(syscall(SYS_sethostname, 0, 0), ENOSYS);
    // A newer filter without one that says the same: nobody listens.
    CHECK_EQ(install(SYS_getuid, SECCOMP_RET_USER_NOTIF, 0), 0);
    CHECK_FAILS(syscall(SYS_getuid), ENOSYS);
    return 42;
}

CASE(listener_is_gone) {
    pid_t pid = watched(SYS_sethostname, listener_goes);
    next(SYS_sethostname);
    struct seccomp_notif_resp wrong = {note.id, 1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    CHECK_FAILS(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &wrong), EINVAL);
    CHECK_FAILS(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, (void*)8), EFAULT);
    close(listener);
    CHECK_EQ(status_of(pid), 42);
}

CASE(listener_arguments) {
    struct sock_filter ret = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {1, &ret};
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    unsigned both = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER;
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, both, &program), EINVAL);
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 32, &program), EINVAL);
    struct seccomp_notif_sizes sizes;
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
    CHECK_EQ(sizes.seccomp_notif, sizeof note);
    CHECK_EQ(sizes.seccomp_data, sizeof note.data);
    both |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, both, &program) > 2);
}

// Arithmetic, scratch memory and every comparison, on an argument of the call.
CASE(arithmetic) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 0, 19),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_STMT(BPF_ST, 5),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 3),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 5),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0xff),
        BPF_STMT(BPF_ALU | BPF_NEG, 0),
        BPF_STMT(BPF_ALU | BPF_NEG, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 0, 7),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0xff, 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80, 0, 5),
        BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f),
        BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    errno = 0;
    CHECK_EQ(syscall(SYS_sethostname, 20l, 0), -1);
    CHECK_EQ(errno, (((20 * 4 / 2) ^ 0xff) - 64) & 0x7f);
}
