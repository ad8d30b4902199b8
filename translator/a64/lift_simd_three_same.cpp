// Advanced SIMD three same and scalar three same, the integer part (DDI 0487, C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/simd_three_same.py.
// Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;

// Vd = op(Vn, Vm); the 64-bit form clears the upper half.
template <typename Args, typename Op>
Step three_same(Builder& b, const Args& a, Op op) {
    const Value n = b.get_v(a.rn);
    const Value m = b.get_v(a.rm);
    const Value result = op(n, m);
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

// The same for operations that may set QC: lanes past the operands must not count.
template <typename Args, typename Op>
Step three_same_saturating(Builder& b, const Args& a, Op op) {
    Value n = b.get_v(a.rn);
    Value m = b.get_v(a.rm);
    if (!a.q) {
        n = b.vlow64(n);
        m = b.vlow64(m);
    }
    const Value result = op(n, m);
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

// Vd = op(Vd, Vn, Vm).
template <typename Args, typename Op>
Step three_same_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return three_same(b, a, [&](Value n, Value m) { return op(d, n, m); });
}

// Neighbours of the concatenation Vm:Vn; in the 64-bit form the two halves are joined first.
template <typename Args, typename Op>
Step three_same_pairwise(Builder& b, const Args& a, Op op) {
    return three_same(b, a, [&](Value n, Value m) {
        if (a.q) return op(n, m);
        const Value joined = b.vzip1(n, m, 3);
        return op(joined, joined);
    });
}

// Scalar forms of 64-bit elements: the operation on whole vectors, cut to the low element.
template <typename Args, typename Op>
Step scalar_three_same(Builder& b, const Args& a, Op op) {
    const Value n = b.get_v(a.rn);
    const Value m = b.get_v(a.rm);
    b.set_v(a.rd, b.vlow64(op(n, m)));
    return Step::next;
}

// Scalar forms of any element size that may set QC.
template <typename Args, typename Op>
Step scalar_three_same_saturating(Builder& b, const Args& a, Op op) {
    const Value n = simd::only_lane0(b, b.get_v(a.rn), a.size);
    const Value m = simd::only_lane0(b, b.get_v(a.rm), a.size);
    b.set_v(a.rd, op(n, m));
    return Step::next;
}

}  // namespace

// Halving.
Step Lifter::lift_SHADD_v(const Args_SHADD_v& a) {
    return three_same(
        b, a, [&](Value n, Value m) { return simd::halving_add(b, n, m, a.size, false, false); });
}

Step Lifter::lift_UHADD_v(const Args_UHADD_v& a) {
    return three_same(
        b, a, [&](Value n, Value m) { return simd::halving_add(b, n, m, a.size, true, false); });
}

Step Lifter::lift_SRHADD_v(const Args_SRHADD_v& a) {
    return three_same(
        b, a, [&](Value n, Value m) { return simd::halving_add(b, n, m, a.size, false, true); });
}

Step Lifter::lift_URHADD_v(const Args_URHADD_v& a) {
    return three_same(
        b, a, [&](Value n, Value m) { return simd::halving_add(b, n, m, a.size, true, true); });
}

Step Lifter::lift_SHSUB_v(const Args_SHSUB_v& a) {
    return three_same(b, a,
                      [&](Value n, Value m) { return simd::halving_sub(b, n, m, a.size, false); });
}

Step Lifter::lift_UHSUB_v(const Args_UHSUB_v& a) {
    return three_same(b, a,
                      [&](Value n, Value m) { return simd::halving_sub(b, n, m, a.size, true); });
}

// Logic.
Step Lifter::lift_AND_v(const Args_AND_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vand(n, m); });
}

Step Lifter::lift_BIC_v(const Args_BIC_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vandc(n, m); });
}

Step Lifter::lift_ORR_v(const Args_ORR_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vor(n, m); });
}

Step Lifter::lift_ORN_v(const Args_ORN_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vorc(n, m); });
}

Step Lifter::lift_EOR_v(const Args_EOR_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return simd::exclusive_or(b, n, m); });
}

Step Lifter::lift_BSL_v(const Args_BSL_v& a) {
    return three_same_accumulate(b, a, [&](Value d, Value n, Value m) { return b.vbsl(d, n, m); });
}

Step Lifter::lift_BIT_v(const Args_BIT_v& a) {
    return three_same_accumulate(b, a, [&](Value d, Value n, Value m) { return b.vbsl(m, n, d); });
}

Step Lifter::lift_BIF_v(const Args_BIF_v& a) {
    return three_same_accumulate(b, a, [&](Value d, Value n, Value m) { return b.vbsl(m, d, n); });
}

