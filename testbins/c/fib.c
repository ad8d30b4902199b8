/* Calls: deep, mutual, with many arguments, through pointers, and variadic. */
#include <stdarg.h>
#include <stdio.h>

#include "check.h"

static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static unsigned ackermann(unsigned m, unsigned n) {
    if (m == 0) {
        return n + 1;
    }
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static int tak(int x, int y, int z) {
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static int male(int n);

static int female(int n) { return n == 0 ? 1 : n - male(female(n - 1)); }

static int male(int n) { return n == 0 ? 0 : n - female(male(n - 1)); }

static unsigned hanoi(unsigned discs, unsigned from, unsigned to, uint64_t* trace) {
    if (discs == 0) {
        return 0;
    }
    unsigned other = 3 - from - to;
    unsigned moves = hanoi(discs - 1, from, other, trace) + 1;
    *trace = hash_number(*trace, discs << 4 | from << 2 | to);
    return moves + hanoi(discs - 1, other, to, trace);
}

/* More arguments than registers, of mixed sizes and classes. */
static double many(int a, long b, double c, char d, float e, short f, long g, int h, double i,
                   int j, long k, unsigned char l, float m, double n, double o, double p, double q,
                   double r) {
    return a + 2.0 * (double)b + 3 * c + 4 * d + 5 * (double)e + 6 * f + 7.0 * (double)g + 8.0 * h +
           9 * i + 10.0 * j + 11.0 * (double)k + 12.0 * l + 13 * (double)m + 14 * n + 15 * o +
           16 * p + 17 * q + 18 * r;
}

struct big {
    long words[6];
};

struct pair {
    double x;
    double y;
};

static struct big rotate(struct big value, int by) {
    struct big result;
    for (int i = 0; i < 6; ++i) {
        result.words[i] = value.words[(i + by) % 6];
    }
    return result;
}

static struct pair turn(struct pair p) { return (struct pair){-p.y, p.x}; }

static double sum(const char* kinds, ...) {
    va_list list;
    va_start(list, kinds);
    double total = 0;
    for (; *kinds != '\0'; ++kinds) {
        switch (*kinds) {
            case 'i': total += va_arg(list, int); break;
            case 'l': total += (double)va_arg(list, long); break;
            case 'd': total += va_arg(list, double); break;
            default: total -= 1; break;
        }
    }
    va_end(list);
    return total;
}

static unsigned add(unsigned a, unsigned b) { return a + b; }
static unsigned sub(unsigned a, unsigned b) { return a - b; }
static unsigned mul(unsigned a, unsigned b) { return a * b; }
static unsigned xor (unsigned a, unsigned b) { return a ^ b; }

    static unsigned
    deep(unsigned n, const unsigned* outer) {
    unsigned local[4] = {n, *outer, n ^ *outer, n + 1};
    return n == 0 ? local[2] : deep(n - 1, &local[n & 3]) + local[(n + 1) & 3];
}

int main(void) {
    for (unsigned n = 0; n <= 20; n += 4) {
        printf("fib(%u) = %u\n", n, fib(n));
    }
    unsigned __int128 a = 0;
    unsigned __int128 b = 1;
    for (int n = 1; n <= 180; ++n) {
        unsigned __int128 next = a + b;
        a = b;
        b = next;
        if (n % 30 == 0) {
            printf("fib(%d) = %#018llx%016llx\n", n, (unsigned long long)(a >> 64),
                   (unsigned long long)a);
        }
    }
    printf("ackermann(2, 9) = %u\n", ackermann(2, 9));
    printf("tak(9, 6, 3) = %d\n", tak(9, 6, 3));
    for (int n = 10; n <= 30; n += 10) {
        printf("female(%d) = %d, male(%d) = %d\n", n, female(n), n, male(n));
    }
    uint64_t trace = HASH_START;
    unsigned moves = hanoi(9, 0, 2, &trace);
    printf("hanoi(9): %u moves, %016llx\n", moves, (unsigned long long)trace);
    printf("many: %.3f\n", many(-1, 2, 3.5, 'd', 5.25F, -6, 7, 8, 9.125, -10, 11, 200, 13.5F, 14.5,
                                15.5, -16.5, 17.5, 18.25));
    struct big value = {{1, 20, 300, 4000, 50000, 600000}};
    for (int by = 0; by < 6; ++by) {
        value = rotate(value, by);
        printf("rotate %d: %ld %ld %ld\n", by, value.words[0], value.words[2], value.words[5]);
    }
    struct pair p = {1.5, -2.5};
    for (int i = 0; i < 4; ++i) {
        p = turn(p);
        printf("turn: %g %g\n", p.x, p.y);
    }
    printf("sum: %.3f\n", sum("ildilddddddddddiiiiiil", 1, 2L, 3.5, -4, 5L, 6.25, 1.0, 2.0, 3.0,
                              4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1, 2, 3, 4, 5, 6, 1L << 40));
    unsigned (*volatile table[])(unsigned, unsigned) = {add, sub, mul, xor};
    unsigned result = 1;
    for (unsigned i = 0; i < 1000; ++i) {
        result = table[i % COUNT(table)](result, i * 2654435761U);
    }
    printf("through pointers: %u\n", result);
    unsigned start = 7;
    printf("deep: %u\n", deep(3000, &start));
    return (int)(fib(10) % 50);
}
