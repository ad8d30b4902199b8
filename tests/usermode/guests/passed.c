// Calls that go to the host's kernel as they are: that their structures are the same, and that the
// guest's memory, signals and descriptors are what they work on.
#include "check.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

CASE(signals_by_descriptor) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    CHECK(fd >= 0);
    struct signalfd_siginfo info;
    CHECK_FAILS(read(fd, &info, sizeof info), EAGAIN);
    union sigval value = {.sival_int = 55};
    CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 3, value), 0);
    CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
    CHECK_EQ(info.ssi_signo, (uint32_t)(SIGRTMIN + 3));
    CHECK_EQ(info.ssi_int, 55);
    CHECK_EQ(info.ssi_pid, (uint32_t)getpid());
}

CASE(timers) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec times = {{0, 1000000}, {0, 1000000}}, seen;
    CHECK_EQ(timerfd_settime(fd, 0, &times, NULL), 0);
    uint64_t count = 0;
    CHECK_EQ(read(fd, &count, sizeof count), 8);
    CHECK(count >= 1);
    CHECK_EQ(timerfd_gettime(fd, &seen), 0);
    CHECK_EQ(seen.it_interval.tv_nsec, 1000000);
    // To a thread, as glibc's SIGEV_THREAD does.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2};
    event.sigev_value.sival_int = 66;
    event._sigev_un._tid = gettid();
    int timer;
    CHECK_EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0);
    CHECK_EQ(syscall(SYS_timer_settime, timer, 0, &times, NULL), 0);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR2);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK_EQ(info.si_value.sival_int, 66);
    CHECK_EQ(syscall(SYS_timer_delete, timer), 0);
}

#ifdef __aarch64__
#define KERNEL_O_LARGEFILE 0400000
#else
#define KERNEL_O_LARGEFILE 0100000
#endif

CASE(file_events) {
    int fd = inotify_init1(IN_CLOEXEC);
    CHECK(inotify_add_watch(fd, ".", IN_CREATE) >= 0);
    CHECK_EQ(close(open("created", O_CREAT | O_RDWR, 0600)), 0);
    char buffer[512] __attribute__((aligned(8)));
    CHECK(read(fd, buffer, sizeof buffer) > 0);
    const struct inotify_event* event = (void*)buffer;
    CHECK_EQ(event->mask, IN_CREATE);
    CHECK_EQ(strcmp(event->name, "created"), 0);
    fd = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY | KERNEL_O_LARGEFILE);
    if (fd == -1) {
        CHECK(errno == EPERM || errno == ENOSYS);
        return;
    }
    CHECK_EQ(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "created"), 0);
}

CASE(pipes_and_copies) {
    int file = open("file", O_CREAT | O_RDWR, 0600), copy = open("copy", O_CREAT | O_RDWR, 0600);
    int one[2], two[2];
    CHECK(pipe(one) == 0 && pipe(two) == 0);
    CHECK_EQ(write(file, "0123456789", 10), 10);
    loff_t in = 2, out = 0;
    CHECK_EQ(copy_file_range(file, &in, copy, &out, 5, 0), 5);
    CHECK_EQ(in, 7);
    in = 0;
    CHECK_EQ(splice(file, &in, one[1], NULL, 10, 0), 10);
    CHECK_EQ(tee(one[0], two[1], 10, 0), 10);
    char text[11] = "";
    CHECK_EQ(read(two[0], text, 10), 10);
    CHECK_EQ(strcmp(text, "0123456789"), 0);
    struct iovec parts[2] = {{text, 3}, {text + 5, 2}};
    CHECK_EQ(vmsplice(two[1], parts, 2, 0), 5);
    char back[6] = "";
    CHECK_EQ(read(two[0], back, 5), 5);
    CHECK_EQ(strcmp(back, "01256"), 0);
    off_t offset = 1;
    CHECK_EQ(sendfile(two[1], file, &offset, 4), 4);
    CHECK_EQ(offset, 5);
    CHECK_EQ(preadv2(file, parts, 2, 5, 0), 5);
    CHECK_EQ(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 8192), 0);
    CHECK_FAILS(syscall(SYS_readv, file, (void*)8, 1), EFAULT);
    int memory = memfd_create("name", MFD_ALLOW_SEALING);
    CHECK_EQ(ftruncate(memory, 4096), 0);
    CHECK_EQ(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE), 0);
    CHECK_FAILS(ftruncate(memory, 0), EPERM);
    CHECK_FAILS(write(memory, "x", 1), EPERM);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10}, seen = lock;
    CHECK_EQ(fcntl(file, F_SETLK, &lock), 0);
    if (fork() == 0) _exit(fcntl(file, F_GETLK, &seen) == 0 && seen.l_pid == getppid() ? 9 : 1);
    int status;
    CHECK(wait(&status) > 0);
    CHECK_EQ(WEXITSTATUS(status), 9);
}

