// Building blocks of the floating-point lifts: lanes, constants, rounding modes.
//
// Owns: how scalars lie in V registers, the modes of the IR's rounding ops, cutting vectors to the
// lanes an instruction has.
// Must not know: encodings, FPCR, the back end.
//
// `size` is log2 of the format's bytes everywhere: 1 half, 2 single, 3 double.
#pragma once

#include <cstdint>

#include "translator/a64/lifter.hpp"
#include "translator/base/fp_helpers.hpp"
#include "translator/base/helpers.gen.hpp"
#include "translator/ir/builder.hpp"

namespace pydbt::a64::fp {

using ir::Builder;
using ir::Type;
using ir::Value;

/// Builder's methods of scalar and of vector operations.
using Unary = Value (Builder::*)(Value);
using Binary = Value (Builder::*)(Value, Value);
using VectorUnary = Value (Builder::*)(Value, unsigned);
using VectorBinary = Value (Builder::*)(Value, Value, unsigned);

/// Rounding of frint, fcvt_s and fcvt_u.
enum Mode : unsigned { kEven, kUp, kDown, kZero, kAway, kFpcr };

constexpr Type float_type(unsigned size) {
    return size == 1 ? Type::f16 : size == 2 ? Type::f32 : Type::f64;
}
constexpr Type int_type(unsigned size) { return size == 3 ? Type::i64 : Type::i32; }

/// A number from its bits.
inline Value constant(Builder& b, uint64_t bits, unsigned size) {
    if (size == 1) return b.v_to_f(Type::f16, b.vmov_imm(static_cast<int64_t>(bits)));
    return b.bitcast(float_type(size), b.const_(int_type(size), bits));
}

/// A lane as a scalar.
inline Value lane(Builder& b, Value v, unsigned size, unsigned index = 0) {
    return b.v_to_f(float_type(size), index == 0 ? v : b.vext(v, v, index << size));
}

/// fcvt_s or fcvt_u.
inline Value to_fixed(Builder& b, Type type, Value f, bool uns, Mode mode, unsigned fbits = 0) {
    const int64_t imm = mode | fbits << 8;
    return uns ? b.fcvt_u(type, f, imm) : b.fcvt_s(type, f, imm);
}

/// s_cvt_f or u_cvt_f.
inline Value from_fixed(Builder& b, unsigned size, Value i, bool uns, unsigned fbits = 0) {
    return uns ? b.u_cvt_f(float_type(size), i, fbits) : b.s_cvt_f(float_type(size), i, fbits);
}

// Vector instructions and scalars of the Advanced SIMD encodings: their records have `sz` or a
// fixed-point `imm` (immh:immb) or are of halves, and vectors have `q`. Lanes past the operands
// raise nothing.

template <class Args>
unsigned size_of(const Args& a) {
    if constexpr (requires { a.sz; }) {
        return a.sz ? 3 : 2;
    } else if constexpr (requires { a.imm; }) {
        return a.imm >= 64 ? 3 : a.imm >= 32 ? 2 : 1;
    } else {
        return 1;
    }
}

/// Number of lanes.
template <class Args>
unsigned lanes_of(const Args& a) {
    if constexpr (requires { a.q; }) {
        return (a.q ? 16u : 8u) >> size_of(a);
    } else {
        return 1;
    }
}

/// Whether FPCR.AH is set, with which FPNeg and FPAbs leave NaNs as they are.
inline bool alternate(const Builder& b) { return (b.key() & kKeyAh) != 0; }

/// FPNeg and FPAbs of each lane.
inline Value keep_nans(Builder& b, Value v, Value changed, unsigned size) {
    if (!alternate(b)) return changed;
    constexpr uint64_t kInfinity[] = {0, 0x7c007c007c007c00, 0x7f8000007f800000,
                                      0x7ff0000000000000};
    const Value infinity = b.vmov_imm(static_cast<int64_t>(kInfinity[size]));
    return b.vbsl(b.vcmhi(b.vfabs(v, size), infinity, size), v, changed);
}
inline Value negate_lanes(Builder& b, Value v, unsigned size) {
    return keep_nans(b, v, b.vfneg(v, size), size);
}
inline Value absolute_lanes(Builder& b, Value v, unsigned size) {
    return keep_nans(b, v, b.vfabs(v, size), size);
}

/// The same of a scalar.
inline Value negate(Builder& b, Value f, unsigned size) {
    if (!alternate(b)) return b.fneg(f);
    return b.v_to_f(float_type(size), negate_lanes(b, b.f_to_v(f), size));
}
inline Value absolute(Builder& b, Value f, unsigned size) {
    if (!alternate(b)) return b.fabs(f);
    return b.v_to_f(float_type(size), absolute_lanes(b, b.f_to_v(f), size));
}

/// FPMulAdd of scalars and of vectors, `negate` as the IR has it. With FPCR.AH FPNeg is not what
/// the IR negates by.
inline Value multiply_add(Builder& b, Value n, Value m, Value addend, unsigned negate,
                          unsigned size) {
    if (!alternate(b)) return b.fmadd(n, m, addend, negate);
    if ((negate & 1) != 0) n = fp::negate(b, n, size);
    if ((negate & 2) != 0) addend = fp::negate(b, addend, size);
    return b.fmadd(n, m, addend, 0);
}
inline Value multiply_add_lanes(Builder& b, Value addend, Value n, Value m, bool negate,
                                unsigned size) {
    if (negate && alternate(b)) return b.vfmla(addend, negate_lanes(b, n, size), m, 0, size);
    return b.vfmla(addend, n, m, negate ? 1 : 0, size);
}

/// Vd = a scalar result, the rest zero, or with FPCR.NEP that of V register `from`.
inline Step set_scalar(Builder& b, unsigned rd, unsigned from, unsigned size, Value v) {
    if ((b.key() & kKeyNep) != 0) v = b.vins_lane(b.get_v(from), v, 0, 0, size);
    b.set_v(rd, v);
    return Step::next;
}

/// Vd = a vector's lanes, or a scalar as set_scalar() does.
template <class Args>
Step set_result(Builder& b, const Args& a, unsigned from, Value v) {
    if constexpr (requires { a.q; }) {
        b.set_v(a.rd, v);
        return Step::next;
    } else {
        return set_scalar(b, a.rd, from, size_of(a), v);
    }
}

/// A vector cut to the instruction's lanes, the rest zero.
template <class Args>
Value cut(Builder& b, const Args& a, Value v) {
    if constexpr (requires { a.q; }) {
        return a.q ? v : b.vlow64(v);
    } else {
        return b.f_to_v(lane(b, v, size_of(a)));
    }
}

/// The instruction's lanes of a register, the rest zero: operands of which additions, products,
/// roots and comparisons of the rest raise nothing.
template <class Args>
Value operand(Builder& b, const Args& a, unsigned n) {
    return cut(b, a, b.get_v(n));
}

/// The same with a vector of which only the instruction's lanes count.
template <class Args>
Step set_cut(Builder& b, const Args& a, unsigned from, Value result) {
    return set_result(b, a, from, cut(b, a, result));
}

/// Calls a helper of base/fp_helpers.hpp on the first lanes.
inline Value call(Builder& b, base::HelperId helper, unsigned size, unsigned lanes, Value n,
                  Value m = ir::kNone, Value d = ir::kNone) {
    const uint32_t small = base::simd_fp_lanes(size, lanes);
    return b.call_vhelper(n, m, d, static_cast<int64_t>(helper), small);
}

/// The same on the instruction's lanes.
template <class Args>
Value call(Builder& b, const Args& a, base::HelperId helper, Value n, Value m = ir::kNone,
           Value d = ir::kNone) {
    return call(b, helper, size_of(a), lanes_of(a), n, m, d);
}

}  // namespace pydbt::a64::fp
