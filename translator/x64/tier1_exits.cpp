// Ways out of a block, branches inside one, and what is emitted behind it.
//
// Owns: exits, polls, landings, out-of-line code. Must not know: how exits are linked.
#include "translator/base/pauth.hpp"
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

Cold& Compiler::cold(Cold::Kind kind) {
    cold_.push_back({});
    Cold& c = cold_.back();
    c.kind = kind;
    c.insn = insn_;
    return c;
}

uint32_t Compiler::exit_site(ExitSite::Kind kind, uint64_t target) {
    out_->exits.push_back({kind, 0, 0, 0, 0, target});
    return static_cast<uint32_t>(out_->exits.size() - 1);
}

// The field leads to the exit's stub until it is linked; where the target's page may become another
// one (system mode), always to the probe.
void Compiler::site_branch(uint32_t exit, uint32_t field, Cold::Kind kind) {
    out_->exits[exit].rel32 = field;
    bool far = kind == Cold::link_stub && is_far(out_->exits[exit].target);
    Cold& c = cold(far ? Cold::far : kind);
    if (far) c.target = out_->exits[exit].target;
    c.exit = exit;
    a_.refer(field, c.entry);
}

void Compiler::jump_exit(ExitSite::Kind kind, uint64_t target) {
    uint32_t exit = exit_site(kind, target);
    site_branch(exit, a_.jmp_rel32(), Cold::link_stub);
}

void Compiler::jump_if_exit(const Test& t, uint64_t target) {
    auto branch = [&](Cond cc) {
        uint32_t exit = exit_site(ExitSite::jump, target);
        site_branch(exit, a_.jcc_rel32(cc), Cold::link_stub);
    };
    if (!t.ordered) {
        branch(t.negated ? invert(t.cc) : t.cc);
    } else if (!t.negated) {
        Label no;
        a_.jcc(Cond::p, no);
        branch(t.cc);
        a_.bind(no);
    } else {
        branch(Cond::p);
        branch(invert(t.cc));
    }
}

void Compiler::move_guest_pc(Gp r, uint64_t pc) {
    if (pc <= INT32_MAX) {
        a_.mov_imm(r, pc);
        out_->relocs.push_back({Reloc::imm32, a_.offset() - 4, pc});
    } else {
        out_->relocs.push_back({Reloc::imm64, a_.mov_imm64(r, pc), pc});
    }
}

void Compiler::poll(uint64_t target) {
    a_.cmp(Size::b32, state_mem(base::kOff_poll), 0);
    Cold& c = cold(Cold::poll);
    c.target = target;
    a_.jcc(Cond::ne, c.entry);
}

// Guest state is in memory.
void Compiler::direct_exit(const Inst& i) {
    auto target = static_cast<uint64_t>(i.imm);
    if ((i.flags & ir::kExitContext) != 0) {
        move_guest_pc(Gp::rax, target);
        a_.jmp(state_mem(base::kOff_stub_poll));
        return;
    }
    if ((i.flags & ir::kExitPoll) != 0) poll(target);
    jump_exit(ExitSite::jump, target);
}

void Compiler::emit_exit_direct(const Inst& i) {
    if (looping_) return loop_always();
    commit_all();
    direct_exit(i);
}

// What the host's ret comes back to: rax is where the guest went.
void Compiler::landing(const Inst& i) {
    uint64_t back = f_->insns[i.insn] + 4;
    if (back <= INT32_MAX) {
        a_.cmp(Size::b64, Gp::rax, static_cast<int32_t>(back | 0x40000000));
        // The immediate in its four-byte form, for the relocation.
        uint32_t field = a_.offset() - 4;
        a_.patch32(field, static_cast<uint32_t>(back));
        out_->relocs.push_back({Reloc::imm32, field, back});
    } else {
        move_guest_pc(Gp::rcx, back);
        a_.cmp(Size::b64, Gp::rax, Gp::rcx);
    }
    Cold& c = cold(Cold::ret_miss);
    a_.jcc(Cond::ne, c.entry);
    jump_exit(ExitSite::landing, back);
}

