/* Kernels of integer vectors: NEON intrinsics in the guest, plain C that gives the same bits in the
 * amd64 twin. */
#include <string.h>

#include "bench.h"
#include "check.h"

#ifdef __aarch64__
#include <arm_neon.h>
#endif

/* ---- filters of 16-bit samples, 16 taps */

enum { SAMPLES = 4096, TAPS = 16 };

#ifdef __aarch64__

/* In Q15: each product doubled, rounded and halved, the sum saturated. */
static void filter_q15(const int16_t* in, const int16_t* taps, int16_t* out) {
    for (int i = 0; i < SAMPLES; i += 8) {
        int16x8_t sum = vdupq_n_s16(0);
        for (int k = 0; k < TAPS; ++k) {
            int16x8_t product = vqrdmulhq_s16(vld1q_s16(in + i + k), vld1q_dup_s16(taps + k));
            sum = vqaddq_s16(sum, product);
        }
        vst1q_s16(out + i, sum);
    }
}

/* In 32 bits, and rounded to 16 in the end. */
static void filter_wide(const int16_t* in, const int16_t* taps, int16_t* out) {
    int16x8_t t0 = vld1q_s16(taps);
    int16x8_t t1 = vld1q_s16(taps + 8);
    for (int i = 0; i < SAMPLES; i += 8) {
        int32x4_t low = vdupq_n_s32(0);
        int32x4_t high = low;
#define TAP(half, n)                                                      \
    {                                                                     \
        int16x8_t x = vld1q_s16(in + i + 8 * (half) + (n));               \
        low = vmlal_laneq_s16(low, vget_low_s16(x), (half) ? t1 : t0, n); \
        high = vmlal_high_laneq_s16(high, x, (half) ? t1 : t0, n);        \
    }
        TAP(0, 0)
        TAP(0, 1) TAP(0, 2) TAP(0, 3) TAP(0, 4) TAP(0, 5) TAP(0, 6) TAP(0, 7) TAP(1, 0) TAP(1, 1)
            TAP(1, 2) TAP(1, 3) TAP(1, 4) TAP(1, 5) TAP(1, 6) TAP(1, 7)
#undef TAP
                vst1q_s16(out + i, vqrshrn_high_n_s32(vqrshrn_n_s32(low, 15), high, 15));
    }
}

#else

static int16_t saturate(int32_t x) {
    return (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
}
static void filter_q15(const int16_t* in, const int16_t* taps, int16_t* out) {
    for (int i = 0; i < SAMPLES; ++i) {
        int16_t sum = 0;
        for (int k = 0; k < TAPS; ++k) {
            sum = saturate(sum + saturate((in[i + k] * taps[k] + 0x4000) >> 15));
        }
        out[i] = sum;
    }
}
static void filter_wide(const int16_t* in, const int16_t* taps, int16_t* out) {
    for (int i = 0; i < SAMPLES; ++i) {
        int32_t sum = 0;
        for (int k = 0; k < TAPS; ++k) {
            sum += in[i + k] * taps[k];
        }
        out[i] = saturate((sum + 0x4000) >> 15);
    }
}

#endif

/* One round: 4096 samples. */
static uint64_t run_filter(unsigned rounds, int largest,
                           void (*filter)(const int16_t*, const int16_t*, int16_t*)) {
    static int16_t in[SAMPLES + TAPS];
    static int16_t out[SAMPLES];
    int16_t taps[TAPS];
    uint64_t seed = 16;
    for (int i = 0; i < SAMPLES + TAPS; ++i) {
        in[i] = (int16_t)next_random(&seed);
    }
    for (int i = 0; i < TAPS; ++i) {
        taps[i] = (int16_t)((int)random_below(&seed, (uint32_t)(2 * largest)) - largest);
    }
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        filter(in, taps, out);
        total = total * 31 + (uint16_t)out[round % SAMPLES];
        in[round % SAMPLES] ^= out[round * 7 % SAMPLES];
    }
    return total ^ hash_bytes(HASH_START, out, sizeof out);
}
uint64_t run_filter_q15(unsigned rounds) { return run_filter(rounds, 0x4000, filter_q15); }
uint64_t run_filter_wide(unsigned rounds) { return run_filter(rounds, 0x1000, filter_wide); }

