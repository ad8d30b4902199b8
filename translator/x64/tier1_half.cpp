// Floating point of halves: as singles, to which F16C converts eight at a time.
//
// Owns: their arithmetic, why rounding twice is exact, and where it is not. Must not know: Arm's
// rules for NaNs (base/softfloat.cpp).
//
// A single has more than twice a half's precision and two bits, so that a sum, difference, product,
// quotient or root rounded to a single and then to a half is what one rounding gives; inexact is
// what either says. No single computed from two halves is tiny. Fused products and conversions of
// doubles are looked at (leave_if_rounded_twice). docs/decisions/0012 has the proofs.
#include "translator/x64/tier1_float.hpp"

namespace pydbt::x64 {
namespace {

constexpr uint8_t kByMxcsr = 4;                 // vcvtps2ph's rounding
constexpr uint32_t kRest = 0x7fffffff;          // all but a single's sign
constexpr uint32_t kLeast = power_single(-14);  // the least normal half as a single

}  // namespace

Mem Compiler::pool_singles(bool eight, uint32_t bits) {
    uint64_t both = uint64_t{bits} << 32 | bits;
    return eight ? pool_wide(both) : pool(both, both);
}

// Two words become quadwords: halves 1 to 3 of what vcvtph2ps reads are 0.
void Compiler::widen_half(Xmm d, Value v) {
    Xmm s = use_x(v);
    if (loc(v).clean > 2) {
        a_.vpmovzxwq(d, s);
        s = d;
    }
    a_.vcvtph2ps(d, s);
}

void Compiler::narrow_halves(bool eight, Xmm d, Xmm singles) {
    eight ? a_.vcvtps2ph_y(d, singles, kByMxcsr) : a_.vcvtps2ph(d, singles, kByMxcsr);
}

void Compiler::leave_if_nan(bool eight, Xmm singles, Cold& c) {
    if (!eight) {
        a_.vucomiss(singles, singles);
        return a_.jcc(Cond::p, c.entry);
    }
    a_.vcmpps_y(kScratch, singles, singles, kUnordered);
    a_.vptest_y(kScratch, kScratch);
    a_.jcc(Cond::ne, c.entry);
}

void Compiler::leave_if_least(bool eight, Xmm halves, Cold& c) {
    eight ? a_.vcvtph2ps_y(kScratch, halves) : a_.vcvtph2ps(kScratch, halves);
    if (!eight) {
        a_.vandps(kScratch, kScratch, pool_singles(false, kRest));
        a_.vcmpps(kScratch, kScratch, pool_singles(false, kLeast), kEqUq);
        a_.vptest(kScratch, kScratch);
    } else {
        a_.vandps_y(kScratch, kScratch, pool_singles(true, kRest));
        a_.vcmpps_y(kScratch, kScratch, pool_singles(true, kLeast), kEqUq);
        a_.vptest_y(kScratch, kScratch);
    }
    a_.jcc(Cond::ne, c.entry);
}

// Exactly between two halves the single may be so by its own rounding; up to the least normal half
// the places between differ, and the exact number decides about underflow. Zeros are zeros. To be
// looked at before halves are made, which would tell of an overflow.
void Compiler::leave_if_rounded_twice(bool eight, Xmm singles, Cold& c) {
    constexpr uint8_t kKept = 19;  // the 13 bits that a half lacks, in front
    constexpr uint32_t kBetween = 0x80000000;
    if (!eight) {
        a_.vandps(kScratch, singles, pool_singles(false, kRest));
        a_.vcmpps(kScratch2, kScratch, pool_singles(false, kLeast), kNgtUq);
        a_.vpslld(kScratch3, singles, kKept);
        a_.vpcmpeqd(kScratch3, kScratch3, pool_singles(false, kBetween));
        a_.vpor(kScratch2, kScratch2, kScratch3);
        a_.vptest(kScratch2, kScratch);
    } else {
        a_.vandps_y(kScratch, singles, pool_singles(true, kRest));
        a_.vcmpps_y(kScratch2, kScratch, pool_singles(true, kLeast), kNgtUq);
        a_.vpslld_y(kScratch3, singles, kKept);
        a_.vpcmpeqd_y(kScratch3, kScratch3, pool_singles(true, kBetween));
        a_.vpor_y(kScratch2, kScratch2, kScratch3);
        a_.vptest_y(kScratch2, kScratch);
    }
    a_.jcc(Cond::ne, c.entry);
}

// ---- arithmetic

void Compiler::half_scalar(const Inst& i, Scalar op, bool product) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    widen_half(kScratch2, i.args[0]);
    widen_half(kScratch, i.args[1]);
    (a_.*op)(kScratch2, kScratch2, kScratch);
    narrow_halves(false, d, kScratch2);
    Cold& c = float_cold(i, {a, b}, d);
    product ? leave_if_least(false, d, c) : leave_if_nan(false, kScratch2, c);
    a_.bind(c.back);
    define(i, d, 2);
}

