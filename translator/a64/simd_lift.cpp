// Building blocks of the Advanced SIMD lifts. See the header for the contracts.
#include "translator/a64/simd_lift.hpp"

#include <algorithm>

#include "translator/base/helpers.gen.hpp"

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

Value least(Builder& b, unsigned size) {
    return splat(b, uint64_t{1} << (element_bits(size) - 1), size);
}

Value high_half(Builder& b, Value v) { return b.vext(v, v, 8); }

namespace {

// v ^ key by the round of AES that v is, or kNone.
Value with_key(Builder& b, Value v, Value key) {
    const ir::Inst i = b.inst(v);
    const bool round = i.op == ir::Op::vaesenc || i.op == ir::Op::vaesenclast ||
                       i.op == ir::Op::vaesdec || i.op == ir::Op::vaesdeclast;
    if (!round || b.inst(i.args[1]).op != ir::Op::vzero) return ir::kNone;
    switch (i.op) {
        case ir::Op::vaesenc: return b.vaesenc(i.args[0], key);
        case ir::Op::vaesenclast: return b.vaesenclast(i.args[0], key);
        case ir::Op::vaesdec: return b.vaesdec(i.args[0], key);
        default: return b.vaesdeclast(i.args[0], key);
    }
}

}  // namespace

Value exclusive_or(Builder& b, Value x, Value y) {
    if (const Value v = with_key(b, x, y); v != ir::kNone) return v;
    if (const Value v = with_key(b, y, x); v != ir::kNone) return v;
    return b.vxor(x, y);
}

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
// Signed numbers moved by half their range are unsigned ones. A rounded half of complements is the
// complement of a half that is cut, which for bytes is shorter: x86 does not shift them.
Value halving_add(Builder& b, Value n, Value m, unsigned size, bool uns, bool round) {
    if (size == 0 || (round && size == 1)) {
        if (uns && round) return b.vurhadd(n, m, size);
        const uint64_t sign = uint64_t{1} << (element_bits(size) - 1);
        const Value flip = splat(b, round ? sign : uns ? ~uint64_t{0} : ~sign, size);
        return b.vxor(b.vurhadd(b.vxor(n, flip), b.vxor(m, flip), size), flip);
    }
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
    return uns ? b.vuaddlp(v, size) : b.vsaddlp(v, size);
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

// Two registers at a time. An index below 32 wraps to 224 or more after subtracting 32, so it
// selects nothing there.
Value table_lookup(Builder& b, const Value* table, unsigned registers, Value index) {
    const auto some = [&](unsigned count, Value from) {
        return count == 1 ? b.vtbl1(table[0], from) : b.vtbl2(table[0], table[1], from);
    };
    const Value low = some(std::min(registers, 2u), index);
    if (registers <= 2) return low;
    table += 2;
    return b.vor(low, some(registers - 2, b.vsub(index, splat(b, 32, 0), 0)));
}

Value unsigned_estimate(Builder& b, Value v, bool square_root) {
    const auto helper = base::HelperId::simd_unsigned_estimate;
    return b.call_vhelper(v, ir::kNone, ir::kNone, static_cast<int64_t>(helper), square_root);
}

Value polynomial_multiply(Builder& b, Value n, Value m) {
    const Value high = b.vpmull8(high_half(b, n), high_half(b, m));
    return b.vuzp1(b.vpmull8(n, m), high, 0);
}

// Each word of d is a product of rows: row 0 or 1 of n with row 0 or 1 of m.
Value matrix_multiply(Builder& b, Value d, Value n, Value m,
                      Value (Builder::*dot)(Value, Value, Value)) {
    d = (b.*dot)(d, b.vtrn1(n, n, 2), b.vuzp1(m, m, 2));
    return (b.*dot)(d, b.vtrn2(n, n, 2), b.vuzp2(m, m, 2));
}

}  // namespace pydbt::a64::simd
