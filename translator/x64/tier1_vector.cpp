// Vector ops on integers and bits.
//
// Owns: their code but for shifts and counts; what has no short sequence goes through by_helper().
// Must not know: floating point.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

namespace {

constexpr uint8_t kNotLess = 5, kNotLessOrEqual = 6;  // vpcmpd's predicates

// Bits of each half that may be 1 in what a shift by a constant makes.
uint64_t shifted_bits(const Inst& i) {
    unsigned width = 8u << i.size;
    uint64_t ones = ~uint64_t{0} >> (64 - width), lanes = ~uint64_t{0} / ones;
    auto n = static_cast<unsigned>(i.imm);
    if (n >= width) return ~uint64_t{0};
    if (i.op == Op::vshl) return (ones << n & ones) * lanes;
    return i.op == Op::vushr ? (ones >> n) * lanes : ~uint64_t{0};
}

}  // namespace

void Compiler::vbinary(const Inst& i, Vop rr, VopM rm, bool swap) {
    Value a = i.args[swap ? 1 : 0], b = i.args[swap ? 0 : 1];
    Xmm x = use_x(a);
    if (loc(b).constant && loc(b).reg == kNo) {
        Xmm d = def_x(i);
        uint64_t v = vector_constant(loc(b).root);
        return (a_.*rm)(d, x, pool(v, v));
    }
    if (in_memory_whole(b) && loc(b).uses == 1) {
        Mem m = memory_of(loc(b));
        (a_.*rm)(def_x(i), x, m);
        return;
    }
    Xmm y = use_x(b);
    (a_.*rr)(def_x(i), x, y);
}

// A member of each of four names by element size.
#define PYDBT_V(name) static_cast<Vop>(&Assembler::name), static_cast<VopM>(&Assembler::name)
#define PYDBT_BY_SIZE(i, b, w, d, q)            \
    switch ((i).size) {                         \
        case 0: return vbinary(i, PYDBT_V(b));  \
        case 1: return vbinary(i, PYDBT_V(w));  \
        case 2: return vbinary(i, PYDBT_V(d));  \
        default: return vbinary(i, PYDBT_V(q)); \
    }

// ---- bits and constants

// Made when they are wanted, or operands in memory.
void Compiler::emit_vzero(const Inst& i) {
    Loc& l = locs_[at(i)];
    l.constant = true;
    l.clean = vector_constant(at(i)) == 0 ? 0 : 16;
}
void Compiler::emit_vmov_imm(const Inst& i) { emit_vzero(i); }
void Compiler::emit_vlow64(const Inst& i) {
    Value v = i.args[0];
    if (in_memory(v)) {
        Mem m = memory_of(loc(v));
        Xmm d = alloc_xmm();
        a_.vmovq(d, m);
        return define(i, d, 8);
    }
    if (loc(v).clean <= 8) return alias(i, v);
    Xmm s = use_x(v);
    a_.vmovq(def_x(i, 8), s);
}
void Compiler::emit_vand(const Inst& i) { vbinary(i, PYDBT_V(vpand)); }
void Compiler::emit_vor(const Inst& i) { vbinary(i, PYDBT_V(vpor)); }
void Compiler::emit_vxor(const Inst& i) { vbinary(i, PYDBT_V(vpxor)); }
void Compiler::emit_vandc(const Inst& i) { vbinary(i, PYDBT_V(vpandn), true); }
void Compiler::emit_vnot(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    complement(def_x(i), a);
}
void Compiler::complement(Xmm d, Xmm a) {
    constexpr uint64_t kOnes = ~uint64_t{0};
    a_.vpxor(d, a, pool(kOnes, kOnes));
}
void Compiler::emit_vorc(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    if (avx512()) return a_.vpternlogd(def_x(i), a, b, 0xdd);
    complement(kScratch, b);
    a_.vpor(def_x(i), a, kScratch);
}
// Mask first: its ones take b, its zeros c.
void Compiler::emit_vbsl(const Inst& i) {
    if (loc(i.args[0]).constant) return select_constant(i);
    Xmm m = use_x(i.args[0]), b = use_x(i.args[1]), c = use_x(i.args[2]);
    if (avx512()) return a_.vpternlogd(def_from_x(i, i.args[0]), b, c, 0xca);
    a_.vpand(kScratch, m, b);
    a_.vpandn(kScratch2, m, c);
    a_.vpor(def_x(i), kScratch, kScratch2);
}

