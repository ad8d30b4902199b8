// The IR's text form.
//
// Owns: how a function looks as text; parser.cpp reads the same form. Must not know: guest
// instructions.
#pragma once

#include <string>

#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// One line an instruction, `v3 = add.i64 v1, v2`; attributes by name behind the arguments,
/// `load.i64 v1, _, disp=8, size=3`, zero ones left out; `_` is an absent argument. A line
/// `@0x400080:` starts each guest instruction. Block headers `bb1(v7: i64):`.
std::string print(const Function& f);

}  // namespace pydbt::ir
