// Advanced SIMD and scalar shift by immediate, integer part (DDI 0487, C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/simd_shift_immediate.py.
// Must not know: the host, the encodings.
#include <bit>

#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;
using simd::Narrowing;

// The element size and the amount are coded together in immh:immb, seven bits: the highest bit
// set in immh is the element's width in bits.
template <typename Args>
unsigned size_of(const Args& a) {
    return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(a.imm))) - 4;
}

template <typename Args>
unsigned right_amount(const Args& a) {
    return 2 * simd::element_bits(size_of(a)) - static_cast<unsigned>(a.imm);
}

template <typename Args>
unsigned left_amount(const Args& a) {
    return static_cast<unsigned>(a.imm) - simd::element_bits(size_of(a));
}

template <typename Args>
Value shift_right(Builder& b, const Args& a, Value n, bool uns, bool round) {
    return simd::shift_right(b, n, right_amount(a), size_of(a), uns, round);
}

// SRI: d keeps its upper `amount` bits.
template <typename Args>
Value insert_right(Builder& b, const Args& a, Value d, Value n) {
    const unsigned bits = simd::element_bits(size_of(a));
    if (right_amount(a) == bits) return d;
    const uint64_t ones = ~uint64_t{0} >> (64 - bits);
    const Value written = simd::splat(b, ones >> right_amount(a), size_of(a));
    return b.vbsl(written, b.vushr(n, right_amount(a), size_of(a)), d);
}

// SLI: d keeps its lower `amount` bits.
template <typename Args>
Value insert_left(Builder& b, const Args& a, Value d, Value n) {
    const Value written = simd::splat(b, ~uint64_t{0} << left_amount(a), size_of(a));
    return b.vbsl(written, b.vshl(n, left_amount(a), size_of(a)), d);
}

template <typename Args>
Value saturating_shift_left(Builder& b, const Args& a, Value n, bool uns) {
    return simd::saturating_shift_left(b, n, left_amount(a), size_of(a), uns);
}

template <typename Args>
Value saturating_narrow(Builder& b, const Args& a, Value n, Narrowing kind, bool round) {
    return simd::saturating_narrow(b, n, right_amount(a), size_of(a), kind, round);
}

// Vd = op(Vn); the 64-bit form clears the upper half.
template <typename Args, typename Op>
Step shift_vector(Builder& b, const Args& a, Op op) {
    const Value result = op(b.get_v(a.rn));
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

// Vd = op(Vd, Vn).
template <typename Args, typename Op>
Step shift_vector_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return shift_vector(b, a, [&](Value n) { return op(d, n); });
}

// For operations that may set QC: lanes past the operand must not count.
template <typename Args, typename Op>
Step shift_vector_saturating(Builder& b, const Args& a, Op op) {
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, op(a.q ? n : b.vlow64(n)));
    return Step::next;
}

// Scalar forms of 64-bit elements.
template <typename Args, typename Op>
Step shift_scalar(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, b.vlow64(op(b.get_v(a.rn))));
    return Step::next;
}

template <typename Args, typename Op>
Step shift_scalar_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return shift_scalar(b, a, [&](Value n) { return op(d, n); });
}

// Scalar forms of any element size that may set QC.
template <typename Args, typename Op>
Step shift_scalar_saturating(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, op(simd::only_lane0(b, b.get_v(a.rn), size_of(a))));
    return Step::next;
}

// Half of Vd = op(Vn), the op narrowing: the "2" forms write the upper half and keep the lower.
template <typename Args, typename Op>
Step shift_narrow(Builder& b, const Args& a, Op op) {
    const Value low64 = op(b.get_v(a.rn));
    b.set_v(a.rd, a.q ? b.vins_lane(b.get_v(a.rd), low64, 1, 0, 3) : low64);
    return Step::next;
}

template <typename Args, typename Op>
Step shift_narrow_scalar(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, op(simd::only_lane0(b, b.get_v(a.rn), size_of(a) + 1)));
    return Step::next;
}

// SSHLL USHLL: amount 0 is SXTL UXTL.
template <typename Args>
Step shift_left_long(Builder& b, const Args& a, bool uns) {
    const Value n = b.get_v(a.rn);
    const Value wide = simd::widen(b, a.q ? simd::high_half(b, n) : n, size_of(a), uns);
    b.set_v(a.rd, left_amount(a) == 0 ? wide : b.vshl(wide, left_amount(a), size_of(a) + 1));
    return Step::next;
}

}  // namespace

