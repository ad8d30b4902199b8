// Pointers of system calls that carry something in their upper byte.
//
// Owns: what Linux makes of them (Documentation/arch/arm64/tagged-address-abi.rst and
// memory-tagging-extension.rst). Must not know: how calls are served, instructions.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <list>
#include <vector>

#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {

/// The arguments of one call of a thread that may pass tagged pointers, or has checks of tags, as
/// the host's kernel wants them.
class TaggedPointers {
   public:
    /// Pointers lose their upper byte, those in lists of buffers in copies of the lists. What
    /// synchronous checks do not allow becomes a pointer that faults where the kernel uses it, or a
    /// buffer that ends before.
    TaggedPointers(GuestThread& thread, const SyscallInfo& info, SyscallArgs& args);
    /// Behind the call: what the kernel has written to copies goes to the guest.
    void finish(int64_t result) const;

   private:
    enum class Use : uint8_t { none, read, filled };
    /// Copies of struct msghdr or struct mmsghdr.
    struct Messages {
        uint64_t guest;
        bool many, filled;
        std::vector<mmsghdr> copies;
    };

    uint64_t pointer(uint64_t address) const;
    uint64_t first_wrong(uint64_t address, uint64_t bytes) const;
    uint64_t checked(uint64_t address, uint64_t bytes) const;
    uint64_t bytes_behind(const SyscallInfo& info, const SyscallArgs& args, unsigned n) const;
    void argument(const SyscallInfo& info, SyscallArgs& args, unsigned n);
    void filled(const SyscallInfo& info, SyscallArgs& args, unsigned n) const;
    void buffers(uint64_t& list, uint64_t& count, Use use);
    void messages(uint64_t& list, uint64_t& count, bool many, bool filled);

    GuestThread& thread_;
    std::list<std::vector<iovec>> lists_;
    std::list<Messages> messages_;
};

}  // namespace pydbt::usermode
