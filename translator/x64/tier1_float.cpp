// Floating point: native arithmetic under the guest's MXCSR, with the exact helper out of line for
// what x86 does differently (NaNs), and for everything when FPCR asks for modes that x86 does not
// have.
//
// Owns: scalar and packed arithmetic of singles and doubles. Must not know: Arm's rules for NaNs
// (base/softfloat.cpp), halves (tier1_half.cpp).
#include "translator/x64/tier1_float.hpp"

#include "translator/ir/float_op.hpp"

namespace pydbt::x64 {
namespace {

// The least normal numbers.
constexpr uint64_t kLeastSingle = 0x00800000, kLeastDouble = 0x0010000000000000;

}  // namespace

Cold& Compiler::float_cold(const Inst& i, std::initializer_list<Xmm> operands, Xmm result) {
    Cold& c = cold(Cold::float_op);
    c.target = ir::pack_op(i, type(i.args[0]));
    unsigned n = 0;
    for (Xmm r : operands) c.reg[n++] = static_cast<uint8_t>(r);
    if (result != Xmm::none) c.reg[3] = static_cast<uint8_t>(result);
    for (unsigned r = 0; r < 16; r++) {
        if (gp_[r] != kNone && (kGpCallerSaved & bit(r)) != 0) c.live_gp |= bit(r);
        if (xmm_[r] != kNone) c.live_xmm |= bit(r);
    }
    return c;
}

void Compiler::check_nan(const Inst& i, Xmm result, std::initializer_list<Xmm> operands) {
    if (is_double(i.type)) {
        a_.vucomisd(result, result);
    } else {
        a_.vucomiss(result, result);
    }
    Cold& c = float_cold(i, operands, result);
    a_.jcc(Cond::p, c.entry);
    a_.bind(c.back);
}

// The sign is cleared first: equal to the least normal number, or unordered.
void Compiler::check_product(const Inst& i, Xmm result, std::initializer_list<Xmm> operands) {
    const bool wide = is_double(i.type);
    a_.vandps(kScratch, result, pool(wide ? ~(uint64_t{1} << 63) : 0x7fffffff, 0));
    Mem least = pool(wide ? kLeastDouble : kLeastSingle, 0);
    wide ? a_.vucomisd(kScratch, least) : a_.vucomiss(kScratch, least);
    Cold& c = float_cold(i, operands, result);
    a_.jcc(Cond::e, c.entry);
    a_.bind(c.back);
}

void Compiler::check_product_lanes(const Inst& i, Xmm result, std::initializer_list<Xmm> operands) {
    Cold& c = float_cold(i, operands, result);
    leave_if_least_lanes(i.size == 3, result, c);
    a_.bind(c.back);
}

void Compiler::leave_if_least_lanes(bool wide, Xmm result, Cold& c) {
    const uint64_t rest = ~sign_bits(wide ? 3 : 2);
    const uint64_t least = wide ? kLeastDouble : kLeastSingle << 32 | kLeastSingle;
    a_.vandps(kScratch, result, pool(rest, rest));
    Mem m = pool(least, least);
    wide ? a_.vcmppd(kScratch, kScratch, m, kEqUq) : a_.vcmpps(kScratch, kScratch, m, kEqUq);
    leave_if_any(c);
}

void Compiler::leave_if_any(Cold& c) {
    a_.vptest(kScratch, kScratch);
    a_.jcc(Cond::ne, c.entry);
}

// A mask register instead of kScratch is no faster (decision 9).
void Compiler::leave_if_unordered(bool wide, Xmm a, Xmm b, Cold& c) {
    wide ? a_.vcmppd(kScratch, a, b, kUnordered) : a_.vcmpps(kScratch, a, b, kUnordered);
    leave_if_any(c);
}

void Compiler::check_nan_lanes(const Inst& i, Xmm result, std::initializer_list<Xmm> operands) {
    Cold& c = float_cold(i, operands, result);
    leave_if_unordered(i.size == 3, result, result, c);
    a_.bind(c.back);
}

// ---- scalars

void Compiler::scalar(const Inst& i, Scalar f32, Scalar f64, Check check) {
    if (slow_fp()) return by_helper(i);
    if (i.type == Type::f16) return half_scalar(i, f32, check == &Compiler::check_product);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    uint8_t clean = clean_above(i.type, loc(i.args[0]).clean);
    clobber_flags();
    Xmm d = alloc_xmm();
    (a_.*(is_double(i.type) ? f64 : f32))(d, a, b);
    (this->*check)(i, d, {a, b});
    define(i, d, clean);
}
void Compiler::emit_fadd(const Inst& i) {
    scalar(i, &Assembler::vaddss, &Assembler::vaddsd, &Compiler::check_nan);
}
void Compiler::emit_fsub(const Inst& i) {
    scalar(i, &Assembler::vsubss, &Assembler::vsubsd, &Compiler::check_nan);
}
void Compiler::emit_fmul(const Inst& i) {
    scalar(i, &Assembler::vmulss, &Assembler::vmulsd, &Compiler::check_product);
}
void Compiler::emit_fdiv(const Inst& i) {
    scalar(i, &Assembler::vdivss, &Assembler::vdivsd, &Compiler::check_nan);
}

void Compiler::emit_fsqrt(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    if (i.type == Type::f16) return half_sqrt(i, false);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (is_double(i.type)) {
        a_.vsqrtsd(d, a, a);
    } else {
        a_.vsqrtss(d, a, a);
    }
    check_nan(i, d, {a});
    define(i, d, clean_above(i.type, loc(i.args[0]).clean));
}

// d += a * b, the product or d negated before. No sum is rounded after its sign is changed.
void Compiler::fused(int64_t negate, bool wide, Xmm d, Xmm a, Xmm b) {
    switch (negate) {
        case 0: return wide ? a_.vfmadd231sd(d, a, b) : a_.vfmadd231ss(d, a, b);
        case 1: return wide ? a_.vfnmadd231sd(d, a, b) : a_.vfnmadd231ss(d, a, b);
        case 2: return wide ? a_.vfmsub231sd(d, a, b) : a_.vfmsub231ss(d, a, b);
        default: return wide ? a_.vfnmsub231sd(d, a, b) : a_.vfnmsub231ss(d, a, b);
    }
}
void Compiler::emit_fmadd(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    if (i.type == Type::f16) return half_fused(i);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]), c = use_x(i.args[2]);
    clobber_flags();
    Xmm d = alloc_xmm();
    a_.vmovaps(d, c);
    fused(i.imm, is_double(i.type), d, a, b);
    check_product(i, d, {a, b, c});
    define(i, d, clean_above(i.type, loc(i.args[2]).clean));
}

