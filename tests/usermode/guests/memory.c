// Mappings: the corners of mmap and its relatives, and that the launcher's own memory is safe.
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { kPage = 4096 };

static char* map(void* at, size_t size, int prot, int flags) {
    char* got = mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    CHECK(got != MAP_FAILED);
    return got;
}
#define RW (PROT_READ | PROT_WRITE)

// Whether the byte can be read, asked of the kernel.
static int readable(const char* at) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void*)at, 1};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1;
}

CASE(fresh_memory_is_zero) {
    char* p = map(NULL, 64 * kPage, RW, 0);
    for (int i = 0; i < 64 * kPage; i++) CHECK_EQ(p[i], 0);
    memset(p, 0xee, 64 * kPage);
    CHECK(munmap(p, 64 * kPage) == 0);
    CHECK(!readable(p));
}

CASE(refusals) {
    CHECK(mmap(NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
    CHECK(mmap(NULL, kPage, RW, MAP_PRIVATE, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, EBADF);
    CHECK(mmap(NULL, kPage, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
    CHECK_FAILS(syscall(SYS_mmap, 0, kPage, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1), EINVAL);
    CHECK_FAILS(syscall(SYS_mmap, 123, kPage, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                EINVAL);
    CHECK_FAILS(syscall(SYS_mmap, 0, -1L, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK_FAILS(syscall(SYS_mmap, 0, 1L << 47, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK_FAILS(syscall(SYS_munmap, 123, kPage), EINVAL);
    CHECK_FAILS(syscall(SYS_munmap, 0x10000, 0), EINVAL);
    CHECK_FAILS(syscall(SYS_munmap, 0x10000, -1L), EINVAL);
    char* p = map(NULL, kPage, RW, 0);
    CHECK_FAILS(mprotect(p + 1, kPage, PROT_READ), EINVAL);
    CHECK(mprotect(p, 0, PROT_NONE) == 0);
    p[0] = 1;
    CHECK(munmap(p, kPage) == 0);
    CHECK(munmap(p, kPage) == 0);  // nothing there is no error
    CHECK_FAILS(mprotect(p, kPage, PROT_READ), ENOMEM);
    CHECK_FAILS(madvise(p, kPage, MADV_DONTNEED), ENOMEM);
    CHECK(mremap(p, kPage, 2 * kPage, MREMAP_MAYMOVE) == MAP_FAILED);
    CHECK_EQ(errno, EFAULT);
}

CASE(fixed_replaces) {
    char* p = map(NULL, 4 * kPage, RW, 0);
    memset(p, 1, 4 * kPage);
    CHECK(map(p + kPage, kPage, RW, MAP_FIXED) == p + kPage);
    CHECK_EQ(p[kPage - 1], 1);
    CHECK_EQ(p[kPage], 0);
    CHECK_EQ(p[2 * kPage], 1);
    CHECK(mmap(p, kPage, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
          MAP_FAILED);
    CHECK_EQ(errno, EEXIST);
    CHECK(munmap(p + kPage, kPage) == 0);
    CHECK(map(p + kPage, kPage, RW, MAP_FIXED_NOREPLACE) == p + kPage);
}

// A MAP_FIXED that fails leaves the place free.
CASE(failed_fixed_leaves_nothing) {
    char* p = map(NULL, 8 * kPage, RW, 0);
    CHECK(munmap(p, 8 * kPage) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(mmap(p, 4 * kPage, RW, MAP_PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED);
        CHECK_EQ(errno, EBADF);
    }
    CHECK(!readable(p));
    CHECK(map(p, 8 * kPage, RW, MAP_FIXED_NOREPLACE) == p);
    CHECK(map(p, 8 * kPage, RW, MAP_FIXED) == p);
}

CASE(low_addresses) {
    char* p = map((void*)0x10000, kPage, RW, MAP_FIXED);
    CHECK(p == (char*)0x10000);
    p[5] = 7;
    CHECK(munmap(p, kPage) == 0);
    CHECK(mmap(NULL, kPage, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
          geteuid() == 0);
}

CASE(holes) {
    char* p = map(NULL, 16 * kPage, RW, 0);
    for (int i = 1; i < 16; i += 2) CHECK(munmap(p + i * kPage, kPage) == 0);
    for (int i = 0; i < 16; i++) CHECK_EQ(readable(p + i * kPage), i % 2 == 0);
    CHECK_FAILS(mprotect(p, 16 * kPage, PROT_READ), ENOMEM);
    CHECK(munmap(p, 16 * kPage) == 0);
    for (int i = 0; i < 16; i++) CHECK(!readable(p + i * kPage));
}

// The part before the hole is changed, advice goes to all parts.
CASE(changes_around_a_hole) {
    char* p = map(NULL, 3 * kPage, RW, 0);
    p[0] = p[2 * kPage] = 1;
    CHECK(munmap(p + kPage, kPage) == 0);
    CHECK_FAILS(madvise(p, 3 * kPage, MADV_DONTNEED), ENOMEM);
    CHECK(p[0] == 0 && p[2 * kPage] == 0);
    CHECK_FAILS(mprotect(p, 3 * kPage, PROT_READ), ENOMEM);
    CHECK_FAILS(syscall(SYS_getcwd, p, 100), EFAULT);
    CHECK(syscall(SYS_getcwd, p + 2 * kPage, 100) > 0);
    CHECK_FAILS(mprotect(p + kPage, 2 * kPage, PROT_READ), ENOMEM);
    CHECK(syscall(SYS_getcwd, p + 2 * kPage, 100) > 0);
    CHECK_FAILS(madvise(p, ~0ul, MADV_DONTNEED), EINVAL);
    CHECK_FAILS(madvise(p, -kPage, MADV_DONTNEED), EINVAL);
}

CASE(protect_part) {
    char* p = map(NULL, 3 * kPage, RW, 0);
    CHECK(mprotect(p + kPage, kPage, PROT_READ) == 0);
    p[0] = p[2 * kPage] = 1;
    CHECK_FAILS(syscall(SYS_getcwd, p + kPage, 100), EFAULT);
    CHECK(mprotect(p + kPage, kPage, RW) == 0);
    p[kPage] = 1;
}

CASE(remap) {
    char* p = map(NULL, 4 * kPage, RW, 0);
    for (int i = 0; i < 4; i++) p[i * kPage] = (char)(i + 1);
    CHECK(mremap(p, 4 * kPage, 2 * kPage, 0) == p);
    CHECK(!readable(p + 2 * kPage));
    char* q = mremap(p, 2 * kPage, 64 * kPage, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    CHECK(q[0] == 1 && q[kPage] == 2 && q[2 * kPage] == 0);
    q[63 * kPage] = 9;
    char* to = map(NULL, 64 * kPage, PROT_NONE, 0);
    CHECK(mremap(q, 64 * kPage, 64 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    CHECK(to[63 * kPage] == 9);
    CHECK(!readable(q));
    CHECK(mremap(to, 64 * kPage, 0, 0) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
    CHECK(munmap(to, 64 * kPage) == 0);
}

CASE(break_moves) {
    char* start = sbrk(0);
    char* p = sbrk(5 * kPage);
    CHECK(p == start);
    memset(p, 3, 5 * kPage);
    CHECK(sbrk(-4 * kPage) == start + 5 * kPage);
    CHECK(!readable((char*)(((uintptr_t)start + 2 * kPage) & ~4095ul)));
    CHECK(sbrk(4 * kPage) == start + kPage);
    CHECK_EQ(start[3 * kPage], 0);
    CHECK_EQ(syscall(SYS_brk, 0), (uintptr_t)start + 5 * kPage);
    CHECK_EQ(syscall(SYS_brk, -1L), (uintptr_t)start + 5 * kPage);
}

CASE(break_stops_at_mapping) {
    uintptr_t end = ((uintptr_t)sbrk(0) + kPage - 1) & ~(uintptr_t)(kPage - 1);
    map((void*)(end + 2 * kPage), kPage, RW, MAP_FIXED_NOREPLACE);
    CHECK(sbrk(64 * kPage) == (void*)-1);
    CHECK(sbrk(kPage) != (void*)-1);
}

CASE(file_mapping) {
    int fd = memfd_create("file", 0);
    CHECK(ftruncate(fd, 2 * kPage) == 0);
    CHECK(pwrite(fd, "hello", 5, kPage) == 5);
    char* shared = mmap(NULL, kPage, RW, MAP_SHARED, fd, kPage);
    char* own = mmap(NULL, kPage, RW, MAP_PRIVATE, fd, kPage);
    CHECK(memcmp(shared, "hello", 6) == 0 && memcmp(own, "hello", 6) == 0);
    own[0] = 'H';
    shared[1] = 'E';
    char back[6] = {0};
    CHECK(pread(fd, back, 5, kPage) == 5);
    CHECK(strcmp(back, "hEllo") == 0);
    CHECK(msync(shared, kPage, MS_SYNC) == 0);
    CHECK_EQ(own[0], 'H');
}

CASE(shared_with_child) {
    volatile int* p = mmap(NULL, kPage, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        *p = 77;
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(*p, 77);
}

CASE(advice) {
    char* p = map(NULL, 2 * kPage, RW, 0);
    p[0] = p[kPage] = 5;
    CHECK(madvise(p, kPage, MADV_DONTNEED) == 0);
    CHECK(p[0] == 0 && p[kPage] == 5);
    CHECK_FAILS(madvise(p, kPage, 12345), EINVAL);
    unsigned char here[2];
    CHECK(mincore(p, 2 * kPage, here) == 0);
}

CASE(bad_pointers) {
    CHECK_FAILS(syscall(SYS_write, 1, 16, 5), EFAULT);
    CHECK_FAILS(syscall(SYS_uname, 16), EFAULT);
    CHECK_FAILS(syscall(SYS_fstat, 0, 16), EFAULT);
    CHECK_FAILS(syscall(SYS_openat, AT_FDCWD, 16, 0), EFAULT);
    CHECK_FAILS(syscall(SYS_pipe2, 16, 0), EFAULT);
    CHECK_FAILS(syscall(SYS_uname, 0x00ff000000000000), EFAULT);
}

// --- top byte ignore ----------------------------------------------------------------------------

#define TAGGED(p, tag) ((__typeof__(&*(p)))((uintptr_t)(p) | (uintptr_t)(tag) << 56))

CASE(tagged_loads_and_stores) {
    static uint64_t words[16] __attribute__((aligned(64)));
    for (unsigned tag = 1; tag < 256; tag += 2) {
        volatile uint64_t* p = TAGGED(&words[0], tag);
        p[3] = tag;
        CHECK_EQ(words[3], tag);
        CHECK_EQ(p[3], tag);
        CHECK_EQ(((volatile uint8_t*)p)[24], tag);
    }
    uint64_t a = 0, b = 0, *q = TAGGED(words, 0x81);
    words[0] = 0x1111, words[1] = 0x2222;
    __asm__ volatile("ldp %0, %1, [%2], #16" : "+r"(a), "+r"(b), "+r"(q)::"memory");
    CHECK(a == 0x1111 && b == 0x2222);
    CHECK_EQ((uintptr_t)q, (uintptr_t)TAGGED(words + 2, 0x81));  // the tag stays in the register
    q = TAGGED(words, 0x7f);
    __asm__ volatile("ld1 {v0.2d, v1.2d}, [%0]\nst1 {v0.2d, v1.2d}, [%1]" ::"r"(q), "r"(q + 4)
                     : "v0", "v1", "memory");
    CHECK(words[4] == 0x1111 && words[5] == 0x2222);
    uint64_t index = (uint64_t)0xff << 56;
    __asm__ volatile("ldr %0, [%1, %2]" : "=r"(a) : "r"(words), "r"(index) : "memory");
    CHECK_EQ(a, 0x1111);
}

CASE(tagged_atomics) {
    static uint64_t word = 5;
    uint64_t* p = TAGGED(&word, 0xaa);
    CHECK_EQ(__atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST), 5);
    uint64_t old;
    uint32_t failed;
    do {
        __asm__ volatile("ldaxr %0, [%2]\nadd %0, %0, #1\nstlxr %w1, %0, [%2]"
                         : "=&r"(old), "=&r"(failed)
                         : "r"(p)
                         : "memory");
    } while (failed);
    CHECK_EQ(word, 9);
    // The monitor is of the address without its tag.
    __asm__ volatile("ldxr %0, [%2]\nstxr %w1, %0, [%3]"
                     : "=&r"(old), "=&r"(failed)
                     : "r"(p), "r"(&word)
                     : "memory");
    CHECK_EQ(failed, 0);
    CHECK(__atomic_load_n(p, __ATOMIC_ACQUIRE) == 9);
}

// The loads and the stores are on pages of code of their own, so in blocks of their own: that the
// load's address is tagged tells nothing about the store's.
__asm__(
    ".balign 4096\n"
    ".skip 4096 - 4\n"
    "load_then_store: ldaxr x2, [x0]\n"
    " add x2, x2, #1\n stlxr w1, x2, [x0]\n mov w0, w1\n ret\n"
    ".balign 4096\n"
    ".skip 4096 - 4\n"
    "load_then_store_pair: ldaxp x2, x3, [x0]\n"
    " add x3, x3, #1\n stlxp w1, x2, x3, [x0]\n mov w0, w1\n ret\n"
    ".balign 4096\n");
extern uint32_t load_then_store(uint64_t*), load_then_store_pair(uint64_t*);

CASE(tagged_exclusives_of_two_pages) {
    static uint64_t words[2] __attribute__((aligned(16))) = {5, 6};
    CHECK_EQ(load_then_store(TAGGED(words, 0xaa)), 0);
    CHECK_EQ(words[0], 6);
    CHECK_EQ(load_then_store_pair(TAGGED(words, 0xaa)), 0);
    CHECK_EQ(words[1], 7);
}

// --- the launcher's memory ----------------------------------------------------------------------

struct range {
    uintptr_t begin, end;
};
static struct range ranges[512];
static int launcher_ranges(void) {
    // What the guest may not touch is what mprotect() says is not its own.
    // The guest's view of its maps is without it, so a program of the host reads them.
    static char text[1 << 18];
    char command[64];
    snprintf(command, sizeof command, "cat /proc/%d/maps", getpid());
    FILE* maps = popen(command, "r");
    CHECK(maps != NULL);
    text[fread(text, 1, sizeof text - 1, maps)] = 0;
    CHECK_EQ(pclose(maps), 0);
    int count = 0;
    for (char* line = text; *line != 0 && count < 512; line = strchr(line, '\n') + 1) {
        struct range r;
        char rest[8];
        if (sscanf(line, "%lx-%lx %4s", &r.begin, &r.end, rest) != 3) break;
        if (r.begin >= (uintptr_t)1 << 47) continue;
        char* eol = strchr(line, '\n');
        int vdso = memmem(line, (size_t)(eol - line), "[v", 2) != NULL;
        int launcher = memmem(line, (size_t)(eol - line), "pydbt-aarch64", 13) != NULL;
        if (launcher || vdso) ranges[count++] = r;
    }
    CHECK(count >= 4);
    return count;
}

CASE(launcher_is_safe) {
    int count = launcher_ranges();
    for (int i = 0; i < count; i++) {
        void* at = (void*)ranges[i].begin;
        size_t size = ranges[i].end - ranges[i].begin;
        CHECK(munmap(at, size) == 0);  // as if nothing were there
        CHECK(mmap(at, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
        CHECK_EQ(errno, ENOMEM);
        CHECK(mmap(at, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
              MAP_FAILED);
        CHECK_FAILS(mprotect(at, size, PROT_NONE), ENOMEM);
        CHECK_FAILS(madvise(at, size, MADV_DONTNEED), ENOMEM);
        CHECK(mremap(at, size, size + kPage, MREMAP_MAYMOVE) == MAP_FAILED);
        CHECK_EQ(errno, EFAULT);
        char* own = map(NULL, size, RW, 0);
        CHECK(mremap(own, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED);
        CHECK(munmap(own, size) == 0);
    }
    CHECK_EQ(launcher_ranges(), count);
}

// /proc/self/maps has the guest's mappings, with the guest's protection, and nothing else.
CASE(maps_are_the_guests) {
    static char text[1 << 18];
    char* page = map(NULL, 2 * kPage, RW, 0);
    CHECK(mprotect(page, kPage, PROT_READ | PROT_EXEC) == 0);
    int fd = open("/proc/self/maps", O_RDONLY);
    CHECK(fd >= 0);
    size_t used = 0;
    for (ssize_t n; (n = read(fd, text + used, sizeof text - 1 - used)) > 0;) used += (size_t)n;
    close(fd);
    text[used] = 0;
    CHECK(strstr(text, "pydbt-aarch64") == NULL);
    CHECK(strstr(text, "[stack]") != NULL);
    char line[64];
    uintptr_t at = (uintptr_t)page;
    snprintf(line, sizeof line, "%lx-%lx r-xp 00000000 00:00 0", at, at + kPage);
    CHECK(strstr(text, line) != NULL);
    CHECK(munmap(page, 2 * kPage) == 0);
}

// Unmapping everything takes the program away, and only the program.
CASE(unmap_everything) {
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        syscall(SYS_munmap, 0x1000, ((1ul << 47) - 4096) - 0x1000);
        _exit(1);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), 11);
}

static int called;
static void call_me(void) { called++; }
CASE(tagged_branch) {
    void (*volatile function)(void) = TAGGED(&call_me, 0x12);
    for (int i = 0; i < 10; i++) function();
    CHECK_EQ(called, 10);
}

CASE(tagged_syscall_arguments) {
    char text[] = "text";
    int fds[2];
    CHECK(prctl(55, 1, 0, 0, 0) == 0);  // PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE
    CHECK_EQ(prctl(56, 0, 0, 0, 0), 1);
    CHECK(syscall(SYS_pipe2, TAGGED(fds, 0x33), 0) == 0);
    CHECK_EQ(syscall(SYS_write, fds[1], TAGGED(text, 0x44), 4), 4);
    char back[4];
    CHECK_EQ(syscall(SYS_read, fds[0], TAGGED(back, 0x55), 4), 4);
    CHECK(memcmp(back, text, 4) == 0);
    char* p = map(NULL, kPage, RW, 0);
    CHECK(syscall(SYS_mprotect, TAGGED(p, 0x66), kPage, PROT_READ) == 0);
    CHECK(syscall(SYS_munmap, TAGGED(p, 0x66), kPage) == 0);
}

static void leave_with_signal(int number) { _exit(number); }

// Pages of the translator's own that nobody may touch are, to the guest, like any other.
CASE(pages_that_are_not_the_guests) {
    unsigned long begin, end;
    char line[512], access[5];
    int tried = 0;
    FILE* maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, access) != 3 || access[0] != '-') continue;
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            signal(SIGSEGV, leave_with_signal);
            *(volatile char*)(begin + 8);
            _exit(0);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == SIGSEGV);
        tried++;
    }
    fclose(maps);
    CHECK(tried != 0);
}

// --- mappings that grow -------------------------------------------------------------------------

static int maps_begin(uintptr_t inside, uintptr_t* begin) {
    FILE* maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    char line[512];
    unsigned long first, end;
    int found = 0;
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        found = sscanf(line, "%lx-%lx", &first, &end) == 2 && inside >= first && inside < end;
    }
    fclose(maps);
    *begin = first;
    return found;
}

CASE(grows_down) {
    size_t size = 1 << 20;
    char* room = mmap(NULL, 8 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(room != MAP_FAILED && munmap(room, 8 * size) == 0);
    char* top = room + 7 * size;
    char* at = mmap(top, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    CHECK(at == top);
    for (char* p = top - 1; p > top - 20 * 4096; p -= 4096) *p = 7;  // as a stack does
    uintptr_t begin;
    CHECK(maps_begin((uintptr_t)top - 1, &begin));
    CHECK_EQ(begin, (uintptr_t)top - 20 * 4096);
    // What has grown is the process's: it can be read by a call, protected, and unmapped.
    CHECK(mprotect(top - 4096, 4096, PROT_READ) == 0);
    CHECK(mprotect(top - 3 * 4096, 4096, RW | PROT_GROWSDOWN) == 0);
    CHECK(mprotect(top, 4096, PROT_READ | PROT_GROWSUP) != 0 && errno == EINVAL);
    CHECK(munmap(top - 20 * 4096, 21 * 4096) == 0);
    CHECK(!maps_begin((uintptr_t)top - 1, &begin));
    unsigned char present;
    CHECK(mincore(top - 4096, 4096, &present) != 0 && errno == ENOMEM);
}

// RLIMIT_DATA: private memory that can be written, but the stack.
CASE(data_limit) {
    const int private_ = MAP_PRIVATE | MAP_ANONYMOUS, shared = MAP_SHARED | MAP_ANONYMOUS;
    size_t big = 64 << 20, small = 1 << 20;
    struct rlimit limit = {32 << 20, RLIM_INFINITY};
    char* before = mmap(NULL, small, RW, private_, -1, 0);
    CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
    CHECK(mmap(NULL, big, RW, private_, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(NULL, big, RW, shared, -1, 0) != MAP_FAILED);
    CHECK(mmap(NULL, big, PROT_READ, shared, -1, 0) != MAP_FAILED);
    char* reserved = mmap(NULL, big, PROT_NONE, private_, -1, 0);
    CHECK(reserved != MAP_FAILED);
    CHECK(mprotect(reserved, small, RW) == 0);
    CHECK(mprotect(reserved, big, RW) != 0 && errno == ENOMEM);
    CHECK(mprotect(reserved, big, PROT_READ) == 0);
    CHECK(mremap(before, small, big, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    CHECK(mremap(before, small, 2 * small, MREMAP_MAYMOVE) != MAP_FAILED);
    char* heap = sbrk(0);
    CHECK(sbrk((intptr_t)big) == (void*)-1 && errno == ENOMEM);
    CHECK(sbrk((intptr_t)small) == heap);
    // What is shared stays so when its protection changes.
    char* other = mmap(NULL, big, PROT_READ, shared, -1, 0);
    CHECK(other != MAP_FAILED && mprotect(other, big, RW) == 0);
    CHECK(mprotect(other, big, PROT_READ) == 0 && mprotect(other, big, RW) == 0);
    CHECK(munmap(other, big) == 0 && munmap(reserved, big) == 0);
    CHECK(mmap(NULL, 24 << 20, RW, private_, -1, 0) != MAP_FAILED);
}

// glibc does this when a library wants an executable stack.
CASE(stack_is_made_executable) {
    char here;
    char* page = (char*)((uintptr_t)&here & ~(uintptr_t)4095);
    CHECK(mprotect(page, 4096, RW | PROT_EXEC | PROT_GROWSDOWN) == 0);
    CHECK(mprotect(page, 4096, RW | PROT_GROWSDOWN) == 0);
    void* other = mmap(NULL, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mprotect(other, 4096, RW | PROT_GROWSDOWN) != 0 && errno == EINVAL);
}
