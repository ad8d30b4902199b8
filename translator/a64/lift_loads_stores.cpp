// Loads and stores of single registers and pairs (Arm ARM C4.1.91), without atomics.
//
// Owns: lifts of the patterns of spec/a64/loads_stores.py. Must not know: the host, the encodings.
//
// Where write-back and a transfer register are the same (CONSTRAINED UNPREDICTABLE) loads leave the
// address and stores store the register's old value. A general pair into one register (likewise)
// leaves the first.
#include "translator/a64/lifter.hpp"

namespace pydbt::a64 {
namespace {

constexpr unsigned kPost = 1, kPre = 3;  // idx of pairs

// Size and direction of a SIMD&FP transfer.
template <class Args>
unsigned vector_size(const Args& a) {
    return a.size | (a.opc & 2) << 1;
}

template <class Args>
bool is_prefetch(const Args& a) {
    return a.size == 3 && a.opc == 2;
}

}  // namespace

ir::Value Lifter::load_register(unsigned size, unsigned opc, const MemoryOperand& at,
                                unsigned order, unsigned flags) {
    auto [base, index, scale, disp] = at;
    switch (opc) {
        case 1: return b.load(ir::Type::i64, base, index, scale, disp, size, order, flags);
        case 2: return b.load_s(ir::Type::i64, base, index, scale, disp, size, order, flags);
        default:
            return b.zext(b.load_s(ir::Type::i32, base, index, scale, disp, size, order, flags));
    }
}

void Lifter::transfer(unsigned size, unsigned opc, unsigned rt, const MemoryOperand& at,
                      unsigned flags) {
    if (opc == 0) {
        b.store(at.base, at.index, r(size == 3, rt), at.scale, at.disp, size, 0, flags);
    } else {
        set_x(rt, load_register(size, opc, at, 0, flags));
    }
}

void Lifter::transfer_v(unsigned size, bool load, unsigned rt, const MemoryOperand& at) {
    if (load) {
        b.set_v(rt, b.load_v(at.base, at.index, at.scale, at.disp, size));
    } else {
        b.store_v(at.base, at.index, b.get_v(rt), at.scale, at.disp, size);
    }
}

// ---- literals

Step Lifter::lift_LDR_literal(const Args_LDR_literal& a) {
    Value base = b.guest_addr(pc() + static_cast<uint64_t>(int64_t{a.imm} * 4));
    transfer(a.sf ? 3 : 2, 1, a.rt, {base, ir::kNone, 0, 0});
    return Step::next;
}
Step Lifter::lift_LDRSW_literal(const Args_LDRSW_literal& a) {
    Value base = b.guest_addr(pc() + static_cast<uint64_t>(int64_t{a.imm} * 4));
    transfer(2, 2, a.rt, {base, ir::kNone, 0, 0});
    return Step::next;
}
Step Lifter::lift_PRFM_literal(const Args_PRFM_literal&) { return Step::next; }
Step Lifter::lift_LDR_literal_v(const Args_LDR_literal_v& a) {
    Value base = b.guest_addr(pc() + static_cast<uint64_t>(int64_t{a.imm} * 4));
    transfer_v(a.opc + 2, true, a.rt, {base, ir::kNone, 0, 0});
    return Step::next;
}

// ---- pairs: both accesses before any register changes

// Two registers of 64 bits at a multiple of 16, with FEAT_LSE2. Frames on the stack are left out:
// nobody else looks at them, and the detour through a vector register is dear.
bool Lifter::pair_is_one_access(bool sf, unsigned rn) const {
    return sf && rn != 31 && (f.key & (kKeyShared | kKeyAlign)) == kKeyShared &&
           features.has(Feature::LSE2);
}

Step Lifter::lift_STP(const Args_STP& a) {
    unsigned size = a.sf ? 3 : 2;
    int64_t offset = int64_t{a.imm} << size;
    Value base = xsp(a.rn);
    int64_t disp = a.idx == kPost ? 0 : offset;
    if (pair_is_one_access(a.sf, a.rn)) {
        b.store_v(base, ir::kNone, b.v_concat(x(a.rt), x(a.rt2)), 0, disp, 4);
    } else {
        b.store(base, ir::kNone, r(a.sf, a.rt), 0, disp, size);
        b.store(base, ir::kNone, r(a.sf, a.rt2), 0, disp + (int64_t{1} << size), size);
    }
    if (a.idx == kPost || a.idx == kPre)
        b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(offset))));
    return Step::next;
}

Step Lifter::lift_LDP(const Args_LDP& a) {
    unsigned size = a.sf ? 3 : 2;
    int64_t offset = int64_t{a.imm} << size;
    Value base = xsp(a.rn);
    int64_t disp = a.idx == kPost ? 0 : offset;
    Value first, second;
    if (pair_is_one_access(a.sf, a.rn)) {
        Value pair = b.load_v(base, ir::kNone, 0, disp, 4);
        first = b.vget_u(pair, 0, 3);
        second = b.vget_u(pair, 1, 3);
    } else {
        first = load_register(size, 1, {base, ir::kNone, 0, disp});
        second = load_register(size, 1, {base, ir::kNone, 0, disp + (int64_t{1} << size)});
    }
    set_x(a.rt2, second);
    set_x(a.rt, first);
    if (a.idx == kPost || a.idx == kPre)
        b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(offset))));
    return Step::next;
}

