// The insides of the soft floating point, shared by the softfloat*.cpp files: formats, unpacked
// numbers, rounding.
//
// Owns: their data. Must not know: instructions. Only files of base/softfloat* include this.
#pragma once

#include <bit>
#include <initializer_list>

#include "translator/base/softfloat.hpp"

namespace pydbt::base {

using u128 = unsigned __int128;

struct Format {
    unsigned fraction;  // bits of the fraction
    unsigned exponent;  // bits of the exponent
    int bias() const { return (1 << (exponent - 1)) - 1; }
    uint64_t fraction_mask() const { return (uint64_t{1} << fraction) - 1; }
    uint64_t exponent_ones() const { return (uint64_t{1} << exponent) - 1; }
    uint64_t sign_bit() const { return uint64_t{1} << (fraction + exponent); }
    uint64_t quiet_bit() const { return uint64_t{1} << (fraction - 1); }
    int minimum_exponent() const { return 1 - bias(); }
};

constexpr Format format_of(unsigned w) {
    return w == 16      ? Format{10, 5}
           : w == kBf16 ? Format{7, 8}
           : w == 32    ? Format{23, 8}
                        : Format{52, 11};
}

enum class Kind : uint8_t { zero, nonzero, infinity, quiet, signalling };

/// FPUnpack's result. A nonzero number is mant * 2^exp.
struct Number {
    Kind kind;
    bool sign;
    int exp;
    u128 mant;
    bool denormal = false;

    bool nan() const { return kind >= Kind::quiet; }
    bool zero() const { return kind == Kind::zero; }
    bool infinite() const { return kind == Kind::infinity; }
};

inline unsigned top_bit(u128 v) {
    auto high = static_cast<uint64_t>(v >> 64);
    if (high != 0) return 127 - static_cast<unsigned>(std::countl_zero(high));
    return 63 - static_cast<unsigned>(std::countl_zero(static_cast<uint64_t>(v)));
}

inline uint64_t zero_of(const Format& f, bool sign) { return sign ? f.sign_bit() : 0; }
inline uint64_t infinity_of(const Format& f, bool sign) {
    return zero_of(f, sign) | f.exponent_ones() << f.fraction;
}
inline uint64_t max_normal(const Format& f, bool sign) { return infinity_of(f, sign) - 1; }
/// FPDefaultNaN: AH turns its sign.
inline uint64_t default_nan(const Format& f, const FpStatus& fp) {
    return zero_of(f, (fp.fpcr & kFpcrAh) != 0) | f.exponent_ones() << f.fraction | f.quiet_bit();
}

inline uint64_t invalid(const Format& f, FpStatus& fp) {
    fp.fpsr |= kFpsrIoc;
    return default_nan(f, fp);
}

inline bool alternate(const FpStatus& fp) { return (fp.fpcr & kFpcrAh) != 0; }

/// FPUnpackBase. `convert`: FPUnpackCV, for which AHP counts and FZ16 does not.
Number unpack(unsigned w, uint64_t a, FpStatus& fp, bool convert = false);

/// FPProcessDenorms: with AH, denormal operands that were not flushed raise Input Denormal.
void process_denormals(unsigned w, std::initializer_list<const Number*> operands, FpStatus& fp);

/// FPRoundBase: the value (mant, and a bit more when `sticky`) * 2^exp; mant is not 0. `convert`:
/// FPRoundCV.
uint64_t round(unsigned w, bool sign, int exp, u128 mant, bool sticky, Rounding rounding,
               FpStatus& fp, bool convert = false);

/// FPRound's result of an overflow.
uint64_t overflow(unsigned w, bool sign, Rounding rounding, FpStatus& fp);

/// FPProcessNaN, and FPProcessNaNs: true when one operand is a NaN.
uint64_t process_nan(unsigned w, Kind kind, uint64_t a, FpStatus& fp);
bool process_nans(unsigned w, const Number& x, uint64_t a, const Number& y, uint64_t b,
                  uint64_t& result, FpStatus& fp);

/// The sum of two nonzero numbers; mant 0 when they cancel.
Number sum(const Number& a, const Number& b);
Number product(const Number& a, const Number& b);
bool infinity_times_zero(const Number& a, const Number& b);
/// The sum of two numbers that are no NaNs, and need not be of the format.
uint64_t add_numbers(unsigned w, const Number& a, const Number& b, FpStatus& fp);
/// The sum of two finite numbers times 2^scale, rounded.
uint64_t add_finite(unsigned w, const Number& a, const Number& b, Rounding rounding, int scale,
                    FpStatus& fp);

/// Integer part of |n| * 2^fbits rounded; `large` when it has more than 66 bits.
struct Rounded {
    u128 magnitude;
    bool inexact;
    bool large;
};
Rounded round_to_integer(const Number& n, int fbits, Rounding rounding);

}  // namespace pydbt::base
