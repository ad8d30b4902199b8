#include "translator/base/softfloat.hpp"

#include <utility>

#include "translator/base/softfloat_parts.hpp"

namespace pydbt::base {

Number unpack(unsigned w, uint64_t a, FpStatus& fp, bool convert) {
    Format f = format_of(w);
    bool sign = (a & f.sign_bit()) != 0;
    uint64_t exponent = a >> f.fraction & f.exponent_ones();
    uint64_t fraction = a & f.fraction_mask();
    if (exponent == 0) {
        if (fraction == 0) return {Kind::zero, sign, 0, 0};
        bool flush = (fp.fpcr & kFpcrFz) != 0 && !alternate(fp);
        if (w != 16 && (flush || (fp.fpcr & kFpcrFiz) != 0)) {
            if (flush) fp.fpsr |= kFpsrIdc;
            return {Kind::zero, sign, 0, 0};
        }
        if (w == 16 && !convert && (fp.fpcr & kFpcrFz16) != 0) return {Kind::zero, sign, 0, 0};
        int exp = f.minimum_exponent() - static_cast<int>(f.fraction);
        return {Kind::nonzero, sign, exp, fraction, true};
    }
    bool alternative = w == 16 && convert && (fp.fpcr & kFpcrAhp) != 0;
    if (exponent == f.exponent_ones() && !alternative) {
        if (fraction == 0) return {Kind::infinity, sign, 0, 0};
        return {(fraction & f.quiet_bit()) != 0 ? Kind::quiet : Kind::signalling, sign, 0, 0};
    }
    int exp = static_cast<int>(exponent) - f.bias() - static_cast<int>(f.fraction);
    return {Kind::nonzero, sign, exp, u128{1} << f.fraction | fraction};
}

void process_denormals(unsigned w, std::initializer_list<const Number*> operands, FpStatus& fp) {
    if (!alternate(fp) || w == 16) return;
    for (const Number* n : operands) {
        if (n->denormal) fp.fpsr |= kFpsrIdc;
    }
}

namespace {

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

}  // namespace

uint64_t overflow(unsigned w, bool sign, Rounding rounding, FpStatus& fp) {
    Format f = format_of(w);
    bool to_infinity = rounding == Rounding::even || (rounding == Rounding::up && !sign) ||
                       (rounding == Rounding::down && sign) || rounding == Rounding::away;
    fp.fpsr |= kFpsrOfc | kFpsrIxc;
    return to_infinity ? infinity_of(f, sign) : max_normal(f, sign);
}

namespace {

// Whether a value is below the normal numbers when rounded as if exponents had no limit.
bool tiny_after_rounding(const Format& f, bool sign, int exp, u128 mant, bool sticky,
                         Rounding rounding) {
    int exponent = exp + static_cast<int>(top_bit(mant));
    if (exponent != f.minimum_exponent() - 1) return exponent < f.minimum_exponent();
    Split s = split(mant, exponent - static_cast<int>(f.fraction) - exp, sticky);
    bool all_ones = static_cast<uint64_t>(s.kept) == 2 * f.quiet_bit() * 2 - 1;
    return !(all_ones && rounds_up(rounding, sign, true, s.against_half, s.inexact));
}

}  // namespace

uint64_t round(unsigned w, bool sign, int exp, u128 mant, bool sticky, Rounding rounding,
               FpStatus& fp, bool convert) {
    Format f = format_of(w);
    int exponent = exp + static_cast<int>(top_bit(mant));
    int minimum = f.minimum_exponent();
    bool flush = w == 16 ? !convert && (fp.fpcr & kFpcrFz16) != 0 : (fp.fpcr & kFpcrFz) != 0;
    bool tiny = exponent < minimum;
    // AH: tells of tiny results, and flushes them, after rounding.
    bool underflows = tiny;
    if (tiny && alternate(fp)) {
        underflows = tiny_after_rounding(f, sign, exp, mant, sticky, rounding);
    }
    if (flush && underflows) {
        fp.fpsr |= kFpsrUfc | (alternate(fp) ? kFpsrIxc : 0);
        return zero_of(f, sign);
    }
    int lsb = (tiny ? minimum : exponent) - static_cast<int>(f.fraction);
    Split s = split(mant, lsb - exp, sticky);
    auto kept = static_cast<uint64_t>(s.kept);
    if (underflows && s.inexact) fp.fpsr |= kFpsrUfc;
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
    return (fp.fpcr & kFpcrDn) != 0 ? default_nan(f, fp) : a;
}

// Signalling NaNs come first; with AH the first of two NaNs does, which is signalling if one is.
bool process_nans(unsigned w, const Number& x, uint64_t a, const Number& y, uint64_t b,
                  uint64_t& result, FpStatus& fp) {
    if (!x.nan() && !y.nan()) return false;
    bool signalling = x.kind == Kind::signalling || y.kind == Kind::signalling;
    Kind kind = signalling ? Kind::signalling : Kind::quiet;
    bool first = alternate(fp) ? x.nan() : x.kind == kind;
    result = process_nan(w, kind, first ? a : b, fp);
    return true;
}

namespace {

// FPProcessNaNs3 and FPProcessNaNs3H: the factors of w bits, the addend of to.
struct Operand {
    Kind kind;
    uint64_t bits;
    unsigned w;
};
bool process_nans3(unsigned to, const Operand& addend, const Operand& a, const Operand& b,
                   uint64_t& result, FpStatus& fp) {
    const Operand* const standard[] = {&addend, &a, &b};
    const Operand* const alternative[] = {&a, &b, &addend};
    const Operand* chosen = nullptr;
    bool signalling = false;
    for (const Operand* o : alternate(fp) ? alternative : standard) {
        if (o->kind < Kind::quiet) continue;
        bool better = o->kind == Kind::signalling && !signalling && !alternate(fp);
        if (chosen == nullptr || better) chosen = o;
        signalling |= o->kind == Kind::signalling;
    }
    if (chosen == nullptr) return false;
    uint64_t nan =
        process_nan(chosen->w, signalling ? Kind::signalling : Kind::quiet, chosen->bits, fp);
    FpStatus quiet{fp.fpcr & ~kFpcrAhp, 0};
    result = chosen->w == to ? nan : fp_convert(chosen->w, to, nan, quiet);
    return true;
}

}  // namespace

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

namespace {

uint64_t multiply(unsigned w, uint64_t a, uint64_t b, bool extended, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, x, a, y, b, result, fp)) return result;
    process_denormals(w, {&x, &y}, fp);
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
    if (process_nans(w, x, a, y, b, result, fp)) return result;
    process_denormals(w, {&x, &y}, fp);
    int o = order(x, y);
    bool first = max ? o > 0 : o < 0;
    const Number& n = first ? x : y;
    if (n.zero()) return zero_of(f, max ? x.sign && y.sign : x.sign || y.sign);
    // With AH a denormal may have come this far though FZ is set.
    if (n.denormal) return round(w, n.sign, n.exp, n.mant, false, Rounding::zero, fp);
    return first ? a : b;
}