/* ---- pixels */

enum { PIXELS = 16384 };

#ifdef __aarch64__

/* Three ways of laying one picture over another: the mean, the saturated sum, by opacity. */
static void blend(const uint8_t* top, const uint8_t* alpha, uint8_t* picture) {
    for (int i = 0; i < PIXELS; i += 16) {
        uint8x16_t below = vld1q_u8(picture + i);
        uint8x16_t above = vld1q_u8(top + i);
        uint8x16_t weight = vld1q_u8(alpha + i);
        uint8x16_t rest = vmvnq_u8(weight);
        below = vqaddq_u8(vrhaddq_u8(below, above), vshrq_n_u8(above, 4));
        uint16x8_t low = vmull_u8(vget_low_u8(above), vget_low_u8(weight));
        low = vmlal_u8(low, vget_low_u8(below), vget_low_u8(rest));
        uint16x8_t high = vmull_high_u8(above, weight);
        high = vmlal_high_u8(high, below, rest);
        vst1q_u8(picture + i, vqrshrn_high_n_u16(vqrshrn_n_u16(low, 8), high, 8));
    }
}

#else

static void blend(const uint8_t* top, const uint8_t* alpha, uint8_t* picture) {
    for (int i = 0; i < PIXELS; ++i) {
        unsigned below = ((unsigned)picture[i] + top[i] + 1) >> 1;
        below += top[i] >> 4;
        below = below > 255 ? 255 : below;
        unsigned mixed = (top[i] * alpha[i] + below * (255U - alpha[i]) + 128) >> 8;
        picture[i] = (uint8_t)(mixed > 255 ? 255 : mixed);
    }
}

#endif

/* One round: 16384 bytes of a picture. */
uint64_t run_blend(unsigned rounds) {
    static uint8_t top[PIXELS];
    static uint8_t alpha[PIXELS];
    static uint8_t picture[PIXELS];
    uint64_t seed = 8;
    for (int i = 0; i < PIXELS; ++i) {
        top[i] = (uint8_t)next_random(&seed);
        alpha[i] = (uint8_t)next_random(&seed);
    }
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        blend(top, alpha, picture);
        top[round % PIXELS] = (uint8_t)(picture[round * 5 % PIXELS] + round);
        total = total * 31 + picture[round % PIXELS];
    }
    return total ^ hash_bytes(HASH_START, picture, sizeof picture);
}

/* ---- ChaCha20 (RFC 8439), a block at a time */

#ifdef __aarch64__

static uint32x4_t rotate16(uint32x4_t v) {
    return vreinterpretq_u32_u16(vrev32q_u16(vreinterpretq_u16_u32(v)));
}
static uint32x4_t rotate8(uint32x4_t v) {
    static const uint8_t places[16] = {3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14};
    return vreinterpretq_u32_u8(vqtbl1q_u8(vreinterpretq_u8_u32(v), vld1q_u8(places)));
}
#define ROTATE(v, n) vsriq_n_u32(vshlq_n_u32(v, n), v, 32 - (n))

