// Memory calls: mmap and its relatives, brk.
//
// Owns: these calls. Must not know: how mappings are kept (AddressSpace).
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "usermode/memory/address_space.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/arguments.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {

namespace {

// RLIMIT_AS, of what the guest has mapped.
bool is_over_limit(GuestThread& t, uint64_t more) {
    const KeptSettings::Limit& limit = t.group->kept.address_space;
    if (!limit.set || limit.value.rlim_cur == RLIM_INFINITY) return false;
    uint64_t mapped = t.process.memory.mapped_bytes();
    return more > limit.value.rlim_cur || mapped > limit.value.rlim_cur - more;
}

// RLIMIT_DATA (may_expand_vm() of mm/vma.c, with its exception for Valgrind).
bool is_over_data_limit(GuestThread& t, uint64_t more) {
    const KeptSettings::Limit& limit = t.group->kept.data;
    if (more == 0 || !limit.set || limit.value.rlim_cur == RLIM_INFINITY) return false;
    uint64_t now = t.process.memory.data_bytes(), most = limit.value.rlim_cur;
    if (most == 0) most = limit.value.rlim_max;
    return more > most || now > most - more;
}

// What the guest's personality and PR_SET_MDWE make of PROT_ bits; false: refused.
bool admit_prot(GuestThread& t, int& prot, int before) {
    constexpr uint64_t kReadImpliesExec = 0x0400000;
    const KeptSettings& kept = t.group->kept;
    if ((kept.personality & kReadImpliesExec) != 0 && (prot & PROT_READ) != 0) prot |= PROT_EXEC;
    if (kept.deny_write_exec == 0 || (prot & PROT_EXEC) == 0) return true;
    return (prot & PROT_WRITE) == 0 && (before & PROT_EXEC) != 0;
}

}  // namespace

int64_t sys_brk(GuestThread& t, const SyscallArgs& a) {
    AddressSpace& memory = t.process.memory;
    uint64_t now = memory.brk(0), wanted = untag(a[0]);
    const KeptSettings::Limit& data = t.group->kept.data;
    bool grows = wanted > now;
    if (grows && data.set && wanted - memory.brk_start() > data.value.rlim_cur) {
        return static_cast<int64_t>(now);
    }
    uint64_t more = grows ? page_up(wanted) - page_up(now) : 0;
    if (is_over_limit(t, more) || is_over_data_limit(t, more)) return static_cast<int64_t>(now);
    return static_cast<int64_t>(memory.brk(wanted));
}
int64_t sys_mmap(GuestThread& t, const SyscallArgs& a) {
    if (a[5] % kPageSize != 0) return -EINVAL;
    auto prot = static_cast<int>(a[2]);
    if (!admit_prot(t, prot, PROT_EXEC)) return -EACCES;
    uint64_t size = page_up(a[1]);
    bool data = (a[3] & MAP_TYPE) == MAP_PRIVATE && (a[3] & MAP_GROWSDOWN) == 0;
    if (is_over_limit(t, size)) return -ENOMEM;
    if (data && (prot & PROT_WRITE) != 0 && is_over_data_limit(t, size)) return -ENOMEM;
    if ((a[3] & MAP_SHARED) != 0) t.process.engine->share_memory();
    return t.process.memory.map(a[0], a[1], prot, static_cast<int>(a[3]), static_cast<int>(a[4]),
                                a[5]);
}
int64_t sys_munmap(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.unmap(untag(a[0]), a[1]);
}
int64_t sys_mprotect(GuestThread& t, const SyscallArgs& a) {
    auto prot = static_cast<int>(a[2]);
    uint64_t address = untag(a[0]);
    int before = std::max(t.process.memory.prot_at(address), 0);
    if (!admit_prot(t, prot, before)) return -EACCES;
    if ((prot & PROT_WRITE) != 0 && t.group->kept.data.set) {
        uint64_t more = t.process.memory.data_in(address, page_up(a[1])).could_be;
        if (is_over_data_limit(t, more)) return -ENOMEM;
    }
    return t.process.memory.protect(address, a[1], prot);
}
int64_t sys_mremap(GuestThread& t, const SyscallArgs& a) {
    if (a[2] > a[1] && is_over_limit(t, a[2] - a[1])) return -ENOMEM;
    if (a[2] > a[1] && t.group->kept.data.set) {
        bool data = t.process.memory.data_in(untag(a[0]), 1).is != 0;
        if (data && is_over_data_limit(t, page_up(a[2]) - page_up(a[1]))) return -ENOMEM;
    }
    return t.process.memory.remap(untag(a[0]), a[1], a[2], static_cast<int>(a[3]), a[4]);
}
int64_t sys_madvise(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.advise(untag(a[0]), a[1], static_cast<int>(a[2]));
}
// --- calls about a range that must be the guest's: ours is none of its business

