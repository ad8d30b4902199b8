// Memory of a guest whose addresses are not the host's: of a whole machine.
//
// Owns: the interface by which IR is run there. Must not know: page tables, devices, hosts.
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::ir {

struct Access {
    uint64_t address;
    uint32_t bytes;
    bool loads, stores;
    bool atomic;        // exclusives, read-modify-write
    bool unprivileged;  // as EL0's (LDTR, STTR)
};

/// One serves all threads of an engine; CpuState tells whose access it is.
class Memory {
   public:
    virtual ~Memory() = default;

    /// Host address of all the bytes, which may be accessed there. 0: load() or store() must do it
    /// (a device's, or in two pages), or the access has faulted: then CpuState::exit_reason is set.
    virtual uint64_t reach(base::CpuState& state, const Access& access) = 0;
    /// What reach() did not. False: it faulted, exit_reason is set, nothing has changed.
    virtual bool load(base::CpuState& state, const Access& access, base::V128& value) = 0;
    virtual bool store(base::CpuState& state, const Access& access, const base::V128& value) = 0;
    /// Reports that an access which had to be aligned was not.
    virtual void misaligned(base::CpuState& state, const Access& access) = 0;
};

}  // namespace pydbt::ir
