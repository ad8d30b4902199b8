// Memory tagging (FEAT_MTE): tags of memory, checks, what mappings do to tags.
#include "handlers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

__asm__(".arch armv8.8-a+memtag+mops");

#ifndef PROT_MTE
#define PROT_MTE 0x20
#endif
enum { kSync = 2, kAsync = 4, kMteAsync = 8, kMteSync = 9, kPage = 4096 };
static const unsigned long kAnyTag = 0xfffful << 3;

static long control(unsigned long value) {
    return prctl(PR_SET_TAGGED_ADDR_CTRL, value | PR_TAGGED_ADDR_ENABLE, 0, 0, 0);
}

static uint8_t* pages(size_t count) {
    void* p = mmap(NULL, count * kPage, PROT_READ | PROT_WRITE | PROT_MTE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static void* tagged(const void* p, unsigned tag) {
    return (void*)(((uintptr_t)p & ~(15ul << 56)) | (uintptr_t)tag << 56);
}
static unsigned tag_of(const void* p) { return (uintptr_t)p >> 56 & 15; }

static void stg(void* p) { __asm__ volatile("stg %0, [%0]" ::"r"(p) : "memory"); }
static unsigned ldg(void* p) {
    void* read = p;
    __asm__ volatile("ldg %0, [%1]" : "+r"(read) : "r"(p) : "memory");
    return tag_of(read);
}
static void* irg(void* p, uint64_t exclude) {
    void* result;
    __asm__ volatile("irg %0, %1, %2" : "=r"(result) : "r"(p), "r"(exclude));
    return result;
}

// The line VmFlags of smaps for the mapping that begins at p.
static void flags_of(const void* p, char* flags, int size) {
    char begin[32], line[512];
    int found = 0, n = snprintf(begin, sizeof begin, "%lx-", (unsigned long)p);
    FILE* file = fopen("/proc/self/smaps", "r");
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, begin, n) == 0) found = 1;
        if (!found || strncmp(line, "VmFlags: ", 9) != 0) continue;
        snprintf(flags, size, "%s", line + 8);
        break;
    }
    fclose(file);
}

// --- what there is

CASE(flags_of_mappings) {
    char flags[256] = "";
    uint8_t* p = pages(1);
    flags_of(p, flags, sizeof flags);
    CHECK(strstr(flags, " rd wr ") != NULL && strstr(flags, " mt ") != NULL);
    CHECK(strstr(flags, " bt ") == NULL);
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_MTE | 0x10), 0);  // PROT_BTI
    flags_of(p, flags, sizeof flags);
    CHECK(strstr(flags, " bt ") != NULL && strstr(flags, " bt ") < strstr(flags, " mt "));
    CHECK_EQ(munmap(p, kPage), 0);
}

CASE(hwcaps) {
    CHECK_EQ(getauxval(AT_HWCAP2) >> 18 & 1, 1);
    CHECK_EQ(getauxval(AT_HWCAP2) >> 22 & 1, 1);
}

CASE(controls) {
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 0);
    CHECK_FAILS(prctl(PR_SET_TAGGED_ADDR_CTRL, 1ul << 21, 0, 0, 0), EINVAL);
    CHECK_EQ(control(kSync | 5 << 3), 0);
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 1 | kSync | 5 << 3);
    CHECK_EQ(control(kSync | kAsync), 0);
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 1 | kSync | kAsync);
}

CASE(random_tags) {
    int x;
    CHECK_EQ(tag_of(irg(&x, 0)), 0);  // nothing is chosen from at first
    CHECK_EQ(control(0xfff0ul << 3), 0);
    unsigned seen = 0;
    for (int n = 0; n < 1000; n++) seen |= 1u << tag_of(irg(&x, 0x0ff0));
    CHECK_EQ(seen, 0xf000);
    CHECK_EQ(tag_of(irg(&x, 0xffff)), 0);
    CHECK_EQ((uintptr_t)irg(&x, 0) & ~(15ul << 56), (uintptr_t)&x);
}

