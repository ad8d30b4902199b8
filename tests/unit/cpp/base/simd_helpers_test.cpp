// Known answers of the Advanced SIMD helpers.
#include "translator/base/simd_helpers.hpp"

#include <memory>

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::base;

TEST(estimates_are_all_ones_below_their_range) {
    auto state = std::make_unique<CpuState>();
    state->vtmp[0] = {0x80000000'7fffffff, 0x40000000'3fffffff};
    simd_unsigned_estimate(state.get(), 0);
    CHECK_EQ(state->vtmp[0].lo, 0xff800000'ffffffffu);
    CHECK_EQ(state->vtmp[0].hi, 0xffffffff'ffffffffu);
    state->vtmp[0] = {0x80000000'7fffffff, 0x40000000'3fffffff};
    simd_unsigned_estimate(state.get(), 1);
    CHECK_EQ(state->vtmp[0].hi, 0xff800000'ffffffffu);
}

}  // namespace
