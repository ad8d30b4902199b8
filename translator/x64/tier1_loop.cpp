// Blocks that branch to themselves: guest registers stay in host registers from turn to turn.
//
// Owns: which do, how they are loaded before the first turn and put in place for the next. Must not
// know: what the loop computes.
//
// At the loop's head each carried guest register is in a host register of its own. One that the
// loop sets is bound there and its home slot holds something older; one that it only reads is right
// in both places. What leaves the loop stores the former: the exit, the poll, and the stub of the
// way back, which is linked to the head only while the block is (ExitSite::loop).
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {
namespace {

// Registers of each class that the turns themselves have.
constexpr int kForTheBody = 4;

}  // namespace

bool Compiler::is_self(const Inst& i) const {
    return i.op == Op::exit_direct && static_cast<uint64_t>(i.imm) == f_->pc &&
           i.flags == ir::kExitPoll;
}

// The way back is the entry block's own end.
bool Compiler::find_loop() const {
    const Inst& end = insts_[f_->blocks[0].last];
    if (end.op == Op::exit_direct) return is_self(end);
    if (end.op != Op::br) return false;
    uint32_t yes = f_->edges[static_cast<size_t>(end.imm)].block;
    uint32_t no = f_->edges[static_cast<size_t>(end.imm) + 1].block;
    if (!is_exit(yes) || !is_exit(no)) return false;
    return is_self(insts_[f_->blocks[yes].first]) != is_self(insts_[f_->blocks[no].first]);
}

// Candidates in order: set and read, only read, only set (opt/loop.cpp has read them all).
void Compiler::choose_carried() {
    Value gets[kGuestFlags];
    std::fill_n(gets, kGuestFlags, kNone);
    std::bitset<kGuestFlags> set;
    for (uint32_t n = f_->blocks[0].first; n != kNone; n = insts_[n].next) {
        const Inst& i = insts_[n];
        auto at = static_cast<size_t>(i.imm);
        switch (i.op) {
            case Op::get_x: gets[kGuestX + at] = n; break;
            case Op::get_v: gets[kGuestV + at] = n; break;
            case Op::copy_bytes:
            case Op::fill_bytes:
            case Op::set_x: set.set(kGuestX + at); break;
            case Op::set_v: set.set(kGuestV + at); break;
            default: break;
        }
    }
    constexpr int kForLookups = 3;
    int body = is_system_ ? kForTheBody + kForLookups : kForTheBody;
    int room[2] = {std::popcount(gp_pool_) - body, std::popcount(xmm_pool_) - kForTheBody};
    auto add = [&](bool is_set, bool is_read) {
        for (unsigned guest = 0; guest < kGuestFlags; guest++) {
            if (gets[guest] == kNone || set[guest] != is_set) continue;
            if ((insts_[gets[guest]].uses != 0) != is_read) continue;
            int& left = room[guest >= kGuestV ? 1 : 0];
            if (left <= 0) continue;
            left--;
            carried_.push_back({gets[guest], static_cast<uint8_t>(guest), kNo, is_set});
        }
    };
    add(true, true);
    add(false, true);
    add(true, false);
}

void Compiler::enter_loop() {
    choose_carried();
    for (Carried& c : carried_) {
        bool is_xmm = c.guest >= kGuestV;
        init(c.value, is_xmm);
        Loc& l = locs_[c.value];
        if (is_xmm) {
            Xmm r = alloc_xmm();
            a_.vmovaps(r, home_mem(c.guest));
            l.reg = static_cast<uint8_t>(r);
        } else {
            Gp r = alloc_gp();
            a_.mov(Size::b64, r, home_mem(c.guest));
            l.reg = static_cast<uint8_t>(r);
        }
        (is_xmm ? xmm_ : gp_)[l.reg] = c.value;
        c.reg = l.reg;
        is_carried_.set(c.guest);
        if (c.changes) {
            binding_[c.guest] = c.value;
            l.bound++;
        } else {
            set_home(c.value, c.guest);
            l.uses++;  // the next turn's
        }
    }
    gp_locked_ = xmm_locked_ = 0;
    a_.align(16);
    loop_head_ = a_.offset();
}

// EFLAGS stay as they are. Everything that the next turn does not carry has been stored.
void Compiler::place_carried() {
    for (bool is_xmm : {false, true}) {
        // Sources in registers first, so that none is written over before it is read.
        uint8_t from[16];
        std::fill_n(from, 16, kNo);
        uint32_t waiting = 0;
        for (const Carried& c : carried_) {
            if ((c.guest >= kGuestV) != is_xmm) continue;
            uint8_t source = register_of(c);
            if (source == kNo || source == c.reg) continue;
            from[c.reg] = source;
            waiting |= bit(c.reg);
        }
        move_registers(is_xmm, from, waiting);
        for (const Carried& c : carried_) {
            if ((c.guest >= kGuestV) == is_xmm && register_of(c) == kNo) load_carried(c);
        }
    }
}

uint8_t Compiler::register_of(const Carried& c) const {
    Value root = binding_[c.guest];
    if (root != kNone) return locs_[root].constant ? kNo : locs_[root].reg;
    return c.changes ? kNo : locs_[c.value].reg;
}

void Compiler::load_carried(const Carried& c) {
    Value root = binding_[c.guest];
    if (c.guest < kGuestV) {
        if (root != kNone) return load_gp(gp(c.reg), root);
        return a_.mov(Size::b64, gp(c.reg), home_mem(c.guest));
    }
    if (root != kNone) return load_xmm(xmm(c.reg), root);
    a_.vmovaps(xmm(c.reg), home_mem(c.guest));
}

// All of `waiting` at once: from[d] to d.
void Compiler::move_registers(bool is_xmm, uint8_t* from, uint32_t waiting) {
    constexpr auto kSpareGp = static_cast<uint8_t>(Gp::rax);
    constexpr auto kSpareXmm = static_cast<uint8_t>(kScratch);
    auto move = [&](unsigned to, unsigned source) {
        if (is_xmm) {
            a_.vmovaps(xmm(to), xmm(source));
        } else {
            a_.mov(Size::b64, gp(to), gp(source));
        }
    };
    while (waiting != 0) {
        uint32_t read = 0;
        for (unsigned d = 0; d < 16; d++) {
            if ((waiting & bit(d)) != 0 && from[d] < 16) read |= bit(from[d]);
        }
        uint32_t ready = waiting & ~read;
        if (ready == 0) {
            // Only cycles are left: one register steps aside.
            auto d = static_cast<unsigned>(std::countr_zero(waiting));
            uint8_t spare = is_xmm ? kSpareXmm : kSpareGp;
            move(spare, d);
            for (unsigned n = 0; n < 16; n++) {
                if ((waiting & bit(n)) != 0 && from[n] == d) from[n] = spare;
            }
            continue;
        }
        for (unsigned d = 0; d < 16; d++) {
            if ((ready & bit(d)) != 0) move(d, from[d]);
        }
        waiting &= ~ready;
    }
}

// What left the loop's registers behind is in CpuState again.
void Compiler::store_carried() {
    for (const Carried& c : carried_) {
        if (!c.changes) continue;
        if (c.guest >= kGuestV) {
            a_.vmovaps(home_mem(c.guest), xmm(c.reg));
        } else {
            a_.mov(Size::b64, home_mem(c.guest), gp(c.reg));
        }
    }
}

void Compiler::commit_rest() {
    commit(kGuestFlags);
    for (unsigned guest = 0; guest < kGuestFlags; guest++) {
        if (!is_carried_[guest]) commit(guest);
    }
}

void Compiler::next_turn() {
    a_.cmp(Size::b32, state_mem(base::kOff_poll), 0);
    Cold& c = cold(Cold::poll);
    c.target = f_->pc;
    c.carried = true;
    a_.jcc(Cond::ne, c.entry);
    uint32_t exit = exit_site(ExitSite::jump, f_->pc);
    out_->exits[exit].loop = loop_head_;
    site_branch(exit, a_.jmp_rel32(), Cold::link_stub);
    cold_.back().carried = true;
}

void Compiler::loop_always() {
    commit_rest();
    place_carried();
    next_turn();
}

void Compiler::loop_while(const Inst& i, uint32_t yes, uint32_t no) {
    commit_rest();
    Test t = condition(i.args[0], i.cc);
    place_carried();
    uint32_t other = no;
    if (!is_self(insts_[f_->blocks[yes].first])) {
        t.negated = !t.negated;
        other = yes;
    }
    inlined_[yes] = inlined_[no] = true;
    Cold& c = cold(Cold::loop_end);
    c.carried = true;
    c.exit = f_->blocks[other].first;
    jump_unless(t, c.entry);
    next_turn();
}

}  // namespace pydbt::x64
