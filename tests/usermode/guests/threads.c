// Threads as a C library makes them: creation, synchronisation, per-thread state, ends.
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { kThreads = 8 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;
static atomic_long atomic_counter;

static void start(pthread_t* thread, void* (*function)(void*), void* argument) {
    CHECK_EQ(pthread_create(thread, NULL, function, argument), 0);
}

static void* add_locked(void* argument) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        atomic_fetch_add(&atomic_counter, 3);
    }
    return argument;
}
CASE(create_join_mutex) {
    pthread_t threads[kThreads];
    for (long i = 0; i < kThreads; i++) start(&threads[i], add_locked, (void*)(i * 7));
    for (long i = 0; i < kThreads; i++) {
        void* result;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_EQ((long)result, i * 7);
    }
    CHECK_EQ(counter, kThreads * 2000);
    CHECK_EQ(atomic_counter, kThreads * 2000 * 3);
}

// Load-exclusive and store-exclusive loops, whatever the C library uses.
static uint64_t exclusive_counter;
static void* add_exclusive(void* argument) {
    for (int i = 0; i < 5000; i++) {
        uint64_t value;
        uint32_t failed;
        do {
            __asm__ volatile("ldaxr %0, %2\nadd %0, %0, #1\nstlxr %w1, %0, %2"
                             : "=&r"(value), "=&r"(failed), "+Q"(exclusive_counter)
                             :
                             : "memory");
        } while (failed != 0);
    }
    return argument;
}
CASE(exclusives) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) start(&threads[i], add_exclusive, NULL);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(exclusive_counter, 4 * 5000);
}

static int turn;
static void* take_turns(void* argument) {
    int me = (int)(long)argument;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me) pthread_cond_wait(&cond, &mutex);
        turn = 1 - me;
        pthread_cond_signal(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}
CASE(condition) {
    pthread_t threads[2];
    for (long i = 0; i < 2; i++) start(&threads[i], take_turns, (void*)i);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(turn, 0);
}

CASE(condition_times_out) {
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_nsec += 30000000;
    if (when.tv_nsec >= 1000000000) when.tv_sec++, when.tv_nsec -= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK_EQ(pthread_cond_timedwait(&cond, &mutex, &when), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static pthread_barrier_t barrier;
static sem_t semaphore;
static void* meet(void* argument) {
    atomic_fetch_add(&atomic_counter, 1);
    pthread_barrier_wait(&barrier);
    CHECK_EQ(atomic_load(&atomic_counter), kThreads);
    sem_post(&semaphore);
    return argument;
}
CASE(barrier_and_semaphore) {
    pthread_t threads[kThreads];
    pthread_barrier_init(&barrier, NULL, kThreads);
    sem_init(&semaphore, 0, 0);
    for (int i = 0; i < kThreads; i++) start(&threads[i], meet, NULL);
    for (int i = 0; i < kThreads; i++) sem_wait(&semaphore);
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
}

static _Thread_local int own = 5;
static void* use_own(void* argument) {
    CHECK_EQ(own, 5);
    own = (int)(long)argument;
    sched_yield();
    CHECK_EQ(own, (long)argument);
    return &own;
}
CASE(thread_local_storage) {
    pthread_t threads[kThreads];
    void* places[kThreads];
    own = 1000;
    for (long i = 0; i < kThreads; i++) start(&threads[i], use_own, (void*)i);
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], &places[i]);
    CHECK_EQ(own, 1000);
}

// A thread knows its own id from the first instruction on: error-checking mutexes rely on it.
static void* lock_twice(void* argument) {
    pthread_mutex_t* checked = argument;
    CHECK_EQ(pthread_mutex_lock(checked), 0);
    CHECK_EQ(pthread_mutex_lock(checked), EDEADLK);
    CHECK_EQ(pthread_mutex_unlock(checked), 0);
    return NULL;
}
CASE(knows_its_id) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    for (int i = 0; i < 200; i++) {
        pthread_mutex_t checked;
        pthread_mutex_init(&checked, &attributes);
        pthread_t thread;
        start(&thread, lock_twice, &checked);
        pthread_join(thread, NULL);
    }
}

static void* note_ids(void* argument) {
    long* ids = argument;
    ids[0] = getpid();
    ids[1] = syscall(SYS_gettid);
    return NULL;
}
CASE(ids) {
    pthread_t thread;
    long ids[2];
    start(&thread, note_ids, ids);
    pthread_join(thread, NULL);
    CHECK_EQ(ids[0], getpid());
    CHECK(ids[1] != getpid());
    CHECK_EQ(syscall(SYS_gettid), getpid());
}

CASE(many_in_a_row) {
    for (int i = 0; i < 500; i++) {
        pthread_t thread;
        long ids[2];
        start(&thread, note_ids, ids);
        pthread_join(thread, NULL);
    }
}

