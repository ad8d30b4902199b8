// The EL1&0 translation regime as its registers describe it (Arm ARM D8).
//
// Owns: Regime, how it is made of register values. Must not know: tables, TLBs, CPUs.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

/// What a CPU model has of address translation (from ID_AA64MMFR0 to 2).
struct MmuFeatures {
    unsigned pa_bits = 48;  // MMFR0.PARange
    bool asid16 = false;    // MMFR0.ASIDBits
    bool granule4k = true, granule16k = false, granule64k = true;
    bool lpa2_4k = false, lpa2_16k = false;         // 52-bit addresses with those granules
    bool lva = false;                               // 52-bit virtual addresses with 64 KiB granules
    bool small_tables = false;                      // MMFR2.ST: TxSZ up to 48
    bool access_flag = false, dirty_state = false;  // MMFR1.HAFDBS
    bool hierarchical_off = false;                  // MMFR1.HPDS
    bool pan = false, epan = false;                 // MMFR1.PAN
    bool e0pd = false;                              // MMFR2.E0PD
};

/// Register values that the regime follows from.
struct RegimeRegisters {
    uint64_t sctlr = 0, tcr = 0, mair = 0, ttbr[2] = {0, 0};
};

/// One half of the virtual address space.
struct Half {
    uint64_t table = 0;     // physical address of the first table
    unsigned va_bits = 0;   // of input addresses
    unsigned granule = 12;  // log2 of a page
    bool off = true;        // EPD, or a size that there is not: translation faults at level 0
    bool tbi = false;       // the top byte is ignored, of data
    bool tbi_code = false;  // and of code (not TBID)
    bool flat = false;      // HPD: tables' permissions do not count
    bool not_el0 = false;   // E0PD
    bool table_too_high = false;
};

struct Regime {
    bool enabled = false;  // SCTLR_EL1.M
    bool wxn = false;
    bool epan = false;
    bool sets_access_flag = false, sets_dirty_state = false;
    bool wide = false;          // TCR_EL1.DS: 52-bit descriptors of 4 and 16 KiB granules
    bool high_in_low = false;   // 64 KiB granules: descriptor bits 15:12 are address bits 51:48
    unsigned pa_bits = 48;      // addresses above are too large
    unsigned pa_bits_off = 48;  // the same while translation is off
    uint16_t asid = 0;
    uint64_t mair = 0;
    Half half[2];

    bool operator==(const Regime&) const = delete;
};

Regime make_regime(const RegimeRegisters& registers, const MmuFeatures& features);

/// The address with what TBI ignores replaced by bit 55.
constexpr uint64_t without_tag(uint64_t address) {
    return static_cast<uint64_t>(static_cast<int64_t>(address << 8) >> 8);
}

}  // namespace pydbt::sysmode
