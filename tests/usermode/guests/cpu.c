// What a program can learn about the CPU: HWCAPs, ID registers, /proc/cpuinfo. One line a fact.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf g_back;
static void on_sigill(int number) { siglongjmp(g_back, number); }

static char* g_code;
static uint64_t run(uint32_t instruction) {
    const uint32_t words[] = {instruction, 0xd65f03c0};  // RET
    memcpy(g_code, words, sizeof words);
    __builtin___clear_cache(g_code, g_code + sizeof words);
    return ((uint64_t(*)(void))g_code)();
}

// MRS X0, S3_0_C0_C<crm>_<op2>
static void show_id_register(uint32_t crm, uint32_t op2) {
    if (sigsetjmp(g_back, 1) != 0) {
        printf("id %u %u SIGILL\n", crm, op2);
        return;
    }
    uint64_t value = run(0xd5380000 | crm << 8 | op2 << 5);
    printf("id %u %u 0x%lx\n", crm, op2, value);
}

static void show_file(const char* name) {
    char text[4096];
    ssize_t n;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (n = read(fd, text, sizeof text)) > 0) fwrite(text, 1, (size_t)n, stdout);
    close(fd);
}

int main(void) {
    signal(SIGILL, on_sigill);
    g_code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned long type = 0, known[] = {AT_HWCAP, AT_HWCAP2, 29, 30}; type < 4; type++) {
        printf("hwcap %lu 0x%lx\n", type, getauxval(known[type]));
    }
    printf("platform %s\n", (const char*)getauxval(AT_PLATFORM));
    for (uint32_t crm = 0; crm < 8; crm++) {
        for (uint32_t op2 = 0; op2 < 8; op2++) show_id_register(crm, op2);
    }
    uint64_t ctr, dczid, frequency, pmuserenr;
    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    __asm__("mrs %0, dczid_el0" : "=r"(dczid));
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    __asm__("mrs %0, pmuserenr_el0" : "=r"(pmuserenr));
    printf("pmuserenr %lu\n", pmuserenr);
    printf("ctr 0x%lx\ndczid 0x%lx\nfrequency %lu\n", ctr, dczid, frequency);
    for (int bit = PROT_EXEC << 1; bit <= 0x800; bit <<= 1) {
        char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int known = mprotect(page, 4096, PROT_READ | bit) == 0;
        printf("protect 0x%x %s\n", bit, known ? "yes" : errno == EINVAL ? "EINVAL" : "?");
        if (mprotect(page, 0, PROT_READ | bit) != 0) puts("an empty range is not looked at");
    }
    fflush(stdout);
    show_file("/proc/cpuinfo");
    // The same file by other ways; it cannot be written.
    char folder[] = "/tmp/pydbt-cpu-XXXXXX", link[64];
    snprintf(link, sizeof link, "%s/link", mkdtemp(folder));
    if (symlink("/proc/cpuinfo", link) != 0) puts("no link");
    struct {
        const char* where;
        const char* path;
    } ways[] = {
        {"/proc", "cpuinfo"}, {"/", "proc/./cpuinfo"}, {"/", "/proc/self/../cpuinfo"}, {folder, "link"}};
    for (size_t n = 0; n < sizeof ways / sizeof *ways; n++) {
        char text[10] = "";
        int where = open(ways[n].where, O_RDONLY | O_DIRECTORY);
        int fd = openat(where, ways[n].path, O_RDONLY);
        ssize_t got = pread(fd, text, 9, 0);
        printf("way %s %d\n", text, got == 9 && write(fd, "x", 1) < 0);
        close(fd);
        close(where);
    }
    unlink(link);
    rmdir(folder);
    return 0;
}
