// Soft floating point against the host's: every operation the two have in common, in all rounding
// modes, on operands that sit on the edges of the formats.
#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "tests/unit/cpp/testing.hpp"
#include "translator/base/softfloat.hpp"

namespace {

using namespace pydbt::base;

// xorshift64*, seeded alike in every run.
class Random {
   public:
    uint64_t next() {
        s_ ^= s_ >> 12, s_ ^= s_ << 25, s_ ^= s_ >> 27;
        return s_ * 0x2545f4914f6cdd1d;
    }
    // A number near an edge of the format as often as any.
    uint64_t number(unsigned w) {
        unsigned fraction = w == 64 ? 52 : 23, exponents = w == 64 ? 11 : 8;
        uint64_t bits = next(), ones = (uint64_t{1} << exponents) - 1;
        uint64_t f = bits & ((uint64_t{1} << fraction) - 1);
        uint64_t e = bits >> fraction & ones;
        switch (next() % 8) {
            case 0: e = next() % 3; break;
            case 1: e = ones - next() % 3; break;
            case 2: e = ones / 2 + next() % 4 - 2; break;
            case 3: f = next() % 2 == 0 ? 0 : (uint64_t{1} << fraction) - 1 - next() % 3; break;
            case 4:
                e = next() % 2 == 0 ? 0 : ones;
                f = next() % 4 == 0 ? next() & f : 0;
                break;
            case 5: f = (next() & 7) << (fraction - 3); break;
            default: break;
        }
        return (bits >> 63) << (w - 1) | e << fraction | f;
    }

   private:
    uint64_t s_ = 0x9e3779b97f4a7c15;
};

constexpr uint32_t kCsr[] = {0x1f80, 0x1f80 | 2 << 13, 0x1f80 | 1 << 13, 0x1f80 | 3 << 13};

uint32_t raised() {
    uint32_t csr = _mm_getcsr();
    return (csr & 1) | (csr >> 1 & 0x1e);
}

struct Outcome {
    uint64_t bits;
    uint32_t flags;
};

template <class F>
Outcome native(unsigned mode, F f) {
    uint32_t saved = _mm_getcsr();
    _mm_setcsr(kCsr[mode]);
    uint64_t bits = f();
    uint32_t flags = raised();
    _mm_setcsr(saved);
    return {bits, flags};
}

// The compiler knows nothing of MXCSR: what goes into and comes out of an operation is pinned
// between the writes of it.
template <class T>
T pinned(T v) {
    asm volatile("" : "+r"(v)::"memory");
    return v;
}
__m128d d(uint64_t v) {
    return _mm_castsi128_pd(_mm_cvtsi64_si128(static_cast<int64_t>(pinned(v))));
}
__m128 s(uint64_t v) { return _mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(pinned(v)))); }
uint64_t bits(__m128d v) {
    return pinned(static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_castpd_si128(v))));
}
uint64_t bits(__m128 v) {
    return pinned<uint64_t>(static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_castps_si128(v))));
}

// x86 tells underflow after rounding, Arm before: they differ where the result is the least normal.
bool least_normal(unsigned w, uint64_t v) {
    return (v << 1 & (~uint64_t{0} >> (64 - w))) == uint64_t{1} << (w == 64 ? 53 : 24);
}

unsigned failures = 0;

void expect(const char* name, unsigned w, uint64_t a, uint64_t b, uint64_t c, unsigned mode,
            Outcome host, uint64_t got, uint32_t flags) {
    bool nan = fp_is_nan(w, host.bits);
    bool same = nan ? fp_is_nan(w, got) : got == host.bits;
    uint32_t ignored = least_normal(w, got) ? kFpsrUfc : 0;
    if (same && ((flags ^ host.flags) & ~ignored) == 0) return;
    if (failures++ < 10) {
        std::printf("%s%u mode %u: %llx %llx %llx: host %llx flags %x, soft %llx flags %x\n", name,
                    w, mode, (unsigned long long)a, (unsigned long long)b, (unsigned long long)c,
                    (unsigned long long)host.bits, host.flags, (unsigned long long)got, flags);
    }
}

