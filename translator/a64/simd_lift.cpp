// Building blocks of the Advanced SIMD lifts. See the header for the contracts.
#include "translator/a64/simd_lift.hpp"

#include "translator/base/helpers.gen.hpp"
#include "translator/base/simd_helpers.hpp"

namespace pydbt::a64::simd {

uint64_t replicate(uint64_t value, unsigned size) {
    switch (size) {
        case 0: return (value & 0xff) * 0x0101010101010101;
        case 1: return (value & 0xffff) * 0x0001000100010001;
        case 2: return (value & 0xffffffff) * 0x0000000100000001;
        default: return value;
    }
}

Value splat(Builder& b, uint64_t value, unsigned size) {
    return b.vmov_imm(static_cast<int64_t>(replicate(value, size)));
}

Value high_half(Builder& b, Value v) { return b.vext(v, v, 8); }

Value only_lane0(Builder& b, Value v, unsigned size) {
    if (size == 3) return b.vlow64(v);
    return b.vins_lane(b.vzero(), v, 0, 0, size);
}

Value widen(Builder& b, Value v, unsigned size, bool uns) {
    return uns ? b.vuxtl(v, size) : b.vsxtl(v, size);
}

Value multiply_long(Builder& b, Value n, Value m, unsigned size, bool uns) {
    return uns ? b.vmull_u(n, m, size) : b.vmull_s(n, m, size);
}

// x + y = 2 (x & y) + (x ^ y) and x + y = 2 (x | y) - (x ^ y), so half the sum needs no wider lane.
Value halving_add(Builder& b, Value n, Value m, unsigned size, bool uns, bool round) {
    const Value half = shift_right(b, b.vxor(n, m), 1, size, uns, false);
    return round ? b.vsub(b.vor(n, m), half, size) : b.vadd(b.vand(n, m), half, size);
}

// x - y = (x ^ y) - 2 (~x & y).
Value halving_sub(Builder& b, Value n, Value m, unsigned size, bool uns) {
    const Value half = shift_right(b, b.vxor(n, m), 1, size, uns, false);
    return b.vsub(half, b.vandc(m, n), size);
}

Value absolute_difference(Builder& b, Value n, Value m, unsigned size, bool uns) {
    const Value larger = uns ? b.vumax(n, m, size) : b.vsmax(n, m, size);
    const Value smaller = uns ? b.vumin(n, m, size) : b.vsmin(n, m, size);
    return b.vsub(larger, smaller, size);
}

Value pairwise_long(Builder& b, Value v, unsigned size, bool uns) {
    const unsigned bits = element_bits(size);
    const Value even = shift_right(b, b.vshl(v, bits, size + 1), bits, size + 1, uns, false);
    const Value odd = shift_right(b, v, bits, size + 1, uns, false);
    return b.vadd(even, odd, size + 1);
}

Value shift_right(Builder& b, Value v, unsigned amount, unsigned size, bool uns, bool round) {
    const unsigned bits = element_bits(size);
    Value shifted;
    if (uns) {
        shifted = amount == bits ? b.vzero() : b.vushr(v, amount, size);
    } else {
        shifted = b.vsshr(v, amount == bits ? bits - 1 : amount, size);
    }
    if (!round) return shifted;
    // The last bit shifted out is the rounding increment.
    const Value last_out = amount == bits ? v : b.vshl(v, bits - amount, size);
    return b.vadd(shifted, b.vushr(last_out, bits - 1, size), size);
}

Value narrow_high_part(Builder& b, Value wide, unsigned size, bool round) {
    const unsigned bits = element_bits(size);
    if (round) wide = b.vadd(wide, splat(b, uint64_t{1} << (bits - 1), size + 1), size + 1);
    return b.vxtn(b.vushr(wide, bits, size + 1), size);
}

// The bits that differ from their upper neighbour, counted from the top, less the top bit itself.
Value count_leading_sign(Builder& b, Value v, unsigned size) {
    const Value changes = b.vxor(v, b.vsshr(v, 1, size));
    return b.vsub(b.vclz(changes, size), splat(b, 1, size), size);
}

Value reverse_bits(Builder& b, Value v) {
    constexpr uint64_t kMasks[] = {0x55, 0x33, 0x0f};
    for (unsigned step = 0; step < 3; step++) {
        const Value mask = splat(b, kMasks[step], 0);
        const Value up = b.vshl(b.vand(v, mask), 1u << step, 0);
        const Value down = b.vand(b.vushr(v, 1u << step, 0), mask);
        v = b.vor(up, down);
    }
    return v;
}

namespace {

using base::HelperId;

Value call(Builder& b, Value x, Value y, Value z, HelperId id, uint32_t imm) {
    return b.call_vhelper(x, y, z, static_cast<int64_t>(id), imm);
}

constexpr uint32_t mode(uint32_t size, bool uns, bool round = false) {
    return size | (uns ? base::kSimdUnsigned : 0) | (round ? base::kSimdRound : 0);
}

}  // namespace

Value saturating_add(Builder& b, Value n, Value m, unsigned size, bool uns) {
    return call(b, n, m, ir::kNone, HelperId::simd_saturating_add, mode(size, uns));
}

Value saturating_sub(Builder& b, Value n, Value m, unsigned size, bool uns) {
    return call(b, n, m, ir::kNone, HelperId::simd_saturating_add,
                mode(size, uns) | base::kSimdNegate);
}

Value polynomial_multiply(Builder& b, Value n, Value m) {
    return call(b, n, m, ir::kNone, HelperId::simd_polynomial_multiply, 0);
}

Value polynomial_multiply_long(Builder& b, Value n, Value m) {
    return call(b, n, m, ir::kNone, HelperId::simd_polynomial_multiply_long, 0);
}

Value saturating_accumulate(Builder& b, Value d, Value n, unsigned size, bool uns) {
    return call(b, d, n, ir::kNone, HelperId::simd_saturating_accumulate, mode(size, uns));
}

Value saturating_abs(Builder& b, Value v, unsigned size, bool negate) {
    return call(b, v, ir::kNone, ir::kNone, HelperId::simd_saturating_abs,
                size | (negate ? base::kSimdNegate : 0));
}

Value unsigned_estimate(Builder& b, Value v, bool square_root) {
    return call(b, v, ir::kNone, ir::kNone, HelperId::simd_unsigned_estimate,
                square_root ? base::kSimdNegate : 0);
}

Value doubling_multiply_high(Builder& b, Value n, Value m, unsigned size, bool round) {
    return call(b, n, m, ir::kNone, HelperId::simd_doubling_multiply_high,
                mode(size, false, round));
}

Value doubling_multiply_long(Builder& b, Value n, Value m, unsigned size) {
    return call(b, n, m, ir::kNone, HelperId::simd_doubling_multiply_long, mode(size, false));
}

Value shift_by_register(Builder& b, Value n, Value m, unsigned size, bool uns, bool round,
                        bool saturate) {
    if (!round && !saturate) return uns ? b.vushl(n, m, size) : b.vsshl(n, m, size);
    const uint32_t imm = mode(size, uns, round) | (saturate ? base::kSimdSaturate : 0);
    return call(b, n, m, ir::kNone, HelperId::simd_shift, imm);
}

Value saturating_shift_left_unsigned(Builder& b, Value v, unsigned amount, unsigned size) {
    return call(b, v, splat(b, amount, size), ir::kNone, HelperId::simd_shift,
                size | base::kSimdResultUnsigned);
}

Value saturating_narrow(Builder& b, Value v, unsigned amount, unsigned size, Narrowing kind,
                        bool round) {
    uint32_t imm = mode(size, kind == Narrowing::unsigned_, round);
    if (kind == Narrowing::signed_to_unsigned) imm |= base::kSimdResultUnsigned;
    return call(b, v, splat(b, amount, size), ir::kNone, HelperId::simd_saturating_narrow, imm);
}

// An index below 16 k wraps to 240 or more after subtracting 16 k, so it selects nothing there.
Value table_lookup(Builder& b, const Value* table, unsigned registers, Value index) {
    Value result = b.vtbl1(table[0], index);
    for (unsigned i = 1; i < registers; i++) {
        const Value rest = b.vsub(index, splat(b, 16 * i, 0), 0);
        result = b.vor(result, b.vtbl1(table[i], rest));
    }
    return result;
}

}  // namespace pydbt::a64::simd
