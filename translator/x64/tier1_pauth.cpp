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
    if (i.flags != 0) return sign(d, modifier, i.imm, base::kPacField);
    Cold& c = cold(Cold::sign_upper);
    c.reg[0] = static_cast<uint8_t>(d);
    c.reg[1] = static_cast<uint8_t>(modifier);
    c.target = static_cast<uint64_t>(i.imm);
    a_.bt(Size::b64, d, 55);
    a_.jcc(Cond::b, c.entry);
    sign(d, modifier, i.imm, base::kPacField);
    a_.bind(c.back);
}

// Changes the field of d by the code of what is outside of it.
void Compiler::sign(Gp d, Gp modifier, int64_t key_field, uint64_t field) {
    Mem key = field_mem(key_field);
    a_.vmovq(kScratch, d);
    a_.vpinsrq(kScratch, kScratch, modifier, 1);
    a_.vpand(kScratch, kScratch, pool(~field, ~uint64_t{0}));
    a_.vpxor(kScratch, kScratch, key);
    a_.vaesenc(kScratch, kScratch, key);
    a_.vaesenc(kScratch, kScratch, key);
    a_.vpand(kScratch, kScratch, pool(field, 0));
    a_.vmovq(Gp::rax, kScratch);
    a_.xor_(Size::b64, d, Gp::rax);
}

void Compiler::emit_check_pointer(const Inst& i) {
    Gp pointer = use(i.args[0]);
    clobber_flags();
    a_.rorx(Size::b64, Gp::rcx, pointer, 48);
    snapshot();
    Cold& c = cold(Cold::authentication);
    c.size = i.flags != 0 ? Size::b8 : Size::b16;
    c.first = snapshot_first_;
    c.count = static_cast<uint8_t>(snapshot_count_);
    a_.test(Size::b8, Gp::rcx, Gp::rcx);
    a_.jcc(Cond::ne, c.entry);
    a_.bind(c.back);
}

}  // namespace pydbt::x64