CASE(arithmetic_of_tags) {
    CHECK_EQ(control(kAnyTag & ~(1ul << (3 + 5))), 0);
    uint64_t a = 3ul << 56 | 0x1000, b, c;
    __asm__ volatile("addg %0, %1, #32, #1" : "=r"(b) : "r"(a));
    CHECK_EQ(b, 4ul << 56 | 0x1020);
    __asm__ volatile("addg %0, %1, #0, #2" : "=r"(b) : "r"(a));
    CHECK_EQ(b, 6ul << 56 | 0x1000);  // 5 is left out
    __asm__ volatile("subg %0, %1, #16, #15" : "=r"(b) : "r"(a));
    CHECK_EQ(b >> 56, 3);
    CHECK_EQ(b & 0xffff, 0xff0);
    __asm__ volatile("gmi %0, %1, %2" : "=r"(c) : "r"(a), "r"(1ul));
    CHECK_EQ(c, 1 | 1 << 3);
    __asm__ volatile("subp %0, %1, %2" : "=r"(c) : "r"(b), "r"(a));
    CHECK_EQ(c, -16);
    uint64_t flags;
    __asm__ volatile("subps %0, %2, %2\nmrs %1, nzcv" : "=r"(c), "=r"(flags) : "r"(a) : "cc");
    CHECK_EQ(c, 0);
    CHECK_EQ(flags >> 28, 6);
}

// --- tags of memory

CASE(loads_and_stores_of_tags) {
    uint8_t* p = pages(2);
    CHECK_EQ(ldg(p), 0);
    stg(tagged(p, 7));
    CHECK_EQ(ldg(p), 7);
    CHECK_EQ(ldg(p + 15), 7);
    CHECK_EQ(ldg(p + 16), 0);
    uint8_t* q = tagged(p, 9);
    __asm__ volatile("st2g %0, [%0, #32]" ::"r"(q) : "memory");
    CHECK(ldg(p + 32) == 9 && ldg(p + 48) == 9 && ldg(p + 64) == 0);
    memset(p, 0xee, 128);
    __asm__ volatile("stz2g %0, [%0], #64" : "+r"(q)::"memory");
    CHECK_EQ((uintptr_t)q, (uintptr_t)tagged(p, 9) + 64);
    CHECK(ldg(p) == 9 && ldg(p + 16) == 9);
    CHECK(p[0] == 0 && p[31] == 0 && p[32] == 0xee);
    __asm__ volatile("stzg %1, [%0, #-16]!" : "+r"(q) : "r"(tagged(p, 3)) : "memory");
    CHECK(ldg(p + 48) == 3 && p[48] == 0 && p[47] == 0xee && p[64] == 0xee);
    __asm__ volatile("stgp %1, %2, [%0, #16]" ::"r"(q), "r"(1ul), "r"(2ul) : "memory");
    CHECK_EQ(ldg(p + 64), 9);
    CHECK(p[64] == 1 && p[72] == 2);
    __asm__ volatile("dc gva, %0" ::"r"(tagged(p + 256 + 5, 4)) : "memory");
    CHECK(ldg(p + 256) == 4 && ldg(p + 304) == 4 && ldg(p + 240) == 0 && p[256] == 0);
    memset(p + 512, 0xee, 64);
    __asm__ volatile("dc gzva, %0" ::"r"(tagged(p + 512, 5)) : "memory");
    CHECK(ldg(p + 560) == 5 && p[575] == 0);
}

CASE(memory_without_tags) {
    static uint8_t plain[64] __attribute__((aligned(16)));
    stg(tagged(plain, 7));
    CHECK_EQ(ldg(plain), 0);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    CHECK_EQ(*(volatile uint8_t*)tagged(plain, 7), 0);  // is not checked
    for (int n = 0; n < 3; n++) *(volatile uint8_t*)tagged(plain + n, 3) = (uint8_t)n;
    CHECK_EQ(plain[2], 2);
}

