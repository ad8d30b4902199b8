// Calls whose structures, names and flags -strace shows.
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

CASE(calls) {
    int ends[2], status;
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    int in = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(bind(in, (struct sockaddr*)&four, sizeof four), 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0name"};
    CHECK_EQ(bind(local, (struct sockaddr*)&name, 7), 0);
    struct timespec shortly = {0, 1000};
    CHECK_EQ(nanosleep(&shortly, NULL), 0);
    struct utsname system;
    CHECK_EQ(uname(&system), 0);
    CHECK_FAILS(unlinkat(AT_FDCWD, "nowhere", AT_REMOVEDIR), ENOENT);
    struct stat info;
    CHECK_EQ(syscall(SYS_newfstatat, AT_FDCWD, "/", &info, AT_SYMLINK_NOFOLLOW), 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_FAILS(syscall(SYS_tgkill, getpid(), 0, 34), EINVAL);
    CHECK_EQ(prctl(PR_SET_NAME, "name"), 0);
    CHECK_FAILS(waitpid(-1, &status, WNOHANG | WUNTRACED), ECHILD);
    CHECK_FAILS(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
    CHECK_EQ(syscall(SYS_futex, &status, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), 0);
    char *argv[] = {"a", "b c", NULL}, *environment[] = {NULL};
    CHECK_FAILS(execve("/nowhere", argv, environment), ENOENT);
}
