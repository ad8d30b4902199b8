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

}  // namespace

void simd_fp_round_n(CpuState* state, uint64_t imm) {
    const uint64_t mode = state->vtmp[1].lo;
    map_lanes(*state, imm, [=](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        const unsigned bits = (mode & kSimdFpWide) != 0 ? 64 : 32;
        return fp_round_int_n(w, a, bits, rounding_of(mode, fp), fp);
    });
}

void simd_fp_recip_estimate_fine(CpuState* state, uint64_t imm) {
    map_lanes(*state, imm, [](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        fp.fine_estimates = true;
        return fp_recip_estimate(w, a, fp);
    });
}

void simd_fp_rsqrt_estimate_fine(CpuState* state, uint64_t imm) {
    map_lanes(*state, imm, [](unsigned w, uint64_t a, uint64_t, FpStatus& fp) {
        fp.fine_estimates = true;
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

// With AH conversions to BFloat16 and products of it flush denormals, round to nearest and raise
// nothing.
namespace {
FpStatus bf_modes(const CpuState& state) {
    constexpr uint32_t kRounding = 3u << 22;
    if ((state.fpcr & kFpcrAh) == 0) return {state.fpcr, 0};
    return {(state.fpcr & ~kRounding) | kFpcrFz | kFpcrFiz, 0};
}
void raise(CpuState& state, const FpStatus& fp) {
    if ((state.fpcr & kFpcrAh) == 0) state.fpsr |= fp.fpsr;
}
}  // namespace

void simd_fp_bf_convert(CpuState* state, uint64_t imm) {
    FpStatus fp = bf_modes(*state);
    V128 result{};
    for (unsigned lane = 0; lane < imm >> kSimdFpLanesShift; lane++) {
        set_lane(result, lane, 1, fp_convert(32, kBf16, get_lane(state->vtmp[0], lane, 2), fp));
    }
    state->vtmp[0] = result;
    raise(*state, fp);
}

void simd_fp_bf_mul_add(CpuState* state, uint64_t imm) {
    FpStatus fp = bf_modes(*state);
    V128 result{};
    for (unsigned lane = 0; lane < imm >> kSimdFpLanesShift; lane++) {
        const uint64_t a = get_lane(state->vtmp[0], lane, 2), b = get_lane(state->vtmp[1], lane, 2);
        const uint64_t c = get_lane(state->vtmp[2], lane, 2);
        set_lane(result, lane, 2, fp_mul_add(32, c, a, b, fp));
    }
    state->vtmp[0] = result;
    raise(*state, fp);
}

namespace {
// addend + (a[pair].0 * b[pair].0 + a[pair].1 * b[pair].1), pairs of BFloat16 numbers.
uint32_t dot_add(const CpuState& state, uint64_t addend, unsigned a, unsigned b) {
    const auto bf = [&](unsigned n, unsigned lane) {
        return static_cast<uint32_t>(get_lane(state.vtmp[n], lane, 1));
    };
    if ((state.fpcr & kFpcrEbf) != 0) {
        return bf_dot_add(static_cast<uint32_t>(addend),
                          {bf(0, 2 * a), bf(0, 2 * a + 1), bf(1, 2 * b), bf(1, 2 * b + 1)},
                          state.fpcr);
    }
    const uint32_t low = bf_mul(bf(0, 2 * a), bf(1, 2 * b), state.fpcr);
    const uint32_t high = bf_mul(bf(0, 2 * a + 1), bf(1, 2 * b + 1), state.fpcr);
    return bf_add(static_cast<uint32_t>(addend), bf_add(low, high, state.fpcr), state.fpcr);
}
}  // namespace

void simd_fp_bf_dot(CpuState* state, uint64_t imm) {
    V128 result{};
    for (unsigned lane = 0; lane < imm >> kSimdFpLanesShift; lane++) {
        const uint64_t addend = get_lane(state->vtmp[2], lane, 2);
        set_lane(result, lane, 2, dot_add(*state, addend, lane, lane));
    }
    state->vtmp[0] = result;
}

void simd_fp_bf_matrix(CpuState* state, uint64_t) {
    V128 result{};
    for (unsigned lane = 0; lane < 4; lane++) {
        const unsigned row = lane / 2, column = lane % 2;
        uint64_t value = get_lane(state->vtmp[2], lane, 2);
        for (unsigned n = 0; n < 2; n++) {
            value = dot_add(*state, value, 2 * row + n, 2 * column + n);
        }
        set_lane(result, lane, 2, value);
    }
    state->vtmp[0] = result;
}

}  // namespace pydbt::base
