// Advanced SIMD integer operations which have no IR operation: one lane loop each, exact.
//
// Owns: the saturating, rounding-by-register, doubling and polynomial operations of the Arm ARM
// (DDI 0487, C7.2) and the cumulative saturation bit FPSR.QC that they set.
// Must not know: the IR, the host's code, how operands reach a helper (state layout aside).
//
// Every function works on all 128 bits. A caller with a 64-bit or scalar form clears the lanes it
// does not own in every operand; zero operands never saturate, so such lanes leave QC alone.
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::base {

// Bits of a helper's immediate: log2 of the element's bytes in bits 1:0, then the modes.
// translator/spec/helpers.py (SIMD section) documents which modes a helper reads.
inline constexpr uint32_t kSimdSizeMask = 3;
inline constexpr uint32_t kSimdUnsigned = 1 << 2;        // operands are unsigned
inline constexpr uint32_t kSimdRound = 1 << 3;           // round to nearest, ties up
inline constexpr uint32_t kSimdSaturate = 1 << 4;        // saturate the result, setting QC
inline constexpr uint32_t kSimdResultUnsigned = 1 << 5;  // signed operands, unsigned result
inline constexpr uint32_t kSimdNegate = 1 << 6;          // subtract or negate instead

// Operands are state.vtmp[0..2], the result is state.vtmp[0]; QC is bit 27 of state.fpsr.

// SQADD UQADD; with kSimdNegate SQSUB UQSUB. Element sizes 0..3.
void simd_saturating_add(CpuState* state, uint64_t imm);
// SUQADD (signed vtmp[0] + unsigned vtmp[1]); with kSimdUnsigned USQADD (the reverse).
void simd_saturating_accumulate(CpuState* state, uint64_t imm);
// SQABS; with kSimdNegate SQNEG.
void simd_saturating_abs(CpuState* state, uint64_t imm);
// SRSHL URSHL SQSHL UQSHL SQRSHL UQRSHL; SQSHLU with kSimdResultUnsigned. Amounts are the signed
// low bytes of vtmp[1]'s lanes.
void simd_shift(CpuState* state, uint64_t imm);
// SQSHRN UQSHRN SQSHRUN and the rounding forms: lanes of twice the element size in vtmp[0] shifted
// right by the low byte of vtmp[1] (0..element bits; 0 is SQXTN UQXTN SQXTUN), saturated to the
// element size; the result in the low 64 bits, the rest zero. Element sizes 0..2.
void simd_saturating_narrow(CpuState* state, uint64_t imm);
// SQDMULH; SQRDMULH with kSimdRound. Element sizes 1 and 2.
void simd_doubling_multiply_high(CpuState* state, uint64_t imm);
// SQDMULL: the low 64 bits of both operands, doubled product of twice the size. Sizes 1 and 2.
void simd_doubling_multiply_long(CpuState* state, uint64_t imm);
// PMUL: eight-bit carry-less products, low halves.
void simd_polynomial_multiply(CpuState* state, uint64_t imm);
// PMULL: carry-less products of the low eight bytes, as eight 16-bit lanes.
void simd_polynomial_multiply_long(CpuState* state, uint64_t imm);
// URECPE; with kSimdNegate URSQRTE (the reciprocal square root). 32-bit lanes.
void simd_unsigned_estimate(CpuState* state, uint64_t imm);

}  // namespace pydbt::base
