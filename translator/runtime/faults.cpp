// Host faults in translated code and in the interpreter: what they mean for the guest.
//
// Owns: finding the guest instruction of a host fault, rebuilding the guest's state, the way back
// to run(). Everything here runs in a signal handler. Must not know: guest signals.
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "translator/runtime/engine_impl.hpp"

namespace pydbt::runtime {
namespace {

// The order of machine code's register numbers in ucontext's gregs.
constexpr int kGregs[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

// Bit 1 of the page-fault error code: the access was a write (Intel SDM volume 3A, 4.7).
constexpr uint64_t kFaultWrite = 2;
x64::HostContext host_context(const ucontext_t& context) {
    x64::HostContext host;
    for (unsigned n = 0; n < 16; n++) {
        host.gp[n] = static_cast<uint64_t>(context.uc_mcontext.gregs[kGregs[n]]);
    }
    std::memcpy(host.xmm, context.uc_mcontext.fpregs->_xmm, sizeof host.xmm);
    host.rflags = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_EFL]);
    return host;
}

void resume_at(ucontext_t& context, const uint8_t* code, base::CpuState& state) {
    context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(reinterpret_cast<uint64_t>(code));
    context.uc_mcontext.gregs[REG_RBP] =
        static_cast<greg_t>(reinterpret_cast<uint64_t>(&state) + base::kStateBias);
}

// An address that is not canonical; where the host's base register is rbp or rsp, which C++ may
// choose, that is a stack fault and another signal.
bool is_general_protection(int signal, const siginfo_t& info) {
    return (signal == SIGSEGV || signal == SIGBUS) && info.si_code == SI_KERNEL;
}

Exit exit_of(int signal, const siginfo_t& info, const ucontext_t& context) {
    Exit exit;
    exit.host_signal = is_general_protection(signal, info) ? SIGSEGV : signal;
    exit.host_code = info.si_code;
    exit.host_pc = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
    exit.address = reinterpret_cast<uint64_t>(info.si_addr);
    exit.write = (static_cast<uint64_t>(context.uc_mcontext.gregs[REG_ERR]) & kFaultWrite) != 0;
    exit.reason = ExitReason::memory_fault;
    return exit;
}

const x64::RecoveryRow* row_at(const Block& block, uint32_t host_offset) {
    auto row = std::lower_bound(
        block.rows.begin(), block.rows.end(), host_offset,
        [](const x64::RecoveryRow& r, uint32_t offset) { return r.host_offset < offset; });
    if (row == block.rows.end() || row->host_offset != host_offset) return nullptr;
    return &*row;
}

}  // namespace

bool EngineImpl::host_fault(ThreadImpl& thread, int signal, siginfo_t* info, void* ucontext) {
    auto& context = *static_cast<ucontext_t*>(ucontext);
    base::CpuState& state = thread.state;
    Exit exit = exit_of(signal, *info, context);
    if (thread.interpreting) {
        // The interpreter stores the pc before each access and changes nothing before it is done.
        context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(state.saved_rsp);
    } else if (!cache_.contains(exit.host_pc)) {
        return false;
    } else if (signal == SIGSEGV && thread.guards(exit.address) && !accesses_guest(exit.host_pc)) {
        // Too many calls without a return: drop every pair and run the call again.
        context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(state.rsb_base);
        return true;
    } else {
        recover(thread, host_context(context), exit);
    }
    if (exit.reason == ExitReason::memory_fault && is_general_protection(signal, *info)) {
        thread.tagged_pc = state.pc;
    }
    thread.fault = exit;
    state.exit_reason = static_cast<uint32_t>(exit.reason);
    state.exit_imm = 0;
    resume_at(context, stubs_.leave, state);
    return true;
}

const x64::RecoveryRow* EngineImpl::row_of(uint64_t host_pc, const Block*& block) const {
    uint32_t offset = cache_.offset_of(host_pc);
    block = blocks_.by_host(offset);
    return block == nullptr ? nullptr : row_at(*block, offset - block->code);
}

bool EngineImpl::accesses_guest(uint64_t host_pc) const {
    const Block* block = nullptr;
    return row_of(host_pc, block) != nullptr;
}

void EngineImpl::recover(ThreadImpl& thread, const x64::HostContext& host, Exit& exit) const {
    const Block* block = nullptr;
    const x64::RecoveryRow* row = row_of(exit.host_pc, block);
    if (row == nullptr) {
        exit.reason = ExitReason::internal_error;
        return;
    }
    uint64_t address =
        x64::recover(*row, block->entries.subspan(row->first, row->count), host, thread.state);
    thread.state.pc = block->insns[row->insn];
    if (row->kind == x64::RecoveryRow::authentication) {
        exit.reason = ExitReason::authentication;
    } else if (row->kind != x64::RecoveryRow::memory) {
        bool tag = row->kind >= x64::RecoveryRow::tag_of_load;
        exit.reason = tag ? ExitReason::tag_check : ExitReason::alignment_fault;
        exit.write = row->kind == x64::RecoveryRow::tag_of_store ||
                     row->kind == x64::RecoveryRow::alignment_of_store;
        exit.address = address;
    }
}

bool EngineImpl::retag(ThreadImpl& thread) {
    uint64_t pc = std::exchange(thread.tagged_pc, kNoGuestPc);
    Lock lock(mutex_);
    if (!tagged_.insert(pc).second) return false;
    std::vector<Block*> blocks;
    blocks_.overlapping(pc, pc + 4, blocks);
    for (Block* block : blocks) kill(block);
    return true;
}

}  // namespace pydbt::runtime