void Compiler::half_packed(const Inst& i, Scalar op, bool product) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    a_.vcvtph2ps_y(kScratch2, a);
    a_.vcvtph2ps_y(kScratch, b);
    (a_.*op)(kScratch2, kScratch2, kScratch);
    narrow_halves(true, d, kScratch2);
    Cold& c = float_cold(i, {a, b}, d);
    product ? leave_if_least(true, d, c) : leave_if_nan(true, kScratch2, c);
    a_.bind(c.back);
    define(i, d);
}

void Compiler::half_sqrt(const Inst& i, bool eight) {
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (eight) {
        a_.vcvtph2ps_y(kScratch2, a);
        a_.vsqrtps_y(kScratch2, kScratch2);
    } else {
        widen_half(kScratch2, i.args[0]);
        a_.vsqrtss(kScratch2, kScratch2, kScratch2);
    }
    narrow_halves(eight, d, kScratch2);
    Cold& c = float_cold(i, {a}, d);
    leave_if_nan(eight, kScratch2, c);
    a_.bind(c.back);
    define(i, d, eight ? 16 : 2);
}

void Compiler::half_fused(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]), addend = use_x(i.args[2]);
    clobber_flags();
    Xmm d = alloc_xmm();
    widen_half(kScratch, i.args[0]);
    widen_half(kScratch2, i.args[1]);
    widen_half(kMover, i.args[2]);
    fused(i.imm, false, kMover, kScratch, kScratch2);
    Cold& c = float_cold(i, {a, b, addend}, d);
    leave_if_rounded_twice(false, kMover, c);
    narrow_halves(false, d, kMover);
    a_.bind(c.back);
    define(i, d, 2);
}

void Compiler::half_fused_lanes(const Inst& i) {
    Xmm addend = use_x(i.args[0]), a = use_x(i.args[1]), b = use_x(i.args[2]);
    clobber_flags();
    Xmm d = alloc_xmm();
    a_.vcvtph2ps_y(kScratch, a);
    a_.vcvtph2ps_y(kScratch2, b);
    a_.vcvtph2ps_y(kMover, addend);
    i.imm != 0 ? a_.vfnmadd231ps_y(kMover, kScratch, kScratch2)
               : a_.vfmadd231ps_y(kMover, kScratch, kScratch2);
    Cold& c = float_cold(i, {addend, a, b}, d);
    leave_if_rounded_twice(true, kMover, c);
    narrow_halves(true, d, kMover);
    a_.bind(c.back);
    define(i, d);
}

// As those of singles (tier1_float.cpp). NaNs are looked for first: what follows raises Invalid
// Operation for quiet ones.
void Compiler::half_min_max(const Inst& i, bool is_min, bool eight) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a, b}, d);
    uint8_t kind = is_min ? kRangeMin : kRangeMax;
    if (!eight) {
        Scalar op = is_min ? static_cast<Scalar>(&Assembler::vminss)
                           : static_cast<Scalar>(&Assembler::vmaxss);
        widen_half(kScratch2, i.args[0]);
        widen_half(kScratch3, i.args[1]);
        a_.vucomiss(kScratch2, kScratch3);
        a_.jcc(Cond::p, c.entry);
        if (avx512()) {
            a_.vrangess(kScratch2, kScratch2, kScratch3, kind);
        } else {
            (a_.*op)(kScratch, kScratch2, kScratch3);
            (a_.*op)(kScratch2, kScratch3, kScratch2);
            is_min ? a_.vorps(kScratch2, kScratch2, kScratch)
                   : a_.vandps(kScratch2, kScratch2, kScratch);
        }
    } else {
        Scalar op = is_min ? static_cast<Scalar>(&Assembler::vminps_y)
                           : static_cast<Scalar>(&Assembler::vmaxps_y);
        a_.vcvtph2ps_y(kScratch2, a);
        a_.vcvtph2ps_y(kScratch3, b);
        a_.vcmpps_y(kScratch, kScratch2, kScratch3, kUnordered);
        a_.vptest_y(kScratch, kScratch);
        a_.jcc(Cond::ne, c.entry);
        if (avx512()) {
            a_.vrangeps_y(kScratch2, kScratch2, kScratch3, kind);
        } else {
            (a_.*op)(kScratch, kScratch2, kScratch3);
            (a_.*op)(kScratch2, kScratch3, kScratch2);
            is_min ? a_.vorps_y(kScratch2, kScratch2, kScratch)
                   : a_.vandps_y(kScratch2, kScratch2, kScratch);
        }
    }
    narrow_halves(eight, d, kScratch2);
    a_.bind(c.back);
    define(i, d, eight ? 16 : 2);
}

