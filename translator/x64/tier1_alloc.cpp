// Where values live: host registers, spill slots, home slots.
//
// Owns: allocation, eviction, operands. Must not know: what instructions compute.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

Compiler::Compiler(const HostFeatures& host, unsigned most_registers, bool is_system)
    : host_(host), is_system_(is_system), gp_pool_(0), xmm_pool_(0) {
    auto first = [](uint32_t pool, unsigned count) {
        uint32_t kept = 0;
        for (unsigned n = 0; n < 16 && count != 0; n++) {
            if ((pool & bit(n)) == 0) continue;
            kept |= bit(n);
            count--;
        }
        return kept;
    };
    gp_pool_ = first(is_system ? kGpPool & ~bit(kTlb) : kGpPool, most_registers);
    xmm_pool_ = first(kXmmPool, most_registers);
}

Mem Compiler::home_mem(unsigned guest) {
    if (guest == kGuestFlags) return state_mem(base::kOff_nzcv);
    if (guest >= kGuestV) {
        return state_mem(base::kOff_v + 16 * static_cast<int32_t>(guest - kGuestV));
    }
    return state_mem(base::kOff_x + 8 * static_cast<int32_t>(guest));
}

void Compiler::init(Value v, bool is_xmm) {
    locs_[v] = {.root = v,
                .uses = insts_[v].uses,
                .bound = 0,
                .reg = kNo,
                .spill = kNo,
                .home = kNo,
                .clean = static_cast<uint8_t>(is_xmm ? 16 : 0),
                .is_xmm = is_xmm,
                .constant = false,
                .held = false};
}

void Compiler::alias(const Inst& i, Value of) {
    Value root = locs_[of].root;
    locs_[at(i)].root = root;
    // What names the alias names the root; the operand that makes it one is released by end_inst().
    locs_[root].uses = static_cast<uint16_t>(locs_[root].uses + i.uses);
}

void Compiler::drop_if_dead(Value root) {
    Loc& l = locs_[root];
    if (alive(l)) return;
    if (l.reg != kNo) (l.is_xmm ? xmm_ : gp_)[l.reg] = kNone;
    free_slot(l);
    l.reg = kNo;
    if (eflags_ == root) eflags_ = kNone;
    if (!l.held) return;
    l.held = false;
    for (Value arg : insts_[root].args) {
        if (arg != kNone) release(arg);
    }
}

void Compiler::free_slot(Loc& l) {
    if (l.spill != kNo && l.spill < kValueSlots) slots_ &= ~bit(l.spill);
    l.spill = kNo;
}

void Compiler::release(Value v) {
    Loc& l = loc(v);
    l.uses--;
    drop_if_dead(l.root);
}

bool Compiler::dying(Value v, const Inst& i) const {
    const Loc& l = locs_[locs_[v].root];
    if (l.bound != 0) return false;
    unsigned here = 0;
    for (Value arg : i.args) {
        if (arg != kNone && locs_[arg].root == l.root) here++;
    }
    return l.uses == here && here == 1;
}

void Compiler::end_inst(const Inst& i) {
    for (Value arg : i.args) {
        if (arg != kNone) release(arg);
    }
    gp_locked_ = xmm_locked_ = 0;
    pinned_.reset();
}

// ---- registers

unsigned Compiler::free_register(bool is_xmm) const {
    uint32_t pool = is_xmm ? xmm_pool_ & ~xmm_locked_ : gp_pool_ & ~gp_locked_;
    const Value* holds = is_xmm ? xmm_ : gp_;
    for (unsigned n = 0; n < 16; n++) {
        if ((pool & bit(n)) != 0 && holds[n] == kNone) return n;
    }
    return kNo;
}

Gp Compiler::alloc_gp() {
    unsigned n = free_register(false);
    if (n == kNo) {
        n = victim(false);
        evict_gp(n);
    }
    gp_locked_ |= bit(n);
    return gp(n);
}

Xmm Compiler::alloc_xmm() {
    unsigned n = free_register(true);
    if (n == kNo) {
        n = victim(true);
        evict_xmm(n);
    }
    xmm_locked_ |= bit(n);
    return xmm(n);
}

// Prefers a register whose value is in memory as well, then one that only a guest register is bound
// to; else goes round.
unsigned Compiler::victim(bool is_xmm) {
    uint32_t pool = is_xmm ? xmm_pool_ & ~xmm_locked_ : gp_pool_ & ~gp_locked_;
    const Value* holds = is_xmm ? xmm_ : gp_;
    unsigned& clock = is_xmm ? xmm_clock_ : gp_clock_;
    unsigned any = kNo, unused = kNo, best = kNo;
    for (unsigned step = 0; step < 16; step++) {
        unsigned n = (clock + step) & 15;
        if ((pool & bit(n)) == 0) continue;
        if (any == kNo) any = n;
        const Loc& l = locs_[holds[n]];
        if (unused == kNo && l.uses == 0) unused = n;
        if (l.constant || l.spill != kNo || l.home != kNo) {
            best = n;
            break;
        }
    }
    if (best == kNo) best = unused != kNo ? unused : any;
    clock = best + 1;
    return best;
}

