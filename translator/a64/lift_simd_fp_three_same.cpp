// Advanced SIMD floating point of two operands: three same, pairwise, by indexed element, across
// lanes (Arm ARM C4.1.96).
//
// Owns: their lifts, of the patterns of spec/a64/simd_fp.py. Must not know: the host, the
// encodings, FPCR.
#include "translator/a64/fp_three_same_lift.hpp"

namespace pydbt::a64 {

using namespace fp_three_same;

// Three same.
Step Lifter::lift_FADD_v(const Args_FADD_v& a) { return three_same(b, a, &Builder::vfadd); }

Step Lifter::lift_FSUB_v(const Args_FSUB_v& a) { return three_same(b, a, &Builder::vfsub); }

Step Lifter::lift_FMUL_v(const Args_FMUL_v& a) { return three_same(b, a, &Builder::vfmul); }

Step Lifter::lift_FMAX_v(const Args_FMAX_v& a) { return three_same(b, a, &Builder::vfmax); }

Step Lifter::lift_FMIN_v(const Args_FMIN_v& a) { return three_same(b, a, &Builder::vfmin); }

Step Lifter::lift_FMAXNM_v(const Args_FMAXNM_v& a) { return three_same(b, a, &Builder::vfmaxnm); }

Step Lifter::lift_FMINNM_v(const Args_FMINNM_v& a) { return three_same(b, a, &Builder::vfminnm); }

// Lanes past the operands divide by one.
Step Lifter::lift_FDIV_v(const Args_FDIV_v& a) {
    const unsigned size = fp::size_of(a);
    const Value n = fp::operand(b, a, a.rn);
    Value m = b.get_v(a.rm);
    if (!a.q) m = b.vins_lane(simd::splat(b, expand_float(kImmediateOne, size), size), m, 0, 0, 3);
    return fp::set_cut(b, a, a.rn, b.vfdiv(n, m, size));
}

Step Lifter::lift_FABD_v(const Args_FABD_v& a) { return absolute_difference(b, a); }

Step Lifter::lift_FABD_s(const Args_FABD_s& a) { return absolute_difference(b, a); }

Step Lifter::lift_FMULX_v(const Args_FMULX_v& a) { return three_same(b, a, &Builder::vfmulx); }

Step Lifter::lift_FMULX_s(const Args_FMULX_s& a) { return three_same(b, a, &Builder::vfmulx); }

Step Lifter::lift_FRECPS_v(const Args_FRECPS_v& a) { return three_same(b, a, &Builder::vfrecps); }

Step Lifter::lift_FRECPS_s(const Args_FRECPS_s& a) { return three_same(b, a, &Builder::vfrecps); }

Step Lifter::lift_FRSQRTS_v(const Args_FRSQRTS_v& a) {
    return three_same(b, a, &Builder::vfrsqrts);
}

Step Lifter::lift_FRSQRTS_s(const Args_FRSQRTS_s& a) {
    return three_same(b, a, &Builder::vfrsqrts);
}

Step Lifter::lift_FMLA_v(const Args_FMLA_v& a) {
    return multiply_add(b, a, fp::operand(b, a, a.rm), false);
}

Step Lifter::lift_FMLS_v(const Args_FMLS_v& a) {
    return multiply_add(b, a, fp::operand(b, a, a.rm), true);
}

// Compare: all ones where true.
Step Lifter::lift_FCMEQ_v(const Args_FCMEQ_v& a) { return compare(b, a, &Builder::vfcmeq); }

Step Lifter::lift_FCMEQ_s(const Args_FCMEQ_s& a) { return compare(b, a, &Builder::vfcmeq); }

Step Lifter::lift_FCMGE_v(const Args_FCMGE_v& a) { return compare(b, a, &Builder::vfcmge); }

Step Lifter::lift_FCMGE_s(const Args_FCMGE_s& a) { return compare(b, a, &Builder::vfcmge); }

Step Lifter::lift_FCMGT_v(const Args_FCMGT_v& a) { return compare(b, a, &Builder::vfcmgt); }

Step Lifter::lift_FCMGT_s(const Args_FCMGT_s& a) { return compare(b, a, &Builder::vfcmgt); }

Step Lifter::lift_FACGE_v(const Args_FACGE_v& a) {
    return compare_absolute(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FACGE_s(const Args_FACGE_s& a) {
    return compare_absolute(b, a, &Builder::vfcmge);
}

Step Lifter::lift_FACGT_v(const Args_FACGT_v& a) {
    return compare_absolute(b, a, &Builder::vfcmgt);
}

Step Lifter::lift_FACGT_s(const Args_FACGT_s& a) {
    return compare_absolute(b, a, &Builder::vfcmgt);
}

// Pairwise and across lanes.
Step Lifter::lift_FADDP_v(const Args_FADDP_v& a) { return add_pairs(b, a); }

Step Lifter::lift_FMAXP_v(const Args_FMAXP_v& a) { return pairwise(b, a, &Builder::vfmax); }

Step Lifter::lift_FMINP_v(const Args_FMINP_v& a) { return pairwise(b, a, &Builder::vfmin); }

Step Lifter::lift_FMAXNMP_v(const Args_FMAXNMP_v& a) { return pairwise(b, a, &Builder::vfmaxnm); }

Step Lifter::lift_FMINNMP_v(const Args_FMINNMP_v& a) { return pairwise(b, a, &Builder::vfminnm); }

Step Lifter::lift_FADDP_s(const Args_FADDP_s& a) { return scalar_pairwise(b, a, &Builder::fadd); }

Step Lifter::lift_FMAXP_s(const Args_FMAXP_s& a) { return scalar_pairwise(b, a, &Builder::fmax); }

Step Lifter::lift_FMINP_s(const Args_FMINP_s& a) { return scalar_pairwise(b, a, &Builder::fmin); }

Step Lifter::lift_FMAXNMP_s(const Args_FMAXNMP_s& a) {
    return scalar_pairwise(b, a, &Builder::fmaxnm);
}

Step Lifter::lift_FMINNMP_s(const Args_FMINNMP_s& a) {
    return scalar_pairwise(b, a, &Builder::fminnm);
}

Step Lifter::lift_FMAXV_v(const Args_FMAXV_v& a) {
    return across(b, a, &Builder::vfmax, &Builder::fmax);
}

Step Lifter::lift_FMINV_v(const Args_FMINV_v& a) {
    return across(b, a, &Builder::vfmin, &Builder::fmin);
}

Step Lifter::lift_FMAXNMV_v(const Args_FMAXNMV_v& a) {
    return across(b, a, &Builder::vfmaxnm, &Builder::fmaxnm);
}

Step Lifter::lift_FMINNMV_v(const Args_FMINNMV_v& a) {
    return across(b, a, &Builder::vfminnm, &Builder::fminnm);
}

// By indexed element.
Step Lifter::lift_FMUL_e(const Args_FMUL_e& a) {
    return fp::set_cut(b, a, a.rn, b.vfmul(fp::operand(b, a, a.rn), element(b, a), fp::size_of(a)));
}

Step Lifter::lift_FMUL_se(const Args_FMUL_se& a) {
    const Value f = b.fmul(scalar(b, a, a.rn), scalar_element(b, a));
    return fp::set_result(b, a, a.rn, b.f_to_v(f));
}

Step Lifter::lift_FMULX_e(const Args_FMULX_e& a) { return multiply_extended(b, a); }

Step Lifter::lift_FMULX_se(const Args_FMULX_se& a) { return multiply_extended(b, a); }

Step Lifter::lift_FMLA_e(const Args_FMLA_e& a) { return multiply_add(b, a, element(b, a), false); }

Step Lifter::lift_FMLA_se(const Args_FMLA_se& a) { return scalar_multiply_add(b, a, false); }

Step Lifter::lift_FMLS_e(const Args_FMLS_e& a) { return multiply_add(b, a, element(b, a), true); }

Step Lifter::lift_FMLS_se(const Args_FMLS_se& a) { return scalar_multiply_add(b, a, true); }

}  // namespace pydbt::a64
