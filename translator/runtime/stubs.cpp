#include "translator/runtime/stubs.hpp"

#include <bit>

#include "translator/x64/assembler.gen.hpp"
#include "translator/x64/tier1.hpp"

namespace pydbt::runtime {
namespace {

using x64::Assembler;
using x64::Cond;
using x64::Gp;
using x64::Label;
using x64::mem;
using x64::Size;

constexpr Gp kCalleeSaved[] = {Gp::rbp, Gp::rbx, Gp::r12, Gp::r13, Gp::r14, Gp::r15};
// Six pushes and the return address leave rsp 8 off 16; 24 bytes align it and hold the MXCSR.
constexpr int32_t kFrame = 24;

x64::Mem state(int32_t displacement) { return mem(Gp::rbp, displacement); }

class Writer {
   public:
    Writer(CodeCache& cache)
        : cache_(cache), space_(cache.space()), a_(space_.data(), space_.size()) {}

    const uint8_t* here() {
        a_.align(16);
        return cache_.executable(cache_.used() + static_cast<uint32_t>(a_.offset()));
    }

    void save_host() {
        for (Gp reg : kCalleeSaved) a_.push(reg);
        a_.sub(Size::b64, Gp::rsp, kFrame);
        a_.stmxcsr(mem(Gp::rsp, 0));
        a_.lea(Size::b64, Gp::rbp, mem(Gp::rdi, base::kStateBias));
        a_.mov(Size::b64, state(base::kOff_host_rsp), Gp::rsp);
    }

    void leave() {
        a_.mov(Size::b64, state(base::kOff_saved_rsp), Gp::rsp);
        a_.stmxcsr(state(base::kOff_mxcsr));
        a_.mov(Size::b64, Gp::rsp, state(base::kOff_host_rsp));
        restore_host();
    }

    void restore_host() {
        a_.vzeroupper();
        a_.ldmxcsr(mem(Gp::rsp, 0));
        a_.add(Size::b64, Gp::rsp, kFrame);
        for (size_t i = std::size(kCalleeSaved); i-- > 0;) a_.pop(kCalleeSaved[i]);
        a_.ret();
    }

    // C++ is no slower then for what translated code left in ymm registers.
    void to_c_stack() {
        a_.vzeroupper();
        a_.mov(Size::b64, state(base::kOff_saved_rsp), Gp::rsp);
        a_.mov(Size::b64, Gp::rsp, state(base::kOff_host_rsp));
    }
    void to_return_stack() { a_.mov(Size::b64, Gp::rsp, state(base::kOff_saved_rsp)); }

    // The engine, unlike a helper, has the host's MXCSR: what it computes is not in the guest's
    // flags, nor rounded as the guest wants it.
    void to_engine() {
        to_c_stack();
        a_.stmxcsr(state(base::kOff_mxcsr));
        a_.ldmxcsr(mem(Gp::rsp, 0));
    }
    void from_engine() {
        to_return_stack();
        a_.ldmxcsr(state(base::kOff_mxcsr));
    }

    template <class F>
    void call_c(F function) {
        a_.lea(Size::b64, Gp::rdi, mem(Gp::rbp, -base::kStateBias));
        a_.mov_imm(Gp::rax, std::bit_cast<uint64_t>(function));
        a_.call(Gp::rax);
    }

    void jump(const uint8_t* target) {
        uint32_t field = a_.jmp_rel32();
        cache_.patch_rel32(cache_.used() + field,
                           cache_.offset_of(std::bit_cast<uint64_t>(target)));
    }

    // In: rax = guest target, rdx = inline cache's stub or 0. The table is direct-mapped, 16 bytes
    // an entry, indexed by address bits 2 and up.
    void probe(IndirectFunction function) {
        Label miss;
        a_.lea(Size::b64, Gp::rcx, mem(Gp::none, Gp::rax, 2, 0));
        a_.and_(Size::b32, Gp::rcx, static_cast<int32_t>((kProbeEntries - 1) << 4));
        a_.add(Size::b64, Gp::rcx, state(base::kOff_probe_table));
        a_.cmp(Size::b64, mem(Gp::rcx, 0), Gp::rax);
        a_.jcc(Cond::ne, miss);
        a_.jmp(mem(Gp::rcx, 8));
        a_.bind(miss);
        to_engine();
        a_.mov(Size::b64, Gp::rsi, Gp::rax);
        call_c(function);
        from_engine();
        a_.jmp(Gp::rax);
    }