// Equal operands are the same number, or zeros, whose signs combine: max ands them, min ors them;
// AVX2 does so out of line. vrange knows that -0 is less than +0.
void Compiler::min_max(const Inst& i, bool is_min) {
    if (slow_fp()) return by_helper(i);
    if (i.type == Type::f16) return half_min_max(i, is_min, false);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    bool wide = is_double(i.type);
    wide ? a_.vucomisd(a, b) : a_.vucomiss(a, b);
    auto exact = static_cast<uint32_t>(cold_.size());
    float_cold(i, {a, b}, d);
    if (avx512()) {
        a_.jcc(Cond::p, cold_[exact].entry);
        uint8_t kind = is_min ? kRangeMin : kRangeMax;
        wide ? a_.vrangesd(d, a, b, kind) : a_.vrangess(d, a, b, kind);
    } else {
        Cold& equal = cold(Cold::equal);
        equal.exit = exact;
        equal.is_min = is_min;
        std::copy_n(cold_[exact].reg, std::size(equal.reg), equal.reg);
        a_.jcc(Cond::e, equal.entry);  // unordered too
        if (is_min) {
            wide ? a_.vminsd(d, a, b) : a_.vminss(d, a, b);
        } else {
            wide ? a_.vmaxsd(d, a, b) : a_.vmaxss(d, a, b);
        }
        a_.bind(equal.back);
    }
    a_.bind(cold_[exact].back);
    uint8_t clean = std::max(loc(i.args[0]).clean, loc(i.args[1]).clean);
    define(i, d, clean_above(i.type, clean));
}
void Compiler::emit_fmin(const Inst& i) { min_max(i, true); }
void Compiler::emit_fmax(const Inst& i) { min_max(i, false); }
void Compiler::emit_fminnm(const Inst& i) { min_max(i, true); }
void Compiler::emit_fmaxnm(const Inst& i) { min_max(i, false); }

