#include "translator/base/softfloat.hpp"

#include <bit>
#include <utility>

namespace pydbt::base {
namespace {

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
    return w == 16 ? Format{10, 5} : w == 32 ? Format{23, 8} : Format{52, 11};
}

enum class Kind : uint8_t { zero, nonzero, infinity, quiet, signalling };

/// FPUnpack's result. A nonzero number is mant * 2^exp.
struct Number {
    Kind kind;
    bool sign;
    int exp;
    u128 mant;

    bool nan() const { return kind >= Kind::quiet; }
    bool zero() const { return kind == Kind::zero; }
    bool infinite() const { return kind == Kind::infinity; }
};

unsigned top_bit(u128 v) {
    auto high = static_cast<uint64_t>(v >> 64);
    if (high != 0) return 127 - static_cast<unsigned>(std::countl_zero(high));
    return 63 - static_cast<unsigned>(std::countl_zero(static_cast<uint64_t>(v)));
}

uint64_t zero_of(const Format& f, bool sign) { return sign ? f.sign_bit() : 0; }
uint64_t infinity_of(const Format& f, bool sign) {
    return zero_of(f, sign) | f.exponent_ones() << f.fraction;
}
uint64_t max_normal(const Format& f, bool sign) { return infinity_of(f, sign) - 1; }
uint64_t default_nan(const Format& f) { return f.exponent_ones() << f.fraction | f.quiet_bit(); }

uint64_t invalid(const Format& f, FpStatus& fp) {
    fp.fpsr |= kFpsrIoc;
    return default_nan(f);
}

// FPUnpackBase. `convert`: FPUnpackCV, for which AHP counts and FZ16 does not.
Number unpack(unsigned w, uint64_t a, FpStatus& fp, bool convert = false) {
    Format f = format_of(w);
    bool sign = (a & f.sign_bit()) != 0;
    uint64_t exponent = a >> f.fraction & f.exponent_ones();
    uint64_t fraction = a & f.fraction_mask();
    if (exponent == 0) {
        if (fraction == 0) return {Kind::zero, sign, 0, 0};
        if (w != 16 && (fp.fpcr & kFpcrFz) != 0) {
            fp.fpsr |= kFpsrIdc;
            return {Kind::zero, sign, 0, 0};
        }
        if (w == 16 && !convert && (fp.fpcr & kFpcrFz16) != 0) return {Kind::zero, sign, 0, 0};
        return {Kind::nonzero, sign, f.minimum_exponent() - static_cast<int>(f.fraction), fraction};
    }
    bool alternative = w == 16 && convert && (fp.fpcr & kFpcrAhp) != 0;
    if (exponent == f.exponent_ones() && !alternative) {
        if (fraction == 0) return {Kind::infinity, sign, 0, 0};
        return {(fraction & f.quiet_bit()) != 0 ? Kind::quiet : Kind::signalling, sign, 0, 0};
    }
    int exp = static_cast<int>(exponent) - f.bias() - static_cast<int>(f.fraction);
    return {Kind::nonzero, sign, exp, u128{1} << f.fraction | fraction};
}

// Whether to add one to a magnitude whose dropped part compares with a half as told.
bool rounds_up(Rounding rounding, bool sign, bool odd, int against_half, bool inexact) {
    switch (rounding) {
        case Rounding::even: return against_half > 0 || (against_half == 0 && odd);
        case Rounding::up: return inexact && !sign;
        case Rounding::down: return inexact && sign;
        case Rounding::away: return against_half >= 0;
        default: return false;
    }
}

struct Split {
    u128 kept;
    bool inexact;
    int against_half;  // of the dropped part: -1 below, 0 at, 1 above a half
};

// v / 2^shift as an integer and what is dropped; `sticky`: v has a further part below its bit 0.
Split split(u128 v, int shift, bool sticky) {
    if (shift <= 0) return {v << -shift, sticky, -1};
    if (shift > 127) return {0, v != 0 || sticky, -1};
    u128 half = u128{1} << (shift - 1);
    u128 dropped = v & ((half << 1) - 1);
    int against = dropped > half || (dropped == half && sticky) ? 1 : dropped == half ? 0 : -1;
    return {v >> shift, dropped != 0 || sticky, against};
}

uint64_t overflow(unsigned w, bool sign, Rounding rounding, FpStatus& fp) {
    Format f = format_of(w);
    bool to_infinity = rounding == Rounding::even || (rounding == Rounding::up && !sign) ||
                       (rounding == Rounding::down && sign) || rounding == Rounding::away;
    fp.fpsr |= kFpsrOfc | kFpsrIxc;
    return to_infinity ? infinity_of(f, sign) : max_normal(f, sign);
}

// FPRoundBase: the value (mant, and a bit more when `sticky`) * 2^exp; mant is not 0. `convert`:
// FPRoundCV.
uint64_t round(unsigned w, bool sign, int exp, u128 mant, bool sticky, Rounding rounding,
               FpStatus& fp, bool convert = false) {
    Format f = format_of(w);
    int exponent = exp + static_cast<int>(top_bit(mant));
    int minimum = f.minimum_exponent();
    bool flush = w == 16 ? !convert && (fp.fpcr & kFpcrFz16) != 0 : (fp.fpcr & kFpcrFz) != 0;
    if (flush && exponent < minimum) {
        fp.fpsr |= kFpsrUfc;
        return zero_of(f, sign);
    }
    bool tiny = exponent < minimum;
    int lsb = (tiny ? minimum : exponent) - static_cast<int>(f.fraction);
    Split s = split(mant, lsb - exp, sticky);
    auto kept = static_cast<uint64_t>(s.kept);
    if (tiny && s.inexact) fp.fpsr |= kFpsrUfc;
    if (rounds_up(rounding, sign, (kept & 1) != 0, s.against_half, s.inexact)) kept++;
    if (rounding == Rounding::odd && s.inexact) kept |= 1;
    // A carry out of the fraction moves into the exponent by itself.
    uint64_t biased = tiny ? 0 : static_cast<uint64_t>(exponent - minimum);
    uint64_t magnitude = (biased << f.fraction) + kept;
    bool alternative = w == 16 && convert && (fp.fpcr & kFpcrAhp) != 0;
    if (alternative) {
        if (exponent > f.bias() + 1 || magnitude >= uint64_t{1} << 15) {
            fp.fpsr |= kFpsrIoc;
            return zero_of(f, sign) | 0x7fff;
        }
    } else if (exponent > f.bias() || magnitude >= infinity_of(f, false)) {
        return overflow(w, sign, rounding, fp);
    }
    if (s.inexact) fp.fpsr |= kFpsrIxc;
    return zero_of(f, sign) | magnitude;
}

uint64_t process_nan(unsigned w, Kind kind, uint64_t a, FpStatus& fp) {
    Format f = format_of(w);
    if (kind == Kind::signalling) {
        fp.fpsr |= kFpsrIoc;
        a |= f.quiet_bit();
    }
    return (fp.fpcr & kFpcrDn) != 0 ? default_nan(f) : a;
}

// FPProcessNaNs and FPProcessNaNs3: true when one operand is a NaN; signalling ones come first.
struct Operand {
    Kind kind;
    uint64_t bits;
};
template <unsigned Count>
bool process_nans(unsigned w, const Operand (&operands)[Count], uint64_t& result, FpStatus& fp) {
    for (Kind kind : {Kind::signalling, Kind::quiet}) {
        for (const Operand& o : operands) {
            if (o.kind != kind) continue;
            result = process_nan(w, kind, o.bits, fp);
            return true;
        }
    }
    return false;
}

// The sum of two nonzero numbers as mant * 2^exp; mant 0 when they cancel. 126-bit operands with a
// jammed lowest bit: see the comment in the function.
Number sum(const Number& a, const Number& b) {
    constexpr unsigned kTop = 125;
    auto normal = [](Number n) {
        unsigned shift = kTop - top_bit(n.mant);
        n.mant <<= shift;
        n.exp -= static_cast<int>(shift);
        return n;
    };
    Number x = normal(a), y = normal(b);
    if (x.exp < y.exp || (x.exp == y.exp && x.mant < y.mant)) std::swap(x, y);
    // At least 19 low bits of an operand (53 or 106 significant bits) are 0: a shift that drops
    // ones is long enough that at most one leading bit cancels, far from the jammed bit.
    int shift = x.exp - y.exp;
    if (shift > 127) {
        y.mant = 1;
    } else if (shift > 0) {
        bool dropped = (y.mant & ((u128{1} << shift) - 1)) != 0;
        y.mant = y.mant >> shift | (dropped ? 1 : 0);
    }
    x.mant = x.sign == y.sign ? x.mant + y.mant : x.mant - y.mant;
    return x;
}

uint64_t add_finite(unsigned w, const Number& a, const Number& b, Rounding rounding, int scale,
                    FpStatus& fp) {
    Number s = a.zero() ? b : b.zero() ? a : sum(a, b);
    if (s.mant == 0) return zero_of(format_of(w), rounding == Rounding::down);
    return round(w, s.sign, s.exp + scale, s.mant, false, rounding, fp);
}

Number product(const Number& a, const Number& b) {
    bool zero = a.zero() || b.zero();
    return {zero ? Kind::zero : Kind::nonzero, a.sign != b.sign, a.exp + b.exp, a.mant * b.mant};
}

bool infinity_times_zero(const Number& a, const Number& b) {
    return (a.infinite() && b.zero()) || (a.zero() && b.infinite());
}

uint64_t add_numbers(unsigned w, const Number& a, const Number& b, FpStatus& fp) {
    Format f = format_of(w);
    Rounding rounding = fpcr_rounding(fp.fpcr);
    if (a.infinite() && b.infinite() && a.sign != b.sign) return invalid(f, fp);
    if (a.infinite() || b.infinite()) return infinity_of(f, a.infinite() ? a.sign : b.sign);
    if (a.zero() && b.zero() && a.sign == b.sign) return zero_of(f, a.sign);
    return add_finite(w, a, b, rounding, 0, fp);
}

uint64_t multiply(unsigned w, uint64_t a, uint64_t b, bool extended, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, {{x.kind, a}, {y.kind, b}}, result, fp)) return result;
    bool sign = x.sign != y.sign;
    if (infinity_times_zero(x, y)) {
        if (!extended) return invalid(f, fp);
        return zero_of(f, sign) | static_cast<uint64_t>(f.bias() + 1) << f.fraction;
    }
    if (x.infinite() || y.infinite()) return infinity_of(f, sign);
    if (x.zero() || y.zero()) return zero_of(f, sign);
    Number p = product(x, y);
    return round(w, sign, p.exp, p.mant, false, fpcr_rounding(fp.fpcr), fp);
}

