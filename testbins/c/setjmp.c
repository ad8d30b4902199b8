/* Leaving functions without returning: setjmp and longjmp, out of and back into deep calls. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static jmp_buf outer;
static jmp_buf levels[64];
static volatile int visits;

static int dive(int depth, int value) {
    if (depth == 0) {
        longjmp(outer, value);
    }
    return depth < 0 ? 0 : dive(depth - 1, value) + depth;
}

static void plain(void) {
    for (volatile int i = 0; i < 20; ++i) {
        int value = setjmp(outer);
        if (value == 0) {
            dive(i * 13, i);
            puts("not reached");
        } else {
            printf("back from depth %d with %d\n", i * 13, value);
        }
    }
}

/* Each level catches what the one below throws, and throws on. */
static void chain(int level) {
    int value = setjmp(levels[level]);
    if (value != 0) {
        visits = visits + value;
        if (level == 0) {
            return;
        }
        longjmp(levels[level - 1], value + level);
    }
    if (level == 63) {
        longjmp(levels[63], 1);
    }
    chain(level + 1);
}

/* Callee-saved registers, integer and floating, must come back as they were at setjmp. */
static double saved(void) {
    jmp_buf here;
    double a = 1.5;
    double b = 2.5;
    double c = 3.5;
    double d = 4.5;
    long w = 10;
    long x = 20;
    long y = 30;
    long z = 40;
    volatile int rounds = 0;
    if (setjmp(here) < 5) {
        rounds = rounds + 1;
        longjmp(here, rounds);
    }
    return a + 10 * b + 100 * c + 1000 * d + (double)(w + 2 * x + 3 * y + 4 * z) + rounds;
}

static int parse_failures;

static unsigned parse(const char** text, unsigned depth, jmp_buf fail) {
    unsigned total = depth;
    while (**text != '\0' && **text != ')') {
        char letter = *(*text)++;
        if (letter == '(') {
            total += parse(text, depth + 1, fail);
            if (*(*text)++ != ')') {
                longjmp(fail, 1 + (int)depth);
            }
        } else if (letter == '!') {
            longjmp(fail, 100 + (int)depth);
        } else {
            total = total * 3 + (unsigned)letter;
        }
    }
    return total;
}

static void errors(void) {
    static const char* const texts[] = {"abc",       "a(b)c",     "a(b", "((((x))))",
                                        "((((!))))", "(((((((((", "",    "a!(b)"};
    for (volatile size_t i = 0; i < COUNT(texts); ++i) {
        jmp_buf fail;
        const char* text = texts[i];
        int error = setjmp(fail);
        if (error == 0) {
            printf("\"%s\" is %u\n", texts[i], parse(&text, 0, fail));
        } else {
            ++parse_failures;
            printf("\"%s\" fails with %d\n", texts[i], error);
        }
    }
}

static void many(void) {
    volatile unsigned total = 0;
    for (volatile int i = 0; i < 3000; ++i) {
        int value = setjmp(outer);
        if (value == 0) {
            dive(i % 7, i + 1);
        }
        total = total + (unsigned)value;
    }
    printf("many: %u\n", total);
}

static int compare(const void* a, const void* b) {
    if (visits-- == 0) {
        longjmp(outer, 77);
    }
    return *(const int*)a - *(const int*)b;
}

static void out_of_library(void) {
    int numbers[100];
    for (int i = 0; i < 100; ++i) {
        numbers[i] = i * 37 % 100;
    }
    visits = 50;
    int value = setjmp(outer);
    if (value == 0) {
        qsort(numbers, 100, sizeof *numbers, compare);
    }
    printf("out of qsort with %d\n", value);
}

int main(void) {
    plain();
    chain(0);
    printf("chain: %d\n", visits);
    printf("saved: %.1f\n", saved());
    errors();
    many();
    out_of_library();
    printf("%d\n", setjmp(outer) == 0 ? dive(3, 0) : -1);
    return parse_failures;
}
