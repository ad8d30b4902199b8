// The host's side of signals: handlers, and the window of the interruptible syscall.
//
// Owns: what runs in the host's signal context. Must not know: frames, the guest's actions.
#pragma once

#include <csignal>
#include <cstdint>

namespace pydbt::usermode {

/// Signals an instruction can raise: our handler is always there for them and they are never
/// blocked on the host.
inline constexpr int kFaultSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
bool is_fault_signal(int number);

/// The handler of every signal that the guest handles, and of the fault signals.
void host_signal_handler(int number, siginfo_t* info, void* ucontext);

/// Gives the calling host thread a stack for handlers. False when out of memory.
bool make_signal_stack();
/// Takes it away; no signal may come any more.
void drop_signal_stack();

/// Whether a signal for the guest waits in this thread: host_syscall() does not begin then.
/// (GuestThread::signals.pending of the thread, for the assembly.)
extern "C" int64_t pydbt_interruptible_syscall(volatile int* pending, const uint64_t* args,
                                               int64_t number);

}  // namespace pydbt::usermode
