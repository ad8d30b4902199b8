// CLONE_VFORK for a child with memory of its own: the parent waits, but its other threads do not.
//
// Owns: how the parent learns that the child has executed a program or ended. Must not know: how
// processes are made.
#pragma once

#include <cstdint>

namespace pydbt::usermode {

class Process;

/// A pipe whose other end only the child has, until an execve closes it. In the kernel the calling
/// thread would sleep with every lock that a fork takes.
class ForkWait {
   public:
    ForkWait() = default;
    ~ForkWait();
    ForkWait(const ForkWait&) = delete;
    ForkWait& operator=(const ForkWait&) = delete;

    /// Before the fork. False when there are no descriptors.
    bool open();
    /// After it, in both, also when open() was not called: a child's own child is waited for by
    /// nobody. The parent sleeps here. `result` is the fork's.
    void finish(Process& process, int64_t result);

   private:
    int ends_[2] = {-1, -1};
};

}  // namespace pydbt::usermode
