// What PSCI does to the machine (Arm DEN0022): CPUs on and off, reset, power off.
//
// Owns: the interface between the instruction that calls PSCI and the machine. Must not know:
// function numbers, registers.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

/// The affinity fields of a CPU's MPIDR_EL1. Sixteen CPUs share an Aff1, as GICv3's SGIs want it.
constexpr uint64_t affinity_of(unsigned cpu) { return (cpu & 0xf) | uint64_t{cpu >> 4} << 8; }

/// Return values of PSCI's functions (DEN0022 5.2.2).
enum class PsciStatus : int32_t {
    success = 0,
    not_supported = -1,
    invalid_parameters = -2,
    denied = -3,
    already_on = -4,
    on_pending = -5,
    internal_failure = -6,
    not_present = -7,
    disabled = -8,
    invalid_address = -9,
};

/// Answers of AFFINITY_INFO.
enum class Affinity : int32_t { on = 0, off = 1, on_pending = 2 };

class Power {
   public:
    virtual ~Power() = default;
    /// CPU_ON. `mpidr` is the target's affinity; X0 there is `context`.
    virtual PsciStatus cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context) = 0;
    /// CPU_OFF of the calling CPU. Returns; the CPU then leaves its run loop.
    virtual void cpu_off(unsigned cpu) = 0;
    /// AFFINITY_INFO: an Affinity, or a PsciStatus that is negative.
    virtual int32_t affinity_info(uint64_t mpidr, uint64_t level) = 0;
    /// SYSTEM_OFF, SYSTEM_RESET. They return; the machine's owner does it when every CPU stands
    /// still, which the calling CPU must soon.
    virtual void system_off() = 0;
    virtual void system_reset() = 0;
};

}  // namespace pydbt::sysmode