// By sign.
void Compiler::emit_vblend(const Inst& i) {
    Xmm m = use_x(i.args[0]), b = use_x(i.args[1]), c = use_x(i.args[2]);
    Xmm d = def_x(i);
    i.size == 2 ? a_.vblendvps(d, c, b, m) : a_.vblendvpd(d, c, b, m);
}

void Compiler::select_constant(const Inst& i) {
    uint64_t mask = vector_constant(loc(i.args[0]).root);
    Xmm b = use_x(i.args[1]), c = use_x(i.args[2]);
    if (avx512()) {
        constexpr uint8_t kThirdSelects = 0xd8;
        Xmm d = def_from_x(i, i.args[2]);
        return a_.vpternlogd(d, b, pool(mask, mask), kThirdSelects);
    }
    bool inside = (shifted_bits(insts_[loc(i.args[1]).root]) & ~mask) == 0;
    if (!inside) a_.vpand(kScratch, b, pool(mask, mask));
    a_.vpand(kScratch2, c, pool(~mask, ~mask));
    a_.vpor(def_x(i), inside ? b : kScratch, kScratch2);
}

// ---- lanes of arithmetic

void Compiler::emit_vadd(const Inst& i) { PYDBT_BY_SIZE(i, vpaddb, vpaddw, vpaddd, vpaddq) }
void Compiler::emit_vsub(const Inst& i) { PYDBT_BY_SIZE(i, vpsubb, vpsubw, vpsubd, vpsubq) }
void Compiler::emit_vcmeq(const Inst& i) {
    PYDBT_BY_SIZE(i, vpcmpeqb, vpcmpeqw, vpcmpeqd, vpcmpeqq)
}
void Compiler::emit_vcmgt(const Inst& i) {
    if (negative(i, i.args[1])) return;
    PYDBT_BY_SIZE(i, vpcmpgtb, vpcmpgtw, vpcmpgtd, vpcmpgtq)
}

// Whether i compares 0 > a, and then its code: copies of the sign.
bool Compiler::negative(const Inst& i, Value a) {
    const Loc& zero = loc(i.args[0]);
    bool quads = i.size == 3 && avx512();
    if (!zero.constant || zero.clean != 0 || (i.size != 1 && i.size != 2 && !quads)) return false;
    Xmm s = use_x(a);
    Xmm d = def_x(i);
    switch (i.size) {
        case 1: a_.vpsraw(d, s, 15); break;
        case 2: a_.vpsrad(d, s, 31); break;
        default: a_.vpsraq(d, s, 63); break;
    }
    return true;
}

void Compiler::emit_vmul(const Inst& i) {
    if (i.size == 1) return vbinary(i, PYDBT_V(vpmullw));
    if (i.size == 2) return vbinary(i, PYDBT_V(vpmulld));
    if (i.size == 3) return by_helper(i);
    // Bytes: even and odd ones as words.
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    a_.vpmullw(kScratch, a, b);
    a_.vpsrlw(kScratch2, a, 8);
    a_.vpsrlw(kScratch3, b, 8);
    a_.vpmullw(kScratch2, kScratch2, kScratch3);
    a_.vpsllw(kScratch2, kScratch2, 8);
    a_.vpsllw(kScratch, kScratch, 8);
    a_.vpsrlw(kScratch, kScratch, 8);
    a_.vpor(d, kScratch, kScratch2);
}

// a >= b is not b > a.
void Compiler::emit_vcmge(const Inst& i) {
    if (avx512()) return compare_to_mask(i, true, kNotLess);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    switch (i.size) {
        case 0: a_.vpcmpgtb(kScratch, b, a); break;
        case 1: a_.vpcmpgtw(kScratch, b, a); break;
        case 2: a_.vpcmpgtd(kScratch, b, a); break;
        default: a_.vpcmpgtq(kScratch, b, a); break;
    }
    complement(def_x(i), kScratch);
}