// Shift right; and accumulate.

Step Lifter::lift_SSHR_v(const Args_SSHR_v& a) {
    return shift_vector(b, a, [&](Value n) { return shift_right(b, a, n, false, false); });
}

Step Lifter::lift_USHR_v(const Args_USHR_v& a) {
    return shift_vector(b, a, [&](Value n) { return shift_right(b, a, n, true, false); });
}

Step Lifter::lift_SSHR_s(const Args_SSHR_s& a) {
    return shift_scalar(b, a, [&](Value n) { return shift_right(b, a, n, false, false); });
}

Step Lifter::lift_USHR_s(const Args_USHR_s& a) {
    return shift_scalar(b, a, [&](Value n) { return shift_right(b, a, n, true, false); });
}

Step Lifter::lift_SRSHR_v(const Args_SRSHR_v& a) {
    return shift_vector(b, a, [&](Value n) { return shift_right(b, a, n, false, true); });
}

Step Lifter::lift_URSHR_v(const Args_URSHR_v& a) {
    return shift_vector(b, a, [&](Value n) { return shift_right(b, a, n, true, true); });
}

Step Lifter::lift_SRSHR_s(const Args_SRSHR_s& a) {
    return shift_scalar(b, a, [&](Value n) { return shift_right(b, a, n, false, true); });
}

Step Lifter::lift_URSHR_s(const Args_URSHR_s& a) {
    return shift_scalar(b, a, [&](Value n) { return shift_right(b, a, n, true, true); });
}

Step Lifter::lift_SSRA_v(const Args_SSRA_v& a) {
    return shift_vector_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, false, false), size_of(a));
    });
}

Step Lifter::lift_USRA_v(const Args_USRA_v& a) {
    return shift_vector_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, true, false), size_of(a));
    });
}

Step Lifter::lift_SSRA_s(const Args_SSRA_s& a) {
    return shift_scalar_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, false, false), size_of(a));
    });
}

Step Lifter::lift_USRA_s(const Args_USRA_s& a) {
    return shift_scalar_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, true, false), size_of(a));
    });
}

Step Lifter::lift_SRSRA_v(const Args_SRSRA_v& a) {
    return shift_vector_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, false, true), size_of(a));
    });
}

Step Lifter::lift_URSRA_v(const Args_URSRA_v& a) {
    return shift_vector_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, true, true), size_of(a));
    });
}

Step Lifter::lift_SRSRA_s(const Args_SRSRA_s& a) {
    return shift_scalar_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, false, true), size_of(a));
    });
}

Step Lifter::lift_URSRA_s(const Args_URSRA_s& a) {
    return shift_scalar_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, shift_right(b, a, n, true, true), size_of(a));
    });
}

// Shift and insert; shift left.

Step Lifter::lift_SRI_v(const Args_SRI_v& a) {
    return shift_vector_accumulate(b, a,
                                   [&](Value d, Value n) { return insert_right(b, a, d, n); });
}

Step Lifter::lift_SRI_s(const Args_SRI_s& a) {
    return shift_scalar_accumulate(b, a,
                                   [&](Value d, Value n) { return insert_right(b, a, d, n); });
}

Step Lifter::lift_SLI_v(const Args_SLI_v& a) {
    return shift_vector_accumulate(b, a, [&](Value d, Value n) { return insert_left(b, a, d, n); });
}

Step Lifter::lift_SLI_s(const Args_SLI_s& a) {
    return shift_scalar_accumulate(b, a, [&](Value d, Value n) { return insert_left(b, a, d, n); });
}

Step Lifter::lift_SHL_v(const Args_SHL_v& a) {
    return shift_vector(b, a, [&](Value n) { return b.vshl(n, left_amount(a), size_of(a)); });
}

Step Lifter::lift_SHL_s(const Args_SHL_s& a) {
    return shift_scalar(b, a, [&](Value n) { return b.vshl(n, left_amount(a), size_of(a)); });
}

// Saturating shift left.

Step Lifter::lift_SQSHL_imm_v(const Args_SQSHL_imm_v& a) {
    return shift_vector_saturating(b, a,
                                   [&](Value n) { return saturating_shift_left(b, a, n, false); });
}

