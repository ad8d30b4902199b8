// Advanced SIMD copy, permute, extract, table lookup, and modified immediate, with the scalar copy
// (DDI 0487, C4.1.96).
//
// Owns: lifts of the patterns of spec/a64/simd_copy_permute.py.
// Must not know: the host, the encodings.
#include <bit>

#include "translator/a64/fp_immediate.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Type;
using ir::Value;

// imm5 of the copies: the lowest bit set is the element's size, the bits above it the index.
unsigned copy_size(unsigned imm5) { return static_cast<unsigned>(std::countr_zero(imm5)); }

unsigned copy_index(unsigned imm5) { return imm5 >> (copy_size(imm5) + 1); }

// Wn or Xn, whichever a lane of this size takes; register 31 is zero.
Value general(Builder& b, unsigned n) { return n == 31 ? b.i64(0) : b.get_x(n); }

template <typename Args>
Step set_vector(Builder& b, const Args& a, Value result) {
    b.set_v(a.rd, a.q ? result : b.vlow64(result));
    return Step::next;
}

// UMOV SMOV into Wd (zero-extended) or Xd.
Step set_general(Builder& b, unsigned rd, bool wide, Value v) {
    if (rd != 31) b.set_x(rd, wide ? v : b.zext(b.trunc(v)));
    return Step::next;
}

// Vd = op(Vn, Vm). In the 64-bit form the elements of both are taken from their lower halves.
template <typename Args, typename Op>
Step permute(Builder& b, const Args& a, Op op) {
    const Value n = b.get_v(a.rn);
    const Value m = b.get_v(a.rm);
    return set_vector(b, a, op(n, m));
}

// UZP in the 64-bit form: the lower halves joined, the even (or odd) elements of that.
template <typename Args, typename Op>
Step unzip(Builder& b, const Args& a, Op op) {
    return permute(b, a, [&](Value n, Value m) {
        if (a.q) return op(n, m);
        const Value joined = b.vzip1(n, m, 3);
        return op(joined, joined);
    });
}

// ZIP2 in the 64-bit form is the upper half of ZIP1.
template <typename Args>
Step zip2(Builder& b, const Args& a) {
    return permute(b, a, [&](Value n, Value m) {
        return a.q ? b.vzip2(n, m, a.size) : simd::high_half(b, b.vzip1(n, m, a.size));
    });
}

template <typename Args>
Value table(Builder& b, const Args& a) {
    Value registers[4];
    const unsigned count = a.len + 1;
    for (unsigned i = 0; i < count; i++) registers[i] = b.get_v((a.rn + i) % 32);
    return simd::table_lookup(b, registers, count, b.get_v(a.rm));
}

unsigned imm8(unsigned abc, unsigned defgh) { return abc << 5 | defgh; }

// AdvSIMDExpandImm, op 1, cmode 1110: each bit of the immediate is a byte.
uint64_t expand_bytes(unsigned imm) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (imm >> i & 1) result |= uint64_t{0xff} << (8 * i);
    }
    return result;
}

// MSL: shifted left by 8 or 16, ones coming in.
uint64_t expand_msl(unsigned imm, unsigned amount) {
    return amount ? uint64_t{imm} << 16 | 0xffff : uint64_t{imm} << 8 | 0xff;
}

template <typename Args>
Step set_immediate(Builder& b, const Args& a, uint64_t element, unsigned size) {
    return set_vector(b, a, simd::splat(b, element, size));
}

template <typename Args>
uint64_t shifted_immediate(const Args& a) {
    return uint64_t{imm8(a.abc, a.defgh)} << (8 * a.shift);
}

template <typename Args>
Step or_immediate(Builder& b, const Args& a, unsigned size) {
    const Value mask = simd::splat(b, shifted_immediate(a), size);
    return set_vector(b, a, b.vor(b.get_v(a.rd), mask));
}

template <typename Args>
Step clear_immediate(Builder& b, const Args& a, unsigned size) {
    const Value mask = simd::splat(b, ~shifted_immediate(a), size);
    return set_vector(b, a, b.vand(b.get_v(a.rd), mask));
}

}  // namespace

// Copy.

Step Lifter::lift_DUP_element(const Args_DUP_element& a) {
    return set_vector(b, a, b.vdup_lane(b.get_v(a.rn), copy_index(a.imm5), copy_size(a.imm5)));
}

Step Lifter::lift_DUP_element_s(const Args_DUP_element_s& a) {
    const unsigned size = copy_size(a.imm5);
    b.set_v(a.rd, b.vins_lane(b.vzero(), b.get_v(a.rn), 0, copy_index(a.imm5), size));
    return Step::next;
}

Step Lifter::lift_DUP_general(const Args_DUP_general& a) {
    return set_vector(b, a, b.vdup(general(b, a.rn), copy_size(a.imm5)));
}

Step Lifter::lift_INS_general(const Args_INS_general& a) {
    const Value d = b.get_v(a.rd);
    const Value n = general(b, a.rn);
    b.set_v(a.rd, b.vset_lane(d, n, copy_index(a.imm5), copy_size(a.imm5)));
    return Step::next;
}

