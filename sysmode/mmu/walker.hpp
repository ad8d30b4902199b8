// The walk of translation tables of the EL1&0 regime, stage 1 (Arm ARM D8).
//
// Owns: from a virtual address to a physical one, its permissions and attributes, or the fault; the
// hardware's updates of descriptors. Must not know: TLBs, CPUs, what is at physical addresses.
#pragma once

#include <cstdint>

#include "sysmode/mmu/regime.hpp"

namespace pydbt::sysmode {

/// Where tables are. Any thread.
class TableMemory {
   public:
    virtual ~TableMemory() = default;
    /// A descriptor, in one access. False: external abort.
    virtual bool read_descriptor(uint64_t pa, uint64_t& value) = 0;
    /// Replaces it if it still is `expected`. False: it is not, or cannot be written.
    virtual bool replace_descriptor(uint64_t pa, uint64_t expected, uint64_t desired) = 0;
};

/// Who accesses what for.
struct Purpose {
    bool el0 = false;
    bool write = false;
    bool execute = false;
    bool pan = false;        // PSTATE.PAN, of EL1's data accesses
    bool no_update = false;  // of AT: descriptors stay
};

enum class FaultKind : uint8_t {
    none,
    address_size,
    translation,
    access_flag,
    permission,
    external_walk,
    external,
    alignment,
    unsupported_atomic,
};

struct Fault {
    FaultKind kind = FaultKind::none;
    int level = 0;
    explicit operator bool() const { return kind != FaultKind::none; }
    /// The status code in ESR_ELx.ISS.DFSC, IFSC and PAR_EL1.FST.
    uint32_t status() const;
};

/// Of one page, or block of which the address is in.
struct Translation {
    uint64_t pa = 0;           // of the address that was asked for
    uint8_t size = 12;         // log2 of what one descriptor maps
    uint8_t attributes = 0;    // MAIR_EL1's byte; 0 is Device-nGnRnE
    uint8_t shareability = 0;  // 0 none, 2 outer, 3 inner
    int8_t level = 3;
    bool global = true;
    bool guarded = false;  // FEAT_BTI
    bool dirty = true;     // a store need not update the descriptor
    // What may be done: [0] by EL0, [1] by EL1 (without regard of PAN).
    bool read[2] = {true, true}, write[2] = {true, true}, execute[2] = {true, true};
    bool pan_forbids = false;  // data accesses of EL1 with PSTATE.PAN

    bool is_device() const { return (attributes & 0xf0) == 0; }
    bool allows(const Purpose& p) const {
        unsigned who = p.el0 ? 0 : 1;
        if (p.execute) return execute[who];
        if (!p.el0 && p.pan && pan_forbids) return false;
        return p.write ? write[who] : read[who];
    }
};

/// The translation of `va`, which `purpose` may use, or the fault.
Fault walk(const Regime& regime, uint64_t va, const Purpose& purpose, TableMemory& memory,
           Translation& result);

}  // namespace pydbt::sysmode