Step Lifter::lift_UQSHL_imm_v(const Args_UQSHL_imm_v& a) {
    return shift_vector_saturating(b, a,
                                   [&](Value n) { return saturating_shift_left(b, a, n, true); });
}

Step Lifter::lift_SQSHLU_v(const Args_SQSHLU_v& a) {
    return shift_vector_saturating(b, a, [&](Value n) {
        return simd::saturating_shift_left_unsigned(b, n, left_amount(a), size_of(a));
    });
}

Step Lifter::lift_SQSHL_imm_s(const Args_SQSHL_imm_s& a) {
    return shift_scalar_saturating(b, a,
                                   [&](Value n) { return saturating_shift_left(b, a, n, false); });
}

Step Lifter::lift_UQSHL_imm_s(const Args_UQSHL_imm_s& a) {
    return shift_scalar_saturating(b, a,
                                   [&](Value n) { return saturating_shift_left(b, a, n, true); });
}

Step Lifter::lift_SQSHLU_s(const Args_SQSHLU_s& a) {
    return shift_scalar_saturating(b, a, [&](Value n) {
        return simd::saturating_shift_left_unsigned(b, n, left_amount(a), size_of(a));
    });
}

// Shift right narrow.

Step Lifter::lift_SHRN_v(const Args_SHRN_v& a) {
    return shift_narrow(b, a, [&](Value n) {
        return b.vxtn(b.vushr(n, right_amount(a), size_of(a) + 1), size_of(a));
    });
}

Step Lifter::lift_RSHRN_v(const Args_RSHRN_v& a) {
    return shift_narrow(b, a, [&](Value n) {
        return b.vxtn(simd::shift_right(b, n, right_amount(a), size_of(a) + 1, true, true),
                      size_of(a));
    });
}

Step Lifter::lift_SQSHRN_v(const Args_SQSHRN_v& a) {
    return shift_narrow(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::signed_, false); });
}

Step Lifter::lift_SQSHRN_s(const Args_SQSHRN_s& a) {
    return shift_narrow_scalar(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::signed_, false); });
}

Step Lifter::lift_UQSHRN_v(const Args_UQSHRN_v& a) {
    return shift_narrow(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::unsigned_, false); });
}

Step Lifter::lift_UQSHRN_s(const Args_UQSHRN_s& a) {
    return shift_narrow_scalar(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::unsigned_, false); });
}

Step Lifter::lift_SQSHRUN_v(const Args_SQSHRUN_v& a) {
    return shift_narrow(b, a, [&](Value n) {
        return saturating_narrow(b, a, n, Narrowing::signed_to_unsigned, false);
    });
}

Step Lifter::lift_SQSHRUN_s(const Args_SQSHRUN_s& a) {
    return shift_narrow_scalar(b, a, [&](Value n) {
        return saturating_narrow(b, a, n, Narrowing::signed_to_unsigned, false);
    });
}

Step Lifter::lift_SQRSHRN_v(const Args_SQRSHRN_v& a) {
    return shift_narrow(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::signed_, true); });
}

Step Lifter::lift_SQRSHRN_s(const Args_SQRSHRN_s& a) {
    return shift_narrow_scalar(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::signed_, true); });
}

Step Lifter::lift_UQRSHRN_v(const Args_UQRSHRN_v& a) {
    return shift_narrow(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::unsigned_, true); });
}

Step Lifter::lift_UQRSHRN_s(const Args_UQRSHRN_s& a) {
    return shift_narrow_scalar(
        b, a, [&](Value n) { return saturating_narrow(b, a, n, Narrowing::unsigned_, true); });
}

Step Lifter::lift_SQRSHRUN_v(const Args_SQRSHRUN_v& a) {
    return shift_narrow(b, a, [&](Value n) {
        return saturating_narrow(b, a, n, Narrowing::signed_to_unsigned, true);
    });
}

Step Lifter::lift_SQRSHRUN_s(const Args_SQRSHRUN_s& a) {
    return shift_narrow_scalar(b, a, [&](Value n) {
        return saturating_narrow(b, a, n, Narrowing::signed_to_unsigned, true);
    });
}

// Shift left long.

Step Lifter::lift_SSHLL_v(const Args_SSHLL_v& a) { return shift_left_long(b, a, false); }

Step Lifter::lift_USHLL_v(const Args_USHLL_v& a) { return shift_left_long(b, a, true); }

}  // namespace pydbt::a64
