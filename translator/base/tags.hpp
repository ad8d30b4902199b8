// Memory tags (FEAT_MTE): tags of addresses, where tags of memory are.
//
// Owns: what a tag is, the form of the storage, the arithmetic of tags. Must not know: which memory
// has tags, what happens when they differ.
//
// The storage is a byte for each granule of 16 bytes, from CpuState::tags on, by bits 46:4 of the
// address. Memory that has no tags has zeros there: a check that fails asks whether it has.
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::base {

inline constexpr unsigned kGranuleShift = 4;
inline constexpr uint64_t kGranule = uint64_t{1} << kGranuleShift;
inline constexpr unsigned kTagShift = 56;
inline constexpr uint64_t kTagMask = uint64_t{15} << kTagShift;
inline constexpr unsigned kTaggedBits = 47;  // of an address that can be mapped
inline constexpr uint64_t kTagStorageBytes = uint64_t{1} << (kTaggedBits - kGranuleShift);
inline constexpr uint64_t kPstateTco = uint64_t{1} << 25;

/// CpuState::tag_check, as SCTLR_EL1.TCF0 has it.
enum TagCheck : uint32_t { kTagCheckNone, kTagCheckSync, kTagCheckAsync };

constexpr uint64_t tag_of(uint64_t address) { return address >> kTagShift & 15; }
constexpr uint64_t with_tag(uint64_t address, uint64_t tag) {
    return (address & ~kTagMask) | tag << kTagShift;
}
constexpr uint64_t tag_index(uint64_t address) {
    return address << (64 - kTaggedBits) >> (64 - kTaggedBits + kGranuleShift);
}

/// Whether an access of so many bytes at a tagged address meets another tag; `at`: where first.
bool tags_differ(const CpuState& state, uint64_t address, uint64_t bytes, uint64_t& at);

/// ChooseNonExcludedTag() of the manual.
uint64_t choose_tag(uint64_t tag, uint64_t steps, uint64_t exclude);

/// IRG: `exclude` is the register operand's set.
uint64_t helper_random_tag(CpuState* state, uint64_t address, uint64_t exclude, uint64_t);
/// ADDG, SUBG, behind the addition.
uint64_t helper_add_tag(CpuState* state, uint64_t address, uint64_t steps, uint64_t);

}  // namespace pydbt::base
