// -strace: system calls as text.
//
// Owns: how arguments and results are written. Must not know: what calls do.
#pragma once

#include <cstdint>
#include <mutex>

#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {

class Process;

/// Writes `PID name(arguments)` before the call is made, so that one that does not return shows.
void trace_call(const GuestThread& thread, uint64_t number, const SyscallInfo& info,
                const SyscallArgs& args);
/// Keeps other threads from writing, so that a fork's child finds the log free.
[[nodiscard]] std::unique_lock<std::mutex> hold_trace();
/// The memory that processes which write to one file share, as a descriptor; -1 when there is none.
int make_trace_file();
/// Ends a begun line: the call (execve) may not come back to do it.
void trace_leave(const Process& process);
/// Writes ` = result` behind it, or behind a line that says whose it is when another thread wrote.
/// The structures that the call has filled follow.
void trace_result(const GuestThread& thread, const SyscallInfo& info, const SyscallArgs& args,
                  int64_t result);

}  // namespace pydbt::usermode