static void chacha_block(const uint32_t* state, uint8_t* data) {
    uint32x4_t s0 = vld1q_u32(state);
    uint32x4_t s1 = vld1q_u32(state + 4);
    uint32x4_t s2 = vld1q_u32(state + 8);
    uint32x4_t s3 = vld1q_u32(state + 12);
    uint32x4_t a = s0;
    uint32x4_t b = s1;
    uint32x4_t c = s2;
    uint32x4_t d = s3;
    for (int i = 0; i < 10; ++i) {
        for (int diagonal = 0; diagonal < 2; ++diagonal) {
            a = vaddq_u32(a, b);
            d = rotate16(veorq_u32(d, a));
            c = vaddq_u32(c, d);
            b = veorq_u32(b, c);
            b = ROTATE(b, 12);
            a = vaddq_u32(a, b);
            d = rotate8(veorq_u32(d, a));
            c = vaddq_u32(c, d);
            b = veorq_u32(b, c);
            b = ROTATE(b, 7);
            b = diagonal ? vextq_u32(b, b, 3) : vextq_u32(b, b, 1);
            c = vextq_u32(c, c, 2);
            d = diagonal ? vextq_u32(d, d, 1) : vextq_u32(d, d, 3);
        }
    }
    vst1q_u8(data, veorq_u8(vld1q_u8(data), vreinterpretq_u8_u32(vaddq_u32(a, s0))));
    vst1q_u8(data + 16, veorq_u8(vld1q_u8(data + 16), vreinterpretq_u8_u32(vaddq_u32(b, s1))));
    vst1q_u8(data + 32, veorq_u8(vld1q_u8(data + 32), vreinterpretq_u8_u32(vaddq_u32(c, s2))));
    vst1q_u8(data + 48, veorq_u8(vld1q_u8(data + 48), vreinterpretq_u8_u32(vaddq_u32(d, s3))));
}

#else

static uint32_t rotate(uint32_t v, int n) { return v << n | v >> (32 - n); }
static void quarter(uint32_t* s, int a, int b, int c, int d) {
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}
static void chacha_block(const uint32_t* state, uint8_t* data) {
    uint32_t s[16];
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 10; ++i) {
        for (int k = 0; k < 4; ++k) {
            quarter(s, k, 4 + k, 8 + k, 12 + k);
        }
        for (int k = 0; k < 4; ++k) {
            quarter(s, k, 4 + (k + 1) % 4, 8 + (k + 2) % 4, 12 + (k + 3) % 4);
        }
    }
    for (int i = 0; i < 16; ++i) {
        uint32_t word;
        memcpy(&word, data + (size_t)4 * i, 4);
        word ^= s[i] + state[i];
        memcpy(data + (size_t)4 * i, &word, 4);
    }
}

#endif

/* One round: 64 KiB. */
uint64_t run_chacha20(unsigned rounds) {
    static uint8_t data[65536];
    uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (unsigned i = 4; i < 16; ++i) {
        state[i] = i * 0x03020100U;
    }
    for (unsigned round = 0; round < rounds; ++round) {
        for (size_t at = 0; at < sizeof data; at += 64) {
            chacha_block(state, data + at);
            ++state[12];
        }
    }
    return hash_bytes(HASH_START, data, sizeof data);
}

/* ---- CRC-32C: the instruction in the guest, a table in the twin */

#ifdef __aarch64__
static uint32_t crc_words(uint32_t crc, const uint8_t* data, size_t size, const uint32_t* table) {
    (void)table;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
    }
    return crc;
}
#else
static uint32_t crc_words(uint32_t crc, const uint8_t* data, size_t size, const uint32_t* table) {
    for (size_t i = 0; i < size; ++i) {
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
    }
    return crc;
}
#endif

/* One round: 64 KiB. */
uint64_t run_crc32c(unsigned rounds) {
    static uint8_t data[65536];
    uint32_t table[256];
    uint64_t seed = 32;
    for (uint32_t i = 0; i < 256; ++i) {
        table[i] = i;
        for (int bit = 0; bit < 8; ++bit) {
            table[i] = table[i] >> 1 ^ ((table[i] & 1) != 0 ? 0x82f63b78 : 0);
        }
    }
    for (size_t i = 0; i < sizeof data; ++i) {
        data[i] = (uint8_t)next_random(&seed);
    }
    uint32_t crc = ~0U;
    for (unsigned round = 0; round < rounds; ++round) {
        crc = crc_words(crc, data, sizeof data, table);
    }
    return ~crc;
}
