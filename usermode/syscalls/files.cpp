// File calls that differ between the architectures, or that must not show or close what is ours.
//
// Owns: these calls. Must not know: processes and memory beyond their arguments.
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

// Whether a path names the running program as /proc has it: /proc/self/exe, /proc/PID/exe.
bool is_own_exe(const std::string& path) {
    if (path == "/proc/self/exe" || path == "/proc/thread-self/exe") return true;
    char own[64];
    std::snprintf(own, sizeof own, "/proc/%d/exe", getpid());
    return path == own;
}

// A mask argument of a waiting call: it is the thread's until the call is over.
class TemporaryMask {
   public:
    TemporaryMask(GuestThread& thread, uint64_t mask) : thread_(thread), mask_(allowed_mask(mask)) {
        host_ = host_mask(mask_);
    }
    uint64_t host() const { return reinterpret_cast<uint64_t>(&host_); }
    // A signal that ended the call is delivered under the call's mask; the old one is restored
    // after. One that came before the call is not: the call is made again.
    void finish(int64_t result) {
        SignalState& s = thread_.signals;
        if (s.pending == 0 || result == -kRestart) return;
        s.saved_blocked = s.blocked;
        s.has_saved = true;
        s.blocked = mask_;
    }

   private:
    GuestThread& thread_;
    uint64_t mask_;
    sigset_t host_;
};

constexpr uint64_t kSigsetBytes = 8;

}  // namespace

int64_t sys_openat(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs host = a;
    host[1] = untag(a[1]);
    host[2] = open_flags_to_host(a[2]);
    std::string path;
    if (read_guest_string(a[1], PATH_MAX, path) && is_own_exe(path)) {
        host[1] = reinterpret_cast<uint64_t>(t.process.program.c_str());
    }
    return host_syscall(t, SYS_openat, host);
}

int64_t sys_readlinkat(GuestThread& t, const SyscallArgs& a) {
    std::string path;
    if (!read_guest_string(a[1], PATH_MAX, path) || !is_own_exe(path)) {
        return host_syscall(t, SYS_readlinkat, a);
    }
    auto size = static_cast<int32_t>(a[3]);
    if (size <= 0) return -EINVAL;
    size_t n = std::min(t.process.program.size(), static_cast<size_t>(size));
    if (!copy_to_guest(a[2], t.process.program.data(), n)) return -EFAULT;
    return static_cast<int64_t>(n);
}

int64_t sys_fcntl(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs host = a;
    if (a[1] == F_SETFL) host[2] = open_flags_to_host(a[2]);
    int64_t result = host_syscall(t, SYS_fcntl, host);
    if (a[1] == F_GETFL && result >= 0) {
        return static_cast<int64_t>(open_flags_to_guest(static_cast<uint64_t>(result)));
    }
    return result;
}

int64_t sys_close(GuestThread& t, const SyscallArgs& a) {
    if (t.process.log_file != stderr && static_cast<int>(a[0]) == fileno(t.process.log_file)) {
        return -EBADF;
    }
    return host_syscall(t, SYS_close, a);
}

int64_t sys_close_range(GuestThread& t, const SyscallArgs& a) {
    if (t.process.log_file == stderr) return host_syscall(t, SYS_close_range, a);
    auto ours = static_cast<uint64_t>(fileno(t.process.log_file));
    if (ours < a[0] || ours > a[1]) return host_syscall(t, SYS_close_range, a);
    SyscallArgs below = {a[0], ours - 1, a[2]}, above = {ours + 1, a[1], a[2]};
    int64_t result = a[0] < ours ? host_syscall(t, SYS_close_range, below) : 0;
    return result == 0 && ours < a[1] ? host_syscall(t, SYS_close_range, above) : result;
}

int64_t sys_epoll_pwait(GuestThread& t, const SyscallArgs& a) {
    auto most = static_cast<int32_t>(a[2]);
    constexpr int32_t kMost = 1 << 20;
    if (most <= 0 || most > kMost) return -EINVAL;
    std::vector<epoll_event> events(static_cast<size_t>(most));
    SyscallArgs host = a;
    host[1] = reinterpret_cast<uint64_t>(events.data());
    int64_t result;
    if (a[4] == 0) {
        result = host_syscall(t, SYS_epoll_pwait, host);
    } else {
        uint64_t wanted;
        if (a[5] != kSigsetBytes) return -EINVAL;
        if (!read_guest(a[4], wanted)) return -EFAULT;
        TemporaryMask mask(t, wanted);
        host[4] = mask.host();
        result = host_syscall(t, SYS_epoll_pwait, host);
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

int64_t sys_pselect6(GuestThread& t, const SyscallArgs& a) {
    if (a[5] == 0) return host_syscall(t, SYS_pselect6, a);
    uint64_t pair[2];
    if (!read_guest(a[5], pair)) return -EFAULT;
    if (pair[0] == 0) return host_syscall(t, SYS_pselect6, a);
    uint64_t wanted;
    if (pair[1] != kSigsetBytes) return -EINVAL;
    if (!read_guest(pair[0], wanted)) return -EFAULT;
    TemporaryMask mask(t, wanted);
    pair[0] = mask.host();
    SyscallArgs host = a;
    host[5] = reinterpret_cast<uint64_t>(pair);
    int64_t result = host_syscall(t, SYS_pselect6, host);
    mask.finish(result);
    return result;
}

}  // namespace pydbt::usermode
