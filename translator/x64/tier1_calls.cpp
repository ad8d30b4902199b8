// Calls of C++ from translated code, constants in memory.
//
// Owns: what is saved around calls, argument passing. Must not know: what helpers do.
#include "translator/ir/float_op.hpp"
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

// Guest state to memory, where the helper may look at it, and live values out of the registers that
// C functions change.
void Compiler::spill_for_call() {
    commit_all();
    clobber_flags();
    for (unsigned n = 0; n < 16; n++) {
        if ((kGpCallerSaved & bit(n)) != 0) evict_gp(n);
        evict_xmm(n);
    }
}

void Compiler::call_helper(base::HelperId id) {
    a_.lea(Size::b64, Gp::rdi, mem(Gp::rbp, -base::kStateBias));
    a_.mov_imm(Gp::rax, static_cast<uint64_t>(id));
    a_.call(state_mem(base::kOff_stub_helper));
}

void Compiler::result_from_rax(const Inst& i) {
    gp_locked_ = xmm_locked_ = 0;
    a_.mov(size_of(i.type), def(i), Gp::rax);
}

void Compiler::int_helper(const Inst& i, base::HelperId id, bool first_is_imm, uint64_t first) {
    constexpr Gp kArguments[] = {Gp::rsi, Gp::rdx, Gp::rcx};
    spill_for_call();
    unsigned n = 0;
    if (first_is_imm) a_.mov_imm(kArguments[n++], first);
    for (Value arg : i.args) {
        if (arg != kNone) load_gp(kArguments[n++], arg);
    }
    call_helper(id);
    if (i.type != Type::none) result_from_rax(i);
}

void Compiler::emit_read_sysreg(const Inst& i) {
    int_helper(i, base::HelperId::read_sysreg, true, static_cast<uint64_t>(i.imm));
}
void Compiler::emit_write_sysreg(const Inst& i) {
    int_helper(i, base::HelperId::write_sysreg, true, static_cast<uint64_t>(i.imm));
}
void Compiler::emit_get_fpsr(const Inst& i) { int_helper(i, base::HelperId::get_fpsr, false, 0); }
void Compiler::emit_set_fpsr(const Inst& i) { int_helper(i, base::HelperId::set_fpsr, false, 0); }
void Compiler::emit_set_fpcr(const Inst& i) { int_helper(i, base::HelperId::set_fpcr, false, 0); }
void Compiler::emit_call_helper(const Inst& i) {
    int_helper(i, static_cast<base::HelperId>(i.imm), false, 0);
}
void Compiler::emit_call_vhelper(const Inst& i) {
    vector_helper(i, static_cast<base::HelperId>(i.imm), i.flags);
}

// ---- vector helpers

void Compiler::operand_to_vtmp(unsigned n, Value v) {
    Mem m = state_mem(base::kOff_vtmp + 16 * static_cast<int32_t>(n));
    const Loc& l = loc(v);
    if (!l.is_xmm) {
        load_gp(Gp::rax, v);
        a_.mov(Size::b64, m, Gp::rax);
    } else if (l.reg != kNo) {
        a_.vmovaps(m, xmm(l.reg));
    } else {
        load_xmm(kScratch, v);
        a_.vmovaps(m, kScratch);
    }
}

void Compiler::vector_helper(const Inst& i, base::HelperId id, uint64_t imm) {
    for (unsigned n = 0; n < 3; n++) {
        if (i.args[n] != kNone) operand_to_vtmp(n, i.args[n]);
    }
    spill_for_call();
    a_.mov_imm(Gp::rsi, imm);
    call_helper(id);
    vector_result(i);
}

void Compiler::vector_result(const Inst& i) {
    gp_locked_ = xmm_locked_ = 0;
    Mem m = state_mem(base::kOff_vtmp);
    if (locs_[at(i)].is_xmm) {
        a_.vmovaps(def_x(i), m);
    } else if (i.type == Type::flags) {
        Gp d = alloc_gp();
        a_.mov(Size::b32, d, m);
        a_.mov(Size::b32, Gp::rax, static_cast<int32_t>(base::kFlagsMask));
        a_.pdep(Size::b32, d, d, Gp::rax);
        define(i, d, true);
    } else {
        a_.mov(size_of(i.type), def(i), m);
    }
}

void Compiler::by_helper(const Inst& i) {
    Type operand = i.args[0] == kNone ? Type::none : type(i.args[0]);
    vector_helper(i, base::HelperId::op, ir::pack_op(i, operand));
}

// ---- constants behind the code

Mem Compiler::pool(uint64_t lo, uint64_t hi) {
    for (PoolEntry& e : pool_) {
        if (e.lo == lo && e.hi == hi) return mem_rip(e.label);
    }
    pool_.push_back({lo, hi, false, {}});
    return mem_rip(pool_.back().label);
}

Mem Compiler::pool_wide(uint64_t quarter) {
    Mem m = pool(quarter, quarter);
    for (PoolEntry& e : pool_) {
        if (m.label == &e.label) e.twice = true;
    }
    return m;
}

void Compiler::constants() {
    if (pool_.empty()) return;
    a_.align(16);
    for (PoolEntry& e : pool_) {
        a_.bind(e.label);
        for (int n = e.twice ? 2 : 1; n > 0; n--) {
            a_.dq(e.lo);
            a_.dq(e.hi);
        }
    }
}

}  // namespace pydbt::x64
