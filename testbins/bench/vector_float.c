/* Kernels of floating-point vectors: NEON intrinsics in the guest, the same sums in plain C in the
 * amd64 twin. What is multiplied and added is exact or rounded in the same order, so that both give
 * the same bits. */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "check.h"

#ifdef __aarch64__
#include <arm_neon.h>
typedef __fp16 half;
#else
typedef float half; /* the numbers below are the same */
#endif

enum { SIZE = 96 };

/* Small whole numbers: no sum of SIZE products is rounded, whether it is fused or not. */
static double small(int i, int j) { return (i * 7 + j * 3) % 15 - 7; }

#ifdef __aarch64__

/* Four rows by four columns of c. */
static void multiply_f32(const float* a, const float* b, float* c) {
    for (int i = 0; i < SIZE; i += 4) {
        for (int j = 0; j < SIZE; j += 4) {
            float32x4_t c0 = vdupq_n_f32(0);
            float32x4_t c1 = c0;
            float32x4_t c2 = c0;
            float32x4_t c3 = c0;
            for (int k = 0; k < SIZE; k += 4) {
                const float* rows = b + (size_t)k * SIZE + j;
                float32x4_t b0 = vld1q_f32(rows);
                float32x4_t b1 = vld1q_f32(rows + SIZE);
                float32x4_t b2 = vld1q_f32(rows + (size_t)2 * SIZE);
                float32x4_t b3 = vld1q_f32(rows + (size_t)3 * SIZE);
#define ROW(sum, n)                                                    \
    {                                                                  \
        float32x4_t row = vld1q_f32(a + (size_t)(i + (n)) * SIZE + k); \
        sum = vfmaq_laneq_f32(sum, b0, row, 0);                        \
        sum = vfmaq_laneq_f32(sum, b1, row, 1);                        \
        sum = vfmaq_laneq_f32(sum, b2, row, 2);                        \
        sum = vfmaq_laneq_f32(sum, b3, row, 3);                        \
    }
                ROW(c0, 0)
                ROW(c1, 1)
                ROW(c2, 2)
                ROW(c3, 3)
#undef ROW
            }
            vst1q_f32(c + (size_t)i * SIZE + j, c0);
            vst1q_f32(c + (size_t)(i + 1) * SIZE + j, c1);
            vst1q_f32(c + (size_t)(i + 2) * SIZE + j, c2);
            vst1q_f32(c + (size_t)(i + 3) * SIZE + j, c3);
        }
    }
}

/* Four rows by eight columns of c, in halves. */
__attribute__((target("arch=armv8.2-a+fp16"))) static void multiply_f16(const half* a,
                                                                          const half* b, half* c) {
    for (int i = 0; i < SIZE; i += 4) {
        for (int j = 0; j < SIZE; j += 8) {
            float16x8_t c0 = vdupq_n_f16(0);
            float16x8_t c1 = c0;
            float16x8_t c2 = c0;
            float16x8_t c3 = c0;
            for (int k = 0; k < SIZE; ++k) {
                float16x8_t row = vld1q_f16(b + (size_t)k * SIZE + j);
                c0 = vfmaq_f16(c0, row, vld1q_dup_f16(a + (size_t)i * SIZE + k));
                c1 = vfmaq_f16(c1, row, vld1q_dup_f16(a + (size_t)(i + 1) * SIZE + k));
                c2 = vfmaq_f16(c2, row, vld1q_dup_f16(a + (size_t)(i + 2) * SIZE + k));
                c3 = vfmaq_f16(c3, row, vld1q_dup_f16(a + (size_t)(i + 3) * SIZE + k));
            }
            vst1q_f16(c + (size_t)i * SIZE + j, c0);
            vst1q_f16(c + (size_t)(i + 1) * SIZE + j, c1);
            vst1q_f16(c + (size_t)(i + 2) * SIZE + j, c2);
            vst1q_f16(c + (size_t)(i + 3) * SIZE + j, c3);
        }
    }
}

