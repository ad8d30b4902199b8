/*
 * SHA-1, SHA-256, SHA-512, SHA-3 and SM3 with the instructions for them, for crypto.c: the examples
 * of FIPS 180-4 and 202 (one block and two), of GB/T 32905.
 */
#include <stdio.h>
#include <string.h>

#include "crypto.h"

static const char abc[] = "abc";
static const char letters_448[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char letters_896[] =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
    "lmnopqrsmnopqrstnopqrstu";

enum { MOST_BYTES = 256 };

/* The text, a one, zeros, the length as the last eight bytes; returns the number of bytes. */
static size_t pad(uint8_t* message, const char* text, size_t block, size_t length_bytes) {
    size_t length = strlen(text);
    size_t total = (length + length_bytes + block) / block * block;
    memset(message, 0, total);
    memcpy(message, text, length);
    message[length] = 0x80;
    for (unsigned i = 0; i < 8; ++i) {
        message[total - 1 - i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    }
    return total;
}

static uint32x4_t load_words(const uint8_t* from) {
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(from)));
}
static void store_words(uint8_t* to, uint32x4_t words) {
    vst1q_u8(to, vrev32q_u8(vreinterpretq_u8_u32(words)));
}

/* The fractions of the cube roots of the first primes: SHA-512's, and SHA-256's in their upper
 * halves. */
