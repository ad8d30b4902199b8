// seccomp listeners: calls of a guest that another process answers (seccomp_unotify(2)).
//
// Owns: how a guest's call becomes a notification of the host's kernel, and its answer again the
// guest's. Must not know: filter programs, what calls do.
//
// The listener is the host's own. With the guest's filter a filter of the host is installed, which
// sends calls to the listener whose numbers no call has; a call that the guest's filter gives to
// the listener is made under such a number.
#pragma once

#include <cstdint>

#include "usermode/syscalls/syscall.hpp"

namespace pydbt::usermode {

/// Installs the host's filter for this thread (or all, by `flags`, which are seccomp(2)'s). The
/// listener's descriptor, or a negated errno.
int64_t make_listener(uint64_t flags);

/// The listener was given the call and says that it is to be made.
constexpr int64_t kGoesOn = -0x736e'6f74;

/// Gives a guest's call to the listener; its answer, kGoesOn, or kRestart as of any call.
int64_t notify_listener(GuestThread& thread, uint64_t number);

/// Requests of a listener's descriptor (ioctl). Those of seccomp have type '!'.
bool is_listener_request(uint64_t request);
int64_t listener_request(GuestThread& thread, const SyscallArgs& args);

}  // namespace pydbt::usermode
