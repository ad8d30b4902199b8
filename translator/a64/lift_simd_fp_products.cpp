// Advanced SIMD products of complex numbers, of halves into singles, and of BFloat16 numbers.
//
// Owns: lifts of the patterns of spec/a64/simd_fp_products.py. Must not know: the host, the
// encodings, FPCR.
#include "translator/a64/fp_lift.hpp"
#include "translator/a64/lifter.hpp"

namespace pydbt::a64 {
namespace {

using base::HelperId;
using ir::Builder;
using ir::Value;

template <class Args>
Value cut(Builder& b, const Args& a, Value v) {
    return a.q ? v : b.vlow64(v);
}

// ---- complex numbers: pairs of lanes, the real part first

// Real and imaginary parts exchanged.
Value exchange(Builder& b, Value v, unsigned size) {
    if (size == 3) return b.vext(v, v, 8);
    return size == 2 ? b.vrev64(v, 2) : b.vrev32(v, 1);
}

// Negates the real parts, the imaginary parts or both.
Value negate_parts(Builder& b, Value v, unsigned size, bool real, bool imaginary) {
    if (!real && !imaginary) return v;
    const Value negated = fp::negate_lanes(b, v, size);
    if (real && imaginary) return negated;
    const unsigned bits = 8u << size;
    const uint64_t even = size == 3 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    Value mask;
    if (size == 3) {
        mask = b.v_concat(b.i64(real ? even : 0), b.i64(real ? 0 : even));
    } else {
        const uint64_t low = size == 2 ? even : even | even << 32;
        mask = b.vmov_imm(static_cast<int64_t>(real ? low : ~low));
    }
    return b.vbsl(mask, negated, v);
}

// FPMulAdd of one part of n with the parts of m that a rotation by 90 * rot gives.
template <class Args>
Step complex_multiply_add(Builder& b, const Args& a, Value m) {
    Value n = cut(b, a, b.get_v(a.rn));
    const bool odd = (a.rot & 1) != 0;
    n = odd ? b.vtrn2(n, n, a.size) : b.vtrn1(n, n, a.size);
    if (odd) m = exchange(b, m, a.size);
    // 90 negates the new real parts, 270 the imaginary ones, 180 both.
    m = negate_parts(b, m, a.size, a.rot == 1 || a.rot == 2, a.rot >= 2);
    const Value sum = b.vfmla(cut(b, a, b.get_v(a.rd)), n, m, 0, a.size);
    b.set_v(a.rd, cut(b, a, sum));
    return Step::next;
}

// ---- halves into singles

// The halves of one factor: the low four or two, or those behind them.
template <class Args>
Value factor(Builder& b, const Args& a, Value v, bool upper) {
    if (upper) v = b.vext(v, v, a.q ? 8 : 4);
    return a.q ? v : b.f_to_v(b.v_to_f(ir::Type::f32, v));
}

template <class Args>
Step multiply_add_long(Builder& b, const Args& a, bool upper, bool negate, Value m) {
    Value n = factor(b, a, b.get_v(a.rn), upper);
    if (negate) n = fp::negate_lanes(b, n, 1);
    b.set_v(a.rd, cut(b, a, b.vfmlal(cut(b, a, b.get_v(a.rd)), n, m)));
    return Step::next;
}

template <class Args>
Step long_vector(Builder& b, const Args& a, bool upper, bool negate) {
    return multiply_add_long(b, a, upper, negate, factor(b, a, b.get_v(a.rm), upper));
}

template <class Args>
Value half_element(Builder& b, const Args& a) {
    return b.vdup_lane(b.get_v(a.rm), a.h << 2 | a.l << 1 | a.m, 1);
}

template <class Args>
Step long_element(Builder& b, const Args& a, bool upper, bool negate) {
    return multiply_add_long(b, a, upper, negate, factor(b, a, half_element(b, a), false));
}

// ---- BFloat16: the upper halves of singles

// The even or the odd elements as singles.
Value widen_brain(Builder& b, Value v, bool top) {
    constexpr int64_t kUpperHalves = static_cast<int64_t>(0xffff0000ffff0000);
    return top ? b.vand(v, b.vmov_imm(kUpperHalves)) : b.vshl(v, 16, 2);
}

template <class Args>
Step brain_multiply_add(Builder& b, const Args& a, Value m) {
    const Value n = widen_brain(b, b.get_v(a.rn), a.top);
    const Value d = b.get_v(a.rd);
    b.set_v(a.rd, fp::alternate(b) ? fp::call(b, HelperId::simd_fp_bf_mul_add, 2, 4, n, m, d)
                                   : b.vfmla(d, n, m, 0, 2));
    return Step::next;
}

template <class Args>
Step brain_dot(Builder& b, const Args& a, Value m) {
    const unsigned lanes = a.q ? 4 : 2;
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, fp::call(b, HelperId::simd_fp_bf_dot, 2, lanes, n, m, b.get_v(a.rd)));
    return Step::next;
}

}  // namespace