    // In: rcx, rdx; the return address on the return stack. All other registers are kept, where a
    // fault finds them.
    void tlb(TlbFunction function, const uint8_t* leave_code) {
        Label fault;
        for (unsigned n = 0; n < 16; n++) a_.mov(Size::b64, gp_slot(n), static_cast<Gp>(n));
        for (unsigned n = 0; n < 16; n++) a_.vmovaps(xmm_slot(n), static_cast<x64::Xmm>(n));
        a_.mov(Size::b64, Gp::rsi, Gp::rcx);
        a_.mov(Size::b64, Gp::rcx, mem(Gp::rsp, 0));
        to_engine();
        call_c(function);
        from_engine();
        a_.cmp(Size::b64, Gp::rdx, 2);
        a_.jcc(Cond::e, fault);
        for (Gp reg : {Gp::rsi, Gp::rdi, Gp::r8, Gp::r9, Gp::r10, Gp::r11}) {
            a_.mov(Size::b64, reg, gp_slot(static_cast<unsigned>(reg)));
        }
        for (unsigned n = 0; n < 16; n++) a_.vmovaps(static_cast<x64::Xmm>(n), xmm_slot(n));
        a_.ret();
        a_.bind(fault);
        a_.add(Size::b64, Gp::rsp, 8);
        jump(leave_code);
    }
    static x64::Mem gp_slot(unsigned n) {
        return state(base::kOff_spill + 16 * static_cast<int32_t>(x64::kSaveGp) +
                     8 * static_cast<int32_t>(n));
    }
    static x64::Mem xmm_slot(unsigned n) {
        return state(base::kOff_spill + 16 * static_cast<int32_t>(x64::kSaveXmm + n));
    }

    bool finish() {
        if (a_.overflowed()) return false;
        cache_.commit(a_.offset());
        return true;
    }

    Assembler& assembler() { return a_; }

   private:
    CodeCache& cache_;
    std::span<uint8_t> space_;
    Assembler a_;
};

template <class F>
F as_function(const uint8_t* code) {
    return std::bit_cast<F>(code);
}

}  // namespace

bool make_stubs(CodeCache& cache, LinkFunction link, IndirectFunction indirect,
                const TlbFunctions& tlb, Stubs& stubs) {
    Writer w(cache);
    Assembler& a = w.assembler();

    stubs.enter = as_function<decltype(stubs.enter)>(w.here());
    w.save_host();
    w.from_engine();
    if (tlb.miss != nullptr) a.mov(Size::b64, Gp::r15, state(base::kOff_tlb));
    a.jmp(Gp::rsi);

    stubs.enter_call = as_function<decltype(stubs.enter_call)>(w.here());
    w.save_host();
    a.ldmxcsr(state(base::kOff_mxcsr));
    a.mov(Size::b64, Gp::rax, Gp::rsi);
    a.mov(Size::b64, Gp::rsi, Gp::rdx);
    a.call(Gp::rax);
    a.stmxcsr(state(base::kOff_mxcsr));
    w.restore_host();

    stubs.leave = w.here();
    w.leave();

    stubs.poll = w.here();
    a.mov(Size::b64, state(base::kOff_pc), Gp::rax);
    w.leave();

    stubs.indirect = w.here();
    w.probe(indirect);

    // A return that does not match the newest pair: longjmp, a switched stack, or an overflow. All
    // pairs are stale then; start again from none.
    stubs.ret_miss = w.here();
    a.mov(Size::b64, Gp::rsp, state(base::kOff_rsb_base));
    Label no_poll;
    a.cmp(Size::b32, state(base::kOff_poll), 0);
    a.jcc(Cond::e, no_poll);
    w.jump(stubs.poll);
    a.bind(no_poll);
    a.xor_(Size::b32, Gp::rdx, Gp::rdx);
    w.jump(stubs.indirect);

    stubs.link = w.here();
    w.to_engine();
    a.mov(Size::b64, Gp::rsi, Gp::rax);
    w.call_c(link);
    w.from_engine();
    a.jmp(Gp::rax);

    stubs.helper = w.here();
    w.to_c_stack();
    a.call(mem(Gp::rbp, Gp::rax, 3, base::kOff_helpers));
    w.to_return_stack();
    a.ret();

    if (tlb.miss != nullptr) {
        stubs.tlb = w.here();
        w.tlb(tlb.miss, stubs.leave);
        stubs.store = w.here();
        w.tlb(tlb.store, stubs.leave);
    }
    return w.finish();
}

}  // namespace pydbt::runtime
