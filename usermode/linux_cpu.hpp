// What Linux tells programs about the CPU: HWCAPs, ID registers at EL0, /proc/cpuinfo.
//
// Owns: these three. The tables come from spec/linux_cpu.py. Must not know: CPU models, features.
#pragma once

#include <cstdint>
#include <string>

#include "translator/a64/cpu.hpp"

namespace pydbt::usermode {

/// AT_HWCAP (word 0), AT_HWCAP2 (1), AT_HWCAP3 (2).
uint64_t hwcap(const a64::Cpu& cpu, int word);

/// The register op0 3, op1 0, CRn 0, `id` = CRm << 3 | op2 as Linux emulates it for EL0.
uint64_t read_id_register(const a64::Cpu& cpu, uint32_t id);

/// The text of /proc/cpuinfo. `online` lists CPUs as /sys/devices/system/cpu/online does: "0-3,6".
std::string cpuinfo(const a64::Cpu& cpu, const std::string& online);

/// Opens a file that cannot be written with the text of /proc/cpuinfo and `flags` of open(2).
/// A descriptor or a negated errno.
int open_cpuinfo(const a64::Cpu& cpu, int flags);

}  // namespace pydbt::usermode