void Compiler::emit_exit_call(const Inst& i) {
    commit_all();
    auto target = static_cast<uint64_t>(i.imm);
    if ((i.flags & ir::kExitPoll) != 0) poll(target);
    uint32_t exit = exit_site(ExitSite::call, target);
    site_branch(exit, a_.call_rel32(), Cold::link_stub);
    landing(i);
}

// rax := target_key(), or back.
void Compiler::mark_target(uint8_t btype) {
    if ((btype & 1) != 0) a_.btc(Size::b64, Gp::rax, 60);
    if ((btype & 2) != 0) a_.btc(Size::b64, Gp::rax, 61);
}

uint32_t Compiler::indirect_site(const Inst& i, ExitSite::Kind kind) {
    uint32_t exit = exit_site(kind, 0);
    out_->exits[exit].btype = i.flags;
    mark_target(i.flags);
    return exit;
}

// rax is the guest's target, marked.
void Compiler::inline_cache(uint32_t exit) {
    a_.cmp(Size::b32, state_mem(base::kOff_poll), 0);
    Cold& c = cold(Cold::poll_rax);
    c.exit = exit;
    a_.jcc(Cond::ne, c.entry);
    // The key is patched with one store: its eight bytes must not cross a line.
    constexpr uint32_t kOpcodeBytes = 2;
    a_.nop(-(a_.offset() + kOpcodeBytes) & 7);
    out_->exits[exit].ic_imm = a_.mov_imm64(Gp::rcx, 1);
    a_.cmp(Size::b64, Gp::rax, Gp::rcx);
    Cold& miss = cold(Cold::indirect_stub);
    miss.exit = exit;
    a_.jcc(Cond::ne, miss.entry);
    uint32_t field = a_.jmp_rel32();
    out_->exits[exit].rel32 = field;
    for (Cold& stub : cold_) {
        if (stub.kind == Cold::indirect_stub && stub.exit == exit) a_.refer(field, stub.entry);
    }
}

void Compiler::emit_exit_indirect(const Inst& i) {
    commit_all();
    load_gp(Gp::rax, i.args[0]);
    inline_cache(indirect_site(i, ExitSite::indirect));
}

void Compiler::emit_exit_call_indirect(const Inst& i) {
    commit_all();
    load_gp(Gp::rax, i.args[0]);
    uint32_t exit = indirect_site(i, ExitSite::indirect_call);
    Cold& c = cold(Cold::call_indirect);
    c.exit = exit;
    a_.call(c.entry);
    landing(i);
}

void Compiler::emit_exit_ret(const Inst& i) {
    commit_all();
    load_gp(Gp::rax, i.args[0]);
    a_.ret();
}

void Compiler::emit_exit_exception(const Inst& i) {
    commit_all();
    auto reason = static_cast<ir::Exception>(i.imm & 0xffff);
    uint64_t pc = f_->insns[i.insn];
    if (reason == ir::Exception::svc || reason == ir::Exception::wait) pc += 4;
    move_guest_pc(Gp::rax, pc);
    a_.mov(Size::b64, state_mem(base::kOff_pc), Gp::rax);
    a_.mov(Size::b32, state_mem(base::kOff_exit_reason), static_cast<int32_t>(reason));
    a_.mov(Size::b32, state_mem(base::kOff_exit_imm), static_cast<int32_t>(i.imm >> 16));
    a_.jmp(state_mem(base::kOff_stub_exception));
}

// ---- branches inside a function

bool Compiler::is_exit(uint32_t block) const {
    const ir::Block& b = f_->blocks[block];
    const Inst& i = insts_[b.first];
    return b.params == 0 && b.first == b.last && i.op == Op::exit_direct &&
           (i.flags & ir::kExitContext) == 0;
}

