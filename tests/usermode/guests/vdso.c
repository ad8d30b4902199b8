// The vDSO: its symbols, clocks that are the system calls', what it makes of bad arguments, and
// that stack unwinders go through signal frames by way of it.
#include "handlers.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unwind.h>

static const char* image;
static const ElfW(Sym) * symbols;
static const char* strings;
static const uint32_t *sysv, *gnu;
static const uint16_t* versions;
static const char* soname;

static void read_object(void) {
    image = (const char*)getauxval(AT_SYSINFO_EHDR);
    const ElfW(Ehdr)* head = (const void*)image;
    CHECK(memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 && head->e_machine == EM_AARCH64);
    const ElfW(Phdr)* segments = (const void*)(image + head->e_phoff);
    const ElfW(Dyn)* dynamic = NULL;
    for (int i = 0; i < head->e_phnum; i++) {
        if (segments[i].p_type == PT_DYNAMIC) dynamic = (const void*)(image + segments[i].p_vaddr);
    }
    CHECK(dynamic != NULL);
    ElfW(Addr) name = 0;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const char* at = image + dynamic->d_un.d_ptr;
        switch (dynamic->d_tag) {
            case DT_SYMTAB: symbols = (const void*)at; break;
            case DT_STRTAB: strings = at; break;
            case DT_HASH: sysv = (const void*)at; break;
            case DT_GNU_HASH: gnu = (const void*)at; break;
            case DT_VERSYM: versions = (const void*)at; break;
            case DT_SONAME: name = dynamic->d_un.d_val; break;
        }
    }
    soname = strings + name;
}

static uint32_t sysv_hash(const char* name) {
    uint32_t h = 0;
    for (; *name; name++) {
        h = (h << 4) + (unsigned char)*name;
        h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
    }
    return h;
}

static uint32_t gnu_hash(const char* name) {
    uint32_t h = 5381;
    for (; *name; name++) h = h * 33 + (unsigned char)*name;
    return h;
}

static uint32_t by_sysv(const char* name) {
    const uint32_t *buckets = sysv + 2, *chain = buckets + sysv[0];
    for (uint32_t i = buckets[sysv_hash(name) % sysv[0]]; i != 0; i = chain[i]) {
        if (strcmp(strings + symbols[i].st_name, name) == 0) return i;
    }
    return 0;
}

static uint32_t by_gnu(const char* name) {
    uint32_t count = gnu[0], first = gnu[1], words = gnu[2], shift = gnu[3], h = gnu_hash(name);
    const uint64_t* bloom = (const void*)(gnu + 4);
    uint64_t bits = bloom[h / 64 % words];
    if ((bits >> h % 64 & bits >> (h >> shift) % 64 & 1) == 0) return 0;
    const uint32_t *buckets = (const void*)(bloom + words), *chain = buckets + count;
    for (uint32_t i = buckets[h % count];; i++) {
        uint32_t value = chain[i - first];
        if ((value | 1) == (h | 1) && strcmp(strings + symbols[i].st_name, name) == 0) return i;
        if (value & 1) return 0;
    }
}

static void* function(const char* name) {
    if (image == NULL) read_object();
    uint32_t i = by_gnu(name);
    CHECK(i != 0 && by_sysv(name) == i && versions[i] == 2);
    CHECK(ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC);
    return (void*)(image + symbols[i].st_value);
}

typedef int clock_function(clockid_t, struct timespec*);
typedef int day_function(struct timeval*, struct timezone*);
typedef ssize_t random_function(void*, size_t, unsigned, void*, size_t);

CASE(object) {
    void* gettime = function("__kernel_clock_gettime");
    CHECK(strcmp(soname, "linux-vdso.so.1") == 0);
    CHECK((uintptr_t)gettime % 4 == 0);
    CHECK(by_gnu("__kernel_nothing") == 0 && by_sysv("__kernel_nothing") == 0);
    CHECK((uintptr_t)image % (uintptr_t)sysconf(_SC_PAGESIZE) == 0);
}

static int64_t ns(const struct timespec* t) { return t->tv_sec * 1000000000 + t->tv_nsec; }