// FPMax and FPMin with AH: the second operand unless the first is greater, or less.
uint64_t min_max_alternate(unsigned w, uint64_t a, uint64_t b, bool max, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t second = y.zero() ? zero_of(f, y.sign) : b;
    if (x.nan() || y.nan()) {
        fp.fpsr |= kFpsrIoc;
        return second;
    }
    process_denormals(w, {&x, &y}, fp);
    int o = order(x, y);
    if (max ? o <= 0 : o >= 0) return second;
    return x.zero() ? zero_of(f, x.sign) : a;
}

uint64_t min_max_num(unsigned w, uint64_t a, uint64_t b, bool max, FpStatus& fp) {
    Format f = format_of(w);
    FpStatus scratch = fp;
    Kind x = unpack(w, a, scratch).kind, y = unpack(w, b, scratch).kind;
    bool both = x >= Kind::quiet && y >= Kind::quiet;
    if (!(alternate(fp) && both)) {
        if (x == Kind::quiet && y != Kind::quiet) a = infinity_of(f, max);
        if (y == Kind::quiet && x != Kind::quiet) b = infinity_of(f, max);
    }
    return min_max(w, a, b, max, fp);
}

}  // namespace

Rounded round_to_integer(const Number& n, int fbits, Rounding rounding) {
    if (n.zero()) return {0, false, false};
    int exp = n.exp + fbits;
    if (exp + static_cast<int>(top_bit(n.mant)) > 66) return {0, false, true};
    Split s = split(n.mant, -exp, false);
    if (rounds_up(rounding, n.sign, (s.kept & 1) != 0, s.against_half, s.inexact)) s.kept++;
    return {s.kept, s.inexact, false};
}

bool fp_is_nan(unsigned w, uint64_t a) {
    Format f = format_of(w);
    return (a & ~f.sign_bit()) > infinity_of(f, false);
}

uint64_t fp_add(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, x, a, y, b, result, fp)) return result;
    process_denormals(w, {&x, &y}, fp);
    return add_numbers(w, x, y, fp);
}

uint64_t fp_sub(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    uint64_t result;
    if (process_nans(w, x, a, y, b, result, fp)) return result;
    process_denormals(w, {&x, &y}, fp);
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
    if (process_nans(w, x, a, y, b, result, fp)) return result;
    if (!y.zero()) process_denormals(w, {&x, &y}, fp);
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
    process_denormals(w, {&x}, fp);
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
    return fp_mul_add_long(w, w, addend, a, b, fp);
}

