// The interpreter's floating-point ops, and the helper by which translated code reaches them.
//
// Owns: evaluate_float() and its packed form. Must not know: how numbers are computed
// (base/softfloat.cpp).
#include <algorithm>

#include "translator/base/softfloat.hpp"
#include "translator/ir/float_op.hpp"
#include "translator/ir/interpreter_parts.hpp"

namespace pydbt::ir {
namespace {

using base::FpStatus;
using base::Rounding;
using base::V128;
using Binary = uint64_t (*)(unsigned, uint64_t, uint64_t, FpStatus&);

// clang-format off
Binary binary_of(Op op) {
    switch (op) {
        case Op::fadd: case Op::vfadd: return base::fp_add;
        case Op::fsub: case Op::vfsub: return base::fp_sub;
        case Op::fmul: case Op::vfmul: return base::fp_mul;
        case Op::fdiv: case Op::vfdiv: return base::fp_div;
        case Op::fmin: case Op::vfmin: return base::fp_min;
        case Op::fmax: case Op::vfmax: return base::fp_max;
        case Op::fminnm: case Op::vfminnm: return base::fp_min_num;
        case Op::fmaxnm: case Op::vfmaxnm: return base::fp_max_num;
        case Op::vfmulx: return base::fp_mulx;
        case Op::vfrecps: return base::fp_recip_step;
        case Op::vfrsqrts: return base::fp_rsqrt_step;
        default: return nullptr;
    }
}
// clang-format on

using Compare = bool (*)(unsigned, uint64_t, uint64_t, FpStatus&);

Compare compare_of(Op op) {
    switch (op) {
        case Op::vfcmeq: return base::fp_compare_eq;
        case Op::vfcmge: return base::fp_compare_ge;
        case Op::vfcmgt: return base::fp_compare_gt;
        default: return nullptr;
    }
}

uint64_t lane(const V128& v, unsigned w, unsigned n) {
    const unsigned at = n * w;
    return (at < 64 ? v.lo : v.hi) >> at % 64 & ~uint64_t{0} >> (64 - w);
}

// In a lane that is zero.
void set_lane(V128& v, unsigned w, unsigned n, uint64_t value) {
    const unsigned at = n * w;
    (at < 64 ? v.lo : v.hi) |= value << at % 64;
}

template <class F>
V128 by_lane(unsigned w, F f) {
    V128 result{};
    for (unsigned n = 0; n < 128 / w; n++) set_lane(result, w, n, f(n));
    return result;
}

Rounding rounding_of(int64_t mode, const FpStatus& fp) {
    constexpr int64_t kFpcrs = 5;
    return mode == kFpcrs ? base::fpcr_rounding(fp.fpcr) : static_cast<Rounding>(mode);
}

uint64_t sign_of(unsigned w) { return uint64_t{1} << (w - 1); }

// FPMulAdd, the product or the addend negated first: bits 0 and 1 of `negate`.
uint64_t mul_add(unsigned w, int64_t negate, uint64_t addend, uint64_t a, uint64_t b,
                 FpStatus& fp) {
    if ((negate & 1) != 0) a ^= sign_of(w);
    if ((negate & 2) != 0) addend ^= sign_of(w);
    return base::fp_mul_add(w, addend, a, b, fp);
}

// Low elements to wider ones; those to narrower ones in the low half.
V128 convert_lanes(unsigned from, unsigned to, const V128& a, FpStatus& fp) {
    V128 result{};
    for (unsigned n = 0; n < 128 / std::max(from, to); n++) {
        set_lane(result, to, n, base::fp_convert(from, to, lane(a, from, n), fp));
    }
    return result;
}

V128 multiply_add_long(const Operands& o, FpStatus& fp) {
    return by_lane(32, [&](unsigned n) {
        return base::fp_mul_add_long(16, 32, lane(o.a, 32, n), lane(o.b, 16, n), lane(o.c, 16, n),
                                     fp);
    });
}

// Sums of neighbours of b:a.
V128 add_pairs(unsigned w, const Operands& o, FpStatus& fp) {
    const unsigned half = 64 / w;
    return by_lane(w, [&](unsigned n) {
        const V128& from = n < half ? o.a : o.b;
        const unsigned first = 2 * (n % half);
        return base::fp_add(w, lane(from, w, first), lane(from, w, first + 1), fp);
    });
}

// Estimates, rounding and conversions of one lane.
uint64_t convert(const Inst& i, unsigned w, uint64_t a, FpStatus& fp) {
    switch (i.op) {
        case Op::vfrecpe: return base::fp_recip_estimate(w, a, fp);
        case Op::vfrsqrte: return base::fp_rsqrt_estimate(w, a, fp);
        case Op::vfrint:
            return base::fp_round_int(w, a, rounding_of(i.imm, fp), (i.flags & 1) != 0, fp);
        case Op::vfcvt_s:
        case Op::vfcvt_u:
            return base::fp_to_fixed(w, a, w, static_cast<unsigned>(i.imm >> 8),
                                     i.op == Op::vfcvt_u, rounding_of(i.imm & 0xff, fp), fp);
        default:
            return base::fp_from_fixed(w, a, w, static_cast<unsigned>(i.imm), i.op == Op::vu_cvt_f,
                                       fp);
    }
}

// Vector ops; false when `op` is a scalar's.
bool vector(const Inst& i, const Operands& o, FpStatus& fp, V128& result) {
    unsigned w = 8u << i.size;
    Binary binary = binary_of(i.op);
    if (Compare compare = compare_of(i.op)) {
        result = by_lane(w, [&](unsigned n) {
            bool holds = compare(w, lane(o.a, w, n), lane(o.b, w, n), fp);
            return holds ? ~uint64_t{0} >> (64 - w) : 0;
        });
    } else if (i.op == Op::vfsqrt) {
        result = by_lane(w, [&](unsigned n) { return base::fp_sqrt(w, lane(o.a, w, n), fp); });
    } else if (i.op == Op::vfaddp) {
        result = add_pairs(w, o, fp);
    } else if (i.op == Op::vfmla) {
        result = by_lane(w, [&](unsigned n) {
            return mul_add(w, i.imm, lane(o.a, w, n), lane(o.b, w, n), lane(o.c, w, n), fp);
        });
    } else if (i.op == Op::vfmlal) {
        result = multiply_add_long(o, fp);
    } else if (i.op == Op::vfcvtl) {
        result = convert_lanes(w, 2 * w, o.a, fp);
    } else if (i.op == Op::vfcvtn) {
        result = convert_lanes(2 * w, w, o.a, fp);
    } else if (binary != nullptr && i.type == Type::v128) {
        result =
            by_lane(w, [&](unsigned n) { return binary(w, lane(o.a, w, n), lane(o.b, w, n), fp); });
    } else if (i.type == Type::v128) {
        result = by_lane(w, [&](unsigned n) { return convert(i, w, lane(o.a, w, n), fp); });
    } else {
        return false;
    }
    return true;
}

uint64_t scalar(const Inst& i, const Operands& o, FpStatus& fp) {
    unsigned w = o.width, to = bits(i.type);
    // Translated code leaves what it likes above an operand.
    uint64_t mask = ~uint64_t{0} >> (64 - w);
    uint64_t a = o.a.lo & mask, b = o.b.lo & mask, c = o.c.lo & mask;
    switch (i.op) {
        case Op::fsqrt: return base::fp_sqrt(w, a, fp);
        case Op::fmadd: return mul_add(w, i.imm, c, a, b, fp);
        case Op::fneg: return a ^ sign_of(w);
        case Op::fabs: return a & ~sign_of(w);
        case Op::frint:
            return base::fp_round_int(w, a, rounding_of(i.imm, fp), (i.flags & 1) != 0, fp);
        case Op::fcvt: return base::fp_convert(w, to, a, fp);
        case Op::fcvt_s:
        case Op::fcvt_u:
            return base::fp_to_fixed(w, a, to, static_cast<unsigned>(i.imm >> 8),
                                     i.op == Op::fcvt_u, rounding_of(i.imm & 0xff, fp), fp);
        case Op::fcvt_js: {
            bool exact;
            return base::fp_to_fixed_js(a, exact, fp);
        }
        case Op::s_cvt_f:
        case Op::u_cvt_f:
            return base::fp_from_fixed(w, a, to, static_cast<unsigned>(i.imm), i.op == Op::u_cvt_f,
                                       fp);
        case Op::fcmp_flags: return base::fp_compare(w, a, b, false, fp);
        case Op::fcmpe_flags: return base::fp_compare(w, a, b, true, fp);
        default: return binary_of(i.op)(w, a, b, fp);
    }
}

}  // namespace

void evaluate_float(const Inst& i, const Operands& o, base::CpuState& state, V128& result) {
    FpStatus fp{state.fpcr, 0};
    if (!vector(i, o, fp, result)) result = {scalar(i, o, fp), 0};
    state.fpsr |= fp.fpsr;
}

uint64_t pack_op(const Inst& i, Type operand) {
    return static_cast<uint64_t>(i.op) | uint64_t(i.type) << 10 | uint64_t(operand) << 13 |
           uint64_t{i.size} << 16 | uint64_t{i.flags & 1u} << 19 |
           (static_cast<uint64_t>(i.imm) & 0xffff) << 20 | uint64_t{i.scale} << 36;
}

void helper_op(base::CpuState* state, uint64_t packed) {
    Inst i{};
    i.op = static_cast<Op>(packed & 0x3ff);
    i.type = static_cast<Type>(packed >> 10 & 7);
    i.size = static_cast<uint8_t>(packed >> 16 & 7);
    i.flags = static_cast<uint8_t>(packed >> 19 & 1);
    i.imm = static_cast<int64_t>(packed >> 20 & 0xffff);
    i.scale = static_cast<uint8_t>(packed >> 36 & 15);
    Operands o{.a = state->vtmp[0],
               .b = state->vtmp[1],
               .c = state->vtmp[2],
               .width = bits(static_cast<Type>(packed >> 13 & 7))};
    V128 result{};
    if (!evaluate_vector(i, o, result)) evaluate_float(i, o, *state, result);
    state->vtmp[0] = result;
}

}  // namespace pydbt::ir
