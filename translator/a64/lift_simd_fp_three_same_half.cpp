// Advanced SIMD floating point of two operands, of halves, FEAT_FP16: three same, pairwise, by
// indexed element, across lanes (Arm ARM C4.1.96).
//
// Owns: lifts of their patterns of spec/a64/simd_fp.py, with _h behind their names. Must not know:
// the host, the encodings, FPCR.
#include "translator/a64/fp_three_same_lift.hpp"

namespace pydbt::a64 {

using namespace fp_three_same;

// Three same.
Step Lifter::lift_FADD_v_h(const Args_FADD_v_h& a) { return three_same(b, a, &Builder::vfadd); }

Step Lifter::lift_FSUB_v_h(const Args_FSUB_v_h& a) { return three_same(b, a, &Builder::vfsub); }

Step Lifter::lift_FMUL_v_h(const Args_FMUL_v_h& a) { return three_same(b, a, &Builder::vfmul); }

Step Lifter::lift_FMAX_v_h(const Args_FMAX_v_h& a) { return three_same(b, a, &Builder::vfmax); }

Step Lifter::lift_FMIN_v_h(const Args_FMIN_v_h& a) { return three_same(b, a, &Builder::vfmin); }

Step Lifter::lift_FMAXNM_v_h(const Args_FMAXNM_v_h& a) {
    return three_same(b, a, &Builder::vfmaxnm);
}

Step Lifter::lift_FMINNM_v_h(const Args_FMINNM_v_h& a) {
    return three_same(b, a, &Builder::vfminnm);
}

// Lanes past the operands divide by one.
Step Lifter::lift_FDIV_v_h(const Args_FDIV_v_h& a) {
    const unsigned size = fp::size_of(a);
    const Value n = fp::operand(b, a, a.rn);
    Value m = b.get_v(a.rm);
    if (!a.q) m = b.vins_lane(simd::splat(b, expand_float(kImmediateOne, size), size), m, 0, 0, 3);
    return fp::set_cut(b, a, a.rn, b.vfdiv(n, m, size));
}

Step Lifter::lift_FABD_v_h(const Args_FABD_v_h& a) { return absolute_difference(b, a); }

Step Lifter::lift_FABD_s_h(const Args_FABD_s_h& a) { return absolute_difference(b, a); }

Step Lifter::lift_FMULX_v_h(const Args_FMULX_v_h& a) { return three_same(b, a, &Builder::vfmulx); }

Step Lifter::lift_FMULX_s_h(const Args_FMULX_s_h& a) { return three_same(b, a, &Builder::vfmulx); }

Step Lifter::lift_FRECPS_v_h(const Args_FRECPS_v_h& a) {
    return three_same(b, a, &Builder::vfrecps);
}

Step Lifter::lift_FRECPS_s_h(const Args_FRECPS_s_h& a) {
    return three_same(b, a, &Builder::vfrecps);
}

Step Lifter::lift_FRSQRTS_v_h(const Args_FRSQRTS_v_h& a) {
    return three_same(b, a, &Builder::vfrsqrts);
}

Step Lifter::lift_FRSQRTS_s_h(const Args_FRSQRTS_s_h& a) {
    return three_same(b, a, &Builder::vfrsqrts);
}

Step Lifter::lift_FMLA_v_h(const Args_FMLA_v_h& a) {
    return multiply_add(b, a, fp::operand(b, a, a.rm), false);
}

Step Lifter::lift_FMLS_v_h(const Args_FMLS_v_h& a) {
    return multiply_add(b, a, fp::operand(b, a, a.rm), true);
}

// Compare: all ones where true.
Step Lifter::lift_FCMEQ_v_h(const Args_FCMEQ_v_h& a) { return compare(b, a, &Builder::vfcmeq); }

Step Lifter::lift_FCMEQ_s_h(const Args_FCMEQ_s_h& a) { return compare(b, a, &Builder::vfcmeq); }

Step Lifter::lift_FCMGE_v_h(const Args_FCMGE_v_h& a) { return compare(b, a, &Builder::vfcmge); }

Step Lifter::lift_FCMGE_s_h(const Args_FCMGE_s_h& a) { return compare(b, a, &Builder::vfcmge); }

Step Lifter::lift_FCMGT_v_h(const Args_FCMGT_v_h& a) { return compare(b, a, &Builder::vfcmgt); }

Step Lifter::lift_FCMGT_s_h(const Args_FCMGT_s_h& a) { return compare(b, a, &Builder::vfcmgt); }

Step Lifter::lift_FACGE_v_h(const Args_FACGE_v_h& a) {
    return compare_absolute(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FACGE_s_h(const Args_FACGE_s_h& a) {
    return compare_absolute(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FACGT_v_h(const Args_FACGT_v_h& a) {
    return compare_absolute(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FACGT_s_h(const Args_FACGT_s_h& a) {
    return compare_absolute(b, a, &Builder::vfcmgt);
}

// Pairwise and across lanes.
Step Lifter::lift_FADDP_v_h(const Args_FADDP_v_h& a) { return add_pairs(b, a); }

Step Lifter::lift_FMAXP_v_h(const Args_FMAXP_v_h& a) { return pairwise(b, a, &Builder::vfmax); }

Step Lifter::lift_FMINP_v_h(const Args_FMINP_v_h& a) { return pairwise(b, a, &Builder::vfmin); }

Step Lifter::lift_FMAXNMP_v_h(const Args_FMAXNMP_v_h& a) {
    return pairwise(b, a, &Builder::vfmaxnm);
}

Step Lifter::lift_FMINNMP_v_h(const Args_FMINNMP_v_h& a) {
    return pairwise(b, a, &Builder::vfminnm);
}

Step Lifter::lift_FADDP_s_h(const Args_FADDP_s_h& a) {
    return scalar_pairwise(b, a, &Builder::fadd);
}

Step Lifter::lift_FMAXP_s_h(const Args_FMAXP_s_h& a) {
    return scalar_pairwise(b, a, &Builder::fmax);
}

Step Lifter::lift_FMINP_s_h(const Args_FMINP_s_h& a) {
    return scalar_pairwise(b, a, &Builder::fmin);
}

Step Lifter::lift_FMAXNMP_s_h(const Args_FMAXNMP_s_h& a) {
    return scalar_pairwise(b, a, &Builder::fmaxnm);
}

Step Lifter::lift_FMINNMP_s_h(const Args_FMINNMP_s_h& a) {
    return scalar_pairwise(b, a, &Builder::fminnm);
}

Step Lifter::lift_FMAXV_v_h(const Args_FMAXV_v_h& a) {
    return across(b, a, &Builder::vfmax, &Builder::fmax);
}

Step Lifter::lift_FMINV_v_h(const Args_FMINV_v_h& a) {
    return across(b, a, &Builder::vfmin, &Builder::fmin);
}

Step Lifter::lift_FMAXNMV_v_h(const Args_FMAXNMV_v_h& a) {
    return across(b, a, &Builder::vfmaxnm, &Builder::fmaxnm);
}

Step Lifter::lift_FMINNMV_v_h(const Args_FMINNMV_v_h& a) {
    return across(b, a, &Builder::vfminnm, &Builder::fminnm);
}

// By indexed element.
Step Lifter::lift_FMUL_e_h(const Args_FMUL_e_h& a) {
    return fp::set_cut(b, a, a.rn, b.vfmul(fp::operand(b, a, a.rn), element(b, a), fp::size_of(a)));
}

Step Lifter::lift_FMUL_se_h(const Args_FMUL_se_h& a) {
    const Value f = b.fmul(scalar(b, a, a.rn), scalar_element(b, a));
    return fp::set_result(b, a, a.rn, b.f_to_v(f));
}

Step Lifter::lift_FMULX_e_h(const Args_FMULX_e_h& a) { return multiply_extended(b, a); }

Step Lifter::lift_FMULX_se_h(const Args_FMULX_se_h& a) { return multiply_extended(b, a); }

Step Lifter::lift_FMLA_e_h(const Args_FMLA_e_h& a) {
    return multiply_add(b, a, element(b, a), false);
}

Step Lifter::lift_FMLA_se_h(const Args_FMLA_se_h& a) { return scalar_multiply_add(b, a, false); }

Step Lifter::lift_FMLS_e_h(const Args_FMLS_e_h& a) {
    return multiply_add(b, a, element(b, a), true);
}

Step Lifter::lift_FMLS_se_h(const Args_FMLS_se_h& a) { return scalar_multiply_add(b, a, true); }

}  // namespace pydbt::a64
