// Allocation tags of the guest's memory (FEAT_MTE): where they are kept.
//
// Owns: the storage (its form is base/tags.hpp's). Must not know: which memory has tags
// (AddressSpace).
#pragma once

#include <cstdint>

namespace pydbt::usermode {

/// Not thread-safe but for base(). Ranges are of whole pages of guest memory.
class TagStorage {
   public:
    /// Reserves it, once; false: there is no address space for it. Memory is used as tags are set.
    bool create();
    uint8_t* base() const { return base_; }
    /// Tags become zero.
    void clear(uint64_t begin, uint64_t end);
    void move(uint64_t from, uint64_t to, uint64_t bytes);

   private:
    uint8_t* base_ = nullptr;
};

}  // namespace pydbt::usermode
