// The sums and products of BFDOT and BFMMLA (Arm ARM shared pseudocode, BFAdd, BFMulH, BFDotAdd).
//
// Owns: their modes. Must not know: lanes.
#include "translator/base/softfloat_parts.hpp"

namespace pydbt::base {
namespace {

// FZ and FIZ, DN; what is raised is dropped.
FpStatus fixed_modes(uint32_t fpcr) { return {(fpcr & kFpcrAh) | kFpcrFz | kFpcrFiz | kFpcrDn, 0}; }

// BFRound: to odd, denormal results flushed, infinity beyond the largest number.
uint32_t round_single(bool sign, int exp, u128 mant) {
    Format f = format_of(32);
    int exponent = exp + static_cast<int>(top_bit(mant));
    if (exponent < f.minimum_exponent()) return static_cast<uint32_t>(zero_of(f, sign));
    if (exponent > f.bias()) return static_cast<uint32_t>(infinity_of(f, sign));
    FpStatus none{0, 0};
    return static_cast<uint32_t>(round(32, sign, exp, mant, false, Rounding::odd, none));
}

}  // namespace

uint32_t bf_add(uint32_t a, uint32_t b, uint32_t fpcr) {
    FpStatus fp = fixed_modes(fpcr);
    Format f = format_of(32);
    Number x = unpack(32, a, fp), y = unpack(32, b, fp);
    if (x.nan() || y.nan()) return static_cast<uint32_t>(default_nan(f, fp));
    if (x.infinite() && y.infinite() && x.sign != y.sign) {
        return static_cast<uint32_t>(default_nan(f, fp));
    }
    if (x.infinite() || y.infinite()) {
        return static_cast<uint32_t>(infinity_of(f, x.infinite() ? x.sign : y.sign));
    }
    if (x.zero() && y.zero()) return static_cast<uint32_t>(zero_of(f, x.sign && y.sign));
    Number s = x.zero() ? y : y.zero() ? x : sum(x, y);
    return s.mant == 0 ? 0 : round_single(s.sign, s.exp, s.mant);
}

uint32_t bf_mul(uint32_t a, uint32_t b, uint32_t fpcr) {
    FpStatus fp = fixed_modes(fpcr);
    Format f = format_of(32);
    Number x = unpack(kBf16, a, fp), y = unpack(kBf16, b, fp);
    if (x.nan() || y.nan() || infinity_times_zero(x, y)) {
        return static_cast<uint32_t>(default_nan(f, fp));
    }
    bool sign = x.sign != y.sign;
    if (x.infinite() || y.infinite()) return static_cast<uint32_t>(infinity_of(f, sign));
    if (x.zero() || y.zero()) return static_cast<uint32_t>(zero_of(f, sign));
    Number p = product(x, y);
    return round_single(sign, p.exp, p.mant);
}

// FPDot and FPAdd, with default NaNs; what they raise is dropped.
uint32_t bf_dot_add(uint32_t addend, const BfPairs& pairs, uint32_t fpcr) {
    FpStatus fp{fpcr | kFpcrDn, 0};
    auto multiply = [&](uint32_t a, uint32_t b, Number& result) {
        Number x = unpack(kBf16, a, fp), y = unpack(kBf16, b, fp);
        result = product(x, y);
        if (x.infinite() || y.infinite()) result.kind = Kind::infinity;
        return !x.nan() && !y.nan() && !infinity_times_zero(x, y);
    };
    Number low, high;
    bool numbers = multiply(pairs.a0, pairs.b0, low);
    numbers &= multiply(pairs.a1, pairs.b1, high);
    if (!numbers) return static_cast<uint32_t>(default_nan(format_of(32), fp));
    return static_cast<uint32_t>(fp_add(32, addend, add_numbers(32, low, high, fp), fp));
}

}  // namespace pydbt::base
