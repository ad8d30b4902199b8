// Looking guest addresses up (system mode).
//
// Owns: the code of the lookup, and of what an access does that it does not serve. Must not know:
// page tables, devices.
//
// The page of the access's last byte is compared, by the index of its first: an access of two pages
// never fits. Six instructions and two loads, and one more where the address is a sum.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

Cold& Compiler::probe(const Mem& m, unsigned size, uint32_t kind, Cold::Kind cold_kind, Mem& host) {
    clobber_flags();
    bool plain = m.base != Gp::none && m.index == Gp::none && m.disp == 0;
    Gp address = plain ? m.base : alloc_gp();
    Gp delta = alloc_gp();
    Gp table = kTlb;
    if ((kind & base::kTlbUnprivileged) != 0) {
        table = alloc_gp();
        a_.mov(Size::b64, table, state_mem(base::kOff_tlb_unprivileged));
    }
    if (!plain) a_.lea(Size::b64, address, m);
    auto bytes = static_cast<int32_t>(1u << size);
    a_.bextr(Size::b64, delta, address, table);
    if (bytes == 1) {
        a_.mov(Size::b64, Gp::rax, address);
    } else {
        a_.lea(Size::b64, Gp::rax, mem(address, bytes - 1));
    }
    a_.and_(Size::b64, Gp::rax, -(1 << base::kTlbPageBits));
    bool stores = (kind & base::kTlbStores) != 0;
    a_.cmp(Size::b64, Gp::rax, mem(table, delta, 3, stores ? base::kTlbWrites : base::kTlbReads));
    snapshot();
    Cold& c = cold(cold_kind);
    c.target = kind | size;
    c.reg[0] = static_cast<uint8_t>(address);
    c.reg[1] = static_cast<uint8_t>(delta);
    c.first = snapshot_first_;
    c.count = snapshot_count_;
    a_.jcc(Cond::ne, c.entry);
    a_.mov(Size::b64, delta, mem(table, delta, 3, base::kTlbDeltas));
    a_.bind(c.back);
    host = mem(address, delta, 0, 0);
    return c;
}

Mem Compiler::translated(const Inst& i, const Mem& m, unsigned size, uint32_t kind) {
    if (!is_system_) return m;
    bool plain = (kind & base::kTlbIsAtomic) == 0;
    if (plain && (i.flags & ir::kUnprivileged) != 0) kind |= base::kTlbUnprivileged;
    Mem host;
    probe(m, size, kind, Cold::tlb_miss, host);
    return host;
}

Mem Compiler::translated_store(const Inst& i, const Mem& m, uint8_t value, bool is_xmm) {
    uint32_t kind = base::kTlbStores;
    if ((i.flags & ir::kUnprivileged) != 0) kind |= base::kTlbUnprivileged;
    Mem host;
    Cold& c = probe(m, i.size, kind, Cold::store_miss, host);
    c.reg[2] = value;
    c.gp_operand = !is_xmm;
    store_cold_ = static_cast<uint32_t>(&c - cold_.data());
    return host;
}

void Compiler::stored() { a_.bind(cold_[store_cold_].behind); }

// In: rcx the address, rdx what the access is. Out: rax the difference to the host's address; of
// stores rdx, whether that is only where the value is left. A fault leaves by the row.
void Compiler::cold_tlb_miss(Cold& c) {
    a_.mov(Size::b64, Gp::rcx, gp(c.reg[0]));
    a_.mov_imm(Gp::rdx, c.target);
    a_.call(state_mem(base::kOff_stub_tlb));
    out_->rows.push_back({a_.offset(), c.insn, RecoveryRow::memory, c.count, c.first});
    a_.mov(Size::b64, gp(c.reg[1]), Gp::rax);
    if (c.kind == Cold::tlb_miss) a_.jmp(c.back);
}

void Compiler::cold_store_miss(Cold& c) {
    cold_tlb_miss(c);
    a_.test(Size::b32, Gp::rdx, Gp::rdx);
    a_.jcc(Cond::e, c.back);
    unsigned size = c.target & 7;
    Mem m = mem(gp(c.reg[0]), gp(c.reg[1]), 0, 0);
    if (c.gp_operand) {
        a_.mov(static_cast<Size>(size), m, gp(c.reg[2]));
    } else {
        store_xmm(size, m, xmm(c.reg[2]));
    }
    a_.mov(Size::b64, Gp::rcx, gp(c.reg[0]));
    a_.mov_imm(Gp::rdx, c.target);
    a_.call(state_mem(base::kOff_stub_store));
    out_->rows.push_back({a_.offset(), c.insn, RecoveryRow::memory, c.count, c.first});
    a_.jmp(c.behind);
}

}  // namespace pydbt::x64