// -1, 0, 1 as a < b, a == b, a > b; neither is a NaN.
int order(const Number& a, const Number& b) {
    auto magnitude = [](const Number& x, const Number& y) {
        if (x.kind != y.kind) return x.kind < y.kind ? -1 : 1;
        if (x.kind != Kind::nonzero) return 0;
        int x_top = x.exp + static_cast<int>(top_bit(x.mant));
        int y_top = y.exp + static_cast<int>(top_bit(y.mant));
        if (x_top != y_top) return x_top < y_top ? -1 : 1;
        u128 xm = x.mant << (127 - top_bit(x.mant)), ym = y.mant << (127 - top_bit(y.mant));
        return xm < ym ? -1 : xm == ym ? 0 : 1;
    };
    if (a.zero() && b.zero()) return 0;
    if (a.sign != b.sign) return a.sign ? -1 : 1;
    int m = magnitude(a, b);
    return a.sign ? -m : m;
}

uint64_t min_max(unsigned w, uint64_t a, uint64_t b, bool max, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, {{x.kind, a}, {y.kind, b}}, result, fp)) return result;
    int o = order(x, y);
    bool first = max ? o > 0 : o < 0;
    const Number& n = first ? x : y;
    if (n.zero()) return zero_of(f, max ? x.sign && y.sign : x.sign || y.sign);
    return first ? a : b;
}

