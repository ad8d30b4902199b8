// VFPExpandImm: the 8-bit immediates of FMOV.
//
// Owns: their expansion. Must not know: encodings, IR.
#pragma once

#include <cstdint>

namespace pydbt::a64 {

/// The number that an immediate stands for, as the bits of a float of 1 << size bytes (1 to 3).
constexpr uint64_t expand_float(unsigned imm, unsigned size) {
    const unsigned width = 8u << size;
    const unsigned exponent = size == 3 ? 11 : size == 2 ? 8 : 5;
    const unsigned fraction = width - exponent - 1;
    const uint64_t sign = imm >> 7;
    const uint64_t b6 = imm >> 6 & 1;
    const uint64_t repeated = b6 ? (uint64_t{1} << (exponent - 3)) - 1 : 0;
    const uint64_t exp = (b6 ^ 1) << (exponent - 1) | repeated << 2 | (imm >> 4 & 3);
    return sign << (width - 1) | exp << fraction | uint64_t{imm & 15} << (fraction - 4);
}

/// The immediate that stands for 1.0.
inline constexpr unsigned kImmediateOne = 0x70;

}  // namespace pydbt::a64
