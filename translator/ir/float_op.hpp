// Vector and floating-point ops as a helper of translated code: one function for all of them.
//
// Owns: the packed form of an op. Must not know: who calls it.
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"
#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// The op, its types and attributes (an immediate of at most 16 bits) in 40 bits, for helper_op().
uint64_t pack_op(const Inst& i, Type operand);

/// A vector helper (spec/helpers.py): the op on vtmp[0..2] (scalars and integers in the low bits,
/// the rest ignored beyond the operand's width); result in vtmp[0], flags as NZCV in bits 3:0.
/// Under the state's FPCR; ORs into its FPSR.
void helper_op(base::CpuState* state, uint64_t packed);

}  // namespace pydbt::ir