// Masks of singles are packed to masks of halves.
void Compiler::half_compare(const Inst& i, uint8_t predicate) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    a_.vcvtph2ps_y(kScratch, a);
    a_.vcvtph2ps_y(kScratch2, b);
    a_.vcmpps_y(kScratch, kScratch, kScratch2, predicate);
    a_.vextracti128(kScratch2, kScratch, 1);
    a_.vpackssdw(d, kScratch, kScratch2);
}

// ---- conversions

void Compiler::half_round(const Inst& i, bool eight, uint8_t immediate) {
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (eight) {
        a_.vcvtph2ps_y(kScratch2, a);
    } else {
        widen_half(kScratch2, i.args[0]);
    }
    if (i.imm == kAway) {
        round_halves_away(kScratch2, kScratch2);
    } else if (eight) {
        a_.vroundps_y(kScratch2, kScratch2, immediate);
    } else {
        a_.vroundss(kScratch2, kScratch2, kScratch2, immediate);
    }
    narrow_halves(eight, d, kScratch2);
    Cold& c = float_cold(i, {a}, d);
    leave_if_nan(eight, kScratch2, c);
    a_.bind(c.back);
    define(i, d, eight ? 16 : 2);
}

// As round_lanes_away(), of numbers of which all sums with one are exact. Infinity stays.
void Compiler::round_halves_away(Xmm r, Xmm x) {
    a_.vandps_y(kScratch, x, pool_singles(true, ~kRest));
    a_.vorps_y(kScratch, kScratch, pool_singles(true, power_single(0)));
    a_.vaddps_y(r, x, x);
    a_.vroundps_y(r, r, kTruncate);
    a_.vaddps_y(r, r, kScratch);
    a_.vmulps_y(r, r, pool_singles(true, power_single(-1)));
    a_.vroundps_y(r, r, kTruncate);
}

// A half outside of 16 bits is an integer, and so are its multiples: only unsigned results may be
// out of range and inexact, when x86 would tell of both.
void Compiler::half_to_integers(const Inst& i, bool is_signed) {
    constexpr uint32_t kUpper = 0xffff0000, kMinusOne = 0xbf800000, kToUnsigned = 0x8000;
    auto fbits = static_cast<int>(i.imm >> 8);
    int64_t mode = i.imm & 0xff;
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a}, d);
    a_.vcvtph2ps_y(kScratch2, a);
    if (fbits != 0) a_.vmulps_y(kScratch2, kScratch2, pool_singles(true, power_single(fbits)));
    Xmm r = kScratch2;
    if (mode != kToZero) {
        r = kMover;
        if (mode == kAway) {
            round_halves_away(r, kScratch2);
        } else {
            a_.vroundps_y(r, kScratch2, round_immediate(mode, false));
        }
    }
    if (!is_signed) {
        a_.vcmpps_y(kScratch, r, pool_singles(true, kMinusOne), kNgtUq);
        a_.vptest_y(kScratch, kScratch);
        a_.jcc(Cond::ne, c.entry);
    }
    a_.vcvttps2dq_y(kScratch3, r);
    Xmm checked = kScratch3;
    if (is_signed) {
        checked = kScratch;
        a_.vpaddd_y(kScratch, kScratch3, pool_singles(true, kToUnsigned));
    }
    a_.vptest_y(checked, pool_singles(true, kUpper));
    a_.jcc(Cond::ne, c.entry);
    if (mode != kToZero) a_.vcvttps2dq_y(kScratch, kScratch2);  // raises Inexact
    a_.vextracti128(kScratch, kScratch3, 1);
    is_signed ? a_.vpackssdw(d, kScratch3, kScratch) : a_.vpackusdw(d, kScratch3, kScratch);
    a_.bind(c.back);
    define(i, d);
}

// A product with 2^-16 is no smaller than what halves have.
void Compiler::half_from_integers(const Inst& i, bool is_signed) {
    Xmm a = use_x(i.args[0]);
    Xmm d = alloc_xmm();
    is_signed ? a_.vpmovsxwd_y(kScratch, a) : a_.vpmovzxwd_y(kScratch, a);
    a_.vcvtdq2ps_y(kScratch, kScratch);
    auto fbits = static_cast<int>(i.imm);
    if (fbits != 0) a_.vmulps_y(kScratch, kScratch, pool_singles(true, power_single(-fbits)));
    narrow_halves(true, d, kScratch);
    define(i, d);
}

}  // namespace pydbt::x64
