// What a syscall is to the dispatcher, and the way to the host's kernel.
//
// Owns: the table's row type, host_syscall(). Must not know: any particular call.
#pragma once

#include <array>
#include <cstdint>

#include "usermode/syscalls/kinds.gen.hpp"

namespace pydbt::usermode {

class GuestThread;

/// x0 to x5.
using SyscallArgs = std::array<uint64_t, 6>;

/// Returns what the kernel would: a value, or a negated errno.
using SyscallFunction = int64_t (*)(GuestThread&, const SyscallArgs&);

struct SyscallInfo {
    const char* name;          // null: no such call
    SyscallFunction function;  // null: see host
    int host;                  // the host's number of the same call; -1 without a function: ENOSYS
    uint8_t count;             // of arguments
    Result result;
    uint8_t pointers;  // bit n: argument n is an address
    bool shortened;    // may fill less of a buffer than asked to
    int8_t prefixed;   // the argument that is a path to look up below -L's folder first; -1: none
    Kind kinds[6];
};

/// The kernel's internal "interrupted before it began or to be restarted" (include/linux/errno.h).
inline constexpr int64_t kRestart = 512;

/// Calls the host's kernel. -kRestart when a signal for the guest came before the call began, or
/// interrupted one that restarts: the guest's signal is to be delivered first.
int64_t host_syscall(GuestThread& thread, int number, const SyscallArgs& args);

/// The whole of an SVC: reads x8 and x0-x5, serves the call, stores x0, logs it for -strace.
/// Returns false when x0 must not be written by the caller's signal delivery (rt_sigreturn).
void serve_syscall(GuestThread& thread);

}  // namespace pydbt::usermode