CASE(set_with_tags) {
    uint8_t* p = pages(2);
    uint8_t* to = tagged(p + 32, 6);
    size_t size = kPage;
    __asm__ volatile("setgp [%0]!, %1!, %2\nsetgm [%0]!, %1!, %2\nsetge [%0]!, %1!, %2"
                     : "+&r"(to), "+&r"(size)
                     : "r"(0x1ffl)
                     : "memory", "cc");
    CHECK_EQ((uintptr_t)to, (uintptr_t)tagged(p + 32 + kPage, 6));
    CHECK_EQ(size, 0);
    for (size_t n = 0; n < 2 * kPage; n += 16) {
        int inside = n >= 32 && n < 32 + kPage;
        CHECK_EQ(ldg(p + n), inside ? 6 : 0);
        CHECK_EQ(p[n], inside ? 0xff : 0);
    }
}

// --- checks

static volatile uint8_t* g_at;
static void fail_by_reading(void) { (void)*g_at; }
static void fail_by_writing(void) { *g_at = 1; }

static int caught(void (*access)(void)) {
    hits = 0;
    if (sigsetjmp(back, 1) == 0) access();
    return hits;
}

CASE(synchronous_checks) {
    install(SIGSEGV, keep_and_jump, 0);
    uint8_t* p = pages(1);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    uint8_t* q = tagged(p, 5);
    stg(q);
    q[3] = 7;
    CHECK_EQ(q[3], 7);
    g_at = tagged(p + 3, 6);
    CHECK_EQ(caught(fail_by_reading), 1);
    CHECK(seen.si_code == kMteSync && seen.si_addr == p + 3);
    g_at = p + 3;
    CHECK_EQ(caught(fail_by_writing), 1);
    CHECK_EQ(q[3], 7);                       // has not been written
    install(SIGSEGV, keep_and_jump, 0x800);  // SA_EXPOSE_TAGBITS
    g_at = tagged(p + 3, 6);
    CHECK_EQ(caught(fail_by_writing), 1);
    CHECK_EQ((uintptr_t)seen.si_addr, (uintptr_t)tagged(p + 3, 6));
    // Without checks any tag will do.
    CHECK_EQ(control(kAnyTag), 0);
    CHECK_EQ(caught(fail_by_writing), 0);
    CHECK_EQ(q[3], 1);
}

// Two granules, pairs, atomics, vectors, copies: each looks.
static uint8_t* g_pair;
static void unaligned(void) { (void)*(volatile uint64_t*)(g_pair + 12); }
static void pair(void) {
    uint64_t a, b;
    __asm__ volatile("ldp %0, %1, [%2, #8]" : "=r"(a), "=r"(b) : "r"(g_pair) : "memory");
}
static void vectors(void) {
    __asm__ volatile("ld1 {v0.16b, v1.16b}, [%0]" ::"r"(g_pair) : "v0", "v1", "memory");
}
static void atomic(void) { __atomic_fetch_add((uint64_t*)(g_pair + 16), 1, __ATOMIC_SEQ_CST); }
static void exclusive(void) {
    uint64_t v;
    uint32_t failed;
    __asm__ volatile("ldxr %0, [%2]\nstxr %w1, %0, [%3]"
                     : "=&r"(v), "=&r"(failed)
                     : "r"(g_pair), "r"(g_pair + 16)
                     : "memory");
}
static void zeroing(void) { __asm__ volatile("dc zva, %0" ::"r"(g_pair) : "memory"); }
static void copying(void) {
    static uint8_t to[64];
    uint8_t *d = to, *s = g_pair;
    size_t left = 32;
    __asm__ volatile("cpyp [%0]!, [%1]!, %2!\ncpym [%0]!, [%1]!, %2!\ncpye [%0]!, [%1]!, %2!"
                     : "+&r"(d), "+&r"(s), "+&r"(left)::"memory", "cc");
}

CASE(every_access_is_checked) {
    install(SIGSEGV, keep_and_jump, 0);
    uint8_t* p = pages(1);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    g_pair = tagged(p, 5);
    stg(g_pair);
    void (*const accesses[])(void) = {unaligned, pair, vectors, atomic, zeroing, copying};
    for (size_t n = 0; n < sizeof accesses / sizeof accesses[0]; n++) {
        CHECK_EQ(caught(accesses[n]), 1);
        CHECK_EQ(seen.si_code, kMteSync);
        CHECK((uint8_t*)seen.si_addr == p + 16);
    }
    CHECK_EQ(caught(exclusive), 1);
    for (size_t n = 16; n < 64; n += 16) stg(g_pair + n);
    for (size_t n = 0; n < sizeof accesses / sizeof accesses[0]; n++) {
        CHECK_EQ(caught(accesses[n]), 0);
    }
    CHECK_EQ(caught(exclusive), 0);
}

