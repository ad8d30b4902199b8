/*
 * SIMD through the compilers' portable vectors: AdvSIMD in the guest, SSE in the twin. Every lane
 * of every result goes into a checksum, operation by operation.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

enum { ROUNDS = 60 };

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef int8_t s8x16 __attribute__((vector_size(16)));
typedef int16_t s16x8 __attribute__((vector_size(16)));
typedef int32_t s32x4 __attribute__((vector_size(16)));
typedef int64_t s64x2 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));
typedef uint16_t u16x4 __attribute__((vector_size(8)));
typedef int32_t s32x2 __attribute__((vector_size(8)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));

static uint64_t state;

/* Random lanes, with the edges of every width mixed in. */
static void fill(void* data, size_t size) {
    static const unsigned char edges[] = {0, 0xff, 0x80, 0x7f, 1};
    unsigned char* bytes = data;
    for (size_t i = 0; i < size; ++i) {
        unsigned random = (unsigned)(next_random(&state) >> 48);
        bytes[i] = (unsigned char)(random & 0x700 ? random : edges[(random >> 11) % COUNT(edges)]);
    }
}

#define SHOW(name, hash) printf("%-12s %016" PRIx64 "\n", name, hash)

#define INTEGER_TEST(name, type, signed_type, element, bits)                                       \
    static void name(void) {                                                                       \
        uint64_t hashes[4] = {HASH_START, HASH_START, HASH_START, HASH_START};                     \
        state = (bits) + sizeof(type);                                                             \
        for (int round = 0; round < ROUNDS; ++round) {                                             \
            type a;                                                                                \
            type b;                                                                                \
            fill(&a, sizeof a);                                                                    \
            fill(&b, sizeof b);                                                                    \
            signed_type sa = (signed_type)a;                                                       \
            signed_type sb = (signed_type)b;                                                       \
            type by = b & ((bits) - 1);                                                            \
            type plain[] = {a + b, a - b, a * b, -a, a & b, a | b, a ^ b, ~a, a & ~b};             \
            type shifts[] = {                                                                      \
                a << by,           a >> by,         (type)(sa >> (signed_type)by), a << 3,         \
                a >> ((bits) - 1), (type)(sa >> 2), (a << 1) | (a >> ((bits) - 1))};               \
            type compares[] = {(type)(a == b),  (type)(a != b),   (type)(a < b),  (type)(a >= b),  \
                               (type)(sa < sb), (type)(sa >= sb), (type)(sa > 0), (type)(a == 0)}; \
            type less = (type)(a < b);                                                             \
            type signed_less = (type)(sa < sb);                                                    \
            type selects[] = {(a & less) | (b & ~less),                                            \
                              (b & less) | (a & ~less),                                            \
                              (a & signed_less) | (b & ~signed_less),                              \
                              a * b + b,                                                           \
                              a - b * b,                                                           \
                              (a ^ b) - (a & b) * 2,                                               \
                              (type)(sa < 0) ^ a};                                                 \
            hashes[0] = hash_bytes(hashes[0], plain, sizeof plain);                                \
            hashes[1] = hash_bytes(hashes[1], shifts, sizeof shifts);                              \
            hashes[2] = hash_bytes(hashes[2], compares, sizeof compares);                          \
            hashes[3] = hash_bytes(hashes[3], selects, sizeof selects);                            \
            element sum = 0;                                                                       \
            element most = 0;                                                                      \
            for (size_t i = 0; i < sizeof a / sizeof(element); ++i) {                              \
                sum = (element)(sum + a[i]);                                                       \
                most = b[i] > most ? b[i] : most;                                                  \
            }                                                                                      \
            hashes[3] = hash_number(hashes[3], (uint64_t)sum + most);                              \
        }                                                                                          \
        SHOW(#name " plain", hashes[0]);                                                           \
        SHOW(#name " shift", hashes[1]);                                                           \
        SHOW(#name " compare", hashes[2]);                                                         \
        SHOW(#name " select", hashes[3]);                                                          \
    }

INTEGER_TEST(bytes, u8x16, s8x16, uint8_t, 8)
INTEGER_TEST(halves, u16x8, s16x8, uint16_t, 16)
INTEGER_TEST(words, u32x4, s32x4, uint32_t, 32)
INTEGER_TEST(longs, u64x2, s64x2, uint64_t, 64)

/* Lanes that stay finite and ordinary: what two machines must agree upon to the last bit. */
#define FLOAT_TEST(name, type, element, integer, from)                                       \
    static void name(void) {                                                                 \
        uint64_t hash = HASH_START;                                                          \
        state = sizeof(element);                                                             \
        for (int round = 0; round < ROUNDS; ++round) {                                       \
            type a;                                                                          \
            type b;                                                                          \
            for (size_t i = 0; i < sizeof a / sizeof(element); ++i) {                        \
                a[i] = (element)((double)(int64_t)next_random(&state) / 0x1p40);             \
                b[i] = (element)((double)(int64_t)next_random(&state) / 0x1p50);             \
            }                                                                                \
            type results[] = {a + b, a - b, a * b, a / b, -a, a * b + a, (a + b) * (a - b)}; \
            integer less = a < b;                                                            \
            integer masks[] = {less,                                                         \
                               a <= b,                                                       \
                               a == b,                                                       \
                               a != b,                                                       \
                               a > b,                                                        \
                               b >= a,                                                       \
                               (less & (integer)a) | (~less & (integer)b),                   \
                               __builtin_convertvector(a, integer)};                         \
            type back = __builtin_convertvector(masks[7], type);                             \
            hash = hash_bytes(hash, results, sizeof results);                                \
            hash = hash_bytes(hash, masks, sizeof masks);                                    \
            hash = hash_bytes(hash, &back, sizeof back);                                     \
        }                                                                                    \
        SHOW(#name, hash);                                                                   \
    }

FLOAT_TEST(floats, f32x4, float, s32x4, 24)
FLOAT_TEST(doubles, f64x2, double, s64x2, 53)

static void widths(void) {
    uint64_t hash = HASH_START;
    state = 77;
    for (int round = 0; round < ROUNDS; ++round) {
        u8x8 small;
        u8x8 other;
        u16x8 middle;
        f32x4 singles = {1.5F, -2.25F, (float)round, 1e10F};
        fill(&small, sizeof small);
        fill(&other, sizeof other);
        fill(&middle, sizeof middle);
        u16x8 wide = __builtin_convertvector(small, u16x8);
        u16x8 product = wide * __builtin_convertvector(other, u16x8);
        u8x8 narrow = __builtin_convertvector(middle, u8x8);
        u32x8 wider = __builtin_convertvector(middle, u32x8) * 65537;
        u16x8 high = __builtin_convertvector(wider >> 16, u16x8);
        u8x8 sum = small + other * narrow;
        s32x2 pair = (s32x2)small >> 3;
        u16x4 quad = (u16x4)other * (u16x4)narrow;
        f64x2 first = {(double)singles[0] * round, (double)singles[3] / 3};
        hash = hash_bytes(hash, &wide, sizeof wide);
        hash = hash_bytes(hash, &product, sizeof product);
        hash = hash_bytes(hash, &narrow, sizeof narrow);
        hash = hash_bytes(hash, &high, sizeof high);
        hash = hash_bytes(hash, &sum, sizeof sum);
        hash = hash_bytes(hash, &pair, sizeof pair);
        hash = hash_bytes(hash, &quad, sizeof quad);
        hash = hash_bytes(hash, &first, sizeof first);
    }
    SHOW("widths", hash);
}

/* Both gcc (from 12) and clang have this; the constant masks become zip, uzp, trn, ext, rev, tbl.
 */
static void shuffles(void) {
    uint64_t hash = HASH_START;
    state = 78;
    for (int round = 0; round < ROUNDS; ++round) {
        u8x16 a;
        u8x16 b;
        fill(&a, sizeof a);
        fill(&b, sizeof b);
        u32x4 c = (u32x4)a;
        u32x4 d = (u32x4)b;
        u64x2 e = (u64x2)a;
        u64x2 f = (u64x2)b;
        u8x16 bytes_results[] = {
            __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
            __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
                                    30),
            __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15,
                                    31),
            __builtin_shufflevector(a, b, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
                                    20),
            __builtin_shufflevector(a, a, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8),
            __builtin_shufflevector(a, b, 31, 3, 17, 9, 22, 2, 30, 11, 0, 0, 15, 16, 29, 1, 8, 24),
            __builtin_shufflevector(a, a, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)};
        u32x4 word_results[] = {
            __builtin_shufflevector(c, d, 0, 4, 1, 5), __builtin_shufflevector(c, d, 1, 3, 5, 7),
            __builtin_shufflevector(c, d, 2, 6, 0, 4), __builtin_shufflevector(c, d, 3, 2, 1, 0),
            __builtin_shufflevector(c, d, 2, 2, 2, 2), __builtin_shufflevector(c, d, 0, 1, 2, 7)};
        u64x2 long_results[] = {
            __builtin_shufflevector(e, f, 0, 2), __builtin_shufflevector(e, f, 1, 3),
            __builtin_shufflevector(e, f, 1, 0), __builtin_shufflevector(e, f, 1, 2)};
        hash = hash_bytes(hash, bytes_results, sizeof bytes_results);
        hash = hash_bytes(hash, word_results, sizeof word_results);
        hash = hash_bytes(hash, long_results, sizeof long_results);
    }
    SHOW("shuffles", hash);
}

/* Loops for the compiler's own vectorizer: structures of 2, 3 and 4 (ld2, ld3, ld4), reductions. */
static void loops(void) {
    static uint8_t pixels[3 * 256];
    static uint8_t planes[4][256];
    static int16_t samples[512];
    static float points[4 * 64];
    state = 79;
    fill(pixels, sizeof pixels);
    fill(samples, sizeof samples);
    for (int i = 0; i < 256; ++i) {
        planes[0][i] = pixels[3 * i];
        planes[1][i] = pixels[3 * i + 1];
        planes[2][i] = pixels[3 * i + 2];
        planes[3][i] = (uint8_t)((planes[0][i] * 77 + planes[1][i] * 150 + planes[2][i] * 29) >> 8);
    }
    int64_t dot = 0;
    int32_t difference = 0;
    for (int i = 0; i < 256; ++i) {
        dot += samples[2 * i] * samples[2 * i + 1];
        difference +=
            planes[0][i] > planes[1][i] ? planes[0][i] - planes[1][i] : planes[1][i] - planes[0][i];
    }
    for (int i = 0; i < 64; ++i) {
        points[4 * i] = (float)samples[i] * 0.5F;
        points[4 * i + 1] = (float)planes[3][i];
        points[4 * i + 2] = points[4 * i] - points[4 * i + 1];
        points[4 * i + 3] = points[4 * i] * points[4 * i + 1];
    }
    uint64_t hash =
        hash_bytes(hash_bytes(HASH_START, planes, sizeof planes), points, sizeof points);
    printf("loops: %" PRId64 " %" PRId32 " %016" PRIx64 "\n", dot, difference, hash);
}

int main(void) {
    bytes();
    halves();
    words();
    longs();
    floats();
    doubles();
    widths();
    shuffles();
    loops();
    return 9;
}