static void* wait_for_barrier(void* argument) {
    pthread_barrier_wait(&barrier);
    return argument;
}
CASE(many_at_once) {
    enum { kMany = 100 };
    static pthread_t threads[kMany];
    pthread_barrier_init(&barrier, NULL, kMany);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    for (int i = 0; i < kMany; i++) {
        CHECK_EQ(pthread_create(&threads[i], &attributes, wait_for_barrier, NULL), 0);
    }
    for (int i = 0; i < kMany; i++) pthread_join(threads[i], NULL);
}

static void* post(void* argument) {
    sem_post(&semaphore);
    return argument;
}
CASE(detached) {
    sem_init(&semaphore, 0, 0);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        start(&thread, post, NULL);
        pthread_detach(thread);
    }
    for (int i = 0; i < 20; i++) sem_wait(&semaphore);
}

static void* sleep_long(void* argument) {
    sem_post(&semaphore);
    sleep(600);
    return argument;
}
static void* spin(void* argument) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&semaphore);
    for (volatile long i = 0;; i++) {
    }
    return argument;
}
CASE(cancel) {
    void* (*functions[])(void*) = {sleep_long, spin};
    for (int i = 0; i < 2; i++) {
        sem_init(&semaphore, 0, 0);
        pthread_t thread;
        start(&thread, functions[i], NULL);
        sem_wait(&semaphore);
        CHECK_EQ(pthread_cancel(thread), 0);
        void* result;
        CHECK_EQ(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
    }
}

static volatile pthread_t signalled;
static atomic_int signals;
static void note_thread(int number) {
    (void)number;
    signalled = pthread_self();
    signals++;
}
static atomic_int stop;
static void* compute(void* argument) {
    sem_post(&semaphore);
    while (!stop) {
    }
    return argument;
}
CASE(signal_to_thread) {
    signal(SIGUSR1, note_thread);
    sem_init(&semaphore, 0, 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) start(&threads[i], compute, NULL);
    for (int i = 0; i < 3; i++) sem_wait(&semaphore);
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(pthread_kill(threads[i % 3], SIGUSR1), 0);
        while (signals == i) sched_yield();
        CHECK(pthread_equal(signalled, threads[i % 3]));
    }
    stop = 1;
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
}

static sigjmp_buf back;
static void jump(int number) {
    (void)number;
    siglongjmp(back, 1);
}
static void* fault_inside(void* argument) {
    if (sigsetjmp(back, 1) == 0) *(volatile int*)8 = 1;
    return argument;
}
CASE(fault_in_thread) {
    signal(SIGSEGV, jump);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        start(&thread, fault_inside, NULL);
        pthread_join(thread, NULL);
    }
}

static void* exit_group_in_thread(void* argument) {
    (void)argument;
    puts("ok");
    fflush(stdout);
    exit(0);
}
CASE(exit_while_main_waits) {
    pthread_t thread;
    start(&thread, exit_group_in_thread, NULL);
    char byte;
    int fds[2];
    CHECK(pipe(fds) == 0);
    if (read(fds[0], &byte, 1) < 0) _exit(3);
    _exit(4);
}

static void* outlive(void* argument) {
    usleep(50000);
    puts("ok");
    fflush(stdout);
    return argument;
}
CASE(main_exits_first) {
    pthread_t thread;
    start(&thread, outlive, NULL);
    pthread_exit(NULL);
}

// The status of a process whose threads all call exit(2) is that of its first thread.
static void* exit_raw(void* argument) {
    usleep(30000);
    syscall(SYS_exit, 9);
    return argument;
}
CASE(status_of_first_thread) {
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        start(&thread, exit_raw, NULL);
        syscall(SYS_exit, 21);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 21);
}

// A signal for the process goes to a thread that is alive.
static void* take_signal(void* argument) {
    usleep(50000);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 1000 && signals == 0; i++) usleep(1000);
    if (signals == 1) puts("ok");
    fflush(stdout);
    return argument;
}
CASE(signal_after_main_exited) {
    signal(SIGUSR1, note_thread);
    pthread_t thread;
    start(&thread, take_signal, NULL);
    pthread_exit(NULL);
}

static void* fork_inside(void* argument) {
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        long ids[2];
        start(&thread, note_ids, ids);
        pthread_join(thread, NULL);
        exit(ids[0] == getpid() && syscall(SYS_gettid) == getpid() ? 44 : 1);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 44);
    return argument;
}
CASE(fork_from_thread) {
    pthread_t threads[3], busy;
    start(&busy, compute, NULL);
    for (int i = 0; i < 3; i++) start(&threads[i], fork_inside, NULL);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    stop = 1;
    pthread_join(busy, NULL);
}

CASE(bad_clone_flags) {
    CHECK_FAILS(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0), EINVAL);
    CHECK_FAILS(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), EINVAL);
    CHECK_FAILS(syscall(SYS_clone3, NULL, 0), EINVAL);
}
