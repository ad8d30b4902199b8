// Advanced SIMD integer operations without an IR operation. See the header for the contracts.
#include "translator/base/simd_helpers.hpp"

#include <array>
#include <cstring>

namespace pydbt::base {
namespace {

// UnsignedRecipEstimate() of the Arm ARM (J1.1, shared/functions/fpestimates).
uint32_t unsigned_recip_estimate(uint32_t operand) {
    if ((operand >> 31) == 0) return UINT32_MAX;
    const uint32_t a = (operand >> 23) * 2 + 1;
    const uint32_t b = (1u << 19) / a;
    return ((b + 1) / 2) << 23;
}

// UnsignedRSqrtEstimate() of the Arm ARM.
uint32_t unsigned_rsqrt_estimate(uint32_t operand) {
    if ((operand >> 30) == 0) return UINT32_MAX;
    uint32_t a = operand >> 23;
    a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
    uint32_t b = 512;
    while (a * (b + 1) * (b + 1) < (1u << 28)) b++;
    return ((b + 1) / 2) << 23;
}

}  // namespace

void simd_unsigned_estimate(CpuState* state, uint64_t imm) {
    std::array<uint32_t, 4> lanes;
    std::memcpy(lanes.data(), &state->vtmp[0], sizeof lanes);
    for (uint32_t& lane : lanes) {
        lane = imm != 0 ? unsigned_rsqrt_estimate(lane) : unsigned_recip_estimate(lane);
    }
    std::memcpy(&state->vtmp[0], lanes.data(), sizeof lanes);
}

}  // namespace pydbt::base
