// Access to guest memory by the launcher's own code, with bad addresses as an answer, not a fault.
//
// Owns: the copies and how a fault inside them is recovered. Must not know: mappings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pydbt::usermode {

/// Top-byte-ignore: the host's address of a guest pointer; upper addresses (bit 55), which no
/// program has, stay as they are (untagged_addr() of arch/arm64/include/asm/memory.h).
inline uint64_t untag(uint64_t address) {
    return address & static_cast<uint64_t>(static_cast<int64_t>(address << 8) >> 8);
}

/// False when some byte cannot be read or written (EFAULT); a part may have been copied then.
bool copy_from_guest(void* to, uint64_t from, size_t bytes);
bool copy_to_guest(uint64_t to, const void* from, size_t bytes);
/// At most `limit` bytes up to a NUL. False on a fault or when there is none (ENAMETOOLONG).
bool read_guest_string(uint64_t from, size_t limit, std::string& text);

template <class T>
bool read_guest(uint64_t from, T& value) {
    return copy_from_guest(&value, from, sizeof value);
}
template <class T>
bool write_guest(uint64_t to, const T& value) {
    return copy_to_guest(to, &value, sizeof value);
}

/// From the host's fault handler: when the fault was in one of these copies, makes it return false
/// and says so. Async-signal-safe.
bool recover_guest_copy(void* ucontext);

}  // namespace pydbt::usermode
