// What the kernel gives a program: registers, the stack, argv, envp, auxv. No C library.
//
// One line a fact. Addresses inside the stack are shown by what they point to.
#include <stddef.h>
#include <stdint.h>

__asm__(
    ".text\n.globl _start\n_start:\n"
    "stp x28, x29, [sp, #-16]!\nstp x26, x27, [sp, #-16]!\nstp x24, x25, [sp, #-16]!\n"
    "stp x22, x23, [sp, #-16]!\nstp x20, x21, [sp, #-16]!\nstp x18, x19, [sp, #-16]!\n"
    "stp x16, x17, [sp, #-16]!\nstp x14, x15, [sp, #-16]!\nstp x12, x13, [sp, #-16]!\n"
    "stp x10, x11, [sp, #-16]!\nstp x8, x9, [sp, #-16]!\nstp x6, x7, [sp, #-16]!\n"
    "stp x4, x5, [sp, #-16]!\nstp x2, x3, [sp, #-16]!\nstp x0, x1, [sp, #-16]!\n"
    "mov x0, sp\nadd x1, sp, #240\nmov x2, x30\nbl show\n");

static long call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
static void text(const char* s) {
    size_t n = 0;
    while (s[n] != 0) n++;
    call(64, 1, (long)s, (long)n);
}
static void number(uint64_t value) {
    char digits[20];
    char* p = digits + 19;
    *p = 0;
    do {
        *--p = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value != 0);
    text("0x");
    text(p);
}
static void line(const char* name, uint64_t value) {
    text(name);
    text(" ");
    number(value);
    text("\n");
}

void show(const uint64_t* registers, const uint64_t* sp, uint64_t lr) {
    uint64_t any = lr;
    for (int i = 0; i < 30; i++) any |= registers[i];
    line("registers", any);
    uint64_t fpcr, fpsr, nzcv, tls;
    __asm__("mrs %0, fpcr" : "=r"(fpcr));
    __asm__("mrs %0, fpsr" : "=r"(fpsr));
    __asm__("mrs %0, nzcv" : "=r"(nzcv));
    __asm__("mrs %0, tpidr_el0" : "=r"(tls));
    line("fpcr", fpcr);
    line("fpsr", fpsr);
    line("tpidr", tls);
    line("alignment", (uintptr_t)sp % 16);
    uint64_t argc = *sp++;
    line("argc", argc);
    const char* before = NULL;
    uint64_t apart = 0;  // strings that do not follow the one before
    for (; *sp != 0; sp++) {
        const char* s = (const char*)*sp;
        if (before != NULL && s != before) apart++;
        text("arg ");
        text(s);
        text("\n");
        while (*s++ != 0) {
        }
        before = s;
    }
    for (sp++; *sp != 0; sp++) {
        const char* s = (const char*)*sp;
        if (before != NULL && s != before) apart++;
        text("env ");
        text(s);
        text("\n");
        while (*s++ != 0) {
        }
        before = s;
    }
    line("apart", apart);
    sp++;
    for (;; sp += 2) {
        switch (sp[0]) {
            case 15:  // AT_PLATFORM
            case 31:  // AT_EXECFN
                text("auxtext ");
                number(sp[0]);
                text(" ");
                text((const char*)sp[1]);
                text("\n");
                break;
            case 25: {  // AT_RANDOM
                const uint8_t* bytes = (const uint8_t*)sp[1];
                uint64_t low = 0, high = 0;
                for (int i = 0; i < 8; i++)
                    low = low << 8 | bytes[i], high = high << 8 | bytes[8 + i];
                line("random", low);
                line("random", high);
                break;
            }
            default:
                text("aux ");
                number(sp[0]);
                text(" ");
                number(sp[1]);
                text("\n");
                break;
        }
        if (sp[0] == 0) break;
    }
    call(94, 0, 0, 0);
}
