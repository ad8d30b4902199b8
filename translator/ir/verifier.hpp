// Checks that a function holds together.
//
// Owns: the rules. Must not know: who built the function.
#pragma once

#include <string>

#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// Empty when `f` is well formed, else one sentence that names the first offence: argument count
/// and types, definition before use in list order, one terminator at each block's end and nowhere
/// else, edges against parameters, attribute ranges. With `local_values` also the rule of tiers 0
/// and 1: a value is used only in the block that defines it (constants apart).
std::string verify(const Function& f, bool local_values = true);

}  // namespace pydbt::ir
