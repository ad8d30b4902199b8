// Scalar floating point (Arm ARM C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/fp_scalar.py. Must not know: the host, the encodings,
// FPCR.
#include "translator/a64/fp_scalar_lift.hpp"

namespace pydbt::a64 {

using namespace fp_scalar;

// Moves.
Step Lifter::lift_FMOV_reg(const Args_FMOV_reg& a) { return write(b, a.rd, read(b, a, a.rn)); }

Step Lifter::lift_FMOV_imm(const Args_FMOV_imm& a) {
    return write(b, a.rd, fp::constant(b, expand_float(a.imm, size_of(a)), size_of(a)));
}

Step Lifter::lift_FMOV_to_general(const Args_FMOV_to_general& a) {
    set_r(a.rd, b.bitcast(int_type(a), read(b, a, a.rn)));
    return Step::next;
}

Step Lifter::lift_FMOV_from_general(const Args_FMOV_from_general& a) {
    return write(b, a.rd, b.bitcast(float_type(a), r(a.sf, a.rn)));
}

Step Lifter::lift_FMOV_top_to_general(const Args_FMOV_top_to_general& a) {
    set_x(a.rd, b.vget_u(b.get_v(a.rn), 1, 3));
    return Step::next;
}

Step Lifter::lift_FMOV_top_from_general(const Args_FMOV_top_from_general& a) {
    b.set_v(a.rd, b.vset_lane(b.get_v(a.rd), x(a.rn), 1, 3));
    return Step::next;
}

Step Lifter::lift_FCSEL(const Args_FCSEL& a) {
    const auto cc = static_cast<Cond>(a.cond);
    return write(b, a.rd, b.select(b.get_flags(), read(b, a, a.rn), read(b, a, a.rm), cc));
}

// Compare.
Step Lifter::lift_FCMP(const Args_FCMP& a) { return compare_registers(b, a, false); }

Step Lifter::lift_FCMP_zero(const Args_FCMP_zero& a) { return compare_zero(b, a, false); }

Step Lifter::lift_FCMPE(const Args_FCMPE& a) { return compare_registers(b, a, true); }

Step Lifter::lift_FCMPE_zero(const Args_FCMPE_zero& a) { return compare_zero(b, a, true); }

Step Lifter::lift_FCCMP(const Args_FCCMP& a) { return compare_conditionally(b, a, false); }

Step Lifter::lift_FCCMPE(const Args_FCCMPE& a) { return compare_conditionally(b, a, true); }

// Arithmetic.
Step Lifter::lift_FABS(const Args_FABS& a) { return unary(b, a, &Builder::fabs); }

Step Lifter::lift_FNEG(const Args_FNEG& a) { return unary(b, a, &Builder::fneg); }

Step Lifter::lift_FSQRT(const Args_FSQRT& a) { return unary(b, a, &Builder::fsqrt); }

Step Lifter::lift_FADD(const Args_FADD& a) { return binary(b, a, &Builder::fadd); }

Step Lifter::lift_FSUB(const Args_FSUB& a) { return binary(b, a, &Builder::fsub); }

Step Lifter::lift_FMUL(const Args_FMUL& a) { return binary(b, a, &Builder::fmul); }

Step Lifter::lift_FDIV(const Args_FDIV& a) { return binary(b, a, &Builder::fdiv); }

Step Lifter::lift_FMAX(const Args_FMAX& a) { return binary(b, a, &Builder::fmax); }

Step Lifter::lift_FMIN(const Args_FMIN& a) { return binary(b, a, &Builder::fmin); }

Step Lifter::lift_FMAXNM(const Args_FMAXNM& a) { return binary(b, a, &Builder::fmaxnm); }

Step Lifter::lift_FMINNM(const Args_FMINNM& a) { return binary(b, a, &Builder::fminnm); }

Step Lifter::lift_FNMUL(const Args_FNMUL& a) {
    return write(b, a.rd, b.fneg(b.fmul(read(b, a, a.rn), read(b, a, a.rm))));
}

Step Lifter::lift_FMADD(const Args_FMADD& a) { return multiply_add(b, a, false, false); }

Step Lifter::lift_FMSUB(const Args_FMSUB& a) { return multiply_add(b, a, true, false); }

Step Lifter::lift_FNMADD(const Args_FNMADD& a) { return multiply_add(b, a, true, true); }

Step Lifter::lift_FNMSUB(const Args_FNMSUB& a) { return multiply_add(b, a, false, true); }

// Rounding to an integral number, conversion of formats.
Step Lifter::lift_FRINTN(const Args_FRINTN& a) { return round(b, a, fp::kEven); }

Step Lifter::lift_FRINTP(const Args_FRINTP& a) { return round(b, a, fp::kUp); }

Step Lifter::lift_FRINTM(const Args_FRINTM& a) { return round(b, a, fp::kDown); }

Step Lifter::lift_FRINTZ(const Args_FRINTZ& a) { return round(b, a, fp::kZero); }

Step Lifter::lift_FRINTA(const Args_FRINTA& a) { return round(b, a, fp::kAway); }

Step Lifter::lift_FRINTX(const Args_FRINTX& a) { return round(b, a, fp::kFpcr, true); }

Step Lifter::lift_FRINTI(const Args_FRINTI& a) { return round(b, a, fp::kFpcr); }

// Types are coded 0 single, 1 double, 3 half, the target's in `opc`.
Step Lifter::lift_FCVT(const Args_FCVT& a) {
    constexpr unsigned kSizes[] = {2, 3, 0, 1};
    const Value n = fp::lane(b, b.get_v(a.rn), kSizes[a.ftype]);
    return write(b, a.rd, b.fcvt(fp::float_type(kSizes[a.opc]), n));
}

// Integers and fixed-point numbers.
Step Lifter::lift_FCVTNS(const Args_FCVTNS& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kEven));
    return Step::next;
}

