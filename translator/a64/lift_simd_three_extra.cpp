// Advanced SIMD three same (extra) and its by-element forms, integer part (DDI 0487, C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/simd_three_extra.py.
// Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;

using Dot = Value (Builder::*)(Value, Value, Value);

// SQRDMLAH and SQRDMLSH. Lanes past the 64-bit form are zero in all operands, since zeros never
// saturate.
template <typename Args>
Step rounding(Builder& b, const Args& a, Value m, bool subtract) {
    Value d = b.get_v(a.rd), n = b.get_v(a.rn);
    if (!a.q) {
        d = b.vlow64(d);
        n = b.vlow64(n);
    }
    b.set_v(a.rd, simd::rounding_multiply_accumulate(b, d, n, m, a.size, subtract));
    return Step::next;
}

template <typename Args>
Step rounding_scalar(Builder& b, const Args& a, Value m, bool subtract) {
    const Value d = simd::only_lane0(b, b.get_v(a.rd), a.size);
    const Value n = simd::only_lane0(b, b.get_v(a.rn), a.size);
    b.set_v(a.rd, simd::rounding_multiply_accumulate(b, d, n, m, a.size, subtract));
    return Step::next;
}

// Four bytes of Vm everywhere.
template <typename Args>
Value indexed_bytes(Builder& b, const Args& a) {
    return b.vdup_lane(b.get_v(a.m << 4 | a.rm), a.h << 1 | a.l, 2);
}

template <typename Args>
Step dot_product(Builder& b, const Args& a, Dot dot, Value n, Value m) {
    const Value result = (b.*dot)(b.get_v(a.rd), n, m);
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

template <typename Args>
Step matrix_product(Builder& b, const Args& a, Dot dot) {
    const Value d = b.get_v(a.rd);
    b.set_v(a.rd, simd::matrix_multiply(b, d, b.get_v(a.rn), b.get_v(a.rm), dot));
    return Step::next;
}

}  // namespace

Step Lifter::lift_SQRDMLAH_v(const Args_SQRDMLAH_v& a) {
    return rounding(b, a, b.get_v(a.rm), false);
}
Step Lifter::lift_SQRDMLSH_v(const Args_SQRDMLSH_v& a) {
    return rounding(b, a, b.get_v(a.rm), true);
}
Step Lifter::lift_SQRDMLAH_s(const Args_SQRDMLAH_s& a) {
    return rounding_scalar(b, a, b.get_v(a.rm), false);
}
Step Lifter::lift_SQRDMLSH_s(const Args_SQRDMLSH_s& a) {
    return rounding_scalar(b, a, b.get_v(a.rm), true);
}
Step Lifter::lift_SQRDMLAH_e(const Args_SQRDMLAH_e& a) {
    return rounding(b, a, simd::indexed_element(b, a), false);
}
Step Lifter::lift_SQRDMLSH_e(const Args_SQRDMLSH_e& a) {
    return rounding(b, a, simd::indexed_element(b, a), true);
}
Step Lifter::lift_SQRDMLAH_se(const Args_SQRDMLAH_se& a) {
    return rounding_scalar(b, a, simd::indexed_element(b, a), false);
}
Step Lifter::lift_SQRDMLSH_se(const Args_SQRDMLSH_se& a) {
    return rounding_scalar(b, a, simd::indexed_element(b, a), true);
}

Step Lifter::lift_SDOT_v(const Args_SDOT_v& a) {
    return dot_product(b, a, &Builder::vsdot, b.get_v(a.rn), b.get_v(a.rm));
}
Step Lifter::lift_UDOT_v(const Args_UDOT_v& a) {
    return dot_product(b, a, &Builder::vudot, b.get_v(a.rn), b.get_v(a.rm));
}
Step Lifter::lift_USDOT_v(const Args_USDOT_v& a) {
    return dot_product(b, a, &Builder::vusdot, b.get_v(a.rn), b.get_v(a.rm));
}
Step Lifter::lift_SDOT_e(const Args_SDOT_e& a) {
    return dot_product(b, a, &Builder::vsdot, b.get_v(a.rn), indexed_bytes(b, a));
}
Step Lifter::lift_UDOT_e(const Args_UDOT_e& a) {
    return dot_product(b, a, &Builder::vudot, b.get_v(a.rn), indexed_bytes(b, a));
}
Step Lifter::lift_USDOT_e(const Args_USDOT_e& a) {
    return dot_product(b, a, &Builder::vusdot, b.get_v(a.rn), indexed_bytes(b, a));
}
Step Lifter::lift_SUDOT_e(const Args_SUDOT_e& a) {
    return dot_product(b, a, &Builder::vusdot, indexed_bytes(b, a), b.get_v(a.rn));
}

Step Lifter::lift_SMMLA_v(const Args_SMMLA_v& a) { return matrix_product(b, a, &Builder::vsdot); }
Step Lifter::lift_UMMLA_v(const Args_UMMLA_v& a) { return matrix_product(b, a, &Builder::vudot); }
Step Lifter::lift_USMMLA_v(const Args_USMMLA_v& a) {
    return matrix_product(b, a, &Builder::vusdot);
}

}  // namespace pydbt::a64