Step Lifter::lift_FCMLA_v(const Args_FCMLA_v& a) {
    return complex_multiply_add(b, a, cut(b, a, b.get_v(a.rm)));
}

Step Lifter::lift_FCMLA_e(const Args_FCMLA_e& a) {
    const unsigned index = a.size == 1 ? a.h << 1 | a.l : a.h;
    const Value m = b.vdup_lane(b.get_v(a.m << 4 | a.rm), index, a.size + 1);
    return complex_multiply_add(b, a, cut(b, a, m));
}

Step Lifter::lift_FCADD_v(const Args_FCADD_v& a) {
    Value m = exchange(b, cut(b, a, b.get_v(a.rm)), a.size);
    m = negate_parts(b, m, a.size, a.rot == 0, a.rot == 1);
    b.set_v(a.rd, cut(b, a, b.vfadd(cut(b, a, b.get_v(a.rn)), m, a.size)));
    return Step::next;
}

Step Lifter::lift_FMLAL_v(const Args_FMLAL_v& a) { return long_vector(b, a, false, false); }

Step Lifter::lift_FMLAL2_v(const Args_FMLAL2_v& a) { return long_vector(b, a, true, false); }

Step Lifter::lift_FMLSL_v(const Args_FMLSL_v& a) { return long_vector(b, a, false, true); }

Step Lifter::lift_FMLSL2_v(const Args_FMLSL2_v& a) { return long_vector(b, a, true, true); }

Step Lifter::lift_FMLAL_e(const Args_FMLAL_e& a) { return long_element(b, a, false, false); }

Step Lifter::lift_FMLAL2_e(const Args_FMLAL2_e& a) { return long_element(b, a, true, false); }

Step Lifter::lift_FMLSL_e(const Args_FMLSL_e& a) { return long_element(b, a, false, true); }

Step Lifter::lift_FMLSL2_e(const Args_FMLSL2_e& a) { return long_element(b, a, true, true); }

Step Lifter::lift_BFDOT_v(const Args_BFDOT_v& a) { return brain_dot(b, a, b.get_v(a.rm)); }

Step Lifter::lift_BFDOT_e(const Args_BFDOT_e& a) {
    return brain_dot(b, a, b.vdup_lane(b.get_v(a.m << 4 | a.rm), a.h << 1 | a.l, 2));
}

Step Lifter::lift_BFMMLA(const Args_BFMMLA& a) {
    const Value d = b.get_v(a.rd);
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, fp::call(b, HelperId::simd_fp_bf_matrix, 2, 4, n, b.get_v(a.rm), d));
    return Step::next;
}

Step Lifter::lift_BFMLAL_v(const Args_BFMLAL_v& a) {
    return brain_multiply_add(b, a, widen_brain(b, b.get_v(a.rm), a.top));
}

Step Lifter::lift_BFMLAL_e(const Args_BFMLAL_e& a) {
    return brain_multiply_add(b, a, b.vshl(half_element(b, a), 16, 2));
}

Step Lifter::lift_BFCVTN(const Args_BFCVTN& a) {
    const Value low = fp::call(b, HelperId::simd_fp_bf_convert, 2, 4, b.get_v(a.rn));
    b.set_v(a.rd, a.q ? b.vins_lane(b.get_v(a.rd), low, 1, 0, 3) : low);
    return Step::next;
}

}  // namespace pydbt::a64
