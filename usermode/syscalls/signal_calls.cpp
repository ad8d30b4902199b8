// Signal calls.
//
// Owns: these calls, and what reading a signalfd finds. Must not know: delivery (usermode/signals).
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <span>
#include <string_view>
#include <vector>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/signals.hpp"
#include "usermode/syscalls/table.gen.hpp"
#include "usermode/syscalls/waits.hpp"

namespace pydbt::usermode {
int64_t sys_rt_sigaction(GuestThread& t, const SyscallArgs& a) {
    auto number = static_cast<int32_t>(a[0]);
    if (a[3] != kSigsetBytes || number < 1 || number > kSignals) return -EINVAL;
    if (a[1] != 0 && (number == SIGKILL || number == SIGSTOP)) return -EINVAL;
    GuestSigaction wanted, old = t.group->actions->get(number);
    if (a[1] != 0 && !read_guest(a[1], wanted)) return -EFAULT;
    if (a[1] != 0) t.group->actions->set(number, wanted);
    if (a[1] != 0 && wanted.handler == kSigIgn && is_fault_signal(number)) discard_sent(t, number);
    if (a[2] != 0 && !write_guest(a[2], old)) return -EFAULT;
    return 0;
}

int64_t sys_rt_sigprocmask(GuestThread& t, const SyscallArgs& a) {
    if (a[3] != kSigsetBytes) return -EINVAL;
    SignalState& s = t.signals;
    uint64_t old = s.blocked, set;
    if (a[1] != 0) {
        if (!read_guest(a[1], set)) return -EFAULT;
        switch (static_cast<int32_t>(a[0])) {
            case SIG_BLOCK: s.blocked |= set; break;
            case SIG_UNBLOCK: s.blocked &= ~set; break;
            case SIG_SETMASK: s.blocked = set; break;
            default: return -EINVAL;
        }
        s.blocked = allowed_mask(s.blocked);
        // With a signal waiting the mask stays full until it has been delivered.
        apply_mask(t);
    }
    if (a[2] != 0 && !write_guest(a[2], old)) return -EFAULT;
    return 0;
}

int64_t sys_rt_sigpending(GuestThread& t, const SyscallArgs& a) {
    return host_syscall(t, SYS_rt_sigpending, a);
}

namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t now_ns() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

// The host wakes a thread that waits, and another thread of ours may take that signal first. The
// guest, which has no such threads, must not see this as EINTR: waits again for what is left of
// the time. What the kernel refuses is left to it.
int64_t wait_for_signal(GuestThread& t, SyscallArgs a) {
    timespec left{};
    bool limited = a[2] != 0;
    if (limited && !read_guest(a[2], left)) return -EFAULT;
    constexpr int64_t kLongest = int64_t{1} << 32;  // seconds; 136 years are for ever
    bool valid = left.tv_sec >= 0 && left.tv_nsec >= 0 && left.tv_nsec < kSecond;
    int64_t end = now_ns() + std::min<int64_t>(left.tv_sec, kLongest) * kSecond + left.tv_nsec;
    for (;;) {
        int64_t result = host_syscall(t, SYS_rt_sigtimedwait, a);
        bool mine = t.signals.pending != 0 || sent_is_ready(t);
        if (result != -EINTR || mine || !valid) return result;
        int64_t rest = std::max<int64_t>(end - now_ns(), 0);
        left = {.tv_sec = rest / kSecond, .tv_nsec = rest % kSecond};
        if (limited) a[2] = reinterpret_cast<uint64_t>(&left);
    }
}

}  // namespace

int64_t sys_rt_sigtimedwait(GuestThread& t, const SyscallArgs& a) {
    if (a[3] != kSigsetBytes) return -EINVAL;
    uint64_t set;
    if (!read_guest(a[0], set)) return -EFAULT;
    t.signals.sent.awaited = set;
    int64_t result = wait_for_signal(t, a);
    t.signals.sent.awaited = 0;
    siginfo_t info;
    // The kernel's siginfo was that of a copy.
    bool copied = result > 0 && t.signals.sent.consumed.look(static_cast<int>(result), info);
    if (copied && a[1] != 0 && !write_guest(a[1], info)) return -EFAULT;
    return result;
}

