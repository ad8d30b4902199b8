/* Integer operations at their edges, of every width: what a compiler makes of C's operators. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "check.h"

static const uint64_t edges[] = {0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 0x7f,
                                 0x80,
                                 0xff,
                                 0x100,
                                 0x7fff,
                                 0x8000,
                                 0xffff,
                                 0x7fffffff,
                                 0x80000000,
                                 0x80000001,
                                 0xffffffff,
                                 0x100000000,
                                 0x123456789abcdef0,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 0xfffffffffffffffe,
                                 0xffffffffffffffff};

#define OPERATIONS(name, type, utype, bits)                                                  \
    static uint64_t name(utype a, utype b, uint64_t hash) {                                  \
        volatile utype va = a;                                                               \
        volatile utype vb = b;                                                               \
        type x = (type)va;                                                                   \
        type y = (type)vb;                                                                   \
        utype u = va;                                                                        \
        utype v = vb;                                                                        \
        unsigned by = (unsigned)(v % (bits));                                                \
        type sum = 0;                                                                        \
        type product = 0;                                                                    \
        bool carry = __builtin_add_overflow(x, y, &sum);                                     \
        bool over = __builtin_mul_overflow(x, y, &product);                                  \
        utype results[] = {                                                                  \
            (utype)(u + v),                                                                  \
            (utype)(u - v),                                                                  \
            (utype)(u * v),                                                                  \
            (utype)(u & v),                                                                  \
            (utype)(u | v),                                                                  \
            (utype)(u ^ v),                                                                  \
            (utype)(u & ~v),                                                                 \
            (utype)(~u),                                                                     \
            (utype)(-u),                                                                     \
            (utype)(u << by),                                                                \
            (utype)(u >> by),                                                                \
            (utype)(x >> by),                                                                \
            (utype)((utype)(u >> by) | (utype)((uint64_t)u << ((bits) - 1 - by) << 1)),      \
            (utype)sum,                                                                      \
            (utype)product,                                                                  \
            (utype)(carry | over << 1),                                                      \
            (utype)((u < v) | (u <= v) << 1 | (x < y) << 2 | (x <= y) << 3 | (u == v) << 4), \
            x < y ? v : u,                                                                   \
            u < v ? (utype)(u + 1) : (utype)~v,                                              \
            x < 0 ? (utype) - u : u};                                                        \
        hash = hash_bytes(hash, results, sizeof results);                                    \
        if (v != 0) {                                                                        \
            hash = hash_number(hash, (utype)(u / v));                                        \
            hash = hash_number(hash, (utype)(u % v));                                        \
            if (!(y == -1 && u == (utype)1 << ((bits) - 1))) {                               \
                hash = hash_number(hash, (utype)(x / y));                                    \
                hash = hash_number(hash, (utype)(x % y));                                    \
            }                                                                                \
        }                                                                                    \
        return hash;                                                                         \
    }

OPERATIONS(bytes, int8_t, uint8_t, 8)
OPERATIONS(halves, int16_t, uint16_t, 16)
OPERATIONS(words, int32_t, uint32_t, 32)
OPERATIONS(longs, int64_t, uint64_t, 64)

/* Division by constants becomes multiplication; a translator sees umulh and smulh. */
static uint64_t by_constants(uint64_t a, uint64_t hash) {
    int64_t s = (int64_t)a;
    uint32_t w = (uint32_t)a;
    int32_t i = (int32_t)a;
    uint64_t results[] = {a / 3,
                          a % 7,
                          a / 10,
                          a / 1000000007,
                          (uint64_t)(s / 3),
                          (uint64_t)(s % 7),
                          (uint64_t)(s / -10),
                          (uint64_t)(s / 16),
                          w / 3,
                          w % 10,
                          w / 641,
                          (uint64_t)(i / 7),
                          (uint64_t)(i % 1000),
                          (uint64_t)(i / 8),
                          a * 10,
                          a * 0x101010101,
                          a * 255,
                          a - a / 5 * 5};
    return hash_bytes(hash, results, sizeof results);
}

static uint64_t wide(uint64_t a, uint64_t b, uint64_t hash) {
    unsigned __int128 product = (unsigned __int128)a * b;
    __int128 signed_product = (__int128)(int64_t)a * (int64_t)b;
    unsigned __int128 sum = product + a + ((unsigned __int128)b << 64);
    hash = hash_bytes(hash, &product, sizeof product);
    hash = hash_bytes(hash, &signed_product, sizeof signed_product);
    hash = hash_bytes(hash, &sum, sizeof sum);
    if (b != 0) {
        unsigned __int128 quotient = sum / b;
        unsigned __int128 rest = product % b;
        hash = hash_bytes(hash, &quotient, sizeof quotient);
        hash = hash_bytes(hash, &rest, sizeof rest);
    }
    __int128 shifted = (__int128)sum >> (a & 127);
    hash = hash_number(hash, sum < product);
    return hash_bytes(hash, &shifted, sizeof shifted);
}

