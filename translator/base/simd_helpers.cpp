// Advanced SIMD integer operations without an IR operation. See the header for the contracts.
#include "translator/base/simd_helpers.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <type_traits>

namespace pydbt::base {
namespace {

constexpr uint32_t kFpsrQc = 1u << 27;

template <typename T>
using Lanes = std::array<T, 16 / sizeof(T)>;

template <typename T, typename V>
Lanes<T> lanes_of(const V& v) {
    static_assert(sizeof(V) == 16);
    Lanes<T> lanes;
    std::memcpy(lanes.data(), &v, 16);
    return lanes;
}

template <typename T, typename V>
void put_lanes(V& v, const Lanes<T>& lanes) {
    static_assert(sizeof(V) == 16);
    std::memcpy(&v, lanes.data(), 16);
}

// Holds any sum, difference or left shift (by less than the width) of two T without overflow.
using Int128 = __int128;
template <typename T>
using Wide = std::conditional_t<(sizeof(T) < 8), int64_t, Int128>;

template <typename T, typename W>
T saturate(W value, bool& saturated) {
    if (value > static_cast<W>(std::numeric_limits<T>::max())) {
        saturated = true;
        return std::numeric_limits<T>::max();
    }
    if (value < static_cast<W>(std::numeric_limits<T>::min())) {
        saturated = true;
        return std::numeric_limits<T>::min();
    }
    return static_cast<T>(value);
}

// Calls f(T{}) with T the signed or unsigned integer of 2^size bytes.
template <typename F>
void with_signed(uint64_t size, F f) {
    switch (size & kSimdSizeMask) {
        case 0: f(int8_t{}); break;
        case 1: f(int16_t{}); break;
        case 2: f(int32_t{}); break;
        default: f(int64_t{}); break;
    }
}

template <typename F>
void with_lane(uint64_t imm, F f) {
    with_signed(imm, [&](auto lane) {
        if (imm & kSimdUnsigned) {
            f(std::make_unsigned_t<decltype(lane)>{});
        } else {
            f(lane);
        }
    });
}

void accumulate_qc(CpuState& state, bool saturated) {
    if (saturated) state.fpsr |= kFpsrQc;
}

// result[i] = op(a[i], b[i], saturated) over lanes of A and B, of one size.
template <typename A, typename B, typename F>
void map_lanes(CpuState& state, F op) {
    const auto a = lanes_of<A>(state.vtmp[0]);
    const auto b = lanes_of<B>(state.vtmp[1]);
    Lanes<A> result;
    bool saturated = false;
    for (size_t i = 0; i < result.size(); i++) {
        result[i] = static_cast<A>(op(a[i], b[i], saturated));
    }
    put_lanes<A>(state.vtmp[0], result);
    accumulate_qc(state, saturated);
}

// Int(value) shifted left by `shift` (negative: right, flooring or rounding), before it is cut to
// the lane. Left shifts of the lane's width or more are the caller's.
template <typename T>
Wide<T> shift_exact(T value, int shift, bool round) {
    constexpr int kBits = 8 * sizeof(T);
    using W = Wide<T>;
    if (shift >= 0) return static_cast<W>(value) * (W{1} << shift);
    const int right = -shift;
    if (round)
        return right > kBits ? W{0} : (static_cast<W>(value) + (W{1} << (right - 1))) >> right;
    if (right >= kBits) return value < 0 ? W{-1} : W{0};
    return static_cast<W>(value) >> right;
}

// Result is T for SQSHL and UQSHL, the unsigned twin of T for SQSHLU.
template <typename Result, typename T>
Result shift_saturating(T value, int shift, bool round, bool& saturated) {
    constexpr int kBits = 8 * sizeof(T);
    if (shift < kBits) return saturate<Result>(shift_exact(value, shift, round), saturated);
    if (value == 0) return 0;
    saturated = true;
    return value < 0 ? std::numeric_limits<Result>::min() : std::numeric_limits<Result>::max();
}

template <typename T>
T shift_modular(T value, int shift, bool round) {
    constexpr int kBits = 8 * sizeof(T);
    return shift >= kBits ? T{0} : static_cast<T>(shift_exact(value, shift, round));
}

template <typename Source, typename Result>
void narrow_lanes(CpuState& state, bool round) {
    const auto source = lanes_of<Source>(state.vtmp[0]);
    const int right = lanes_of<int8_t>(state.vtmp[1])[0];
    Lanes<Result> result{};
    bool saturated = false;
    for (size_t i = 0; i < source.size(); i++) {
        result[i] = saturate<Result>(shift_exact(source[i], -right, round), saturated);
    }
    put_lanes<Result>(state.vtmp[0], result);
    accumulate_qc(state, saturated);
}

template <typename Result>
void narrow_to_signed_size(CpuState& state, uint64_t imm) {
    using Unsigned = std::make_unsigned_t<Result>;
    using Source = std::conditional_t<sizeof(Result) == 1, int16_t,
                                      std::conditional_t<sizeof(Result) == 2, int32_t, int64_t>>;
    const bool round = (imm & kSimdRound) != 0;
    if (imm & kSimdUnsigned) {
        narrow_lanes<std::make_unsigned_t<Source>, Unsigned>(state, round);
    } else if (imm & kSimdResultUnsigned) {
        narrow_lanes<Source, Unsigned>(state, round);
    } else {
        narrow_lanes<Source, Result>(state, round);
    }
}

template <typename Source, typename Result>
void multiply_long_lanes(CpuState& state) {
    const auto a = lanes_of<Source>(state.vtmp[0]);
    const auto b = lanes_of<Source>(state.vtmp[1]);
    Lanes<Result> result;
    bool saturated = false;
    for (size_t i = 0; i < result.size(); i++) {
        const Int128 product = Int128{a[i]} * b[i] * 2;
        result[i] = saturate<Result>(product, saturated);
    }
    put_lanes<Result>(state.vtmp[0], result);
    accumulate_qc(state, saturated);
}

uint16_t carryless_product(uint8_t a, uint8_t b) {
    uint32_t product = 0;
    for (int bit = 0; bit < 8; bit++) {
        if (b >> bit & 1) product ^= static_cast<uint32_t>(a) << bit;
    }
    return static_cast<uint16_t>(product);
}

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

void simd_saturating_add(CpuState* state, uint64_t imm) {
    with_lane(imm, [&](auto lane) {
        using T = decltype(lane);
        using W = Wide<T>;
        if (imm & kSimdNegate) {
            map_lanes<T, T>(*state, [](T a, T b, bool& saturated) {
                return saturate<T>(static_cast<W>(a) - static_cast<W>(b), saturated);
            });
        } else {
            map_lanes<T, T>(*state, [](T a, T b, bool& saturated) {
                return saturate<T>(static_cast<W>(a) + static_cast<W>(b), saturated);
            });
        }
    });
}

void simd_saturating_accumulate(CpuState* state, uint64_t imm) {
    with_signed(imm, [&](auto lane) {
        using S = decltype(lane);
        using U = std::make_unsigned_t<S>;
        using W = Wide<S>;
        if (imm & kSimdUnsigned) {
            map_lanes<U, S>(*state, [](U a, S b, bool& saturated) {
                return saturate<U>(static_cast<W>(a) + static_cast<W>(b), saturated);
            });
        } else {
            map_lanes<S, U>(*state, [](S a, U b, bool& saturated) {
                return saturate<S>(static_cast<W>(a) + static_cast<W>(b), saturated);
            });
        }
    });
}

void simd_saturating_abs(CpuState* state, uint64_t imm) {
    const bool negate = (imm & kSimdNegate) != 0;
    with_signed(imm, [&](auto lane) {
        using T = decltype(lane);
        map_lanes<T, T>(*state, [negate](T a, T, bool& saturated) {
            const Wide<T> value = a;
            return saturate<T>(negate || value < 0 ? -value : value, saturated);
        });
    });
}

void simd_shift(CpuState* state, uint64_t imm) {
    const bool round = (imm & kSimdRound) != 0;
    with_lane(imm, [&](auto lane) {
        using T = decltype(lane);
        using S = std::make_signed_t<T>;
        using U = std::make_unsigned_t<T>;
        if (imm & kSimdResultUnsigned) {
            map_lanes<T, S>(*state, [round](T a, S b, bool& saturated) {
                return shift_saturating<U>(a, static_cast<int8_t>(b), round, saturated);
            });
        } else if (imm & kSimdSaturate) {
            map_lanes<T, S>(*state, [round](T a, S b, bool& saturated) {
                return shift_saturating<T>(a, static_cast<int8_t>(b), round, saturated);
            });
        } else {
            map_lanes<T, S>(*state, [round](T a, S b, bool&) {
                return shift_modular(a, static_cast<int8_t>(b), round);
            });
        }
    });
}

void simd_saturating_narrow(CpuState* state, uint64_t imm) {
    switch (imm & kSimdSizeMask) {
        case 0: narrow_to_signed_size<int8_t>(*state, imm); break;
        case 1: narrow_to_signed_size<int16_t>(*state, imm); break;
        default: narrow_to_signed_size<int32_t>(*state, imm); break;
    }
}

void simd_doubling_multiply_high(CpuState* state, uint64_t imm) {
    const bool round = (imm & kSimdRound) != 0;
    with_signed(imm, [&](auto lane) {
        using T = decltype(lane);
        map_lanes<T, T>(*state, [round](T a, T b, bool& saturated) {
            constexpr int kBits = 8 * sizeof(T);
            const Int128 product = Int128{a} * b * 2;
            const Int128 bias = round ? Int128{1} << (kBits - 1) : 0;
            return saturate<T>((product + bias) >> kBits, saturated);
        });
    });
}

void simd_doubling_multiply_long(CpuState* state, uint64_t imm) {
    if ((imm & kSimdSizeMask) == 1) {
        multiply_long_lanes<int16_t, int32_t>(*state);
    } else {
        multiply_long_lanes<int32_t, int64_t>(*state);
    }
}

void simd_polynomial_multiply(CpuState* state, uint64_t) {
    map_lanes<uint8_t, uint8_t>(
        *state, [](uint8_t a, uint8_t b, bool&) { return carryless_product(a, b); });
}

void simd_polynomial_multiply_long(CpuState* state, uint64_t) {
    const auto a = lanes_of<uint8_t>(state->vtmp[0]);
    const auto b = lanes_of<uint8_t>(state->vtmp[1]);
    Lanes<uint16_t> result;
    for (size_t i = 0; i < result.size(); i++) result[i] = carryless_product(a[i], b[i]);
    put_lanes<uint16_t>(state->vtmp[0], result);
}

void simd_unsigned_estimate(CpuState* state, uint64_t imm) {
    const bool square_root = (imm & kSimdNegate) != 0;
    map_lanes<uint32_t, uint32_t>(*state, [square_root](uint32_t a, uint32_t, bool&) {
        return square_root ? unsigned_rsqrt_estimate(a) : unsigned_recip_estimate(a);
    });
}

}  // namespace pydbt::base
