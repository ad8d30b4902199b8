// What a CPU model of a whole machine says of itself.
//
// Owns: ID registers as far as system mode implements their fields, what follows for the MMU and
// for which registers there are. Must not know: values of other registers.
#pragma once

#include <cstdint>

#include "sysmode/cpu/sysregs.gen.hpp"
#include "sysmode/mmu/regime.hpp"
#include "translator/a64/cpu.hpp"

namespace pydbt::sysmode {

class Identity {
   public:
    explicit Identity(const a64::Cpu& cpu);

    const a64::Cpu& cpu() const { return cpu_; }
    const a64::Features& features() const { return cpu_.features(); }

    /// op0 3, op1 0, CRn 0; `id` = CRm << 3 | op2. 0 for AArch32's and unallocated ones.
    uint64_t id_register(uint32_t id) const;
    /// With GICv3, ID_AA64PFR0_EL1.GIC says so.
    void set_gic_registers(bool there) { gic_registers_ = there; }

    bool has(const RegInfo& reg) const;
    /// A field of 4 bits.
    unsigned field(uint32_t id, unsigned lsb) const {
        return static_cast<unsigned>(id_register(id) >> lsb & 0xf);
    }

    const MmuFeatures& mmu() const { return mmu_; }
    bool pan = false, pan2 = false, uao = false, ids = false, os_tlbi = false, range_tlbi = false,
         nxs_tlbi = false;

   private:
    a64::Cpu cpu_;
    MmuFeatures mmu_;
    bool gic_registers_ = false;
};

}  // namespace pydbt::sysmode
