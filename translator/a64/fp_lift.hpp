// Building blocks of the floating-point lifts: lanes as scalars, constants, rounding modes.
//
// Owns: how scalars lie in V registers, the modes of the IR's rounding ops.
// Must not know: encodings, FPCR, the back end.
//
// `size` is log2 of the format's bytes everywhere: 1 half, 2 single, 3 double.
#pragma once

#include <cstdint>

#include "translator/ir/builder.hpp"

namespace pydbt::a64::fp {

using ir::Builder;
using ir::Type;
using ir::Value;

/// Builder's methods of scalar operations.
using Unary = Value (Builder::*)(Value);
using Binary = Value (Builder::*)(Value, Value);

/// Rounding of frint, fcvt_s and fcvt_u.
enum Mode : unsigned { kEven, kUp, kDown, kZero, kAway, kFpcr };

constexpr Type float_type(unsigned size) {
    return size == 1 ? Type::f16 : size == 2 ? Type::f32 : Type::f64;
}
constexpr Type int_type(unsigned size) { return size == 3 ? Type::i64 : Type::i32; }

/// A single or a double from its bits.
inline Value constant(Builder& b, uint64_t bits, unsigned size) {
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

}  // namespace pydbt::a64::fp
