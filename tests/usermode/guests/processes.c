// Processes: fork, vfork, wait, execve of guest programs, scripts and host programs.
static int special(int argc, char** argv);
#define CHECK_SPECIAL special
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

extern char** environ;

// What this program does when a case starts it again.
static int special(int argc, char** argv) {
    if (strcmp(argv[1], "--show") == 0) {
        for (int i = 0; i < argc; i++) printf("[%s]", argv[i]);
        for (char** e = environ; *e != NULL; e++) printf("{%s}", *e);
        fflush(stdout);
        _exit(12);
    }
    if (strcmp(argv[1], "--signals") == 0) {
        struct sigaction usr1, usr2;
        sigset_t mask;
        sigaction(SIGUSR1, NULL, &usr1);
        sigaction(SIGUSR2, NULL, &usr2);
        sigprocmask(SIG_SETMASK, NULL, &mask);
        _exit(usr1.sa_handler == SIG_DFL && usr2.sa_handler == SIG_IGN &&
                      sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGUSR1)
                  ? 13
                  : 1);
    }
    return 0;
}

static int status_of(pid_t pid) {
    int status;
    CHECK(pid > 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

// Runs a child whose standard output is collected; returns its status.
static char output[4096];
static int collect(void (*child)(void)) {
    int fds[2];
    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        child();
        _exit(errno);
    }
    close(fds[1]);
    size_t used = 0;
    for (;;) {
        ssize_t n = read(fds[0], output + used, sizeof output - 1 - used);
        if (n <= 0) break;
        used += (size_t)n;
    }
    output[used] = 0;
    close(fds[0]);
    return status_of(pid);
}
static void check_output(const char* wanted) {
    if (strcmp(output, wanted) == 0) return;
    fprintf(stderr, "output: %s\nwanted: %s\n", output, wanted);
    _exit(1);
}

CASE(fork_and_wait) {
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();
        if (pid == 0) _exit(i);
        int status = status_of(pid);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), i);
    }
    CHECK_FAILS(wait(NULL), ECHILD);
}

CASE(fork_copies_memory) {
    static volatile int value = 1;
    pid_t pid = fork();
    if (pid == 0) {
        value = 2;
        _exit(value);
    }
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 2);
    CHECK_EQ(value, 1);
}

CASE(fork_tree) {
    pid_t pid = fork();
    if (pid == 0) {
        pid_t inner = fork();
        if (inner == 0) _exit(getppid() > 0 ? 5 : 1);
        _exit(WEXITSTATUS(status_of(inner)) + 1);
    }
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 6);
}

CASE(killed_child) {
    int numbers[] = {SIGKILL, SIGTERM, SIGABRT, SIGUSR1};
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (;;) pause();
        }
        CHECK(kill(pid, numbers[i]) == 0);
        int status = status_of(pid);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), numbers[i]);
    }
}

CASE(stopped_child) {
    pid_t pid = fork();
    if (pid == 0) {
        for (;;) pause();
    }
    int status;
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK(WIFCONTINUED(status));
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(WIFSIGNALED(status_of(pid)));
}

CASE(waitid_and_rusage) {
    pid_t pid = fork();
    if (pid == 0) _exit(3);
    siginfo_t info;
    memset(&info, 0, sizeof info);
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_status, 3);
    int status;
    struct rusage usage;
    CHECK_EQ(wait4(pid, &status, 0, &usage), pid);
    CHECK_EQ(WEXITSTATUS(status), 3);
    CHECK_EQ(waitpid(-1, &status, WNOHANG), -1);
}

CASE(vfork_waits) {
    // The parent goes on when the child exits, not before.
    int fds[2];
    CHECK(pipe(fds) == 0);
    pid_t pid = vfork();
    if (pid == 0) {
        usleep(50000);
        if (write(fds[1], "x", 1) != 1) _exit(1);
        _exit(8);
    }
    char byte;
    CHECK(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 8);
}

static char* self(void) {
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    CHECK(n > 0);
    return path;
}

static void exec_show(void) {
    char* arguments[] = {"the name", "--show", "a b", "", "-x", "--", NULL};
    char* environment[] = {"ONE=1", "TWO=", NULL};
    execve(self(), arguments, environment);
}
CASE(exec_arguments) {
    CHECK_EQ(WEXITSTATUS(collect(exec_show)), 12);
    check_output("[the name][--show][a b][][-x][--]{ONE=1}{TWO=}");
}

static void exec_through_proc(void) {
    char* arguments[] = {"me", "--show", NULL};
    char* environment[] = {NULL};
    execve("/proc/self/exe", arguments, environment);
}
CASE(exec_proc_self_exe) {
    CHECK_EQ(WEXITSTATUS(collect(exec_through_proc)), 12);
    check_output("[me][--show]");
}