/* Two rows by four columns of c. */
static void multiply_f64(const double* a, const double* b, double* c) {
    for (int i = 0; i < SIZE; i += 2) {
        for (int j = 0; j < SIZE; j += 4) {
            float64x2_t c00 = vdupq_n_f64(0);
            float64x2_t c01 = c00;
            float64x2_t c10 = c00;
            float64x2_t c11 = c00;
            for (int k = 0; k < SIZE; ++k) {
                float64x2_t b0 = vld1q_f64(b + (size_t)k * SIZE + j);
                float64x2_t b1 = vld1q_f64(b + (size_t)k * SIZE + j + 2);
                float64x2_t a0 = vld1q_dup_f64(a + (size_t)i * SIZE + k);
                float64x2_t a1 = vld1q_dup_f64(a + (size_t)(i + 1) * SIZE + k);
                c00 = vfmaq_f64(c00, a0, b0);
                c01 = vfmaq_f64(c01, a0, b1);
                c10 = vfmaq_f64(c10, a1, b0);
                c11 = vfmaq_f64(c11, a1, b1);
            }
            vst1q_f64(c + (size_t)i * SIZE + j, c00);
            vst1q_f64(c + (size_t)i * SIZE + j + 2, c01);
            vst1q_f64(c + (size_t)(i + 1) * SIZE + j, c10);
            vst1q_f64(c + (size_t)(i + 1) * SIZE + j + 2, c11);
        }
    }
}

#else

#define MULTIPLY(name, type)                                     \
    static void name(const type* a, const type* b, type* c) {    \
        memset(c, 0, sizeof(type) * SIZE * SIZE);                \
        for (int i = 0; i < SIZE; ++i) {                         \
            for (int k = 0; k < SIZE; ++k) {                     \
                type factor = a[i * SIZE + k];                   \
                for (int j = 0; j < SIZE; ++j) {                 \
                    c[i * SIZE + j] += factor * b[k * SIZE + j]; \
                }                                                \
            }                                                    \
        }                                                        \
    }
MULTIPLY(multiply_f16, half)
MULTIPLY(multiply_f32, float)
MULTIPLY(multiply_f64, double)

#endif

/* One round: two matrices of 96 by 96. */
#define MATRIX(name, type, multiply)                                   \
    uint64_t name(unsigned rounds) {                                   \
        static type a[SIZE * SIZE];                                    \
        static type b[SIZE * SIZE];                                    \
        static type c[SIZE * SIZE];                                    \
        for (int i = 0; i < SIZE * SIZE; ++i) {                        \
            a[i] = (type)small(i / SIZE, i % SIZE);                    \
            b[i] = (type)small(i % SIZE, i / SIZE);                    \
        }                                                              \
        uint64_t total = 0;                                            \
        for (unsigned round = 0; round < rounds; ++round) {            \
            multiply(a, b, c);                                         \
            total += (uint64_t)(int64_t)c[round * 31 % (SIZE * SIZE)]; \
            a[round % (SIZE * SIZE)] = (type)small((int)round, 1);     \
        }                                                              \
        return total ^ hash_bytes(HASH_START, c, sizeof c);            \
    }
MATRIX(run_neon_matrix_f32, float, multiply_f32)
MATRIX(run_neon_matrix_f64, double, multiply_f64)

/* The same in halves, of -1, 0 and 1. */
uint64_t run_neon_matrix_f16(unsigned rounds) {
    static half a[SIZE * SIZE];
    static half b[SIZE * SIZE];
    static half c[SIZE * SIZE];
    static int32_t whole[SIZE * SIZE];
    for (int i = 0; i < SIZE * SIZE; ++i) {
        a[i] = (half)((i * 7 + i / SIZE) % 3 - 1);
        b[i] = (half)((i * 5 + i / SIZE) % 3 - 1);
    }
    for (unsigned round = 0; round < rounds; ++round) {
        multiply_f16(a, b, c);
        a[round % (SIZE * SIZE)] = (half)((int)(round % 3) - 1);
    }
    for (int i = 0; i < SIZE * SIZE; ++i) whole[i] = (int32_t)c[i];
    return hash_bytes(HASH_START, whole, sizeof whole);
}