void Compiler::sign_mask(const Inst& i, bool absolute) {
    Xmm a = use_x(i.args[0]);
    unsigned width = ir::bits(i.type);
    uint64_t sign = uint64_t{1} << (width - 1);
    Xmm d = alloc_xmm();
    if (absolute) {
        a_.vpand(d, a, pool(sign - 1, 0));
    } else {
        a_.vpxor(d, a, pool(sign, 0));
    }
    uint8_t clean = clean_above(i.type, loc(i.args[0]).clean);
    if (absolute) clean = static_cast<uint8_t>(width / 8);
    define(i, d, clean);
}
void Compiler::emit_fneg(const Inst& i) { sign_mask(i, false); }
void Compiler::emit_fabs(const Inst& i) { sign_mask(i, true); }

void Compiler::float_compare(const Inst& i, bool signalling) {
    Type t = type(i.args[0]);
    if (slow_fp()) return by_helper(i);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    if (t == Type::f16) {
        widen_half(kScratch, i.args[0]);
        widen_half(kScratch2, i.args[1]);
        a = kScratch;
        b = kScratch2;
    }
    if (is_double(t)) {
        signalling ? a_.vcomisd(a, b) : a_.vucomisd(a, b);
    } else {
        signalling ? a_.vcomiss(a, b) : a_.vucomiss(a, b);
    }
    define_flags(at(i), FlagsMode::fcmp);
}
void Compiler::emit_fcmp_flags(const Inst& i) { float_compare(i, false); }
void Compiler::emit_fcmpe_flags(const Inst& i) { float_compare(i, true); }

// ---- moves between classes

void Compiler::emit_bitcast(const Inst& i) {
    bool to_xmm = locs_[at(i)].is_xmm, from_xmm = loc(i.args[0]).is_xmm;
    bool wide = ir::bits(i.type) == 64;
    if (to_xmm == from_xmm) return alias(i, i.args[0]);
    if (to_xmm) {
        Gp s = use(i.args[0]);
        Xmm d = alloc_xmm();
        wide ? a_.vmovq(d, s) : a_.vmovd(d, s);
        return define(i, d, wide ? 8 : 4);
    }
    if (in_memory(i.args[0]) && (wide || ir::bits(type(i.args[0])) == 32)) {
        Gp d = alloc_gp();
        a_.mov(wide ? Size::b64 : Size::b32, d, memory_of(loc(i.args[0])));
        return define(i, d, !wide);
    }
    Xmm s = use_x(i.args[0]);
    Gp d = alloc_gp();
    wide ? a_.vmovq(d, s) : a_.vmovd(d, s);
    define(i, d, !wide);
}

// In memory only: read by its width when it is wanted. Else the same register.
void Compiler::emit_v_to_f(const Inst& i) {
    Value v = i.args[0];
    const Loc& l = loc(v);
    if (i.type == Type::f16 || l.reg != kNo || l.home == kNo || l.spill != kNo) {
        return alias(i, v);
    }
    set_home(at(i), l.home);
}

