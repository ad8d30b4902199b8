// What belongs to the guest's process but cannot be the host's: settings that would hit the
// translator. They are kept here, and handed on when the process runs another program.
//
// Owns: the settings, the way through execve. Must not know: which call sets them.
#pragma once

#include <sys/resource.h>

#include <cstdint>

#include "usermode/syscalls/seccomp.hpp"

namespace pydbt::usermode {

struct KeptSettings {
    uint64_t personality = 0;  // the bits that the host's does not have
    struct Limit {
        bool set = false;  // else it is the host's
        rlimit value{};
    };
    Limit address_space, data, stack;
    int deny_write_exec = 0;  // PR_SET_MDWE's bits
    bool by_kernel = false;   // binfmt_misc has us for AArch64 programs
};

/// Descriptors that go through an execve, -1: none.
struct KeptDescriptors {
    int32_t program = -1;   // what is run
    int32_t trace = -1;     // of -strace (Process::trace_fd)
    int32_t launcher = -1;  // where no path leads to it (Process::launcher_fd)
    // Of a traced thread (TraceHandover); the last is no descriptor.
    int32_t tracer_memory = -1, tracer_event = -1, tracer_slot = -1;
};

/// Writes all into a pipe; `fd` is its read end, not closed by execve: the --inherit of the next
/// launcher, or -1 when there is nothing to hand on. 0 or a negated errno.
int send_kept(const KeptSettings& kept, const SeccompState& seccomp, const KeptDescriptors& others,
              int& fd);
/// Reads it and closes the descriptor. False when it is not what send_kept() made.
bool receive_kept(int fd, KeptSettings& kept, SeccompState& seccomp, KeptDescriptors& others);

}  // namespace pydbt::usermode
