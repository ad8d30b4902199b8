/*
 * Floating point: printing, reading, arithmetic, conversions, rounding modes, exceptions, libm.
 * Not-a-numbers are printed without their sign, which is where Arm and x86 differ; what libm may
 * round differently (it uses fused operations where there are some) is printed with 12 digits.
 */
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const double values[] = {0.0,           -0.0,      1.0,
                                -1.0,          0.1,       1.0 / 3.0,
                                2.5,           3.5,       -2.5,
                                0.5,           1e10,      1e-10,
                                123456789.125, 1e100,     1e-300,
                                DBL_MAX,       DBL_MIN,   DBL_EPSILON,
                                0x1p52,        0x1.8p52,  0x1p53,
                                0x1p63,        0x1p64,    0x1p-1074,
                                0x0.8p-1022,   M_PI,      -M_E,
                                99999.5,       999999.5,  0.00001,
                                INFINITY,      -INFINITY, 4503599627370495.5,
                                1e22,          1e23};

static double opaque(double value) {
    volatile double copy = value;
    return copy;
}

static float opaque_float(float value) {
    volatile float copy = value;
    return copy;
}

static const char* text(double value) {
    static char buffers[8][40];
    static unsigned next;
    char* buffer = buffers[next++ % 8];
    if (isnan(value)) {
        return "nan";
    }
    snprintf(buffer, sizeof buffers[0], "%.17g", value);
    return buffer;
}

static const char* rough(double value) {
    static char buffers[8][40];
    static unsigned next;
    char* buffer = buffers[next++ % 8];
    if (isnan(value)) {
        return "nan";
    }
    snprintf(buffer, sizeof buffers[0], "%.12g", value);
    return buffer;
}

static uint64_t bits(double value) {
    uint64_t result;
    memcpy(&result, &value, sizeof result);
    return isnan(value) ? 0x7ff8 : result;
}

static uint32_t float_bits(float value) {
    uint32_t result;
    memcpy(&result, &value, sizeof result);
    return isnan(value) ? 0x7fc0 : result;
}

static void printing(void) {
    for (size_t i = 0; i < COUNT(values); ++i) {
        double v = values[i];
        if (fabs(v) < 1e60 || isinf(v)) {
            printf("%f|%.0f|%.1f|%12.3f|%+.2f|% f\n", v, v, v, v, v, v);
        }
        printf("%e|%.0e|%.15e|%E|%-16.3e|%016.4e\n", v, v, v, v, v, v);
        printf("%g|%.3g|%.17g|%#.0e|%G|%+.10g\n", v, v, v, v, v, v);
        if (v == 0 || fabs(v) >= DBL_MIN) {
            printf("%a|%A|%.3a\n", v, v, v);
        }
    }
    printf("%f %F %g %10e|%-10f|\n", (double)NAN, (double)NAN, fabs((double)NAN), (double)NAN,
           (double)NAN);
    printf("%.50f\n%.60g\n%.1074f\n", 0.1, DBL_MIN, 0x1p-1074);
    printf("%f\n", DBL_MAX);
    printf("%.*f %*.*f\n", 3, 2.0005, 14, 2, -1234.565);
}

static void reading(void) {
    static const char* const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "3.14159",
                                        "1e308",
                                        "1e309",
                                        "-1e400",
                                        "1e-308",
                                        "1e-323",
                                        "1e-324",
                                        "2.5e-324",
                                        "0x1.8p1",
                                        "0x.1p-1070",
                                        "inf",
                                        "-INF",
                                        "nan",
                                        "  12abc",
                                        "abc",
                                        ".5",
                                        "5.",
                                        "1e",
                                        "1e+",
                                        "0x",
                                        "1_000",
                                        "9007199254740993",
                                        "1.7976931348623158e308",
                                        "1.7976931348623159e308",
                                        "2.2250738585072011e-308",
                                        "0.1000000000000000055511151231257827021181583404541015625",
                                        "179769313486231580793728971405301e276",
                                        "4.9406564584124654e-324",
                                        "1.00000000000000011102230246251565"};
    for (size_t i = 0; i < COUNT(texts); ++i) {
        char* end;
        double d = strtod(texts[i], &end);
        float f = strtof(texts[i], NULL);
        printf("read %s: %016" PRIx64 " %08" PRIx32 " rest \"%s\"\n", texts[i], bits(d),
               float_bits(f), end);
    }
    float f;
    double d;
    int count = sscanf("1.25 -3e-5 tail", "%f %lf", &f, &d);
    printf("sscanf %d %g %g\n", count, f, d);
    uint64_t state = 3;
    int wrong = 0;
    for (int i = 0; i < 2000; ++i) {
        uint64_t pattern = next_random(&state);
        double value;
        char digits[40];
        memcpy(&value, &pattern, sizeof value);
        if (isfinite(value)) {
            snprintf(digits, sizeof digits, "%.17g", value);
            wrong += bits(strtod(digits, NULL)) != pattern;
        }
    }
    printf("round trips that fail: %d\n", wrong);
}

