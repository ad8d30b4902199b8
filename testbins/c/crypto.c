/*
 * AES, SM4, GHASH, CRC-32, products of small integers, with the instructions for them; hashes are
 * in crypto_hashes.c. What is printed (testbins/expected/crypto.txt) are the examples of FIPS 197,
 * of GB/T 32907, of the specification of GCM (test case 2), and the check values of both CRC-32s.
 */
#include "crypto.h"

#include <arm_acle.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

void print_hex(const char* what, const void* data, size_t size) {
    const uint8_t* bytes = data;
    printf("%s ", what);
    for (size_t i = 0; i < size; ++i) {
        printf("%02x", bytes[i]);
    }
    printf("\n");
}

/* ---- AES */

enum { MOST_ROUNDS = 14 };

typedef struct {
    uint8x16_t encrypt[MOST_ROUNDS + 1];
    uint8x16_t decrypt[MOST_ROUNDS + 1]; /* of the equivalent inverse cipher (FIPS 197, 5.3.5) */
    unsigned rounds;
} AesKey;

/* SubWord: in a state of four equal columns no row moves. */
NEEDS("crypto") static uint32_t aes_substitute(uint32_t word) {
    uint8x16_t state = vreinterpretq_u8_u32(vdupq_n_u32(word));
    return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(state, vdupq_n_u8(0))), 0);
}

/* Words as they lie in memory: RotWord is a rotation to the right. */
NEEDS("crypto") static void aes_expand(AesKey* key, const uint8_t* secret, unsigned words) {
    uint32_t w[4 * (MOST_ROUNDS + 1)];
    uint32_t constant = 1;
    key->rounds = words + 6;
    memcpy(w, secret, (size_t)4 * words);
    for (unsigned i = words; i < 4 * (key->rounds + 1); ++i) {
        uint32_t t = w[i - 1];
        if (i % words == 0) {
            t = aes_substitute(t >> 8 | t << 24) ^ constant;
            constant = constant << 1 ^ (constant >> 7) * 0x11b;
        } else if (words > 6 && i % words == 4) {
            t = aes_substitute(t);
        }
        w[i] = w[i - words] ^ t;
    }
    for (unsigned i = 0; i <= key->rounds; ++i) {
        key->encrypt[i] = vreinterpretq_u8_u32(vld1q_u32(w + (size_t)4 * i));
    }
    for (unsigned i = 0; i <= key->rounds; ++i) {
        uint8x16_t round = key->encrypt[key->rounds - i];
        key->decrypt[i] = i == 0 || i == key->rounds ? round : vaesimcq_u8(round);
    }
}

NEEDS("crypto") static uint8x16_t aes_encrypt(const AesKey* key, uint8x16_t state) {
    unsigned last = key->rounds - 1;
    for (unsigned i = 0; i < last; ++i) {
        state = vaesmcq_u8(vaeseq_u8(state, key->encrypt[i]));
    }
    return veorq_u8(vaeseq_u8(state, key->encrypt[last]), key->encrypt[last + 1]);
}

NEEDS("crypto") static uint8x16_t aes_decrypt(const AesKey* key, uint8x16_t state) {
    unsigned last = key->rounds - 1;
    for (unsigned i = 0; i < last; ++i) {
        state = vaesimcq_u8(vaesdq_u8(state, key->decrypt[i]));
    }
    return veorq_u8(vaesdq_u8(state, key->decrypt[last]), key->decrypt[last + 1]);
}

NEEDS("crypto") static void print_aes(void) {
    uint8_t secret[32];
    uint8_t block[16];
    for (unsigned i = 0; i < 32; ++i) {
        secret[i] = (uint8_t)i;
    }
    for (unsigned words = 4; words <= 8; words += 2) {
        AesKey key;
        char name[24];
        for (unsigned i = 0; i < 16; ++i) {
            block[i] = (uint8_t)(0x11 * i);
        }
        aes_expand(&key, secret, words);
        uint8x16_t state = aes_encrypt(&key, vld1q_u8(block));
        vst1q_u8(block, state);
        snprintf(name, sizeof name, "aes-%u", 32 * words);
        print_hex(name, block, sizeof block);
        vst1q_u8(block, aes_decrypt(&key, state));
        print_hex("  decrypted", block, sizeof block);
    }
}

/* ---- SM4 */