unsigned Compiler::take_slot() {
    for (unsigned slot = 0; slot < kValueSlots; slot++) {
        if ((slots_ & bit(slot)) != 0) continue;
        slots_ |= bit(slot);
        return slot;
    }
    out_of_slots_ = true;
    return 0;
}

// The only copy of a live value goes to memory: a dirty guest register's home, or a spill slot.
// Allocates nothing: it runs while a register is being made free.
void Compiler::store_out(Value root) {
    Loc& l = locs_[root];
    if (l.constant || l.spill != kNo || l.home != kNo) return;
    if (l.bound != 0) {
        for (unsigned guest = 0; guest < kGuestCount; guest++) {
            if (binding_[guest] != root || pinned_[guest]) continue;
            commit(guest);
            if (l.home != kNo || !alive(l)) return;
        }
    }
    l.spill = static_cast<uint8_t>(take_slot());
    if (l.is_xmm) {
        a_.vmovaps(spill_mem(l.spill), xmm(l.reg));
    } else {
        a_.mov(Size::b64, spill_mem(l.spill), gp(l.reg));
    }
}

void Compiler::evict_gp(unsigned r) {
    Value root = gp_[r];
    if (root == kNone) return;
    store_out(root);
    gp_[r] = kNone;
    locs_[root].reg = kNo;
}

void Compiler::evict_xmm(unsigned r) {
    Value root = xmm_[r];
    if (root == kNone) return;
    store_out(root);
    xmm_[r] = kNone;
    locs_[root].reg = kNo;
}

void Compiler::take(Gp r) {
    auto n = static_cast<unsigned>(r);
    gp_locked_ |= bit(n);
    if (gp_[n] == kNone) return;
    Value root = gp_[n];
    Gp to = alloc_gp();
    a_.mov(Size::b64, to, r);
    gp_[n] = kNone;
    gp_[static_cast<unsigned>(to)] = root;
    locs_[root].reg = static_cast<uint8_t>(to);
}

// ---- operands

bool Compiler::constant(Value v, uint64_t& value) const {
    const Inst& i = insts_[locs_[v].root];
    if (i.op != Op::const_ && i.op != Op::guest_addr) return false;
    value = static_cast<uint64_t>(i.imm);
    if (insts_[v].type == Type::i32) value = static_cast<uint32_t>(value);
    return true;
}

// A constant as a sign-extended 32-bit immediate of an operation of the value's size.
bool Compiler::immediate(Value v, int32_t& value) const {
    uint64_t full;
    if (!constant(v, full)) return false;
    value = static_cast<int32_t>(full);
    return insts_[v].type == Type::i32 || static_cast<uint64_t>(int64_t{value}) == full;
}

// Never changes EFLAGS.
void Compiler::move_constant(Gp r, Value v) {
    const Inst& i = insts_[locs_[v].root];
    auto value = static_cast<uint64_t>(i.imm);
    if (i.op == Op::flags_imm) value = base::flags_from_nzcv(static_cast<uint32_t>(value));
    if (i.op == Op::guest_addr) {
        move_guest_pc(r, value);
    } else {
        a_.mov_imm(r, value);
    }
}

bool Compiler::in_memory(Value v) {
    const Loc& l = loc(v);
    if (l.reg != kNo || l.constant || (l.spill == kNo && l.home == kNo)) return false;
    if (l.spill == kNo) pinned_.set(l.home);
    return true;
}

Mem Compiler::memory_of(const Loc& l) const {
    return l.spill != kNo ? spill_mem(l.spill) : home_mem(l.home);
}

void Compiler::load_gp(Gp r, Value v) {
    const Loc& l = loc(v);
    if (l.constant) {
        move_constant(r, v);
    } else if (l.reg != kNo) {
        if (gp(l.reg) != r) a_.mov(Size::b64, r, gp(l.reg));
    } else if (l.home == kGuestFlags && l.spill == kNo) {
        a_.mov(Size::b32, r, memory_of(l));
    } else {
        a_.mov(Size::b64, r, memory_of(l));
    }
}

uint64_t Compiler::vector_constant(Value root) const {
    return insts_[root].op == Op::vmov_imm ? static_cast<uint64_t>(insts_[root].imm) : 0;
}

void Compiler::load_vector_constant(Xmm r, uint64_t half) {
    if (half == 0) {
        a_.vpxor(r, r, r);
    } else if (half == ~uint64_t{0}) {
        a_.vpcmpeqd(r, r, r);
    } else {
        a_.vmovaps(r, pool(half, half));
    }
}

void Compiler::load_xmm(Xmm r, Value v) {
    Loc& l = loc(v);
    if (l.constant) return load_vector_constant(r, vector_constant(l.root));
    if (l.reg != kNo) {
        if (xmm(l.reg) != r) a_.vmovaps(r, xmm(l.reg));
        return;
    }
    Mem m = memory_of(l);
    // A scalar is read by its width, which clears the rest.
    if (insts_[l.root].type == Type::f64) {
        a_.vmovsd(r, m);
        l.clean = 8;
    } else if (insts_[l.root].type == Type::f32) {
        a_.vmovss(r, m);
        l.clean = 4;
    } else {
        a_.vmovaps(r, m);
    }
}

