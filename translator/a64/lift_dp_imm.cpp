// Data processing, immediate (Arm ARM C4.1.93).
//
// Owns: lifts of the patterns of spec/a64/dp_imm.py. Must not know: the host, the encodings.
#include "translator/a64/bit_masks.hpp"
#include "translator/a64/lifter.hpp"

namespace pydbt::a64 {
namespace {

int64_t page_or_byte_offset(int32_t immhi, uint32_t immlo) { return int64_t{immhi} * 4 + immlo; }

template <class Args>
uint64_t immediate(const Args& a) {
    return uint64_t{a.imm} << (a.sh ? 12 : 0);
}

constexpr int64_t field(unsigned lsb, unsigned width) {
    return static_cast<int64_t>(lsb | width << 8);
}

}  // namespace

Step Lifter::lift_ADR(const Args_ADR& a) {
    auto offset = static_cast<uint64_t>(page_or_byte_offset(a.immhi, a.immlo));
    set_x(a.rd, b.guest_addr(pc() + offset));
    return Step::next;
}

Step Lifter::lift_ADRP(const Args_ADRP& a) {
    auto offset = static_cast<uint64_t>(page_or_byte_offset(a.immhi, a.immlo));
    set_x(a.rd, b.guest_addr((pc() & ~uint64_t{0xfff}) + (offset << 12)));
    return Step::next;
}

Step Lifter::lift_ADD_imm(const Args_ADD_imm& a) {
    add_sub(a.sf, false, false, rsp(a.sf, a.rn), b.const_(type(a.sf), immediate(a)), a.rd, true);
    return Step::next;
}
Step Lifter::lift_ADDS_imm(const Args_ADDS_imm& a) {
    add_sub(a.sf, false, true, rsp(a.sf, a.rn), b.const_(type(a.sf), immediate(a)), a.rd, false);
    return Step::next;
}
Step Lifter::lift_SUB_imm(const Args_SUB_imm& a) {
    add_sub(a.sf, true, false, rsp(a.sf, a.rn), b.const_(type(a.sf), immediate(a)), a.rd, true);
    return Step::next;
}
Step Lifter::lift_SUBS_imm(const Args_SUBS_imm& a) {
    add_sub(a.sf, true, true, rsp(a.sf, a.rn), b.const_(type(a.sf), immediate(a)), a.rd, false);
    return Step::next;
}

// ---- minimum and maximum (FEAT_CSSC)

Step Lifter::lift_SMAX_imm(const Args_SMAX_imm& a) {
    min_max(a.rd, ir::Cond::gt, r(a.sf, a.rn),
            b.const_(type(a.sf), static_cast<uint64_t>(int64_t{a.imm})));
    return Step::next;
}
Step Lifter::lift_UMAX_imm(const Args_UMAX_imm& a) {
    min_max(a.rd, ir::Cond::hi, r(a.sf, a.rn), b.const_(type(a.sf), a.imm));
    return Step::next;
}
Step Lifter::lift_SMIN_imm(const Args_SMIN_imm& a) {
    min_max(a.rd, ir::Cond::lt, r(a.sf, a.rn),
            b.const_(type(a.sf), static_cast<uint64_t>(int64_t{a.imm})));
    return Step::next;
}
Step Lifter::lift_UMIN_imm(const Args_UMIN_imm& a) {
    min_max(a.rd, ir::Cond::cc, r(a.sf, a.rn), b.const_(type(a.sf), a.imm));
    return Step::next;
}

// ---- logic, moves, bit fields

Step Lifter::lift_AND_imm(const Args_AND_imm& a) {
    Value m = b.const_(type(a.sf), bit_mask(a.n, a.immr, a.imms));
    logical(false, a.rd, b.and_(r(a.sf, a.rn), m), true);
    return Step::next;
}
Step Lifter::lift_ORR_imm(const Args_ORR_imm& a) {
    Value m = b.const_(type(a.sf), bit_mask(a.n, a.immr, a.imms));
    logical(false, a.rd, b.or_(r(a.sf, a.rn), m), true);
    return Step::next;
}
Step Lifter::lift_EOR_imm(const Args_EOR_imm& a) {
    Value m = b.const_(type(a.sf), bit_mask(a.n, a.immr, a.imms));
    logical(false, a.rd, b.xor_(r(a.sf, a.rn), m), true);
    return Step::next;
}
Step Lifter::lift_ANDS_imm(const Args_ANDS_imm& a) {
    Value n = r(a.sf, a.rn);
    Value m = b.const_(type(a.sf), bit_mask(a.n, a.immr, a.imms));
    Value flags = b.and_flags(n, m);
    if (a.rd != 31) set_r(a.rd, b.and_(n, m));
    b.set_flags(flags);
    return Step::next;
}

Step Lifter::lift_MOVN(const Args_MOVN& a) {
    set_r(a.rd, b.const_(type(a.sf), ~(uint64_t{a.imm} << 16 * a.hw)));
    return Step::next;
}
Step Lifter::lift_MOVZ(const Args_MOVZ& a) {
    set_r(a.rd, b.const_(type(a.sf), uint64_t{a.imm} << 16 * a.hw));
    return Step::next;
}
Step Lifter::lift_MOVK(const Args_MOVK& a) {
    Value part = b.const_(type(a.sf), a.imm);
    set_r(a.rd, b.bfi(r(a.sf, a.rd), part, field(16 * a.hw, 16)));
    return Step::next;
}

// The bit-field moves: either a field is taken from bit immr down to bit 0, or put at width - immr.
Step Lifter::lift_SBFM(const Args_SBFM& a) {
    unsigned width = a.sf ? 64 : 32;
    Value n = r(a.sf, a.rn);
    if (a.imms >= a.immr) {
        set_r(a.rd, b.sbfx(n, field(a.immr, a.imms - a.immr + 1)));
    } else {
        Value low = b.sbfx(n, field(0, a.imms + 1));
        set_r(a.rd, b.shl(low, b.const_(type(a.sf), width - a.immr)));
    }
    return Step::next;
}

Step Lifter::lift_UBFM(const Args_UBFM& a) {
    unsigned width = a.sf ? 64 : 32;
    Value n = r(a.sf, a.rn);
    if (a.imms == width - 1) {  // LSR
        set_r(a.rd, b.lshr(n, b.const_(type(a.sf), a.immr)));
    } else if (a.imms >= a.immr) {
        set_r(a.rd, b.ubfx(n, field(a.immr, a.imms - a.immr + 1)));
    } else {
        Value low = a.imms + 1 == a.immr ? n : b.ubfx(n, field(0, a.imms + 1));  // LSL keeps all
        set_r(a.rd, b.shl(low, b.const_(type(a.sf), width - a.immr)));
    }
    return Step::next;
}

Step Lifter::lift_BFM(const Args_BFM& a) {
    unsigned width = a.sf ? 64 : 32;
    Value d = r(a.sf, a.rd), n = r(a.sf, a.rn);
    if (a.imms >= a.immr) {  // BFXIL
        Value part = shift(n, 1, a.immr);
        set_r(a.rd, b.bfi(d, part, field(0, a.imms - a.immr + 1)));
    } else {  // BFI
        set_r(a.rd, b.bfi(d, n, field(width - a.immr, a.imms + 1)));
    }
    return Step::next;
}

Step Lifter::lift_EXTR(const Args_EXTR& a) {
    Value hi = r(a.sf, a.rn), lo = r(a.sf, a.rm);
    if (a.rn == a.rm) {
        set_r(a.rd, shift(lo, 3, a.imms));
    } else {
        set_r(a.rd, a.imms == 0 ? lo : b.extr(hi, lo, a.imms));
    }
    return Step::next;
}

}  // namespace pydbt::a64
