// The set of Arm features that a guest CPU has.
//
// Owns: Features. The names come from spec/features.py. Must not know: CPU models.
#pragma once

#include "translator/a64/features.gen.hpp"

namespace pydbt::a64 {

/// All features until told otherwise.
class Features {
   public:
    constexpr Features() {
        for (const FeatureInfo& row : kFeatures) add(row.feature);
    }
    constexpr explicit Features(const FeatureMask& mask) : set_(mask) {}
    constexpr bool has(Feature f) const { return (set_[word(f)] & bit(f)) != 0; }
    constexpr void add(Feature f) { set_[word(f)] |= bit(f); }
    constexpr void remove(Feature f) { set_[word(f)] &= ~bit(f); }
    bool operator==(const Features&) const = default;

   private:
    static constexpr size_t word(Feature f) { return static_cast<size_t>(f) / 64; }
    static constexpr uint64_t bit(Feature f) { return uint64_t{1} << static_cast<size_t>(f) % 64; }
    FeatureMask set_{};
};

}  // namespace pydbt::a64
