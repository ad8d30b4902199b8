// Reads of guest registers at the head of a loop.
//
// Owns: read_at_head(). Must not know: what the reads are good for beyond the contract below.
#pragma once

#include "translator/ir/ir.hpp"

namespace pydbt::opt {

/// In a block that branches to itself, a register that is set and never read gets a read at the
/// block's start, so that a tier can keep it in a host register from turn to turn: the read is the
/// value that the turn before has left. Dead-code elimination must not come behind it.
void read_at_head(ir::Function& f);

}  // namespace pydbt::opt
