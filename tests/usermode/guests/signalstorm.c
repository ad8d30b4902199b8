// Many threads that take many signals from many senders: ./signalstorm SECONDS. None may be lost
// nor come twice: every queued signal has a number of its own, and a fault signal is sent again
// only when the last one has been counted. "done" at the end, on the host's kernel too.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kWorkers = 6, kSenders = 3, kFaults = 4 };
static const int faults[kFaults] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

// Shared with the senders.
static struct shared {
    atomic_long sent[kSenders], came[kSenders];  // of SIGRTMIN + n
    atomic_long sent_sum[kSenders], came_sum[kSenders];
    atomic_long fault_sent[kFaults], fault_came[kFaults];      // to the process
    atomic_long thread_sent[kWorkers], thread_came[kWorkers];  // SIGTRAP + SIGUSR2 to a thread
    atomic_int ready;                                          // workers
    atomic_int go, stop, prodded;
}* shared;
static _Thread_local int self = -1;
static time_t end;

static void fail(const char* what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    _exit(1);
}
static void on_queued(int number, siginfo_t* info, void* context) {
    (void)context;
    int n = number - SIGRTMIN;
    shared->came[n]++;
    shared->came_sum[n] += info->si_value.sival_int;
}
static void on_fault(int number, siginfo_t* info, void* context) {
    (void)context;
    for (int n = 0; n < kFaults; n++) {
        if (faults[n] == number && info->si_code == SI_USER) shared->fault_came[n]++;
    }
    if (info->si_code == SI_TKILL) {
        if (self < 0) fail("a thread's signal in another thread");
        shared->thread_came[self]++;
    }
}
static void take(int number, void (*handler)(int, siginfo_t*, void*), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    if (number == SIGBUS || number == SIGRTMIN) sigfillset(&action.sa_mask);
    if (sigaction(number, &action, NULL) != 0) fail("sigaction");
}

static void* nothing(void* argument) { return argument; }
static void* work(void* argument) {
    self = (int)(intptr_t)argument;
    uint64_t seed = (unsigned)self * 0x9e3779b97f4a7c15u + 1;
    sigset_t all, none, some;
    sigfillset(&all);
    sigemptyset(&none);
    struct timespec little = {0, 200000};
    shared->ready++;
    while (!shared->prodded) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        pthread_t thread;
        memcpy(&some, &seed, sizeof seed);
        switch (seed >> 40 & 7) {
            case 0: pthread_sigmask(SIG_SETMASK, &all, NULL); break;
            case 1: pthread_sigmask(SIG_SETMASK, &some, NULL); break;
            case 2: pthread_sigmask(SIG_SETMASK, &none, NULL); break;
            case 3: ppoll(NULL, 0, &little, &none); break;
            case 4: ppoll(NULL, 0, &little, &all); break;
            case 5: nanosleep(&little, NULL); break;
            case 6:
                if (pthread_create(&thread, NULL, nothing, NULL) != 0) fail("pthread_create");
                if (pthread_join(thread, NULL) != 0) fail("pthread_join");
                break;
            default:
                for (volatile int k = 0; k < 20000; k++) {
                }
        }
    }
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    return NULL;
}
// Sends to the workers one by one; the next when the last has come.
static void* prod(void* argument) {
    pthread_t* workers = argument;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    while (!shared->stop) {
        for (int n = 0; n < kWorkers; n++) {
            if (shared->thread_sent[n] != shared->thread_came[n]) continue;
            shared->thread_sent[n] += 2;
            pthread_kill(workers[n], SIGUSR2);
            pthread_kill(workers[n], SIGTRAP);
        }
        usleep(50);
    }
    shared->prodded = 1;  // a worker that ends sooner takes what was sent to it along
    return NULL;
}

static void send_queued(pid_t to, int n) {
    for (int k = 1; !shared->stop; k++) {
        union sigval value = {.sival_int = k};
        while (sigqueue(to, SIGRTMIN + n, value) != 0) {
            if (errno != EAGAIN) fail("sigqueue");
            usleep(1000);
        }
        shared->sent[n]++;
        shared->sent_sum[n] += k;
        while (shared->sent[n] - shared->came[n] > 200 && !shared->stop) usleep(200);
    }
}
static void send_faults(pid_t to) {
    while (!shared->stop) {
        for (int n = 0; n < kFaults; n++) {
            if (shared->fault_sent[n] != shared->fault_came[n]) continue;
            shared->fault_sent[n]++;
            if (kill(to, faults[n]) != 0) fail("kill");
        }
        usleep(50);
    }
}

static int differs(const char* what, int n, long sent, long came) {
    if (sent != came) fprintf(stderr, "%s %d: %ld sent, %ld came\n", what, n, sent, came);
    return sent != came;
}
static int all_came(void) {
    for (int n = 0; n < kSenders; n++) {
        if (shared->sent[n] != shared->came[n]) return 0;
    }
    for (int n = 0; n < kFaults; n++) {
        if (shared->fault_sent[n] != shared->fault_came[n]) return 0;
    }
    return 1;
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) fail("mmap");
    for (int n = 0; n < kSenders; n++) take(SIGRTMIN + n, on_queued, n & 1 ? SA_RESTART : 0);
    for (int n = 0; n < kFaults; n++) take(faults[n], on_fault, n & 1 ? SA_RESTART : 0);
    take(SIGUSR2, on_fault, 0);
    take(SIGTRAP, on_fault, 0);
    pid_t me = getpid(), senders[kSenders + 1];
    for (int n = 0; n <= kSenders; n++) {
        senders[n] = fork();
        if (senders[n] < 0) fail("fork");
        if (senders[n] != 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // when this process fails
        if (getppid() != me) _exit(0);
        while (!shared->go) usleep(1000);
        if (n < kSenders) {
            send_queued(me, n);
        } else {
            send_faults(me);
        }
        _exit(0);
    }
    end = time(NULL) + atoi(argv[1]);
    pthread_t workers[kWorkers], prodder;
    for (intptr_t n = 0; n < kWorkers; n++) {
        if (pthread_create(&workers[n], NULL, work, (void*)n) != 0) fail("pthread_create");
    }
    while (shared->ready < kWorkers) usleep(1000);
    if (pthread_create(&prodder, NULL, prod, workers) != 0) fail("pthread_create");
    shared->go = 1;
    while (time(NULL) < end) usleep(10000);
    shared->stop = 1;
    pthread_join(prodder, NULL);
    for (int n = 0; n < kWorkers; n++) pthread_join(workers[n], NULL);
    for (int n = 0; n <= kSenders; n++) {
        while (waitpid(senders[n], NULL, 0) < 0) {
            if (errno != EINTR) fail("waitpid");
        }
    }
    for (int k = 0; k < 200 && !all_came(); k++) usleep(10000);
    int bad = 0;
    for (int n = 0; n < kSenders; n++) {
        bad |= differs("queued", n, shared->sent[n], shared->came[n]);
        bad |= differs("queued, sum,", n, shared->sent_sum[n], shared->came_sum[n]);
    }
    for (int n = 0; n < kFaults; n++) {
        bad |= differs("fault", n, shared->fault_sent[n], shared->fault_came[n]);
    }
    for (int n = 0; n < kWorkers; n++) {
        bad |= differs("to thread", n, shared->thread_sent[n], shared->thread_came[n]);
    }
    if (bad) return 1;
    if (shared->came[0] == 0 || shared->fault_came[0] == 0 || shared->thread_came[0] == 0) return 3;
    puts("done");
    return 0;
}