// By a mask register. `predicate` as vpcmpd's immediate.
void Compiler::compare_to_mask(const Inst& i, bool is_signed, uint8_t predicate) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    constexpr Mask k = Mask::k1;
    switch (i.size) {
        case 0: is_signed ? a_.vpcmpb(k, a, b, predicate) : a_.vpcmpub(k, a, b, predicate); break;
        case 1: is_signed ? a_.vpcmpw(k, a, b, predicate) : a_.vpcmpuw(k, a, b, predicate); break;
        case 2: is_signed ? a_.vpcmpd(k, a, b, predicate) : a_.vpcmpud(k, a, b, predicate); break;
        default: is_signed ? a_.vpcmpq(k, a, b, predicate) : a_.vpcmpuq(k, a, b, predicate); break;
    }
    mask_to_lanes(i, k);
}

void Compiler::mask_to_lanes(const Inst& i, Mask k) {
    Xmm d = def_x(i);
    switch (i.size) {
        case 0: a_.vpmovm2b(d, k); break;
        case 1: a_.vpmovm2w(d, k); break;
        case 2: a_.vpmovm2d(d, k); break;
        default: a_.vpmovm2q(d, k); break;
    }
}

// a > b unsigned, as b's and a's signs turned round compare.
void Compiler::higher(unsigned size, Xmm d, Xmm a, Xmm b) {
    constexpr uint64_t kSigns[] = {0x8080808080808080, 0x8000800080008000, 0x8000000080000000,
                                   0x8000000000000000};
    uint64_t sign = kSigns[size];
    a_.vpxor(kScratch2, a, pool(sign, sign));
    a_.vpxor(kScratch, b, pool(sign, sign));
    switch (size) {
        case 0: return a_.vpcmpgtb(d, kScratch2, kScratch);
        case 1: return a_.vpcmpgtw(d, kScratch2, kScratch);
        case 2: return a_.vpcmpgtd(d, kScratch2, kScratch);
        default: return a_.vpcmpgtq(d, kScratch2, kScratch);
    }
}

// a >= b unsigned is max(a, b) == a.
void Compiler::emit_vcmhs(const Inst& i) {
    if (i.size == 3 && avx512()) return compare_to_mask(i, false, kNotLess);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    switch (i.size) {
        case 0:
            a_.vpmaxub(kScratch, a, b);
            a_.vpcmpeqb(d, kScratch, a);
            break;
        case 1:
            a_.vpmaxuw(kScratch, a, b);
            a_.vpcmpeqw(d, kScratch, a);
            break;
        case 2:
            a_.vpmaxud(kScratch, a, b);
            a_.vpcmpeqd(d, kScratch, a);
            break;
        default:
            higher(3, kScratch, b, a);
            complement(d, kScratch);
            break;
    }
}
void Compiler::emit_vcmhi(const Inst& i) {
    if (avx512()) return compare_to_mask(i, false, kNotLessOrEqual);
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    higher(i.size, d, a, b);
}
void Compiler::emit_vcmtst(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    if (avx512()) {
        constexpr Mask k = Mask::k1;
        switch (i.size) {
            case 0: a_.vptestmb(k, a, b); break;
            case 1: a_.vptestmw(k, a, b); break;
            case 2: a_.vptestmd(k, a, b); break;
            default: a_.vptestmq(k, a, b); break;
        }
        return mask_to_lanes(i, k);
    }
    a_.vpand(kScratch, a, b);
    switch (i.size) {
        case 0: a_.vpcmpeqb(kScratch, kScratch, pool(0, 0)); break;
        case 1: a_.vpcmpeqw(kScratch, kScratch, pool(0, 0)); break;
        case 2: a_.vpcmpeqd(kScratch, kScratch, pool(0, 0)); break;
        default: a_.vpcmpeqq(kScratch, kScratch, pool(0, 0)); break;
    }
    complement(def_x(i), kScratch);
}

