// The system registers of one CPU that are nothing but storage, and what is known of all of them.
//
// Owns: values, masks, which access is allowed. Must not know: what registers mean.
#pragma once

#include <array>
#include <cstdint>

#include "sysmode/cpu/identity.hpp"
#include "sysmode/cpu/sysregs.gen.hpp"

namespace pydbt::sysmode {

/// The row of an encoding, or null.
const RegInfo* find_register(uint32_t id);
inline const RegInfo& info(Reg reg) { return kRegisters[static_cast<size_t>(reg)]; }
inline Reg reg_of(const RegInfo& row) { return static_cast<Reg>(&row - kRegisters); }

class RegisterFile {
   public:
    RegisterFile() { reset(); }
    void reset();

    uint64_t operator[](Reg reg) const { return values_[static_cast<size_t>(reg)]; }
    /// As hardware does it: without a mask.
    void set(Reg reg, uint64_t value) { values_[static_cast<size_t>(reg)] = value; }
    /// As MSR does it.
    void write(Reg reg, uint64_t value);
    bool bit(Reg reg, unsigned n) const { return ((*this)[reg] >> n & 1) != 0; }

    /// Whether a control traps EL0's access.
    bool traps(const RegInfo& row) const;

   private:
    std::array<uint64_t, kRegCount> values_;
};

}  // namespace pydbt::sysmode
