// Advanced SIMD floating-point operations without an IR operation. See the header for the
// contracts.
#include "translator/base/fp_helpers.hpp"

#include <cstddef>
#include <cstring>

#include "translator/base/softfloat.hpp"

namespace pydbt::base {
namespace {

uint64_t get_lane(const V128& v, unsigned lane, unsigned size) {
    uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const char*>(&v) + (lane << size), size_t{1} << size);
    return value;
}

void set_lane(V128& v, unsigned lane, unsigned size, uint64_t value) {
    std::memcpy(reinterpret_cast<char*>(&v) + (lane << size), &value, size_t{1} << size);
}

// vtmp[0] = op of each lane of vtmp[0] and [1], in elements of 1 << result_size bytes.
template <typename Op>
void map_lanes(CpuState& state, uint64_t imm, unsigned result_size, Op op) {
    const auto size = static_cast<unsigned>(imm & kSimdFpSizeMask);
    const auto lanes = static_cast<unsigned>(imm >> kSimdFpLanesShift);
    FpStatus fp{state.fpcr, 0};
    V128 result{};
    for (unsigned lane = 0; lane < lanes; lane++) {
        const uint64_t a = get_lane(state.vtmp[0], lane, size);
        const uint64_t b = get_lane(state.vtmp[1], lane, size);
        set_lane(result, lane, result_size, op(8u << size, a, b, fp));
    }
    state.vtmp[0] = result;
    state.fpsr |= fp.fpsr;
}

template <typename Op>
void map_lanes(CpuState& state, uint64_t imm, Op op) {
    map_lanes(state, imm, static_cast<unsigned>(imm & kSimdFpSizeMask), op);
}

Rounding rounding_of(uint64_t mode, const FpStatus& fp) {
    constexpr unsigned kFpcrs = 5;
    const unsigned rounding = mode & 7;
    return rounding == kFpcrs ? fpcr_rounding(fp.fpcr) : static_cast<Rounding>(rounding);
}

unsigned fraction_of(uint64_t mode) {
    return static_cast<unsigned>(mode >> kSimdFpFractionShift & 0xff);
}

}  // namespace

void simd_fp_round(CpuState* state, uint64_t imm) {
    const uint64_t mode = state->vtmp[1].lo;
    map_lanes(*state, imm, [=](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        return fp_round_int(w, a, rounding_of(mode, fp), (mode & kSimdFpExact) != 0, fp);
    });
}

void simd_fp_to_fixed(CpuState* state, uint64_t imm) {
    const uint64_t mode = state->vtmp[1].lo;
    map_lanes(*state, imm, [=](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        const bool uns = (mode & kSimdFpUnsigned) != 0;
        return fp_to_fixed(w, a, w, fraction_of(mode), uns, rounding_of(mode, fp), fp);
    });
}

void simd_fp_from_fixed(CpuState* state, uint64_t imm) {
    const uint64_t mode = state->vtmp[1].lo;
    map_lanes(*state, imm, [=](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        return fp_from_fixed(w, a, w, fraction_of(mode), (mode & kSimdFpUnsigned) != 0, fp);
    });
}

void simd_fp_mulx(CpuState* state, uint64_t imm) { map_lanes(*state, imm, fp_mulx); }

void simd_fp_recip_step(CpuState* state, uint64_t imm) { map_lanes(*state, imm, fp_recip_step); }

void simd_fp_rsqrt_step(CpuState* state, uint64_t imm) { map_lanes(*state, imm, fp_rsqrt_step); }

void simd_fp_recip_estimate(CpuState* state, uint64_t imm) {
    map_lanes(*state, imm, [](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        return fp_recip_estimate(w, a, fp);
    });
}

void simd_fp_rsqrt_estimate(CpuState* state, uint64_t imm) {
    map_lanes(*state, imm, [](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        return fp_rsqrt_estimate(w, a, fp);
    });
}

void simd_fp_recip_exponent(CpuState* state, uint64_t imm) {
    map_lanes(*state, imm,
              [](unsigned w, uint64_t a, uint64_t, FpStatus& fp) { return fp_recpx(w, a, fp); });
}

void simd_fp_narrow_to_odd(CpuState* state, uint64_t imm) {
    map_lanes(*state, imm, 2, [](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        return fp_convert(w, 32, a, Rounding::odd, fp);
    });
}

}  // namespace pydbt::base