void Compiler::emit_br(const Inst& i) {
    uint32_t yes = f_->edges[static_cast<size_t>(i.imm)].block;
    uint32_t no = f_->edges[static_cast<size_t>(i.imm) + 1].block;
    if (looping_) return loop_while(i, yes, no);
    commit_all();
    Test t = condition(i.args[0], i.cc);
    if (!is_exit(yes) || !is_exit(no)) {
        jump_unless(t, labels_[no]);
        a_.jmp(labels_[yes]);
        return;
    }
    // The way with a poll falls through: it is a loop's.
    const Inst* taken = &insts_[f_->blocks[yes].first];
    const Inst* other = &insts_[f_->blocks[no].first];
    if ((taken->flags & ir::kExitPoll) != 0) {
        t.negated = !t.negated;
        std::swap(taken, other);
    }
    inlined_[yes] = inlined_[no] = true;
    jump_if_exit(t, static_cast<uint64_t>(taken->imm));
    direct_exit(*other);
}

void Compiler::emit_jump(const Inst& i) {
    commit_all();
    edge(f_->edges[static_cast<size_t>(i.imm)]);
}

// Arguments go through slots of their own, all read before any is written.
void Compiler::edge(const ir::Edge& e) {
    if (e.args_count > kMostParams) out_of_slots_ = true;
    for (uint32_t n = 0; n < e.args_count && n < kMostParams; n++) {
        Value v = f_->edge_args[e.args_begin + n];
        if (type(v) == Type::flags) {
            use_flags_word(v);
        } else if (loc(v).is_xmm) {
            use_x(v);
        } else {
            use(v);
        }
    }
    for (uint32_t n = 0; n < e.args_count && n < kMostParams; n++) {
        const Loc& l = loc(f_->edge_args[e.args_begin + n]);
        Mem slot = spill_mem(kParamSlots + n);
        if (l.is_xmm) {
            a_.vmovaps(slot, xmm(l.reg));
        } else {
            a_.mov(Size::b64, slot, gp(l.reg));
        }
    }
    a_.jmp(labels_[e.block]);
}

// ---- out of line

void Compiler::cold_paths() {
    // Emitting one may add others (a call's inline cache).
    for (size_t n = 0; n < cold_.size(); n++) {
        if (a_.overflowed()) return;
        a_.bind(cold_[n].entry);
        cold_path(n);
    }
}

