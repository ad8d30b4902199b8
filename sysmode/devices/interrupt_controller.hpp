// What GICv2 and GICv3 have in common for the rest of the machine.
//
// Owns: the numbering of inputs, the interface. Must not know: registers.
#pragma once

#include <cstdint>

#include "sysmode/bus/line.hpp"

namespace pydbt::sysmode {

/// INTIDs (GIC architecture, 2.2.1).
inline constexpr unsigned kFirstPpi = 16, kFirstSpi = 32;

/// Inputs are INTIDs of shared peripherals, or PPIs of one CPU.
class InterruptController : public LineTarget {
   public:
    /// `n` counts from 0: the input is INTID 32 + n.
    Line spi(unsigned n) { return Line(*this, kFirstSpi + n); }
    /// `intid` is 16 to 31.
    Line ppi(unsigned cpu, unsigned intid) { return Line(*this, cpu << kCpuShift | intid); }
    /// Where the CPU's IRQ and FIQ go. Before any vCPU runs.
    virtual void connect(unsigned cpu, InterruptSink& sink) = 0;

   protected:
    static constexpr unsigned kCpuShift = 16;
};

}  // namespace pydbt::sysmode