uint64_t min_max_num(unsigned w, uint64_t a, uint64_t b, bool max, FpStatus& fp) {
    Format f = format_of(w);
    FpStatus scratch = fp;
    bool a_quiet = unpack(w, a, scratch).kind == Kind::quiet;
    bool b_quiet = unpack(w, b, scratch).kind == Kind::quiet;
    if (a_quiet && !b_quiet) a = infinity_of(f, max);
    if (b_quiet && !a_quiet) b = infinity_of(f, max);
    return min_max(w, a, b, max, fp);
}

// FPRecipStepFused and FPRSqrtStepFused: (`constant` - a * b) * 2^scale.
uint64_t step(unsigned w, uint64_t a, uint64_t b, unsigned constant, int scale, uint64_t at_zero,
              FpStatus& fp) {
    Format f = format_of(w);
    a ^= f.sign_bit();
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, {{x.kind, a}, {y.kind, b}}, result, fp)) return result;
    if (infinity_times_zero(x, y)) return at_zero;
    if (x.infinite() || y.infinite()) return infinity_of(f, x.sign != y.sign);
    Number c{Kind::nonzero, false, 0, constant};
    return add_finite(w, c, product(x, y), fpcr_rounding(fp.fpcr), scale, fp);
}

// Integer part of |n| * 2^fbits rounded; saturates `large` when it cannot fit 65 bits.
struct Rounded {
    u128 magnitude;
    bool inexact;
    bool large;
};
Rounded round_to_integer(const Number& n, int fbits, Rounding rounding) {
    if (n.zero()) return {0, false, false};
    int exp = n.exp + fbits;
    if (exp + static_cast<int>(top_bit(n.mant)) > 66) return {0, false, true};
    Split s = split(n.mant, -exp, false);
    if (rounds_up(rounding, n.sign, (s.kept & 1) != 0, s.against_half, s.inexact)) s.kept++;
    return {s.kept, s.inexact, false};
}

}  // namespace