Step Lifter::lift_LDPSW(const Args_LDPSW& a) {
    int64_t offset = int64_t{a.imm} * 4;
    Value base = xsp(a.rn);
    int64_t disp = a.idx == kPost ? 0 : offset;
    Value first = load_register(2, 2, {base, ir::kNone, 0, disp});
    Value second = load_register(2, 2, {base, ir::kNone, 0, disp + 4});
    set_x(a.rt2, second);
    set_x(a.rt, first);
    if (a.idx == kPost || a.idx == kPre)
        b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(offset))));
    return Step::next;
}

Step Lifter::lift_STP_v(const Args_STP_v& a) {
    unsigned size = a.opc + 2;
    int64_t offset = int64_t{a.imm} << size;
    Value base = xsp(a.rn);
    int64_t disp = a.idx == kPost ? 0 : offset;
    b.store_v(base, ir::kNone, b.get_v(a.rt), 0, disp, size);
    b.store_v(base, ir::kNone, b.get_v(a.rt2), 0, disp + (int64_t{1} << size), size);
    if (a.idx == kPost || a.idx == kPre)
        b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(offset))));
    return Step::next;
}

Step Lifter::lift_LDP_v(const Args_LDP_v& a) {
    unsigned size = a.opc + 2;
    int64_t offset = int64_t{a.imm} << size;
    Value base = xsp(a.rn);
    int64_t disp = a.idx == kPost ? 0 : offset;
    Value first = b.load_v(base, ir::kNone, 0, disp, size);
    Value second = b.load_v(base, ir::kNone, 0, disp + (int64_t{1} << size), size);
    b.set_v(a.rt, first);
    b.set_v(a.rt2, second);
    if (a.idx == kPost || a.idx == kPre)
        b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(offset))));
    return Step::next;
}

// ---- single registers

Step Lifter::lift_LDST_unscaled(const Args_LDST_unscaled& a) {
    if (!is_prefetch(a)) transfer(a.size, a.opc, a.rt, {xsp(a.rn), ir::kNone, 0, a.imm});
    return Step::next;
}

Step Lifter::lift_LDST_unprivileged(const Args_LDST_unprivileged& a) {
    transfer(a.size, a.opc, a.rt, {xsp(a.rn), ir::kNone, 0, a.imm}, unprivileged());
    return Step::next;
}

Step Lifter::lift_LDST_post(const Args_LDST_post& a) {
    Value base = xsp(a.rn);
    transfer(a.size, a.opc, a.rt, {base, ir::kNone, 0, 0});
    b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(int64_t{a.imm}))));
    return Step::next;
}

Step Lifter::lift_LDST_pre(const Args_LDST_pre& a) {
    Value base = xsp(a.rn);
    transfer(a.size, a.opc, a.rt, {base, ir::kNone, 0, a.imm});
    b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(int64_t{a.imm}))));
    return Step::next;
}

Step Lifter::lift_LDST_unsigned(const Args_LDST_unsigned& a) {
    if (is_prefetch(a)) return Step::next;
    transfer(a.size, a.opc, a.rt, {xsp(a.rn), ir::kNone, 0, int64_t{a.imm} << a.size});
    return Step::next;
}

Step Lifter::lift_LDST_register(const Args_LDST_register& a) {
    if (is_prefetch(a)) return Step::next;
    Value index = extend(true, a.rm, a.option, 0);
    transfer(a.size, a.opc, a.rt, {xsp(a.rn), index, a.s ? a.size : 0, 0});
    return Step::next;
}

Step Lifter::lift_LDST_unscaled_v(const Args_LDST_unscaled_v& a) {
    transfer_v(vector_size(a), a.opc & 1, a.rt, {xsp(a.rn), ir::kNone, 0, a.imm});
    return Step::next;
}

Step Lifter::lift_LDST_post_v(const Args_LDST_post_v& a) {
    Value base = xsp(a.rn);
    transfer_v(vector_size(a), a.opc & 1, a.rt, {base, ir::kNone, 0, 0});
    b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(int64_t{a.imm}))));
    return Step::next;
}

Step Lifter::lift_LDST_pre_v(const Args_LDST_pre_v& a) {
    Value base = xsp(a.rn);
    transfer_v(vector_size(a), a.opc & 1, a.rt, {base, ir::kNone, 0, a.imm});
    b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(int64_t{a.imm}))));
    return Step::next;
}

Step Lifter::lift_LDST_unsigned_v(const Args_LDST_unsigned_v& a) {
    unsigned size = vector_size(a);
    transfer_v(size, a.opc & 1, a.rt, {xsp(a.rn), ir::kNone, 0, int64_t{a.imm} << size});
    return Step::next;
}

// A host address scales by 8 at the most; Q registers with a shifted index need the shift apart.
Step Lifter::lift_LDST_register_v(const Args_LDST_register_v& a) {
    unsigned size = vector_size(a);
    Value index = extend(true, a.rm, a.option, a.s && size == 4 ? 4 : 0);
    unsigned scale = a.s && size < 4 ? size : 0;
    transfer_v(size, a.opc & 1, a.rt, {xsp(a.rn), index, scale, 0});
    return Step::next;
}

}  // namespace pydbt::a64
