// Building blocks of the Advanced SIMD lifts that may saturate. See simd_lift.hpp for the
// contracts.
//
// Owns: how saturation is computed and remembered. Must not know: encodings.
//
// Each compares the saturated result with what an element of unlimited width would have held, or
// with the operand after the way back; what differs is ORed into V register kSaturation, which
// stays in a host register within a block.
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64::simd {
namespace {

void remember(Builder& b, Value got, Value wanted) {
    b.set_v(kSaturation, b.vdiffs(b.get_v(kSaturation), got, wanted));
}

Value greatest(Builder& b, unsigned size) {
    return splat(b, ~uint64_t{0} >> (65 - element_bits(size)), size);
}

// What an element saturates to that is w with the wrong sign.
Value wrapped_limit(Builder& b, Value w, unsigned size) {
    return b.vxor(b.vcmgt(b.vzero(), w, size), least(b, size));
}

// 32 and 64 bits, signed; w is the sum (or difference) as it wraps. Without a wrap it is below
// (above) n just where m is negative.
Value unless_wrapped(Builder& b, Value n, Value m, Value w, unsigned size, bool is_sub) {
    const Value moved = is_sub ? b.vcmgt(w, n, size) : b.vcmgt(n, w, size);
    const Value result = b.vblend(b.vxor(moved, m), wrapped_limit(b, w, size), w, size);
    remember(b, result, w);
    return result;
}

// 64 bits, unsigned: `wrong` is all ones where the limit is due.
void remember_wrong(Builder& b, Value wrong) {
    b.set_v(kSaturation, b.vor(b.get_v(kSaturation), wrong));
}

// What v saturates to when it gets too far from zero.
Value limit(Builder& b, Value v, unsigned size) {
    return b.vxor(b.vcmgt(b.vzero(), v, size), greatest(b, size));
}

Value shift(Builder& b, Value n, Value m, unsigned size, bool uns) {
    return uns ? b.vushl(n, m, size) : b.vsshl(n, m, size);
}

// All ones where the low byte of an amount is negative.
Value shifts_right(Builder& b, Value m, unsigned size) {
    const unsigned above = element_bits(size) - 8;
    return b.vcmgt(b.vzero(), above == 0 ? m : b.vshl(m, above, size), size);
}

// n shifted by m, rounded where it goes right: shifted by one less, then halved. `right` tells
// where.
Value rounding_shift(Builder& b, Value n, Value m, Value right, unsigned size, bool uns) {
    const Value one = splat(b, 1, size);
    const Value twice = shift(b, n, b.vadd(m, one, size), size, uns);
    const Value halved = uns ? b.vushr(twice, 1, size) : b.vsshr(twice, 1, size);
    const Value rounded = b.vadd(halved, b.vand(twice, one), size);
    return b.vbsl(right, rounded, shift(b, n, m, size, uns));
}

// The least number where `both` operands of a doubling product are the least, the only case that
// does not fit: one more in all bits is the greatest.
Value saturate_product(Builder& b, Value product, unsigned size) {
    const Value both = b.vcmeq(product, least(b, size), size);
    remember_wrong(b, both);
    return b.vxor(product, both);
}

}  // namespace

// Words, unsigned: what is added is limited to what there is room for.
Value saturating_add(Builder& b, Value n, Value m, unsigned size, bool uns) {
    if (uns && size == 2) {
        const Value fits = b.vumin(n, b.vnot(m), size);
        remember(b, fits, n);
        return b.vadd(fits, m, size);
    }
    const Value wrapped = b.vadd(n, m, size);
    if (size >= 2 && !uns) return unless_wrapped(b, n, m, wrapped, size, false);
    if (size == 3) {
        const Value carried = b.vcmhi(n, wrapped, size);
        remember_wrong(b, carried);
        return b.vor(wrapped, carried);
    }
    const Value sum = uns ? b.vuqadd(n, m, size) : b.vsqadd(n, m, size);
    remember(b, sum, wrapped);
    return sum;
}

Value saturating_sub(Builder& b, Value n, Value m, unsigned size, bool uns) {
    if (uns && size == 2) {
        const Value enough = b.vumax(n, m, size);
        remember(b, enough, n);
        return b.vsub(enough, m, size);
    }
    const Value wrapped = b.vsub(n, m, size);
    if (size >= 2 && !uns) return unless_wrapped(b, n, m, wrapped, size, true);
    if (size == 3) {
        const Value borrowed = b.vcmhi(m, n, size);
        remember_wrong(b, borrowed);
        return b.vandc(wrapped, borrowed);
    }
    const Value difference = uns ? b.vuqsub(n, m, size) : b.vsqsub(n, m, size);
    remember(b, difference, wrapped);
    return difference;
}

// Moved by half the range, d has the signedness of n and the same limits.
Value saturating_accumulate(Builder& b, Value d, Value n, unsigned size, bool uns) {
    const Value sign = least(b, size);
    return b.vxor(saturating_add(b, b.vxor(d, sign), n, size, !uns), sign);
}

Value saturating_abs(Builder& b, Value v, unsigned size, bool negate) {
    if (negate) return saturating_sub(b, b.vzero(), v, size, false);
    const Value magnitude = b.vabs(v, size);
    const Value result = size < 3 ? b.vumin(magnitude, greatest(b, size), size)
                                  : b.vadd(magnitude, b.vcmgt(b.vzero(), magnitude, size), size);
    remember(b, result, magnitude);
    return result;
}

Value doubling_multiply_high(Builder& b, Value n, Value m, unsigned size, bool round) {
    return saturate_product(b, round ? b.vrdmulh(n, m, size) : b.vdmulh(n, m, size), size);
}

Value doubling_multiply_long(Builder& b, Value n, Value m, unsigned size) {
    const Value product = b.vmull_s(n, m, size);
    return saturate_product(b, b.vadd(product, product, size + 1), size + 1);
}

// d does not take part in the rounding, so that d is added to the rounded high half h of 2nm. That
// may be one too large for an element; -h is not. With a minus in front of 2nm a tie rounds the
// other way.
Value rounding_multiply_accumulate(Builder& b, Value d, Value n, Value m, unsigned size,
                                   bool subtract) {
    Value high = b.vrdmulh(n, m, size);
    if (!subtract) return saturating_sub(b, d, b.vneg(high, size), size, false);
    const Value low = b.vshl(b.vmul(n, m, size), 1, size);
    high = b.vadd(high, b.vcmeq(low, least(b, size), size), size);
    return saturating_add(b, d, b.vneg(high, size), size, false);
}

// What was shifted left and does not come back was too large.
Value shift_by_register(Builder& b, Value n, Value m, unsigned size, bool uns, bool round,
                        bool saturate) {
    if (!round && !saturate) return shift(b, n, m, size, uns);
    const Value right = shifts_right(b, m, size);
    const Value shifted =
        round ? rounding_shift(b, n, m, right, size, uns) : shift(b, n, m, size, uns);
    if (!saturate) return shifted;
    const Value back = shift(b, shifted, b.vneg(m, size), size, uns);
    const Value fits = b.vor(b.vcmeq(back, n, size), right);
    const Value ones = splat(b, ~uint64_t{0}, size);
    remember(b, fits, ones);
    return uns ? b.vorc(shifted, fits) : b.vbsl(fits, shifted, limit(b, n, size));
}

Value saturating_shift_left(Builder& b, Value v, unsigned amount, unsigned size, bool uns) {
    if (amount == 0) return v;
    const Value shifted = b.vshl(v, amount, size);
    const Value back = uns ? b.vushr(shifted, amount, size) : b.vsshr(shifted, amount, size);
    remember(b, back, v);
    const Value fits = b.vcmeq(back, v, size);
    return uns ? b.vorc(shifted, fits) : b.vbsl(fits, shifted, limit(b, v, size));
}

Value saturating_shift_left_unsigned(Builder& b, Value v, unsigned amount, unsigned size) {
    const Value positive = b.vandc(v, b.vcmgt(b.vzero(), v, size));
    const Value shifted = b.vshl(positive, amount, size);
    const Value back = b.vushr(shifted, amount, size);
    remember(b, back, v);
    return b.vorc(shifted, b.vcmeq(back, positive, size));
}

Value saturating_narrow(Builder& b, Value v, unsigned amount, unsigned size, Narrowing kind,
                        bool round) {
    const bool uns = kind == Narrowing::unsigned_;
    if (amount != 0) v = shift_right(b, v, amount, size + 1, uns, round);
    const Value result = uns                          ? b.vuqxtn(v, size)
                         : kind == Narrowing::signed_ ? b.vsqxtn(v, size)
                                                      : b.vsqxtun(v, size);
    remember(b, widen(b, result, size, kind != Narrowing::signed_), v);
    return result;
}

}  // namespace pydbt::a64::simd
