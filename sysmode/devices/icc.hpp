// The CPU interface of GICv3 as a CPU reaches it: by system registers.
//
// Owns: the registers' names and the interface. Must not know: their encodings, the distributor.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

/// ICC_*_EL1 (GIC architecture, chapter 12). SRE_EL1 too; EL2's and EL3's registers are not here.
enum class IccRegister : uint8_t {
    ap0r0,
    ap0r1,
    ap0r2,
    ap0r3,
    ap1r0,
    ap1r1,
    ap1r2,
    ap1r3,
    asgi1r,
    bpr0,
    bpr1,
    ctlr,
    dir,
    eoir0,
    eoir1,
    hppir0,
    hppir1,
    iar0,
    iar1,
    igrpen0,
    igrpen1,
    pmr,
    rpr,
    sgi0r,
    sgi1r,
    sre,
};

class IccRegisters {
   public:
    virtual ~IccRegisters() = default;
    /// False: the access is UNDEFINED (a register that this implementation lacks, a write to one
    /// that is read-only, a read of one that is write-only). Called on the CPU's own thread.
    virtual bool read_register(unsigned cpu, IccRegister which, uint64_t* value) = 0;
    virtual bool write_register(unsigned cpu, IccRegister which, uint64_t value) = 0;
};

}  // namespace pydbt::sysmode
