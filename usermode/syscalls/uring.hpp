// io_uring: requests whose flags or structures differ are converted before the kernel reads them.
//
// Owns: which rings there are. Must not know: how descriptors are closed.
#pragma once

#include <mutex>

namespace pydbt::usermode {

/// The descriptor is about to be closed: a ring of that number is forgotten.
void forget_ring(int fd);
/// Keeps other threads from the list of rings, so that a fork's child finds it free.
[[nodiscard]] std::unique_lock<std::mutex> hold_rings();

}  // namespace pydbt::usermode