/* The same in C, which gcc makes vectors of, in both builds. */
uint64_t run_matrix_double(unsigned rounds) {
    static double a[SIZE][SIZE];
    static double b[SIZE][SIZE];
    static double c[SIZE][SIZE];
    for (int i = 0; i < SIZE; ++i) {
        for (int j = 0; j < SIZE; ++j) {
            a[i][j] = i * 0.25 + j;
            b[i][j] = i - j * 0.125;
        }
    }
    for (unsigned round = 0; round < rounds; ++round) {
        memset(c, 0, sizeof c);
        for (int i = 0; i < SIZE; ++i) {
            for (int k = 0; k < SIZE; ++k) {
                double factor = a[i][k];
                for (int j = 0; j < SIZE; ++j) {
                    c[i][j] += factor * b[k][j];
                }
            }
        }
        a[round % SIZE][round % 5] = c[round % 7][round % SIZE] * 0.0001;
    }
    return hash_bytes(HASH_START, c, sizeof c);
}

/* ---- a fast Fourier transform of 1024 complex numbers, decimation in frequency */

enum { POINTS = 1024 };

/* One stage: the halves of each run of 2 * half numbers are added, subtracted, turned. */
static void butterflies(float* data, const float* turn, int half) {
    for (int start = 0; start < POINTS; start += 2 * half) {
        float* low = data + (size_t)2 * start;
        float* high = low + (size_t)2 * half;
        int k = 0;
#ifdef __aarch64__
        for (; half >= 4 && k < half; k += 4) {
            float32x4x2_t a = vld2q_f32(low + (size_t)2 * k);
            float32x4x2_t b = vld2q_f32(high + (size_t)2 * k);
            float32x4x2_t w = vld2q_f32(turn + (size_t)2 * k);
            float32x4x2_t sum = {{vaddq_f32(a.val[0], b.val[0]), vaddq_f32(a.val[1], b.val[1])}};
            float32x4_t re = vsubq_f32(a.val[0], b.val[0]);
            float32x4_t im = vsubq_f32(a.val[1], b.val[1]);
            float32x4x2_t turned = {{vsubq_f32(vmulq_f32(re, w.val[0]), vmulq_f32(im, w.val[1])),
                                     vaddq_f32(vmulq_f32(re, w.val[1]), vmulq_f32(im, w.val[0]))}};
            vst2q_f32(low + (size_t)2 * k, sum);
            vst2q_f32(high + (size_t)2 * k, turned);
        }
#endif
        for (; k < half; ++k) {
            const float* w = turn + (size_t)2 * k;
            float re = low[2 * k] - high[2 * k];
            float im = low[2 * k + 1] - high[2 * k + 1];
            low[2 * k] += high[2 * k];
            low[2 * k + 1] += high[2 * k + 1];
            high[2 * k] = re * w[0] - im * w[1];
            high[2 * k + 1] = re * w[1] + im * w[0];
        }
    }
}

/* Twiddle factors of every stage side by side, so that each is read in order. */
static const float* make_turns(float* turns, int half) {
    for (int k = 0; k < half; ++k) {
        /* Rounded to 2^-10: library functions differ in the last bits. */
        turns[2 * k] = (float)(nearbyint(cos(-M_PI * k / half) * 1024) / 1024);
        turns[2 * k + 1] = (float)(nearbyint(sin(-M_PI * k / half) * 1024) / 1024);
    }
    return turns;
}

uint64_t run_fft(unsigned rounds) {
    static float data[2 * POINTS];
    static float turns[2 * POINTS];
    const float* stage[10];
    float* free_turns = turns;
    for (int n = 0, half = POINTS / 2; half != 0; half /= 2, ++n) {
        stage[n] = make_turns(free_turns, half);
        free_turns += (size_t)2 * half;
    }
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        for (int i = 0; i < 2 * POINTS; ++i) {
            data[i] = (float)((i * 37 + (int)round) % 255 - 127) * 0.5F;
        }
        for (int n = 0, half = POINTS / 2; half != 0; half /= 2, ++n) {
            butterflies(data, stage[n], half);
        }
        total = hash_bytes(total, data + (size_t)round * 2 % 1024, 16);
    }
    return hash_bytes(total, data, sizeof data);
}