// Compare: all ones where true.
Step Lifter::lift_CMGT_v(const Args_CMGT_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vcmgt(n, m, a.size); });
}

Step Lifter::lift_CMHI_v(const Args_CMHI_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vcmhi(n, m, a.size); });
}

Step Lifter::lift_CMGE_v(const Args_CMGE_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vcmge(n, m, a.size); });
}

Step Lifter::lift_CMHS_v(const Args_CMHS_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vcmhs(n, m, a.size); });
}

Step Lifter::lift_CMTST_v(const Args_CMTST_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vcmtst(n, m, a.size); });
}

Step Lifter::lift_CMEQ_v(const Args_CMEQ_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vcmeq(n, m, a.size); });
}

Step Lifter::lift_CMGT_s(const Args_CMGT_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vcmgt(n, m, 3); });
}

Step Lifter::lift_CMHI_s(const Args_CMHI_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vcmhi(n, m, 3); });
}

Step Lifter::lift_CMGE_s(const Args_CMGE_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vcmge(n, m, 3); });
}

Step Lifter::lift_CMHS_s(const Args_CMHS_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vcmhs(n, m, 3); });
}

Step Lifter::lift_CMTST_s(const Args_CMTST_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vcmtst(n, m, 3); });
}

Step Lifter::lift_CMEQ_s(const Args_CMEQ_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vcmeq(n, m, 3); });
}

// Shift by register.
Step Lifter::lift_SSHL_v(const Args_SSHL_v& a) {
    return three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, false, false, false);
    });
}

Step Lifter::lift_USHL_v(const Args_USHL_v& a) {
    return three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, true, false, false);
    });
}

Step Lifter::lift_SSHL_s(const Args_SSHL_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, 3, false, false, false);
    });
}

Step Lifter::lift_USHL_s(const Args_USHL_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, 3, true, false, false);
    });
}

Step Lifter::lift_SRSHL_v(const Args_SRSHL_v& a) {
    return three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, false, true, false);
    });
}

Step Lifter::lift_URSHL_v(const Args_URSHL_v& a) {
    return three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, true, true, false);
    });
}

Step Lifter::lift_SRSHL_s(const Args_SRSHL_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, 3, false, true, false);
    });
}

Step Lifter::lift_URSHL_s(const Args_URSHL_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, 3, true, true, false);
    });
}

Step Lifter::lift_SQSHL_v(const Args_SQSHL_v& a) {
    return three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, false, false, true);
    });
}

Step Lifter::lift_UQSHL_v(const Args_UQSHL_v& a) {
    return three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, true, false, true);
    });
}

Step Lifter::lift_SQSHL_s(const Args_SQSHL_s& a) {
    return scalar_three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, false, false, true);
    });
}

Step Lifter::lift_UQSHL_s(const Args_UQSHL_s& a) {
    return scalar_three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, true, false, true);
    });
}

Step Lifter::lift_SQRSHL_v(const Args_SQRSHL_v& a) {
    return three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, false, true, true);
    });
}

Step Lifter::lift_UQRSHL_v(const Args_UQRSHL_v& a) {
    return three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, true, true, true);
    });
}

Step Lifter::lift_SQRSHL_s(const Args_SQRSHL_s& a) {
    return scalar_three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, false, true, true);
    });
}

Step Lifter::lift_UQRSHL_s(const Args_UQRSHL_s& a) {
    return scalar_three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::shift_by_register(b, n, m, a.size, true, true, true);
    });
}

// Minimum, maximum, absolute difference.
Step Lifter::lift_SMAX_v(const Args_SMAX_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vsmax(n, m, a.size); });
}

Step Lifter::lift_SMAXP_v(const Args_SMAXP_v& a) {
    return three_same_pairwise(b, a, [&](Value n, Value m) { return b.vsmaxp(n, m, a.size); });
}

Step Lifter::lift_UMAX_v(const Args_UMAX_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vumax(n, m, a.size); });
}

Step Lifter::lift_UMAXP_v(const Args_UMAXP_v& a) {
    return three_same_pairwise(b, a, [&](Value n, Value m) { return b.vumaxp(n, m, a.size); });
}

Step Lifter::lift_SMIN_v(const Args_SMIN_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vsmin(n, m, a.size); });
}

Step Lifter::lift_SMINP_v(const Args_SMINP_v& a) {
    return three_same_pairwise(b, a, [&](Value n, Value m) { return b.vsminp(n, m, a.size); });
}

