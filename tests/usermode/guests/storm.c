// Threads that make threads and processes in every way at once, and signals meanwhile:
// ./storm SECONDS. "done" at the end; it must neither hang nor fail.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;
static time_t end;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counted;
static atomic_int signals;

static void fail(const char* what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    _exit(1);
}
static void finish(pid_t pid, int wanted, const char* what) {
    int status;
    if (pid < 0) fail(what);
    while (waitpid(pid, &status, __WALL) != pid) {
        if (errno != EINTR) fail(what);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted) {
        fprintf(stderr, "%s: status 0x%x\n", what, status);
        _exit(1);
    }
}
static void on_signal(int number) {
    (void)number;
    signals++;
}
static void* short_life(void* argument) {
    pthread_mutex_lock(&mutex);
    counted++;
    pthread_mutex_unlock(&mutex);
    return argument;
}
static int in_same_memory(void* argument) { return *(int*)argument; }

static void* make(void* argument) {
    uint64_t seed = (uintptr_t)argument * 0x9e3779b97f4a7c15u;
    char* stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) fail("mmap");
    char* argv[] = {"storm", "--leave", NULL};
    int value = 21;
    while (time(NULL) < end) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        pthread_t thread;
        pid_t pid;
        switch (seed >> 33 & 7) {
            case 0:
                pid = fork();
                if (pid == 0) _exit(3);
                finish(pid, 3, "fork");
                break;
            case 1:
                if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) != 0) fail("spawn");
                finish(pid, 7, "spawn");
                break;
            case 2:
                pid = clone(in_same_memory, stack + 65536, CLONE_VM | SIGCHLD, &value);
                finish(pid, value, "clone");
                break;
            case 3:
                pid = clone(in_same_memory, stack + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD, &value);
                finish(pid, value, "vfork");
                break;
            default:
                if (pthread_create(&thread, NULL, short_life, NULL) != 0) fail("pthread_create");
                if (pthread_join(thread, NULL) != 0) fail("pthread_join");
                kill(getpid(), SIGUSR1);
        }
    }
    return NULL;
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "--leave") == 0) return 7;
    if (argc != 2) return 2;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    end = time(NULL) + atoi(argv[1]);
    pthread_t makers[8];
    for (uintptr_t i = 0; i < 8; i++) {
        if (pthread_create(&makers[i], NULL, make, (void*)(i + 1)) != 0) fail("pthread_create");
    }
    for (int i = 0; i < 8; i++) pthread_join(makers[i], NULL);
    if (signals == 0 || counted == 0) return 3;
    puts("done");
    return 0;
}
