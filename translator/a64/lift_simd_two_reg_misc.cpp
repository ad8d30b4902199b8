// Advanced SIMD and scalar two-register miscellaneous, across lanes, and scalar pairwise, integer
// part (DDI 0487, C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/simd_two_reg_misc.py.
// Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;
using simd::Narrowing;

// Vd = op(Vn); the 64-bit form clears the upper half.
template <typename Args, typename Op>
Step two_reg(Builder& b, const Args& a, Op op) {
    const Value result = op(b.get_v(a.rn));
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

// Vd = op(Vd, Vn).
template <typename Args, typename Op>
Step two_reg_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return two_reg(b, a, [&](Value n) { return op(d, n); });
}

// The same for operations that may set QC: lanes past the operands must not count.
template <typename Args, typename Op>
Step two_reg_saturating(Builder& b, const Args& a, Op op) {
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, op(a.q ? n : b.vlow64(n)));
    return Step::next;
}

template <typename Args, typename Op>
Step two_reg_saturating_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = b.get_v(a.rd);
    return two_reg_saturating(b, a, [&](Value n) { return op(a.q ? d : b.vlow64(d), n); });
}

// Half of Vd = op(Vn), the op narrowing: the "2" forms write the upper half and keep the lower.
template <typename Args, typename Op>
Step two_reg_narrow(Builder& b, const Args& a, Op op) {
    const Value low64 = op(b.get_v(a.rn));
    b.set_v(a.rd, a.q ? b.vins_lane(b.get_v(a.rd), low64, 1, 0, 3) : low64);
    return Step::next;
}

// Scalar forms of 64-bit elements.
template <typename Args, typename Op>
Step scalar_two_reg(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, b.vlow64(op(b.get_v(a.rn))));
    return Step::next;
}

// Scalar forms of any element size that may set QC.
template <typename Args, typename Op>
Step scalar_two_reg_saturating(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, op(simd::only_lane0(b, b.get_v(a.rn), a.size)));
    return Step::next;
}

template <typename Args, typename Op>
Step scalar_two_reg_saturating_accumulate(Builder& b, const Args& a, Op op) {
    const Value d = simd::only_lane0(b, b.get_v(a.rd), a.size);
    return scalar_two_reg_saturating(b, a, [&](Value n) { return op(d, n); });
}

// Scalar narrowing: one element of twice the size.
template <typename Args, typename Op>
Step scalar_narrow(Builder& b, const Args& a, Op op) {
    b.set_v(a.rd, op(simd::only_lane0(b, b.get_v(a.rn), a.size + 1)));
    return Step::next;
}

// Element 0 of Vd = op over all elements of Vn, which in the 64-bit form stand in the lower half:
// repeated in the upper half they change no minimum or maximum; a sum needs zeros there.
template <typename Args, typename Op>
Step across_lanes(Builder& b, const Args& a, Op op) {
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, op(a.q ? n : b.vzip1(n, n, 3)));
    return Step::next;
}

Value sum_of_bytes(Builder& b, Value v) {
    const Value halves = b.vsum8(v);
    return b.vlow64(b.vadd(halves, simd::high_half(b, halves), 3));
}

template <typename Args>
Step add_across(Builder& b, const Args& a) {
    Value n = b.get_v(a.rn);
    if (!a.q) n = b.vlow64(n);
    b.set_v(a.rd, a.size == 0 ? simd::only_lane0(b, sum_of_bytes(b, n), 0) : b.vaddv(n, a.size));
    return Step::next;
}

// SADDLV UADDLV: neighbours first, so that the sum has elements of twice the size.
template <typename Args>
Step add_long_across(Builder& b, const Args& a, bool uns) {
    Value n = b.get_v(a.rn);
    if (!a.q) n = b.vlow64(n);
    const bool bytes = uns && a.size == 0;
    b.set_v(a.rd, bytes ? sum_of_bytes(b, n)
                        : b.vaddv(simd::pairwise_long(b, n, a.size, uns), a.size + 1));
    return Step::next;
}

}  // namespace

// Reverse, count, logic.
Step Lifter::lift_REV16_v(const Args_REV16_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vrev16(n, a.size); });
}

Step Lifter::lift_REV32_v(const Args_REV32_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vrev32(n, a.size); });
}

Step Lifter::lift_REV64_v(const Args_REV64_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vrev64(n, a.size); });
}

Step Lifter::lift_CNT_v(const Args_CNT_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vcnt(n); });
}

