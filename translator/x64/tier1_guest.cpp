// Guest registers: what they are bound to, when they are stored, what a fault finds.
//
// Owns: bindings, home slots, snapshots for recovery. Must not know: what instructions compute.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

void Compiler::get_guest(const Inst& i, unsigned guest) {
    Value v = at(i);
    init(v, guest >= kGuestV && guest < kGuestFlags);
    set_home(v, guest);
}

void Compiler::set_home(Value root, unsigned guest) {
    locs_[root].home = static_cast<uint8_t>(guest);
    auto& users = homes_[guest];
    for (Value& user : users) {
        if (user == kNone || user == root || !alive(locs_[user]) || locs_[user].home != guest) {
            user = root;
            return;
        }
    }
    // More names for one slot than we keep: this value does without it.
    locs_[root].home = kNo;
    if (locs_[root].reg == kNo && locs_[root].spill == kNo) {
        Loc& l = locs_[root];
        if (l.is_xmm) {
            Xmm r = alloc_xmm();
            a_.vmovaps(r, home_mem(guest));
            l.reg = static_cast<uint8_t>(r);
            xmm_[l.reg] = root;
        } else {
            Gp r = alloc_gp();
            a_.mov(guest == kGuestFlags ? Size::b32 : Size::b64, r, home_mem(guest));
            l.reg = static_cast<uint8_t>(r);
            gp_[l.reg] = root;
        }
    }
}

void Compiler::rescue(unsigned guest, Value except) {
    for (Value& user : homes_[guest]) {
        if (user == kNone) continue;
        Value root = user;
        user = kNone;
        Loc& l = locs_[root];
        if (root == except || l.home != guest) continue;
        bool only = alive(l) && l.reg == kNo && l.spill == kNo && !l.constant && eflags_ != root;
        if (only) copy_home(root);
        l.home = kNo;
    }
}

// Making room for the value here could store the very register that is being stored: it goes where
// there is room, else to a spill slot by way of the allocator's own register.
void Compiler::copy_home(Value root) {
    Loc& l = locs_[root];
    unsigned n = free_register(l.is_xmm);
    if (n != kNo) {
        if (l.is_xmm) {
            load_xmm(xmm(n), root);
        } else {
            load_gp(gp(n), root);
        }
        (l.is_xmm ? xmm_ : gp_)[n] = root;
        l.reg = static_cast<uint8_t>(n);
        return;
    }
    Mem home = memory_of(l);
    l.spill = static_cast<uint8_t>(take_slot());
    if (l.is_xmm) {
        a_.vmovaps(kMover, home);
        a_.vmovaps(spill_mem(l.spill), kMover);
        return;
    }
    if (l.home == kGuestFlags) {
        a_.vmovd(kMover, home);
    } else {
        a_.vmovq(kMover, home);
    }
    a_.vmovq(spill_mem(l.spill), kMover);
}

void Compiler::set_guest(unsigned guest, Value v) {
    Value root = locs_[v].root;
    Loc& l = locs_[root];
    // An f32 or f64 is no whole V register; the lifter converts first.
    if (binding_[guest] == root) return;
    unbind(guest);
    if (l.home == guest) return;  // the slot has it
    if (guest == kGuestFlags && eflags_ != root && unwritten(l)) use_flags_word(v);
    binding_[guest] = root;
    l.bound++;
}

void Compiler::unbind(unsigned guest) {
    Value root = binding_[guest];
    if (root == kNone) return;
    binding_[guest] = kNone;
    locs_[root].bound--;
    drop_if_dead(root);
}