Step Lifter::lift_UMIN_v(const Args_UMIN_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vumin(n, m, a.size); });
}

Step Lifter::lift_UMINP_v(const Args_UMINP_v& a) {
    return three_same_pairwise(b, a, [&](Value n, Value m) { return b.vuminp(n, m, a.size); });
}

Step Lifter::lift_SABD_v(const Args_SABD_v& a) {
    return three_same(
        b, a, [&](Value n, Value m) { return simd::absolute_difference(b, n, m, a.size, false); });
}

Step Lifter::lift_UABD_v(const Args_UABD_v& a) {
    return three_same(
        b, a, [&](Value n, Value m) { return simd::absolute_difference(b, n, m, a.size, true); });
}

Step Lifter::lift_SABA_v(const Args_SABA_v& a) {
    return three_same_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, simd::absolute_difference(b, n, m, a.size, false), a.size);
    });
}

Step Lifter::lift_UABA_v(const Args_UABA_v& a) {
    return three_same_accumulate(b, a, [&](Value d, Value n, Value m) {
        return b.vadd(d, simd::absolute_difference(b, n, m, a.size, true), a.size);
    });
}

// Add, subtract, multiply.
Step Lifter::lift_ADD_v(const Args_ADD_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vadd(n, m, a.size); });
}

Step Lifter::lift_SUB_v(const Args_SUB_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vsub(n, m, a.size); });
}

Step Lifter::lift_ADD_s(const Args_ADD_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vadd(n, m, 3); });
}

Step Lifter::lift_SUB_s(const Args_SUB_s& a) {
    return scalar_three_same(b, a, [&](Value n, Value m) { return b.vsub(n, m, 3); });
}

Step Lifter::lift_ADDP_v(const Args_ADDP_v& a) {
    return three_same_pairwise(b, a, [&](Value n, Value m) { return b.vaddp(n, m, a.size); });
}

Step Lifter::lift_MUL_v(const Args_MUL_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return b.vmul(n, m, a.size); });
}

Step Lifter::lift_MLA_v(const Args_MLA_v& a) {
    return three_same_accumulate(
        b, a, [&](Value d, Value n, Value m) { return b.vadd(d, b.vmul(n, m, a.size), a.size); });
}

Step Lifter::lift_MLS_v(const Args_MLS_v& a) {
    return three_same_accumulate(
        b, a, [&](Value d, Value n, Value m) { return b.vsub(d, b.vmul(n, m, a.size), a.size); });
}

Step Lifter::lift_PMUL_v(const Args_PMUL_v& a) {
    return three_same(b, a, [&](Value n, Value m) { return simd::polynomial_multiply(b, n, m); });
}

// Saturating.
Step Lifter::lift_SQADD_v(const Args_SQADD_v& a) {
    return three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_add(b, n, m, a.size, false); });
}

Step Lifter::lift_UQADD_v(const Args_UQADD_v& a) {
    return three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_add(b, n, m, a.size, true); });
}

Step Lifter::lift_SQADD_s(const Args_SQADD_s& a) {
    return scalar_three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_add(b, n, m, a.size, false); });
}

Step Lifter::lift_UQADD_s(const Args_UQADD_s& a) {
    return scalar_three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_add(b, n, m, a.size, true); });
}

Step Lifter::lift_SQSUB_v(const Args_SQSUB_v& a) {
    return three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_sub(b, n, m, a.size, false); });
}

Step Lifter::lift_UQSUB_v(const Args_UQSUB_v& a) {
    return three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_sub(b, n, m, a.size, true); });
}

Step Lifter::lift_SQSUB_s(const Args_SQSUB_s& a) {
    return scalar_three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_sub(b, n, m, a.size, false); });
}

Step Lifter::lift_UQSUB_s(const Args_UQSUB_s& a) {
    return scalar_three_same_saturating(
        b, a, [&](Value n, Value m) { return simd::saturating_sub(b, n, m, a.size, true); });
}

Step Lifter::lift_SQDMULH_v(const Args_SQDMULH_v& a) {
    return three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, false);
    });
}

Step Lifter::lift_SQRDMULH_v(const Args_SQRDMULH_v& a) {
    return three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, true);
    });
}

Step Lifter::lift_SQDMULH_s(const Args_SQDMULH_s& a) {
    return scalar_three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, false);
    });
}

Step Lifter::lift_SQRDMULH_s(const Args_SQRDMULH_s& a) {
    return scalar_three_same_saturating(b, a, [&](Value n, Value m) {
        return simd::doubling_multiply_high(b, n, m, a.size, true);
    });
}

}  // namespace pydbt::a64