Step Lifter::lift_INS_element(const Args_INS_element& a) {
    const unsigned size = copy_size(a.imm5);
    const Value d = b.get_v(a.rd);
    const Value n = b.get_v(a.rn);
    b.set_v(a.rd, b.vins_lane(d, n, copy_index(a.imm5), a.imm4 >> size, size));
    return Step::next;
}

Step Lifter::lift_UMOV(const Args_UMOV& a) {
    const Value v = b.vget_u(b.get_v(a.rn), copy_index(a.imm5), copy_size(a.imm5));
    return set_general(b, a.rd, true, v);
}

Step Lifter::lift_SMOV(const Args_SMOV& a) {
    const Value v = b.vget_s(b.get_v(a.rn), copy_index(a.imm5), copy_size(a.imm5));
    return set_general(b, a.rd, a.q, v);
}

// Permute, extract.

Step Lifter::lift_ZIP1(const Args_ZIP1& a) {
    return permute(b, a, [&](Value n, Value m) { return b.vzip1(n, m, a.size); });
}

Step Lifter::lift_ZIP2(const Args_ZIP2& a) { return zip2(b, a); }

Step Lifter::lift_UZP1(const Args_UZP1& a) {
    return unzip(b, a, [&](Value n, Value m) { return b.vuzp1(n, m, a.size); });
}

Step Lifter::lift_UZP2(const Args_UZP2& a) {
    return unzip(b, a, [&](Value n, Value m) { return b.vuzp2(n, m, a.size); });
}

Step Lifter::lift_TRN1(const Args_TRN1& a) {
    return permute(b, a, [&](Value n, Value m) { return b.vtrn1(n, m, a.size); });
}

Step Lifter::lift_TRN2(const Args_TRN2& a) {
    return permute(b, a, [&](Value n, Value m) { return b.vtrn2(n, m, a.size); });
}

Step Lifter::lift_EXT(const Args_EXT& a) {
    const Value n = b.get_v(a.rn);
    const Value m = b.get_v(a.rm);
    if (a.q) {
        b.set_v(a.rd, b.vext(n, m, a.imm4));
    } else {
        const Value joined = b.vzip1(n, m, 3);
        b.set_v(a.rd, b.vlow64(b.vext(joined, joined, a.imm4)));
    }
    return Step::next;
}

// Table lookup: out of range is zero for TBL, the old byte for TBX.

Step Lifter::lift_TBL(const Args_TBL& a) { return set_vector(b, a, table(b, a)); }

Step Lifter::lift_TBX(const Args_TBX& a) {
    const Value found = table(b, a);
    const Value last = simd::splat(b, 16 * (a.len + 1) - 1, 0);
    const Value outside = b.vcmhi(b.get_v(a.rm), last, 0);
    return set_vector(b, a, b.vbsl(outside, b.get_v(a.rd), found));
}

// Modified immediate.

Step Lifter::lift_MOVI_word(const Args_MOVI_word& a) {
    return set_immediate(b, a, shifted_immediate(a), 2);
}

Step Lifter::lift_MVNI_word(const Args_MVNI_word& a) {
    return set_immediate(b, a, ~shifted_immediate(a), 2);
}

Step Lifter::lift_ORR_imm_word(const Args_ORR_imm_word& a) { return or_immediate(b, a, 2); }

Step Lifter::lift_BIC_imm_word(const Args_BIC_imm_word& a) { return clear_immediate(b, a, 2); }

Step Lifter::lift_MOVI_half(const Args_MOVI_half& a) {
    return set_immediate(b, a, shifted_immediate(a), 1);
}

Step Lifter::lift_MVNI_half(const Args_MVNI_half& a) {
    return set_immediate(b, a, ~shifted_immediate(a), 1);
}

Step Lifter::lift_ORR_imm_half(const Args_ORR_imm_half& a) { return or_immediate(b, a, 1); }

Step Lifter::lift_BIC_imm_half(const Args_BIC_imm_half& a) { return clear_immediate(b, a, 1); }

Step Lifter::lift_MOVI_msl(const Args_MOVI_msl& a) {
    return set_immediate(b, a, expand_msl(imm8(a.abc, a.defgh), a.shift), 2);
}

Step Lifter::lift_MVNI_msl(const Args_MVNI_msl& a) {
    return set_immediate(b, a, ~expand_msl(imm8(a.abc, a.defgh), a.shift), 2);
}

Step Lifter::lift_MOVI_byte(const Args_MOVI_byte& a) {
    return set_immediate(b, a, imm8(a.abc, a.defgh), 0);
}

Step Lifter::lift_MOVI_double(const Args_MOVI_double& a) {
    return set_immediate(b, a, expand_bytes(imm8(a.abc, a.defgh)), 3);
}

Step Lifter::lift_FMOV_imm_single_v(const Args_FMOV_imm_single_v& a) {
    return set_immediate(b, a, expand_float(imm8(a.abc, a.defgh), 2), 2);
}

Step Lifter::lift_FMOV_imm_half_v(const Args_FMOV_imm_half_v& a) {
    return set_immediate(b, a, expand_float(imm8(a.abc, a.defgh), 1), 1);
}

Step Lifter::lift_FMOV_imm_double_v(const Args_FMOV_imm_double_v& a) {
    b.set_v(a.rd, simd::splat(b, expand_float(imm8(a.abc, a.defgh), 3), 3));
    return Step::next;
}

}  // namespace pydbt::a64
