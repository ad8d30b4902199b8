// The table in which translated code of system mode looks guest addresses up.
//
// Owns: its layout. Must not know: page tables, who fills it.
//
// Direct-mapped by page. An entry has the guest page for which loads, and that for which stores may
// go on, each with the host's address of a guest address as difference. A table lies kTlbControl
// bytes behind a multiple of 64 KiB: so its address, as the control operand of BEXTR, extracts the
// index from a guest address.
#pragma once

#include <cstdint>

namespace pydbt::base {

inline constexpr unsigned kTlbPageBits = 12, kTlbBits = 10;
inline constexpr unsigned kTlbEntries = 1u << kTlbBits;
inline constexpr uint64_t kTlbAlignment = 0x10000;
/// BEXTR: first bit, and number of bits << 8.
inline constexpr uint64_t kTlbControl = kTlbPageBits | kTlbBits << 8;

// Offsets from a table's address, of arrays of 8 bytes an entry.
inline constexpr int32_t kTlbReads = 4;
inline constexpr int32_t kTlbWrites = kTlbReads + 8 * static_cast<int32_t>(kTlbEntries);
inline constexpr int32_t kTlbDeltas = kTlbWrites + 8 * static_cast<int32_t>(kTlbEntries);
inline constexpr int32_t kTlbEnd = kTlbDeltas + 8 * static_cast<int32_t>(kTlbEntries);

/// No page.
inline constexpr uint64_t kTlbNothing = 1;

/// What an access is, for what does what a table does not serve: log2 of the size in bits 2:0, and
/// these.
inline constexpr uint32_t kTlbLoads = 8, kTlbStores = 16, kTlbIsAtomic = 32, kTlbUnprivileged = 64;
inline constexpr uint32_t kTlbAtomic = kTlbLoads | kTlbStores | kTlbIsAtomic;
inline constexpr uint32_t kTlbExclusiveLoad = kTlbLoads | kTlbIsAtomic;

constexpr unsigned tlb_index(uint64_t address) {
    return static_cast<unsigned>(address >> kTlbPageBits) & (kTlbEntries - 1);
}
constexpr uint64_t tlb_page(uint64_t address) { return address >> kTlbPageBits << kTlbPageBits; }

}  // namespace pydbt::base
