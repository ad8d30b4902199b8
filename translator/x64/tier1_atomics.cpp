// Atomic read-modify-write, exclusives.
//
// Owns: their code. Must not know: plain accesses.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

// rax holds the old value, perhaps with other bits above its size. `d` was allocated before: that
// may store guest state by way of rax.
void Compiler::zero_extend_result(const Inst& i, Gp d) {
    constexpr Gp from = Gp::rax;
    switch (i.size) {
        case 0: a_.movzx8(Size::b32, d, from); break;
        case 1: a_.movzx16(Size::b32, d, from); break;
        case 2: a_.mov(Size::b32, d, from); break;
        default: a_.mov(Size::b64, d, from); break;
    }
    define(i, d, i.size < 3);
}

void Compiler::emit_atomic_add(const Inst& i) {
    Mem m = plain_address(i);
    check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbAtomic);
    clobber_flags();
    Gp d = alloc_gp();
    load_gp(Gp::rax, i.args[1]);
    row();
    a_.lock_xadd(static_cast<Size>(i.size), m, Gp::rax);
    zero_extend_result(i, d);
}

void Compiler::emit_atomic_swp(const Inst& i) {
    Mem m = plain_address(i);
    check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbAtomic);
    Gp d = alloc_gp();
    load_gp(Gp::rax, i.args[1]);
    row();
    a_.xchg(static_cast<Size>(i.size), m, Gp::rax);
    zero_extend_result(i, d);
}

// rax: the old value; rcx: the new one.
void Compiler::atomic_loop(const Inst& i) {
    Mem m = plain_address(i);
    check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbAtomic);
    Gp v = use(i.args[1]);
    clobber_flags();
    Gp d = alloc_gp();
    auto size = static_cast<Size>(i.size);
    Size wide = i.size == 3 ? Size::b64 : Size::b32;
    row();
    load_sized(Gp::rax, i.size, m);
    Label again;
    a_.bind(again);
    auto choose = [&](Cond keep_old) {
        // Compared at the access's own size; the wider move is harmless.
        a_.mov(wide, Gp::rcx, v);
        a_.cmp(size, Gp::rax, v);
        a_.cmovcc(wide, keep_old, Gp::rcx, Gp::rax);
    };
    switch (i.op) {
        case Op::atomic_clr: a_.andn(wide, Gp::rcx, v, Gp::rax); break;
        case Op::atomic_eor:
            a_.mov(wide, Gp::rcx, Gp::rax);
            a_.xor_(wide, Gp::rcx, v);
            break;
        case Op::atomic_set:
            a_.mov(wide, Gp::rcx, Gp::rax);
            a_.or_(wide, Gp::rcx, v);
            break;
        case Op::atomic_smax: choose(Cond::g); break;
        case Op::atomic_smin: choose(Cond::l); break;
        case Op::atomic_umax: choose(Cond::a); break;
        default: choose(Cond::b); break;
    }
    row();
    a_.lock_cmpxchg(size, m, Gp::rcx);
    a_.jcc(Cond::ne, again);
    zero_extend_result(i, d);
}
void Compiler::emit_atomic_clr(const Inst& i) { atomic_loop(i); }
void Compiler::emit_atomic_eor(const Inst& i) { atomic_loop(i); }
void Compiler::emit_atomic_set(const Inst& i) { atomic_loop(i); }
void Compiler::emit_atomic_smax(const Inst& i) { atomic_loop(i); }
void Compiler::emit_atomic_smin(const Inst& i) { atomic_loop(i); }
void Compiler::emit_atomic_umax(const Inst& i) { atomic_loop(i); }
void Compiler::emit_atomic_umin(const Inst& i) { atomic_loop(i); }

void Compiler::emit_atomic_cas(const Inst& i) {
    Mem m = plain_address(i);
    check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbAtomic);
    Gp desired = use(i.args[2]);
    clobber_flags();
    Gp d = alloc_gp();
    load_gp(Gp::rax, i.args[1]);
    row();
    a_.lock_cmpxchg(static_cast<Size>(i.size), m, desired);
    zero_extend_result(i, d);
}

// A V128 in two general registers.
void Compiler::take_pair(Value v, Gp lo, Gp hi) {
    Xmm x = use_x(v);
    a_.vmovq(lo, x);
    a_.vpextrq(hi, x, 1);
}

// cmpxchg16b wants rdx:rax (compared) and rcx:rbx (stored).
void Compiler::emit_atomic_cas128(const Inst& i) {
    take(Gp::rbx);
    Mem m = plain_address(i);
    check_alignment(m, alignment_row(i), 4);
    m = translated(i, m, 4, base::kTlbAtomic);
    clobber_flags();
    Xmm d = alloc_xmm();
    use_x(i.args[1]);
    use_x(i.args[2]);
    take_pair(i.args[1], Gp::rax, Gp::rdx);
    take_pair(i.args[2], Gp::rbx, Gp::rcx);
    row();
    a_.lock_cmpxchg16b(m);
    a_.vmovq(d, Gp::rax);
    a_.vpinsrq(d, d, Gp::rdx, 1);
    define(i, d);
}

