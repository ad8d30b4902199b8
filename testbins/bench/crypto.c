/* Kernels of cryptography: the instructions for it in the guest, plain C that gives the same bits
 * in the amd64 twin. */
#include <string.h>

#include "bench.h"
#include "check.h"

#ifdef __aarch64__
#include <arm_neon.h>
#define CRYPTO __attribute__((target("arch=armv8-a+crypto")))
#endif

enum { BYTES = 65536 };

static uint32_t rotate(uint32_t x, unsigned n) { return x >> n | x << (-n & 31); }

/* ---- AES-128 in counter mode; words as they lie in memory, of a little-endian machine */

enum { ROUNDS = 10 };

typedef struct {
    uint32_t keys[4 * (ROUNDS + 1)];
    uint8_t sbox[256];
    uint32_t table[256]; /* what a byte of the first row adds to its column */
} Aes;

static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b); }

/* Inverses by walking the powers of 3 and of its inverse. */
static void make_tables(Aes* aes) {
    uint8_t power = 1;
    uint8_t inverse = 1;
    do {
        power ^= twice(power);
        inverse ^= (uint8_t)(inverse << 1);
        inverse ^= (uint8_t)(inverse << 2);
        inverse ^= (uint8_t)(inverse << 4);
        inverse ^= (inverse & 0x80) != 0 ? 0x09 : 0;
        unsigned doubled = inverse * 0x101U;
        aes->sbox[power] =
            (uint8_t)(inverse ^ doubled >> 7 ^ doubled >> 6 ^ doubled >> 5 ^ doubled >> 4 ^ 0x63);
    } while (power != 1);
    aes->sbox[0] = 0x63;
    for (unsigned i = 0; i < 256; ++i) {
        uint8_t s = aes->sbox[i];
        uint8_t s2 = twice(s);
        aes->table[i] = s2 | (uint32_t)s << 8 | (uint32_t)s << 16 | (uint32_t)(s2 ^ s) << 24;
    }
}

static void expand_key(Aes* aes, const uint8_t* secret) {
    uint8_t constant = 1;
    memcpy(aes->keys, secret, 16);
    for (unsigned i = 4; i < COUNT(aes->keys); ++i) {
        uint32_t t = aes->keys[i - 1];
        if (i % 4 == 0) {
            t = rotate(t, 8);
            t = aes->sbox[t & 255] | (uint32_t)aes->sbox[t >> 8 & 255] << 8 |
                (uint32_t)aes->sbox[t >> 16 & 255] << 16 | (uint32_t)aes->sbox[t >> 24] << 24;
            t ^= constant;
            constant = twice(constant);
        }
        aes->keys[i] = aes->keys[i - 4] ^ t;
    }
}

#ifdef __aarch64__

/* Four blocks side by side, as libraries do. */
CRYPTO static void counter_mode(const Aes* aes, uint32_t counter, uint8_t* data) {
    uint8x16_t keys[ROUNDS + 1];
    for (unsigned i = 0; i <= ROUNDS; ++i) {
        keys[i] = vreinterpretq_u8_u32(vld1q_u32(aes->keys + (size_t)4 * i));
    }
    uint32x4_t block = {0x01020304, 0x05060708, 0x090a0b0c, 0};
    for (size_t at = 0; at < BYTES; at += 64) {
        uint8x16_t b0 = vreinterpretq_u8_u32(vsetq_lane_u32(counter++, block, 3));
        uint8x16_t b1 = vreinterpretq_u8_u32(vsetq_lane_u32(counter++, block, 3));
        uint8x16_t b2 = vreinterpretq_u8_u32(vsetq_lane_u32(counter++, block, 3));
        uint8x16_t b3 = vreinterpretq_u8_u32(vsetq_lane_u32(counter++, block, 3));
        for (unsigned i = 0; i < ROUNDS - 1; ++i) {
            b0 = vaesmcq_u8(vaeseq_u8(b0, keys[i]));
            b1 = vaesmcq_u8(vaeseq_u8(b1, keys[i]));
            b2 = vaesmcq_u8(vaeseq_u8(b2, keys[i]));
            b3 = vaesmcq_u8(vaeseq_u8(b3, keys[i]));
        }
        b0 = veorq_u8(vaeseq_u8(b0, keys[ROUNDS - 1]), keys[ROUNDS]);
        b1 = veorq_u8(vaeseq_u8(b1, keys[ROUNDS - 1]), keys[ROUNDS]);
        b2 = veorq_u8(vaeseq_u8(b2, keys[ROUNDS - 1]), keys[ROUNDS]);
        b3 = veorq_u8(vaeseq_u8(b3, keys[ROUNDS - 1]), keys[ROUNDS]);
        vst1q_u8(data + at, veorq_u8(vld1q_u8(data + at), b0));
        vst1q_u8(data + at + 16, veorq_u8(vld1q_u8(data + at + 16), b1));
        vst1q_u8(data + at + 32, veorq_u8(vld1q_u8(data + at + 32), b2));
        vst1q_u8(data + at + 48, veorq_u8(vld1q_u8(data + at + 48), b3));
    }
}

