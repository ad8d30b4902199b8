// Processes and threads: how they end, what they are called, what they may.
//
// Owns: these calls. Must not know: how threads and programs start (clone.cpp, exec.cpp).
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/arguments.hpp"
#include "usermode/syscalls/end.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {

int64_t sys_exit(GuestThread& t, const SyscallArgs& a) {
    t.exiting = true;
    if (t.group->threads > 1) trace_thread_end(t, (static_cast<int>(a[0]) & 0xff) << 8);
    if (t.process.tracer) t.process.tracer->release(t.tid);
    if (&t == t.group->leader) t.group->leader_status = static_cast<int>(a[0]) & 0xff;
    bool main = &t == t.process.main_thread.get();
    if (main) {
        end_thread(t);
        if (t.group->threads.fetch_sub(1) == 1) t.process.exit(t.group->leader_status);
    }
    return 0;
}

int64_t sys_exit_group(GuestThread& t, const SyscallArgs& a) {
    t.process.exit(static_cast<int>(a[0]) & 0xff);
}

int64_t sys_set_tid_address(GuestThread& t, const SyscallArgs& a) {
    t.clear_child_tid = a[0];
    return t.tid;
}

int64_t sys_set_robust_list(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kHeadBytes = 24;
    if (a[1] != kHeadBytes) return -EINVAL;
    // The kernel looks at it when it ends the thread, we do when the thread ends itself.
    t.robust_list = a[0];
    return host_syscall(t, SYS_set_robust_list, {untag(a[0]), kHeadBytes});
}

int64_t sys_uname(GuestThread&, const SyscallArgs& a) {
    utsname name;
    if (uname(&name) != 0) return -errno;
    std::strcpy(name.machine, "aarch64");
    return copy_to_guest(a[0], &name, sizeof name) ? 0 : -EFAULT;
}

int64_t sys_perf_event_open(GuestThread& t, const SyscallArgs& a) {
    // struct perf_event_attr: type and size, config, period, sample_type. Registers in samples
    // would be the host's.
    struct {
        uint32_t type, size;
        uint64_t config, period, sample_type;
    } start;
    constexpr uint64_t kUserRegisters = 1 << 12, kUserStack = 1 << 13, kRegisters = 1 << 18;
    if (!read_guest(a[0], start)) return -EFAULT;
    if ((start.sample_type & (kUserRegisters | kUserStack | kRegisters)) != 0) return -EOPNOTSUPP;
    return host_syscall(t, SYS_perf_event_open, a);
}

// --- personality

int64_t sys_personality(GuestThread& t, const SyscallArgs& a) {
    // What would change the translator's own mappings; the guest's are ours to make.
    constexpr uint64_t kReadImpliesExec = 0x0400000, kAddressLimit32 = 0x0800000;
    constexpr uint64_t kHidden = kReadImpliesExec | kAddressLimit32;
    constexpr uint64_t kQuery = 0xffffffff, kKind = 0xff, kLinux32 = 8;
    uint64_t wanted = a[0] & 0xffffffff;
    KeptSettings& kept = t.group->kept;
    if (wanted != kQuery && (wanted & kKind) == kLinux32) return -EINVAL;  // no AArch32 at EL0
    uint64_t host = wanted == kQuery ? kQuery : wanted & ~kHidden;
    int64_t result = host_syscall(t, SYS_personality, {host});
    if (result < 0) return result;
    result |= static_cast<int64_t>(kept.personality);
    if (wanted != kQuery) kept.personality = wanted & kHidden;
    return result;
}

// --- limits

namespace {

// Limits on memory are the guest's own: the host's would count the translator, too. One on the
// stack is the host's if the launcher's stack can live with it.
constexpr uint64_t kLeastStack = 256 * 1024;

KeptSettings::Limit* memory_limit(GuestThread& t, uint64_t resource) {
    KeptSettings& kept = t.group->kept;
    switch (resource & 0xffff'ffff) {
        case RLIMIT_AS: return &kept.address_space;
        case RLIMIT_DATA: return &kept.data;
        case RLIMIT_STACK: return &kept.stack;
        default: return nullptr;
    }
}

int64_t set_memory_limit(KeptSettings::Limit& kept, int resource, const rlimit& wanted) {
    rlimit now = kept.value;
    if (!kept.set) getrlimit(static_cast<__rlimit_resource>(resource), &now);
    if (wanted.rlim_cur > wanted.rlim_max) return -EINVAL;
    if (wanted.rlim_max > now.rlim_max && !has_capability(CAP_SYS_RESOURCE)) return -EPERM;
    kept.value = wanted;
    kept.set = true;
    if (resource != RLIMIT_STACK) return 0;
    kept.set = wanted.rlim_cur < kLeastStack;
    rlimit host{std::max(wanted.rlim_cur, kLeastStack), std::max(wanted.rlim_max, kLeastStack)};
    return setrlimit(RLIMIT_STACK, &host) == 0 ? 0 : -errno;
}

}  // namespace

int64_t sys_prlimit64(GuestThread& t, const SyscallArgs& a) {
    KeptSettings::Limit* kept = memory_limit(t, a[1]);
    auto process = static_cast<pid_t>(a[0]);
    bool own = process == 0 || process == getpid() || process == t.tid;
    if (kept == nullptr || !own) return host_syscall(t, SYS_prlimit64, a);
    auto resource = static_cast<int>(a[1]);
    rlimit wanted, old = kept->value;
    if (a[2] != 0 && !read_guest(a[2], wanted)) return -EFAULT;
    if (!kept->set) getrlimit(static_cast<__rlimit_resource>(resource), &old);
    if (a[2] != 0) {
        int64_t failure = set_memory_limit(*kept, resource, wanted);
        if (failure != 0) return failure;
    }
    return a[3] == 0 || write_guest(a[3], old) ? 0 : -EFAULT;
}

int64_t sys_setrlimit(GuestThread& t, const SyscallArgs& a) {
    if (memory_limit(t, a[0]) == nullptr && a[0] != RLIMIT_CORE) {
        return host_syscall(t, SYS_setrlimit, a);
    }
    return a[1] == 0 ? -EFAULT : sys_prlimit64(t, {0, a[0], a[1], 0});
}

int64_t sys_getrlimit(GuestThread& t, const SyscallArgs& a) {
    if (memory_limit(t, a[0]) == nullptr) return host_syscall(t, SYS_getrlimit, a);
    return a[1] == 0 ? -EFAULT : sys_prlimit64(t, {0, a[0], 0, a[1]});
}

}  // namespace pydbt::usermode