Step Lifter::lift_NOT_v(const Args_NOT_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vnot(n); });
}

Step Lifter::lift_RBIT_v(const Args_RBIT_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vrbit(n); });
}

Step Lifter::lift_CLS_v(const Args_CLS_v& a) {
    return two_reg(b, a, [&](Value n) { return simd::count_leading_sign(b, n, a.size); });
}

Step Lifter::lift_CLZ_v(const Args_CLZ_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vclz(n, a.size); });
}

Step Lifter::lift_ABS_v(const Args_ABS_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vabs(n, a.size); });
}

Step Lifter::lift_NEG_v(const Args_NEG_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vneg(n, a.size); });
}

Step Lifter::lift_ABS_s(const Args_ABS_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vabs(n, 3); });
}

Step Lifter::lift_NEG_s(const Args_NEG_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vneg(n, 3); });
}

// Compare with zero.
Step Lifter::lift_CMGT_zero_v(const Args_CMGT_zero_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vcmgt(n, b.vzero(), a.size); });
}

Step Lifter::lift_CMGT_zero_s(const Args_CMGT_zero_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vcmgt(n, b.vzero(), 3); });
}

Step Lifter::lift_CMGE_zero_v(const Args_CMGE_zero_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vcmge(n, b.vzero(), a.size); });
}

Step Lifter::lift_CMGE_zero_s(const Args_CMGE_zero_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vcmge(n, b.vzero(), 3); });
}

Step Lifter::lift_CMEQ_zero_v(const Args_CMEQ_zero_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vcmeq(n, b.vzero(), a.size); });
}

Step Lifter::lift_CMEQ_zero_s(const Args_CMEQ_zero_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vcmeq(n, b.vzero(), 3); });
}

Step Lifter::lift_CMLE_zero_v(const Args_CMLE_zero_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vcmge(b.vzero(), n, a.size); });
}

Step Lifter::lift_CMLE_zero_s(const Args_CMLE_zero_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vcmge(b.vzero(), n, 3); });
}

Step Lifter::lift_CMLT_zero_v(const Args_CMLT_zero_v& a) {
    return two_reg(b, a, [&](Value n) { return b.vcmgt(b.vzero(), n, a.size); });
}

Step Lifter::lift_CMLT_zero_s(const Args_CMLT_zero_s& a) {
    return scalar_two_reg(b, a, [&](Value n) { return b.vcmgt(b.vzero(), n, 3); });
}

// Add long pairwise.
Step Lifter::lift_SADDLP_v(const Args_SADDLP_v& a) {
    return two_reg(b, a, [&](Value n) { return simd::pairwise_long(b, n, a.size, false); });
}

Step Lifter::lift_UADDLP_v(const Args_UADDLP_v& a) {
    return two_reg(b, a, [&](Value n) { return simd::pairwise_long(b, n, a.size, true); });
}

Step Lifter::lift_SADALP_v(const Args_SADALP_v& a) {
    return two_reg_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, simd::pairwise_long(b, n, a.size, false), a.size + 1);
    });
}

Step Lifter::lift_UADALP_v(const Args_UADALP_v& a) {
    return two_reg_accumulate(b, a, [&](Value d, Value n) {
        return b.vadd(d, simd::pairwise_long(b, n, a.size, true), a.size + 1);
    });
}

// Saturating.
Step Lifter::lift_SQABS_v(const Args_SQABS_v& a) {
    return two_reg_saturating(b, a,
                              [&](Value n) { return simd::saturating_abs(b, n, a.size, false); });
}

Step Lifter::lift_SQNEG_v(const Args_SQNEG_v& a) {
    return two_reg_saturating(b, a,
                              [&](Value n) { return simd::saturating_abs(b, n, a.size, true); });
}

Step Lifter::lift_SQABS_s(const Args_SQABS_s& a) {
    return scalar_two_reg_saturating(
        b, a, [&](Value n) { return simd::saturating_abs(b, n, a.size, false); });
}

Step Lifter::lift_SQNEG_s(const Args_SQNEG_s& a) {
    return scalar_two_reg_saturating(
        b, a, [&](Value n) { return simd::saturating_abs(b, n, a.size, true); });
}

Step Lifter::lift_SUQADD_v(const Args_SUQADD_v& a) {
    return two_reg_saturating_accumulate(b, a, [&](Value d, Value n) {
        return simd::saturating_accumulate(b, d, n, a.size, false);
    });
}

