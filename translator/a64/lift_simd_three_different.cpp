// Advanced SIMD and scalar three different, and vector by indexed element, integer part (DDI 0487,
// C4.1.96): the operations that widen or narrow, and those with one element as second operand.
//
// Owns: lifts of the patterns of spec/a64/simd_three_different.py and simd_by_element.py.
// Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;

// The half of v that a long operation reads, in the low 64 bits: the "2" forms read the upper one.
template <typename Args>
Value source_half(Builder& b, const Args& a, Value v) {
    return a.q ? simd::high_half(b, v) : v;
}

// A narrow result: the "2" forms write the upper half of Vd and keep the lower.
template <typename Args>
Step set_narrow(Builder& b, const Args& a, Value low64) {
    b.set_v(a.rd, a.q ? b.vins_lane(b.get_v(a.rd), low64, 1, 0, 3) : low64);
    return Step::next;
}

// Vd = op(half of Vn, half of Vm), in elements of twice the size.
template <typename Args, typename Op>
Step three_long(Builder& b, const Args& a, Op op) {
    const Value n = source_half(b, a, b.get_v(a.rn));
    const Value m = source_half(b, a, b.get_v(a.rm));
    b.set_v(a.rd, op(n, m));
    return Step::next;
}

// Vd = op(Vd, half of Vn, half of Vm).
template <typename Args, typename Op>
Step three_long_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return three_long(b, a, [&](Value n, Value m) { return op(d, n, m); });
}

// Vd = op(Vn, half of Vm widened).
template <typename Args, typename Op>
Step three_wide(Builder& b, const Args& a, bool uns, Op op) {
    const Value n = b.get_v(a.rn);
    const Value m = source_half(b, a, b.get_v(a.rm));
    b.set_v(a.rd, op(n, simd::widen(b, m, a.size, uns)));
    return Step::next;
}

// Half of Vd = upper halves of op(Vn, Vm) in elements of twice the size.
template <typename Args, typename Op>
Step three_narrow(Builder& b, const Args& a, bool round, Op op) {
    const Value wide = op(b.get_v(a.rn), b.get_v(a.rm));
    return set_narrow(b, a, simd::narrow_high_part(b, wide, a.size, round));
}

// SABDL: the narrow difference, unsigned whatever the operands, then widened.
template <typename Args>
Value difference_long(Builder& b, const Args& a, Value n, Value m, bool uns) {
    return b.vuxtl(simd::absolute_difference(b, n, m, a.size, uns), a.size);
}

// Scalar long forms: the low element of both, the result one element of twice the size.
template <typename Args, typename Op>
Step scalar_long(Builder& b, const Args& a, Op op) {
    const Value n = simd::only_lane0(b, b.get_v(a.rn), a.size);
    const Value m = simd::only_lane0(b, b.get_v(a.rm), a.size);
    b.set_v(a.rd, op(n, m));
    return Step::next;
}

template <typename Args, typename Op>
Step scalar_long_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = simd::only_lane0(b, b.get_v(a.rd), a.size + 1);
    return scalar_long(b, a, [&](Value n, Value m) { return op(d, n, m); });
}

// Vd = op(Vn, Vm[index]).
template <typename Args, typename Op>
Step by_element(Builder& b, const Args& a, Op op) {
    const Value result = op(b.get_v(a.rn), simd::indexed_element(b, a));
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

// Vd = op(Vd, Vn, Vm[index]).
template <typename Args, typename Op>
Step by_element_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return by_element(b, a, [&](Value n, Value m) { return op(d, n, m); });
}

// The same for operations that may set QC: a zero operand in the lanes past the 64-bit form.
template <typename Args, typename Op>
Step by_element_saturating(Builder& b, const Args& a, Op op) {
    return by_element(b, a, [&](Value n, Value m) { return op(a.q ? n : b.vlow64(n), m); });
}

// Vd = op(half of Vn, Vm[index]), in elements of twice the size.
template <typename Args, typename Op>
Step by_element_long(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, op(source_half(b, a, b.get_v(a.rn)), simd::indexed_element(b, a)));
    return Step::next;
}

template <typename Args, typename Op>
Step by_element_long_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return by_element_long(b, a, [&](Value n, Value m) { return op(d, n, m); });
}

// Scalar by element; all other lanes of n are zero, so those of the result are.
template <typename Args, typename Op>
Step scalar_by_element(Builder& b, const Args& a, Op op) {
    const Value n = simd::only_lane0(b, b.get_v(a.rn), a.size);
    b.set_v(a.rd, op(n, simd::indexed_element(b, a)));
    return Step::next;
}

template <typename Args, typename Op>
Step scalar_by_element_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = simd::only_lane0(b, b.get_v(a.rd), a.size + 1);
    return scalar_by_element(b, a, [&](Value n, Value m) { return op(d, n, m); });
}

}  // namespace

