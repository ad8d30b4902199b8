// System V IPC where it differs: semaphores' structure, shared memory as a guest's mapping.
//
// Owns: these calls. Must not know: how mappings are kept.
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include <cerrno>

#include "usermode/memory/address_space.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

// struct semid64_ds of include/uapi/asm-generic/sembuf.h; x86's has a word behind each time.
struct GuestSemid {
    uint64_t perm[6];
    int64_t otime, ctime;
    uint64_t nsems, unused[2];
};
struct HostSemid {
    uint64_t perm[6];
    int64_t otime;
    uint64_t unused1;
    int64_t ctime;
    uint64_t unused2, nsems, unused[2];
};
static_assert(sizeof(GuestSemid) == 88 && sizeof(HostSemid) == 104);
static_assert(sizeof(ipc_perm) == sizeof GuestSemid::perm);

}  // namespace

int64_t sys_semctl(GuestThread& t, const SyscallArgs& a) {
    constexpr int kSemStatAny = 20;
    auto command = static_cast<int>(a[2]);
    SyscallArgs host = a;
    HostSemid theirs{};
    GuestSemid guests{};
    bool out = command == IPC_STAT || command == SEM_STAT || command == kSemStatAny;
    if (!out && command != IPC_SET) return host_syscall(t, SYS_semctl, a);
    host[3] = reinterpret_cast<uint64_t>(&theirs);
    if (!out) {
        if (!read_guest(a[3], guests)) return -EFAULT;
        std::copy(std::begin(guests.perm), std::end(guests.perm), theirs.perm);
        return host_syscall(t, SYS_semctl, host);
    }
    int64_t result = host_syscall(t, SYS_semctl, host);
    if (result < 0) return result;
    std::copy(std::begin(theirs.perm), std::end(theirs.perm), guests.perm);
    guests.otime = theirs.otime;
    guests.ctime = theirs.ctime;
    guests.nsems = theirs.nsems;
    return write_guest(a[3], guests) ? result : -EFAULT;
}

int64_t sys_shmat(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.attach(static_cast<int>(a[0]), untag(a[1]), static_cast<int>(a[2]));
}

int64_t sys_shmdt(GuestThread& t, const SyscallArgs& a) {
    return t.process.memory.detach(untag(a[0]));
}

}  // namespace pydbt::usermode
