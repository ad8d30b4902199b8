// The registers of a tracee, as sets of PTRACE_GETREGSET.
//
// Owns: which sets there are, their sizes, what may be written. Must not know: who asks.
#pragma once

#include <cstdint>
#include <span>

#include "usermode/ptrace/area.hpp"

namespace pydbt::usermode {

class GuestThread;

void save_registers(GuestThread& thread, TraceRegisters& registers);
void load_registers(GuestThread& thread, const TraceRegisters& registers);

/// The bytes of a set in `registers`; empty when there is none. `unit`: a request's length is a
/// multiple of it.
std::span<uint8_t> register_set(TraceRegisters& registers, uint64_t type, uint64_t& unit);

/// Writes a part of a set: 0 or a negated errno (arch/arm64/kernel/ptrace.c).
int64_t write_register_set(TraceRegisters& registers, uint64_t type, std::span<const uint8_t> data);

}  // namespace pydbt::usermode