// Add and subtract long, wide, narrow.
Step Lifter::lift_SADDL_v(const Args_SADDL_v& a) {
    return three_long(b, a, [&](Value n, Value m) {
        return b.vadd(simd::widen(b, n, a.size, false), simd::widen(b, m, a.size, false),
                      a.size + 1);
    });
}

Step Lifter::lift_UADDL_v(const Args_UADDL_v& a) {
    return three_long(b, a, [&](Value n, Value m) {
        return b.vadd(simd::widen(b, n, a.size, true), simd::widen(b, m, a.size, true), a.size + 1);
    });
}

Step Lifter::lift_SADDW_v(const Args_SADDW_v& a) {
    return three_wide(b, a, false, [&](Value n, Value m) { return b.vadd(n, m, a.size + 1); });
}

Step Lifter::lift_UADDW_v(const Args_UADDW_v& a) {
    return three_wide(b, a, true, [&](Value n, Value m) { return b.vadd(n, m, a.size + 1); });
}

Step Lifter::lift_ADDHN_v(const Args_ADDHN_v& a) {
    return three_narrow(b, a, false, [&](Value n, Value m) { return b.vadd(n, m, a.size + 1); });
}

Step Lifter::lift_RADDHN_v(const Args_RADDHN_v& a) {
    return three_narrow(b, a, true, [&](Value n, Value m) { return b.vadd(n, m, a.size + 1); });
}

Step Lifter::lift_SSUBL_v(const Args_SSUBL_v& a) {
    return three_long(b, a, [&](Value n, Value m) {
        return b.vsub(simd::widen(b, n, a.size, false), simd::widen(b, m, a.size, false),
                      a.size + 1);
    });
}

Step Lifter::lift_USUBL_v(const Args_USUBL_v& a) {
    return three_long(b, a, [&](Value n, Value m) {
        return b.vsub(simd::widen(b, n, a.size, true), simd::widen(b, m, a.size, true), a.size + 1);
    });
}

Step Lifter::lift_SSUBW_v(const Args_SSUBW_v& a) {
    return three_wide(b, a, false, [&](Value n, Value m) { return b.vsub(n, m, a.size + 1); });
}

Step Lifter::lift_USUBW_v(const Args_USUBW_v& a) {
    return three_wide(b, a, true, [&](Value n, Value m) { return b.vsub(n, m, a.size + 1); });
}

Step Lifter::lift_SUBHN_v(const Args_SUBHN_v& a) {
    return three_narrow(b, a, false, [&](Value n, Value m) { return b.vsub(n, m, a.size + 1); });
}

Step Lifter::lift_RSUBHN_v(const Args_RSUBHN_v& a) {
    return three_narrow(b, a, true, [&](Value n, Value m) { return b.vsub(n, m, a.size + 1); });
}

// Absolute difference long.
Step Lifter::lift_SABDL_v(const Args_SABDL_v& a) {
    return three_long(b, a, [&](Value n, Value m) { return difference_long(b, a, n, m, false); });
}

Step Lifter::lift_UABDL_v(const Args_UABDL_v& a) {
    return three_long(b, a, [&](Value n, Value m) { return difference_long(b, a, n, m, true); });
}

Step Lifter::lift_SABAL_v(const Args_SABAL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, difference_long(b, a, n, m, false), a.size + 1);
    });
}

Step Lifter::lift_UABAL_v(const Args_UABAL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, difference_long(b, a, n, m, true), a.size + 1);
    });
}

// Multiply long.
Step Lifter::lift_SMULL_v(const Args_SMULL_v& a) {
    return three_long(
        b, a, [&](Value n, Value m) { return simd::multiply_long(b, n, m, a.size, false); });
}

Step Lifter::lift_UMULL_v(const Args_UMULL_v& a) {
    return three_long(b, a,
                      [&](Value n, Value m) { return simd::multiply_long(b, n, m, a.size, true); });
}

Step Lifter::lift_SMLAL_v(const Args_SMLAL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, simd::multiply_long(b, n, m, a.size, false), a.size + 1);
    });
}

Step Lifter::lift_UMLAL_v(const Args_UMLAL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, simd::multiply_long(b, n, m, a.size, true), a.size + 1);
    });
}

Step Lifter::lift_SMLSL_v(const Args_SMLSL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vsub(d, simd::multiply_long(b, n, m, a.size, false), a.size + 1);
    });
}

Step Lifter::lift_UMLSL_v(const Args_UMLSL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vsub(d, simd::multiply_long(b, n, m, a.size, true), a.size + 1);
    });
}

Step Lifter::lift_PMULL_v(const Args_PMULL_v& a) {
    return three_long(b, a, [&](Value n, Value m) { return b.vpmull8(n, m); });
}

