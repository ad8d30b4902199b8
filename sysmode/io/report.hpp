// Lines for whoever runs the machine: what a device found wrong.
//
// Owns: where they go. Must not know: who writes them.
#pragma once

#include <string_view>

namespace pydbt::sysmode {

/// Writes "pydbt: TEXT" and a new line to standard error, at once. From any thread.
void report(std::string_view text);

}  // namespace pydbt::sysmode
