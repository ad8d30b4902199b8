// Pieces of the interpreter that are long by nature: vector and floating-point ops.
//
// Owns: their declarations; interpreter_vector.cpp and interpreter_float.cpp have them.
#pragma once

#include "translator/base/state.gen.hpp"
#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// Operands of a pure op; absent ones are zero. `width` is the first operand's, in bits.
struct Operands {
    base::V128 a, b, c;
    unsigned width;
};

/// False when `i` is no vector op that works on integers or bits.
bool evaluate_vector(const Inst& i, const Operands& o, base::V128& result);

/// The same for saturating ops, dot products and polynomials; part of evaluate_vector().
bool evaluate_saturating(const Inst& i, const Operands& o, base::V128& result);

/// The same for rounds of AES, SHA and SM4; part of evaluate_vector().
bool evaluate_crypto(const Inst& i, const Operands& o, base::V128& result);

/// A floating-point op, exactly, under the state's FPCR; ORs into its FPSR.
void evaluate_float(const Inst& i, const Operands& o, base::CpuState& state, base::V128& result);

}  // namespace pydbt::ir