uint64_t fp_default_nan(unsigned w) { return default_nan(format_of(w)); }

bool fp_is_nan(unsigned w, uint64_t a) {
    Format f = format_of(w);
    return (a & ~f.sign_bit()) > infinity_of(f, false);
}

uint64_t fp_add(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, {{x.kind, a}, {y.kind, b}}, result, fp)) return result;
    return add_numbers(w, x, y, fp);
}

uint64_t fp_sub(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, {{x.kind, a}, {y.kind, b}}, result, fp)) return result;
    y.sign = !y.sign;
    return add_numbers(w, x, y, fp);
}

uint64_t fp_mul(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return multiply(w, a, b, false, fp);
}
uint64_t fp_mulx(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return multiply(w, a, b, true, fp);
}

uint64_t fp_div(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, {{x.kind, a}, {y.kind, b}}, result, fp)) return result;
    bool sign = x.sign != y.sign;
    if ((x.infinite() && y.infinite()) || (x.zero() && y.zero())) return invalid(f, fp);
    if (x.infinite()) return infinity_of(f, sign);
    if (y.zero()) {
        fp.fpsr |= kFpsrDzc;
        return infinity_of(f, sign);
    }
    if (x.zero() || y.infinite()) return zero_of(f, sign);
    unsigned shift = 126 - top_bit(x.mant);
    u128 numerator = x.mant << shift;
    u128 quotient = numerator / y.mant;
    bool sticky = numerator % y.mant != 0;
    int exp = x.exp - static_cast<int>(shift) - y.exp;
    return round(w, sign, exp, quotient, sticky, fpcr_rounding(fp.fpcr), fp);
}

uint64_t fp_sqrt(unsigned w, uint64_t a, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.nan()) return process_nan(w, x.kind, a, fp);
    if (x.zero()) return zero_of(f, x.sign);
    if (x.sign) return invalid(f, fp);
    if (x.infinite()) return infinity_of(f, false);
    unsigned shift = 124 - top_bit(x.mant);
    if (((x.exp - static_cast<int>(shift)) & 1) != 0) shift++;
    u128 rest = x.mant << shift;
    u128 root = 0;
    for (u128 bit = u128{1} << 126; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    int exp = (x.exp - static_cast<int>(shift)) / 2;
    return round(w, false, exp, root, rest != 0, fpcr_rounding(fp.fpcr), fp);
}

