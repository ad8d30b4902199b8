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
Step Lifter::lift_FABS(const Args_FABS& a) {
    return merge(b, a, a.rd, fp::absolute(b, read(b, a, a.rn), size_of(a)));
}

Step Lifter::lift_FNEG(const Args_FNEG& a) {
    return merge(b, a, a.rd, fp::negate(b, read(b, a, a.rn), size_of(a)));
}

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
    const Value product = b.fmul(read(b, a, a.rn), read(b, a, a.rm));
    return merge(b, a, a.rn, fp::negate(b, product, size_of(a)));
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
    const Value f = b.fcvt(fp::float_type(kSizes[a.opc]), n);
    return fp::set_scalar(b, a.rd, a.rd, kSizes[a.opc], b.f_to_v(f));
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
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), false));
}

Step Lifter::lift_SCVTF_fixed(const Args_SCVTF_fixed& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), false, 64 - a.scale));
}

Step Lifter::lift_UCVTF(const Args_UCVTF& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), true));
}

Step Lifter::lift_UCVTF_fixed(const Args_UCVTF_fixed& a) {
    return merge(b, a, a.rd, fp::from_fixed(b, size_of(a), r(a.sf, a.rn), true, 64 - a.scale));
}

// FEAT_FRINTTS, FEAT_JSCVT, FEAT_BF16.
namespace {

template <class Args>
Step round_n(Builder& b, const Args& a, fp::Mode mode, bool wide) {
    const uint64_t bits = mode | (wide ? base::kSimdFpWide : 0);
    const Value m = b.vmov_imm(static_cast<int64_t>(bits));
    const unsigned size = size_of(a);
    const Value v = fp::call(b, base::HelperId::simd_fp_round_n, size, 1, b.get_v(a.rn), m);
    return fp::set_scalar(b, a.rd, a.rd, size, v);
}

}  // namespace

Step Lifter::lift_FRINT32Z(const Args_FRINT32Z& a) { return round_n(b, a, fp::kZero, false); }

Step Lifter::lift_FRINT32X(const Args_FRINT32X& a) { return round_n(b, a, fp::kFpcr, false); }

Step Lifter::lift_FRINT64Z(const Args_FRINT64Z& a) { return round_n(b, a, fp::kZero, true); }

Step Lifter::lift_FRINT64X(const Args_FRINT64X& a) { return round_n(b, a, fp::kFpcr, true); }

Step Lifter::lift_FJCVTZS(const Args_FJCVTZS& a) {
    const Value n = fp::lane(b, b.get_v(a.rn), 3);
    const Value result = b.fcvt_js(n);
    // Z: converted back it is the same, -0 is not. N, C and V are 0.
    const Value back = b.bitcast(Type::i64, b.s_cvt_f(Type::f64, result, 0));
    const Value differs = b.xor_(back, b.bitcast(Type::i64, n));
    const Value folded = b.or_(b.lshr(differs, b.i64(1)), b.and_(differs, b.i64(1)));
    set_r(a.rd, result);
    b.set_flags(b.and_flags(folded, folded));
    return Step::next;
}

Step Lifter::lift_BFCVT(const Args_BFCVT& a) {
    const Value v = fp::call(b, base::HelperId::simd_fp_bf_convert, 2, 1, b.get_v(a.rn));
    return fp::set_scalar(b, a.rd, a.rd, 1, v);
}

}  // namespace pydbt::a64
