/*
 * System calls and what the kernel hands a program: arguments, environment, auxiliary vector,
 * files, folders, memory, pipes, clocks. Runs in an empty folder of its own. No signals, no
 * processes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

extern char** environ;

static int failures;
static void* volatile nowhere = (void*)8;

static void check(bool holds, const char* what) {
    printf("%s: %s\n", what, holds ? "yes" : "NO");
    failures += !holds;
}

/* An error's name: strerror's words differ between C libraries. */
static const char* error_name(int error) {
    switch (error) {
        case 0: return "success";
        case ENOENT: return "ENOENT";
        case EEXIST: return "EEXIST";
        case EBADF: return "EBADF";
        case ENOTDIR: return "ENOTDIR";
        case EISDIR: return "EISDIR";
        case EINVAL: return "EINVAL";
        case EFAULT: return "EFAULT";
        case ENOTEMPTY: return "ENOTEMPTY";
        case ESPIPE: return "ESPIPE";
        case EAGAIN: return "EAGAIN";
        case ELOOP: return "ELOOP";
        case ENAMETOOLONG: return "ENAMETOOLONG";
        case ENOTTY: return "ENOTTY";
        case ERANGE: return "ERANGE";
        case ENOMEM: return "ENOMEM";
        case ENOSYS: return "ENOSYS";
        default: return "another error";
    }
}

static void fails(long result, const char* what) {
    printf("%s: %ld %s\n", what, result, error_name(result < 0 ? errno : 0));
}

static void given(int argc, char** argv) {
    printf("%d arguments\n", argc);
    for (int i = 1; i < argc; ++i) {
        printf("  \"%s\"\n", argv[i]);
    }
    check(argv[argc] == NULL, "the arguments end with a null");
    for (char** entry = environ; *entry != NULL; ++entry) {
        if (strncmp(*entry, "PYDBT_TEST", 10) == 0) {
            printf("  %s\n", *entry);
        }
    }
    printf("HOME %s\n", getenv("HOME") == NULL ? "absent" : getenv("HOME"));
    check(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE), "AT_PAGESZ");
    check(getauxval(AT_PHDR) != 0 && getauxval(AT_PHNUM) > 0 && getauxval(AT_ENTRY) != 0,
          "AT_PHDR");
    check(getauxval(AT_UID) == getuid() && getauxval(AT_GID) == getgid(), "AT_UID");
    check(getauxval(AT_RANDOM) != 0 && getauxval(AT_CLKTCK) == 100, "AT_RANDOM");
    check(strcmp(program_invocation_name, argv[0]) == 0, "the name of the program");
    char line[200];
    unsigned number = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("line %u: %s", ++number, line);
    }
    check(feof(stdin) && !ferror(stdin), "end of input");
    fprintf(stderr, "To standard error.\n");
}