#define BINARY(name, op)                                                                         \
    {                                                                                            \
        FpStatus fp{mode << 22, 0};                                                              \
        uint64_t r = fp_##name(64, a, b, fp);                                                    \
        expect(#name, 64, a, b, 0, mode,                                                         \
               native(mode, [&] { return bits(_mm_##op##_sd(d(a), d(b))); }), r, fp.fpsr);       \
        FpStatus fp32{mode << 22, 0};                                                            \
        r = fp_##name(32, a32, b32, fp32);                                                       \
        expect(#name, 32, a32, b32, 0, mode,                                                     \
               native(mode, [&] { return bits(_mm_##op##_ss(s(a32), s(b32))); }), r, fp32.fpsr); \
    }

TEST(arithmetic_agrees_with_the_host) {
    Random random;
    for (unsigned n = 0; n < 400'000; n++) {
        unsigned mode = n % 4;
        uint64_t a = random.number(64), b = random.number(64), c = random.number(64);
        if (n % 5 == 0) c = fp_is_nan(64, a) ? c : a ^ uint64_t{1} << 63 ^ (random.next() & 3);
        uint64_t a32 = random.number(32), b32 = random.number(32), c32 = random.number(32);
        BINARY(add, add)
        BINARY(sub, sub)
        BINARY(mul, mul)
        BINARY(div, div)
        FpStatus fp{mode << 22, 0};
        uint64_t got = fp_sqrt(64, a, fp);
        expect("sqrt", 64, a, 0, 0, mode,
               native(mode, [&] { return bits(_mm_sqrt_sd(d(a), d(a))); }), got, fp.fpsr);
        // With a NaN addend and infinity times zero Arm raises Invalid Operation, FMA does not.
        if (fp_is_nan(64, c) || fp_is_nan(32, c32)) continue;
        fp = {mode << 22, 0};
        got = fp_mul_add(64, c, a, b, fp);
        expect("fma", 64, a, b, c, mode,
               native(mode, [&] { return bits(_mm_fmadd_sd(d(a), d(b), d(c))); }), got, fp.fpsr);
        fp = {mode << 22, 0};
        got = fp_mul_add(32, c32, a32, b32, fp);
        expect("fma", 32, a32, b32, c32, mode,
               native(mode, [&] { return bits(_mm_fmadd_ss(s(a32), s(b32), s(c32))); }), got,
               fp.fpsr);
    }
    CHECK_EQ(failures, 0u);
}

TEST(conversions_agree_with_the_host) {
    Random random;
    failures = 0;
    for (unsigned n = 0; n < 400'000; n++) {
        unsigned mode = n % 4;
        uint64_t a = random.number(64), a32 = random.number(32);
        FpStatus fp{mode << 22, 0};
        uint64_t got = fp_convert(64, 32, a, fp);
        expect("cvt", 32, a, 0, 0, mode,
               native(mode, [&] { return bits(_mm_cvtsd_ss(s(0), d(a))); }), got, fp.fpsr);
        fp = {mode << 22, 0};
        got = fp_convert(32, 64, a32, fp);
        Outcome host = native(mode, [&] { return bits(_mm_cvtss_sd(d(0), s(a32))); });
        expect("cvt", 64, a32, 0, 0, mode, host, got, fp.fpsr);
        fp = {mode << 22, 0};
        got = fp_from_fixed(64, a, 64, 0, false, fp);
        expect("s64", 64, a, 0, 0, mode,
               native(mode, [&] { return bits(_mm_cvtsi64_sd(d(0), static_cast<int64_t>(a))); }),
               got, fp.fpsr);
        fp = {mode << 22, 0};
        got = fp_to_fixed(64, a, 64, 0, false, fpcr_rounding(fp.fpcr), fp);
        host = native(mode, [&] { return pinned(static_cast<uint64_t>(_mm_cvtsd_si64(d(a)))); });
        if (host.flags != kFpsrIoc) expect("to", 64, a, 0, 0, mode, host, got, fp.fpsr);
        if (host.flags == kFpsrIoc) CHECK_EQ(fp.fpsr, kFpsrIoc);
        fp = {mode << 22, 0};
        got = fp_round_int(64, a, fpcr_rounding(fp.fpcr), true, fp);
        expect("rint", 64, a, 0, 0, mode,
               native(mode, [&] { return bits(_mm_round_sd(d(0), d(a), 4)); }), got, fp.fpsr);
        uint64_t half = a & 0xffff;
        fp = {mode << 22, 0};
        got = fp_convert(16, 32, half, fp);
        float wide = _cvtsh_ss(static_cast<uint16_t>(half));
        if (!std::isnan(wide)) CHECK_EQ(got, uint64_t{std::bit_cast<uint32_t>(wide)});
    }
    CHECK_EQ(failures, 0u);
}

// Cases the host has no counterpart of: the manual's pseudocode by hand.
TEST(nans_and_modes) {
    FpStatus fp{0, 0};
    constexpr uint64_t kQuiet1 = 0x7ff8000000000001, kSignalling2 = 0x7ff0000000000002;
    constexpr uint64_t kInf = 0x7ff0000000000000, kDefault = 0x7ff8000000000000;
    CHECK_EQ(fp_add(64, kQuiet1, kSignalling2, fp), uint64_t{0x7ff8000000000002});
    CHECK_EQ(fp.fpsr, kFpsrIoc);
    fp = {kFpcrDn, 0};
    CHECK_EQ(fp_add(64, kQuiet1, 0, fp), kDefault);
    fp = {0, 0};
    CHECK_EQ(fp_mul_add(64, kQuiet1, kInf, 0, fp), kDefault);
    CHECK_EQ(fp_max_num(64, kQuiet1, 0x3ff0000000000000, fp), uint64_t{0x3ff0000000000000});
    CHECK_EQ(fp_max(64, uint64_t{1} << 63, 0, fp), uint64_t{0});
    CHECK_EQ(fp_min(64, 0, uint64_t{1} << 63, fp), uint64_t{1} << 63);
    fp = {kFpcrFz, 0};
    CHECK_EQ(fp_add(64, 1, 0x3ff0000000000000, fp), uint64_t{0x3ff0000000000000});
    CHECK_EQ(fp.fpsr, kFpsrIdc);
    fp = {0, 0};
    CHECK_EQ(fp_convert(64, 16, 0x7ff0000000000000, fp), uint64_t{0x7c00});
    fp = {kFpcrAhp, 0};
    CHECK_EQ(fp_convert(64, 16, 0x7ff0000000000000, fp), uint64_t{0x7fff});
    CHECK_EQ(fp.fpsr, kFpsrIoc);
    fp = {0, 0};
    CHECK_EQ(fp_to_fixed(32, 0x7fc00000, 32, 0, false, Rounding::zero, fp), uint64_t{0});
    CHECK_EQ(fp_to_fixed(32, 0xcf000001, 32, 0, false, Rounding::zero, fp), uint64_t{0x80000000});
    CHECK_EQ(fp_recip_estimate(32, 0x3f800000, fp), uint64_t{0x3f7f8000});
    CHECK_EQ(fp_rsqrt_estimate(32, 0x3f800000, fp), uint64_t{0x3f7f8000});
    CHECK_EQ(fp_mulx(32, 0, 0xff800000, fp), uint64_t{0xc0000000});
}

}  // namespace
