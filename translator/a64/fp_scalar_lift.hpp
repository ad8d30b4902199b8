// What the lifts of scalar floating point share, for all types.
//
// Owns: shapes of instructions: operands, an operation, a result. Must not know: encodings, FPCR.
//
// `a` is the record of an instruction's fields. Singles and doubles have `dp`, halves have not.
#pragma once

#include "translator/a64/fp_immediate.hpp"
#include "translator/a64/fp_lift.hpp"
#include "translator/a64/lifter.hpp"

namespace pydbt::a64::fp_scalar {

using ir::Builder;
using ir::Cond;
using ir::Type;
using ir::Value;

/// Halves have no `dp`.
template <class Args>
unsigned size_of(const Args& a) {
    if constexpr (requires { a.dp; }) {
        return a.dp ? 3 : 2;
    } else {
        return 1;
    }
}

template <class Args>
Type float_type(const Args& a) {
    return fp::float_type(size_of(a));
}

template <class Args>
Type int_type(const Args& a) {
    return a.sf ? Type::i64 : Type::i32;
}

/// A register as a scalar of the instruction's type.
template <class Args>
Value read(Builder& b, const Args& a, unsigned n) {
    return fp::lane(b, b.get_v(n), size_of(a));
}

inline Step write(Builder& b, unsigned rd, Value f) {
    b.set_v(rd, b.f_to_v(f));
    return Step::next;
}

/// The same, with the upper part of V register `from` where FPCR.NEP asks for it.
template <class Args>
Step merge(Builder& b, const Args& a, unsigned from, Value f) {
    return fp::set_scalar(b, a.rd, from, size_of(a), b.f_to_v(f));
}

template <class Args>
Step unary(Builder& b, const Args& a, fp::Unary op) {
    return merge(b, a, a.rd, (b.*op)(read(b, a, a.rn)));
}

template <class Args>
Step binary(Builder& b, const Args& a, fp::Binary op) {
    return merge(b, a, a.rn, (b.*op)(read(b, a, a.rn), read(b, a, a.rm)));
}

template <class Args>
Step round(Builder& b, const Args& a, fp::Mode mode, bool exact = false) {
    return merge(b, a, a.rd, b.frint(read(b, a, a.rn), mode, exact));
}

/// FPMulAdd of which the product, the addend or both are negated first.
template <class Args>
Step multiply_add(Builder& b, const Args& a, bool negate_product, bool negate_addend) {
    const unsigned negate = (negate_product ? 1u : 0u) | (negate_addend ? 2u : 0u);
    const Value n = read(b, a, a.rn), addend = read(b, a, a.ra);
    return merge(b, a, a.ra, fp::multiply_add(b, n, read(b, a, a.rm), addend, negate, size_of(a)));
}

inline Value compare(Builder& b, Value n, Value m, bool signal) {
    return signal ? b.fcmpe_flags(n, m) : b.fcmp_flags(n, m);
}

template <class Args>
Step compare_registers(Builder& b, const Args& a, bool signal) {
    b.set_flags(compare(b, read(b, a, a.rn), read(b, a, a.rm), signal));
    return Step::next;
}

template <class Args>
Step compare_zero(Builder& b, const Args& a, bool signal) {
    b.set_flags(compare(b, read(b, a, a.rn), fp::constant(b, 0, size_of(a)), signal));
    return Step::next;
}

/// Where the condition fails zeros are compared instead: the operands must raise nothing then.
template <class Args>
Step compare_conditionally(Builder& b, const Args& a, bool signal) {
    const auto cc = static_cast<Cond>(a.cond);
    Value n = read(b, a, a.rn);
    Value m = read(b, a, a.rm);
    if (cc >= Cond::al) {
        b.set_flags(compare(b, n, m, signal));
        return Step::next;
    }
    const Value flags = b.get_flags();
    const Value zero = fp::constant(b, 0, size_of(a));
    n = b.select(flags, n, zero, cc);
    m = b.select(flags, m, zero, cc);
    b.set_flags(b.select_flags(flags, compare(b, n, m, signal), b.flags_imm(a.nzcv), cc));
    return Step::next;
}

}  // namespace pydbt::a64::fp_scalar