CASE(clocks) {
    clock_function* gettime = function("__kernel_clock_gettime");
    clock_function* getres = function("__kernel_clock_getres");
    for (clockid_t id = -8; id < 16; id++) {
        for (int n = 0; n < 100; n++) {
            struct timespec before, at, after;
            int wanted = (int)syscall(SYS_clock_gettime, id, &before) == 0 ? 0 : -errno;
            CHECK_EQ(gettime(id, &at), wanted);
            CHECK_EQ((int)syscall(SYS_clock_gettime, id, &after), wanted == 0 ? 0 : -1);
            if (wanted != 0) break;
            CHECK(ns(&before) <= ns(&at) && ns(&at) <= ns(&after) && at.tv_nsec < 1000000000);
        }
        struct timespec wanted = {-1, -1}, got = {-1, -1};
        int result = (int)syscall(SYS_clock_getres, id, &wanted) == 0 ? 0 : -errno;
        CHECK_EQ(getres(id, &got), result);
        CHECK_EQ(ns(&got), ns(&wanted));
        CHECK_EQ(getres(id, NULL), result);
    }
}

CASE(day) {
    day_function* gettimeofday_ = function("__kernel_gettimeofday");
    struct timeval at;
    struct timespec before, after;
    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &before) == 0);
    CHECK_EQ(gettimeofday_(&at, NULL), 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &after) == 0);
    int64_t us = at.tv_sec * 1000000 + at.tv_usec;
    CHECK(ns(&before) / 1000 <= us && us <= ns(&after) / 1000 && at.tv_usec < 1000000);
    struct timezone zone = {77, 77}, wanted = {78, 78};
    CHECK_EQ(gettimeofday_(NULL, NULL), 0);
    CHECK_EQ(gettimeofday_(&at, &zone), 0);
    CHECK(syscall(SYS_gettimeofday, NULL, &wanted) == 0);
    CHECK(zone.tz_minuteswest == wanted.tz_minuteswest && zone.tz_dsttime == wanted.tz_dsttime);
}

// A vDSO stores to where it is told; only where it makes the system call is there an EFAULT.
CASE(bad_addresses) {
    clock_function* gettime = function("__kernel_clock_gettime");
    install(SIGSEGV, keep_and_jump, 0);
    struct timespec* bad = (void*)16;
    if (sigsetjmp(back, 1) == 0) {
        gettime(CLOCK_MONOTONIC, bad);
        CHECK(0);
    }
    CHECK(hits == 1 && seen.si_addr == bad && seen.si_code == SEGV_MAPERR);
    uint64_t pc = seen_context.uc_mcontext.pc;
    CHECK(pc - (uintptr_t)gettime < 64);
    CHECK_EQ(gettime(CLOCK_THREAD_CPUTIME_ID, bad), -EFAULT);
    CHECK_EQ(hits, 1);
}

static random_function* getrandom_;
static char opaque[4096];
static struct {
    uint32_t size, prot, flags, reserved[13];
} parameters;

static void random_setup(void) {
    getrandom_ = function("__kernel_getrandom");
    memset(&parameters, 0xff, sizeof parameters);
    CHECK_EQ(getrandom_(NULL, 0, 0, &parameters, ~(size_t)0), 0);
    CHECK(parameters.size > 0 && parameters.size <= sizeof opaque);
    CHECK(parameters.prot == (PROT_READ | PROT_WRITE) && parameters.reserved[12] == 0);
    void* at = mmap(NULL, 4096, (int)parameters.prot, (int)parameters.flags, -1, 0);
    CHECK(at != MAP_FAILED);
}

CASE(random) {
    random_setup();
    unsigned char bytes[1200], seen_bits = 0, missing = 0xff;
    for (size_t length = 0; length <= 1024; length += length < 40 ? 1 : 123) {
        memset(bytes, 0, sizeof bytes);
        CHECK_EQ(getrandom_(bytes + 8, length, 1, opaque, parameters.size), length);
        for (size_t n = 0; n < length; n++) {
            seen_bits |= bytes[n + 8];
            missing &= bytes[n + 8];
        }
        for (size_t n = 0; n < 8; n++) CHECK(bytes[n] == 0 && bytes[length + 8 + n] == 0);
    }
    CHECK(seen_bits == 0xff && missing == 0);
    CHECK_EQ(getrandom_(bytes, 8, 8, opaque, parameters.size), -EINVAL);
    CHECK_EQ(getrandom_(bytes, 8, 2, opaque, parameters.size), 8);
    CHECK_EQ(getrandom_((void*)16, 512, 0, opaque, parameters.size), -EFAULT);
}