static void exec_after_vfork(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        char* arguments[] = {"v", "--show", NULL};
        char* environment[] = {NULL};
        execve(self(), arguments, environment);
        _exit(99);
    }
    _exit(WEXITSTATUS(status_of(pid)));
}
CASE(vfork_and_exec) {
    CHECK_EQ(WEXITSTATUS(collect(exec_after_vfork)), 12);
    check_output("[v][--show]");
}

static void spawn_it(void) {
    pid_t pid;
    char* arguments[] = {"s", "--show", "1", NULL};
    char* environment[] = {"E=1", NULL};
    CHECK_EQ(posix_spawn(&pid, self(), NULL, NULL, arguments, environment), 0);
    _exit(WEXITSTATUS(status_of(pid)));
}
CASE(spawn) {
    CHECK_EQ(WEXITSTATUS(collect(spawn_it)), 12);
    check_output("[s][--show][1]{E=1}");
}

static char script[256];
static void write_script(const char* first_line, const char* rest) {
    snprintf(script, sizeof script, "/tmp/pydbt-script-%d", (int)getpid());
    FILE* file = fopen(script, "w");
    CHECK(file != NULL);
    fprintf(file, "#!%s\n%s\n", first_line, rest);
    fclose(file);
    CHECK(chmod(script, 0755) == 0);
}
static void exec_script(void) {
    char* arguments[] = {"ignored", "one", "two words", NULL};
    char* environment[] = {"HOME=/", NULL};
    execve(script, arguments, environment);
}
CASE(exec_shell_script) {
    write_script("/bin/sh", "echo \"$0|$1|$2|$#\"; exit 6");
    int status = collect(exec_script);
    unlink(script);
    CHECK_EQ(WEXITSTATUS(status), 6);
    char wanted[600];
    snprintf(wanted, sizeof wanted, "%s|one|two words|2\n", script);
    check_output(wanted);
}
CASE(exec_script_with_guest_interpreter) {
    char line[4200];
    snprintf(line, sizeof line, " %s --show ", self());
    write_script(line, "");
    int status = collect(exec_script);
    unlink(script);
    CHECK_EQ(WEXITSTATUS(status), 12);
    char wanted[9000];
    snprintf(wanted, sizeof wanted, "[%s][--show][%s][one][two words]{HOME=/}", self(), script);
    check_output(wanted);
}

static void exec_host(void) { execl("/bin/echo", "echo", "from the host", NULL); }
CASE(exec_host_program) {
    CHECK_EQ(WEXITSTATUS(collect(exec_host)), 0);
    check_output("from the host\n");
}

CASE(exec_failures) {
    char* arguments[] = {"x", NULL};
    CHECK_FAILS(execve("/nonexistent/x", arguments, environ), ENOENT);
    CHECK_FAILS(execve("/", arguments, environ), EACCES);
    CHECK_FAILS(execve("", arguments, environ), ENOENT);
    CHECK_FAILS(execve("/etc/passwd", arguments, environ), EACCES);
    CHECK_FAILS(syscall(SYS_execve, 16, arguments, environ), EFAULT);
    CHECK_FAILS(syscall(SYS_execve, self(), 16, environ), EFAULT);
    char name[64];
    snprintf(name, sizeof name, "/tmp/pydbt-text-%d", (int)getpid());
    FILE* file = fopen(name, "w");
    fputs("just text\n", file);
    fclose(file);
    CHECK_FAILS(execve(name, arguments, environ), EACCES);
    CHECK(chmod(name, 0755) == 0);
    CHECK_FAILS(execve(name, arguments, environ), ENOEXEC);
    unlink(name);
    write_script("/nonexistent/interpreter", "");
    CHECK_FAILS(execve(script, arguments, environ), ENOENT);
    unlink(script);
    char* too_long = malloc(8192);
    memset(too_long, 'x', 8191);
    too_long[8191] = 0;
    CHECK_FAILS(execve(too_long, arguments, environ), ENAMETOOLONG);
}

// Only their size counts, all together and each.
static void exec_many(void) {
    enum { kMany = 100000 };
    char** arguments = calloc(kMany + 1, sizeof *arguments);
    for (int i = 0; i < kMany; i++) arguments[i] = "1";
    arguments[0] = "true";
    execve("/bin/true", arguments, environ);
}
CASE(exec_many_arguments) {
    CHECK_EQ(WEXITSTATUS(collect(exec_many)), 0);
    char* text = malloc(1 << 20);
    memset(text, 'x', 1 << 20);
    char* arguments[] = {"x", text, NULL};
    text[(1 << 20) - 1] = 0;
    CHECK_FAILS(execve("/bin/true", arguments, environ), E2BIG);
    text[(1 << 17) - 1] = 0;
    char* many[65];
    for (int i = 0; i < 64; i++) many[i] = text;
    many[64] = NULL;
    CHECK_FAILS(execve("/bin/true", many, environ), E2BIG);
}

