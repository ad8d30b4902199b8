// What the lifts of Advanced SIMD floating point of one operand share, for all types.
//
// Owns: shapes of instructions: operands, an operation, a result. Must not know: encodings, FPCR.
#pragma once

#include <bit>

#include "translator/a64/fp_immediate.hpp"
#include "translator/a64/fp_lift.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64::fp_two_reg_misc {

using base::HelperId;
using ir::Builder;
using ir::Value;

template <class Args>
Step unary(Builder& b, const Args& a, fp::VectorUnary op) {
    return fp::set_cut(b, a, a.rd, (b.*op)(fp::operand(b, a, a.rn), fp::size_of(a)));
}

template <class Args>
Step unary_call(Builder& b, const Args& a, HelperId helper) {
    return fp::set_result(b, a, a.rd, fp::call(b, a, helper, b.get_v(a.rn)));
}

template <class Args>
Step negate(Builder& b, const Args& a) {
    return fp::set_cut(b, a, a.rd, fp::negate_lanes(b, b.get_v(a.rn), fp::size_of(a)));
}

template <class Args>
Step absolute(Builder& b, const Args& a) {
    return fp::set_cut(b, a, a.rd, fp::absolute_lanes(b, b.get_v(a.rn), fp::size_of(a)));
}

/// FRECPE and FRSQRTE; FEAT_RPRES makes those of singles finer where FPCR.AH is set. Lanes past the
/// operand are one.
template <class Args>
Step estimate(Lifter& l, const Args& a, fp::VectorUnary op, HelperId fine) {
    Builder& b = l.b;
    const unsigned size = fp::size_of(a), bytes = fp::lanes_of(a) << size;
    if (size == 2 && fp::alternate(b) && l.features.has(Feature::RPRES)) {
        return unary_call(b, a, fine);
    }
    Value n = b.get_v(a.rn);
    if (bytes < 16) {
        const Value ones = simd::splat(b, expand_float(kImmediateOne, size), size);
        n = b.vins_lane(ones, n, 0, 0, static_cast<unsigned>(std::countr_zero(bytes)));
    }
    return fp::set_cut(b, a, a.rd, (b.*op)(n, size));
}

/// Vn op 0, or 0 op Vn. FPCR.NEP is not for these.
template <class Args>
Step compare_zero(Builder& b, const Args& a, fp::VectorBinary op) {
    const Value v = (b.*op)(fp::operand(b, a, a.rn), b.vzero(), fp::size_of(a));
    b.set_v(a.rd, fp::cut(b, a, v));
    return Step::next;
}

template <class Args>
Step compare_zero_with(Builder& b, const Args& a, fp::VectorBinary op) {
    const Value v = (b.*op)(b.vzero(), fp::operand(b, a, a.rn), fp::size_of(a));
    b.set_v(a.rd, fp::cut(b, a, v));
    return Step::next;
}

/// Vd = a helper of base/fp_helpers.hpp that takes a mode, on the instruction's lanes.
template <class Args>
Step call_with_mode(Builder& b, const Args& a, HelperId helper, uint64_t mode) {
    const Value m = b.vmov_imm(static_cast<int64_t>(mode));
    return fp::set_result(b, a, a.rd, fp::call(b, a, helper, b.get_v(a.rn), m));
}

template <class Args>
Step round(Builder& b, const Args& a, fp::Mode mode, bool exact = false) {
    const Value n = fp::operand(b, a, a.rn);
    return fp::set_cut(b, a, a.rd, b.vfrint(n, mode, fp::size_of(a), exact));
}

/// Bits behind the binary point: immh:immb is twice an element's width less them.
template <class Args>
unsigned fraction_bits(const Args& a) {
    if constexpr (requires { a.imm; }) {
        return (16u << fp::size_of(a)) - a.imm;
    } else {
        return 0;
    }
}

/// Whether a conversion is an op on lanes: of vectors, and of halves from and to 16 bits.
template <class Args>
bool by_lanes(const Args& a) {
    return requires { a.q; } || fp::size_of(a) == 1;
}

template <class Args>
Step round_n(Builder& b, const Args& a, fp::Mode mode, bool wide) {
    const uint64_t bits = wide ? base::kSimdFpWide : 0;
    return call_with_mode(b, a, HelperId::simd_fp_round_n, mode | bits);
}

template <class Args>
Step to_fixed(Builder& b, const Args& a, bool uns, fp::Mode mode) {
    const unsigned size = fp::size_of(a);
    const unsigned fbits = fraction_bits(a);
    if (by_lanes(a)) {
        const Value n = fp::operand(b, a, a.rn);
        const int64_t imm = mode | fbits << 8;
        return fp::set_cut(b, a, a.rd, uns ? b.vfcvt_u(n, imm, size) : b.vfcvt_s(n, imm, size));
    }
    const Value n = fp::lane(b, b.get_v(a.rn), size);
    const Value i = fp::to_fixed(b, fp::int_type(size), n, uns, mode, fbits);
    return fp::set_result(b, a, a.rd, b.f_to_v(b.bitcast(fp::float_type(size), i)));
}

template <class Args>
Step from_fixed(Builder& b, const Args& a, bool uns) {
    const unsigned size = fp::size_of(a);
    const unsigned fbits = fraction_bits(a);
    if (by_lanes(a)) {
        const Value n = fp::operand(b, a, a.rn);
        return fp::set_cut(b, a, a.rd,
                           uns ? b.vu_cvt_f(n, fbits, size) : b.vs_cvt_f(n, fbits, size));
    }
    const Value n = fp::lane(b, b.get_v(a.rn), size);
    const Value f = fp::from_fixed(b, size, b.bitcast(fp::int_type(size), n), uns, fbits);
    return fp::set_result(b, a, a.rd, b.f_to_v(f));
}

/// The 64 bits that a narrowing form computes: the "2" forms write them to the upper half of Vd.
template <class Args>
Step set_half(Builder& b, const Args& a, Value low64) {
    b.set_v(a.rd, a.q ? b.vins_lane(b.get_v(a.rd), low64, 1, 0, 3) : low64);
    return Step::next;
}

inline Value narrow_to_odd(Builder& b, Value n, unsigned lanes) {
    return fp::call(b, HelperId::simd_fp_narrow_to_odd, 3, lanes, n);
}

}  // namespace pydbt::a64::fp_two_reg_misc
