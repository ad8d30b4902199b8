/*
 * What Arm does and other machines do not; what it prints is in testbins/expected/arch.txt. Facts
 * of the Arm Architecture Reference Manual (DDI 0487): division, float to integer, not-a-numbers.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "check.h"

#define CONVERT(name, instruction, result_type, result_modifier, type, modifier)                   \
    static result_type name(type value) {                                                          \
        result_type result;                                                                        \
        __asm__(instruction " %" result_modifier "0, %" modifier "1" : "=r"(result) : "w"(value)); \
        return result;                                                                             \
    }

CONVERT(to_int, "fcvtzs", int32_t, "w", double, "d")
CONVERT(to_unsigned, "fcvtzu", uint32_t, "w", double, "d")
CONVERT(to_long, "fcvtzs", int64_t, "x", double, "d")
CONVERT(to_unsigned_long, "fcvtzu", uint64_t, "x", double, "d")
CONVERT(float_to_int, "fcvtas", int32_t, "w", float, "s")
CONVERT(float_up, "fcvtps", int64_t, "x", float, "s")

static uint64_t bits(double value) {
    uint64_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

static double from_bits(uint64_t value) {
    double result;
    memcpy(&result, &value, sizeof result);
    return result;
}

static double opaque(double value) {
    volatile double copy = value;
    return copy;
}

static void divide(int64_t a, int64_t b) {
    int64_t quotient;
    uint64_t unsigned_quotient;
    int32_t word;
    __asm__("sdiv %0, %1, %2" : "=r"(quotient) : "r"(a), "r"(b));
    __asm__("udiv %0, %1, %2" : "=r"(unsigned_quotient) : "r"(a), "r"(b));
    __asm__("sdiv %w0, %w1, %w2" : "=r"(word) : "r"(a), "r"(b));
    printf("divide %" PRId64 " %" PRId64 ": %" PRId64 " %" PRIu64 " %" PRId32 "\n", a, b, quotient,
           unsigned_quotient, word);
}

static void convert(double value) {
    printf("convert %g: %" PRId32 " %" PRIu32 " %" PRId64 " %" PRIu64 " %" PRId32 " %" PRId64 "\n",
           value, to_int(value), to_unsigned(value), to_long(value), to_unsigned_long(value),
           float_to_int((float)value), float_up((float)value));
}

static void nans(void) {
    double zero = opaque(0);
    double quiet = opaque(from_bits(0xfff8000000000123));
    double signalling = opaque(from_bits(0x7ff0000000000456));
    double infinity = opaque(__builtin_inf());
    double minimum;
    double number;
    printf("default nan %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", bits(zero / zero),
           bits(infinity - infinity), bits(infinity * zero));
    printf("printed %f %f\n", zero / zero, -(zero / zero));
    printf("first operand %016" PRIx64 " %016" PRIx64 "\n", bits(quiet + 1), bits(1 + quiet));
    printf("signalling first %016" PRIx64 " %016" PRIx64 "\n", bits(quiet + signalling),
           bits(signalling * quiet));
    printf("converted %016" PRIx64 "\n", bits((double)(float)signalling));
    __asm__("fmin %d0, %d1, %d2" : "=w"(minimum) : "w"(quiet), "w"(zero));
    __asm__("fminnm %d0, %d1, %d2" : "=w"(number) : "w"(quiet), "w"(zero));
    printf("fmin %016" PRIx64 " fminnm %016" PRIx64 "\n", bits(minimum), bits(number));
    __asm__("fmin %d0, %d1, %d2" : "=w"(minimum) : "w"(zero), "w"(-zero));
    __asm__("fmax %d0, %d1, %d2" : "=w"(number) : "w"(-zero), "w"(zero));
    printf("zeroes %016" PRIx64 " %016" PRIx64 "\n", bits(minimum), bits(number));
}

/* FPCR.DN, FPCR.FZ: modes that x86 lacks; FPSR's cumulative flags. */
static void modes(void) {
    uint64_t old;
    uint64_t status;
    double tiny = from_bits(0x000fffffffffffff);
    double quiet = from_bits(0xfff8000000000123);
    double sum;
    double flushed;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile(
        "msr fpcr, %3\n\tmsr fpsr, xzr\n\tfadd %d0, %d4, %d4\n\tfadd %d1, %d5, %d5\n\tmrs %2, fpsr"
        : "=&w"(sum), "=&w"(flushed), "=&r"(status)
        : "r"((uint64_t)(1 << 25 | 1 << 24)), "w"(quiet), "w"(tiny));
    __asm__ volatile("msr fpcr, %0" : : "r"(old));
    printf("default nan mode %016" PRIx64 ", flush to zero %016" PRIx64 ", fpsr %#" PRIx64 "\n",
           bits(sum), bits(flushed), status);
}

static void flags(uint32_t a, uint32_t b) {
    uint64_t nzcv;
    __asm__("cmp %w1, %w2\n\tmrs %0, nzcv" : "=r"(nzcv) : "r"(a), "r"(b) : "cc");
    uint64_t sum;
    __asm__("cmn %w1, %w2\n\tmrs %0, nzcv" : "=r"(sum) : "r"(a), "r"(b) : "cc");
    printf("flags %#" PRIx32 " %#" PRIx32 ": %#" PRIx64 " %#" PRIx64 "\n", a, b, nzcv >> 28,
           sum >> 28);
}

static void machine(void) {
    struct utsname name;
    uint64_t cache_type;
    uint64_t zeroing;
    uname(&name);
    __asm__("mrs %0, ctr_el0" : "=r"(cache_type));
    __asm__("mrs %0, dczid_el0" : "=r"(zeroing));
    printf("machine %s, char %s, long double %d bits, page %s\n", name.machine,
           CHAR_MIN == 0 ? "unsigned" : "signed", __LDBL_MANT_DIG__,
           (cache_type >> 31 & 1) != 0 ? "known" : "odd");
    if ((zeroing & 16) == 0) {
        static unsigned char block[4096] __attribute__((aligned(2048)));
        size_t size = (size_t)4 << (zeroing & 15);
        memset(block, 0xff, sizeof block);
        __asm__ volatile("dc zva, %0" : : "r"(block + 2048 + size / 2) : "memory");
        size_t zeroes = 0;
        for (size_t i = 0; i < sizeof block; ++i) {
            zeroes += block[i] == 0;
        }
        printf("dc zva: %d\n", zeroes == size && block[2048] == 0);
    }
    void* thread;
    __asm__("mrs %0, tpidr_el0" : "=r"(thread));
    printf("thread pointer: %d\n", thread == __builtin_thread_pointer());
}

int main(void) {
    divide(7, 0);
    divide(-7, 0);
    divide(INT64_MIN, -1);
    divide(INT32_MIN, -1);
    divide(-100, 7);
    static const double values[] = {0.5, -0.5, 1.5, 2.5,  -2.5, 1e9,
                                    3e9, -3e9, 5e9, 1e19, 1e20, -1e20};
    for (size_t i = 0; i < COUNT(values); ++i) {
        convert(values[i]);
    }
    convert(__builtin_inf());
    convert(-__builtin_inf());
    convert(__builtin_nan(""));
    nans();
    modes();
    flags(0, 0);
    flags(1, 2);
    flags(0x80000000, 1);
    flags(0x7fffffff, 0xffffffff);
    flags(0xffffffff, 0xffffffff);
    machine();
    volatile long double third = 1.0L / 3;
    printf("%.36Lg %La\n", third * third + third, third);
    return 64;
}
