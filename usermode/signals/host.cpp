#include "usermode/signals/host.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/signals.hpp"
#include "usermode/syscalls/syscall.hpp"

// int64_t pydbt_interruptible_syscall(volatile int* attention, const uint64_t args[6], int64_t
// number)
//
// A signal that comes between the test and the syscall instruction would be noticed only when the
// call returns, which may be never. The handler looks whether it interrupted this window and if so
// moves on to the label `interrupted`. The kernel's own restart puts rip back on the syscall
// instruction, which is in the window too; rcx tells that, since the instruction has set it.
asm(R"(
.text
.globl pydbt_interruptible_syscall
.globl pydbt_syscall_window
.globl pydbt_syscall_instruction
.globl pydbt_syscall_made
.globl pydbt_syscall_interrupted
.hidden pydbt_interruptible_syscall
.hidden pydbt_syscall_window
.hidden pydbt_syscall_instruction
.hidden pydbt_syscall_made
.hidden pydbt_syscall_interrupted
.type pydbt_interruptible_syscall, @function
pydbt_interruptible_syscall:
    push %rbx
    mov %rdi, %rbx
    mov %rdx, %rax
    mov %rsi, %r11
    mov 0(%r11), %rdi
    mov 8(%r11), %rsi
    mov 16(%r11), %rdx
    mov 24(%r11), %r10
    mov 32(%r11), %r8
    mov 40(%r11), %r9
    xor %ecx, %ecx
pydbt_syscall_window:
    cmpl $0, (%rbx)
    jne pydbt_syscall_interrupted
pydbt_syscall_instruction:
    syscall
pydbt_syscall_made:
    pop %rbx
    ret
pydbt_syscall_interrupted:
    mov $-512, %rax
    pop %rbx
    ret
.size pydbt_interruptible_syscall, . - pydbt_interruptible_syscall
)");

extern "C" {
extern const char pydbt_syscall_window, pydbt_syscall_instruction, pydbt_syscall_made,
    pydbt_syscall_interrupted;
}

namespace pydbt::usermode {
namespace {

constexpr size_t kSignalStackBytes = 64 * 1024;

void write_error(const char* text, int length) {
    [[maybe_unused]] ssize_t n = write(STDERR_FILENO, text, static_cast<size_t>(length));
}

// A host fault that is not the guest's: a defect of ours.
[[noreturn]] void report_defect(int number, const siginfo_t& info, const ucontext_t& context) {
    uint64_t guest_pc = 0;
    if (GuestThread* thread = GuestThread::current()) guest_pc = thread->state().pc;
    char text[512];
    int n = std::snprintf(
        text, sizeof text,
        "pydbt-aarch64: internal error: host %s at 0x%llx (address 0x%llx), guest pc 0x%" PRIx64
        "\npydbt-aarch64: this is a defect of pydbt; please report it with the program and the "
        "output "
        "of `pydbt-aarch64 -version`\n",
        signal_name(number), static_cast<unsigned long long>(context.uc_mcontext.gregs[REG_RIP]),
        static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(info.si_addr)), guest_pc);
    write_error(text, n);
    signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    raise(number);
    _exit(128 + number);
}

// Calls that a handler ends although it has SA_RESTART (-ERESTARTNOHAND of the kernel's, and
// -ERESTART_RESTARTBLOCK, which goes on as restart_syscall).
bool ends_by_handler(greg_t call) {
    constexpr greg_t kCalls[] = {SYS_restart_syscall, SYS_rt_sigsuspend, SYS_ppoll, SYS_pselect6,
                                 SYS_io_pgetevents,   SYS_msgrcv,        SYS_msgsnd};
    return std::find(std::begin(kCalls), std::end(kCalls), call) != std::end(kCalls);
}

// The call has not begun: it is made after the handler. Or it has, a signal interrupted it that
// another thread took, and the kernel was about to go on with it: this signal ends it, or not, as
// the other would have.
void leave_syscall_window(ucontext_t& context, bool restarts) {
    auto& registers = context.uc_mcontext.gregs;
    auto first = reinterpret_cast<greg_t>(&pydbt_syscall_window);
    auto last = reinterpret_cast<greg_t>(&pydbt_syscall_instruction);
    auto made = reinterpret_cast<greg_t>(&pydbt_syscall_made);
    greg_t& rip = registers[REG_RIP];
    if (rip < first || rip > last) return;
    rip = reinterpret_cast<greg_t>(&pydbt_syscall_interrupted);
    if (registers[REG_RCX] != made) return;
    greg_t call = registers[REG_RAX];
    // Futexes are asked again: with priorities they never fail for a signal.
    if (!ends_by_handler(call) && (restarts || call == SYS_futex)) return;
    registers[REG_RAX] = -EINTR;
    rip = made;
}

// When the handler returns.
void block_too(ucontext_t& context, uint64_t bits) {
    uint64_t mask;  // glibc's is longer than the kernel's
    std::memcpy(&mask, &context.uc_sigmask, sizeof mask);
    mask |= bits;
    std::memcpy(&context.uc_sigmask, &mask, sizeof mask);
}

// Whether the kernel sent it for an instruction of this thread. A positive si_code alone does not
// tell: a child's exit signal and F_SETSIG's have one, too, with other things where the address is.
bool is_own_fault(int number, const siginfo_t& info, const ucontext_t& context) {
    if (!is_fault_signal(number) || info.si_code <= 0) return false;
    if (info.si_code == SI_KERNEL) return true;
    bool memory = number == SIGSEGV || number == SIGBUS;
    auto address = reinterpret_cast<greg_t>(info.si_addr);
    return address == context.uc_mcontext.gregs[memory ? REG_CR2 : REG_RIP];
}

}  // namespace