// Saturating doubling multiply long.
Step Lifter::lift_SQDMULL_v(const Args_SQDMULL_v& a) {
    return three_long(
        b, a, [&](Value n, Value m) { return simd::doubling_multiply_long(b, n, m, a.size); });
}

Step Lifter::lift_SQDMLAL_v(const Args_SQDMLAL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_add(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

Step Lifter::lift_SQDMLSL_v(const Args_SQDMLSL_v& a) {
    return three_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_sub(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

Step Lifter::lift_SQDMULL_s(const Args_SQDMULL_s& a) {
    return scalar_long(
        b, a, [&](Value n, Value m) { return simd::doubling_multiply_long(b, n, m, a.size); });
}

Step Lifter::lift_SQDMLAL_s(const Args_SQDMLAL_s& a) {
    return scalar_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_add(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

Step Lifter::lift_SQDMLSL_s(const Args_SQDMLSL_s& a) {
    return scalar_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_sub(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

// Vector by indexed element.
Step Lifter::lift_MUL_e(const Args_MUL_e& a) {
    return by_element(b, a, [&](Value n, Value m) { return b.vmul(n, m, a.size); });
}

Step Lifter::lift_MLA_e(const Args_MLA_e& a) {
    return by_element_accumulate(
        b, a, [&](Value d, Value n, Value m) { return b.vadd(d, b.vmul(n, m, a.size), a.size); });
}

Step Lifter::lift_MLS_e(const Args_MLS_e& a) {
    return by_element_accumulate(
        b, a, [&](Value d, Value n, Value m) { return b.vsub(d, b.vmul(n, m, a.size), a.size); });
}

Step Lifter::lift_SQDMULH_e(const Args_SQDMULH_e& a) {
    return by_element_saturating(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, false);
    });
}

Step Lifter::lift_SQRDMULH_e(const Args_SQRDMULH_e& a) {
    return by_element_saturating(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, true);
    });
}

Step Lifter::lift_SMULL_e(const Args_SMULL_e& a) {
    return by_element_long(
        b, a, [&](Value n, Value m) { return simd::multiply_long(b, n, m, a.size, false); });
}

Step Lifter::lift_UMULL_e(const Args_UMULL_e& a) {
    return by_element_long(
        b, a, [&](Value n, Value m) { return simd::multiply_long(b, n, m, a.size, true); });
}

Step Lifter::lift_SMLAL_e(const Args_SMLAL_e& a) {
    return by_element_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, simd::multiply_long(b, n, m, a.size, false), a.size + 1);
    });
}

Step Lifter::lift_UMLAL_e(const Args_UMLAL_e& a) {
    return by_element_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, simd::multiply_long(b, n, m, a.size, true), a.size + 1);
    });
}

Step Lifter::lift_SMLSL_e(const Args_SMLSL_e& a) {
    return by_element_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vsub(d, simd::multiply_long(b, n, m, a.size, false), a.size + 1);
    });
}

Step Lifter::lift_UMLSL_e(const Args_UMLSL_e& a) {
    return by_element_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vsub(d, simd::multiply_long(b, n, m, a.size, true), a.size + 1);
    });
}

Step Lifter::lift_SQDMULL_e(const Args_SQDMULL_e& a) {
    return by_element_long(
        b, a, [&](Value n, Value m) { return simd::doubling_multiply_long(b, n, m, a.size); });
}

Step Lifter::lift_SQDMLAL_e(const Args_SQDMLAL_e& a) {
    return by_element_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_add(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

Step Lifter::lift_SQDMLSL_e(const Args_SQDMLSL_e& a) {
    return by_element_long_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_sub(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

// Scalar by indexed element.
Step Lifter::lift_SQDMULH_se(const Args_SQDMULH_se& a) {
    return scalar_by_element(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, false);
    });
}

Step Lifter::lift_SQRDMULH_se(const Args_SQRDMULH_se& a) {
    return scalar_by_element(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, true);
    });
}

Step Lifter::lift_SQDMULL_se(const Args_SQDMULL_se& a) {
    return scalar_by_element(
        b, a, [&](Value n, Value m) { return simd::doubling_multiply_long(b, n, m, a.size); });
}

Step Lifter::lift_SQDMLAL_se(const Args_SQDMLAL_se& a) {
    return scalar_by_element_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_add(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

Step Lifter::lift_SQDMLSL_se(const Args_SQDMLSL_se& a) {
    return scalar_by_element_accumulate(b, a, [&](Value d, Value n, Value m) {
        return simd::saturating_sub(b, d, simd::doubling_multiply_long(b, n, m, a.size), a.size + 1,
                                    false);
    });
}

}  // namespace pydbt::a64
