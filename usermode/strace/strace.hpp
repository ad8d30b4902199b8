// -strace: system calls as text.
//
// Owns: how arguments and results are written. Must not know: what calls do.
#pragma once

#include <cstdint>

#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {

/// Writes `PID name(arguments)` before the call is made, so that one that does not return shows.
void trace_call(const GuestThread& thread, uint64_t number, const SyscallInfo& info,
                const SyscallArgs& args);
/// Writes ` = result` behind it.
void trace_result(const GuestThread& thread, const SyscallInfo& info, int64_t result);

}  // namespace pydbt::usermode