#else

static void encrypt(const Aes* aes, uint32_t* block) {
    uint32_t s[4];
    for (unsigned n = 0; n < 4; ++n) {
        s[n] = block[n] ^ aes->keys[n];
    }
    for (unsigned round = 1; round <= ROUNDS; ++round) {
        uint32_t t[4];
        for (unsigned n = 0; n < 4; ++n) {
            const uint8_t in[4] = {(uint8_t)s[n], (uint8_t)(s[(n + 1) % 4] >> 8),
                                   (uint8_t)(s[(n + 2) % 4] >> 16),
                                   (uint8_t)(s[(n + 3) % 4] >> 24)};
            t[n] = aes->keys[4 * round + n];
            for (unsigned row = 0; row < 4; ++row) {
                t[n] ^= round == ROUNDS ? (uint32_t)aes->sbox[in[row]] << 8 * row
                                        : rotate(aes->table[in[row]], -8 * row & 31);
            }
        }
        memcpy(s, t, sizeof s);
    }
    memcpy(block, s, sizeof s);
}
static void counter_mode(const Aes* aes, uint32_t counter, uint8_t* data) {
    for (size_t at = 0; at < BYTES; at += 16) {
        uint32_t block[4] = {0x01020304, 0x05060708, 0x090a0b0c, counter++};
        uint8_t stream[16];
        encrypt(aes, block);
        memcpy(stream, block, sizeof stream);
        for (unsigned i = 0; i < 16; ++i) {
            data[at + i] ^= stream[i];
        }
    }
}

#endif

/* One round: 64 KiB. */
uint64_t run_crypto_aes_ctr(unsigned rounds) {
    static uint8_t data[BYTES];
    static Aes aes;
    uint8_t secret[16];
    for (unsigned i = 0; i < 16; ++i) {
        secret[i] = (uint8_t)(0x11 * i);
    }
    make_tables(&aes);
    expand_key(&aes, secret);
    for (unsigned round = 0; round < rounds; ++round) {
        counter_mode(&aes, round * (BYTES / 16), data);
    }
    return hash_bytes(HASH_START, data, sizeof data);
}

/* ---- SHA-256's compression, with made-up constants */

#ifdef __aarch64__

CRYPTO static void compress(uint32_t* state, const uint32_t* constants, const uint8_t* data) {
    uint32x4_t abcd = vld1q_u32(state);
    uint32x4_t efgh = vld1q_u32(state + 4);
    for (size_t at = 0; at < BYTES; at += 64) {
        uint32x4_t w[4];
        uint32x4_t first = abcd;
        uint32x4_t second = efgh;
        for (unsigned i = 0; i < 4; ++i) {
            w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + at + (size_t)16 * i)));
        }
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; ++i) {
            uint32x4_t sum = vaddq_u32(w[i % 4], vld1q_u32(constants + (size_t)4 * i));
            uint32x4_t old = abcd;
            if (i < 12) {
                w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]),
                                           w[(i + 2) % 4], w[(i + 3) % 4]);
            }
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, old, sum);
        }
        abcd = vaddq_u32(abcd, first);
        efgh = vaddq_u32(efgh, second);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

#else

static void compress_block(uint32_t* state, const uint32_t* constants, const uint8_t* block) {
    uint32_t w[64];
    uint32_t s[8];
    memcpy(s, state, sizeof s);
    for (unsigned i = 0; i < 16; ++i) {
        memcpy(&w[i], block + (size_t)4 * i, 4);
        w[i] = __builtin_bswap32(w[i]);
    }
    for (unsigned i = 16; i < 64; ++i) {
        uint32_t x = w[i - 15];
        uint32_t y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
               (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    for (unsigned i = 0; i < 64; ++i) {
        uint32_t a = s[0];
        uint32_t e = s[4];
        uint32_t t = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                     (s[6] ^ (e & (s[5] ^ s[6]))) + constants[i] + w[i];
        uint32_t u =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) | (s[2] & (a | s[1])));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t;
        s[0] = t + u;
    }
    for (unsigned i = 0; i < 8; ++i) {
        state[i] += s[i];
    }
}
static void compress(uint32_t* state, const uint32_t* constants, const uint8_t* data) {
    for (size_t at = 0; at < BYTES; at += 64) {
        compress_block(state, constants, data + at);
    }
}

#endif

/* One round: 64 KiB. */
uint64_t run_crypto_sha256(unsigned rounds) {
    static uint8_t data[BYTES];
    uint32_t constants[64];
    uint32_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint64_t seed = 256;
    for (unsigned i = 0; i < COUNT(constants); ++i) {
        constants[i] = (uint32_t)next_random(&seed);
    }
    for (size_t i = 0; i < sizeof data; ++i) {
        data[i] = (uint8_t)next_random(&seed);
    }
    for (unsigned round = 0; round < rounds; ++round) {
        compress(state, constants, data);
    }
    return hash_bytes(HASH_START, state, sizeof state);
}