static void arithmetic(void) {
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < COUNT(values); ++i) {
        for (size_t j = 0; j < COUNT(values); ++j) {
            double a = opaque(values[i]);
            double b = opaque(values[j]);
            float c = (float)a;
            float d = (float)b;
            /* Which zero fmin and fmax choose is open; adding 0 makes both one. */
            double results[] = {a + b,           a - b,          a * b,          a / b,
                                fma(a, b, b),    fmin(a, b) + 0, fmax(a, b) + 0, copysign(a, b),
                                sqrt(a),         fma(-a, b, a),  fmod(a, b),     fdim(a, b),
                                nextafter(a, b), -fabs(a),       remainder(a, b)};
            float singles[] = {c + d,         c - d,    c * d,          c / d,
                               fmaf(c, d, d), sqrtf(c), fminf(c, d) + 0};
            int relations = (a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 |
                            (a >= b) << 5 | !!isunordered(a, b) << 6 | !!isless(a, b) << 7;
            hash = hash_number(hash, (uint64_t)relations);
            for (size_t k = 0; k < COUNT(results); ++k) {
                hash = hash_number(hash, bits(results[k]));
            }
            for (size_t k = 0; k < COUNT(singles); ++k) {
                hash = hash_number(hash, float_bits(singles[k]));
            }
            if (i < 6 && j < 6) {
                printf("%g %g: %s %s %s %s %s, %x\n", a, b, text(a + b), text(a - b), text(a * b),
                       text(a / b), text(fma(a, b, b)), relations);
            }
        }
        printf("arithmetic with %g: %016" PRIx64 "\n", values[i], hash);
    }
    double nan = opaque(NAN);
    printf("nan: %d %d %d %d %d %d\n", nan < 1, nan > 1, nan == nan, nan != nan, !(nan >= 1),
           !!isnan(nan));
}

static void conversions(void) {
    for (size_t i = 0; i < COUNT(values); ++i) {
        double v = opaque(values[i]);
        printf("%g: %08" PRIx32 " floor %s ceil %s trunc %s round %s rint %s nearbyint %s", v,
               float_bits((float)v), text(floor(v)), text(ceil(v)), text(trunc(v)), text(round(v)),
               text(rint(v)), text(nearbyint(v)));
        if (fabs(v) < 0x1p31) {
            printf(" int %d %ld %ld", (int)v, lround(v), lrint(v));
        }
        if (fabs(v) < 0x1p63) {
            printf(" long %" PRId64 " %lld", (int64_t)v, llround(v));
        }
        if (v >= 0 && v < 0x1p64) {
            printf(" unsigned %" PRIu64, (uint64_t)v);
        }
        int exponent;
        double whole;
        double fraction = frexp(v, &exponent);
        printf(" frexp %s %d", text(fraction), isfinite(v) ? exponent : 0);
        printf(" modf %s", text(modf(v, &whole)));
        printf(" ldexp %s class %d%d%d%d\n", text(ldexp(v, -3)), !!isfinite(v), !!isnormal(v),
               !!signbit(v), fpclassify(v) == FP_SUBNORMAL);
    }
    static const uint64_t integers[] = {0,
                                        1,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        1ULL << 53,
                                        (1ULL << 53) + 1,
                                        (1ULL << 54) + 3,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        0x8000000000000401,
                                        0xfffffffffffffbff,
                                        0xffffffffffffffff,
                                        0xfffffffffffffc00,
                                        16777217};
    for (size_t i = 0; i < COUNT(integers); ++i) {
        volatile uint64_t u = integers[i];
        printf("%" PRIx64 ": %016" PRIx64 " %016" PRIx64 " %08" PRIx32 " %08" PRIx32 " %08" PRIx32
               " %08" PRIx32 "\n",
               integers[i], bits((double)u), bits((double)(int64_t)u), float_bits((float)u),
               float_bits((float)(int64_t)u), float_bits((float)(uint32_t)u),
               float_bits((float)(int32_t)u));
    }
}

