// File calls that differ between the architectures, or that must not show or close what is ours.
//
// Owns: these calls. Must not know: processes and memory beyond their arguments.
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "usermode/loader/proc_files.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/arguments.hpp"
#include "usermode/syscalls/seccomp_notify.hpp"
#include "usermode/syscalls/table.gen.hpp"
#include "usermode/syscalls/uring.hpp"

namespace pydbt::usermode {
namespace {

bool is_ours(const GuestThread& t, int fd) {
    for (int own : t.process.own_descriptors()) {
        if (own == fd) return true;
    }
    return false;
}

// A debugger writes breakpoints by a file of its tracee's memory.
void note_memory_file(GuestThread& t, const std::string& path, int64_t fd, uint64_t flags) {
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (!t.process.tracer || fd < 0 || !writes || !path.ends_with("/mem")) return;
    char target[64] = {};
    std::string link = "/proc/self/fd/" + std::to_string(fd);
    ssize_t n = readlink(link.c_str(), target, sizeof target - 1);
    int pid = 0;
    if (n <= 0 || std::sscanf(target, "/proc/%d/", &pid) != 1) return;
    t.process.tracer->opened_memory(static_cast<int>(fd), pid);
}

}  // namespace

int64_t sys_openat(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs host = a;
    host[1] = untag(a[1]);
    host[2] = open_flags_to_host(a[2]);
    std::string path, program;
    if (read_guest_string(a[1], PATH_MAX, path) && is_guest_exe(t.process, path, program)) {
        host[1] = reinterpret_cast<uint64_t>(program.c_str());
    }
    int64_t fd = host_syscall(t, SYS_openat, host);
    note_memory_file(t, path, fd, host[2]);
    return replace_proc_file(t, fd, host[2]);
}

int64_t sys_readlinkat(GuestThread& t, const SyscallArgs& a) {
    std::string path, program;
    if (!read_guest_string(a[1], PATH_MAX, path) || !is_guest_exe(t.process, path, program)) {
        return host_syscall(t, SYS_readlinkat, a);
    }
    auto size = static_cast<int32_t>(a[3]);
    if (size <= 0) return -EINVAL;
    program = shown_path(t.process, program);
    size_t n = std::min(program.size(), static_cast<size_t>(size));
    if (!copy_to_guest(a[2], program.data(), n)) return -EFAULT;
    return static_cast<int64_t>(n);
}

int64_t sys_fcntl(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs host = a;
    auto command = static_cast<uint32_t>(a[1]);
    if (command == F_SETFL) host[2] = open_flags_to_host(a[2]);
    int64_t result = host_syscall(t, SYS_fcntl, host);
    if (command == F_GETFL && result >= 0) {
        return static_cast<int64_t>(open_flags_to_guest(static_cast<uint64_t>(result)));
    }
    return result;
}

int64_t sys_close(GuestThread& t, const SyscallArgs& a) {
    if (is_ours(t, static_cast<int>(a[0]))) return -EBADF;
    // A child that only borrows the memory closes descriptors of its own.
    if (!t.group->borrowed) forget_ring(static_cast<int>(a[0]));
    return host_syscall(t, SYS_close, a);
}

int64_t sys_dup3(GuestThread& t, const SyscallArgs& a) {
    auto target = static_cast<int>(a[1]);
    if (is_ours(t, target)) return -EBADF;  // as if it were above the limit
    int64_t result = host_syscall(t, SYS_dup3, a);
    if (result >= 0 && !t.group->borrowed) forget_ring(target);
    return result;
}

int64_t sys_close_range(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs part = {a[0] & 0xffff'ffff, a[1] & 0xffff'ffff, a[2]};
    for (int fd : t.process.own_descriptors()) {
        auto ours = static_cast<uint64_t>(fd);
        if (ours < part[0] || ours > part[1]) continue;
        SyscallArgs below = {part[0], ours - 1, a[2]};
        int64_t result = part[0] < ours ? host_syscall(t, SYS_close_range, below) : 0;
        if (result != 0 || ours == part[1]) return result;
        part[0] = ours + 1;
    }
    return host_syscall(t, SYS_close_range, part);
}

// A program that leaves /proc behind can run others all the same.
int64_t sys_chroot(GuestThread& t, const SyscallArgs& a) {
    t.process.keep_launcher();
    return host_syscall(t, SYS_chroot, a);
}
int64_t sys_pivot_root(GuestThread& t, const SyscallArgs& a) {
    t.process.keep_launcher();
    return host_syscall(t, SYS_pivot_root, a);
}

int64_t sys_openat2(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kFirstBytes = 24;
    struct {
        uint64_t flags, mode, resolve;
    } how;
    if (a[3] < kFirstBytes) return -EINVAL;
    if (int64_t failure = read_versioned(a[2], a[3], kFirstBytes, &how, sizeof how); failure != 0) {
        return failure;
    }
    if ((how.flags & ~kKnown_open_flags) != 0) return -EINVAL;
    how.flags = open_flags_to_host(how.flags);
    SyscallArgs host = a;
    host[2] = reinterpret_cast<uint64_t>(&how);
    host[3] = sizeof how;
    constexpr int kOpenat2 = 437;
    return replace_proc_file(t, host_syscall(t, kOpenat2, host), how.flags);
}

// Numbers and structures are the same on both architectures (asm-generic/ioctl.h and ioctls.h), but
// for devices whose requests are about the processor, and graphics.
int64_t sys_ioctl(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kKvm = 0xae, kDrm = 'd', kSgx = 0xa4, kMtrr = 'M', kRead = 2, kWrite = 1;
    uint64_t request = a[1] & 0xffff'ffff, type = request >> 8 & 0xff, way = request >> 30;
    bool device = type == kKvm || type == kSgx || (type == kDrm && (way & (kRead | kWrite)) != 0);
    // 'M' is a sound card's mixer, too; MTRR's structures are 16 and 24 bytes.
    uint64_t size = request >> 16 & 0x3fff;
    bool mtrr = type == kMtrr && (request & 0xff) <= 9 && (size == 16 || size == 24);
    if (device || mtrr) return fcntl(static_cast<int>(a[0]), F_GETFD) < 0 ? -EBADF : -ENOTTY;
    if (is_listener_request(request)) return listener_request(t, a);
    return host_syscall(t, SYS_ioctl, a);
}

}  // namespace pydbt::usermode
