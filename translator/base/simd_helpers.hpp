// Advanced SIMD integer operations which have no IR operation.
//
// Owns: the reciprocal estimates of unsigned integers (Arm ARM J1.1, shared/functions/fpestimates).
// Must not know: the IR, the host's code, how operands reach a helper (state layout aside).
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::base {

// URECPE of the four words of vtmp[0]; URSQRTE (the reciprocal square root) if imm is 1.
void simd_unsigned_estimate(CpuState* state, uint64_t imm);

}  // namespace pydbt::base