Step Lifter::lift_USQADD_v(const Args_USQADD_v& a) {
    return two_reg_saturating_accumulate(
        b, a, [&](Value d, Value n) { return simd::saturating_accumulate(b, d, n, a.size, true); });
}

Step Lifter::lift_SUQADD_s(const Args_SUQADD_s& a) {
    return scalar_two_reg_saturating_accumulate(b, a, [&](Value d, Value n) {
        return simd::saturating_accumulate(b, d, n, a.size, false);
    });
}

Step Lifter::lift_USQADD_s(const Args_USQADD_s& a) {
    return scalar_two_reg_saturating_accumulate(
        b, a, [&](Value d, Value n) { return simd::saturating_accumulate(b, d, n, a.size, true); });
}

// Narrow and widen.
Step Lifter::lift_XTN_v(const Args_XTN_v& a) {
    return two_reg_narrow(b, a, [&](Value n) { return b.vxtn(n, a.size); });
}

Step Lifter::lift_SQXTN_v(const Args_SQXTN_v& a) {
    return two_reg_narrow(b, a, [&](Value n) {
        return simd::saturating_narrow(b, n, 0, a.size, Narrowing::signed_, false);
    });
}

Step Lifter::lift_SQXTN_s(const Args_SQXTN_s& a) {
    return scalar_narrow(b, a, [&](Value n) {
        return simd::saturating_narrow(b, n, 0, a.size, Narrowing::signed_, false);
    });
}

Step Lifter::lift_UQXTN_v(const Args_UQXTN_v& a) {
    return two_reg_narrow(b, a, [&](Value n) {
        return simd::saturating_narrow(b, n, 0, a.size, Narrowing::unsigned_, false);
    });
}

Step Lifter::lift_UQXTN_s(const Args_UQXTN_s& a) {
    return scalar_narrow(b, a, [&](Value n) {
        return simd::saturating_narrow(b, n, 0, a.size, Narrowing::unsigned_, false);
    });
}

Step Lifter::lift_SQXTUN_v(const Args_SQXTUN_v& a) {
    return two_reg_narrow(b, a, [&](Value n) {
        return simd::saturating_narrow(b, n, 0, a.size, Narrowing::signed_to_unsigned, false);
    });
}

Step Lifter::lift_SQXTUN_s(const Args_SQXTUN_s& a) {
    return scalar_narrow(b, a, [&](Value n) {
        return simd::saturating_narrow(b, n, 0, a.size, Narrowing::signed_to_unsigned, false);
    });
}

Step Lifter::lift_SHLL_v(const Args_SHLL_v& a) {
    const Value n = b.get_v(a.rn);
    const Value wide = simd::widen(b, a.q ? simd::high_half(b, n) : n, a.size, true);
    b.set_v(a.rd, b.vshl(wide, simd::element_bits(a.size), a.size + 1));
    return Step::next;
}

// Estimates.
Step Lifter::lift_URECPE_v(const Args_URECPE_v& a) {
    return two_reg(b, a, [&](Value n) { return simd::unsigned_estimate(b, n, false); });
}

Step Lifter::lift_URSQRTE_v(const Args_URSQRTE_v& a) {
    return two_reg(b, a, [&](Value n) { return simd::unsigned_estimate(b, n, true); });
}

// Across lanes.
Step Lifter::lift_SMAXV_v(const Args_SMAXV_v& a) {
    return across_lanes(b, a, [&](Value n) { return b.vsmaxv(n, a.size); });
}

Step Lifter::lift_UMAXV_v(const Args_UMAXV_v& a) {
    return across_lanes(b, a, [&](Value n) { return b.vumaxv(n, a.size); });
}

Step Lifter::lift_SMINV_v(const Args_SMINV_v& a) {
    return across_lanes(b, a, [&](Value n) { return b.vsminv(n, a.size); });
}

Step Lifter::lift_UMINV_v(const Args_UMINV_v& a) {
    return across_lanes(b, a, [&](Value n) { return b.vuminv(n, a.size); });
}

Step Lifter::lift_ADDV_v(const Args_ADDV_v& a) { return add_across(b, a); }

Step Lifter::lift_SADDLV_v(const Args_SADDLV_v& a) { return add_long_across(b, a, false); }

Step Lifter::lift_UADDLV_v(const Args_UADDLV_v& a) { return add_long_across(b, a, true); }

Step Lifter::lift_ADDP_s(const Args_ADDP_s& a) {
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, b.vlow64(b.vaddp(n, n, 3)));
    return Step::next;
}

}  // namespace pydbt::a64