// 64-bit minimum and maximum exist from AVX-512 on only.
#define PYDBT_MIN_MAX(name, b, w, d)               \
    void Compiler::emit_##name(const Inst& i) {    \
        switch (i.size) {                          \
            case 0: return vbinary(i, PYDBT_V(b)); \
            case 1: return vbinary(i, PYDBT_V(w)); \
            case 2: return vbinary(i, PYDBT_V(d)); \
            default: return by_helper(i);          \
        }                                          \
    }
PYDBT_MIN_MAX(vsmin, vpminsb, vpminsw, vpminsd)
PYDBT_MIN_MAX(vsmax, vpmaxsb, vpmaxsw, vpmaxsd)
PYDBT_MIN_MAX(vumin, vpminub, vpminuw, vpminud)
PYDBT_MIN_MAX(vumax, vpmaxub, vpmaxuw, vpmaxud)

// Times -1.
void Compiler::emit_vneg(const Inst& i) {
    constexpr uint64_t kOnes = ~uint64_t{0};
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    switch (i.size) {
        case 0: return a_.vpsignb(d, a, pool(kOnes, kOnes));
        case 1: return a_.vpsignw(d, a, pool(kOnes, kOnes));
        case 2: return a_.vpsignd(d, a, pool(kOnes, kOnes));
        default: a_.vpxor(kScratch, kScratch, kScratch); return a_.vpsubq(d, kScratch, a);
    }
}
void Compiler::emit_vabs(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    switch (i.size) {
        case 0: a_.vpabsb(d, a); break;
        case 1: a_.vpabsw(d, a); break;
        case 2: a_.vpabsd(d, a); break;
        default:
            if (avx512()) return a_.vpabsq(d, a);
            a_.vpxor(kScratch, kScratch, kScratch);
            a_.vpsubq(kScratch, kScratch, a);
            a_.vblendvpd(d, a, kScratch, a);
            break;
    }
}

// ---- lanes

void Compiler::broadcast(unsigned size, Xmm d, Xmm s) {
    switch (size) {
        case 0: a_.vpbroadcastb(d, s); break;
        case 1: a_.vpbroadcastw(d, s); break;
        case 2: a_.vpbroadcastd(d, s); break;
        default: a_.vpbroadcastq(d, s); break;
    }
}
void Compiler::emit_vdup(const Inst& i) {
    Gp s = use(i.args[0]);
    Xmm d = def_x(i);
    if (avx512()) {
        switch (i.size) {
            case 0: return a_.vpbroadcastb(d, s);
            case 1: return a_.vpbroadcastw(d, s);
            case 2: return a_.vpbroadcastd(d, s);
            default: return a_.vpbroadcastq(d, s);
        }
    }
    if (i.size == 3) {
        a_.vmovq(d, s);
    } else {
        a_.vmovd(d, s);
    }
    broadcast(i.size, d, d);
}
void Compiler::emit_vdup_lane(const Inst& i) {
    Xmm s = use_x(i.args[0]);
    Xmm d = def_x(i);
    uint8_t lane = i.scale;
    if (lane == 0) return broadcast(i.size, d, s);
    constexpr uint8_t kAllLanes = 0x55;
    if (i.size == 3) return a_.vpunpckhqdq(d, s, s);
    if (i.size == 2) return a_.vpshufd(d, s, static_cast<uint8_t>(lane * kAllLanes));
    uint64_t control = uint64_t{lane} * 0x0101010101010101;
    if (i.size == 1) control = control * 2 + 0x0100010001000100;
    a_.vpshufb(d, s, pool(control, control));
}