// rdx:rax: the old value; rcx:rbx: the new one.
void Compiler::atomic_loop128(const Inst& i) {
    take(Gp::rbx);
    Mem m = plain_address(i);
    check_alignment(m, alignment_row(i), 4);
    m = translated(i, m, 4, base::kTlbAtomic);
    clobber_flags();
    Xmm d = alloc_xmm();
    Gp lo = alloc_gp(), hi = alloc_gp();
    take_pair(i.args[1], lo, hi);
    row();
    a_.mov(Size::b64, Gp::rax, m);
    row();
    a_.mov(Size::b64, Gp::rdx, mem(m.base, m.index, 0, m.disp + 8));
    Label again;
    a_.bind(again);
    if (i.op == Op::atomic_clr128) {
        a_.andn(Size::b64, Gp::rbx, lo, Gp::rax);
        a_.andn(Size::b64, Gp::rcx, hi, Gp::rdx);
    } else {
        a_.mov(Size::b64, Gp::rbx, lo);
        a_.mov(Size::b64, Gp::rcx, hi);
        if (i.op == Op::atomic_set128) a_.or_(Size::b64, Gp::rbx, Gp::rax);
        if (i.op == Op::atomic_set128) a_.or_(Size::b64, Gp::rcx, Gp::rdx);
    }
    row();
    a_.lock_cmpxchg16b(m);
    a_.jcc(Cond::ne, again);
    a_.vmovq(d, Gp::rax);
    a_.vpinsrq(d, d, Gp::rdx, 1);
    define(i, d);
}

void Compiler::emit_atomic_swp128(const Inst& i) { atomic_loop128(i); }
void Compiler::emit_atomic_clr128(const Inst& i) { atomic_loop128(i); }
void Compiler::emit_atomic_set128(const Inst& i) { atomic_loop128(i); }

// ---- exclusives: the store is a compare-and-swap on what the load saw

void Compiler::open_monitor() {
    a_.mov(Size::b64, state_mem(base::kOff_excl_addr), -1);
    a_.mov(Size::b32, state_mem(base::kOff_excl_size), 0);
}
void Compiler::emit_clear_excl(const Inst&) { open_monitor(); }

void Compiler::emit_load_excl(const Inst& i) {
    Mem m = plain_address(i);
    Gp guest = m.base;
    check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbExclusiveLoad);
    Gp d = alloc_gp();
    row();
    load_sized(d, i.size, m);
    a_.mov(Size::b64, state_mem(base::kOff_excl_addr), guest);
    a_.mov(Size::b64, state_mem(base::kOff_excl_lo), d);
    a_.mov(Size::b32, state_mem(base::kOff_excl_size), 1 << i.size);
    define(i, d, i.size < 3);
}

void Compiler::emit_load_excl128(const Inst& i) {
    Mem m = plain_address(i);
    Gp guest = m.base;
    check_alignment(m, alignment_row(i), 4);
    m = translated(i, m, 4, base::kTlbExclusiveLoad);
    Xmm d = alloc_xmm();
    row();
    a_.vmovdqa(d, m);  // aligned 16-byte loads are single with AVX (Intel SDM volume 3A, 9.1.1)
    a_.mov(Size::b64, state_mem(base::kOff_excl_addr), guest);
    a_.vmovq(state_mem(base::kOff_excl_lo), d);
    a_.vmovhps(state_mem(base::kOff_excl_hi), d);
    a_.mov(Size::b32, state_mem(base::kOff_excl_size), 16);
    define(i, d);
}

void Compiler::emit_store_excl(const Inst& i) {
    Mem m = plain_address(i);
    Gp guest = m.base;
    check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbAtomic);
    Gp v = use(i.args[1]);
    clobber_flags();
    Gp d = alloc_gp();
    Label done;
    a_.mov_imm(d, 1);
    a_.cmp(Size::b64, state_mem(base::kOff_excl_addr), guest);
    a_.jcc(Cond::ne, done);
    a_.cmp(Size::b32, state_mem(base::kOff_excl_size), 1 << i.size);
    a_.jcc(Cond::ne, done);
    a_.mov(Size::b64, Gp::rax, state_mem(base::kOff_excl_lo));
    row();
    a_.lock_cmpxchg(static_cast<Size>(i.size), m, v);
    a_.setcc(Cond::ne, d);
    a_.bind(done);
    open_monitor();
    define(i, d, true);
}

void Compiler::emit_store_excl128(const Inst& i) {
    take(Gp::rbx);
    Mem m = plain_address(i);
    Gp guest = m.base;
    check_alignment(m, alignment_row(i), 4);
    m = translated(i, m, 4, base::kTlbAtomic);
    clobber_flags();
    Gp d = alloc_gp();
    take_pair(i.args[1], Gp::rbx, Gp::rcx);
    Label done;
    a_.mov_imm(d, 1);
    a_.cmp(Size::b64, state_mem(base::kOff_excl_addr), guest);
    a_.jcc(Cond::ne, done);
    a_.cmp(Size::b32, state_mem(base::kOff_excl_size), 16);
    a_.jcc(Cond::ne, done);
    a_.mov(Size::b64, Gp::rax, state_mem(base::kOff_excl_lo));
    a_.mov(Size::b64, Gp::rdx, state_mem(base::kOff_excl_hi));
    row();
    a_.lock_cmpxchg16b(m);
    a_.setcc(Cond::ne, d);
    a_.bind(done);
    open_monitor();
    define(i, d, true);
}

}  // namespace pydbt::x64