namespace {

int64_t on_own_range(GuestThread& t, int number, const SyscallArgs& a) {
    SyscallArgs host = a;
    host[0] = untag(a[0]);
    uint64_t inside = host[0] % kPageSize;
    uint64_t size = a[1] > kAddressLimit ? kAddressLimit : page_up(a[1] + inside);
    // An empty range, or one that is not aligned, is for the kernel to judge.
    if (size != 0 && !t.process.memory.owns(host[0] - inside, size)) return -ENOMEM;
    return host_syscall(t, number, host);
}

// Linux 6.10 and 5.17, on every architecture.
constexpr int kMseal = 462, kSetHomeNode = 450;

}  // namespace

int64_t sys_msync(GuestThread& t, const SyscallArgs& a) { return on_own_range(t, SYS_msync, a); }
int64_t sys_mincore(GuestThread& t, const SyscallArgs& a) {
    return on_own_range(t, SYS_mincore, a);
}
int64_t sys_mlock(GuestThread& t, const SyscallArgs& a) { return on_own_range(t, SYS_mlock, a); }
int64_t sys_mlock2(GuestThread& t, const SyscallArgs& a) { return on_own_range(t, SYS_mlock2, a); }
int64_t sys_munlock(GuestThread& t, const SyscallArgs& a) {
    return on_own_range(t, SYS_munlock, a);
}
int64_t sys_mbind(GuestThread& t, const SyscallArgs& a) { return on_own_range(t, SYS_mbind, a); }
int64_t sys_set_mempolicy_home_node(GuestThread& t, const SyscallArgs& a) {
    return on_own_range(t, kSetHomeNode, a);
}
int64_t sys_mseal(GuestThread& t, const SyscallArgs& a) { return on_own_range(t, kMseal, a); }

int64_t sys_remap_file_pages(GuestThread& t, const SyscallArgs& a) {
    if (a[1] == 0) return -EINVAL;
    int64_t result = on_own_range(t, SYS_remap_file_pages, a);
    if (result == 0) t.process.memory.changed(page_down(untag(a[0])), page_up(a[1]));
    return result == -ENOMEM ? -EINVAL : result;
}

int64_t sys_mlockall(GuestThread& t, const SyscallArgs& a) {
    uint64_t limit = AddressSpace::kNoLimit;
    rlimit own;
    if (getrlimit(RLIMIT_MEMLOCK, &own) == 0 && !has_capability(CAP_IPC_LOCK)) {
        limit = own.rlim_cur;  // RLIM_INFINITY is no limit
    }
    return t.process.memory.lock_all(static_cast<int>(a[0]), limit);
}
int64_t sys_munlockall(GuestThread& t, const SyscallArgs&) { return t.process.memory.unlock_all(); }

// --- protection keys: the CPU has none (FEAT_S1POE), and the kernel says so

int64_t sys_pkey_alloc(GuestThread&, const SyscallArgs& a) {
    constexpr uint64_t kAccess = 0xf;  // PKEY_ACCESS_MASK of arm64
    return a[0] != 0 || (a[1] & ~kAccess) != 0 ? -EINVAL : -ENOSPC;
}
int64_t sys_pkey_free(GuestThread&, const SyscallArgs&) { return -EINVAL; }
int64_t sys_pkey_mprotect(GuestThread& t, const SyscallArgs& a) {
    return static_cast<int>(a[3]) == -1 ? sys_mprotect(t, a) : -EINVAL;
}
// Guarded control stacks: no such CPU either.
int64_t sys_map_shadow_stack(GuestThread&, const SyscallArgs&) { return -EOPNOTSUPP; }

int64_t sys_membarrier(GuestThread& t, const SyscallArgs& a) {
    // Restartable sequences are not there, so barriers for them are not either.
    constexpr uint64_t kRseq = 0x80, kRegisterRseq = 0x100, kQuery = 0;
    uint64_t command = a[0] & 0xffff'ffff;
    if (command == kRseq || command == kRegisterRseq) return -EINVAL;
    int64_t result = host_syscall(t, SYS_membarrier, a);
    bool query = command == kQuery && result > 0;
    return query ? result & ~static_cast<int64_t>(kRseq | kRegisterRseq) : result;
}

}  // namespace pydbt::usermode
