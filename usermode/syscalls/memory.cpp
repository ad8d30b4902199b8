// Memory calls: mmap and its relatives, brk.
//
// Owns: these calls. Must not know: how mappings are kept (AddressSpace).
#include <sys/syscall.h>

#include <cerrno>

#include "usermode/memory/address_space.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {

int64_t sys_brk(GuestThread& t, const SyscallArgs& a) {
    return static_cast<int64_t>(t.process.memory.brk(untag(a[0])));
}
int64_t sys_mmap(GuestThread& t, const SyscallArgs& a) {
    if (a[5] % kPageSize != 0) return -EINVAL;
    return t.process.memory.map(a[0], a[1], static_cast<int>(a[2]), static_cast<int>(a[3]),
                                static_cast<int>(a[4]), a[5]);
}
int64_t sys_munmap(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.unmap(untag(a[0]), a[1]);
}
int64_t sys_mprotect(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.protect(untag(a[0]), a[1], static_cast<int>(a[2]));
}
int64_t sys_mremap(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.remap(untag(a[0]), a[1], a[2], static_cast<int>(a[3]), a[4]);
}
int64_t sys_madvise(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.advise(untag(a[0]), a[1], static_cast<int>(a[2]));
}
// The next two ask about mappings: ours are none of the guest's business.
int64_t sys_msync(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs host = a;
    host[0] = untag(a[0]);
    if (!t.process.memory.owns(host[0], page_up(a[1]))) return a[1] == 0 ? 0 : -ENOMEM;
    return host_syscall(t, SYS_msync, host);
}
int64_t sys_mincore(GuestThread& t, const SyscallArgs& a) {
    SyscallArgs host = a;
    host[0] = untag(a[0]);
    if (!t.process.memory.owns(host[0], page_up(a[1]))) return a[1] == 0 ? 0 : -ENOMEM;
    return host_syscall(t, SYS_mincore, host);
}

}  // namespace pydbt::usermode
