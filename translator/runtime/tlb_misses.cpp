// System mode: accesses that the table of base/tlb.hpp does not serve.
//
// Owns: the way from translated code to ir::Memory and back, or out with the guest's state as it
// was before the instruction. Must not know: what memory does.
#include <cstring>

#include "translator/base/tlb.hpp"
#include "translator/runtime/engine_impl.hpp"

namespace pydbt::runtime {
namespace {

ir::Access access_of(uint64_t address, uint32_t what) {
    return {address,
            1u << (what & 7),
            (what & base::kTlbLoads) != 0,
            (what & base::kTlbStores) != 0,
            (what & base::kTlbIsAtomic) != 0,
            (what & base::kTlbUnprivileged) != 0};
}

constexpr uint64_t kMake = 0, kLeaveValue = 1, kFaulted = 2;

}  // namespace

TlbAnswer EngineImpl::tlb_miss(ThreadImpl& thread, uint64_t address, uint32_t what, uint64_t back) {
    base::CpuState& state = thread.state;
    ir::Access access = access_of(address, what);
    uint64_t host = options.memory->reach(state, access);
    if (host != 0) return {host - address, kMake};
    if (state.exit_reason != 0) return fault(thread, back);
    uint64_t delta = reinterpret_cast<uint64_t>(&thread.bounce) - address;
    if (access.stores) return {delta, kLeaveValue};
    if (!options.memory->load(state, access, thread.bounce)) return fault(thread, back);
    return {delta, kMake};
}

TlbAnswer EngineImpl::finish_store(ThreadImpl& thread, uint64_t address, uint32_t what,
                                   uint64_t back) {
    bool done = options.memory->store(thread.state, access_of(address, what), thread.bounce);
    return done ? TlbAnswer{0, kMake} : fault(thread, back);
}

// The registers are where the stub has left them.
TlbAnswer EngineImpl::fault(ThreadImpl& thread, uint64_t back) {
    base::CpuState& state = thread.state;
    x64::HostContext host{};
    std::memcpy(host.gp, &state.spill[x64::kSaveGp], sizeof host.gp);
    std::memcpy(host.xmm, &state.spill[x64::kSaveXmm], sizeof host.xmm);
    const Block* block = nullptr;
    const x64::RecoveryRow* row = row_of(back, block);
    if (row == nullptr) {
        state.exit_reason = static_cast<uint32_t>(ExitReason::internal_error);
        thread.fault.host_pc = back;
        return {0, kFaulted};
    }
    x64::recover(*row, block->entries.subspan(row->first, row->count), host, state);
    state.pc = block->insns[row->insn];
    return {0, kFaulted};
}

}  // namespace pydbt::runtime
