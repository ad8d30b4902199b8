// The set of Arm features that a guest CPU has.
//
// Owns: Features. The names come from spec/features.py. Must not know: CPU models.
#pragma once

#include <bitset>

#include "translator/a64/features.gen.hpp"

namespace pydbt::a64 {

/// Default: everything that is implemented (`-cpu max`).
class Features {
   public:
    Features() { set_.set(); }
    bool has(Feature f) const { return set_[static_cast<size_t>(f)]; }
    void enable(Feature f, bool on) { set_[static_cast<size_t>(f)] = on; }

   private:
    std::bitset<kFeatureCount> set_;
};

}  // namespace pydbt::a64