static void files(void) {
    char buffer[64] = {0};
    struct stat status;
    fails(open("absent", O_RDONLY), "open of an absent file");
    int file = open("file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    check(file >= 3, "open");
    fails(open("file", O_CREAT | O_EXCL | O_WRONLY, 0600), "open of what exists");
    fails(write(file, "Hello, file of ours.\n", 21), "write");
    fails(lseek(file, 7, SEEK_SET), "lseek");
    fails(read(file, buffer, 4), "read");
    printf("read \"%s\"\n", buffer);
    fails(pread(file, buffer, 5, 15), "pread");
    printf("pread \"%.5s\", place %ld\n", buffer, (long)lseek(file, 0, SEEK_CUR));
    fails(pwrite(file, "HELLO", 5, 0), "pwrite");
    struct iovec parts[] = {{"one ", 4}, {"", 0}, {"two\n", 4}};
    fails(lseek(file, 0, SEEK_END), "lseek to the end");
    fails(writev(file, parts, 3), "writev");
    char left[6];
    char right[40];
    struct iovec into[] = {{left, sizeof left}, {right, sizeof right}};
    fails(preadv(file, into, 2, 0), "preadv");
    printf("preadv %.6s|%.23s", left, right);
    fails(ftruncate(file, 12), "ftruncate");
    fails(fstat(file, &status), "fstat");
    printf("size %ld, mode %o, links %ld, regular %d\n", (long)status.st_size,
           status.st_mode & 07777, (long)status.st_nlink, S_ISREG(status.st_mode));
    fails(fsync(file), "fsync");
    fails(fchmod(file, 0600), "fchmod");
    fails(lseek(file, -100, SEEK_SET), "lseek before the start");
    fails(pread(file, nowhere, 5, 0), "pread to a bad address");
    int copy = dup(file);
    int third = fcntl(file, F_DUPFD_CLOEXEC, 20);
    printf("dup %d, F_DUPFD %d, flags %d %d\n", copy >= 3, third, fcntl(file, F_GETFD),
           fcntl(copy, F_GETFD));
    printf("append %d\n",
           (fcntl(file, F_SETFL, O_APPEND) == 0) && (fcntl(copy, F_GETFL) & O_APPEND) != 0);
    fails(dup2(copy, 30), "dup2");
    fails(close(copy), "close");
    fails(close(copy), "close again");
    fails(close(third) + close(30) + close(file), "close of the rest");
    struct timespec times[2] = {{1000000000, 5}, {1234567890, 123456789}};
    fails(utimensat(AT_FDCWD, "file", times, 0), "utimensat");
    fails(stat("file", &status), "stat");
    printf("times %ld %ld.%09ld\n", (long)status.st_atime, (long)status.st_mtime,
           status.st_mtim.tv_nsec);
    fails(access("file", R_OK | W_OK), "access");
}

static int compare(const void* a, const void* b) { return strcmp(a, b); }

static void folders(void) {
    char path[PATH_MAX];
    char names[64][32];
    int count = 0;
    umask(022);
    fails(mkdir("folder", 0777), "mkdir");
    fails(mkdir("folder", 0777), "mkdir again");
    for (int i = 0; i < 40; ++i) {
        snprintf(path, sizeof path, "folder/entry-%02d", i * 7 % 40);
        close(open(path, O_CREAT | O_WRONLY, 0644));
    }
    fails(symlink("entry-01", "folder/link"), "symlink");
    fails(link("folder/entry-01", "folder/hard"), "link");
    fails(rename("folder/entry-02", "folder/renamed"), "rename");
    fails(unlink("folder/entry-03"), "unlink");
    fails(unlink("folder"), "unlink of a folder");
    fails(rmdir("folder"), "rmdir of a full folder");
    memset(path, 0, sizeof path);
    fails(readlink("folder/link", path, sizeof path), "readlink");
    printf("link to %s\n", path);
    struct stat status;
    fails(lstat("folder/link", &status), "lstat");
    printf("link %d\n", S_ISLNK(status.st_mode));
    fails(stat("folder/entry-01", &status), "stat");
    printf("%ld links, mode %o\n", (long)status.st_nlink, status.st_mode & 0777);
    DIR* folder = opendir("folder");
    for (struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            snprintf(names[count++], sizeof names[0], "%.25s %d", entry->d_name, entry->d_type);
        }
    }
    closedir(folder);
    qsort(names, (size_t)count, sizeof names[0], compare);
    for (int i = 0; i < count; i += 6) {
        printf("%d of %d: %s\n", i, count, names[i]);
    }
    check(getcwd(path, sizeof path) != NULL && path[0] == '/', "getcwd");
    fails(chdir("folder"), "chdir");
    size_t before = strlen(path);
    check(getcwd(path, sizeof path) != NULL && strcmp(path + before, "/folder") == 0,
          "getcwd in it");
    fails(getcwd(path, 1) == NULL ? -1 : 0, "getcwd into one byte");
    int above = open("..", O_RDONLY | O_DIRECTORY);
    fails(openat(above, "folder/absent", O_RDONLY), "openat");
    fails(faccessat(above, "file", F_OK, 0), "faccessat");
    fails(fchdir(above), "fchdir");
    close(above);
    fails(open("file/below", O_RDONLY), "open below a file");
    struct statvfs system;
    fails(statvfs(".", &system), "statvfs");
    check(system.f_bsize > 0 && system.f_namemax == 255, "statvfs fields");
}

