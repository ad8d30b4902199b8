// Pointer authentication with our algorithm.
//
// Owns: its code. Must not know: other algorithms, which are helpers.
#include "translator/base/pauth.hpp"
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

// base::sign_pointer, inline where the host has AES.
void Compiler::emit_sign_pointer(const Inst& i) {
    if (!host_.has(kHostAes)) {
        auto key = static_cast<base::PacKey>(
            (static_cast<size_t>(i.imm) - offsetof(base::CpuState, pac_keys)) / 16);
        spill_for_call();
        load_gp(Gp::rsi, i.args[0]);
        load_gp(Gp::rdx, i.args[1]);
        a_.mov_imm(Gp::rcx, base::pac_request(key, base::PacAlgorithm::implementation, true));
        call_helper(base::HelperId::pac_sign);
        return result_from_rax(i);
    }
    Gp d = def_from(i, i.args[0]);
    Gp modifier = use(i.args[1]);
    clobber_flags();
    Mem key = field_mem(i.imm);
    a_.vmovq(kScratch, d);
    a_.vpinsrq(kScratch, kScratch, modifier, 1);
    a_.vpand(kScratch, kScratch, pool(~base::kPacField, ~uint64_t{0}));
    a_.vpxor(kScratch, kScratch, key);
    a_.vaesenc(kScratch, kScratch, key);
    a_.vaesenc(kScratch, kScratch, key);
    a_.vpand(kScratch, kScratch, pool(base::kPacField, 0));
    a_.vmovq(Gp::rax, kScratch);
    a_.xor_(Size::b64, d, Gp::rax);
}

// Bits 55:48 as a byte: 0 and 255 plus 1 are at most 1.
void Compiler::emit_check_pointer(const Inst& i) {
    Gp pointer = use(i.args[0]);
    clobber_flags();
    a_.rorx(Size::b64, Gp::rcx, pointer, 48);
    a_.add(Size::b8, Gp::rcx, 1);
    a_.cmp(Size::b8, Gp::rcx, 1);
    snapshot();
    Cold& c = cold(Cold::authentication);
    c.first = snapshot_first_;
    c.count = static_cast<uint8_t>(snapshot_count_);
    a_.jcc(Cond::a, c.entry);
}

}  // namespace pydbt::x64