uint64_t fp_mul_add_long(unsigned from, unsigned to, uint64_t addend, uint64_t a, uint64_t b,
                         FpStatus& fp) {
    Number c = unpack(to, addend, fp), x = unpack(from, a, fp), y = unpack(from, b, fp);
    uint64_t result;
    bool bad_product = infinity_times_zero(x, y);
    if (process_nans3(to, {c.kind, addend, to}, {x.kind, a, from}, {y.kind, b, from}, result, fp)) {
        bool replaced = c.kind == Kind::quiet && bad_product && !alternate(fp);
        return replaced ? invalid(format_of(to), fp) : result;
    }
    if (bad_product) return invalid(format_of(to), fp);
    Number p = product(x, y);
    if (x.infinite() || y.infinite()) p.kind = Kind::infinity;
    // An invalid operation does not tell of denormals.
    if (!(c.infinite() && p.infinite() && c.sign != p.sign)) {
        process_denormals(to, {&c}, fp);
        process_denormals(from, {&x, &y}, fp);
    }
    return add_numbers(to, c, p, fp);
}

uint64_t fp_max(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return (alternate(fp) ? min_max_alternate : min_max)(w, a, b, true, fp);
}
uint64_t fp_min(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return (alternate(fp) ? min_max_alternate : min_max)(w, a, b, false, fp);
}
uint64_t fp_max_num(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return min_max_num(w, a, b, true, fp);
}
uint64_t fp_min_num(unsigned w, uint64_t a, uint64_t b, FpStatus& fp) {
    return min_max_num(w, a, b, false, fp);
}

uint32_t fp_compare(unsigned w, uint64_t a, uint64_t b, bool signal, FpStatus& fp) {
    Number x = unpack(w, a, fp), y = unpack(w, b, fp);
    if (x.nan() || y.nan()) {
        bool signalling = x.kind == Kind::signalling || y.kind == Kind::signalling;
        if (signalling || signal) fp.fpsr |= kFpsrIoc;
        return 0b0011;
    }
    process_denormals(w, {&x, &y}, fp);
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

uint64_t fp_round_int_n(unsigned w, uint64_t a, unsigned bits, Rounding rounding, FpStatus& fp) {
    Format f = format_of(w);
    Number x = unpack(w, a, fp);
    if (x.zero()) return zero_of(f, x.sign);
    bool finite = x.kind == Kind::nonzero;
    Rounded r = finite ? round_to_integer(x, 0, rounding) : Rounded{0, false, true};
    u128 limit = u128{1} << (bits - 1);
    if (r.large || r.magnitude > limit || (r.magnitude == limit && !x.sign)) {
        fp.fpsr |= kFpsrIoc;
        auto exponent = static_cast<uint64_t>(f.bias()) + bits - 1;
        return zero_of(f, true) | exponent << f.fraction;
    }
    if (r.inexact) fp.fpsr |= kFpsrIxc;
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
        if ((fp.fpcr & kFpcrDn) != 0) return default_nan(f, fp);
        uint64_t fraction = (a & source.fraction_mask()) << (52 - source.fraction);
        return infinity_of(f, x.sign) | f.quiet_bit() | fraction >> (52 - f.fraction);
    }
    if (x.infinite()) {
        if (!alternative) return infinity_of(f, x.sign);
        fp.fpsr |= kFpsrIoc;
        return zero_of(f, x.sign) | 0x7fff;
    }
    if (x.zero()) return zero_of(f, x.sign);
    process_denormals(from, {&x}, fp);
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

uint32_t fp_to_fixed_js(uint64_t a, bool& exact, FpStatus& fp) {
    Number x = unpack(64, a, fp);
    exact = false;
    if (x.nan() || x.infinite()) {
        fp.fpsr |= kFpsrIoc;
        return 0;
    }
    if (x.zero()) {
        exact = a == 0;
        return 0;
    }
    int shift = x.exp > 0 ? x.exp : 0;
    Split s = split(x.mant, x.exp < 0 ? -x.exp : 0, false);
    uint64_t magnitude = shift < 32 ? static_cast<uint64_t>(s.kept) << shift : 0;
    bool large =
        static_cast<uint64_t>(s.kept) > (uint64_t{1} << 31) - (x.sign ? 0 : 1) || shift != 0;
    if (large) {
        fp.fpsr |= kFpsrIoc;
    } else if (s.inexact) {
        fp.fpsr |= kFpsrIxc;
    } else {
        exact = true;
    }
    return static_cast<uint32_t>(x.sign ? 0 - magnitude : magnitude);
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