void Compiler::emit_vget_u(const Inst& i) {
    Value v = i.args[0];
    Gp d = alloc_gp();
    if (in_memory_whole(v)) {
        Mem m = memory_of(loc(v));
        m.disp += static_cast<int32_t>(i.scale) << i.size;
        load_sized(d, i.size, m);
        return define(i, d, i.size < 3);
    }
    Xmm s = use_x(v);
    switch (i.size) {
        case 0: a_.vpextrb(d, s, i.scale); break;
        case 1: a_.vpextrw(d, s, i.scale); break;
        case 2:
            if (i.scale == 0) {
                a_.vmovd(d, s);
            } else {
                a_.vpextrd(d, s, i.scale);
            }
            break;
        default:
            if (i.scale == 0) {
                a_.vmovq(d, s);
            } else {
                a_.vpextrq(d, s, 1);
            }
            break;
    }
    define(i, d, i.size < 3);
}
void Compiler::emit_vget_s(const Inst& i) {
    Xmm s = use_x(i.args[0]);
    Gp d = def(i);
    switch (i.size) {
        case 0:
            a_.vpextrb(d, s, i.scale);
            a_.movsx8(Size::b64, d, d);
            break;
        case 1:
            a_.vpextrw(d, s, i.scale);
            a_.movsx16(Size::b64, d, d);
            break;
        case 2:
            a_.vpextrd(d, s, i.scale);
            a_.movsxd(d, d);
            break;
        default: a_.vpextrq(d, s, i.scale); break;
    }
}

void Compiler::emit_vset_lane(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Gp v = use(i.args[1]);
    Xmm d = def_x(i);
    switch (i.size) {
        case 0: a_.vpinsrb(d, a, v, i.scale); break;
        case 1: a_.vpinsrw(d, a, v, i.scale); break;
        case 2: a_.vpinsrd(d, a, v, i.scale); break;
        default: a_.vpinsrq(d, a, v, i.scale); break;
    }
}
void Compiler::emit_vins_lane(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    auto from = static_cast<uint8_t>(i.imm);
    uint8_t to = i.scale;
    switch (i.size) {
        case 0:
            a_.vpextrb(Gp::rax, b, from);
            a_.vpinsrb(d, a, Gp::rax, to);
            break;
        case 1:
            a_.vpextrw(Gp::rax, b, from);
            a_.vpinsrw(d, a, Gp::rax, to);
            break;
        case 2: a_.vinsertps(d, a, b, static_cast<uint8_t>(from << 6 | to << 4)); break;
        default:
            // The low half comes from the first source, the high one from the second.
            if (to == 0) {
                a_.vshufpd(d, b, a, static_cast<uint8_t>(from | 2));
            } else {
                a_.vshufpd(d, a, b, static_cast<uint8_t>(from << 1));
            }
            break;
    }
}
void Compiler::emit_v_concat(const Inst& i) {
    Gp lo = use(i.args[0]), hi = use(i.args[1]);
    Xmm d = def_x(i);
    a_.vmovq(d, lo);
    a_.vpinsrq(d, d, hi, 1);
}

// ---- permutations

// The result is bytes [n, n + 16) of b:a.
void Compiler::emit_vext(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    a_.vpalignr(def_x(i), b, a, static_cast<uint8_t>(i.imm));
}
void Compiler::emit_vzip1(const Inst& i) {
    PYDBT_BY_SIZE(i, vpunpcklbw, vpunpcklwd, vpunpckldq, vpunpcklqdq)
}
void Compiler::emit_vzip2(const Inst& i) {
    PYDBT_BY_SIZE(i, vpunpckhbw, vpunpckhwd, vpunpckhdq, vpunpckhqdq)
}

namespace {

// vpshufb's control for the even or odd elements of one operand in the low half.
uint64_t every_other(unsigned size, bool odd) {
    uint64_t control = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned element = n >> size, byte = n & ((1u << size) - 1);
        control |= uint64_t{((element * 2 + (odd ? 1 : 0)) << size) + byte} << n * 8;
    }
    return control;
}

constexpr uint64_t kHigh = 0x8080808080808080;

}  // namespace

void Compiler::unzip(const Inst& i, bool odd) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = alloc_xmm();
    if (i.size == 3) {
        odd ? a_.vpunpckhqdq(d, a, b) : a_.vpunpcklqdq(d, a, b);
    } else if (i.size == 2) {
        a_.vshufps(d, a, b, odd ? 0xdd : 0x88);
    } else {
        constexpr uint64_t kSecond = 0x1010101010101010;
        uint64_t control = every_other(i.size, odd);
        if (host_.has(kHostAvx512 | kHostAvx512Vbmi)) {
            a_.vmovaps(d, pool(control, control | kSecond));
            a_.vpermi2b(d, a, b);
            return define(i, d);
        }
        a_.vpshufb(kScratch, a, pool(control, kHigh));
        a_.vpshufb(kScratch2, b, pool(control, kHigh));
        a_.vpunpcklqdq(d, kScratch, kScratch2);
    }
    define(i, d);
}
void Compiler::emit_vuzp1(const Inst& i) { unzip(i, false); }
void Compiler::emit_vuzp2(const Inst& i) { unzip(i, true); }