void Compiler::cold_path(size_t n) {
    Cold c = cold_[n];
    if (c.carried) store_carried();
    switch (c.kind) {
        case Cold::link_stub:
            out_->exits[c.exit].stub = c.entry.at;
            a_.lea(Size::b64, Gp::rax, mem_rip(c.entry));
            a_.jmp(state_mem(base::kOff_stub_link));
            break;
        case Cold::indirect_stub:
            out_->exits[c.exit].stub = c.entry.at;
            a_.lea(Size::b64, Gp::rdx, mem_rip(c.entry));
            a_.jmp(state_mem(base::kOff_stub_indirect));
            break;
        case Cold::far:
            move_guest_pc(Gp::rax, c.target);
            a_.xor_(Size::b32, Gp::rdx, Gp::rdx);
            a_.jmp(state_mem(base::kOff_stub_indirect));
            break;
        case Cold::tlb_miss: cold_tlb_miss(c); break;
        case Cold::store_miss: cold_store_miss(c); break;
        case Cold::call_indirect: inline_cache(c.exit); break;
        case Cold::poll:
            move_guest_pc(Gp::rax, c.target);
            a_.jmp(state_mem(base::kOff_stub_poll));
            break;
        case Cold::poll_rax: {
            uint8_t btype = out_->exits[c.exit].btype;
            mark_target(btype);
            if (btype != 0) a_.mov(Size::b64, state_mem(base::kOff_btype), btype);
            a_.jmp(state_mem(base::kOff_stub_poll));
            break;
        }
        case Cold::ret_miss: a_.jmp(state_mem(base::kOff_stub_ret_miss)); break;
        case Cold::within_16:
            address_to_rcx(c);
            a_.mov(Size::b32, Gp::rdx, Gp::rcx);
            a_.and_(Size::b32, Gp::rdx, 15);
            a_.cmp(Size::b32, Gp::rdx, 16 - (1 << c.reg[0]));
            a_.jcc(Cond::be, c.back);
            out_->rows.push_back({a_.offset(), c.insn, c.reg[2], c.count, c.first});
            a_.ud2();
            break;
        case Cold::alignment:
            address_to_rcx(c);
            out_->rows.push_back({a_.offset(), c.insn, c.reg[2], c.count, c.first});
            a_.ud2();
            break;
        case Cold::authentication:
            a_.cmp(c.size, Gp::rcx, -1);
            a_.jcc(Cond::e, c.back);
            out_->rows.push_back(
                {a_.offset(), c.insn, RecoveryRow::authentication, c.count, c.first});
            a_.ud2();
            break;
        case Cold::tag_check:
            a_.cmp(Size::b32, state_mem(base::kOff_tco), 0);
            a_.jcc(Cond::ne, c.back);
            out_->rows.push_back({a_.offset(), c.insn, c.reg[0], c.count, c.first});
            a_.ud2();
            break;
        case Cold::sign_upper:
            sign(gp(c.reg[0]), gp(c.reg[1]), static_cast<int64_t>(c.target), base::kUpperPacField);
            a_.jmp(c.back);
            break;
        case Cold::divide_zero:
            a_.xor_(Size::b32, Gp::rax, Gp::rax);
            a_.jmp(c.back);
            break;
        case Cold::divide_special:
            a_.imul(c.size, Gp::rax, gp(c.reg[0]));
            a_.jmp(c.back);
            break;
        case Cold::equal: {
            Xmm a = xmm(c.reg[0]), b = xmm(c.reg[1]), d = xmm(c.reg[3]);
            a_.jcc(Cond::p, cold_[c.exit].entry);
            c.is_min ? a_.vorps(d, a, b) : a_.vandps(d, a, b);
            a_.jmp(c.back);
            break;
        }
        case Cold::equal_lanes: equal_lanes(c); break;
        case Cold::float_op: cold_float(c); break;
        case Cold::loop_end: direct_exit(insts_[c.exit]); break;
    }
}

void Compiler::address_to_rcx(const Cold& c) {
    if (c.reg[1] != kNo) a_.mov(Size::b64, Gp::rcx, gp(c.reg[1]));
}

// The exact helper, with every live register kept.
void Compiler::cold_float(Cold& c) {
    auto gp_slot = [](unsigned n) {
        return state_mem(base::kOff_spill + 16 * static_cast<int32_t>(kSaveGp) +
                         8 * static_cast<int32_t>(n));
    };
    for (unsigned n = 0; n < 16; n++) {
        if ((c.live_gp & bit(n)) != 0) a_.mov(Size::b64, gp_slot(n), gp(n));
        if ((c.live_xmm & bit(n)) != 0) a_.vmovaps(spill_mem(kSaveXmm + n), xmm(n));
    }
    for (unsigned n = 0; n < 3; n++) {
        if (c.reg[n] == kNo) continue;
        Mem m = state_mem(base::kOff_vtmp + 16 * static_cast<int32_t>(n));
        if (c.gp_operand) {
            a_.mov(Size::b64, m, gp(c.reg[n]));
        } else {
            a_.vmovaps(m, xmm(c.reg[n]));
        }
    }
    a_.mov_imm(Gp::rsi, c.target);
    call_helper(base::HelperId::op);
    Mem result = state_mem(base::kOff_vtmp);
    if (c.gp_result) {
        a_.mov(c.size, gp(c.reg[3]), result);
    } else {
        a_.vmovaps(xmm(c.reg[3]), result);
    }
    for (unsigned n = 0; n < 16; n++) {
        if ((c.live_gp & bit(n)) != 0) a_.mov(Size::b64, gp(n), gp_slot(n));
        if ((c.live_xmm & bit(n)) != 0) a_.vmovaps(xmm(n), spill_mem(kSaveXmm + n));
    }
    a_.jmp(c.back);
}

}  // namespace pydbt::x64