static const uint64_t constants[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
/* Of their square roots. */
static const uint64_t initial[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                    0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                    0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static uint32x4_t upper_halves(const uint64_t* from) {
    return vcombine_u32(vshrn_n_u64(vld1q_u64(from), 32), vshrn_n_u64(vld1q_u64(from + 2), 32));
}

/* ---- SHA-1 */

typedef struct {
    uint32x4_t abcd;
    uint32_t e;
} Sha1;

NEEDS("crypto") static void sha1_block(Sha1* hash, const uint8_t* block) {
    static const uint32_t added[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32x4_t w[20];
    uint32x4_t abcd = hash->abcd;
    uint32_t e = hash->e;
    for (unsigned i = 0; i < 20; ++i) {
        w[i] = i < 4 ? load_words(block + (size_t)16 * i)
                     : vsha1su1q_u32(vsha1su0q_u32(w[i - 4], w[i - 3], w[i - 2]), w[i - 1]);
        uint32x4_t sum = vaddq_u32(w[i], vdupq_n_u32(added[i / 5]));
        uint32_t next = vsha1h_u32(vgetq_lane_u32(abcd, 0));
        if (i / 5 == 0) {
            abcd = vsha1cq_u32(abcd, e, sum);
        } else if (i / 5 == 2) {
            abcd = vsha1mq_u32(abcd, e, sum);
        } else {
            abcd = vsha1pq_u32(abcd, e, sum);
        }
        e = next;
    }
    hash->abcd = vaddq_u32(hash->abcd, abcd);
    hash->e += e;
}

static void sha1(const char* text) {
    static const uint32_t start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    Sha1 hash = {vld1q_u32(start), 0xc3d2e1f0};
    uint8_t message[MOST_BYTES];
    uint8_t digest[32];
    size_t size = pad(message, text, 64, 8);
    for (size_t at = 0; at < size; at += 64) {
        sha1_block(&hash, message + at);
    }
    store_words(digest, hash.abcd);
    store_words(digest + 16, vdupq_n_u32(hash.e));
    print_hex("sha1", digest, 20);
}

void print_sha1(void) {
    sha1(abc);
    sha1(letters_448);
}

/* ---- SHA-256 */

NEEDS("crypto") static void sha256_block(uint32x4_t* hash, const uint8_t* block) {
    uint32x4_t w[16];
    uint32x4_t abcd = hash[0];
    uint32x4_t efgh = hash[1];
    for (unsigned i = 0; i < 16; ++i) {
        w[i] = i < 4 ? load_words(block + (size_t)16 * i)
                     : vsha256su1q_u32(vsha256su0q_u32(w[i - 4], w[i - 3]), w[i - 2], w[i - 1]);
        uint32x4_t sum = vaddq_u32(w[i], upper_halves(constants + (size_t)4 * i));
        uint32x4_t old = abcd;
        abcd = vsha256hq_u32(abcd, efgh, sum);
        efgh = vsha256h2q_u32(efgh, old, sum);
    }
    hash[0] = vaddq_u32(hash[0], abcd);
    hash[1] = vaddq_u32(hash[1], efgh);
}

static void sha256(const char* text) {
    uint32x4_t hash[2] = {upper_halves(initial), upper_halves(initial + 4)};
    uint8_t message[MOST_BYTES];
    uint8_t digest[32];
    size_t size = pad(message, text, 64, 8);
    for (size_t at = 0; at < size; at += 64) {
        sha256_block(hash, message + at);
    }
    store_words(digest, hash[0]);
    store_words(digest + 16, hash[1]);
    print_hex("sha256", digest, sizeof digest);
}

void print_sha256(void) {
    sha256(abc);
    sha256(letters_448);
}

/* ---- SHA-512: two rounds at a time, on ab, cd, ef, gh */

NEEDS("sha3") static void sha512_block(uint64x2_t* hash, const uint8_t* block) {
    uint64x2_t w[40];
    uint64x2_t ab = hash[0];
    uint64x2_t cd = hash[1];
    uint64x2_t ef = hash[2];
    uint64x2_t gh = hash[3];
    for (unsigned i = 0; i < 40; ++i) {
        if (i < 8) {
            w[i] = vreinterpretq_u64_u8(vrev64q_u8(vld1q_u8(block + (size_t)16 * i)));
        } else {
            w[i] = vsha512su1q_u64(vsha512su0q_u64(w[i - 8], w[i - 7]), w[i - 1],
                                   vextq_u64(w[i - 4], w[i - 3], 1));
        }
        uint64x2_t sum = vaddq_u64(w[i], vld1q_u64(constants + (size_t)2 * i));
        uint64x2_t first = vsha512hq_u64(vaddq_u64(vextq_u64(sum, sum, 1), gh),
                                         vextq_u64(ef, gh, 1), vextq_u64(cd, ef, 1));
        gh = ef;
        ef = vaddq_u64(cd, first);
        uint64x2_t next = vsha512h2q_u64(first, cd, ab);
        cd = ab;
        ab = next;
    }
    hash[0] = vaddq_u64(hash[0], ab);
    hash[1] = vaddq_u64(hash[1], cd);
    hash[2] = vaddq_u64(hash[2], ef);
    hash[3] = vaddq_u64(hash[3], gh);
}

static void sha512(const char* text) {
    uint64x2_t hash[4];
    uint8_t message[MOST_BYTES];
    uint8_t digest[64];
    size_t size = pad(message, text, 128, 16);
    for (unsigned i = 0; i < 4; ++i) {
        hash[i] = vld1q_u64(initial + (size_t)2 * i);
    }
    for (size_t at = 0; at < size; at += 128) {
        sha512_block(hash, message + at);
    }
    for (unsigned i = 0; i < 4; ++i) {
        vst1q_u8(digest + (size_t)16 * i, vrev64q_u8(vreinterpretq_u8_u64(hash[i])));
    }
    print_hex("sha512", digest, sizeof digest);
}

void print_sha512(void) {
    sha512(abc);
    sha512(letters_896);
}

/* ---- SHA-3: two messages at once, one in each half */

enum { LANES = 25, RATE = 136 };

/* iota's constants: bits of a shift register (FIPS 202, 3.2.5). */
static uint64_t keccak_constant(unsigned* shift_register) {
    uint64_t constant = 0;
    for (unsigned j = 0; j < 7; ++j) {
        constant |= (uint64_t)(*shift_register & 1) << ((1U << j) - 1);
        *shift_register = *shift_register << 1 ^ (*shift_register >> 7) * 0x171;
    }
    return constant;
}

/* Lane `from` goes to `to`, rotated to the left. */
#define MOVE(to, from, left) b[to] = vxarq_u64(s[from], d[(from) % 5], (64 - (left)) % 64)

NEEDS("sha3") static void keccak_round(uint64x2_t* s, uint64_t constant) {
    uint64x2_t b[LANES];
    uint64x2_t c[5];
    uint64x2_t d[5];
    for (unsigned x = 0; x < 5; ++x) {
        c[x] = veor3q_u64(veor3q_u64(s[x], s[x + 5], s[x + 10]), s[x + 15], s[x + 20]);
    }
    for (unsigned x = 0; x < 5; ++x) {
        d[x] = vrax1q_u64(c[(x + 4) % 5], c[(x + 1) % 5]);
    }
    MOVE(0, 0, 0);
    MOVE(1, 6, 44);
    MOVE(2, 12, 43);
    MOVE(3, 18, 21);
    MOVE(4, 24, 14);
    MOVE(5, 3, 28);
    MOVE(6, 9, 20);
    MOVE(7, 10, 3);
    MOVE(8, 16, 45);
    MOVE(9, 22, 61);
    MOVE(10, 1, 1);
    MOVE(11, 7, 6);
    MOVE(12, 13, 25);
    MOVE(13, 19, 8);
    MOVE(14, 20, 18);
    MOVE(15, 4, 27);
    MOVE(16, 5, 36);
    MOVE(17, 11, 10);
    MOVE(18, 17, 15);
    MOVE(19, 23, 56);
    MOVE(20, 2, 62);
    MOVE(21, 8, 55);
    MOVE(22, 14, 39);
    MOVE(23, 15, 41);
    MOVE(24, 21, 2);
    for (unsigned i = 0; i < LANES; ++i) {
        unsigned row = i / 5 * 5;
        s[i] = vbcaxq_u64(b[i], b[row + (i + 2) % 5], b[row + (i + 1) % 5]);
    }
    s[0] = veorq_u64(s[0], vdupq_n_u64(constant));
}

NEEDS("sha3") void print_sha3(void) {
    uint64x2_t state[LANES];
    uint8_t blocks[2][RATE] = {{0}, {0}};
    uint8_t digest[32];
    unsigned shift_register = 1;
    memcpy(blocks[1], abc, 3);
    for (unsigned half = 0; half < 2; ++half) {
        blocks[half][3 * half] = 0x06;
        blocks[half][RATE - 1] = 0x80;
    }
    for (unsigned i = 0; i < LANES; ++i) {
        uint64_t halves[2] = {0, 0};
        if (i < RATE / 8) {
            memcpy(&halves[0], blocks[0] + (size_t)8 * i, 8);
            memcpy(&halves[1], blocks[1] + (size_t)8 * i, 8);
        }
        state[i] = vld1q_u64(halves);
    }
    for (unsigned i = 0; i < 24; ++i) {
        keccak_round(state, keccak_constant(&shift_register));
    }
    for (unsigned half = 0; half < 2; ++half) {
        for (unsigned i = 0; i < 4; ++i) {
            uint64_t halves[2];
            vst1q_u64(halves, state[i]);
            memcpy(digest + (size_t)8 * i, &halves[half], 8);
        }
        print_hex("sha3-256", digest, sizeof digest);
    }
}

/* ---- SM3: the word A is in the last lane, D in the first, and so E and H */

NEEDS("sm4") static uint32x4_t sm3_expand(const uint32x4_t* w) {
    uint32x4_t part = vsm3partw1q_u32(w[0], vextq_u32(w[1], w[2], 3), w[3]);
    return vsm3partw2q_u32(part, vextq_u32(w[2], w[3], 2), vextq_u32(w[0], w[1], 3));
}

#define SM3_ROUND(ROUNDS, lane)                                           \
    do {                                                                  \
        uint32x4_t ss1 = vsm3ss1q_u32(abcd, efgh, vdupq_n_u32(constant)); \
        abcd = vsm3tt1##ROUNDS##q_u32(abcd, ss1, mixed, lane);            \
        efgh = vsm3tt2##ROUNDS##q_u32(efgh, ss1, w[i], lane);             \
        constant = constant << 1 | constant >> 31;                        \
    } while (0)
#define SM3_ROUNDS(ROUNDS)    \
    do {                      \
        SM3_ROUND(ROUNDS, 0); \
        SM3_ROUND(ROUNDS, 1); \
        SM3_ROUND(ROUNDS, 2); \
        SM3_ROUND(ROUNDS, 3); \
    } while (0)

NEEDS("sm4") static void sm3_block(uint32x4_t* hash, const uint8_t* block) {
    uint32x4_t w[17];
    uint32x4_t abcd = hash[0];
    uint32x4_t efgh = hash[1];
    uint32_t constant = 0x79cc4519;
    for (unsigned i = 0; i < 17; ++i) {
        w[i] = i < 4 ? load_words(block + (size_t)16 * i) : sm3_expand(w + i - 4);
    }
    for (unsigned i = 0; i < 16; ++i) {
        uint32x4_t mixed = veorq_u32(w[i], w[i + 1]);
        if (i < 4) {
            SM3_ROUNDS(a);
        } else {
            if (i == 4) {
                constant = 0x9d8a7a87; /* 0x7a879d8a, rotated by 16 */
            }
            SM3_ROUNDS(b);
        }
    }
    hash[0] = veorq_u32(hash[0], abcd);
    hash[1] = veorq_u32(hash[1], efgh);
}

static uint32x4_t reversed(uint32x4_t words) { return vrev64q_u32(vextq_u32(words, words, 2)); }

static void sm3(const char* text) {
    static const uint32_t start[8] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                                      0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
    uint32x4_t hash[2] = {reversed(vld1q_u32(start)), reversed(vld1q_u32(start + 4))};
    uint8_t message[MOST_BYTES];
    uint8_t digest[32];
    size_t size = pad(message, text, 64, 8);
    for (size_t at = 0; at < size; at += 64) {
        sm3_block(hash, message + at);
    }
    store_words(digest, reversed(hash[0]));
    store_words(digest + 16, reversed(hash[1]));
    print_hex("sm3", digest, sizeof digest);
}

void print_sm3(void) {
    sm3(abc);
    sm3("abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd");
}