// The stack pointer with an offset is not checked, with an index or write-back it is.
static void* g_stack;
static void by_offset(void) {
    uint64_t kept, v;
    __asm__ volatile("mov %0, sp\nmov sp, %2\nldr %1, [sp, #8]\nmov sp, %0"
                     : "=&r"(kept), "=&r"(v)
                     : "r"(g_stack)
                     : "memory");
}

CASE(stack_accesses) {
    install(SIGSEGV, keep_and_jump, SA_ONSTACK);
    uint8_t* p = pages(4);
    static uint8_t alternate[32768];
    stack_t s = {alternate, 0, sizeof alternate};
    CHECK_EQ(sigaltstack(&s, NULL), 0);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    g_stack = tagged(p + 2 * kPage, 5);
    CHECK_EQ(caught(by_offset), 0);
}

CASE(asynchronous_checks) {
    install(SIGSEGV, keep, 0);
    uint8_t* p = pages(1);
    CHECK_EQ(control(kAsync | kAnyTag), 0);
    stg(tagged(p, 5));
    *(volatile uint8_t*)tagged(p, 6) = 9;
    getpid();
    CHECK_EQ(hits, 1);
    CHECK(seen.si_code == kMteAsync && seen.si_addr == NULL);
    CHECK_EQ(*(volatile uint8_t*)tagged(p, 5), 9);  // has been written
}

// --- system calls

// Upper bytes are taken off in lists of buffers and messages, too.
CASE(tagged_pointers_in_system_calls) {
    CHECK_EQ(control(0), 0);
    static char text[64] = "tagged", got[64];
    int fds[2], size = 0;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, tagged(fds, 3)), 0);
    struct iovec parts[2] = {{tagged(text, 1), 3}, {tagged(text + 3, 2), 3}};
    CHECK_EQ(writev(fds[0], tagged(parts, 4), 2), 6);
    CHECK_EQ(ioctl(fds[1], FIONREAD, tagged(&size, 5)), 0);
    CHECK_EQ(size, 6);
    struct iovec room = {tagged(got, 6), sizeof got};
    CHECK_EQ(readv(fds[1], &room, 1), 6);
    CHECK(strcmp(got, "tagged") == 0);
    // A descriptor, a message.
    char data[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct msghdr m = {.msg_iov = tagged(parts, 7),
                       .msg_iovlen = 2,
                       .msg_control = tagged(data, 8),
                       .msg_controllen = sizeof data};
    struct cmsghdr* head = (struct cmsghdr*)data;
    *head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(head), &fds[0], sizeof(int));
    CHECK_EQ(sendmsg(fds[0], tagged(&m, 9), 0), 6);
    memset(data, 0, sizeof data);
    memset(got, 0, sizeof got);
    struct msghdr r = {.msg_iov = &room,
                       .msg_iovlen = 1,
                       .msg_control = tagged(data, 10),
                       .msg_controllen = sizeof data};
    CHECK_EQ(recvmsg(fds[1], tagged(&r, 11), MSG_CMSG_CLOEXEC), 6);
    CHECK(strcmp(got, "tagged") == 0);
    CHECK(r.msg_controllen != 0 && (r.msg_flags & MSG_CMSG_CLOEXEC) != 0 && head->cmsg_type == 1);
    struct mmsghdr several[3] = {{m, 0}, {m, 0}, {m, 0}};
    several[0].msg_hdr.msg_controllen = several[1].msg_hdr.msg_controllen = 0;
    several[0].msg_hdr.msg_iovlen = 1;
    CHECK_EQ(sendmmsg(fds[0], tagged(several, 12), 2, 0), 2);
    CHECK(several[0].msg_len == 3 && several[1].msg_len == 6 && several[2].msg_len == 0);
    several[0].msg_hdr = several[1].msg_hdr = (struct msghdr){.msg_iov = &room, .msg_iovlen = 1};
    CHECK_EQ(recvmmsg(fds[1], tagged(several, 13), 2, 0, NULL), 2);
    CHECK(several[0].msg_len == 3 && several[1].msg_len == 6);
    CHECK_EQ(prctl(PR_SET_NAME, tagged("name", 4)), 0);
    CHECK_EQ(prctl(PR_GET_NAME, tagged(got, 5)), 0);
    CHECK(strcmp(got, "name") == 0);
    struct iovec mine = {tagged(got, 1), 3}, theirs = {tagged(text, 2), 3};
    got[0] = 0;
    CHECK_EQ(process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0), 3);
    CHECK_EQ(got[0], 't');
}

