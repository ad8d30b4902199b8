// Advanced SIMD floating point of one operand: two-register miscellaneous and conversions from and
// to integers and fixed-point numbers (Arm ARM C4.1.96).
//
// Owns: their lifts, of the patterns of spec/a64/simd_fp.py. Must not know: the host, the
// encodings, FPCR.
#include "translator/a64/fp_two_reg_misc_lift.hpp"

namespace pydbt::a64 {

using namespace fp_two_reg_misc;

Step Lifter::lift_FABS_v(const Args_FABS_v& a) { return absolute(b, a); }

Step Lifter::lift_FNEG_v(const Args_FNEG_v& a) { return negate(b, a); }

Step Lifter::lift_FSQRT_v(const Args_FSQRT_v& a) { return unary(b, a, &Builder::vfsqrt); }

// Estimates.
Step Lifter::lift_FRECPE_v(const Args_FRECPE_v& a) {
    return estimate(*this, a, &Builder::vfrecpe, HelperId::simd_fp_recip_estimate_fine);
}

Step Lifter::lift_FRECPE_s(const Args_FRECPE_s& a) {
    return estimate(*this, a, &Builder::vfrecpe, HelperId::simd_fp_recip_estimate_fine);
}

Step Lifter::lift_FRSQRTE_v(const Args_FRSQRTE_v& a) {
    return estimate(*this, a, &Builder::vfrsqrte, HelperId::simd_fp_rsqrt_estimate_fine);
}

Step Lifter::lift_FRSQRTE_s(const Args_FRSQRTE_s& a) {
    return estimate(*this, a, &Builder::vfrsqrte, HelperId::simd_fp_rsqrt_estimate_fine);
}

Step Lifter::lift_FRECPX_s(const Args_FRECPX_s& a) {
    return unary_call(b, a, HelperId::simd_fp_recip_exponent);
}

// Compare with zero: all ones where true.
Step Lifter::lift_FCMEQ_zero_v(const Args_FCMEQ_zero_v& a) {
    return compare_zero(b, a, &Builder::vfcmeq);
}

Step Lifter::lift_FCMEQ_zero_s(const Args_FCMEQ_zero_s& a) {
    return compare_zero(b, a, &Builder::vfcmeq);
}

Step Lifter::lift_FCMGE_zero_v(const Args_FCMGE_zero_v& a) {
    return compare_zero(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMGE_zero_s(const Args_FCMGE_zero_s& a) {
    return compare_zero(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMGT_zero_v(const Args_FCMGT_zero_v& a) {
    return compare_zero(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FCMGT_zero_s(const Args_FCMGT_zero_s& a) {
    return compare_zero(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FCMLE_zero_v(const Args_FCMLE_zero_v& a) {
    return compare_zero_with(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMLE_zero_s(const Args_FCMLE_zero_s& a) {
    return compare_zero_with(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FCMLT_zero_v(const Args_FCMLT_zero_v& a) {
    return compare_zero_with(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FCMLT_zero_s(const Args_FCMLT_zero_s& a) {
    return compare_zero_with(b, a, &Builder::vfcmgt);
}

// Rounding to an integral number.
Step Lifter::lift_FRINTN_v(const Args_FRINTN_v& a) { return round(b, a, fp::kEven); }

Step Lifter::lift_FRINTP_v(const Args_FRINTP_v& a) { return round(b, a, fp::kUp); }

Step Lifter::lift_FRINTM_v(const Args_FRINTM_v& a) { return round(b, a, fp::kDown); }

Step Lifter::lift_FRINTZ_v(const Args_FRINTZ_v& a) { return round(b, a, fp::kZero); }

Step Lifter::lift_FRINTA_v(const Args_FRINTA_v& a) { return round(b, a, fp::kAway); }

Step Lifter::lift_FRINTX_v(const Args_FRINTX_v& a) { return round(b, a, fp::kFpcr, true); }

Step Lifter::lift_FRINTI_v(const Args_FRINTI_v& a) { return round(b, a, fp::kFpcr); }

// Rounding to an integral number that an integer has (FEAT_FRINTTS).
Step Lifter::lift_FRINT32Z_v(const Args_FRINT32Z_v& a) { return round_n(b, a, fp::kZero, false); }

Step Lifter::lift_FRINT32X_v(const Args_FRINT32X_v& a) { return round_n(b, a, fp::kFpcr, false); }

Step Lifter::lift_FRINT64Z_v(const Args_FRINT64Z_v& a) { return round_n(b, a, fp::kZero, true); }

Step Lifter::lift_FRINT64X_v(const Args_FRINT64X_v& a) { return round_n(b, a, fp::kFpcr, true); }

// Integers and fixed-point numbers.
Step Lifter::lift_FCVTNS_v(const Args_FCVTNS_v& a) { return to_fixed(b, a, false, fp::kEven); }

Step Lifter::lift_FCVTNS_s(const Args_FCVTNS_s& a) { return to_fixed(b, a, false, fp::kEven); }

Step Lifter::lift_FCVTNU_v(const Args_FCVTNU_v& a) { return to_fixed(b, a, true, fp::kEven); }

Step Lifter::lift_FCVTNU_s(const Args_FCVTNU_s& a) { return to_fixed(b, a, true, fp::kEven); }

Step Lifter::lift_FCVTPS_v(const Args_FCVTPS_v& a) { return to_fixed(b, a, false, fp::kUp); }

Step Lifter::lift_FCVTPS_s(const Args_FCVTPS_s& a) { return to_fixed(b, a, false, fp::kUp); }

Step Lifter::lift_FCVTPU_v(const Args_FCVTPU_v& a) { return to_fixed(b, a, true, fp::kUp); }

Step Lifter::lift_FCVTPU_s(const Args_FCVTPU_s& a) { return to_fixed(b, a, true, fp::kUp); }

Step Lifter::lift_FCVTMS_v(const Args_FCVTMS_v& a) { return to_fixed(b, a, false, fp::kDown); }

Step Lifter::lift_FCVTMS_s(const Args_FCVTMS_s& a) { return to_fixed(b, a, false, fp::kDown); }

Step Lifter::lift_FCVTMU_v(const Args_FCVTMU_v& a) { return to_fixed(b, a, true, fp::kDown); }

Step Lifter::lift_FCVTMU_s(const Args_FCVTMU_s& a) { return to_fixed(b, a, true, fp::kDown); }

Step Lifter::lift_FCVTZS_v(const Args_FCVTZS_v& a) { return to_fixed(b, a, false, fp::kZero); }

Step Lifter::lift_FCVTZS_s(const Args_FCVTZS_s& a) { return to_fixed(b, a, false, fp::kZero); }

Step Lifter::lift_FCVTZU_v(const Args_FCVTZU_v& a) { return to_fixed(b, a, true, fp::kZero); }

Step Lifter::lift_FCVTZU_s(const Args_FCVTZU_s& a) { return to_fixed(b, a, true, fp::kZero); }

Step Lifter::lift_FCVTAS_v(const Args_FCVTAS_v& a) { return to_fixed(b, a, false, fp::kAway); }

Step Lifter::lift_FCVTAS_s(const Args_FCVTAS_s& a) { return to_fixed(b, a, false, fp::kAway); }

Step Lifter::lift_FCVTAU_v(const Args_FCVTAU_v& a) { return to_fixed(b, a, true, fp::kAway); }

Step Lifter::lift_FCVTAU_s(const Args_FCVTAU_s& a) { return to_fixed(b, a, true, fp::kAway); }

Step Lifter::lift_FCVTZS_fixed_v(const Args_FCVTZS_fixed_v& a) {
    return to_fixed(b, a, false, fp::kZero);
}

Step Lifter::lift_FCVTZS_fixed_s(const Args_FCVTZS_fixed_s& a) {
    return to_fixed(b, a, false, fp::kZero);
}

Step Lifter::lift_FCVTZU_fixed_v(const Args_FCVTZU_fixed_v& a) {
    return to_fixed(b, a, true, fp::kZero);
}

Step Lifter::lift_FCVTZU_fixed_s(const Args_FCVTZU_fixed_s& a) {
    return to_fixed(b, a, true, fp::kZero);
}

Step Lifter::lift_SCVTF_v(const Args_SCVTF_v& a) { return from_fixed(b, a, false); }

Step Lifter::lift_SCVTF_s(const Args_SCVTF_s& a) { return from_fixed(b, a, false); }

Step Lifter::lift_SCVTF_fixed_v(const Args_SCVTF_fixed_v& a) { return from_fixed(b, a, false); }

Step Lifter::lift_SCVTF_fixed_s(const Args_SCVTF_fixed_s& a) { return from_fixed(b, a, false); }

Step Lifter::lift_UCVTF_v(const Args_UCVTF_v& a) { return from_fixed(b, a, true); }

Step Lifter::lift_UCVTF_s(const Args_UCVTF_s& a) { return from_fixed(b, a, true); }

Step Lifter::lift_UCVTF_fixed_v(const Args_UCVTF_fixed_v& a) { return from_fixed(b, a, true); }

Step Lifter::lift_UCVTF_fixed_s(const Args_UCVTF_fixed_s& a) { return from_fixed(b, a, true); }

// Formats. `sz` is 0 between half and single, 1 between single and double.
Step Lifter::lift_FCVTN_v(const Args_FCVTN_v& a) {
    return set_half(b, a, b.vfcvtn(b.get_v(a.rn), a.sz ? 2 : 1));
}

Step Lifter::lift_FCVTL_v(const Args_FCVTL_v& a) {
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, b.vfcvtl(a.q ? b.vext(n, n, 8) : n, a.sz ? 2 : 1));
    return Step::next;
}

Step Lifter::lift_FCVTXN_v(const Args_FCVTXN_v& a) {
    return set_half(b, a, narrow_to_odd(b, b.get_v(a.rn), 2));
}

Step Lifter::lift_FCVTXN_s(const Args_FCVTXN_s& a) {
    return fp::set_scalar(b, a.rd, a.rd, 2, narrow_to_odd(b, b.get_v(a.rn), 1));
}

}  // namespace pydbt::a64