Gp Compiler::use(Value v) {
    Loc& l = loc(v);
    if (l.reg == kNo) {
        Gp r = alloc_gp();
        load_gp(r, v);
        gp_[static_cast<unsigned>(r)] = l.root;
        l.reg = static_cast<uint8_t>(r);
    }
    gp_locked_ |= bit(l.reg);
    return gp(l.reg);
}

Xmm Compiler::use_x(Value v) {
    Loc& l = loc(v);
    if (l.reg == kNo) {
        Xmm r = alloc_xmm();
        load_xmm(r, v);
        xmm_[static_cast<unsigned>(r)] = l.root;
        l.reg = static_cast<uint8_t>(r);
    }
    xmm_locked_ |= bit(l.reg);
    return xmm(l.reg);
}

Operand Compiler::operand(Value v) {
    int32_t value;
    if (immediate(v, value) && insts_[loc(v).root].op == Op::const_)
        return {Operand::imm, Gp::none, value, {}};
    // Read once, it can stay in memory.
    if (in_memory(v) && loc(v).uses == 1) return {Operand::memory, Gp::none, 0, memory_of(loc(v))};
    return {Operand::reg, use(v), 0, {}};
}

// ---- results

void Compiler::define(const Inst& i, Gp r, bool clean) {
    Value v = at(i);
    Loc& l = locs_[v];
    l.reg = static_cast<uint8_t>(r);
    l.clean = clean ? 1 : 0;
    gp_[l.reg] = v;
    drop_if_dead(v);
}

namespace {

// Whether elements that are 0 in all operands are 0 in the result.
bool keeps_zeros(Op op) {
    switch (op) {
        case Op::vand:
        case Op::vandc:
        case Op::vor:
        case Op::vxor:
        case Op::vbsl:
        case Op::vblend:
        case Op::vadd:
        case Op::vsub:
        case Op::vmul:
        case Op::vneg:
        case Op::vabs:
        case Op::vcmgt:
        case Op::vcmhi:
        case Op::vcmtst:
        case Op::vsmin:
        case Op::vsmax:
        case Op::vumin:
        case Op::vumax:
        case Op::vshl:
        case Op::vushr:
        case Op::vsshr:
        case Op::vushl:
        case Op::vsshl:
        case Op::vsqadd:
        case Op::vuqadd:
        case Op::vsqsub:
        case Op::vuqsub:
        case Op::vurhadd:
        case Op::vdmulh:
        case Op::vrdmulh:
        case Op::vcnt:
        case Op::vrbit:
        case Op::vrev16:
        case Op::vrev32:
        case Op::vrev64: return true;
        default: return false;
    }
}

}  // namespace

// 8 where the upper halves of operands are 0 and stay so, else 16. A half is whole elements.
uint8_t Compiler::clean_of(const Inst& i) const {
    if (!keeps_zeros(i.op)) return 16;
    bool all = true, one = false;
    for (Value v : i.args) {
        if (v == kNone) continue;
        bool is_clean = locs_[locs_[v].root].clean <= 8;
        all = all && is_clean;
        one = one || is_clean;
    }
    return all || (i.op == Op::vand && one) ? 8 : 16;
}

void Compiler::define(const Inst& i, Xmm r, uint8_t clean) {
    Value v = at(i);
    if (clean == 16) clean = clean_of(i);
    Loc& l = locs_[v];
    l.reg = static_cast<uint8_t>(r);
    l.clean = clean;
    xmm_[l.reg] = v;
    drop_if_dead(v);
}

Gp Compiler::def(const Inst& i) {
    Gp r = alloc_gp();
    define(i, r, i.type != Type::i64);
    return r;
}

Xmm Compiler::def_x(const Inst& i, uint8_t clean) {
    Xmm r = alloc_xmm();
    define(i, r, clean);
    return r;
}

Xmm Compiler::def_from_x(const Inst& i, Value a) {
    Loc& l = loc(a);
    Xmm r = Xmm::none;
    if (l.reg != kNo && dying(a, i)) {
        r = xmm(l.reg);
        xmm_locked_ |= bit(r);
        l.reg = kNo;
    } else {
        r = alloc_xmm();
        load_xmm(r, a);
    }
    define(i, r);
    return r;
}

Gp Compiler::def_from(const Inst& i, Value a) {
    Loc& l = loc(a);
    if (l.reg != kNo && dying(a, i)) {
        auto r = gp(l.reg);
        gp_locked_ |= bit(r);
        l.reg = kNo;
        define(i, r, i.type != Type::i64);
        return r;
    }
    Gp r = alloc_gp();
    load_gp(r, a);
    define(i, r, i.type != Type::i64);
    return r;
}

}  // namespace pydbt::x64
