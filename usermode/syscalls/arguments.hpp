// Questions that several calls ask about their arguments and their caller.
//
// Owns: the answers. Must not know: which call asks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pydbt::usermode {

/// copy_struct_from_user(): a structure of `size` bytes where we know `known` and `least` must be
/// there. Shorter ones are filled up with zeros, longer ones must end in zeros. 0 or a negated
/// errno.
int64_t read_versioned(uint64_t from, uint64_t size, uint64_t least, void* to, size_t known);

/// Whether the caller has a capability (CAP_...) in its user namespace.
bool has_capability(int capability);

}  // namespace pydbt::usermode
