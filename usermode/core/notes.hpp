// The notes of a core file: what threads and the process were.
//
// Owns: their layouts (include/uapi/linux/elfcore.h, arch/arm64/kernel/ptrace.c). Must not know:
// memory, where the file goes.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "usermode/core/segments.hpp"

namespace pydbt::usermode {

class GuestThread;

/// All notes, one behind the other: of the thread that a signal has killed, of the process, of the
/// other threads. None of them runs.
std::vector<uint8_t> core_notes(GuestThread& killed, const std::vector<GuestThread*>& others,
                                const siginfo_t& info, const std::vector<CoreSegment>& segments);

}  // namespace pydbt::usermode