uint64_t fp_mul_add(unsigned w, uint64_t addend, uint64_t a, uint64_t b, FpStatus& fp) {
    Format f = format_of(w);
    Number c = unpack(w, addend, fp), x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    bool bad_product = infinity_times_zero(x, y);
    if (process_nans(w, {{c.kind, addend}, {x.kind, a}, {y.kind, b}}, result, fp)) {
        return c.kind == Kind::quiet && bad_product ? invalid(f, fp) : result;
    }
    if (bad_product) return invalid(f, fp);
    Number p = product(x, y);
    if (x.infinite() || y.infinite()) p.kind = Kind::infinity;
    return add_numbers(w, c, p, fp);
}

uint64_t fp_max(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return min_max(w, a, b, true, fp);
}
uint64_t fp_min(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return min_max(w, a, b, false, fp);
}
uint64_t fp_max_num(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return min_max_num(w, a, b, true, fp);
}
uint64_t fp_min_num(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return min_max_num(w, a, b, false, fp);
}

uint64_t fp_recip_step(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Format f = format_of(w);
    uint64_t two = static_cast<uint64_t>(f.bias() + 1) << f.fraction;
    return step(w, a, b, 2, 0, two, fp);
}
uint64_t fp_rsqrt_step(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Format f = format_of(w);
    uint64_t one_and_a_half = static_cast<uint64_t>(f.bias()) << f.fraction | f.quiet_bit();
    return step(w, a, b, 3, -1, one_and_a_half, fp);
}

namespace {

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

}  // namespace

uint64_t fp_recip_estimate(unsigned w, uint64_t a, FpStatus& fp) {
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
    uint64_t wide = (256 + (s.fraction >> 44)) * 2 + 1;
    uint64_t estimate = ((uint64_t{1} << 19) / wide + 1) / 2;
    int exponent = 2 * f.bias() - 1 - s.exponent;
    uint64_t fraction = (estimate & 0xff) << 44;
    if (exponent == 0) fraction = kTop52 | fraction >> 1;
    if (exponent == -1) fraction = kTop52 >> 1 | fraction >> 2;
    return pack_estimate(f, x.sign, exponent < 0 ? 0 : exponent, fraction);
}

uint64_t fp_rsqrt_estimate(unsigned w, uint64_t a, FpStatus& fp) {
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
    uint64_t in = (s.exponent & 1) == 0 ? 256 + (s.fraction >> 44) : 128 + (s.fraction >> 45);
    in = in < 256 ? in * 2 + 1 : ((in >> 1 << 1) + 1) * 2;
    uint64_t estimate = 512;
    while (in * (estimate + 1) * (estimate + 1) < uint64_t{1} << 28) estimate++;
    estimate = (estimate + 1) / 2;
    int exponent = (3 * f.bias() - 1 - s.exponent) / 2;
    return pack_estimate(f, false, exponent, (estimate & 0xff) << 44);
}

uint64_t fp_recpx(unsigned w, uint64_t a, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.nan()) return process_nan(w, x.kind, a, fp);
    uint64_t exponent = a >> f.fraction & f.exponent_ones();
    uint64_t result = exponent == 0 ? f.exponent_ones() - 1 : exponent ^ f.exponent_ones();
    return zero_of(f, x.sign) | result << f.fraction;
}

uint32_t fp_compare(unsigned w, uint64_t a, uint64_t b, bool signal, FpStatus& fp) {
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    if (x.nan() || y.nan()) {
        bool signalling = x.kind == Kind::signalling || y.kind == Kind::signalling;
        if (signalling || signal) fp.fpsr |= kFpsrIoc;
        return 0b0011;
    }
    int o = order(x, y);
    return o == 0 ? 0b0110 : o < 0 ? 0b1000 : 0b0010;
}