// Even (odd) elements of both, side by side: one operand is shifted by an element and blended in.
void Compiler::transpose(const Inst& i, bool odd) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = def_x(i);
    Xmm shifted = odd ? a : b;
    auto n = static_cast<uint8_t>(8u << i.size);
    switch (i.size) {
        case 0:
        case 1:
            if (i.size == 0) {
                odd ? a_.vpsrlw(kScratch, shifted, n) : a_.vpsllw(kScratch, shifted, n);
            } else {
                odd ? a_.vpsrld(kScratch, shifted, n) : a_.vpslld(kScratch, shifted, n);
            }
            break;
        case 2: odd ? a_.vpsrlq(kScratch, shifted, n) : a_.vpsllq(kScratch, shifted, n); break;
        default: return odd ? a_.vpunpckhqdq(d, a, b) : a_.vpunpcklqdq(d, a, b);
    }
    Xmm even = odd ? kScratch : a, other = odd ? b : kScratch;
    switch (i.size) {
        case 0:
            a_.vmovaps(kScratch2, pool(0xff00ff00ff00ff00, 0xff00ff00ff00ff00));
            a_.vpblendvb(d, even, other, kScratch2);
            break;
        case 1: a_.vpblendw(d, even, other, 0xaa); break;
        default: a_.vpblendd(d, even, other, 0x0a); break;
    }
}
void Compiler::emit_vtrn1(const Inst& i) { transpose(i, false); }
void Compiler::emit_vtrn2(const Inst& i) { transpose(i, true); }

// Elements of 1 << size bytes in reverse order within groups.
void Compiler::reverse(const Inst& i, unsigned group) {
    uint64_t control[2] = {};
    for (unsigned n = 0; n < 16; n++) {
        unsigned start = n & ~(group - 1), element = (n & (group - 1)) >> i.size;
        unsigned last = (group >> i.size) - 1;
        unsigned from = start + ((last - element) << i.size) + (n & ((1u << i.size) - 1));
        control[n / 8] |= uint64_t{from} << n % 8 * 8;
    }
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    a_.vpshufb(d, a, pool(control[0], control[1]));
}
void Compiler::emit_vrev16(const Inst& i) { reverse(i, 2); }
void Compiler::emit_vrev32(const Inst& i) { reverse(i, 4); }
void Compiler::emit_vrev64(const Inst& i) { reverse(i, 8); }

// An index over 15 gets bit 7 set, for which vpshufb gives 0.
void Compiler::emit_vtbl1(const Inst& i) {
    Xmm table = use_x(i.args[0]), index = use_x(i.args[1]);
    Xmm d = def_x(i);
    constexpr uint64_t kAdd = 0x7070707070707070;
    a_.vpaddusb(kScratch, index, pool(kAdd, kAdd));
    a_.vpshufb(d, table, kScratch);
}

// Bit 4 of an index is the table, the rest is looked at apart.
void Compiler::emit_vtbl2(const Inst& i) {
    constexpr uint64_t kLast = 0x1f1f1f1f1f1f1f1f, kSecond = 0x1010101010101010;
    constexpr uint64_t kAdd = 0x7070707070707070;
    Xmm low = use_x(i.args[0]), high = use_x(i.args[1]), index = use_x(i.args[2]);
    if (host_.has(kHostAvx512 | kHostAvx512Vbmi)) {
        Xmm d = def_from_x(i, i.args[2]);
        a_.vpminub(kScratch, d, pool(kLast, kLast));
        a_.vpcmpeqb(kScratch, kScratch, d);
        a_.vpermi2b(d, low, high);
        return a_.vpand(d, d, kScratch);
    }
    Xmm d = def_x(i);
    a_.vpaddusb(kScratch, index, pool(kAdd, kAdd));
    a_.vpshufb(kScratch, low, kScratch);
    a_.vpsubb(kScratch2, index, pool(kSecond, kSecond));
    a_.vpaddusb(kScratch2, kScratch2, pool(kAdd, kAdd));
    a_.vpshufb(kScratch2, high, kScratch2);
    a_.vpor(d, kScratch, kScratch2);
}

