// What tier 1's floating-point files share: immediates of x86 instructions, bit patterns.
#pragma once

#include <algorithm>
#include <cstdint>

#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

inline bool is_double(Type t) { return t == Type::f64; }

/// Bytes above which a result is 0 when it takes its upper part from a register of `clean`.
inline uint8_t clean_above(Type t, uint8_t clean) {
    return std::max<uint8_t>(clean, static_cast<uint8_t>(ir::bits(t) / 8));
}

/// The elements' sign bits in 64 bits.
constexpr uint64_t sign_bits(unsigned size) {
    return size == 3 ? 0x8000000000000000 : size == 2 ? 0x8000000080000000 : 0x8000800080008000;
}

/// vrange: what is compared gives the sign, too.
inline constexpr uint8_t kRangeMin = 4, kRangeMax = 5;

/// vcmp's predicates, of Intel's names.
inline constexpr uint8_t kUnordered = 0x03, kEqUq = 0x08, kNltUq = 0x15, kNgtUq = 0x1a;

/// Rounding modes of the IR that are looked at.
inline constexpr int64_t kToZero = 3, kAway = 4, kFpcrs = 5;

/// vround's immediate: bits 1:0 nearest, down, up, zero; bit 2 MXCSR's; bit 3 no inexact.
inline uint8_t round_immediate(int64_t mode, bool exact) {
    constexpr uint8_t kModes[] = {0, 2, 1, 3};
    constexpr uint8_t kMxcsr = 4, kQuiet = 8;
    return static_cast<uint8_t>((mode == kFpcrs ? kMxcsr : kModes[mode]) | (exact ? 0 : kQuiet));
}

/// vround's for toward zero, without telling.
inline constexpr uint8_t kTruncate = 11;

/// 2^n as a single and as a double.
constexpr uint32_t power_single(int n) { return static_cast<uint32_t>(127 + n) << 23; }
constexpr uint64_t power_double(int n) { return static_cast<uint64_t>(1023 + n) << 52; }

}  // namespace pydbt::x64
