// Core dumps of the guest, as AArch64 ELF core files, and the death that goes with them.
//
// Owns: which signals dump, the file, stopping the other threads, what the parent is told. Must not
// know: how signals come.
#pragma once

#include <csignal>
#include <cstdint>

namespace pydbt::usermode {

class GuestThread;

/// Bits (bit n - 1: signal n) whose default action is to dump. It is ours to do: the host's kernel
/// would dump the translator.
uint64_t core_signals();

/// Dies of a signal as if it had its default action, which may be to dump first. Another thread
/// that comes here then waits for the end.
[[noreturn]] void die_of(GuestThread& thread, const siginfo_t& info);
/// The same for a signal that the kernel raised: SI_KERNEL.
[[noreturn]] void die_of(GuestThread& thread, int number);

/// From a thread's loop: another thread dumps; waits for the end if so.
void wait_for_dump(GuestThread& thread);

}  // namespace pydbt::usermode