// ---- widening and narrowing

void Compiler::emit_vxtn(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = alloc_xmm();
    if (i.size == 2 && avx512()) {
        a_.vpmovqd(d, a);
    } else if (i.size == 2) {
        a_.vpshufd(kScratch, a, 0x08);
        a_.vmovq(d, kScratch);
    } else {
        a_.vpshufb(d, a, pool(every_other(i.size, false), kHigh));
    }
    define(i, d, 8);
}
void Compiler::emit_vuxtl(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    i.size == 0 ? a_.vpmovzxbw(d, a) : i.size == 1 ? a_.vpmovzxwd(d, a) : a_.vpmovzxdq(d, a);
}
void Compiler::emit_vsxtl(const Inst& i) {
    Xmm a = use_x(i.args[0]);
    Xmm d = def_x(i);
    i.size == 0 ? a_.vpmovsxbw(d, a) : i.size == 1 ? a_.vpmovsxwd(d, a) : a_.vpmovsxdq(d, a);
}
void Compiler::emit_vmull_u(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = alloc_xmm();
    switch (i.size) {
        case 0:
            a_.vpmovzxbw(kScratch, a);
            a_.vpmovzxbw(kScratch2, b);
            a_.vpmullw(d, kScratch, kScratch2);
            break;
        case 1:
            a_.vpmovzxwd(kScratch, a);
            a_.vpmovzxwd(kScratch2, b);
            a_.vpmulld(d, kScratch, kScratch2);
            break;
        default:
            a_.vpmovzxdq(kScratch, a);
            a_.vpmovzxdq(kScratch2, b);
            a_.vpmuludq(d, kScratch, kScratch2);
            break;
    }
    define(i, d);
}
void Compiler::emit_vmull_s(const Inst& i) {
    Xmm a = use_x(i.args[0]), b = use_x(i.args[1]);
    Xmm d = alloc_xmm();
    switch (i.size) {
        case 0:
            a_.vpmovsxbw(kScratch, a);
            a_.vpmovsxbw(kScratch2, b);
            a_.vpmullw(d, kScratch, kScratch2);
            break;
        case 1:
            a_.vpmovsxwd(kScratch, a);
            a_.vpmovsxwd(kScratch2, b);
            a_.vpmulld(d, kScratch, kScratch2);
            break;
        default:
            a_.vpmovzxdq(kScratch, a);
            a_.vpmovzxdq(kScratch2, b);
            a_.vpmuldq(d, kScratch, kScratch2);
            break;
    }
    define(i, d);
}

// ---- pairs and sums