static long futex(void* word, int operation, unsigned value) {
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

CASE(synchronous_checks_of_system_calls) {
    uint8_t* p = pages(2);
    int fds[2];
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    char *good = tagged(p, 5), *bad = tagged(p, 6);
    stg(good);
    stg(good + 16);
    strcpy(good, "/dev/zero");
    CHECK_EQ(write(fds[1], good, 32), 32);
    CHECK_FAILS(write(fds[1], bad, 32), EFAULT);
    CHECK_FAILS(write(fds[1], p, 1), EFAULT);
    CHECK_FAILS(write(fds[1], good, 33), EFAULT);  // two granules and one byte
    CHECK_EQ(write(fds[1], bad, 0), 0);
    CHECK_FAILS(write(-1, bad, 32), EBADF);  // found out earlier
    CHECK_FAILS(read(fds[0], bad, 32), EFAULT);
    CHECK_EQ(read(fds[0], good, 64), 32);  // no more was there
    CHECK_FAILS(open(bad, O_RDONLY), EFAULT);
    int zero = open(good, O_RDONLY);
    CHECK(zero >= 0);
    CHECK_EQ(read(zero, good, 64), 32);  // as far as the tag goes
    CHECK(good[31] == 0 && p[32] == 0);
    struct iovec parts[2] = {{good, 16}, {bad + 16, 16}};
    CHECK_EQ(readv(zero, parts, 2), 16);
    CHECK_FAILS(writev(fds[1], parts, 2), EFAULT);
    CHECK_FAILS(writev(fds[1], tagged(bad, 6), 2), EFAULT);
    CHECK_FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad), EFAULT);
    CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, good), 0);
    struct stat about;
    CHECK_FAILS(fstat(zero, (void*)bad), EFAULT);
    CHECK_EQ(fstat(zero, &about), 0);
    *(volatile unsigned*)good = 3;
    CHECK_FAILS(futex(good, 0, 4), EAGAIN);
    CHECK_FAILS(futex(bad, 0, 4), EFAULT);
    CHECK_EQ(futex(bad, 1, 1), 0);  // only wakes
    CHECK_EQ(madvise(bad, kPage, MADV_WILLNEED), 0);
    CHECK_FAILS(prctl(PR_GET_NAME, bad), EFAULT);
    CHECK_EQ(prctl(PR_GET_NAME, good), 0);
    // PSTATE.TCO is the program's alone, and other modes do not check calls.
    __asm__ volatile("msr tco, #1");
    CHECK_FAILS(write(fds[1], bad, 1), EFAULT);
    __asm__ volatile("msr tco, #0");
    CHECK_EQ(control(kAsync | kAnyTag), 0);
    CHECK_EQ(write(fds[1], bad, 1), 1);
    CHECK_EQ(control(kSync | kAsync | kAnyTag), 0);
    CHECK_EQ(write(fds[1], bad, 1), 1);
    CHECK_EQ(control(kAnyTag), 0);
    CHECK_EQ(write(fds[1], bad, 1), 1);
    // Checks without PR_TAGGED_ADDR_ENABLE: no tagged pointer is one.
    CHECK_EQ(prctl(PR_SET_TAGGED_ADDR_CTRL, kSync | kAnyTag, 0, 0, 0), 0);
    CHECK_FAILS(syscall(SYS_write, fds[1], good, 1), EFAULT);
    CHECK_FAILS(syscall(SYS_write, fds[1], p, 1), EFAULT);
    CHECK_EQ(syscall(SYS_write, fds[1], p + 32, 1), 1);
}

