// Reads the IR's text form.
//
// Owns: the counterpart of printer.hpp. Must not know: which functions make sense (verify() says).
#pragma once

#include <string>
#include <string_view>

#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// Reads one function as print() writes it into `f`, replacing what it held; values keep their
/// numbers, so that printing gives the text back. Returns an empty string, or one line
/// `line N: what is wrong`, and then `f` is empty.
std::string parse(std::string_view text, Function& f);

/// Value numbers in text are below this.
inline constexpr Value kMostParsedValues = 1u << 16;

}  // namespace pydbt::ir
