// 200 threads on one mutex, on one condition, and on one lock of a robust, process-shared kind:
// ./crowd SECONDS. Counts must come out exact; "done" at the end, on the host's kernel too.
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 200 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long counted, robustly, turn;  // under their mutexes
static atomic_long wanted, wanted_robustly;
static atomic_int over;
static int inside;  // of the mutex: never more than one

static void must(int error, const char* what) {
    if (error == 0) return;
    fprintf(stderr, "%s: %s\n", what, strerror(error));
    _exit(1);
}

static void count(void) {
    must(pthread_mutex_lock(&mutex), "lock");
    if (inside++ != 0) must(EDEADLK, "two in the mutex");
    counted++;
    inside--;
    must(pthread_mutex_unlock(&mutex), "unlock");
    wanted++;
}

static void count_robustly(void) {
    must(pthread_mutex_lock(&robust), "robust lock");
    robustly++;
    must(pthread_mutex_unlock(&robust), "robust unlock");
    wanted_robustly++;
}

// Every eighth thread waits for its turn, passes it on and wakes them all.
static void take_turn(long mine) {
    must(pthread_mutex_lock(&mutex), "lock");
    while (!over && turn % (kThreads / 8) != mine) {
        must(pthread_cond_wait(&turned, &mutex), "wait");
    }
    turn++;
    must(pthread_cond_broadcast(&turned), "broadcast");
    must(pthread_mutex_unlock(&mutex), "unlock");
}

static void* member(void* argument) {
    long number = (intptr_t)argument;
    while (!over) {
        if (number % 8 == 0) {
            take_turn(number / 8);
        } else if (number % 8 == 1) {
            count_robustly();
        } else {
            count();
        }
    }
    return NULL;
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    must(pthread_mutex_init(&robust, &kind), "init");
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    pthread_t threads[kThreads];
    for (intptr_t i = 0; i < kThreads; i++) {
        must(pthread_create(&threads[i], &small, member, (void*)i), "create");
    }
    sleep((unsigned)atoi(argv[1]));
    must(pthread_mutex_lock(&mutex), "lock");
    over = 1;
    must(pthread_cond_broadcast(&turned), "broadcast");
    must(pthread_mutex_unlock(&mutex), "unlock");
    for (int i = 0; i < kThreads; i++) must(pthread_join(threads[i], NULL), "join");
    if (counted != wanted || robustly != wanted_robustly) must(ERANGE, "lost counts");
    if (counted == 0 || robustly == 0 || turn == 0) must(ERANGE, "nothing counted");
    puts("done");
    return 0;
}
