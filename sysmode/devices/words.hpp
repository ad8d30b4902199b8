// Accesses of any size to a device of 32-bit registers.
//
// Owns: lanes. Must not know: any device.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

/// `read(offset)` gives the register at a multiple of 4. False for an access that is not aligned.
template <typename Read>
bool read_words(uint64_t offset, unsigned size, uint64_t* value, Read read) {
    if (offset % size != 0) return false;
    if (size == 8) {
        uint64_t low = static_cast<uint32_t>(read(offset));
        *value = low | uint64_t{static_cast<uint32_t>(read(offset + 4))} << 32;
        return true;
    }
    uint32_t word = static_cast<uint32_t>(read(offset & ~uint64_t{3})) >> 8 * (offset & 3);
    *value = size == 4 ? word : word & ((uint32_t{1} << 8 * size) - 1);
    return true;
}

/// `write(offset, value, lanes)`: `lanes` has ones where the access writes; value is 0 elsewhere.
template <typename Write>
bool write_words(uint64_t offset, unsigned size, uint64_t value, Write write) {
    constexpr uint32_t kAll = ~uint32_t{0};
    if (offset % size != 0) return false;
    if (size >= 4) {
        write(offset, static_cast<uint32_t>(value), kAll);
        if (size == 8) write(offset + 4, static_cast<uint32_t>(value >> 32), kAll);
        return true;
    }
    unsigned shift = 8 * static_cast<unsigned>(offset & 3);
    uint32_t lanes = ((uint32_t{1} << 8 * size) - 1) << shift;
    write(offset & ~uint64_t{3}, static_cast<uint32_t>(value) << shift & lanes, lanes);
    return true;
}

}  // namespace pydbt::sysmode