static void memory(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* block = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(block != MAP_FAILED && block[3 * page] == 0, "mmap");
    memset(block, 'x', 8 * page);
    fails(mprotect(block + page, page, PROT_READ), "mprotect");
    fails(munmap(block + 2 * page, page), "munmap");
    char* again = mmap(block + 2 * page, page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check(again == block + 2 * page && *again == 0, "mmap of a fixed place");
    char* taken =
        mmap(block, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("mmap of a taken place: %s\n",
           taken == MAP_FAILED ? (errno == EEXIST ? "EEXIST" : "another error") : "done");
    fails(madvise(block + 4 * page, page, MADV_DONTNEED), "madvise");
    check(block[4 * page] == 0 && block[5 * page] == 'x', "content after madvise");
    char* moved = mremap(block + 5 * page, page, 64 * page, MREMAP_MAYMOVE);
    check(moved != MAP_FAILED && moved[0] == 'x' && moved[63 * page] == 0, "mremap");
    fails(munmap(moved, 64 * page) + munmap(block, 5 * page) + munmap(block + 6 * page, 2 * page),
          "munmap of all");
    fails(munmap(block + 1, page), "munmap of an odd address");
    int file = open("mapped", O_RDWR | O_CREAT, 0600);
    fails(ftruncate(file, (off_t)(2 * page)), "ftruncate");
    char* shared = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char* private = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, (off_t)page);
    memcpy(shared + page, "through memory", 14);
    check(memcmp(private, "through memory", 14) == 0, "two mappings of a file");
  private
    [0] = 'T';
    check(shared[page] == 't', "a private mapping is private");
    fails(msync(shared, 2 * page, MS_SYNC), "msync");
    char buffer[15] = {0};
    fails(pread(file, buffer, 14, (off_t)page), "pread");
    printf("mapped \"%s\"\n", buffer);
    close(file);
    char* end = (char*)syscall(SYS_brk, 0L); /* musl has no sbrk */
    check((char*)syscall(SYS_brk, end + 100000) == end + 100000, "brk");
    memset(end, 1, 100000);
    check((char*)syscall(SYS_brk, end) == end, "brk back");
}

static void channels(void) {
    int ends[2];
    char buffer[32] = {0};
    fails(pipe2(ends, O_NONBLOCK | O_CLOEXEC), "pipe2");
    fails(read(ends[0], buffer, 5), "read of an empty pipe");
    fails(lseek(ends[0], 0, SEEK_CUR), "lseek of a pipe");
    struct pollfd poll_set = {ends[0], POLLIN, 0};
    fails(poll(&poll_set, 1, 0), "poll of nothing");
    fails(write(ends[1], "piped", 5), "write");
    fails(poll(&poll_set, 1, 1000), "poll");
    printf("events %d\n", poll_set.revents);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    struct timeval limit = {1, 0};
    fails(select(ends[0] + 1, &set, NULL, NULL, &limit), "select");
    fails(read(ends[0], buffer, sizeof buffer), "read");
    printf("%s\n", buffer);
    close(ends[1]);
    fails(read(ends[0], buffer, sizeof buffer), "read of a closed pipe");
    close(ends[0]);
    fails(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    fails(send(ends[0], "sent", 4, 0), "send");
    struct iovec part = {buffer, 2};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    fails(recvmsg(ends[1], &message, 0), "recvmsg");
    fails(recv(ends[1], buffer + 2, 10, 0), "recv");
    printf("%.4s\n", buffer);
    fails(shutdown(ends[0], SHUT_WR), "shutdown");
    fails(recv(ends[1], buffer, 10, 0), "recv of the end");
    close(ends[0]);
    close(ends[1]);
}

static void others(void) {
    struct utsname name;
    struct timespec first;
    struct timespec second;
    struct timespec rest = {0, 2000000};
    struct timeval now;
    struct rlimit limit;
    struct rusage usage;
    fails(uname(&name), "uname");
    printf("system %s\n", name.sysname);
    fails(clock_gettime(CLOCK_MONOTONIC, &first), "clock_gettime");
    fails(nanosleep(&rest, NULL), "nanosleep");
    clock_gettime(CLOCK_MONOTONIC, &second);
    long passed = (second.tv_sec - first.tv_sec) * 1000000000 + second.tv_nsec - first.tv_nsec;
    check(passed >= 2000000 && passed < 60000000000, "time passes");
    fails(gettimeofday(&now, NULL), "gettimeofday");
    check(now.tv_sec > 1700000000 && labs(now.tv_sec - time(NULL)) < 60, "the time");
    fails(clock_getres(CLOCK_REALTIME, &first), "clock_getres");
    fails(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &first), "clock_gettime of the process");
    fails(clock_gettime((clockid_t)99, &first), "clock_gettime of nothing");
    unsigned char random[2][32] = {{0}};
    fails(getrandom(random[0], 32, 0), "getrandom");
    fails(getrandom(random[1], 32, GRND_NONBLOCK), "getrandom again");
    check(memcmp(random[0], random[1], 32) != 0, "random numbers differ");
    check(getpid() > 0 && getppid() > 0 && gettid() == getpid(), "getpid");
    check(getuid() == geteuid() && getgid() == getegid(), "getuid");
    fails(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    check(limit.rlim_cur > 0 && limit.rlim_cur <= limit.rlim_max, "limits");
    fails(getrusage(RUSAGE_SELF, &usage), "getrusage");
    fails(isatty(0) ? 1 : 0, "isatty");
    printf("umask %o\n", umask(077));
    time_t when = 86400L * 365;
    struct tm parts;
    char text[40];
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j", gmtime_r(&when, &parts));
    puts(text);
    fails(syscall(4000), "a call that does not exist");
}

int main(int argc, char** argv) {
    given(argc, argv);
    files();
    folders();
    memory();
    channels();
    others();
    printf("failures: %d\n", failures);
    fflush(stdout);
    _exit(failures == 0 ? 42 : 1);
}