void host_signal_handler(int number, siginfo_t* info, void* ucontext) {
    auto& context = *static_cast<ucontext_t*>(ucontext);
    if (is_own_fault(number, *info, context)) {
        if (recover_guest_copy(ucontext)) return;
        if (runtime::Engine::handle_host_fault(number, info, ucontext)) return;
        report_defect(number, *info, context);
    }
    GuestThread* thread = GuestThread::current();
    if (thread == nullptr) {  // a host thread that runs no guest: it takes no signals
        block_too(context, ~uint64_t{0});
        send_again(*info, true);
        return;
    }
    SignalState& signals = thread->signals;
    const SignalActions& actions = *thread->group->actions;
    int none = 0;
    bool restarts = (actions.restarting() & signal_bit(number)) != 0;
    Poke what;
    if (number == SIGCONT) keep_continue(*thread);
    if (is_poke(*info, what)) keep_poke(*thread, *info, what);
    if (Debugger::is_call_breaker(*info) || is_poke(*info, what)) {
        restarts = true;  // nothing waits; the call is left all the same
    } else if (is_fault_signal(number)) {
        keep_sent(*thread, *info);
    } else if (signals.pending.compare_exchange_strong(none, number)) {
        signals.pending_info = *info;
        // One at a time: the kernel queues the others until this one is delivered.
        block_too(context, actions.caught() & ~kFaultBits);
    } else {  // its handler is newer than the mask
        block_too(context, signal_bit(number));
        send_again(*info, is_for_process(*info));
    }
    signals.attention = 1;
    leave_syscall_window(context, restarts);
    runtime::Engine::request_exit(*thread->cpu);
}

bool make_signal_stack() {
    void* memory = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    stack_t stack{};
    stack.ss_sp = memory;
    stack.ss_size = kSignalStackBytes;
    return sigaltstack(&stack, nullptr) == 0;
}

void drop_signal_stack() {
    stack_t stack{};
    stack.ss_flags = SS_DISABLE;
    if (stack_t old; sigaltstack(&stack, &old) == 0 && (old.ss_flags & SS_DISABLE) == 0) {
        munmap(old.ss_sp, old.ss_size);
    }
}

int64_t host_syscall(GuestThread& thread, int number, const SyscallArgs& args) {
    DebuggedCall debugged(thread);
    int64_t result;
    {
        FaultSignalsHeld held(thread);
        result = pydbt_interruptible_syscall(&thread.signals.attention, args.data(), number);
    }
    bool again = debugged.finish();
    return again && result == -EINTR ? -kRestart : result;
}

}  // namespace pydbt::usermode