// A child and its parent, and the threads of a process, never get the same bytes.
static void* draw(void* to) {
    CHECK_EQ(getrandom_(to, 16, 0, opaque, parameters.size), 16);
    return NULL;
}

CASE(random_after_fork) {
    random_setup();
    char (*drawn)[16] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(drawn != MAP_FAILED);
    draw(drawn[0]);
    pid_t pid = fork();
    draw(drawn[pid == 0 ? 1 : 2]);
    if (pid == 0) _exit(0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, draw, drawn[3]) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < a; b++) CHECK(memcmp(drawn[a], drawn[b], 16) != 0);
    }
}

static void compare_clocks(void) {
    clock_function* gettime = function("__kernel_clock_gettime");
    struct timespec before, at, after;
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &before) == 0);
    CHECK_EQ(gettime(CLOCK_MONOTONIC, &at), 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &after) == 0);
    CHECK(ns(&before) <= ns(&at) && ns(&at) <= ns(&after));
}

static void* compare_clocks_in_thread(void* argument) {
    compare_clocks();
    return argument;
}

static int compare_clocks_in_process(void* argument) {
    compare_clocks();
    return argument == NULL ? 7 : 1;
}

// Threads, processes of each kind, and a namespace whose clock is another (with the privilege).
CASE(everywhere) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, compare_clocks_in_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    static char stack[65536] __attribute__((aligned(16)));
    const int kinds[] = {SIGCHLD, CLONE_VM | SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD};
    for (size_t n = 0; n < sizeof kinds / sizeof kinds[0]; n++) {
        pid_t pid = clone(compare_clocks_in_process, stack + sizeof stack, kinds[n], NULL);
        int status;
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(status, 7 << 8);
    }
    if (unshare(0x80 /* CLONE_NEWTIME */) != 0) return;
    int fd = open("/proc/self/timens_offsets", O_WRONLY);
    CHECK(fd >= 0);
    const char text[] = "monotonic 86400 0\nboottime 86400 0\n";
    CHECK_EQ(write(fd, text, sizeof text - 1), sizeof text - 1);
    struct timespec here, there;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &here) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        compare_clocks();
        CHECK(clock_gettime(CLOCK_MONOTONIC, &there) == 0);
        _exit(there.tv_sec - here.tv_sec >= 86400 ? 7 : 1);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 7 << 8);
}

CASE(maps) {
    function("__kernel_clock_gettime");
    FILE* maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    char line[256], rights[5], name[64];
    int found = 0;
    unsigned long begin, end, vvar_end = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        name[0] = 0;
        CHECK(sscanf(line, "%lx-%lx %4s %*s %*s %*s %63s", &begin, &end, rights, name) >= 3);
        if (strcmp(name, "[vvar]") == 0) {
            CHECK(strcmp(rights, "r--p") == 0);
            vvar_end = end;
        } else if (strcmp(name, "[vdso]") == 0) {
            CHECK(strcmp(rights, "r-xp") == 0 && begin == (uintptr_t)image && vvar_end == begin);
            found++;
        }
    }
    CHECK_EQ(found, 1);
}

// --- signals return by it -----------------------------------------------------------------------

static uintptr_t returns_to;

static void where_to(int number) {
    (void)number;
    returns_to = (uintptr_t)__builtin_return_address(0);
    hits++;
}

// glibc's and musl's sigaction() give no restorer on AArch64, and the kernel its own.
CASE(returns_by_it) {
    void* wanted = function("__kernel_rt_sigreturn");
    signal(SIGUSR1, where_to);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(hits == 1 && returns_to == (uintptr_t)wanted);
    CHECK_EQ(((uint32_t*)wanted)[-1], 0xd503201f);  // a NOP, for unwinders that look one back
    CHECK_EQ(((uint32_t*)wanted)[0], 0xd2801168);
    CHECK_EQ(((uint32_t*)wanted)[1], 0xd4000001);
}

