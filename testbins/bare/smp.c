// Two CPUs: PSCI, atomics, order of memory, TLB maintenance that reaches the other, events.
#include "bare.h"

#define CPU_ON 0xc4000003ul
#define CPU_OFF 0x84000002ul
#define AFFINITY_INFO 0xc4000004ul
#define ROUNDS 20000ul

#define TCR (16ul | 16ul << 16 | 1ul << 8 | 1ul << 10 | 3ul << 12 | 1ul << 24 | 1ul << 26 | \
             3ul << 28 | 2ul << 30 | 5ul << 32)
#define PAGE_DESC (3ul | 1ul << 10 | 3ul << 8)
#define HIGH 0xffff000000000000ul

extern char _start[];

static u64 *low, *high;
static u8 data[2 * PAGE] __attribute__((aligned(4096)));

static volatile u64 stage, answer;
static volatile u64 counter, message, flag, wrong, seen;

static u64 load_acquire(volatile u64* at) {
    u64 v;
    asm volatile("ldar %0, [%1]" : "=r"(v) : "r"(at) : "memory");
    return v;
}
static void store_release(volatile u64* at, u64 v) {
    asm volatile("stlr %0, [%1]" ::"r"(v), "r"(at) : "memory");
}

static void add(volatile u64* at) {
    u64 v;
    u32 failed;
    do {
        asm volatile("ldaxr %0, [%2]\n\tadd %0, %0, #1\n\tstlxr %w1, %0, [%2]"
                     : "=&r"(v), "=&r"(failed)
                     : "r"(at)
                     : "memory");
    } while (failed);
}

// Both CPUs come to stage n before either goes on.
static void meet(u64 n) {
    add(&stage);
    while (load_acquire(&stage) < 2 * n) {
    }
}

static void count(void) {
    for (u64 n = 0; n < ROUNDS; n++) add(&counter);
}

// One writes a message, then a flag; the other must see the message with the flag.
static void send(void) {
    for (u64 n = 1; n <= ROUNDS; n++) {
        message = n;
        asm volatile("dmb ishst" ::: "memory");
        flag = n;
    }
}
static void receive(void) {
    u64 n = 0;
    while (n < ROUNDS) {
        n = flag;
        asm volatile("dmb ishld" ::: "memory");
        if (message < n) wrong++;
    }
}

// Store buffering: with a full barrier on both sides not both may see the old value.
static volatile u64 x, y, r0, r1;
static void store_buffering(unsigned cpu, u64 first_stage) {
    for (u64 n = 0; n < 500; n++) {
        meet(first_stage + 2 * n);
        if (cpu == 0) {
            x = n + 1;
            asm volatile("dmb ish" ::: "memory");
            r0 = y;
        } else {
            y = n + 1;
            asm volatile("dmb ish" ::: "memory");
            r1 = x;
        }
        meet(first_stage + 2 * n + 1);
        if (cpu == 0 && r0 <= n && r1 <= n) wrong++;
    }
}

// The second CPU reads a page that the first replaces: behind its DSB nobody reads the old one.
static void replace_pages(void) {
    volatile u64* pages[2] = {(volatile u64*)data, (volatile u64*)(data + PAGE)};
    for (u64 n = 0; n < 500; n++) {
        map(high, 4, HIGH, (u64)pages[n & 1], PAGE_DESC);
        asm volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" ::"r"(HIGH >> 12 & 0xfffffffffff)
                     : "memory");
        *pages[n & 1] = 2 * n + 2;
        *pages[~n & 1] = 0;  // the old one: its reader would see time go back
    }
    while (!seen) {
    }
    store_release(&flag, 1);
}
static void read_page(void) {
    u64 before = 0;
    while (!load_acquire(&flag)) {
        u64 now = *(volatile u64*)HIGH;
        if (now != 0 && now < before) wrong++;
        if (now != 0) before = now;
        seen++;
    }
}

static void wait_for(volatile u64* at, u64 value) {
    while (load_acquire(at) != value) asm volatile("wfe");
}
static void signal(volatile u64* at, u64 value) {
    store_release(at, value);
    asm volatile("dsb ish\n\tsev");
}

static void events(unsigned cpu) {
    for (u64 n = 0; n < 200; n++) {
        if (cpu == 0) {
            signal(&flag, 2 * n + 1);
            wait_for(&answer, 2 * n + 1);
        } else {
            wait_for(&flag, 2 * n + 1);
            signal(&answer, 2 * n + 1);
        }
    }
}

static void both(unsigned cpu) {
    meet(1);
    count();
    meet(2);
    if (cpu == 0) send();
    else receive();
    meet(3);
    store_buffering(cpu, 4);
    meet(1004);
    if (cpu == 0) flag = 0;
    meet(1005);
    if (cpu == 0) replace_pages();
    else read_page();
    meet(1006);
    if (cpu == 0) flag = answer = 0;
    meet(1007);
    events(cpu);
    meet(1008);
}

void run_secondary(void) {
    mmu_on(TCR, (u64)low, (u64)high);
    both(1);
    hvc(CPU_OFF, 0, 0, 0);
}

void run(void) {
    low = new_table();
    high = new_table();
    u64* second = new_table();
    low[0] = (u64)second | 3;
    second[0] = 0x00000000 | 1 | 1ul << 10 | 1ul << 2;
    second[1] = 0x40000000 | 1 | 1ul << 10 | 3ul << 8;
    map(high, 4, HIGH, (u64)data, PAGE_DESC);
    mmu_on(TCR, (u64)low, (u64)high);
    line("other CPU", hvc(AFFINITY_INFO, 1, 0, 0));
    line("no such CPU", hvc(CPU_ON, 0x77, (u64)_start, 0));
    line("on", hvc(CPU_ON, 1, (u64)_start, 0));
    line("on already", hvc(CPU_ON, 0, (u64)_start, 0));
    both(0);
    while (hvc(AFFINITY_INFO, 1, 0, 0) != 1) {
    }
    line("counted", counter);
    line("wrong", wrong);
    line("read", seen != 0);
    put("off again\n");
}