CASE(messages_with_descriptors) {
    int ends[2], pipe_ends[2], one = 1;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    CHECK_EQ(pipe(pipe_ends), 0);
    CHECK_EQ(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one), 0);
    union {
        char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    char text[8] = "hello";
    struct iovec part = {text, 5};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof(int))};
    struct cmsghdr* head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(head), &pipe_ends[1], sizeof(int));
    CHECK_EQ(sendmsg(ends[0], &message, 0), 5);
    message.msg_controllen = sizeof control;
    CHECK_EQ(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), 5);
    int received = -1, credentials = 0;
    for (head = CMSG_FIRSTHDR(&message); head != NULL; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_type == SCM_RIGHTS) memcpy(&received, CMSG_DATA(head), sizeof received);
        if (head->cmsg_type == SCM_CREDENTIALS) {
            credentials = ((struct ucred*)CMSG_DATA(head))->pid == getpid();
        }
    }
    CHECK(received >= 0 && credentials);
    CHECK_EQ(write(received, "x", 1), 1);
    CHECK_EQ(read(pipe_ends[0], text, 1), 1);
    struct ucred peer;
    socklen_t size = sizeof peer;
    CHECK_EQ(getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
    CHECK_EQ(peer.pid, getpid());
}

CASE(many_messages) {
    int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    CHECK_EQ(bind(in, (struct sockaddr*)&address, size), 0);
    CHECK_EQ(getsockname(in, (struct sockaddr*)&address, &size), 0);
    CHECK_EQ(connect(out, (struct sockaddr*)&address, size), 0);
    struct timeval limit = {5, 0};
    CHECK_EQ(setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    char texts[2][4] = {"one", "two"}, got[2][4];
    struct iovec parts[2] = {{texts[0], 4}, {texts[1], 4}}, rooms[2] = {{got[0], 4}, {got[1], 4}};
    struct mmsghdr sent[2] = {{.msg_hdr = {.msg_iov = &parts[0], .msg_iovlen = 1}},
                              {.msg_hdr = {.msg_iov = &parts[1], .msg_iovlen = 1}}};
    struct mmsghdr come[2] = {{.msg_hdr = {.msg_iov = &rooms[0], .msg_iovlen = 1}},
                              {.msg_hdr = {.msg_iov = &rooms[1], .msg_iovlen = 1}}};
    CHECK_EQ(sendmmsg(out, sent, 2, 0), 2);
    CHECK_EQ(recvmmsg(in, come, 2, 0, NULL), 2);
    CHECK_EQ(strcmp(got[1], "two"), 0);
    CHECK_EQ(come[1].msg_len, 4);
    // A filter of the socket is a program for the host's kernel: the same bytes.
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &drop};
    CHECK_EQ(setsockopt(in, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    CHECK_EQ(send(out, "x", 1, 0), 1);
    CHECK_FAILS(recv(in, got, 1, MSG_DONTWAIT), EAGAIN);
}

CASE(netlink_and_packets) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    CHECK(fd >= 0);
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
    } request = {{sizeof request, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
    CHECK_EQ(send(fd, &request, sizeof request, 0), sizeof request);
    char buffer[16384] __attribute__((aligned(8)));
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    CHECK(got > (ssize_t)sizeof(struct nlmsghdr));
    CHECK_EQ(((struct nlmsghdr*)buffer)->nlmsg_type, RTM_NEWLINK);
    fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    CHECK(fd >= 0 || errno == EPERM);
}

CASE(names_of_files) {
    int fd = open("file", O_CREAT | O_RDWR, 0600);
    char value[8] = "";
    if (fsetxattr(fd, "user.name", "value", 6, 0) == 0) {
        CHECK_EQ(getxattr("file", "user.name", value, sizeof value), 6);
        CHECK_EQ(strcmp(value, "value"), 0);
        CHECK_FAILS(setxattr("file", "user.name", "x", 1, XATTR_CREATE), EEXIST);
        CHECK_EQ(removexattr("file", "user.name"), 0);
    } else {
        CHECK_EQ(errno, EOPNOTSUPP);
    }
    struct statx info;
    CHECK_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &info), 0);
    CHECK_EQ(info.stx_mode, S_IFREG | 0600);
    struct stat old;
    CHECK_EQ(fstat(fd, &old), 0);
    CHECK_EQ(info.stx_ino, old.st_ino);
    CHECK_EQ(info.stx_mtime.tv_nsec, old.st_mtim.tv_nsec);
    struct statfs system;
    CHECK_EQ(fstatfs(fd, &system), 0);
    CHECK(system.f_bsize >= 512 && system.f_namelen >= 64);
    struct {
        struct file_handle head;
        char bytes[128];
    } handle = {.head.handle_bytes = 128};
    int mount;
    int result = name_to_handle_at(AT_FDCWD, "file", &handle.head, &mount, 0);
    CHECK(result == 0 || errno == EOPNOTSUPP);
    if (result == 0) {
        int again = open_by_handle_at(fd, &handle.head, O_RDONLY | O_NOFOLLOW);
        CHECK(again >= 0 || errno == EPERM || errno == ESTALE);
    }
    CHECK_EQ(renameat2(AT_FDCWD, "file", AT_FDCWD, "other", RENAME_NOREPLACE), 0);
}

