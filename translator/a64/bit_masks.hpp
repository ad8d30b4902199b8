// Immediates of the logical instructions.
//
// Owns: DecodeBitMasks. Must not know: instructions.
#pragma once

#include <cstdint>

namespace pydbt::a64 {

/// DecodeBitMasks' wmask (Arm ARM, shared pseudocode) for 64 bits, of fields that are not reserved:
/// n:NOT(imms) not all zero but its lowest bit, imms not all ones in the element's size.
constexpr uint64_t bit_mask(unsigned n, unsigned immr, unsigned imms) {
    unsigned length = 31 - static_cast<unsigned>(__builtin_clz(n << 6 | (~imms & 0x3f)));
    unsigned size = 1u << length;
    unsigned levels = size - 1;
    unsigned s = imms & levels, rotate = immr & levels;
    uint64_t element = s == 63 ? ~uint64_t{0} : (uint64_t{1} << (s + 1)) - 1;
    if (rotate != 0) {
        element = element >> rotate | element << (size - rotate);
        if (size < 64) element &= (uint64_t{1} << size) - 1;
    }
    for (unsigned width = size; width < 64; width *= 2) element |= element << width;
    return element;
}

}  // namespace pydbt::a64
