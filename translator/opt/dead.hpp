// Removes what nothing can observe: sets of guest state that are overwritten, unused pure values.
//
// Owns: one backward pass. Must not know: Arm, x86.
#pragma once

#include "translator/ir/ir.hpp"

namespace pydbt::opt {

/// A set of a guest register or of the flags is dead when the same block sets it again before
/// anything may observe it: an op that may fault, a call, an exit (the guest's signal handlers and
/// debuggers see all state there). Removes from the blocks' lists and corrects use counts.
void eliminate_dead(ir::Function& f);

}  // namespace pydbt::opt