void Compiler::emit_f_to_v(const Inst& i) {
    unsigned bytes = ir::bits(i.type == Type::v128 ? type(i.args[0]) : i.type) / 8;
    Xmm s = use_x(i.args[0]);
    if (loc(i.args[0]).clean <= bytes) {
        // The home slot it was read from has more than the scalar, its spill slot may have.
        Loc& l = loc(i.args[0]);
        l.home = kNo;
        free_slot(l);
        return alias(i, i.args[0]);
    }
    Xmm d = alloc_xmm();
    switch (bytes) {
        case 8: a_.vmovq(d, s); break;
        case 4: a_.vinsertps(d, s, s, 0x0e); break;  // lanes 1 to 3 zero
        default:
            a_.vpxor(kScratch, kScratch, kScratch);
            a_.vpblendw(d, kScratch, s, 1);
            break;
    }
    define(i, d, static_cast<uint8_t>(bytes));
}

// ---- packed

void Compiler::packed(const Inst& i, Scalar f32, Scalar f64, Scalar halves, Check check) {
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_packed(i, halves, check == &Compiler::check_product_lanes);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    (a_.*(i.size == 3 ? f64 : f32))(d, a, b);
    (this->*check)(i, d, {a, b});
    define(i, d);
}
void Compiler::emit_vfadd(const Inst& i) {
    packed(i, &Assembler::vaddps, &Assembler::vaddpd, &Assembler::vaddps_y,
           &Compiler::check_nan_lanes);
}
void Compiler::emit_vfsub(const Inst& i) {
    packed(i, &Assembler::vsubps, &Assembler::vsubpd, &Assembler::vsubps_y,
           &Compiler::check_nan_lanes);
}
void Compiler::emit_vfmul(const Inst& i) {
    packed(i, &Assembler::vmulps, &Assembler::vmulpd, &Assembler::vmulps_y,
           &Compiler::check_product_lanes);
}
void Compiler::emit_vfdiv(const Inst& i) {
    packed(i, &Assembler::vdivps, &Assembler::vdivpd, &Assembler::vdivps_y,
           &Compiler::check_nan_lanes);
}

// Neighbours as vhadd takes them, but for halves, where each 16 bytes have sums of both operands.
void Compiler::emit_vfaddp(const Inst& i) {
    constexpr uint8_t kMiddleSwapped = 0xd8;
    if (slow_fp()) return by_helper(i);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    if (i.size != 1) {
        i.size == 3 ? a_.vhaddpd(d, a, b) : a_.vhaddps(d, a, b);
        check_nan_lanes(i, d, {a, b});
        return define(i, d);
    }
    a_.vcvtph2ps_y(kScratch2, a);
    a_.vcvtph2ps_y(kScratch, b);
    a_.vhaddps_y(kScratch2, kScratch2, kScratch);
    narrow_halves(true, d, kScratch2);
    a_.vpshufd(d, d, kMiddleSwapped);
    Cold& c = float_cold(i, {a, b}, d);
    leave_if_nan(true, kScratch2, c);
    a_.bind(c.back);
    define(i, d);
}

void Compiler::emit_vfsqrt(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_sqrt(i, true);
    Xmm a = use_x(i.args[0]);
    clobber_flags();
    Xmm d = alloc_xmm();
    i.size == 3 ? a_.vsqrtpd(d, a) : a_.vsqrtps(d, a);
    check_nan_lanes(i, d, {a});
    define(i, d);
}

void Compiler::emit_vfmla(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_fused_lanes(i);
    Xmm c = use_x(i.args[0]), a = use_x(i.args[1]), b = use_x(i.args[2]);
    clobber_flags();
    Xmm d = alloc_xmm();
    a_.vmovaps(d, c);
    if (i.imm != 0) {
        i.size == 3 ? a_.vfnmadd231pd(d, a, b) : a_.vfnmadd231ps(d, a, b);
    } else {
        i.size == 3 ? a_.vfmadd231pd(d, a, b) : a_.vfmadd231ps(d, a, b);
    }
    check_product_lanes(i, d, {c, a, b});
    define(i, d);
}

// Products of halves are exact as singles.
void Compiler::emit_vfmlal(const Inst& i) {
    if (slow_fp()) return by_helper(i);
    Xmm c = use_x(i.args[0]), a = use_x(i.args[1]), b = use_x(i.args[2]);
    clobber_flags();
    Xmm d = alloc_xmm();
    a_.vmovaps(d, c);
    a_.vcvtph2ps(kScratch, a);
    a_.vcvtph2ps(kScratch2, b);
    a_.vfmadd231ps(d, kScratch, kScratch2);
    check_product_lanes(i, d, {c, a, b});
    define(i, d);
}