namespace {

bool is_signalfd(int fd) {
    char link[64], target[32];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, target, sizeof target);
    return length > 0 &&
           std::string_view(target, static_cast<size_t>(length)) == "anon_inode:[signalfd]";
}

// A read may have taken the copy of a signal (sent.hpp), which another thread of ours had to send
// as SI_QUEUE. Everything else in the record is as it was sent.
int64_t true_records(GuestThread& t, int fd, std::span<const iovec> parts, int64_t result) {
    if (result <= 0 || t.signals.sent.consumed.waiting() == 0 || !is_signalfd(fd)) return result;
    auto left = static_cast<uint64_t>(result);
    for (const iovec& part : parts) {
        auto at = reinterpret_cast<uint64_t>(part.iov_base);
        uint64_t end = at + std::min<uint64_t>(part.iov_len, left);
        left -= end - at;
        signalfd_siginfo record;
        for (; at + sizeof record <= end; at += sizeof record) {
            siginfo_t info;
            if (!read_guest(at, record)) break;
            auto number = static_cast<int>(record.ssi_signo);
            if (record.ssi_code != SI_QUEUE || !is_fault_signal(number)) continue;
            if (!t.signals.sent.consumed.look(number, info)) continue;
            record.ssi_code = info.si_code;
            write_guest(at, record);
        }
    }
    return result;
}

}  // namespace

int64_t sys_read(GuestThread& t, const SyscallArgs& a) {
    int64_t result = host_syscall(t, SYS_read, a);
    iovec whole = {reinterpret_cast<void*>(a[1]), a[2]};
    return true_records(t, static_cast<int>(a[0]), {&whole, 1}, result);
}

int64_t sys_readv(GuestThread& t, const SyscallArgs& a) {
    int64_t result = host_syscall(t, SYS_readv, a);
    if (result <= 0 || t.signals.sent.consumed.waiting() == 0) return result;
    std::vector<iovec> parts(a[2]);  // the kernel has found it to be at most IOV_MAX
    if (!copy_from_guest(parts.data(), a[1], parts.size() * sizeof(iovec))) return result;
    return true_records(t, static_cast<int>(a[0]), parts, result);
}

int64_t sys_rt_sigsuspend(GuestThread& t, const SyscallArgs& a) {
    if (a[1] != kSigsetBytes) return -EINVAL;
    uint64_t wanted;
    if (!read_guest(a[0], wanted)) return -EFAULT;
    TemporaryMask mask(t, wanted);
    int64_t result = host_syscall(t, SYS_rt_sigsuspend, {mask.host(), kSigsetBytes});
    mask.finish(result);
    return result;
}

int64_t sys_sigaltstack(GuestThread& t, const SyscallArgs& a) {
    GuestStack old = t.signals.alternate;
    uint64_t sp = t.state().sp;
    if (on_alternate_stack(old, sp)) old.flags |= SS_ONSTACK;
    if (a[0] != 0) {
        GuestStack wanted;
        if (!read_guest(a[0], wanted)) return -EFAULT;
        int64_t failure = set_alternate_stack(t.signals, wanted, sp);
        if (failure != 0) return failure;
    }
    if (a[1] != 0 && !write_guest(a[1], old)) return -EFAULT;
    return 0;
}

// Nothing is ever left to be restarted: what the kernel restarts by this call goes back to its SVC.
int64_t sys_restart_syscall(GuestThread&, const SyscallArgs&) { return -EINTR; }

// The dispatcher serves it: the result is not one for x0.
int64_t sys_rt_sigreturn(GuestThread&, const SyscallArgs&) { return 0; }

}  // namespace pydbt::usermode