// Checkpoint and restore moves it; the kernel knows where it is then.
CASE(moves) {
    char* from = function("__kernel_rt_sigreturn");
    clock_function* gettime = function("__kernel_clock_gettime");
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char* room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(room != MAP_FAILED);
    intptr_t distance = room - image;
    CHECK(mremap((void*)image, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, room) == room);
    signal(SIGUSR1, where_to);
    CHECK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1) == 0);
    CHECK(hits == 1 && returns_to == (uintptr_t)(from + distance));
    struct timespec before, at, after;
    gettime = (clock_function*)((char*)gettime + distance);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &before) == 0);
    CHECK_EQ(gettime(CLOCK_MONOTONIC, &at), 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &after) == 0);
    CHECK(ns(&before) <= ns(&at) && ns(&at) <= ns(&after));
}

// A copy of the code elsewhere makes the system call.
CASE(copied) {
    char* from = function("__kernel_clock_gettime");
    char* room = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(room != MAP_FAILED);
    memcpy(room, from, 128);
    CHECK(mprotect(room, 4096, PROT_READ | PROT_EXEC) == 0);
    __builtin___clear_cache(room, room + 128);
    struct timespec before, at, after;
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &before) == 0);
    CHECK_EQ(((clock_function*)room)(CLOCK_MONOTONIC, &at), 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &after) == 0);
    CHECK(ns(&before) <= ns(&at) && ns(&at) <= ns(&after));
    CHECK_EQ(((clock_function*)room)(CLOCK_MONOTONIC, (void*)16), -EFAULT);
}

static int frames;
static _Unwind_Ptr functions[64];

static _Unwind_Reason_Code note(struct _Unwind_Context* context, void* argument) {
    (void)argument;
    int before = 0;
    _Unwind_Ptr ip = _Unwind_GetIPInfo(context, &before);
    void* enclosing = _Unwind_FindEnclosingFunction((void*)(before ? ip : ip - 1));
    if (frames < 64) functions[frames++] = (_Unwind_Ptr)enclosing;
    return _URC_NO_REASON;
}

static void unwind(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    frames = 0;
    CHECK_EQ(_Unwind_Backtrace(note, NULL), _URC_END_OF_STACK);
    if (number == SIGSEGV) ((ucontext_t*)context)->uc_mcontext.pc += 4;
}

static int went_through(void* f) {
    for (int n = 0; n < frames; n++) {
        if (functions[n] == (_Unwind_Ptr)f) return 1;
    }
    return 0;
}

__attribute__((noinline)) static void faults(volatile int* p) {
    __asm__ volatile("ldr w0, [%0]" : : "r"(p) : "x0", "memory");
}
__attribute__((noinline)) static void calls_faults(void) {
    faults((volatile int*)16);
    __asm__ volatile("");
}
__attribute__((noinline)) static void raises(void) {
    CHECK(raise(SIGUSR1) == 0);
    __asm__ volatile("");
}

CASE(unwinding) {
    install(SIGSEGV, unwind, 0);
    calls_faults();
    CHECK_EQ(hits, 1);
    CHECK(went_through(faults) && went_through(calls_faults) && went_through(case_unwinding));
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    CHECK(sigaltstack(&alternate, NULL) == 0);
    install(SIGUSR1, unwind, SA_ONSTACK);
    raises();
    CHECK_EQ(hits, 2);
    CHECK(went_through(raises) && went_through(case_unwinding));
}

// From inside its own functions, which have no frame.
CASE(unwinding_from_it) {
    clock_function* gettime = function("__kernel_clock_gettime");
    install(SIGSEGV, unwind, 0);
    gettime(CLOCK_MONOTONIC, (void*)16);  // the store is passed over
    CHECK_EQ(hits, 1);
    CHECK(went_through(gettime) && went_through(case_unwinding_from_it));
}
