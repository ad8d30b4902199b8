// Rounding to integral numbers, and conversions between formats and from and to integers.
//
// Owns: those ops, of scalars and vectors, of singles and doubles; halves are widened first
// (tier1_half.cpp has their vectors). Must not know: what Arm makes of NaNs and of numbers out of
// range, which are the exact helper's.
#include "translator/x64/tier1_float.hpp"

namespace pydbt::x64 {

// To nearest, ties away from zero: half of 2 x truncated, plus one of x's sign, truncated. All of
// it is exact, whatever the rounding mode, where 2 x + 1 is: below the least number whose unit
// is 1. r may be kScratch.
void Compiler::round_away(bool wide, Xmm r, Xmm x, Cold& c) {
    Mem whole = pool(wide ? power_double(52) : power_single(23), 0);
    a_.vandps(kScratch, x, pool(wide ? ~sign_bits(3) : ~uint64_t{1u << 31}, 0));
    wide ? a_.vmovsd(kScratch3, whole) : a_.vmovss(kScratch3, whole);
    wide ? a_.vucomisd(kScratch3, kScratch) : a_.vucomiss(kScratch3, kScratch);
    a_.jcc(Cond::be, c.entry);  // unordered too
    a_.vandps(kScratch3, x, pool(wide ? sign_bits(3) : 1u << 31, 0));
    a_.vorps(kScratch3, kScratch3, pool(wide ? power_double(0) : power_single(0), 0));
    wide ? a_.vaddsd(r, x, x) : a_.vaddss(r, x, x);
    wide ? a_.vroundsd(r, r, r, kTruncate) : a_.vroundss(r, r, r, kTruncate);
    wide ? a_.vaddsd(r, r, kScratch3) : a_.vaddss(r, r, kScratch3);
    Mem half = pool(wide ? power_double(-1) : power_single(-1), 0);
    wide ? a_.vmulsd(r, r, half) : a_.vmulss(r, r, half);
    wide ? a_.vroundsd(r, r, r, kTruncate) : a_.vroundss(r, r, r, kTruncate);
}

// The same of each lane; r is not kScratch.
void Compiler::round_lanes_away(bool wide, Xmm r, Xmm x, Cold& c) {
    auto all = [&](int power) {
        return wide ? pool(power_double(power), power_double(power))
                    : pool_singles(false, power_single(power));
    };
    const uint64_t sign = sign_bits(wide ? 3 : 2);
    a_.vandps(kScratch, x, pool(~sign, ~sign));
    Mem whole = all(wide ? 52 : 23);
    wide ? a_.vcmppd(kScratch, kScratch, whole, kNltUq)
         : a_.vcmpps(kScratch, kScratch, whole, kNltUq);
    leave_if_any(c);
    a_.vandps(kScratch, x, pool(sign, sign));
    a_.vorps(kScratch, kScratch, all(0));
    wide ? a_.vaddpd(r, x, x) : a_.vaddps(r, x, x);
    wide ? a_.vroundpd(r, r, kTruncate) : a_.vroundps(r, r, kTruncate);
    wide ? a_.vaddpd(r, r, kScratch) : a_.vaddps(r, r, kScratch);
    wide ? a_.vmulpd(r, r, all(-1)) : a_.vmulps(r, r, all(-1));
    wide ? a_.vroundpd(r, r, kTruncate) : a_.vroundps(r, r, kTruncate);
}

void Compiler::emit_frint(const Inst& i) {
    const bool exact = (i.flags & 1) != 0, away = i.imm == kAway;
    if (slow_fp() || (away && exact)) return by_helper(i);
    const uint8_t imm = away ? 0 : round_immediate(i.imm, exact);
    if (i.type == Type::f16) return half_round(i, false, imm);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (away) {
        Cold& c = float_cold(i, {a}, d);
        round_away(is_double(i.type), d, a, c);
        a_.bind(c.back);
        return define(i, d, clean_above(i.type, loc(i.args[0]).clean));
    }
    is_double(i.type) ? a_.vroundsd(d, a, a, imm) : a_.vroundss(d, a, a, imm);
    check_nan(i, d, {a});
    define(i, d, clean_above(i.type, loc(i.args[0]).clean));
}

void Compiler::emit_vfrint(const Inst& i) {
    const bool exact = (i.flags & 1) != 0, away = i.imm == kAway;
    if (slow_fp() || (away && exact)) return by_helper(i);
    const uint8_t imm = away ? 0 : round_immediate(i.imm, exact);
    if (i.size == 1) return half_round(i, true, imm);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (away) {
        Cold& c = float_cold(i, {a}, d);
        round_lanes_away(i.size == 3, d, a, c);
        a_.bind(c.back);
        return define(i, d);
    }
    i.size == 3 ? a_.vroundpd(d, a, imm) : a_.vroundps(d, a, imm);
    check_nan_lanes(i, d, {a});
    define(i, d);
}

// ---- between formats

void Compiler::emit_fcvt(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    Type from = type(i.args[0]);
    Xmm a = use_x(i.args[0]);
    uint8_t clean = loc(i.args[0]).clean;
    clobber_flags();
    Xmm d = alloc_xmm();
    if (i.type == Type::f16) {
        Cold& c = float_cold(i, {a}, d);
        if (is_double(from)) {
            a_.vpxor(kMover, kMover, kMover);
            a_.vcvtsd2ss(kMover, kMover, a);
            leave_if_rounded_twice(false, kMover, c);
            narrow_halves(false, d, kMover);
        } else {
            // Four singles are read.
            if (clean > 4) a_.vinsertps(kScratch, a, a, 0x0e);
            narrow_halves(false, d, clean > 4 ? kScratch : a);
            leave_if_least(false, d, c);
        }
        a_.bind(c.back);
        return define(i, d, 2);
    }
    if (from == Type::f16) {
        widen_half(d, i.args[0]);
        if (is_double(i.type)) a_.vcvtss2sd(d, d, d);
        check_nan(i, d, {a});
        return define(i, d, is_double(i.type) ? 8 : 4);
    }
    // The upper part comes from a: whole only where a's was.
    if (is_double(i.type)) {
        a_.vcvtss2sd(d, a, a);
        check_nan(i, d, {a});
    } else {
        a_.vcvtsd2ss(d, a, a);
        check_product(i, d, {a});
    }
    define(i, d, std::max<uint8_t>(clean, 8));
}

void Compiler::emit_vfcvtl(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    i.size == 1 ? a_.vcvtph2ps(d, a) : a_.vcvtps2pd(d, a);
    Cold& c = float_cold(i, {a}, d);
    leave_if_unordered(i.size == 2, d, d, c);
    a_.bind(c.back);
    define(i, d);
}

void Compiler::emit_vfcvtn(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (i.size == 1) {
        narrow_halves(false, d, a);
        Cold& c = float_cold(i, {a}, d);
        leave_if_least(false, d, c);
        a_.bind(c.back);
    } else {
        a_.vcvtpd2ps(d, a);
        check_product_lanes(i, d, {a});
    }
    define(i, d, 8);
}

// ---- scalars to and from integers

// Times 2^fbits, in kScratch2, where nothing overflows: halves as singles, singles as doubles,
// doubles that are not large.
void Compiler::scale_up(const Inst& i, int fbits, bool& wide, Xmm& a, Cold& c) {
    constexpr int kLarge = 900;
    if (type(i.args[0]) == Type::f16) {
        a_.vmulss(kScratch2, a, pool(power_single(fbits), 0));
    } else {
        if (wide) {
            a_.vandps(kScratch, a, pool(~sign_bits(3), 0));
            a_.vucomisd(kScratch, pool(power_double(kLarge), 0));
            a_.jcc(Cond::ae, c.entry);
        } else {
            a_.vcvtss2sd(kScratch2, a, a);
            a = kScratch2;
            wide = true;
        }
        a_.vmulsd(kScratch2, a, pool(power_double(fbits), 0));
    }
    a = kScratch2;
}

void Compiler::to_integer(const Inst& i, bool is_signed) {
    int64_t mode = i.imm & 0xff;
    auto fbits = static_cast<int>(i.imm >> 8);
    if (slow_fp() || (mode == kAway && fbits != 0)) return by_helper(i);
    Type from = type(i.args[0]);
    bool wide = is_double(from);
    Size size = size_of(i.type);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    Cold& c = float_cold(i, {a});
    c.gp_result = true;
    c.size = size;
    c.reg[3] = static_cast<uint8_t>(d);
    if (from == Type::f16) {
        widen_half(kScratch2, i.args[0]);
        a = kScratch2;
    }
    if (fbits != 0) scale_up(i, fbits, wide, a, c);
    Xmm r = a;
    if (mode != kToZero) {
        r = kScratch;
        if (mode == kAway) {
            round_away(wide, r, a, c);
        } else {
            uint8_t imm = round_immediate(mode, false);
            wide ? a_.vroundsd(r, a, a, imm) : a_.vroundss(r, a, a, imm);
        }
    }
    is_signed ? truncate_signed(size, wide, d, r, c) : truncate_unsigned(size, wide, d, r, c);
    // For Inexact, which the quiet rounding did not raise.
    if (mode != kToZero) {
        if (is_signed || !avx512()) {
            wide ? a_.vcvttsd2si(Size::b64, Gp::rax, a) : a_.vcvttss2si(Size::b64, Gp::rax, a);
        } else {
            wide ? a_.vcvttsd2usi(size, Gp::rax, a) : a_.vcvttss2usi(size, Gp::rax, a);
        }
    }
    a_.bind(c.back);
    define(i, d, size == Size::b32);
}

// The integer indefinite value: out of range, or the least number itself.
void Compiler::truncate_signed(Size size, bool wide, Gp d, Xmm r, Cold& c) {
    wide ? a_.vcvttsd2si(size, d, r) : a_.vcvttss2si(size, d, r);
    a_.cmp(size, d, 1);
    a_.jcc(Cond::o, c.entry);
}

void Compiler::truncate_unsigned(Size size, bool wide, Gp d, Xmm r, Cold& c) {
    if (avx512()) {
        // All ones: out of range, or the greatest number itself.
        wide ? a_.vcvttsd2usi(size, d, r) : a_.vcvttss2usi(size, d, r);
        a_.cmp(size, d, -1);
        return a_.jcc(Cond::e, c.entry);
    }
    // Within (-1, 2^63) or (-1, 2^32) truncation is right; the rest is the helper's.
    int high = size == Size::b64 ? 63 : 32;
    auto compare = [&](uint64_t single, uint64_t number) {
        wide ? a_.vucomisd(r, pool(number, 0)) : a_.vucomiss(r, pool(single, 0));
    };
    compare(power_single(0) | 1u << 31, power_double(0) | uint64_t{1} << 63);
    a_.jcc(Cond::be, c.entry);  // unordered too
    compare(power_single(high), power_double(high));
    a_.jcc(Cond::ae, c.entry);
    wide ? a_.vcvttsd2si(Size::b64, d, r) : a_.vcvttss2si(Size::b64, d, r);
}

void Compiler::emit_fcvt_s(const Inst& i) { to_integer(i, true); }
void Compiler::emit_fcvt_u(const Inst& i) { to_integer(i, false); }

void Compiler::emit_fcvt_js(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    Cold& c = float_cold(i, {a});
    c.gp_result = true;
    c.size = Size::b32;
    c.reg[3] = static_cast<uint8_t>(d);
    truncate_signed(Size::b32, true, d, a, c);
    a_.bind(c.back);
    define(i, d, true);
}

// Integers that a single does not have are infinite as halves, or the greatest one, whether they
// are rounded once or twice. Products with 2^-64 are normal numbers of the wider formats.
void Compiler::from_integer(const Inst& i, bool is_signed) {
    auto fbits = static_cast<int>(i.imm);
    bool half = i.type == Type::f16, wide = is_double(i.type);
    if (slow_fp() || (half && fbits != 0)) return by_helper(i);
    Type from = type(i.args[0]);
    Gp s = use(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    a_.vpxor(d, d, d);
    Size size = size_of(from);
    Cold* c = nullptr;
    if (!is_signed && avx512()) {
        wide ? a_.vcvtusi2sd(size, d, d, s) : a_.vcvtusi2ss(size, d, d, s);
    } else {
        if (!is_signed && size == Size::b64) {
            // From 2^63 on there is no instruction.
            c = &float_cold(i, {}, d);
            c->gp_operand = true;
            c->reg[0] = static_cast<uint8_t>(s);
            a_.test(size, s, s);
            a_.jcc(Cond::s, c->entry);
        } else if (!is_signed) {
            a_.mov(Size::b32, Gp::rax, s);
            s = Gp::rax;
            size = Size::b64;
        }
        wide ? a_.vcvtsi2sd(size, d, d, s) : a_.vcvtsi2ss(size, d, d, s);
    }
    if (fbits != 0) {
        wide ? a_.vmulsd(d, d, pool(power_double(-fbits), 0))
             : a_.vmulss(d, d, pool(power_single(-fbits), 0));
    }
    if (half) narrow_halves(false, d, d);
    if (c != nullptr) a_.bind(c->back);
    define(i, d, static_cast<uint8_t>(ir::bits(i.type) / 8));
}
void Compiler::emit_s_cvt_f(const Inst& i) { from_integer(i, true); }
void Compiler::emit_u_cvt_f(const Inst& i) { from_integer(i, false); }

// ---- vectors to and from integers

// Jumps out of line unless low < r < high in all lanes.
void Compiler::leave_unless_between(bool wide, Xmm r, uint64_t low, uint64_t high, Cold& c) {
    if (wide) {
        a_.vcmppd(kScratch, r, pool(low, low), kNgtUq);
        a_.vcmppd(kScratch3, r, pool(high, high), kNltUq);
    } else {
        a_.vcmpps(kScratch, r, pool(low, low), kNgtUq);
        a_.vcmpps(kScratch3, r, pool(high, high), kNltUq);
    }
    a_.vorps(kScratch, kScratch, kScratch3);
    leave_if_any(c);
}

// Times 2^fbits, in kScratch2, of numbers that are not large.
void Compiler::scale_lanes_up(bool wide, int fbits, Xmm& a, Cold& c) {
    constexpr int kLargeSingle = 90, kLargeDouble = 900;
    uint64_t rest = ~sign_bits(wide ? 3 : 2);
    a_.vandps(kScratch, a, pool(rest, rest));
    if (wide) {
        uint64_t large = power_double(kLargeDouble), factor = power_double(fbits);
        a_.vcmppd(kScratch, kScratch, pool(large, large), kNltUq);
        leave_if_any(c);
        a_.vmulpd(kScratch2, a, pool(factor, factor));
    } else {
        a_.vcmpps(kScratch, kScratch, pool_singles(false, power_single(kLargeSingle)), kNltUq);
        leave_if_any(c);
        a_.vmulps(kScratch2, a, pool_singles(false, power_single(fbits)));
    }
    a = kScratch2;
}

void Compiler::to_integers(const Inst& i, bool is_signed) {
    int64_t mode = i.imm & 0xff;
    auto fbits = static_cast<int>(i.imm >> 8);
    if (slow_fp() || (mode == kAway && fbits != 0)) return by_helper(i);
    if (i.size == 1) return half_to_integers(i, is_signed);
    bool wide = i.size == 3;
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold& c = float_cold(i, {a}, d);
    if (fbits != 0) scale_lanes_up(wide, fbits, a, c);
    Xmm r = a;
    if (mode != kToZero) {
        r = kMover;
        if (mode == kAway) {
            round_lanes_away(wide, r, a, c);
        } else {
            uint8_t imm = round_immediate(mode, false);
            wide ? a_.vroundpd(r, a, imm) : a_.vroundps(r, a, imm);
        }
    }
    wide ? doubles_to_integers(is_signed, d, r, c) : singles_to_integers(is_signed, d, r, c);
    if (mode != kToZero) raise_inexact(wide, r, a);
    a_.bind(c.back);
    define(i, d);
}
void Compiler::emit_vfcvt_s(const Inst& i) { to_integers(i, true); }
void Compiler::emit_vfcvt_u(const Inst& i) { to_integers(i, false); }

// Inexact where r, which a was rounded to quietly, is not a: as the rounding that tells.
void Compiler::raise_inexact(bool wide, Xmm r, Xmm a) {
    uint8_t imm = round_immediate(kToZero, true);
    wide ? a_.vroundpd(r, a, imm) : a_.vroundps(r, a, imm);
}

// As with scalars; AVX2 has only signed integers.
void Compiler::singles_to_integers(bool is_signed, Xmm d, Xmm r, Cold& c) {
    uint32_t indefinite = 0x80000000;
    if (is_signed) {
        a_.vcvttps2dq(d, r);
    } else if (avx512()) {
        a_.vcvttps2udq(d, r);
        indefinite = 0xffffffff;
    } else {
        uint64_t minus_one = power_single(0) | 1u << 31, high = power_single(31);
        leave_unless_between(false, r, minus_one << 32 | minus_one, high << 32 | high, c);
        return a_.vcvttps2dq(d, r);
    }
    a_.vpcmpeqd(kScratch, d, pool_singles(false, indefinite));
    leave_if_any(c);
}

void Compiler::doubles_to_integers(bool is_signed, Xmm d, Xmm r, Cold& c) {
    if (avx512()) {
        uint64_t indefinite = is_signed ? uint64_t{1} << 63 : ~uint64_t{0};
        is_signed ? a_.vcvttpd2qq(d, r) : a_.vcvttpd2uqq(d, r);
        a_.vpcmpeqq(kScratch, d, pool(indefinite, indefinite));
        return leave_if_any(c);
    }
    uint64_t sign = uint64_t{1} << 63, low = sign | power_double(is_signed ? 63 : 0);
    leave_unless_between(true, r, low, power_double(63), c);
    a_.vcvttsd2si(Size::b64, Gp::rax, r);
    a_.vpunpckhqdq(kScratch, r, r);
    a_.vcvttsd2si(Size::b64, Gp::rcx, kScratch);
    a_.vmovq(d, Gp::rax);
    a_.vpinsrq(d, d, Gp::rcx, 1);
}

void Compiler::from_integers(const Inst& i, bool is_signed) {
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_from_integers(i, is_signed);
    bool wide = i.size == 3;
    auto fbits = static_cast<int>(i.imm);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    Cold* c = nullptr;
    if (!is_signed && !avx512()) {
        c = &float_cold(i, {a}, d);
        a_.vptest(a, pool(sign_bits(i.size), sign_bits(i.size)));
        a_.jcc(Cond::ne, c->entry);
        is_signed = true;
    }
    if (!wide) {
        is_signed ? a_.vcvtdq2ps(d, a) : a_.vcvtudq2ps(d, a);
    } else if (avx512()) {
        is_signed ? a_.vcvtqq2pd(d, a) : a_.vcvtuqq2pd(d, a);
    } else {
        a_.vmovq(Gp::rax, a);
        a_.vpextrq(Gp::rcx, a, 1);
        a_.vpxor(kScratch, kScratch, kScratch);
        a_.vcvtsi2sd(Size::b64, d, kScratch, Gp::rax);
        a_.vcvtsi2sd(Size::b64, kScratch, kScratch, Gp::rcx);
        a_.vpunpcklqdq(d, d, kScratch);
    }
    if (fbits != 0) {
        uint64_t factor = power_double(-fbits);
        wide ? a_.vmulpd(d, d, pool(factor, factor))
             : a_.vmulps(d, d, pool_singles(false, power_single(-fbits)));
    }
    if (c != nullptr) a_.bind(c->back);
    define(i, d);
}
void Compiler::emit_vs_cvt_f(const Inst& i) { from_integers(i, true); }
void Compiler::emit_vu_cvt_f(const Inst& i) { from_integers(i, false); }

}  // namespace pydbt::x64
