// Random system calls with random arguments: ./fuzz SEED BATCHES [CALLS]. Each batch is a process of
// its own, as nobody, with small limits, in namespaces of its own where it may; it may die of whatever
// its calls do to it. "done" at the end means that no batch was left hanging; what the launcher says
// about itself is for the caller to look for.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_CALL 480

// Calls that are not made, and why.
static const struct {
    int number;
    const char* why;
} excluded[] = {
    {SYS_exit, "ends the batch"},
    {SYS_exit_group, "ends the batch"},
    {SYS_rt_sigreturn, "goes where the stack says; one is made at the end of each batch"},
    {SYS_kill, "-1 reaches every process of the user"},
    {SYS_tkill, "may reach other processes of the user"},
    {SYS_tgkill, "may reach other processes of the user"},
    {SYS_rt_sigqueueinfo, "may reach other processes of the user"},
    {SYS_rt_tgsigqueueinfo, "may reach other processes of the user"},
    {SYS_pidfd_send_signal, "may reach other processes of the user"},
    {SYS_setpriority, "reaches other processes of the user"},
    {SYS_ioprio_set, "reaches other processes of the user"},
    {SYS_sched_setscheduler, "may take the processor from everybody"},
    {SYS_sched_setattr, "may take the processor from everybody"},
    {SYS_sync, "waits for every disk of the machine"},
    {SYS_syncfs, "waits for a disk of the machine"},
    {SYS_reboot, "would end the machine if it could"},
    {SYS_kexec_load, "would end the machine if it could"},
    {294, "kexec_file_load: would end the machine if it could"},
    {SYS_vhangup, "ends the terminal's session"},
};

static uint64_t state;
static uint64_t next(void) {  // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}
static uint64_t below(uint64_t limit) { return next() % limit; }

static int is_excluded(uint64_t number) {
    for (size_t i = 0; i < sizeof excluded / sizeof *excluded; i++) {
        if (number == (uint64_t)excluded[i].number) return 1;
    }
    return 0;
}

static uint64_t* memory;  // of the batch: two pages, and a third that is not there
static const char* const paths[] = {"file",  "folder", ".",    "link",          "/dev/null", "/proc/self/exe",
                                    "/",     "",       "..",   "/proc/self/fd", "no/where",  "/dev/zero",
                                    "queue", "/bin/sh", "tmpfs"};

static uint64_t value(void) {
    switch (below(12)) {
        case 0: return below(8);
        case 1: return (uint64_t)(-(int64_t)below(104));  // AT_FDCWD among them
        case 2: return 1ull << below(64);
        case 3: return next();
        case 4: return below(12);                          // a descriptor
        case 5: return 4096 * below(4);
        case 6: return (uintptr_t)paths[below(sizeof paths / sizeof *paths)];
        case 7: return (uintptr_t)memory + 4096 * 2 - below(64);  // reaches what is not there
        case 8: return (uint64_t)getpid();
        case 9: return next() & 0xffff;
        default: return (uintptr_t)memory + 8 * below(512);
    }
}

static void fill(void) {
    for (int i = 0; i < 1024; i++) {
        memory[i] = below(2) ? value() : below(3) ? 0 : next() & 0xffffffff;
    }
}

static long call(uint64_t number, const uint64_t* a) {
#ifdef __aarch64__
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a[0];
    register uint64_t x1 __asm__("x1") = a[1];
    register uint64_t x2 __asm__("x2") = a[2];
    register uint64_t x3 __asm__("x3") = a[3];
    register uint64_t x4 __asm__("x4") = a[4];
    register uint64_t x5 __asm__("x5") = a[5];
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return (long)x0;
#else
    return syscall((long)number, a[0], a[1], a[2], a[3], a[4], a[5]);
#endif
}

static void limit(int resource, rlim_t most) {
    struct rlimit value = {most, most};
    setrlimit(resource, &value);
}

// Nobody, alone, and small.
static void prepare(int batch) {
    int alone = CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS;
    if (unshare(alone) != 0) unshare(alone | CLONE_NEWUSER);
    char folder[32];
    sprintf(folder, "batch-%d", batch);
    if (mkdir(folder, 0777) != 0 || chmod(folder, 0777) != 0 || chdir(folder) != 0) _exit(1);
    if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)) {
        _exit(1);
    }
    syscall(SYS_keyctl, 1, NULL);  // a session of its own
    limit(RLIMIT_AS, 512 << 20);
    limit(RLIMIT_FSIZE, 1 << 20);
    limit(RLIMIT_MEMLOCK, 1 << 20);
    limit(RLIMIT_NPROC, 64);
    limit(RLIMIT_NOFILE, 64);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, 20);
    limit(RLIMIT_MSGQUEUE, 1 << 16);
    signal(SIGXFSZ, SIG_IGN);
    int out = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 2; fd++) dup2(out, fd);
    int pair[2];
    if (pipe(pair) != 0) _exit(1);
    if (open("file", O_RDWR | O_CREAT, 0666) < 0 || mkdir("folder", 0777) != 0) _exit(1);
    if (symlink("file", "link") != 0) _exit(1);
}

static void run_batch(int batch, uint64_t calls) {
    prepare(batch);
    memory = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || munmap((char*)memory + 2 * 4096, 4096) != 0) _exit(1);
    uint64_t self = (uint64_t)syscall(SYS_gettid);
    for (uint64_t n = 0; n < calls; n++) {
        uint64_t number = below(200) == 0 ? next() : below(LAST_CALL), args[6];
        if (is_excluded(number)) continue;
        if (n % 8 == 0) fill();
        for (int i = 0; i < 6; i++) args[i] = value();
        call(number, args);
        // A thread or process that the call has made ends here.
        if ((uint64_t)syscall(SYS_gettid) != self) syscall(SYS_exit, 0);
    }
    uint64_t none[6] = {0};
    call(SYS_rt_sigreturn, none);
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    uint64_t seed = strtoull(argv[1], NULL, 0), calls = argc > 3 ? strtoull(argv[3], NULL, 0) : 400;
    int batches = atoi(argv[2]);
    const int most = 30 * 1000;  // milliseconds
    for (int batch = 0; batch < batches; batch++) {
        pid_t pid = fork();
        if (pid == 0) {
            state = (seed * 1000003 + (uint64_t)batch) * 2 + 1;
            setpgid(0, 0);
            run_batch(batch, calls);
            _exit(0);
        }
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd waits = {.fd = fd, .events = POLLIN};
        // What waits for something that never comes is ended after a while; what does not end then
        // hangs.
        if (poll(&waits, 1, 2000) == 0) kill(pid, SIGKILL);
        if (poll(&waits, 1, most) == 0) {
            printf("batch %d hangs\n", batch);
            return 1;
        }
        kill(-pid, SIGKILL);
        close(fd);
        waitpid(pid, NULL, 0);
    }
    puts("done");
    return 0;
}
