#include "tests/unit/cpp/x64/tier1_harness.hpp"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "translator/ir/float_op.hpp"
#include "translator/ir/interpreter.hpp"
#include "translator/x64/assembler.gen.hpp"

namespace pydbt::testing {
namespace {

using x64::Gp;
using x64::mem;
using x64::Size;

constexpr size_t kStubBytes = 4096, kSignalStackBytes = size_t{1} << 17;
constexpr int kGregs[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
constexpr Gp kCalleeSaved[] = {Gp::rbp, Gp::rbx, Gp::r12, Gp::r13, Gp::r14, Gp::r15};

x64::Mem field(int32_t displacement) { return mem(Gp::rbp, displacement); }

struct Active {
    const ir::Function* f;
    const x64::CodeBlock* code;
    const uint8_t* at;
    base::CpuState* state;
    Left* left;
};

Active active{};
uint64_t leave_at;
sigjmp_buf interpreter_fault;
volatile sig_atomic_t interpreting;

x64::HostContext context_of(const ucontext_t& context) {
    x64::HostContext host;
    for (unsigned n = 0; n < 16; n++) {
        host.gp[n] = static_cast<uint64_t>(context.uc_mcontext.gregs[kGregs[n]]);
    }
    std::memcpy(host.xmm, context.uc_mcontext.fpregs->_xmm, sizeof host.xmm);
    host.rflags = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_EFL]);
    return host;
}

// Not a fault of the code under test: dies as without a handler.
void not_ours(int signal) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void on_fault(int signal, siginfo_t*, void* raw) {
    if (interpreting != 0) siglongjmp(interpreter_fault, 1);
    auto& context = *static_cast<ucontext_t*>(raw);
    if (active.code == nullptr) return not_ours(signal);
    auto rip = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
    uint64_t offset = rip - reinterpret_cast<uint64_t>(active.at);
    if (offset >= active.code->size) return not_ours(signal);
    Left& left = *active.left;
    auto row = std::find_if(active.code->rows.begin(), active.code->rows.end(),
                            [&](const x64::RecoveryRow& r) { return r.host_offset == offset; });
    bool found = row != active.code->rows.end();
    if (found) {
        std::span<const x64::RecoveryEntry> entries(active.code->entries);
        entries = entries.subspan(row->first, row->count);
        left.address = x64::recover(*row, entries, context_of(context), *active.state);
        left.row_kind = row->kind;
        for (const x64::RecoveryEntry& e : entries) {
            left.kinds |= 1u << e.kind;
            if (e.kind == x64::RecoveryEntry::eflags) left.flags_modes |= 1u << e.host;
        }
        active.state->pc = active.f->insns[row->insn];
    }
    active.state->fpcr_mask = static_cast<uint32_t>(found ? Way::fault : Way::no_row);
    context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(leave_at);
    context.uc_mcontext.gregs[REG_RBP] = static_cast<greg_t>(
        reinterpret_cast<uint64_t>(active.state) + static_cast<uint64_t>(base::kStateBias));
}

uint8_t* map(size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return static_cast<uint8_t*>(memory);
}

void protect(uint8_t* memory, size_t bytes, int protection) {
    if (mprotect(memory, bytes, protection) != 0) std::abort();
}

}  // namespace

struct Tier1Host::Impl {
    uint8_t* stubs = map(kStubBytes);
    uint8_t* code = map(kCodeBytes);
    void (*enter)(base::CpuState*, const uint8_t*) = nullptr;
    uint64_t ways[static_cast<size_t>(Way::returned) + 1] = {};
    uint64_t helper = 0;
    uint64_t return_stack[64] = {};
    uint8_t* signal_stack = map(kSignalStackBytes);  // translated code has no stack for handlers
    stack_t before_stack{};
    struct sigaction before_segv{}, before_ill{};

