/* Several stacks: coroutines with makecontext and swapcontext. A return may go anywhere. */
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "check.h"

enum { TASKS = 5, STACK = 256 * 1024 };

static ucontext_t scheduler;
static ucontext_t contexts[TASKS];
static int done[TASKS];
static int current;
static uint64_t trace = HASH_START;
static int produced;

static void yield_now(void) { swapcontext(&contexts[current], &scheduler); }

static unsigned walk(unsigned depth, unsigned id) {
    trace = hash_number(trace, depth << 8 | id);
    if (depth % (id + 2) == 0) {
        yield_now();
    }
    return depth == 0 ? id : walk(depth - 1, id) * 3 + walk(depth / 2, id);
}

static void task(int id) {
    double scale = id + 0.5;
    unsigned result = 0;
    for (int round = 0; round < 3; ++round) {
        result += walk(6 + (unsigned)id, (unsigned)id);
        yield_now();
    }
    printf("task %d: %u, scale %.1f\n", id, result, scale);
    done[id] = 1;
}

static ucontext_t producer;
static ucontext_t consumer;

static void produce(void) {
    for (int i = 0;; ++i) {
        produced = i * i;
        swapcontext(&producer, &consumer);
    }
}

int main(void) {
    for (int i = 0; i < TASKS; ++i) {
        getcontext(&contexts[i]);
        contexts[i].uc_stack.ss_sp = malloc(STACK);
        contexts[i].uc_stack.ss_size = STACK;
        contexts[i].uc_link = &scheduler;
        makecontext(&contexts[i], (void (*)(void))task, 1, i);
    }
    volatile int switches = 0;
    for (int left = TASKS; left > 0;) {
        left = 0;
        for (current = 0; current < TASKS; ++current) {
            if (!done[current]) {
                swapcontext(&scheduler, &contexts[current]);
                switches = switches + 1;
                left += !done[current];
            }
        }
    }
    printf("%d switches, trace %016llx\n", switches, (unsigned long long)trace);
    for (int i = 0; i < TASKS; ++i) {
        free(contexts[i].uc_stack.ss_sp);
    }
    getcontext(&producer);
    producer.uc_stack.ss_sp = malloc(STACK);
    producer.uc_stack.ss_size = STACK;
    makecontext(&producer, produce, 0);
    unsigned total = 0;
    for (int i = 0; i < 2000; ++i) {
        swapcontext(&consumer, &producer);
        total += (unsigned)produced;
    }
    printf("consumed %u\n", total);
    free(producer.uc_stack.ss_sp);
    return switches % 100;
}
