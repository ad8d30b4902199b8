// Scalar floating point of halves, FEAT_FP16 (Arm ARM C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/fp_scalar.py with _h behind their names. Must not know:
// the host, the encodings, FPCR.
#include "translator/a64/fp_scalar_lift.hpp"

namespace pydbt::a64 {

using namespace fp_scalar;

// Moves.

Step Lifter::lift_FMOV_reg_h(const Args_FMOV_reg_h& a) { return write(b, a.rd, read(b, a, a.rn)); }

Step Lifter::lift_FMOV_imm_h(const Args_FMOV_imm_h& a) {
    return write(b, a.rd, fp::constant(b, expand_float(a.imm, size_of(a)), size_of(a)));
}

Step Lifter::lift_FMOV_to_general_h(const Args_FMOV_to_general_h& a) {
    set_x(a.rd, b.vget_u(b.get_v(a.rn), 0, 1));
    return Step::next;
}

Step Lifter::lift_FMOV_from_general_h(const Args_FMOV_from_general_h& a) {
    b.set_v(a.rd, b.vset_lane(b.vzero(), r(false, a.rn), 0, 1));
    return Step::next;
}

Step Lifter::lift_FCSEL_h(const Args_FCSEL_h& a) {
    const auto cc = static_cast<Cond>(a.cond);
    return write(b, a.rd, b.select(b.get_flags(), read(b, a, a.rn), read(b, a, a.rm), cc));
}

// Compare.
Step Lifter::lift_FCMP_h(const Args_FCMP_h& a) { return compare_registers(b, a, false); }

Step Lifter::lift_FCMP_zero_h(const Args_FCMP_zero_h& a) { return compare_zero(b, a, false); }

Step Lifter::lift_FCMPE_h(const Args_FCMPE_h& a) { return compare_registers(b, a, true); }

Step Lifter::lift_FCMPE_zero_h(const Args_FCMPE_zero_h& a) { return compare_zero(b, a, true); }

Step Lifter::lift_FCCMP_h(const Args_FCCMP_h& a) { return compare_conditionally(b, a, false); }

Step Lifter::lift_FCCMPE_h(const Args_FCCMPE_h& a) { return compare_conditionally(b, a, true); }

// Arithmetic.
Step Lifter::lift_FABS_h(const Args_FABS_h& a) {
    return merge(b, a, a.rd, fp::absolute(b, read(b, a, a.rn), size_of(a)));
}

Step Lifter::lift_FNEG_h(const Args_FNEG_h& a) {
    return merge(b, a, a.rd, fp::negate(b, read(b, a, a.rn), size_of(a)));
}

Step Lifter::lift_FSQRT_h(const Args_FSQRT_h& a) { return unary(b, a, &Builder::fsqrt); }

Step Lifter::lift_FADD_h(const Args_FADD_h& a) { return binary(b, a, &Builder::fadd); }

Step Lifter::lift_FSUB_h(const Args_FSUB_h& a) { return binary(b, a, &Builder::fsub); }

Step Lifter::lift_FMUL_h(const Args_FMUL_h& a) { return binary(b, a, &Builder::fmul); }

Step Lifter::lift_FDIV_h(const Args_FDIV_h& a) { return binary(b, a, &Builder::fdiv); }

Step Lifter::lift_FMAX_h(const Args_FMAX_h& a) { return binary(b, a, &Builder::fmax); }

Step Lifter::lift_FMIN_h(const Args_FMIN_h& a) { return binary(b, a, &Builder::fmin); }

Step Lifter::lift_FMAXNM_h(const Args_FMAXNM_h& a) { return binary(b, a, &Builder::fmaxnm); }

Step Lifter::lift_FMINNM_h(const Args_FMINNM_h& a) { return binary(b, a, &Builder::fminnm); }

Step Lifter::lift_FNMUL_h(const Args_FNMUL_h& a) {
    const Value product = b.fmul(read(b, a, a.rn), read(b, a, a.rm));
    return merge(b, a, a.rn, fp::negate(b, product, size_of(a)));
}

Step Lifter::lift_FMADD_h(const Args_FMADD_h& a) { return multiply_add(b, a, false, false); }

Step Lifter::lift_FMSUB_h(const Args_FMSUB_h& a) { return multiply_add(b, a, true, false); }

Step Lifter::lift_FNMADD_h(const Args_FNMADD_h& a) { return multiply_add(b, a, true, true); }

Step Lifter::lift_FNMSUB_h(const Args_FNMSUB_h& a) { return multiply_add(b, a, false, true); }

// Rounding to an integral number, conversion of formats.
Step Lifter::lift_FRINTN_h(const Args_FRINTN_h& a) { return round(b, a, fp::kEven); }

Step Lifter::lift_FRINTP_h(const Args_FRINTP_h& a) { return round(b, a, fp::kUp); }

Step Lifter::lift_FRINTM_h(const Args_FRINTM_h& a) { return round(b, a, fp::kDown); }

Step Lifter::lift_FRINTZ_h(const Args_FRINTZ_h& a) { return round(b, a, fp::kZero); }

Step Lifter::lift_FRINTA_h(const Args_FRINTA_h& a) { return round(b, a, fp::kAway); }

Step Lifter::lift_FRINTX_h(const Args_FRINTX_h& a) { return round(b, a, fp::kFpcr, true); }

Step Lifter::lift_FRINTI_h(const Args_FRINTI_h& a) { return round(b, a, fp::kFpcr); }

// Integers and fixed-point numbers.
Step Lifter::lift_FCVTNS_h(const Args_FCVTNS_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kEven));
    return Step::next;
}

Step Lifter::lift_FCVTNU_h(const Args_FCVTNU_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kEven));
    return Step::next;
}

Step Lifter::lift_FCVTPS_h(const Args_FCVTPS_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kUp));
    return Step::next;
}

Step Lifter::lift_FCVTPU_h(const Args_FCVTPU_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kUp));
    return Step::next;
}

Step Lifter::lift_FCVTMS_h(const Args_FCVTMS_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kDown));
    return Step::next;
}

Step Lifter::lift_FCVTMU_h(const Args_FCVTMU_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kDown));
    return Step::next;
}

Step Lifter::lift_FCVTZS_h(const Args_FCVTZS_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kZero));
    return Step::next;
}

Step Lifter::lift_FCVTZU_h(const Args_FCVTZU_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kZero));
    return Step::next;
}

Step Lifter::lift_FCVTAS_h(const Args_FCVTAS_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kAway));
    return Step::next;
}

Step Lifter::lift_FCVTAU_h(const Args_FCVTAU_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kAway));
    return Step::next;
}

Step Lifter::lift_FCVTZS_fixed_h(const Args_FCVTZS_fixed_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kZero, 64 - a.scale));
    return Step::next;
}

Step Lifter::lift_FCVTZU_fixed_h(const Args_FCVTZU_fixed_h& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kZero, 64 - a.scale));
    return Step::next;
}

Step Lifter::lift_SCVTF_h(const Args_SCVTF_h& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), false));
}

Step Lifter::lift_SCVTF_fixed_h(const Args_SCVTF_fixed_h& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), false, 64 - a.scale));
}

Step Lifter::lift_UCVTF_h(const Args_UCVTF_h& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), true));
}

Step Lifter::lift_UCVTF_fixed_h(const Args_UCVTF_fixed_h& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), true, 64 - a.scale));
}

}  // namespace pydbt::a64
