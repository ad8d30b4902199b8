// A guest CPU's registers as GDB numbers and writes them.
//
// Owns: their bytes, the target description. The rows are translator/spec/gdb.py's. Must not know:
// packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "translator/a64/features.hpp"
#include "translator/base/state.gen.hpp"
#include "translator/gdbstub/registers.gen.hpp"

namespace pydbt::gdbstub {

/// How many registers a CPU with these features has: numbers from 0 on.
size_t register_count(const a64::Features& features);
/// target.xml.
std::string target_description(const a64::Features& features);

/// Appends the register's bytes.
void read_register(const base::CpuState& state, size_t number, std::string& bytes);
/// Bits that cannot be written keep their value. `bytes` is as long as the register.
void write_register(base::CpuState& state, size_t number, std::span<const uint8_t> bytes);

}  // namespace pydbt::gdbstub
