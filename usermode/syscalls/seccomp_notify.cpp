#include "usermode/syscalls/seccomp_notify.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

// Numbers that no call of the host has, above those of the guest and below x32's.
constexpr uint32_t kFirst = 0x10000, kEnd = 0x20000;

bool is_ours(const seccomp_data& data) {
    auto number = static_cast<uint32_t>(data.nr);
    return data.arch == AUDIT_ARCH_X86_64 && number >= kFirst && number < kEnd;
}

// What the guest's listener is shown is the guest's call. Where that was made is not told to the
// host's kernel.
void show_guests(seccomp_notif& note) {
    if (!is_ours(note.data)) return;
    note.data.nr -= static_cast<int>(kFirst);
    note.data.arch = AUDIT_ARCH_AARCH64;
    note.data.instruction_pointer = 0;
}

int64_t receive(GuestThread& thread, SyscallArgs args) {
    seccomp_notif note;
    int64_t result = host_syscall(thread, SYS_ioctl, args);
    if (result != 0) return result;
    if (!read_guest(args[2], note)) return -EFAULT;
    show_guests(note);
    return write_guest(args[2], note) ? 0 : -EFAULT;
}

// "Go on" would have the kernel make the call under its false number.
int64_t answer(GuestThread& thread, SyscallArgs args) {
    seccomp_notif_resp response;
    if (!read_guest(args[2], response)) return -EFAULT;
    if (response.flags == SECCOMP_USER_NOTIF_FLAG_CONTINUE && response.error == 0 &&
        response.val == 0) {
        response.flags = 0;
        response.error = static_cast<int32_t>(kGoesOn);
        args[2] = reinterpret_cast<uint64_t>(&response);
    }
    return host_syscall(thread, SYS_ioctl, args);
}

}  // namespace

int64_t make_listener(uint64_t flags) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kFirst, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kEnd, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{std::size(code), code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return result < 0 ? -errno : result;
}

int64_t notify_listener(GuestThread& thread, uint64_t number) {
    if (number >= kEnd - kFirst) return -ENOSYS;
    const uint64_t* x = thread.state().x;
    return host_syscall(thread, static_cast<int>(kFirst + number),
                        {x[0], x[1], x[2], x[3], x[4], x[5]});
}

bool is_listener_request(uint64_t request) { return (request >> 8 & 0xff) == SECCOMP_IOC_MAGIC; }

int64_t listener_request(GuestThread& thread, const SyscallArgs& args) {
    switch (static_cast<uint32_t>(args[1])) {
        case SECCOMP_IOCTL_NOTIF_RECV: return receive(thread, args);
        case SECCOMP_IOCTL_NOTIF_SEND: return answer(thread, args);
        default: return host_syscall(thread, SYS_ioctl, args);
    }
}

}  // namespace pydbt::usermode
