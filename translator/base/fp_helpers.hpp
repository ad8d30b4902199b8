// Advanced SIMD floating-point operations which have no IR operation: one lane loop each.
//
// Owns: which lanes are operated on, and adding exceptions to FPSR. The arithmetic is softfloat's.
// Must not know: the IR, the host's code, how operands reach a helper (state layout aside).
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::base {

/// A helper's immediate: log2 of the element's bytes (1 to 3), and how many elements from lane 0 up
/// there are. The others raise nothing and become zero.
inline constexpr uint32_t kSimdFpSizeMask = 3, kSimdFpLanesShift = 2;

constexpr uint32_t simd_fp_lanes(unsigned size, unsigned lanes) {
    return size | lanes << kSimdFpLanesShift;
}

// Operands are state.vtmp[0] and [1], the result is state.vtmp[0]. FPCR and FPSR are state's.

/// FPRecpX.
void simd_fp_recip_exponent(CpuState* state, uint64_t imm);
/// FPConvert of doubles to singles, rounding to odd; the result is in the low 64 bits.
void simd_fp_narrow_to_odd(CpuState* state, uint64_t imm);

/// FPRecipEstimate and FPRSqrtEstimate with FEAT_RPRES.
void simd_fp_recip_estimate_fine(CpuState* state, uint64_t imm);
void simd_fp_rsqrt_estimate_fine(CpuState* state, uint64_t imm);
/// FPConvertBF of singles; the results are in the low 64 bits.
void simd_fp_bf_convert(CpuState* state, uint64_t imm);
/// BFDotAdd: vtmp[2], singles, plus the sums of products of neighbours of vtmp[0] and [1].
void simd_fp_bf_dot(CpuState* state, uint64_t imm);
/// BFMatMulAddH: vtmp[2] plus the product of vtmp[0] and the transposed vtmp[1].
void simd_fp_bf_matrix(CpuState* state, uint64_t imm);
/// BFMulAddH with FPCR.AH: vtmp[2] plus vtmp[0] * vtmp[1].
void simd_fp_bf_mul_add(CpuState* state, uint64_t imm);
/// FPRoundIntN. The low bits of vtmp[1] are a rounding mode of the IR's frint (5: FPCR's) in bits
/// 2:0 and kSimdFpWide for 64 bits instead of 32.
inline constexpr uint32_t kSimdFpWide = 16;
void simd_fp_round_n(CpuState* state, uint64_t imm);

}  // namespace pydbt::base
