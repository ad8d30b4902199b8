// Estimates of reciprocals and roots, and the steps that refine them (Arm ARM shared pseudocode,
// FPRecipEstimate and its like).
//
// Owns: their tables' arithmetic. Must not know: rounding (softfloat.cpp).
#include "translator/base/softfloat_parts.hpp"

namespace pydbt::base {
namespace {

// With AH these operations flush denormals, round to nearest and raise nothing.
FpStatus own_modes(const FpStatus& fp) {
    constexpr uint32_t kRounding = 3u << 22;
    FpStatus own = fp;
    own.fpsr = 0;
    if (alternate(fp)) own.fpcr = (fp.fpcr & ~kRounding) | kFpcrFz | kFpcrFiz;
    return own;
}

// Adds what an operation under own_modes() has raised.
uint64_t finish(uint64_t result, const FpStatus& own, FpStatus& fp) {
    if (!alternate(fp)) fp.fpsr |= own.fpsr;
    return result;
}

// FPRecipStepFused and FPRSqrtStepFused: (`constant` - a * b) * 2^scale.
uint64_t step(unsigned w, uint64_t a, uint64_t b, unsigned constant, int scale, uint64_t at_zero,
              FpStatus& fp) {
    Format f = format_of(w);
    // FPNeg, which with AH leaves NaNs alone.
    if (!(alternate(fp) && fp_is_nan(w, a))) a ^= f.sign_bit();
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, x, a, y, b, result, fp)) return result;
    if (infinity_times_zero(x, y)) return at_zero;
    if (x.infinite() || y.infinite()) return infinity_of(f, x.sign != y.sign);
    Number c{Kind::nonzero, false, 0, constant};
    return add_finite(w, c, product(x, y), fpcr_rounding(fp.fpcr), scale, fp);
}

// A number's exponent and its fraction scaled to 52 bits.
struct Scaled {
    int exponent;
    uint64_t fraction;
};
Scaled scaled(const Format& f, uint64_t a) {
    auto exponent = static_cast<int>(a >> f.fraction & f.exponent_ones());
    uint64_t fraction = (a & f.fraction_mask()) << (52 - f.fraction);
    return {exponent, fraction};
}

constexpr uint64_t kMask52 = (uint64_t{1} << 52) - 1;
constexpr uint64_t kTop52 = uint64_t{1} << 51;

uint64_t pack_estimate(const Format& f, bool sign, int exponent, uint64_t fraction) {
    return zero_of(f, sign) | static_cast<uint64_t>(exponent) << f.fraction |
           fraction >> (52 - f.fraction);
}

// RecipEstimate and RecipSqrtEstimate: 8 bits of fraction, or 12 (`fine`).
uint64_t recip_table(uint64_t a, bool fine) {
    uint64_t wide = 2 * a + 1;
    return ((uint64_t{1} << (fine ? 26 : 19)) / wide + 1) / 2;
}
uint64_t rsqrt_table(uint64_t a, bool fine) {
    // The input's middle times 2^10, or 2^13: the upper half of the inputs has steps of two.
    const uint64_t half = fine ? 2048 : 256;
    uint64_t middle = a < half ? 2 * a + 1 : ((a >> 1 << 1) + 1) * 2;
    const uint64_t square = uint64_t{1} << (fine ? 39 : 28);
    // The greatest whose lower neighbour's middle is not past the root.
    uint64_t estimate = fine ? 4096 : 256;
    for (uint64_t bit = estimate / 2; bit != 0; bit >>= 1) {
        uint64_t edge = 2 * (estimate + bit) - 1;
        if (middle * edge * edge < square) estimate += bit;
    }
    return estimate;
}

// FEAT_RPRES: singles get the finer ones with AH.
bool is_fine(unsigned w, const FpStatus& fp) {
    return w == 32 && alternate(fp) && fp.fine_estimates;
}

// An estimate's fraction, of 8 or 12 bits, scaled to 52.
uint64_t estimate_fraction(uint64_t estimate, bool fine) {
    return fine ? (estimate & 0xfff) << 40 : (estimate & 0xff) << 44;
}