// Stores a dirty guest register. EFLAGS stay as they are, but for CF where they hold the guest's
// flags.
void Compiler::commit(unsigned guest) {
    Value root = binding_[guest];
    if (root == kNone) return;
    Loc& l = locs_[root];
    rescue(guest, root);
    Mem home = home_mem(guest);
    if (guest == kGuestFlags) {
        if (eflags_ == root && l.reg == kNo && !l.constant) {
            flags_word_to_rax();
            a_.mov(Size::b32, home, Gp::rax);
        } else if (l.constant) {
            a_.mov(Size::b32, home,
                   static_cast<int32_t>(
                       base::flags_from_nzcv(static_cast<uint32_t>(insts_[root].imm))));
        } else if (l.reg != kNo) {
            // As below: a register that is evicted is stored without a scratch register.
            a_.mov(Size::b32, home, gp(l.reg));
        } else {
            load_gp(Gp::rax, root);
            a_.mov(Size::b32, home, Gp::rax);
        }
    } else if (l.is_xmm) {
        Xmm r = l.reg != kNo ? xmm(l.reg) : kScratch;
        if (l.reg == kNo) load_xmm(r, root);
        a_.vmovaps(home, r);
    } else {
        int32_t value;
        if (insts_[root].op == Op::const_ && immediate(root, value)) {
            a_.mov(Size::b64, home, value);
        } else if (l.reg != kNo) {
            a_.mov(Size::b64, home, gp(l.reg));
        } else {
            load_gp(Gp::rax, root);
            a_.mov(Size::b64, home, Gp::rax);
        }
    }
    binding_[guest] = kNone;
    l.bound--;
    if (l.uses != 0 || l.bound != 0) {
        if (!l.constant && l.home == kNo) set_home(root, guest);
    } else {
        drop_if_dead(root);
    }
}

void Compiler::commit_all() {
    // Flags first: they may be in EFLAGS, and need rax.
    commit(kGuestFlags);
    for (unsigned guest = 0; guest < kGuestFlags; guest++) commit(guest);
}

void Compiler::forget_all() {
    for (unsigned n = 0; n < 16; n++) gp_[n] = xmm_[n] = kNone;
    for (unsigned n = 0; n < kGuestCount; n++) {
        binding_[n] = kNone;
        for (Value& user : homes_[n]) user = kNone;
    }
    gp_locked_ = xmm_locked_ = 0;
    pinned_.reset();
    slots_ = 0;
    eflags_ = skipped_ = kNone;
}

// ---- recovery

void Compiler::snapshot() {
    snapshot_first_ = static_cast<uint32_t>(out_->entries.size());
    for (unsigned guest = 0; guest < kGuestCount; guest++) {
        Value root = binding_[guest];
        if (root == kNone) continue;
        const Loc& l = locs_[root];
        RecoveryEntry e{RecoveryEntry::gp, static_cast<uint8_t>(guest), 0, 0, 0};
        if (guest == kGuestFlags && eflags_ == root) {
            e.kind = RecoveryEntry::eflags;
            e.host = static_cast<uint8_t>(eflags_mode_);
        } else if (l.constant) {
            bool is_address = insts_[root].op == Op::guest_addr;
            e.kind = is_address ? RecoveryEntry::address : RecoveryEntry::constant;
            e.value = l.is_xmm ? vector_constant(root) : static_cast<uint64_t>(insts_[root].imm);
            if (guest == kGuestFlags)
                e.value = base::flags_from_nzcv(static_cast<uint32_t>(e.value));
        } else if (l.reg != kNo) {
            e.kind = l.is_xmm ? RecoveryEntry::xmm : RecoveryEntry::gp;
            e.host = l.reg;
        } else if (l.spill != kNo) {
            e.kind = RecoveryEntry::spill;
            e.slot = l.spill;
        } else {
            e.kind = l.is_xmm ? RecoveryEntry::home_v : RecoveryEntry::home_x;
            e.host = static_cast<uint8_t>(l.is_xmm ? l.home - kGuestV : l.home);
        }
        // As load_xmm() reads it: above a scalar there may be anything.
        if (l.is_xmm && l.reg == kNo && !l.constant) e.value = ir::bits(type(root)) / 8;
        out_->entries.push_back(e);
    }
    snapshot_count_ = static_cast<uint8_t>(out_->entries.size() - snapshot_first_);
}

// In system mode no access of the host's faults: what is looked up is there.
void Compiler::row() {
    if (is_system_) return;
    snapshot();
    out_->rows.push_back(
        {a_.offset(), insn_, RecoveryRow::memory, snapshot_count_, snapshot_first_});
}

}  // namespace pydbt::x64