NEEDS("sm4") static void sm4_expand(uint32x4_t* keys, const uint8_t* secret) {
    static const uint32_t system[4] = {0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};
    uint32x4_t k = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(secret)));
    k = veorq_u32(k, vld1q_u32(system));
    for (unsigned i = 0; i < 8; ++i) {
        uint32_t constants[4] = {0};
        for (unsigned byte = 0; byte < 16; ++byte) {
            constants[byte / 4] = constants[byte / 4] << 8 | ((16 * i + byte) * 7 & 255);
        }
        k = vsm4ekeyq_u32(k, vld1q_u32(constants));
        keys[i] = k;
    }
}

NEEDS("sm4") static void sm4_crypt(const uint32x4_t* keys, int backwards, uint8_t* block) {
    uint32x4_t state = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block)));
    for (unsigned i = 0; i < 8; ++i) {
        uint32x4_t key = keys[backwards ? 7 - i : i];
        if (backwards) {
            key = vrev64q_u32(vextq_u32(key, key, 2));
        }
        state = vsm4eq_u32(state, key);
    }
    state = vrev64q_u32(vextq_u32(state, state, 2));
    vst1q_u8(block, vrev32q_u8(vreinterpretq_u8_u32(state)));
}

NEEDS("sm4") static void print_sm4(void) {
    static const uint8_t secret[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    uint32x4_t keys[8];
    uint8_t block[16];
    memcpy(block, secret, sizeof block);
    sm4_expand(keys, secret);
    sm4_crypt(keys, 0, block);
    print_hex("sm4", block, sizeof block);
    sm4_crypt(keys, 1, block);
    print_hex("  decrypted", block, sizeof block);
}

/* ---- GHASH: with the bits of each byte reversed, bit n is the coefficient of x^n */

NEEDS("crypto") static uint64x2_t multiply(uint64_t a, uint64_t b) {
    return vreinterpretq_u64_p128(vmull_p64((poly64_t)a, (poly64_t)b));
}
/* Of the upper halves. */
NEEDS("crypto") static uint64x2_t multiply_high(uint64x2_t a, uint64x2_t b) {
    return vreinterpretq_u64_p128(
        vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
}

/* a b modulo x^128 + x^7 + x^2 + x + 1. */
NEEDS("crypto") static uint64x2_t field_product(uint64x2_t a, uint64x2_t b) {
    const uint64x2_t zero = vdupq_n_u64(0);
    const uint64x2_t modulus = vdupq_n_u64(0x87);
    uint64x2_t middle = veorq_u64(multiply(vgetq_lane_u64(a, 0), vgetq_lane_u64(b, 1)),
                                  multiply(vgetq_lane_u64(a, 1), vgetq_lane_u64(b, 0)));
    uint64x2_t low = multiply(vgetq_lane_u64(a, 0), vgetq_lane_u64(b, 0));
    uint64x2_t high = multiply_high(a, b);
    low = veorq_u64(low, vextq_u64(zero, middle, 1));
    high = veorq_u64(high, vextq_u64(middle, zero, 1));
    uint64x2_t folded = multiply_high(high, modulus);
    low = veorq_u64(low, vextq_u64(zero, folded, 1));
    high = veorq_u64(high, vextq_u64(folded, zero, 1));
    return veorq_u64(low, multiply(vgetq_lane_u64(high, 0), 0x87));
}

NEEDS("crypto") static uint64x2_t polynomial(const uint8_t* bytes) {
    return vreinterpretq_u64_u8(vrbitq_u8(vld1q_u8(bytes)));
}

NEEDS("crypto") static void print_ghash(void) {
    static const uint8_t key[16] = {0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b,
                                    0x88, 0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e};
    static const uint8_t blocks[2][16] = {{0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3,
                                           0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78},
                                          {[15] = 0x80}};
    uint64x2_t hash = vdupq_n_u64(0);
    uint8_t result[16];
    for (unsigned i = 0; i < 2; ++i) {
        hash = field_product(veorq_u64(hash, polynomial(blocks[i])), polynomial(key));
    }
    vst1q_u8(result, vrbitq_u8(vreinterpretq_u8_u64(hash)));
    print_hex("ghash", result, sizeof result);
}

/* ---- CRC-32 of "123456789", in pieces of all sizes */

NEEDS("crc") static void print_crc(void) {
    static const uint8_t text[] = "123456789";
    uint64_t eight;
    uint32_t four;
    uint16_t two;
    memcpy(&eight, text, 8);
    memcpy(&four, text, 4);
    memcpy(&two, text + 4, 2);
    printf("crc32 %08x %08x\n", ~__crc32b(__crc32d(~0U, eight), text[8]),
           ~__crc32b(__crc32b(__crc32b(__crc32h(__crc32w(~0U, four), two), text[6]), text[7]),
                     text[8]));
    printf("crc32c %08x %08x\n", ~__crc32cb(__crc32cd(~0U, eight), text[8]),
           ~__crc32cb(__crc32cb(__crc32cb(__crc32ch(__crc32cw(~0U, four), two), text[6]), text[7]),
                      text[8]));
}

/* ---- sums of products, beside the same in plain C */

typedef struct {
    union {
        int8_t s[16];
        uint8_t u[16];
    } a, b;
} Bytes;

static void random_bytes(Bytes* bytes, uint64_t* seed) {
    for (unsigned i = 0; i < 16; ++i) {
        bytes->a.u[i] = (uint8_t)next_random(seed);
        bytes->b.u[i] = next_random(seed) % 4 == 0 ? 0x80 : (uint8_t)next_random(seed);
    }
}

static int factor(const uint8_t* bytes, unsigned n, int is_signed) {
    return is_signed ? (int8_t)bytes[n] : bytes[n];
}
static int sum_of(const uint8_t* a, int a_signed, const uint8_t* b, int b_signed, unsigned count) {
    int sum = 0;
    for (unsigned i = 0; i < count; ++i) {
        sum += factor(a, i, a_signed) * factor(b, i, b_signed);
    }
    return sum;
}
/* Whether lane n is the product of row n / 2 and column n % 2. */
static int is_matrix(int32x4_t got, const Bytes* bytes, int a_signed, int b_signed) {
    int32_t lanes[4];
    int right = 1;
    vst1q_s32(lanes, got);
    for (unsigned n = 0; n < 4; ++n) {
        right &= lanes[n] == sum_of(bytes->a.u + (size_t)8 * (n / 2), a_signed,
                                    bytes->b.u + (size_t)8 * (n % 2), b_signed, 8);
    }
    return right;
}
/* Whether each lane is a sum of four; by one group of `b` if `by` is not negative. */
static int is_dot(int32x4_t got, const Bytes* bytes, int a_signed, int b_signed, int by) {
    int32_t lanes[4];
    int right = 1;
    vst1q_s32(lanes, got);
    for (unsigned n = 0; n < 4; ++n) {
        size_t group = by < 0 ? n : (size_t)by;
        right &= lanes[n] ==
                 sum_of(bytes->a.u + (size_t)4 * n, a_signed, bytes->b.u + 4 * group, b_signed, 4);
    }
    return right;
}

NEEDS("dotprod+i8mm") static void print_products(void) {
    const int32x4_t none = vdupq_n_s32(0);
    const uint32x4_t nothing = vdupq_n_u32(0);
    unsigned right[10] = {0};
    uint64_t seed = 8;
    for (unsigned i = 0; i < 100; ++i) {
        Bytes bytes;
        random_bytes(&bytes, &seed);
        int8x16_t a = vld1q_s8(bytes.a.s);
        int8x16_t b = vld1q_s8(bytes.b.s);
        uint8x16_t x = vld1q_u8(bytes.a.u);
        uint8x16_t y = vld1q_u8(bytes.b.u);
        uint32x4_t udot = vdotq_u32(nothing, x, y);
        uint32x4_t udot_lane = vdotq_laneq_u32(nothing, x, y, 2);
        right[0] += is_dot(vdotq_s32(none, a, b), &bytes, 1, 1, -1);
        right[1] += is_dot(vreinterpretq_s32_u32(udot), &bytes, 0, 0, -1);
        right[2] += is_dot(vusdotq_s32(none, x, b), &bytes, 0, 1, -1);
        right[3] += is_dot(vdotq_laneq_s32(none, a, b, 1), &bytes, 1, 1, 1);
        right[4] += is_dot(vreinterpretq_s32_u32(udot_lane), &bytes, 0, 0, 2);
        right[5] += is_dot(vusdotq_laneq_s32(none, x, b, 3), &bytes, 0, 1, 3);
        right[6] += is_dot(vsudotq_laneq_s32(none, a, y, 0), &bytes, 1, 0, 0);
        right[7] += is_matrix(vmmlaq_s32(none, a, b), &bytes, 1, 1);
        right[8] += is_matrix(vreinterpretq_s32_u32(vmmlaq_u32(nothing, x, y)), &bytes, 0, 0);
        right[9] += is_matrix(vusmmlaq_s32(none, x, b), &bytes, 0, 1);
    }
    printf("products");
    for (unsigned i = 0; i < COUNT(right); ++i) {
        printf(" %u", right[i]);
    }
    printf("\n");
}

int main(void) {
    print_aes();
    print_sm4();
    print_ghash();
    print_crc();
    print_products();
    print_sha1();
    print_sha256();
    print_sha512();
    print_sha3();
    print_sm3();
    return 23;
}