CASE(exec_fifo) {
    char name[64];
    snprintf(name, sizeof name, "/tmp/pydbt-fifo-%d", (int)getpid());
    CHECK(mkfifo(name, 0755) == 0);
    char* arguments[] = {"x", NULL};
    CHECK_FAILS(execve(name, arguments, environ), EACCES);
    unlink(name);
}

// One traced process writes between another's call and its result.
static void sleep_and_exec(void) {
    usleep(100000);
    for (int i = 0; i < 3; i++) getppid();
    close(1);
    exec_show();
}
CASE(exec_while_another_waits) {
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) sleep_and_exec();
    }
    usleep(50000);
    for (int i = 0; i < 3; i++) {
        int status;
        CHECK(waitpid(-1, &status, 0) > 0);
        CHECK_EQ(WEXITSTATUS(status), 12);
    }
}

CASE(four_that_call) {  // some may be killed from outside
    for (int k = 0; k < 4; k++) {
        if (fork() != 0) continue;
        for (int i = 0; i < 3000; i++) syscall(SYS_gettid);
        _exit(0);
    }
    for (int k = 0; k < 4; k++) CHECK(wait(NULL) > 0);
}

static void handler(int number) { (void)number; }
CASE(exec_and_signals) {
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGUSR1, handler);
        signal(SIGUSR2, SIG_IGN);
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        execl(self(), "x", "--signals", NULL);
        _exit(1);
    }
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 13);
}

// The launcher's own descriptors must not take the numbers a program expects.
CASE(descriptors) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(fd, 3);
    CHECK_EQ(dup(0), 4);
    int fds[2];
    CHECK(pipe(fds) == 0);
    CHECK_EQ(fds[0], 5);
    pid_t pid = vfork();
    if (pid == 0) _exit(open("/dev/null", O_RDONLY));
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 7);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

CASE(close_all_descriptors) {
    for (int fd = 3; fd < 1024; fd++) close(fd);
    CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
    pid_t pid = fork();
    if (pid == 0) _exit(2);
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 2);
}

static pid_t raw_clone(long flags, pid_t* parent_tid, pid_t* child_tid) {
    return (pid_t)syscall(SYS_clone, flags, 0, parent_tid, 0, child_tid);
}
CASE(clone_stores_ids) {
    static pid_t parent_tid, child_tid;
    pid_t pid =
        raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &parent_tid, &child_tid);
    if (pid == 0) _exit(child_tid == getpid() ? 4 : 1);
    CHECK_EQ(parent_tid, pid);
    CHECK_EQ(child_tid, 0);
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 4);
}

CASE(identity) {
    struct utsname name;
    CHECK(uname(&name) == 0);
    CHECK(strcmp(name.machine, "aarch64") == 0);
    CHECK(strcmp(name.sysname, "Linux") == 0);
    CHECK_EQ(getauxval(AT_UID), getuid());
    char comm[16];
    CHECK(prctl(PR_SET_NAME, "guest") == 0);
    CHECK(prctl(PR_GET_NAME, comm) == 0);
    CHECK(strcmp(comm, "guest") == 0);
}

// With -D the launcher has a descriptor of its own, which the guest can neither close nor replace.
CASE(keeps_the_log) {
    for (int fd = 3; fd < 2000; fd++) close(fd);
    CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
    int last = 0;
    for (int fd = 3; fd < 2000; fd++) {
        if (dup3(0, fd, O_CLOEXEC) == fd) last = fd;
    }
    CHECK(last > 3);
    CHECK_FAILS(dup3(0, 0, 0), EINVAL);
    CHECK_FAILS(dup3(999999, 3, 0), EBADF);
}

CASE(limits) {
    // A limit on memory is the guest's: the translator's does not count.
    struct rlimit small = {64 << 20, RLIM_INFINITY}, files, seen;
    CHECK(setrlimit(RLIMIT_AS, &small) == 0);
    CHECK(getrlimit(RLIMIT_AS, &seen) == 0);
    CHECK_EQ(seen.rlim_cur, small.rlim_cur);
    CHECK(malloc(1 << 16) != NULL);
    CHECK(malloc(128 << 20) == NULL);
    CHECK_EQ(errno, ENOMEM);
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = 20;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    int last = 0;
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 19);
}

CASE(unknown_syscall) {
    CHECK_FAILS(syscall(5000), ENOSYS);
    CHECK_FAILS(syscall(244), ENOSYS);
    CHECK_FAILS(syscall(-1), ENOSYS);
    CHECK_FAILS(syscall(SYS_rseq, 0, 0, 0, 0), ENOSYS);
}