static void rounding(void) {
    static const struct {
        const char* name;
        int mode;
    } modes[] = {{"nearest", FE_TONEAREST},
                 {"up", FE_UPWARD},
                 {"down", FE_DOWNWARD},
                 {"zero", FE_TOWARDZERO}};
    for (size_t m = 0; m < COUNT(modes); ++m) {
        fesetround(modes[m].mode);
        int mode = fegetround();
        double one = opaque(1);
        double three = opaque(3);
        float f = opaque_float(0.1F);
        double results[] = {one / three,         -one / three,           sqrt(opaque(2)),
                            rint(opaque(2.5)),   rint(opaque(-2.5)),     nearbyint(opaque(0.3)),
                            opaque(DBL_MAX) * 2, opaque(DBL_MIN) / -3,   fma(opaque(0.1), 10, -1),
                            three - three,       opaque(0x1p53) + three, trunc(opaque(-0.7))};
        float singles[] = {f * f, (float)opaque(0.1), f / 3, (float)opaque(-1e300), f - f};
        long integer = lrint(opaque(-7.5));
        fesetround(FE_TONEAREST); /* not all libraries print as the mode says */
        printf("%s: %d %ld", modes[m].name, mode == modes[m].mode, integer);
        for (size_t i = 0; i < COUNT(results); ++i) {
            printf(" %016" PRIx64, bits(results[i]));
        }
        for (size_t i = 0; i < COUNT(singles); ++i) {
            printf(" %08" PRIx32, float_bits(singles[i]));
        }
        putchar('\n');
    }
}

static void show_exceptions(const char* what, double result) {
    printf(
        "%s: %s%s%s%s%s%s\n", what, text(result), fetestexcept(FE_INVALID) ? " invalid" : "",
        fetestexcept(FE_DIVBYZERO) ? " division" : "", fetestexcept(FE_OVERFLOW) ? " overflow" : "",
        fetestexcept(FE_UNDERFLOW) ? " underflow" : "", fetestexcept(FE_INEXACT) ? " inexact" : "");
    feclearexcept(FE_ALL_EXCEPT);
}

static void exceptions(void) {
    feclearexcept(FE_ALL_EXCEPT);
    show_exceptions("exact", opaque(1) + opaque(2));
    show_exceptions("1/3", opaque(1) / opaque(3));
    show_exceptions("1/0", opaque(1) / opaque(0));
    show_exceptions("0/0", opaque(0) / opaque(0));
    show_exceptions("inf-inf", opaque(INFINITY) - opaque(INFINITY));
    show_exceptions("max*max", opaque(DBL_MAX) * opaque(DBL_MAX));
    show_exceptions("min*1e-10", opaque(DBL_MIN) * opaque(1e-10));
    show_exceptions("sqrt(-1)", sqrt(opaque(-1)));
    show_exceptions("(float)0.1", (float)opaque(0.1));
    show_exceptions("(float)1e300", (float)opaque(1e300));
    show_exceptions("rint(1.5)", rint(opaque(1.5)));
    show_exceptions("nearbyint(1.5)", nearbyint(opaque(1.5)));
    show_exceptions("nan+1", opaque(NAN) + 1);
    show_exceptions("fma", fma(opaque(0x1p1000), opaque(0x1p1000), 1));
    feraiseexcept(FE_DIVBYZERO | FE_INVALID);
    show_exceptions("raised", 0);
    fenv_t saved;
    feholdexcept(&saved);
    double quiet = opaque(1) / opaque(0);
    fesetenv(&saved);
    show_exceptions("held", quiet);
}

static void library(void) {
    static double (*const volatile functions[])(double) = {
        sin,  cos,   tan,   asin, acos, atan, sinh,   cosh,   tanh,  exp,   exp2,  expm1, log,
        log2, log10, log1p, cbrt, erf,  erfc, lgamma, tgamma, asinh, acosh, atanh, logb};
    static const double arguments[] = {0, 0.001, 0.3, -0.7, 1, 1.5, -2.25, 10, 100.5, -400, 1e6};
    for (size_t f = 0; f < COUNT(functions); ++f) {
        printf("function %zu:", f);
        for (size_t i = 0; i < COUNT(arguments); ++i) {
            printf(" %s", rough(functions[f](arguments[i])));
        }
        putchar('\n');
    }
    for (int i = -4; i <= 4; ++i) {
        int quotient;
        double rest = remquo(i * 3.7, 1.3, &quotient);
        printf("pow %s %s atan2 %s hypot %s remquo %s %d scalbn %s sinf %s\n", rough(pow(2.5, i)),
               rough(pow(-3, i)), rough(atan2(i, 2)), rough(hypot(i, 3)), rough(rest), quotient & 7,
               rough(scalbn(1.1, i * 100)), isnan(sinf((float)i)) ? "nan" : "number");
    }
    double sum = 0;
    float sum_float = 0;
    for (int i = 1; i < 3000; ++i) {
        sum += 1.0 / i / i;
        sum_float += 1.0F / (float)i;
    }
    printf("series: %a %a\n", sum, (double)sum_float);
}

int main(void) {
    printing();
    reading();
    arithmetic();
    conversions();
    rounding();
    exceptions();
    library();
    return 17;
}