CASE(override) {
    install(SIGSEGV, keep_and_jump, 0);
    uint8_t* p = pages(1);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    stg(tagged(p, 5));
    g_at = tagged(p, 6);
    uint64_t tco;
    __asm__ volatile("msr tco, #1\nmrs %0, tco" : "=r"(tco));
    CHECK_EQ(tco, 1ul << 25);
    CHECK_EQ(caught(fail_by_writing), 0);
    __asm__ volatile("msr tco, %0" ::"r"(0ul));
    CHECK_EQ(caught(fail_by_writing), 1);
}

static uint64_t read_tco(void) {
    uint64_t tco;
    __asm__ volatile("mrs %0, tco" : "=r"(tco));
    return tco;
}
static volatile uint64_t g_tco;
static void keep_tco(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    g_tco = read_tco();
}

// A handler begins with checks, and its frame has what was.
CASE(override_in_handlers) {
    install(SIGUSR1, keep_tco, 0);
    __asm__ volatile("msr tco, #1");
    g_tco = 1;
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(g_tco, 0);
    CHECK_EQ(seen_context.uc_mcontext.pstate >> 25 & 1, 1);
    CHECK_EQ(read_tco(), 1ul << 25);
}

static void* child(void* p) {
    g_at = tagged(p, 6);
    return (void*)(uintptr_t)caught(fail_by_reading);
}