void Compiler::packed_compare(const Inst& i, uint8_t predicate) {
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_compare(i, predicate);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    i.size == 3 ? a_.vcmppd(d, a, b, predicate) : a_.vcmpps(d, a, b, predicate);
}
// EQ_OQ is quiet, GE_OS and GT_OS signal, as Arm's do.
void Compiler::emit_vfcmeq(const Inst& i) { packed_compare(i, 0x00); }
void Compiler::emit_vfcmge(const Inst& i) { packed_compare(i, 0x0d); }
void Compiler::emit_vfcmgt(const Inst& i) { packed_compare(i, 0x0e); }

// Lanes that hold a NaN are the helper's. They are looked for first: what follows raises Invalid
// Operation for quiet ones. Of equal lanes AVX2 takes the second operand's: zeros' signs are those
// of both orders together, out of line.
void Compiler::packed_min_max(const Inst& i, bool is_min) {
    if (slow_fp()) return by_helper(i);
    if (i.size == 1) return half_min_max(i, is_min, true);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    clobber_flags();
    Xmm d = alloc_xmm();
    bool wide = i.size == 3;
    auto exact = static_cast<uint32_t>(cold_.size());
    float_cold(i, {a, b}, d);
    if (avx512()) {
        leave_if_unordered(wide, a, b, cold_[exact]);
        uint8_t kind = is_min ? kRangeMin : kRangeMax;
        wide ? a_.vrangepd(d, a, b, kind) : a_.vrangeps(d, a, b, kind);
    } else {
        Cold& equal = cold(Cold::equal_lanes);
        equal.exit = exact;
        equal.is_min = is_min;
        equal.wide = wide;
        std::copy_n(cold_[exact].reg, std::size(equal.reg), equal.reg);
        wide ? a_.vcmppd(kScratch, a, b, kEqUq) : a_.vcmpps(kScratch, a, b, kEqUq);
        leave_if_any(equal);
        min_max_lanes(wide, is_min, d, a, b);
        a_.bind(equal.back);
    }
    a_.bind(cold_[exact].back);
    define(i, d);
}
void Compiler::min_max_lanes(bool wide, bool is_min, Xmm d, Xmm a, Xmm b) {
    if (is_min) {
        wide ? a_.vminpd(d, a, b) : a_.vminps(d, a, b);
    } else {
        wide ? a_.vmaxpd(d, a, b) : a_.vmaxps(d, a, b);
    }
}
void Compiler::equal_lanes(Cold& c) {
    Xmm a = xmm(c.reg[0]), b = xmm(c.reg[1]), d = xmm(c.reg[3]);
    leave_if_unordered(c.wide, a, b, cold_[c.exit]);
    min_max_lanes(c.wide, c.is_min, kScratch, a, b);
    min_max_lanes(c.wide, c.is_min, d, b, a);
    c.is_min ? a_.vorps(d, d, kScratch) : a_.vandps(d, d, kScratch);
    a_.jmp(c.back);
}
void Compiler::emit_vfmin(const Inst& i) { packed_min_max(i, true); }
void Compiler::emit_vfmax(const Inst& i) { packed_min_max(i, false); }
void Compiler::emit_vfminnm(const Inst& i) { packed_min_max(i, true); }
void Compiler::emit_vfmaxnm(const Inst& i) { packed_min_max(i, false); }

void Compiler::emit_vfneg(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    uint64_t sign = sign_bits(i.size);
    Mem m = pool(sign, sign);
    a_.vpxor(def_x(i), a, m);
}
void Compiler::emit_vfabs(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    uint64_t rest = ~sign_bits(i.size);
    Mem m = pool(rest, rest);
    a_.vpand(def_x(i), a, m);
}

}  // namespace pydbt::x64
