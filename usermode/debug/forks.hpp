// New processes and programs of a debugged process.
//
// Owns: what happens to the debugger's hold around fork and execve. Must not know: how either is
// done.
#pragma once

#include <cstdint>

#include "usermode/debug/debugger.hpp"

namespace pydbt::usermode {

/// Lives around a fork, with the debugger's lock. A child that is not followed is let go.
class DebuggedFork {
   public:
    /// `follow`: the child may be.
    DebuggedFork(GuestThread& thread, bool follow);
    /// `result` is fork's; other locks are free.
    void finish(int64_t result);

   private:
    GuestThread& thread_;
    Debugger::Lock lock_;
    bool followed_ = false;
    int ends_[2] = {-1, -1};  // ours, the child's
};

/// Lives around an execve of a guest's program.
class DebuggedExec {
   public:
    DebuggedExec(GuestThread& thread, bool is_guests);
    /// The execve has failed.
    ~DebuggedExec();
    DebuggedExec(const DebuggedExec&) = delete;
    DebuggedExec& operator=(const DebuggedExec&) = delete;
    /// For the new program's launcher (--debug-fd), or -1.
    int fd() const { return ends_[1]; }

   private:
    GuestThread& thread_;
    int ends_[2] = {-1, -1};
};

}  // namespace pydbt::usermode
