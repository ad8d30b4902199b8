// Known answers of the Advanced SIMD helpers at the edges of saturation and rounding, with QC.
#include "translator/base/simd_helpers.hpp"

#include <array>
#include <cstring>
#include <memory>

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::base;

constexpr uint32_t kQc = 1u << 27;

template <typename T>
using Lanes = std::array<T, 16 / sizeof(T)>;

// A CPU state with equal lanes in a helper's operands.
struct Machine {
    std::unique_ptr<CpuState> state = std::make_unique<CpuState>();

    template <typename T>
    void operand(unsigned n, T value) {
        Lanes<T> lanes;
        lanes.fill(value);
        std::memcpy(&state->vtmp[n], lanes.data(), 16);
    }
    template <typename T>
    T lane(unsigned i = 0) const {
        Lanes<T> lanes;
        std::memcpy(lanes.data(), &state->vtmp[0], 16);
        return lanes[i];
    }
    bool qc() const { return (state->fpsr & kQc) != 0; }
};

// The result's lane (all are equal, or the check fails), and whether QC was set as expected.
template <typename T>
T run(void (*helper)(CpuState*, uint64_t), uint64_t imm, T a, T b, bool qc) {
    Machine m;
    m.operand(0, a);
    m.operand(1, b);
    helper(m.state.get(), imm);
    CHECK_EQ(m.qc(), qc);
    CHECK_EQ(m.lane<T>(), m.lane<T>(Lanes<T>{}.size() - 1));
    return m.lane<T>();
}

TEST(saturating_add_clamps_and_sets_qc) {
    CHECK_EQ(run<int8_t>(simd_saturating_add, 0, 100, 27, false), int8_t{127});
    CHECK_EQ(run<int8_t>(simd_saturating_add, 0, 100, 28, true), int8_t{127});
    CHECK_EQ(run<int64_t>(simd_saturating_add, 3, INT64_MIN, -1, true), INT64_MIN);
    CHECK_EQ(run<uint16_t>(simd_saturating_add, 1 | kSimdUnsigned, 65535, 1, true),
             uint16_t{65535});
    CHECK_EQ(run<uint32_t>(simd_saturating_add, 2 | kSimdUnsigned | kSimdNegate, 1, 2, true), 0u);
}

TEST(accumulate_mixes_signedness) {
    CHECK_EQ(run<int8_t>(simd_saturating_accumulate, 0, -1, -1, true), int8_t{127});
    CHECK_EQ(run<int8_t>(simd_saturating_accumulate, 0, -128, -1, false), int8_t{127});
    CHECK_EQ(run<uint8_t>(simd_saturating_accumulate, kSimdUnsigned, 3, 0xfc, true), uint8_t{0});
}

TEST(abs_of_the_minimum_saturates) {
    CHECK_EQ(run<int32_t>(simd_saturating_abs, 2, INT32_MIN, 0, true), INT32_MAX);
    CHECK_EQ(run<int32_t>(simd_saturating_abs, 2, -5, 0, false), 5);
    CHECK_EQ(run<int32_t>(simd_saturating_abs, 2 | kSimdNegate, 5, 0, false), -5);
}

TEST(shift_rounds_and_saturates) {
    CHECK_EQ(run<int16_t>(simd_shift, 1 | kSimdRound, 3, -1, false), int16_t{2});
    CHECK_EQ(run<int16_t>(simd_shift, 1 | kSimdRound, -1, -16, false), int16_t{0});
    CHECK_EQ(run<uint64_t>(simd_shift, 3 | kSimdRound | kSimdUnsigned, UINT64_MAX, uint64_t{0xc0},
                           false),
             uint64_t{1});
    CHECK_EQ(run<int16_t>(simd_shift, 1 | kSimdSaturate, -1, 16, true), INT16_MIN);
    CHECK_EQ(run<int16_t>(simd_shift, 1 | kSimdSaturate, 0, 100, false), int16_t{0});
    CHECK_EQ(run<int8_t>(simd_shift, kSimdResultUnsigned, -1, 0, true), int8_t{0});
    CHECK_EQ(run<uint8_t>(simd_shift, kSimdResultUnsigned, 0x7f, 2, true), uint8_t{255});
}

TEST(narrow_leaves_the_upper_half_zero) {
    Machine m;
    m.operand<int16_t>(0, 0x0180);
    m.operand<int8_t>(1, 1);
    simd_saturating_narrow(m.state.get(), 0);
    CHECK_EQ(m.lane<int8_t>(0), int8_t{127});
    CHECK_EQ(m.lane<int8_t>(7), int8_t{127});
    CHECK_EQ(m.lane<uint64_t>(1), uint64_t{0});
    CHECK(m.qc());
}

TEST(doubling_multiply_saturates_only_at_the_minimum_squared) {
    CHECK_EQ(run<int32_t>(simd_doubling_multiply_high, 2, INT32_MIN, INT32_MIN, true), INT32_MAX);
    CHECK_EQ(run<int16_t>(simd_doubling_multiply_high, 1, 0x4000, 0x0001, false), int16_t{0});
    CHECK_EQ(run<int16_t>(simd_doubling_multiply_high, 1 | kSimdRound, 0x4000, 0x0001, false),
             int16_t{1});
    CHECK_EQ(run<int64_t>(simd_doubling_multiply_long, 2, static_cast<int64_t>(0x8000000080000000),
                          static_cast<int64_t>(0x8000000080000000), true),
             INT64_MAX);
}

TEST(polynomial_products) {
    CHECK_EQ(run<uint8_t>(simd_polynomial_multiply, 0, 0xff, 3, false), uint8_t{0x01});
    CHECK_EQ(run<uint16_t>(simd_polynomial_multiply_long, 0, 0xffff, 0x0303, false),
             uint16_t{0x0101});
}

TEST(estimates_of_small_operands_are_all_ones) {
    CHECK_EQ(run<uint32_t>(simd_unsigned_estimate, 2, 0x7fffffff, 0, false), UINT32_MAX);
    CHECK_EQ(run<uint32_t>(simd_unsigned_estimate, 2, 0x80000000, 0, false), 0xff800000u);
    CHECK_EQ(run<uint32_t>(simd_unsigned_estimate, 2 | kSimdNegate, 0x3fffffff, 0, false),
             UINT32_MAX);
    CHECK_EQ(run<uint32_t>(simd_unsigned_estimate, 2 | kSimdNegate, 0x40000000, 0, false),
             0xff800000u);
}

}  // namespace
