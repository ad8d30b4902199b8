// Loads, stores, fences.
//
// Owns: addressing, plain accesses, alignment checks. Must not know: atomics.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

Mem Compiler::address(const Inst& i) {
    Value base = i.args[0], index = i.args[1];
    auto disp = static_cast<int32_t>(i.imm);
    Gp x = index == kNone ? Gp::none : use(index);
    uint64_t at;
    if (constant(base, at) && insts_[loc(base).root].op == Op::const_) {
        int64_t whole = static_cast<int64_t>(at) + disp;
        if (whole >= 0 && whole <= INT32_MAX) {
            return mem(Gp::none, x, i.scale, static_cast<int32_t>(whole));
        }
    }
    return mem(use(base), x, x == Gp::none ? 0 : i.scale, disp);
}

Mem Compiler::plain_address(const Inst& i) { return mem(use(i.args[0])); }

// An address that is no multiple of 1 << size leads to ud2, whose row says that alignment faulted;
// with FEAT_LSE2 only where the access is not within 16 aligned bytes. x86 does such accesses in
// one piece, too: they are within a line.
void Compiler::check_alignment(const Mem& m, RecoveryRow::Kind kind, unsigned size) {
    if (size == 0) return;
    clobber_flags();
    bool plain = m.base != Gp::none && m.index == Gp::none && m.disp == 0;
    Gp address = plain ? m.base : Gp::rcx;
    if (!plain) a_.lea(Size::b64, Gp::rcx, m);
    a_.test(Size::b8, address, static_cast<int32_t>((1u << size) - 1));
    snapshot();
    out_->entries.push_back(
        {RecoveryEntry::gp, kGuestFaultAddress, static_cast<uint8_t>(Gp::rcx), 0, 0});
    Cold& c = cold(f_->within_16 && size < 4 ? Cold::within_16 : Cold::alignment);
    c.reg[0] = static_cast<uint8_t>(size);
    c.reg[2] = kind;
    if (plain) c.reg[1] = static_cast<uint8_t>(address);
    c.first = snapshot_first_;
    c.count = static_cast<uint8_t>(snapshot_count_ + 1);
    a_.jcc(Cond::ne, c.entry);
    if (c.kind == Cold::within_16) a_.bind(c.back);
}

void Compiler::load_sized(Gp d, unsigned size, const Mem& m) {
    switch (size) {
        case 0: a_.movzx8(Size::b32, d, m); break;
        case 1: a_.movzx16(Size::b32, d, m); break;
        case 2: a_.mov(Size::b32, d, m); break;
        default: a_.mov(Size::b64, d, m); break;
    }
}

void Compiler::load(const Inst& i, bool sign) {
    Mem m = address(i);
    if ((i.flags & ir::kAligned) != 0) check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbLoads);
    Gp d = alloc_gp();
    row();
    if (!sign) {
        load_sized(d, i.size, m);
        return define(i, d, i.size < 3);
    }
    Size size = size_of(i.type);
    switch (i.size) {
        case 0: a_.movsx8(size, d, m); break;
        case 1: a_.movsx16(size, d, m); break;
        case 2:
            if (size == Size::b64) {
                a_.movsxd(d, m);
            } else {
                a_.mov(Size::b32, d, m);
            }
            break;
        default: a_.mov(Size::b64, d, m); break;
    }
    define(i, d, size == Size::b32);
}
void Compiler::emit_load(const Inst& i) { load(i, false); }
void Compiler::emit_load_s(const Inst& i) { load(i, true); }

void Compiler::emit_load_v(const Inst& i) {
    Mem m = address(i);
    if ((i.flags & ir::kAligned) != 0) check_alignment(m, alignment_row(i), i.size);
    m = translated(i, m, i.size, base::kTlbLoads);
    Xmm d = alloc_xmm();
    if (i.size < 2) a_.vpxor(d, d, d);
    row();
    switch (i.size) {
        case 0: a_.vpinsrb(d, d, m, 0); break;
        case 1: a_.vpinsrw(d, d, m, 0); break;
        case 2: a_.vmovd(d, m); break;
        case 3: a_.vmovq(d, m); break;
        default: a_.vmovdqu(d, m); break;
    }
    define(i, d, static_cast<uint8_t>(1u << i.size));
}

void Compiler::store_gp(unsigned size, const Mem& m, Value v) {
    auto s = static_cast<Size>(size);
    int32_t imm;
    if (immediate(v, imm) && insts_[loc(v).root].op == Op::const_) {
        row();
        a_.mov(s, m, imm);
        return;
    }
    Gp r = use(v);
    row();
    a_.mov(s, m, r);
}

// System mode: the value is in a register, so that a store which the table does not serve can be
// done elsewhere.
void Compiler::store_elsewhere(const Inst& i, const Mem& m) {
    Gp r = use(i.args[2]);
    Mem host = translated_store(i, m, static_cast<uint8_t>(r), false);
    auto size = static_cast<Size>(i.size);
    if ((i.order & ir::kRelease) != 0) {
        a_.mov(Size::b64, Gp::rcx, r);
        a_.xchg(size, host, Gp::rcx);
    } else {
        a_.mov(size, host, r);
    }
    stored();
}

void Compiler::emit_store(const Inst& i) {
    Mem m = address(i);
    if ((i.flags & ir::kAligned) != 0) check_alignment(m, alignment_row(i), i.size);
    if (is_system_) return store_elsewhere(i, m);
    if ((i.order & ir::kRelease) == 0) return store_gp(i.size, m, i.args[2]);
    load_gp(Gp::rcx, i.args[2]);
    row();
    a_.xchg(static_cast<Size>(i.size), m, Gp::rcx);
}

void Compiler::emit_store_v(const Inst& i) {
    Mem m = address(i);
    Xmm s = use_x(i.args[2]);
    if ((i.flags & ir::kAligned) != 0) check_alignment(m, alignment_row(i), i.size);
    if (is_system_) m = translated_store(i, m, static_cast<uint8_t>(s), true);
    row();
    store_xmm(i.size, m, s);
    if (is_system_) stored();
    if ((i.order & ir::kRelease) != 0) full_fence();
}

void Compiler::store_xmm(unsigned size, const Mem& m, Xmm s) {
    switch (size) {
        case 0: a_.vpextrb(m, s, 0); break;
        case 1: a_.vpextrw(m, s, 0); break;
        case 2: a_.vmovd(m, s); break;
        case 3: a_.vmovq(m, s); break;
        default: a_.vmovdqu(m, s); break;
    }
}

// x86 keeps all orders but a store before a later load.
void Compiler::emit_fence(const Inst& i) {
    if (i.imm == 0) full_fence();
}
void Compiler::full_fence() {
    clobber_flags();
    a_.lock_or_(Size::b32, state_mem(base::kOff_exit_imm), 0);
}

}  // namespace pydbt::x64
