// What the lifts of Advanced SIMD floating point of two operands share, for all types.
//
// Owns: shapes of instructions: operands, an operation, a result. Must not know: encodings, FPCR.
#pragma once

#include "translator/a64/fp_immediate.hpp"
#include "translator/a64/fp_lift.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64::fp_three_same {

using base::HelperId;
using ir::Builder;
using ir::Value;

template <class Args>
Step three_same(Builder& b, const Args& a, fp::VectorBinary op) {
    const Value n = fp::operand(b, a, a.rn);
    const Value m = fp::operand(b, a, a.rm);
    return fp::set_cut(b, a, a.rn, (b.*op)(n, m, fp::size_of(a)));
}

template <class Args>
Step compare(Builder& b, const Args& a, fp::VectorBinary op) {
    const Value n = fp::operand(b, a, a.rn);
    const Value m = fp::operand(b, a, a.rm);
    return fp::set_cut(b, a, a.rm, (b.*op)(n, m, fp::size_of(a)));
}

/// Compare of the absolute values.
template <class Args>
Step compare_absolute(Builder& b, const Args& a, fp::VectorBinary op) {
    const unsigned size = fp::size_of(a);
    const Value n = b.vfabs(fp::operand(b, a, a.rn), size);
    const Value m = b.vfabs(fp::operand(b, a, a.rm), size);
    return fp::set_cut(b, a, a.rm, (b.*op)(n, m, size));
}

template <class Args>
Step absolute_difference(Builder& b, const Args& a) {
    const unsigned size = fp::size_of(a);
    const Value n = fp::operand(b, a, a.rn);
    const Value m = fp::operand(b, a, a.rm);
    return fp::set_cut(b, a, a.rn, fp::absolute_lanes(b, b.vfsub(n, m, size), size));
}

template <class Args>
Step multiply_add(Builder& b, const Args& a, Value m, bool negate) {
    const Value n = fp::operand(b, a, a.rn), d = fp::operand(b, a, a.rd);
    return fp::set_cut(b, a, a.rd, fp::multiply_add_lanes(b, d, n, m, negate, fp::size_of(a)));
}

/// Neighbours of the concatenation Vm:Vn. The 64-bit form computes its two lanes twice over: that
/// raises nothing new.
template <class Args>
Step pairwise(Builder& b, const Args& a, fp::VectorBinary op) {
    const unsigned size = fp::size_of(a);
    Value n = b.get_v(a.rn);
    Value m = b.get_v(a.rm);
    if (!a.q) n = m = b.vzip1(n, m, 3);
    return fp::set_cut(b, a, a.rn, (b.*op)(b.vuzp1(n, m, size), b.vuzp2(n, m, size), size));
}

template <class Args>
Step add_pairs(Builder& b, const Args& a) {
    Value n = b.get_v(a.rn);
    Value m = b.get_v(a.rm);
    if (!a.q) n = m = b.vzip1(n, m, 3);
    return fp::set_cut(b, a, a.rn, b.vfaddp(n, m, fp::size_of(a)));
}

template <class Args>
Step scalar_pairwise(Builder& b, const Args& a, fp::Binary op) {
    const Value n = b.get_v(a.rn);
    const unsigned size = fp::size_of(a);
    b.set_v(a.rd, b.f_to_v((b.*op)(fp::lane(b, n, size, 0), fp::lane(b, n, size, 1))));
    return Step::next;
}

/// Reduce(): neighbours, then neighbours of the results, until one is left.
template <class Args>
Step across(Builder& b, const Args& a, fp::VectorBinary pairs, fp::Binary last) {
    const unsigned size = fp::size_of(a);
    Value n = b.get_v(a.rn);
    if (!a.q) n = b.vzip1(n, n, 3);
    for (unsigned lanes = fp::lanes_of(a); lanes > 2; lanes /= 2) {
        n = (b.*pairs)(b.vuzp1(n, n, size), b.vuzp2(n, n, size), size);
    }
    b.set_v(a.rd, b.f_to_v((b.*last)(fp::lane(b, n, size, 0), fp::lane(b, n, size, 1))));
    return Step::next;
}

/// By element: V0-V15 for halves, whose index takes M.
template <class Args>
unsigned element_register(const Args& a) {
    if constexpr (requires { a.sz; }) {
        return a.m << 4 | a.rm;
    } else {
        return a.rm;
    }
}

template <class Args>
unsigned element_index(const Args& a) {
    if constexpr (requires { a.sz; }) {
        return a.sz ? a.h : a.h << 1 | a.l;
    } else {
        return a.h << 2 | a.l << 1 | a.m;
    }
}

/// Vm[index] in all of the instruction's lanes.
template <class Args>
Value element(Builder& b, const Args& a) {
    const Value m = b.get_v(element_register(a));
    return fp::cut(b, a, b.vdup_lane(m, element_index(a), fp::size_of(a)));
}

/// FMULX by element.
template <class Args>
Step multiply_extended(Builder& b, const Args& a) {
    const Value n = fp::operand(b, a, a.rn);
    return fp::set_cut(b, a, a.rn, b.vfmulx(n, element(b, a), fp::size_of(a)));
}

template <class Args>
Value scalar_element(Builder& b, const Args& a) {
    return fp::lane(b, b.get_v(element_register(a)), fp::size_of(a), element_index(a));
}

template <class Args>
Value scalar(Builder& b, const Args& a, unsigned n) {
    return fp::lane(b, b.get_v(n), fp::size_of(a));
}

template <class Args>
Step scalar_multiply_add(Builder& b, const Args& a, bool negate) {
    const Value n = scalar(b, a, a.rn), m = scalar_element(b, a), d = scalar(b, a, a.rd);
    const Value f = fp::multiply_add(b, n, m, d, negate ? 1 : 0, fp::size_of(a));
    return fp::set_result(b, a, a.rd, b.f_to_v(f));
}

}  // namespace pydbt::a64::fp_three_same