CASE(memory_of_processes) {
    char here[8] = "here", there[8] = "there";
    struct iovec local = {here, 6}, remote = {there, 6};
    CHECK_EQ(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), 6);
    CHECK_EQ(strcmp(here, "there"), 0);
    strcpy(here, "again");
    CHECK_EQ(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), 6);
    CHECK_EQ(strcmp(there, "again"), 0);
    remote.iov_base = (void*)8;
    CHECK_FAILS(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), EFAULT);
}

static char* watched;
static void* fill_page(void* argument) {
    struct uffd_msg message;
    int fd = *(int*)argument;
    if (read(fd, &message, sizeof message) != sizeof message) return NULL;
    static char page[4096] __attribute__((aligned(4096)));
    memset(page, 'p', sizeof page);
    struct uffdio_copy copy = {.dst = message.arg.pagefault.address & ~4095ull,
                               .src = (uintptr_t)page,
                               .len = 4096};
    return (void*)(intptr_t)(ioctl(fd, UFFDIO_COPY, &copy) == 0);
}

CASE(faults_by_descriptor) {
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1);  // UFFD_USER_MODE_ONLY
    if (fd == -1) {
        CHECK(errno == EPERM || errno == ENOSYS);
        return;
    }
    struct uffdio_api api = {.api = UFFD_API};
    CHECK_EQ(ioctl(fd, UFFDIO_API, &api), 0);
    watched = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(uintptr_t)watched, 4096},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    CHECK_EQ(ioctl(fd, UFFDIO_REGISTER, &range), 0);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, fill_page, &fd), 0);
    CHECK_EQ(*(volatile char*)(watched + 100), 'p');
    void* result;
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((intptr_t)result, 1);
}

CASE(scheduling_and_times) {
    cpu_set_t set;
    CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    CHECK_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes;
    CHECK_EQ(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0), 0);
    CHECK_EQ(attributes.policy, SCHED_OTHER);
    struct sysinfo info;
    CHECK_EQ(sysinfo(&info), 0);
    CHECK(info.totalram > info.freeram && info.mem_unit > 0);
    struct tms used;
    CHECK(times(&used) != -1);
    struct timex clock = {0};
    CHECK(adjtimex(&clock) >= 0);
    CHECK(clock.tick >= 9000 && clock.tick <= 11000);
    struct timespec resolution;
    CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &resolution), 0);
    CHECK_EQ(resolution.tv_nsec, 1);
    CHECK_FAILS(clock_gettime(99, &resolution), EINVAL);
    siginfo_t child;
    pid_t pid = fork();
    if (pid == 0) _exit(12);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &child, WEXITED), 0);
    CHECK_EQ(child.si_status, 12);
    CHECK_EQ(child.si_code, CLD_EXITED);
}

CASE(keys) {
    int key = (int)syscall(SYS_add_key, "user", "pydbt", "payload", 7, -2);  // the process's
    if (key == -1) {
        CHECK(errno == ENOSYS || errno == EPERM || errno == EDQUOT);
        return;
    }
    char text[8] = "";
    CHECK_EQ(syscall(SYS_keyctl, 11, key, text, sizeof text), 7);  // KEYCTL_READ
    CHECK_EQ(strcmp(text, "payload"), 0);
    CHECK_FAILS(syscall(SYS_request_key, "user", "no such key", NULL, 0), ENOKEY);
}
