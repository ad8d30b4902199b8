// Checks of addresses before they are accessed (FEAT_MTE).
//
// Owns: their code. Must not know: which memory has tags, what a failure becomes.
#include "translator/base/tags.hpp"
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

// Granules are compared one by one: an access has its first byte's and its last byte's.
void Compiler::emit_check_address(const Inst& i) {
    Gp address = use(i.args[0]);
    if (i.imm == ir::kCheckLoadAlignment) {
        return check_alignment(mem(address), RecoveryRow::alignment_of_load, i.size);
    }
    if (i.imm == ir::kCheckStoreAlignment) {
        return check_alignment(mem(address), RecoveryRow::alignment_of_store, i.size);
    }
    clobber_flags();
    check_tag(i, address);
    if (i.size == 0) return;
    a_.lea(Size::b64, Gp::rcx, mem(address, (1 << i.size) - 1));
    a_.and_(Size::b64, Gp::rcx, -static_cast<int32_t>(base::kGranule));
    check_tag(i, Gp::rcx);
}

// Scratch: rax, rdx. base::tags_differ() of one granule.
void Compiler::check_tag(const Inst& i, Gp address) {
    constexpr unsigned kAbove = 64 - base::kTaggedBits;
    a_.mov(Size::b64, Gp::rax, address);
    a_.shl(Size::b64, Gp::rax, kAbove);
    a_.shr(Size::b64, Gp::rax, kAbove + base::kGranuleShift);
    a_.add(Size::b64, Gp::rax, state_mem(base::kOff_tags));
    a_.movzx8(Size::b32, Gp::rax, mem(Gp::rax));
    a_.rorx(Size::b64, Gp::rdx, address, base::kTagShift);
    a_.and_(Size::b32, Gp::rdx, 15);
    a_.cmp(Size::b32, Gp::rax, Gp::rdx);
    snapshot();
    out_->entries.push_back(
        {RecoveryEntry::gp, kGuestFaultAddress, static_cast<uint8_t>(address), 0, 0});
    Cold& c = cold(Cold::tag_check);
    c.reg[0] = i.imm == ir::kCheckStore ? RecoveryRow::tag_of_store : RecoveryRow::tag_of_load;
    c.first = snapshot_first_;
    c.count = static_cast<uint8_t>(snapshot_count_ + 1);
    a_.jcc(Cond::ne, c.entry);
    a_.bind(c.back);
}

}  // namespace pydbt::x64