uint64_t recip_estimate(unsigned w, uint64_t a, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.nan()) return process_nan(w, x.kind, a, fp);
    if (x.infinite()) return zero_of(f, x.sign);
    if (x.zero()) {
        fp.fpsr |= kFpsrDzc;
        return infinity_of(f, x.sign);
    }
    int magnitude = x.exp + static_cast<int>(top_bit(x.mant));
    if (magnitude < -f.bias() - 1) return overflow(w, x.sign, fpcr_rounding(fp.fpcr), fp);
    bool flush = (fp.fpcr & (w == 16 ? kFpcrFz16 : kFpcrFz)) != 0;
    if (flush && magnitude >= f.bias() - 1) {
        fp.fpsr |= kFpsrUfc;
        return zero_of(f, x.sign);
    }
    Scaled s = scaled(f, a);
    if (s.exponent == 0) {
        bool top = (s.fraction & kTop52) != 0;
        if (!top) s.exponent = -1;
        s.fraction = s.fraction << (top ? 1 : 2) & kMask52;
    }
    bool fine = is_fine(w, fp);
    uint64_t in = fine ? 2048 + (s.fraction >> 41) : 256 + (s.fraction >> 44);
    uint64_t fraction = estimate_fraction(recip_table(in, fine), fine);
    int exponent = 2 * f.bias() - 1 - s.exponent;
    if (exponent == 0) fraction = kTop52 | fraction >> 1;
    if (exponent == -1) fraction = kTop52 >> 1 | fraction >> 2;
    return pack_estimate(f, x.sign, exponent < 0 ? 0 : exponent, fraction);
}

uint64_t rsqrt_estimate(unsigned w, uint64_t a, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.nan()) return process_nan(w, x.kind, a, fp);
    if (x.zero()) {
        fp.fpsr |= kFpsrDzc;
        return infinity_of(f, x.sign);
    }
    if (x.sign) return invalid(f, fp);
    if (x.infinite()) return zero_of(f, false);
    Scaled s = scaled(f, a);
    if (s.exponent == 0) {
        for (; (s.fraction & kTop52) == 0; s.exponent--) s.fraction = s.fraction << 1 & kMask52;
        s.fraction = s.fraction << 1 & kMask52;
    }
    bool fine = is_fine(w, fp);
    unsigned odd = static_cast<unsigned>(s.exponent) & 1;
    uint64_t in = (fine ? 2048u : 256u) >> odd | s.fraction >> ((fine ? 41 : 44) + odd);
    uint64_t fraction = estimate_fraction(rsqrt_table(in, fine), fine);
    int exponent = (3 * f.bias() - 1 - s.exponent) / 2;
    return pack_estimate(f, false, exponent, fraction);
}

uint64_t recpx(unsigned w, uint64_t a, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.nan()) return process_nan(w, x.kind, a, fp);
    uint64_t exponent = a >> f.fraction & f.exponent_ones();
    uint64_t result = exponent == 0 ? f.exponent_ones() - 1 : exponent ^ f.exponent_ones();
    return zero_of(f, x.sign) | result << f.fraction;
}

}  // namespace

uint64_t fp_recip_step(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Format f = format_of(w);
    uint64_t two = static_cast<uint64_t>(f.bias() + 1) << f.fraction;
    FpStatus own = own_modes(fp);
    return finish(step(w, a, b, 2, 0, two, own), own, fp);
}
uint64_t fp_rsqrt_step(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Format f = format_of(w);
    uint64_t one_and_a_half = static_cast<uint64_t>(f.bias()) << f.fraction | f.quiet_bit();
    FpStatus own = own_modes(fp);
    return finish(step(w, a, b, 3, -1, one_and_a_half, own), own, fp);
}

uint64_t fp_recip_estimate(unsigned w, uint64_t a, FpStatus& fp) {
    FpStatus own = own_modes(fp);
    return finish(recip_estimate(w, a, own), own, fp);
}
uint64_t fp_rsqrt_estimate(unsigned w, uint64_t a, FpStatus& fp) {
    FpStatus own = own_modes(fp);
    return finish(rsqrt_estimate(w, a, own), own, fp);
}
uint64_t fp_recpx(unsigned w, uint64_t a, FpStatus& fp) {
    FpStatus own = own_modes(fp);
    return finish(recpx(w, a, own), own, fp);
}

}  // namespace pydbt::base
