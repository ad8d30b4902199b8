// The mask of a call that waits under one of its own.
//
// Owns: how it becomes the host's, and the guest's again. Must not know: which call waits.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "usermode/process.hpp"
#include "usermode/signals/signals.hpp"
#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {

inline constexpr uint64_t kSigsetBytes = 8;

/// A mask argument of a waiting call: it is the thread's until the call is over.
class TemporaryMask {
   public:
    TemporaryMask(GuestThread& thread, uint64_t mask) : thread_(thread), mask_(allowed_mask(mask)) {
        std::memset(&host_, 0, sizeof host_);
        std::memcpy(&host_, &mask_, sizeof mask_);
    }
    uint64_t host() const { return reinterpret_cast<uint64_t>(&host_); }
    /// A signal that ended the call is delivered under the call's mask; the old one is restored
    /// after. One that came before the call is not: the call is made again.
    void finish(int64_t result) {
        SignalState& s = thread_.signals;
        if (result != -EINTR && (s.pending == 0 || result == -kRestart)) return;
        s.saved_blocked = s.blocked;
        s.has_saved = true;
        s.blocked = mask_;
    }

   private:
    GuestThread& thread_;
    uint64_t mask_;
    sigset_t host_;
};

}  // namespace pydbt::usermode