Step Lifter::lift_FCVTNU(const Args_FCVTNU& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kEven));
    return Step::next;
}

Step Lifter::lift_FCVTPS(const Args_FCVTPS& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kUp));
    return Step::next;
}

Step Lifter::lift_FCVTPU(const Args_FCVTPU& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kUp));
    return Step::next;
}

Step Lifter::lift_FCVTMS(const Args_FCVTMS& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kDown));
    return Step::next;
}

Step Lifter::lift_FCVTMU(const Args_FCVTMU& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kDown));
    return Step::next;
}

Step Lifter::lift_FCVTZS(const Args_FCVTZS& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kZero));
    return Step::next;
}

Step Lifter::lift_FCVTZU(const Args_FCVTZU& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kZero));
    return Step::next;
}

Step Lifter::lift_FCVTAS(const Args_FCVTAS& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kAway));
    return Step::next;
}

Step Lifter::lift_FCVTAU(const Args_FCVTAU& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kAway));
    return Step::next;
}

Step Lifter::lift_FCVTZS_fixed(const Args_FCVTZS_fixed& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), false, fp::kZero, 64 - a.scale));
    return Step::next;
}

Step Lifter::lift_FCVTZU_fixed(const Args_FCVTZU_fixed& a) {
    set_r(a.rd, fp::to_fixed(b, int_type(a), read(b, a, a.rn), true, fp::kZero, 64 - a.scale));
    return Step::next;
}

Step Lifter::lift_SCVTF(const Args_SCVTF& a) {
    return write(b, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), false));
}

Step Lifter::lift_SCVTF_fixed(const Args_SCVTF_fixed& a) {
    return write(b, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), false, 64 - a.scale));
}

Step Lifter::lift_UCVTF(const Args_UCVTF& a) {
    return write(b, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), true));
}

Step Lifter::lift_UCVTF_fixed(const Args_UCVTF_fixed& a) {
    return write(b, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), true, 64 - a.scale));
}

}  // namespace pydbt::a64
