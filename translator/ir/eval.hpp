// What pure integer ops compute, in C++: one definition for the builder's folding and the
// interpreter.
//
// Owns: evaluate(). Must not know: where operands live. translator/spec/ir.py says what it must be.
#pragma once

#include <bit>
#include <cstdint>

#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// NZCV as bits 3:0 of the sum a + b + carry_in of `width`-bit numbers (Arm ARM AddWithCarry).
uint32_t add_nzcv(uint64_t a, uint64_t b, uint32_t carry_in, unsigned width);
/// N and Z of a result; C and V are 0.
uint32_t logic_nzcv(uint64_t a, unsigned width);
/// ConditionHolds (Arm ARM shared pseudocode) on NZCV as bits 3:0.
bool holds(Cond cc, uint32_t nzcv);

/// The result of the pure integer or flags op `i` for operands of `width` bits (its arguments',
/// zero-extended; flags as NZCV in bits 3:0). False when the op is not one of those.
bool evaluate(const Inst& i, unsigned width, uint64_t a, uint64_t b, uint64_t c, uint64_t& result);

}  // namespace pydbt::ir
