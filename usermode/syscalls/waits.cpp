// Calls that wait under a signal mask of their own.
//
// Owns: these calls. Must not know: delivery (usermode/signals).
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"
#include "usermode/syscalls/waits.hpp"

namespace pydbt::usermode {
namespace {

// epoll_pwait and epoll_pwait2 but for how they are told the time.
int64_t epoll_wait_any(GuestThread& t, int number, const SyscallArgs& a) {
    auto most = static_cast<int32_t>(a[2]);
    constexpr int32_t kMost = INT_MAX / 16;
    if (most <= 0 || most > kMost) return -EINVAL;
    // The kernel fills what there is room for; more than this is never ready at once.
    constexpr int32_t kRoom = 1 << 16;
    std::vector<epoll_event> events(static_cast<size_t>(std::min(most, kRoom)));
    SyscallArgs host = a;
    host[1] = reinterpret_cast<uint64_t>(events.data());
    host[2] = events.size();
    int64_t result;
    if (a[4] == 0) {
        result = host_syscall(t, number, host);
    } else {
        uint64_t wanted;
        if (a[5] != kSigsetBytes) return -EINVAL;
        if (!read_guest(a[4], wanted)) return -EFAULT;
        TemporaryMask mask(t, wanted);
        host[4] = mask.host();
        result = host_syscall(t, number, host);
        mask.finish(result);
    }
    for (int64_t n = 0; n < result; n++) {
        Guest_epoll_event event;
        to_guest(events[static_cast<size_t>(n)], event);
        event.data_u64 = events[static_cast<size_t>(n)].data.u64;
        uint64_t at = a[1] + static_cast<uint64_t>(n) * sizeof event;
        if (!write_guest(at, event)) return -EFAULT;
    }
    return result;
}

}  // namespace

int64_t sys_epoll_pwait(GuestThread& t, const SyscallArgs& a) {
    return epoll_wait_any(t, SYS_epoll_pwait, a);
}

int64_t sys_epoll_pwait2(GuestThread& t, const SyscallArgs& a) {
    constexpr int kEpollPwait2 = 441;
    return epoll_wait_any(t, kEpollPwait2, a);
}

// The last argument is the address of a mask's address and size.
namespace {

int64_t wait_with_pair(GuestThread& t, int number, const SyscallArgs& a) {
    if (a[5] == 0) return host_syscall(t, number, a);
    uint64_t pair[2];
    if (!read_guest(a[5], pair)) return -EFAULT;
    if (pair[0] == 0) return host_syscall(t, number, a);
    uint64_t wanted;
    if (pair[1] != kSigsetBytes) return -EINVAL;
    if (!read_guest(pair[0], wanted)) return -EFAULT;
    TemporaryMask mask(t, wanted);
    pair[0] = mask.host();
    SyscallArgs host = a;
    host[5] = reinterpret_cast<uint64_t>(pair);
    int64_t result = host_syscall(t, number, host);
    mask.finish(result);
    return result;
}

}  // namespace

int64_t sys_pselect6(GuestThread& t, const SyscallArgs& a) {
    return wait_with_pair(t, SYS_pselect6, a);
}

int64_t sys_io_pgetevents(GuestThread& t, const SyscallArgs& a) {
    return wait_with_pair(t, SYS_io_pgetevents, a);
}

int64_t sys_ppoll(GuestThread& t, const SyscallArgs& a) {
    if (a[3] == 0) return host_syscall(t, SYS_ppoll, a);
    uint64_t wanted;
    if (a[4] != kSigsetBytes) return -EINVAL;
    if (!read_guest(a[3], wanted)) return -EFAULT;
    TemporaryMask mask(t, wanted);
    SyscallArgs host = a;
    host[3] = mask.host();
    int64_t result = host_syscall(t, SYS_ppoll, host);
    mask.finish(result);
    return result;
}

}  // namespace pydbt::usermode
