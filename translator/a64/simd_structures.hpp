// Structure loads and stores of Advanced SIMD (LD1-LD4, ST1-ST4): what they compute, as IR.
//
// Owns: interleaving, and the order of accesses (all before any register changes).
// Must not know: encodings, the host.
#pragma once

#include "translator/ir/builder.hpp"

namespace pydbt::a64::simd {

/// A multiple-structure access. Registers wrap from V31 to V0.
struct MultipleStructures {
    unsigned rt;         // first register
    unsigned registers;  // how many
    unsigned elements;   // of a structure: 1, or the number of registers
    unsigned size;       // log2 of an element's bytes
    bool q;              // 128-bit registers
};

/// Reads or writes registers * (8 or 16) bytes at `base`.
void load_multiple(ir::Builder& b, ir::Value base, const MultipleStructures& s);
void store_multiple(ir::Builder& b, ir::Value base, const MultipleStructures& s);

/// A single-structure access: one element of each of `elements` registers.
struct SingleStructure {
    unsigned rt;
    unsigned elements;  // 1..4
    unsigned size;
    unsigned index;  // the lane; not for replicating
};

void load_single(ir::Builder& b, ir::Value base, const SingleStructure& s);
void store_single(ir::Builder& b, ir::Value base, const SingleStructure& s);
/// LD1R-LD4R: each element in all lanes of its register; q: 128-bit registers.
void load_replicate(ir::Builder& b, ir::Value base, const SingleStructure& s, bool q);

}  // namespace pydbt::a64::simd