static uint64_t bit_counts(uint64_t a, uint64_t hash) {
    volatile uint64_t hidden = a;
    uint64_t v = hidden;
    uint32_t w = (uint32_t)v;
    uint64_t results[] = {(uint64_t)__builtin_popcountll(v),
                          (uint64_t)__builtin_popcount(w),
                          (uint64_t)__builtin_parityll(v),
                          (uint64_t)__builtin_ffsll((long long)v),
                          __builtin_bswap64(v),
                          __builtin_bswap32(w),
                          __builtin_bswap16((uint16_t)v),
                          v == 0 ? 64 : (uint64_t)__builtin_clzll(v),
                          v == 0 ? 64 : (uint64_t)__builtin_ctzll(v),
                          w == 0 ? 32 : (uint64_t)__builtin_clz(w),
                          w == 0 ? 32 : (uint64_t)__builtin_ctz(w),
                          (uint64_t)__builtin_clrsbll((long long)v),
                          v & -v,
                          v & (v - 1)};
    return hash_bytes(hash, results, sizeof results);
}

struct fields {
    unsigned a : 3;
    signed b : 7;
    unsigned c : 13;
    signed d : 9;
    uint64_t e : 41;
    int64_t f : 23;
};

static uint64_t bit_fields(uint64_t seed, uint64_t hash) {
    volatile struct fields f = {0};
    f.a = (unsigned)seed & 7;
    f.b = (signed)((int64_t)(seed << 50) >> 57);
    f.c = (unsigned)(seed >> 10) & 8191;
    f.d = (signed)((int64_t)(seed << 20) >> 55);
    f.e = seed >> 23;
    f.f = (int64_t)(seed << 7) >> 41;
    f.c = f.c + 1U;
    f.b ^= 5;
    hash = hash_number(hash, f.a | (uint64_t)f.c << 8);
    hash = hash_number(hash, (uint64_t)((int64_t)f.b * f.d));
    return hash_number(hash, f.e ^ (uint64_t)f.f);
}

/* Extensions of loads and of registers, with scaled addresses. */
static uint64_t loads(uint64_t hash) {
    static unsigned char memory[4096];
    uint64_t state = 5;
    for (size_t i = 0; i < sizeof memory; ++i) {
        memory[i] = (unsigned char)(next_random(&state) >> 40);
    }
    for (int i = 0; i < 500; ++i) {
        volatile uint64_t random = next_random(&state);
        uint32_t index = (uint32_t)(random & 127);
        int32_t back = -(int32_t)(random >> 8 & 127);
        const int8_t* b = (const int8_t*)memory + 1024;
        const int16_t* h = (const int16_t*)(memory + 1024);
        const int32_t* w = (const int32_t*)(memory + 1024);
        const int64_t* x = (const int64_t*)(memory + 2048);
        hash = hash_number(hash, (uint64_t)(b[index] + (int64_t)h[back]));
        hash = hash_number(hash, (uint64_t)(int64_t)w[index] ^ (uint64_t)x[back]);
        hash =
            hash_number(hash, (uint8_t)b[back] + (uint64_t)(uint16_t)h[index] + (uint32_t)w[back]);
        hash = hash_number(hash, (uint64_t)((int64_t)(int8_t)random +
                                            (int16_t)(random >> 8) * (int64_t)(int32_t)random));
        hash =
            hash_number(hash, (uint64_t)(int64_t)b[index] << 3 | (uint64_t)(uint32_t)b[back] >> 2);
    }
    return hash;
}

static unsigned step(unsigned op, unsigned value) {
    switch (op) {
        case 0: return value + 1;
        case 1: return value * 3;
        case 2: return value ^ 0x5555;
        case 3: return value >> 3;
        case 4: return value << 2;
        case 5: return value / 7;
        case 6: return value % 1001;
        case 7: return ~value;
        case 8: return value - 12345;
        case 9: return value & 0xf0f0f0f;
        case 10: return value | 0x10001;
        case 50: return value * value;
        case 51: return value + 51;
        case 1000000: return value ^ 1000000;
        case 0x80000000: return -value;
        default: return value ^ op;
    }
}

int main(void) {
    uint64_t hashes[7];
    for (int i = 0; i < 7; ++i) {
        hashes[i] = HASH_START;
    }
    for (size_t i = 0; i < COUNT(edges); ++i) {
        for (size_t j = 0; j < COUNT(edges); ++j) {
            uint64_t a = edges[i];
            uint64_t b = edges[j];
            hashes[0] = bytes((uint8_t)a, (uint8_t)b, hashes[0]);
            hashes[1] = halves((uint16_t)a, (uint16_t)b, hashes[1]);
            hashes[2] = words((uint32_t)a, (uint32_t)b, hashes[2]);
            hashes[3] = longs(a, b, hashes[3]);
            hashes[4] = wide(a, b, hashes[4]);
            hashes[5] = bit_counts(a ^ (b << 9), hashes[5]);
            hashes[6] = by_constants(a - b, bit_fields(a * 0x9e3779b97f4a7c15 + b, hashes[6]));
        }
        printf("%016" PRIx64 ":", edges[i]);
        for (int k = 0; k < 7; ++k) {
            printf(" %016" PRIx64, hashes[k]);
        }
        putchar('\n');
    }
    printf("loads %016" PRIx64 "\n", loads(HASH_START));
    unsigned value = 1;
    static const unsigned far[] = {50, 51, 1000000, 0x80000000};
    for (unsigned i = 0; i < 5000; ++i) {
        value = step(i % 16 == 15 ? far[i / 16 % 4] : value % 13, value + i);
    }
    printf("switch %u\n", value);
    return (int)(value % 100);
}