bool fp_compare_eq(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return fp_compare(w, a, b, false, fp) == 0b0110;
}
bool fp_compare_ge(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    uint32_t nzcv = fp_compare(w, a, b, true, fp);
    return nzcv == 0b0110 || nzcv == 0b0010;
}
bool fp_compare_gt(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return fp_compare(w, a, b, true, fp) == 0b0010;
}

uint64_t fp_round_int(unsigned w, uint64_t a, Rounding rounding, bool exact, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.nan()) return process_nan(w, x.kind, a, fp);
    if (x.infinite()) return infinity_of(f, x.sign);
    if (x.zero()) return zero_of(f, x.sign);
    if (x.exp >= 0) return a;
    Rounded r = round_to_integer(x, 0, rounding);
    if (r.inexact && exact) fp.fpsr |= kFpsrIxc;
    if (r.magnitude == 0) return zero_of(f, x.sign);
    return round(w, x.sign, 0, r.magnitude, false, Rounding::zero, fp);
}

uint64_t fp_convert(unsigned from, unsigned to, uint64_t a, FpStatus& fp) {
    return fp_convert(from, to, a, fpcr_rounding(fp.fpcr), fp);
}

uint64_t fp_convert(unsigned from, unsigned to, uint64_t a, Rounding rounding, FpStatus& fp) {
    Format source = format_of(from), f = format_of(to);
    Number x = unpack(from, a, fp, true);
    bool alternative = to == 16 && (fp.fpcr & kFpcrAhp) != 0;
    if (x.nan()) {
        if (x.kind == Kind::signalling || alternative) fp.fpsr |= kFpsrIoc;
        if (alternative) return zero_of(f, x.sign);
        if ((fp.fpcr & kFpcrDn) != 0) return default_nan(f);
        uint64_t fraction = (a & source.fraction_mask()) << (52 - source.fraction);
        return infinity_of(f, x.sign) | f.quiet_bit() | fraction >> (52 - f.fraction);
    }
    if (x.infinite()) {
        if (!alternative) return infinity_of(f, x.sign);
        fp.fpsr |= kFpsrIoc;
        return zero_of(f, x.sign) | 0x7fff;
    }
    if (x.zero()) return zero_of(f, x.sign);
    return round(to, x.sign, x.exp, x.mant, false, rounding, fp, true);
}

uint64_t fp_to_fixed(unsigned w, uint64_t a, unsigned int_w, unsigned fbits, bool is_unsigned,
                     Rounding rounding, FpStatus& fp) {
    Number x = unpack(w, a, fp);
    uint64_t mask = ~uint64_t{0} >> (64 - int_w);
    if (x.nan()) {
        fp.fpsr |= kFpsrIoc;
        return 0;
    }
    uint64_t sign_bit = uint64_t{1} << (int_w - 1);
    uint64_t limit = is_unsigned ? (x.sign ? 0 : mask) : (x.sign ? sign_bit : sign_bit - 1);
    Rounded r = x.infinite() ? Rounded{0, false, true}
                             : round_to_integer(x, static_cast<int>(fbits), rounding);
    if (r.large || r.magnitude > limit) {
        fp.fpsr |= kFpsrIoc;
        return limit;
    }
    if (r.inexact) fp.fpsr |= kFpsrIxc;
    auto magnitude = static_cast<uint64_t>(r.magnitude);
    return (x.sign ? 0 - magnitude : magnitude) & mask;
}

uint64_t fp_from_fixed(unsigned int_w, uint64_t a, unsigned w, unsigned fbits, bool is_unsigned,
                       FpStatus& fp) {
    a &= ~uint64_t{0} >> (64 - int_w);
    bool sign = !is_unsigned && (a >> (int_w - 1) & 1) != 0;
    if (sign) a = (0 - a) & (~uint64_t{0} >> (64 - int_w));
    if (a == 0) return 0;
    return round(w, sign, -static_cast<int>(fbits), a, false, fpcr_rounding(fp.fpcr), fp);
}

}  // namespace pydbt::base
