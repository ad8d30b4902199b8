// NZCV in its two forms: Arm's four bits and the host form that translated code keeps.
//
// Owns: the conversions. The host form is what `lahf; seto al` leaves in ax with CF in Arm's
// polarity: N bit 15, Z bit 14, C bit 8, V bit 0. Must not know: who stores which.
#pragma once

#include <cstdint>

namespace pydbt::base {

inline constexpr uint32_t kFlagsMask = 0xc101;

/// NZCV as bits 3:0 to the host form.
constexpr uint32_t flags_from_nzcv(uint32_t nzcv) {
    return (nzcv & 8) << 12 | (nzcv & 4) << 12 | (nzcv & 2) << 7 | (nzcv & 1);
}

/// The host form to NZCV as bits 3:0.
constexpr uint32_t nzcv_from_flags(uint32_t flags) {
    return (flags >> 12 & 8) | (flags >> 12 & 4) | (flags >> 7 & 2) | (flags & 1);
}

}  // namespace pydbt::base
