// What the bare-metal programs share: printing, exceptions, system registers.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

// As start.S lays it out.
struct frame {
    u64 x[31], elr, spsr, esr, far, kind;
};

#define MRS(name)                                   \
    ({                                              \
        u64 v_;                                     \
        asm volatile("mrs %0, " name : "=r"(v_)::"memory"); \
        v_;                                         \
    })
#define MSR(name, value) asm volatile("msr " name ", %0" ::"r"((u64)(value)) : "memory")
#define ISB() asm volatile("isb" ::: "memory")
#define DSB() asm volatile("dsb sy" ::: "memory")

void put(const char* text);
void put_hex(u64 value);
void line(const char* name, u64 value);
u64 hvc(u64 function, u64 a, u64 b, u64 c);

u64 call_el0(void (*code)(void), u64 argument, u64 sp);
u64 leave_el0(u64 result);

// What happened last, and how to go on: 1 behind the instruction, 0 at it; a handler may do more.
extern struct frame last;
extern volatile u32 exceptions;
extern void (*handler)(struct frame*);
// Runs `code` and prints what exception came of it.
#define EXPECT(name, code)    \
    do {                      \
        exceptions = 0;       \
        code;                 \
        report(name);         \
    } while (0)
void report(const char* name);

// A page table of 4 KiB pages with room for more: identity of RAM and the UART.
#define PAGE 4096ul
u64* new_table(void);
void mmu_on(u64 tcr, u64 ttbr0, u64 ttbr1);
void mmu_off(void);
void map(u64* root, unsigned levels, u64 va, u64 pa, u64 attributes);

void run(void);
void run_secondary(void);
