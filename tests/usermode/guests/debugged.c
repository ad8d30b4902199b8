// What GDB looks at (test_gdb.py): each line that is stopped at has a mark.
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile int counter;
volatile int64_t watched[4];
double ratio = 1.5;

static int leaf(int a) {
    int doubled = a * 2;  // MARK leaf
    return doubled;
}

static int middle(int a) {
    int result = leaf(a + 1);
    return result + 1;  // MARK after-leaf
}

static double scale(double by) {
    ratio *= by;
    return ratio;  // MARK scaled
}

static void on_signal(int number) {
    counter += number;  // MARK handler
}

static pthread_barrier_t barrier;

static void* worker(void* argument) {
    intptr_t n = (intptr_t)argument;
    pthread_barrier_wait(&barrier);
    watched[n] = n + 10;  // MARK worker
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void threads(void) {
    pthread_t ids[2];
    pthread_barrier_init(&barrier, NULL, 3);
    for (intptr_t n = 0; n < 2; n++) pthread_create(&ids[n], NULL, worker, (void*)n);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int n = 0; n < 2; n++) pthread_join(ids[n], NULL);
    printf("threads %d %d\n", (int)watched[0], (int)watched[1]);  // MARK joined
}

static void memory(void) {
    char text[16];
    memset((void*)watched, 0, sizeof watched);
    for (int n = 0; n < 4; n++) {
        watched[n] = n * 3;  // MARK filling
    }
    memcpy(text, (const void*)watched, sizeof text);  // reads watched[0] and [1]
    __atomic_fetch_add(&watched[2], 1, __ATOMIC_SEQ_CST);
    printf("memory %d %d\n", (int)watched[3], text[8]);
}

static void signals(void) {
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    printf("signals %d\n", counter);
    fflush(stdout);
    *(volatile int*)16 = 1;  // MARK fault
}

static void deadly(void) {
    raise(SIGTERM);
    puts("survived");
}

static void calls(void) {
    struct timespec short_time = {0, 1000000};
    nanosleep(&short_time, NULL);
    printf("calls %d\n", getppid() > 0);
}

static void sleeps(void) {
    struct timespec long_time = {100, 0};
    nanosleep(&long_time, NULL);
}

static void naps(void) {
    struct timespec time = {4, 0};
    int result = nanosleep(&time, NULL);
    printf("napped %d\n", result);
}

static void spins(void) {
    while (counter == 0) {
    }
    printf("spun %d\n", counter);
}

static void forks(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        counter = leaf(20);  // MARK child
        _exit(counter);
    }
    int status;
    waitpid(child, &status, 0);
    printf("forks %d\n", WEXITSTATUS(status));  // MARK parent
}

static void vforks(char* self) {
    fflush(stdout);
    pid_t child = vfork();
    if (child == 0) {
        execl(self, self, "values", NULL);
        _exit(99);
    }
    int status;
    waitpid(child, &status, 0);
    printf("vforks %d\n", WEXITSTATUS(status));  // MARK parent-of-vfork
}

static void values(void) {
    counter = middle(20);
    printf("values %d %g\n", counter, scale(2.0));
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "values";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "values") == 0) values();  // MARK main
    if (strcmp(what, "threads") == 0) threads();
    if (strcmp(what, "memory") == 0) memory();
    if (strcmp(what, "signals") == 0) signals();
    if (strcmp(what, "deadly") == 0) deadly();
    if (strcmp(what, "calls") == 0) calls();
    if (strcmp(what, "sleeps") == 0) sleeps();
    if (strcmp(what, "naps") == 0) naps();
    if (strcmp(what, "spins") == 0) spins();
    if (strcmp(what, "forks") == 0) forks();
    if (strcmp(what, "vforks") == 0) vforks(argv[0]);
    if (strcmp(what, "execs") == 0) execl(argv[0], argv[0], "values", NULL);
    return 7;
}
