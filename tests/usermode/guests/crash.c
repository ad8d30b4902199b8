// Dies in the way that argv[1] says, with threads in known states and memory to be found in a core.
// What follows are settings: `undumpable`, `nodump` (some memory), `threads`, `filter=HEX`.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

volatile long counter;
const char* volatile text;  // on the heap
char* volatile secret;      // not to be dumped
char* volatile shared;
char* volatile mapped;  // of this file, privately
volatile char* untouched;

static void* spin(void* argument) {
    __asm__ volatile("fmov d8, #1.25" : : : "d8");
    for (;;) counter++;
    return argument;
}

static void* sleep_for_ever(void* argument) {
    pause();
    return argument;
}

__attribute__((noinline)) static void inner(const char* how) {
    if (strcmp(how, "segv") == 0) *(volatile int*)16 = 1;
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "trap") == 0) __builtin_trap();
    if (strcmp(how, "vfork") == 0) {
        pid_t pid = (pid_t)syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) kill(getpid(), SIGQUIT);
        int status;
        waitpid(pid, &status, 0);
        printf("%d\n", WTERMSIG(status));
        exit(0);
    }
    kill(getpid(), atoi(how));
    for (;;) pause();
}

__attribute__((noinline)) static void outer(const char* how) {
    inner(how);
    puts("alive");
}

static void set(const char* what) {
    const char* filter = "filter=";
    if (strcmp(what, "undumpable") == 0) prctl(PR_SET_DUMPABLE, 0);
    if (strcmp(what, "nodump") == 0) madvise(secret, 4096, MADV_DONTDUMP);
    if (strcmp(what, "threads") == 0) {
        pthread_t id;
        pthread_create(&id, NULL, spin, NULL);
        pthread_create(&id, NULL, sleep_for_ever, NULL);
        while (counter < 1000) usleep(1000);
        usleep(20000);
    }
    if (strncmp(what, filter, strlen(filter)) == 0) {
        int fd = open("/proc/self/coredump_filter", O_WRONLY);
        const char* value = what + strlen(filter);
        if (write(fd, value, strlen(value)) < 0) _exit(3);
        close(fd);
    }
}

static char* map(int prot, int flags, int fd) {
    char* at = mmap(NULL, 4096, prot, flags, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

int main(int argc, char** argv) {
    const int rw = PROT_READ | PROT_WRITE;
    text = strdup("on the heap");
    secret = map(rw, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    shared = map(rw, MAP_SHARED | MAP_ANONYMOUS, -1);
    mapped = map(PROT_READ, MAP_PRIVATE, open(argv[0], O_RDONLY));
    untouched = mmap(NULL, 256 << 20, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    strcpy(secret, "a secret");
    strcpy(shared, "shared");
    mprotect(secret, 4096, PROT_NONE);  // a dump has it all the same
    untouched[200 << 20] = 7;
    for (int i = 2; i < argc; i++) set(argv[i]);
    printf("%p %p %p %p %p\n", (void*)text, (void*)secret, (void*)shared, (void*)mapped,
           (void*)(untouched + (200 << 20)));
    fflush(stdout);
    outer(argv[1]);
    return 0;
}
