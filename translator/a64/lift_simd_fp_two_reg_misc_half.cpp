// Advanced SIMD floating point of one operand, of halves, FEAT_FP16: two-register miscellaneous and
// conversions from and to integers and fixed-point numbers (Arm ARM C4.1.96).
//
// Owns: lifts of their patterns of spec/a64/simd_fp.py, with _h behind their names. Must not know:
// the host, the encodings, FPCR.
#include "translator/a64/fp_two_reg_misc_lift.hpp"

namespace pydbt::a64 {

using namespace fp_two_reg_misc;

Step Lifter::lift_FABS_v_h(const Args_FABS_v_h& a) { return absolute(b, a); }

Step Lifter::lift_FNEG_v_h(const Args_FNEG_v_h& a) { return negate(b, a); }

Step Lifter::lift_FSQRT_v_h(const Args_FSQRT_v_h& a) { return unary(b, a, &Builder::vfsqrt); }

// Estimates.
Step Lifter::lift_FRECPE_v_h(const Args_FRECPE_v_h& a) {
    return estimate(*this, a, &Builder::vfrecpe, HelperId::simd_fp_recip_estimate_fine);
}

Step Lifter::lift_FRECPE_s_h(const Args_FRECPE_s_h& a) {
    return estimate(*this, a, &Builder::vfrecpe, HelperId::simd_fp_recip_estimate_fine);
}

Step Lifter::lift_FRSQRTE_v_h(const Args_FRSQRTE_v_h& a) {
    return estimate(*this, a, &Builder::vfrsqrte, HelperId::simd_fp_rsqrt_estimate_fine);
}

Step Lifter::lift_FRSQRTE_s_h(const Args_FRSQRTE_s_h& a) {
    return estimate(*this, a, &Builder::vfrsqrte, HelperId::simd_fp_rsqrt_estimate_fine);
}

Step Lifter::lift_FRECPX_s_h(const Args_FRECPX_s_h& a) {
    return unary_call(b, a, HelperId::simd_fp_recip_exponent);
}

// Compare with zero: all ones where true.
Step Lifter::lift_FCMEQ_zero_v_h(const Args_FCMEQ_zero_v_h& a) {
    return compare_zero(b, a, &Builder::vfcmeq);
}

Step Lifter::lift_FCMEQ_zero_s_h(const Args_FCMEQ_zero_s_h& a) {
    return compare_zero(b, a, &Builder::vfcmeq);
}

Step Lifter::lift_FCMGE_zero_v_h(const Args_FCMGE_zero_v_h& a) {
    return compare_zero(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMGE_zero_s_h(const Args_FCMGE_zero_s_h& a) {
    return compare_zero(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMGT_zero_v_h(const Args_FCMGT_zero_v_h& a) {
    return compare_zero(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FCMGT_zero_s_h(const Args_FCMGT_zero_s_h& a) {
    return compare_zero(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FCMLE_zero_v_h(const Args_FCMLE_zero_v_h& a) {
    return compare_zero_with(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMLE_zero_s_h(const Args_FCMLE_zero_s_h& a) {
    return compare_zero_with(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMLT_zero_v_h(const Args_FCMLT_zero_v_h& a) {
    return compare_zero_with(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FCMLT_zero_s_h(const Args_FCMLT_zero_s_h& a) {
    return compare_zero_with(b, a, &Builder::vfcmgt);
}

// Rounding to an integral number.
Step Lifter::lift_FRINTN_v_h(const Args_FRINTN_v_h& a) { return round(b, a, fp::kEven); }

Step Lifter::lift_FRINTP_v_h(const Args_FRINTP_v_h& a) { return round(b, a, fp::kUp); }

Step Lifter::lift_FRINTM_v_h(const Args_FRINTM_v_h& a) { return round(b, a, fp::kDown); }

Step Lifter::lift_FRINTZ_v_h(const Args_FRINTZ_v_h& a) { return round(b, a, fp::kZero); }

Step Lifter::lift_FRINTA_v_h(const Args_FRINTA_v_h& a) { return round(b, a, fp::kAway); }

Step Lifter::lift_FRINTX_v_h(const Args_FRINTX_v_h& a) { return round(b, a, fp::kFpcr, true); }

Step Lifter::lift_FRINTI_v_h(const Args_FRINTI_v_h& a) { return round(b, a, fp::kFpcr); }

// Integers and fixed-point numbers.
Step Lifter::lift_FCVTNS_v_h(const Args_FCVTNS_v_h& a) { return to_fixed(b, a, false, fp::kEven); }

Step Lifter::lift_FCVTNS_s_h(const Args_FCVTNS_s_h& a) { return to_fixed(b, a, false, fp::kEven); }

Step Lifter::lift_FCVTNU_v_h(const Args_FCVTNU_v_h& a) { return to_fixed(b, a, true, fp::kEven); }

Step Lifter::lift_FCVTNU_s_h(const Args_FCVTNU_s_h& a) { return to_fixed(b, a, true, fp::kEven); }

Step Lifter::lift_FCVTPS_v_h(const Args_FCVTPS_v_h& a) { return to_fixed(b, a, false, fp::kUp); }

Step Lifter::lift_FCVTPS_s_h(const Args_FCVTPS_s_h& a) { return to_fixed(b, a, false, fp::kUp); }

Step Lifter::lift_FCVTPU_v_h(const Args_FCVTPU_v_h& a) { return to_fixed(b, a, true, fp::kUp); }

Step Lifter::lift_FCVTPU_s_h(const Args_FCVTPU_s_h& a) { return to_fixed(b, a, true, fp::kUp); }

Step Lifter::lift_FCVTMS_v_h(const Args_FCVTMS_v_h& a) { return to_fixed(b, a, false, fp::kDown); }

Step Lifter::lift_FCVTMS_s_h(const Args_FCVTMS_s_h& a) { return to_fixed(b, a, false, fp::kDown); }

Step Lifter::lift_FCVTMU_v_h(const Args_FCVTMU_v_h& a) { return to_fixed(b, a, true, fp::kDown); }

Step Lifter::lift_FCVTMU_s_h(const Args_FCVTMU_s_h& a) { return to_fixed(b, a, true, fp::kDown); }

Step Lifter::lift_FCVTZS_v_h(const Args_FCVTZS_v_h& a) { return to_fixed(b, a, false, fp::kZero); }

Step Lifter::lift_FCVTZS_s_h(const Args_FCVTZS_s_h& a) { return to_fixed(b, a, false, fp::kZero); }

Step Lifter::lift_FCVTZU_v_h(const Args_FCVTZU_v_h& a) { return to_fixed(b, a, true, fp::kZero); }

Step Lifter::lift_FCVTZU_s_h(const Args_FCVTZU_s_h& a) { return to_fixed(b, a, true, fp::kZero); }

Step Lifter::lift_FCVTAS_v_h(const Args_FCVTAS_v_h& a) { return to_fixed(b, a, false, fp::kAway); }

Step Lifter::lift_FCVTAS_s_h(const Args_FCVTAS_s_h& a) { return to_fixed(b, a, false, fp::kAway); }

Step Lifter::lift_FCVTAU_v_h(const Args_FCVTAU_v_h& a) { return to_fixed(b, a, true, fp::kAway); }

Step Lifter::lift_FCVTAU_s_h(const Args_FCVTAU_s_h& a) { return to_fixed(b, a, true, fp::kAway); }

Step Lifter::lift_FCVTZS_fixed_v_h(const Args_FCVTZS_fixed_v_h& a) {
    return to_fixed(b, a, false, fp::kZero);
}

Step Lifter::lift_FCVTZS_fixed_s_h(const Args_FCVTZS_fixed_s_h& a) {
    return to_fixed(b, a, false, fp::kZero);
}

Step Lifter::lift_FCVTZU_fixed_v_h(const Args_FCVTZU_fixed_v_h& a) {
    return to_fixed(b, a, true, fp::kZero);
}

Step Lifter::lift_FCVTZU_fixed_s_h(const Args_FCVTZU_fixed_s_h& a) {
    return to_fixed(b, a, true, fp::kZero);
}

Step Lifter::lift_SCVTF_v_h(const Args_SCVTF_v_h& a) { return from_fixed(b, a, false); }

Step Lifter::lift_SCVTF_s_h(const Args_SCVTF_s_h& a) { return from_fixed(b, a, false); }

Step Lifter::lift_SCVTF_fixed_v_h(const Args_SCVTF_fixed_v_h& a) { return from_fixed(b, a, false); }

Step Lifter::lift_SCVTF_fixed_s_h(const Args_SCVTF_fixed_s_h& a) { return from_fixed(b, a, false); }

Step Lifter::lift_UCVTF_v_h(const Args_UCVTF_v_h& a) { return from_fixed(b, a, true); }

Step Lifter::lift_UCVTF_s_h(const Args_UCVTF_s_h& a) { return from_fixed(b, a, true); }

Step Lifter::lift_UCVTF_fixed_v_h(const Args_UCVTF_fixed_v_h& a) { return from_fixed(b, a, true); }

Step Lifter::lift_UCVTF_fixed_s_h(const Args_UCVTF_fixed_s_h& a) { return from_fixed(b, a, true); }

}  // namespace pydbt::a64