CASE(threads_and_children) {
    install(SIGSEGV, keep_and_jump, 0);
    uint8_t* p = pages(1);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    stg(tagged(p, 5));
    pthread_t thread;
    void* result;
    CHECK_EQ(pthread_create(&thread, NULL, child, p), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((uintptr_t)result, 1);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK_EQ(ldg(p), 5);
        CHECK_EQ((uintptr_t)child(p), 1);
        stg(tagged(p, 8));
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(ldg(p), 5);
}

// --- mappings

CASE(mappings) {
    uint8_t* p = pages(4);
    for (int n = 0; n < 4; n++) stg(tagged(p + n * kPage, 5));
    CHECK_EQ(mprotect(p, kPage, PROT_READ), 0);
    CHECK_EQ(ldg(p), 5);  // the attribute and the tags stay
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_WRITE), 0);
    uint8_t* moved = mremap(p, kPage, 2 * kPage, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    CHECK_EQ(ldg(moved), 5);
    CHECK_EQ(ldg(moved + kPage), 0);
    CHECK_EQ(munmap(p + kPage, kPage), 0);
    CHECK(mmap(p + kPage, kPage, PROT_READ | PROT_WRITE | PROT_MTE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + kPage);
    CHECK_EQ(ldg(p + kPage), 0);
    CHECK_EQ(madvise(p + 2 * kPage, kPage, MADV_DONTNEED), 0);
    CHECK_EQ(ldg(p + 2 * kPage), 0);
    CHECK_EQ(ldg(p + 3 * kPage), 5);
    // Memory that has none can be given tags, a file cannot.
    uint8_t* plain = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stg(tagged(plain, 5));
    CHECK_EQ(mprotect(plain, kPage, PROT_READ | PROT_WRITE | PROT_MTE), 0);
    CHECK_EQ(ldg(plain), 0);
    stg(tagged(plain, 5));
    CHECK_EQ(ldg(plain), 5);
    int fd = open("/proc/self/exe", 0);
    CHECK(mmap(NULL, kPage, PROT_READ | PROT_MTE, MAP_PRIVATE, fd, 0) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
}

static void store_tag(void) { stg((void*)g_at); }

CASE(faults_of_tag_stores) {
    install(SIGSEGV, keep_and_jump, 0);
    install(SIGBUS, keep_and_jump, 0);
    uint8_t* p = pages(1);
    g_at = tagged(p + 8, 5);
    CHECK_EQ(caught(store_tag), 1);
    CHECK(seen.si_signo == SIGBUS && seen.si_code == BUS_ADRALN);
    CHECK_EQ(mprotect(p, kPage, PROT_READ), 0);
    g_at = tagged(p, 5);
    CHECK_EQ(caught(store_tag), 1);
    CHECK(seen.si_signo == SIGSEGV && seen.si_code == SEGV_ACCERR);
    CHECK_EQ(ldg(p), 0);
}

// Alignment and protection come before tags.
static void load_acquire(void) {
    __asm__ volatile("ldar x0, [%0]" ::"r"(g_at + 9) : "x0", "memory");
}
static void store_release(void) { __asm__ volatile("stlr xzr, [%0]" ::"r"(g_at + 9) : "memory"); }
static void compare(void) {
    __asm__ volatile("casp x0, x1, x2, x3, [%0]" ::"r"(g_at + 8) : "x0", "x1", "memory");
}
static void load_exclusive(void) {
    __asm__ volatile("ldxr x0, [%0]" ::"r"(g_at + 9) : "x0", "memory");
}
static void store_exclusive(void) {
    __asm__ volatile("stxr w0, xzr, [%0]" ::"r"(g_at + 9) : "x0", "memory");
}
static void add(void) {
    __asm__ volatile("ldadd x0, x1, [%0]" ::"r"(g_at + 9) : "x0", "x1", "memory");
}

CASE(order_of_faults) {
    install(SIGSEGV, keep_and_jump, 0);
    install(SIGBUS, keep_and_jump, 0);
    uint8_t* p = pages(1);
    CHECK_EQ(control(kSync | kAnyTag), 0);
    g_at = tagged(p, 5);
    void (*const accesses[])(void) = {load_acquire,   store_release,   compare,
                                      load_exclusive, store_exclusive, add};
    for (size_t n = 0; n < sizeof accesses / sizeof accesses[0]; n++) {
        CHECK_EQ(caught(accesses[n]), 1);
        CHECK(seen.si_signo == SIGBUS && seen.si_code == BUS_ADRALN);
        CHECK_EQ(esr_of(&seen_context), n == 1 || n == 4 ? 0x92000061 : 0x92000021);
    }
    CHECK_EQ(caught(fail_by_writing), 1);
    CHECK_EQ(seen.si_code, kMteSync);
    CHECK_EQ(seen_context.uc_mcontext.fault_address, (intptr_t)p);
    CHECK_EQ(esr_of(&seen_context), 0x92000051);
    CHECK_EQ(mprotect(p, kPage, PROT_READ | PROT_MTE), 0);
    CHECK_EQ(caught(fail_by_writing), 1);
    CHECK_EQ(seen.si_code, SEGV_ACCERR);
    CHECK_EQ(esr_of(&seen_context), 0x9200004f);
    CHECK_EQ(caught(fail_by_reading), 1);
    CHECK_EQ(seen.si_code, kMteSync);
    CHECK_EQ(esr_of(&seen_context), 0x92000011);
    CHECK_EQ(mprotect(p, kPage, PROT_NONE), 0);
    CHECK_EQ(caught(fail_by_reading), 1);
    CHECK_EQ(seen.si_code, SEGV_ACCERR);
}

static size_t g_size;
static void set_tags(void) {
    size_t left = g_size;
    void* at = (void*)g_at;
    __asm__ volatile("setgp [%0]!, %1!, xzr\nsetgm [%0]!, %1!, xzr\nsetge [%0]!, %1!, xzr"
                     : "+&r"(at), "+&r"(left)::"memory", "cc");
}

CASE(alignment_of_sets_with_tags) {
    install(SIGBUS, keep_and_jump, 0);
    uint8_t* p = pages(1);
    for (int n = 0; n < 2; n++) {
        g_at = tagged(p + (n == 0 ? 8 : 0), 5);
        g_size = n == 0 ? 128 : 120;
        CHECK_EQ(caught(set_tags), 1);
        CHECK_EQ(seen.si_code, BUS_ADRALN);
        CHECK_EQ((intptr_t)seen.si_addr, (intptr_t)(p + (n == 0 ? 8 : 0)));
        CHECK_EQ(esr_of(&seen_context), 0x92000061);
    }
    g_size = 0;
    CHECK_EQ(caught(set_tags), 0);
}
