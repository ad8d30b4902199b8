// What Arm's PrimeCell peripherals end with: eight identification registers.
//
// Owns: where they are. Must not know: which peripheral it is.
#pragma once

#include <array>
#include <cstdint>

namespace pydbt::sysmode {

inline constexpr uint64_t kPrimeCellIds = 0xfe0, kPrimeCellSize = 0x1000;

/// PeriphID0 to 3 are given, PCellID0 to 3 are the same everywhere.
inline uint32_t primecell_id(uint64_t offset, const std::array<uint8_t, 4>& peripheral) {
    constexpr std::array<uint8_t, 4> kCell = {0x0d, 0xf0, 0x05, 0xb1};
    uint64_t n = (offset - kPrimeCellIds) / 4;
    return n < 4 ? peripheral[n] : kCell[n - 4];
}

}  // namespace pydbt::sysmode