    void emit() {
        x64::Assembler a(stubs, kStubBytes);
        auto here = [&] {
            a.align(16);
            return reinterpret_cast<uint64_t>(a.cursor());
        };
        enter = std::bit_cast<decltype(enter)>(here());
        for (Gp reg : kCalleeSaved) a.push(reg);
        a.sub(Size::b64, Gp::rsp, 8);
        a.stmxcsr(mem(Gp::rsp, 0));
        a.lea(Size::b64, Gp::rbp, mem(Gp::rdi, base::kStateBias));
        a.mov(Size::b64, field(base::kOff_host_rsp), Gp::rsp);
        a.ldmxcsr(field(base::kOff_mxcsr));
        a.mov(Size::b64, Gp::rsp, field(base::kOff_saved_rsp));
        a.jmp(Gp::rsi);
        x64::Label leave;
        for (size_t n = 1; n < std::size(ways); n++) {
            ways[n] = here();
            a.mov(Size::b32, field(base::kOff_fpcr_mask), static_cast<int32_t>(n));
            a.jmp(leave);
        }
        leave_at = here();
        a.bind(leave);
        a.mov(Size::b64, field(base::kOff_saved_rsp), Gp::rax);
        a.mov(Size::b64, Gp::rsp, field(base::kOff_host_rsp));
        a.ldmxcsr(mem(Gp::rsp, 0));
        a.add(Size::b64, Gp::rsp, 8);
        for (size_t n = std::size(kCalleeSaved); n-- > 0;) a.pop(kCalleeSaved[n]);
        a.ret();
        // To the C stack and back, as the runtime's does.
        helper = here();
        a.mov(Size::b64, field(base::kOff_saved_rsp), Gp::rsp);
        a.mov(Size::b64, Gp::rsp, field(base::kOff_host_rsp));
        a.call(mem(Gp::rbp, Gp::rax, 3, base::kOff_helpers));
        a.mov(Size::b64, Gp::rsp, field(base::kOff_saved_rsp));
        a.ret();
        if (a.overflowed()) std::abort();
        protect(stubs, kStubBytes, PROT_READ | PROT_EXEC);
    }

    uint64_t way(Way w) const { return ways[static_cast<size_t>(w)]; }
};

Tier1Host::Tier1Host() : impl_(std::make_unique<Impl>()) {
    impl_->emit();
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    stack_t stack{.ss_sp = impl_->signal_stack, .ss_flags = 0, .ss_size = kSignalStackBytes};
    sigaltstack(&stack, &impl_->before_stack);
    sigaction(SIGSEGV, &action, &impl_->before_segv);
    sigaction(SIGILL, &action, &impl_->before_ill);
}

Tier1Host::~Tier1Host() {
    sigaction(SIGSEGV, &impl_->before_segv, nullptr);
    sigaction(SIGILL, &impl_->before_ill, nullptr);
    sigaltstack(&impl_->before_stack, nullptr);
    munmap(impl_->signal_stack, kSignalStackBytes);
    munmap(impl_->stubs, kStubBytes);
    munmap(impl_->code, kCodeBytes);
}

const uint8_t* Tier1Host::place(const uint8_t* code, size_t size, size_t at) {
    if (at % 16 != 0 || at + size > kCodeBytes) std::abort();
    protect(impl_->code, kCodeBytes, PROT_READ | PROT_WRITE);
    std::memcpy(impl_->code + at, code, size);
    protect(impl_->code, kCodeBytes, PROT_READ | PROT_EXEC);
    return impl_->code + at;
}

void Tier1Host::prepare(base::CpuState& state) const {
    state.stub_link = impl_->way(Way::link);
    state.stub_indirect = impl_->way(Way::indirect);
    state.stub_ret_miss = impl_->way(Way::ret_miss);
    state.stub_poll = impl_->way(Way::poll);
    state.stub_exception = impl_->way(Way::exception);
    state.stub_helper = impl_->helper;
    // What a guest's return without a call meets.
    uint64_t& bottom = impl_->return_stack[std::size(impl_->return_stack) - 1];
    bottom = impl_->way(Way::returned);
    state.saved_rsp = reinterpret_cast<uint64_t>(&bottom);
    state.mxcsr = 0x1f80;
    state.excl_addr = ~uint64_t{0};
    state.helpers[static_cast<size_t>(base::HelperId::op)] =
        reinterpret_cast<uint64_t>(&ir::helper_op);
}

Left Tier1Host::run(const ir::Function& f, const x64::CodeBlock& code, const uint8_t* at,
                    base::CpuState& state) {
    Left left;
    active = {&f, &code, at, &state, &left};
    impl_->enter(&state, at);
    active = {};
    left.way = static_cast<Way>(state.fpcr_mask);
    left.rax = state.saved_rsp;
    return left;
}

bool Tier1Host::interpret(const ir::Function& f, base::CpuState& state) {
    if (sigsetjmp(interpreter_fault, 1) != 0) {
        interpreting = 0;
        return true;
    }
    interpreting = 1;
    uint32_t reason = state.exit_reason, payload = state.exit_imm;
    uint64_t address = state.fault_address;
    ir::interpret(f, state);
    interpreting = 0;
    if (state.exit_reason != static_cast<uint32_t>(ir::Exception::alignment_fault)) return false;
    state.exit_reason = reason;
    state.exit_imm = payload;
    state.fault_address = address;
    return true;
}

}  // namespace pydbt::testing
