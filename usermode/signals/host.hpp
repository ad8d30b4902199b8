// The host's side of signals: handlers, and the window of the interruptible syscall.
//
// Owns: what runs in the host's signal context. Must not know: frames, the guest's actions.
#pragma once

#include <csignal>
#include <cstdint>

namespace pydbt::usermode {

/// The handler of every signal that the guest handles, and of the fault signals.
void host_signal_handler(int number, siginfo_t* info, void* ucontext);

/// Gives the calling host thread a stack for handlers. False when out of memory.
bool make_signal_stack();
/// Takes it away; no signal may come any more.
void drop_signal_stack();

/// Calls the kernel, or returns -kRestart: a call does not begin when *attention is not 0
/// (SignalState's).
extern "C" int64_t pydbt_interruptible_syscall(volatile int* attention, const uint64_t* args,
                                               int64_t number);

}  // namespace pydbt::usermode