// Neighbours of b:a combined: even elements with odd ones.
void Compiler::pairwise(const Inst& i, Vop b, Vop w, Vop d4) {
    if (i.size < 2 && loc(i.args[0]).root == loc(i.args[1]).root) {
        return pairwise_twice(i, i.size == 0 ? b : w);
    }
    Xmm x = use_x(i.args[0]), y = use_x(i.args[1]);
    Xmm d = alloc_xmm();
    if (i.size == 2) {
        a_.vshufps(kScratch, x, y, 0x88);
        a_.vshufps(kScratch2, x, y, 0xdd);
        (a_.*d4)(d, kScratch, kScratch2);
    } else {
        uint64_t even = every_other(i.size, false), odd = every_other(i.size, true);
        // Even elements in the low half, odd ones in the high half of each.
        Mem control = pool(even, odd);
        a_.vpshufb(kScratch, x, control);
        a_.vpshufb(kScratch2, y, control);
        a_.vpunpcklqdq(kScratch3, kScratch, kScratch2);
        a_.vpunpckhqdq(kScratch, kScratch, kScratch2);
        (a_.*(i.size == 0 ? b : w))(d, kScratch3, kScratch);
    }
    define(i, d);
}
// Of one operand: each even element with its neighbour, then those in both halves.
void Compiler::pairwise_twice(const Inst& i, Vop op) {
    Xmm x = use_x(i.args[0]);
    uint64_t even = every_other(i.size, false);
    i.size == 0 ? a_.vpsrlw(kScratch, x, 8) : a_.vpsrld(kScratch, x, 16);
    (a_.*op)(kScratch, kScratch, x);
    a_.vpshufb(def_x(i), kScratch, pool(even, even));
}
#define PYDBT_PAIRWISE(name, b, w, d)                                                 \
    void Compiler::emit_##name(const Inst& i) {                                       \
        if (i.size == 3) return by_helper(i);                                         \
        pairwise(i, static_cast<Vop>(&Assembler::b), static_cast<Vop>(&Assembler::w), \
                 static_cast<Vop>(&Assembler::d));                                    \
    }
PYDBT_PAIRWISE(vsmaxp, vpmaxsb, vpmaxsw, vpmaxsd)
PYDBT_PAIRWISE(vsminp, vpminsb, vpminsw, vpminsd)
PYDBT_PAIRWISE(vumaxp, vpmaxub, vpmaxuw, vpmaxud)
PYDBT_PAIRWISE(vuminp, vpminub, vpminuw, vpminud)

// x86 adds pairs of words and doublewords itself.
void Compiler::emit_vaddp(const Inst& i) {
    if (i.size == 0) return pairwise(i, static_cast<Vop>(&Assembler::vpaddb), nullptr, nullptr);
    if (i.size == 1) return vbinary(i, PYDBT_V(vphaddw));
    if (i.size == 2) return vbinary(i, PYDBT_V(vphaddd));
    Xmm x = use_x(i.args[0]), y = use_x(i.args[1]);
    a_.vpunpcklqdq(kScratch, x, y);
    a_.vpunpckhqdq(kScratch2, x, y);
    a_.vpaddq(def_x(i), kScratch, kScratch2);
}

// All elements into element 0, the rest zero: halves are combined until one is left.
void Compiler::across(const Inst& i, Vop b, Vop w, Vop d4) {
    Vop op = i.size == 0 ? b : i.size == 1 ? w : d4;
    Xmm s = use_x(i.args[0]);
    Xmm d = alloc_xmm();
    for (unsigned bytes = 8; bytes >= 1u << i.size; bytes /= 2) {
        a_.vpsrldq(kScratch, s, static_cast<uint8_t>(bytes));
        (a_.*op)(d, s, kScratch);
        s = d;
    }
    a_.vpxor(kScratch, kScratch, kScratch);
    if (i.size == 0) {
        a_.vpsllq(d, d, 56);
        a_.vpsrlq(d, d, 56);
        a_.vmovq(d, d);
    } else if (i.size == 1) {
        a_.vpblendw(d, kScratch, d, 1);
    } else {
        a_.vmovss(d, kScratch, d);
    }
    define(i, d, static_cast<uint8_t>(1u << i.size));
}
#define PYDBT_ACROSS(name, b, w, d)                                                 \
    void Compiler::emit_##name(const Inst& i) {                                     \
        if (i.size == 3) return by_helper(i);                                       \
        across(i, static_cast<Vop>(&Assembler::b), static_cast<Vop>(&Assembler::w), \
               static_cast<Vop>(&Assembler::d));                                    \
    }
PYDBT_ACROSS(vaddv, vpaddb, vpaddw, vpaddd)
PYDBT_ACROSS(vsmaxv, vpmaxsb, vpmaxsw, vpmaxsd)
PYDBT_ACROSS(vsminv, vpminsb, vpminsw, vpminsd)
PYDBT_ACROSS(vumaxv, vpmaxub, vpmaxuw, vpmaxud)
PYDBT_ACROSS(vuminv, vpminub, vpminuw, vpminud)

}  // namespace pydbt::x64
