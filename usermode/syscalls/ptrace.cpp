// ptrace, and waiting for children and tracees.
//
// Owns: these calls. Must not know: how tracees stop and tell.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/ptrace/registers.hpp"
#include "usermode/ptrace/tracee.hpp"
#include "usermode/ptrace/tracer.hpp"
#include "usermode/signals/signals.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

// arm64's of arch/arm64/include/uapi/asm/ptrace.h.
constexpr uint64_t kSysemu = 31, kSysemuSingleStep = 32;

// --- memory -------------------------------------------------------------------------------------

// The kernel's way past protections. The address is the guest's: hosts' programs have the same.
bool tracee_memory(int pid, uint64_t address, void* data, size_t bytes, bool write) {
    address = untag(address);
    if (address > kAddressLimit - bytes) return false;
    std::string path = "/proc/" + std::to_string(pid) + "/mem";
    int fd = open(path.c_str(), (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) return false;
    auto at = static_cast<off_t>(address);
    ssize_t n = write ? pwrite(fd, data, bytes, at) : pread(fd, data, bytes, at);
    close(fd);
    return n == static_cast<ssize_t>(bytes);
}

int64_t peek(const Tracer::Entry& e, uint64_t address, uint64_t data) {
    uint64_t word;
    if (!tracee_memory(e.tid, address, &word, sizeof word, false)) return -EIO;
    return write_guest(data, word) ? 0 : -EFAULT;
}

int64_t poke_word(Tracer& tracer, const Tracer::Entry& e, uint64_t address, uint64_t word) {
    if (!tracee_memory(e.tid, address, &word, sizeof word, true)) return -EIO;
    tracer.changed(e.pid, untag(address), untag(address) + sizeof word);
    return 0;
}

// --- what stopped tracees are asked -------------------------------------------------------------

int64_t access_registers(TraceSlot& slot, uint64_t type, uint64_t data, bool write) {
    struct {
        uint64_t base, bytes;
    } vector;
    if (!read_guest(data, vector)) return -EFAULT;
    uint64_t unit;
    std::span<uint8_t> set = register_set(slot.registers, type, unit);
    if (set.empty() || vector.bytes % unit != 0) return -EINVAL;
    vector.bytes = std::min<uint64_t>(vector.bytes, set.size());
    if (write) {
        uint8_t bytes[sizeof(TraceRegisters)];
        if (!copy_from_guest(bytes, vector.base, vector.bytes)) return -EFAULT;
        int64_t failure = write_register_set(slot.registers, type, {bytes, vector.bytes});
        if (failure != 0) return failure;
        slot.set_registers = 1;
    } else if (!copy_to_guest(vector.base, set.data(), vector.bytes)) {
        return -EFAULT;
    }
    return write_guest(data + offsetof(decltype(vector), bytes), vector.bytes) ? 0 : -EFAULT;
}

// ptrace_get_syscall_info() of kernel/ptrace.c.
int64_t call_info(const TraceSlot& slot, uint64_t room, uint64_t data) {
    const TraceRegisters& r = slot.registers;
    ptrace_syscall_info info{};
    info.arch = AUDIT_ARCH_AARCH64;
    info.instruction_pointer = r.pc;
    info.stack_pointer = r.sp;
    size_t bytes = offsetof(ptrace_syscall_info, entry);
    bool good = slot.code == (SIGTRAP | 0x80);
    if (slot.stop == TraceStop::call_entry && good) {
        info.op = PTRACE_SYSCALL_INFO_ENTRY;
        info.entry.nr = static_cast<uint64_t>(int64_t{r.call});
        std::copy_n(r.x, std::size(info.entry.args), info.entry.args);
        bytes = offsetof(ptrace_syscall_info, entry.args) + sizeof info.entry.args;
    } else if (slot.stop == TraceStop::call_exit && good) {
        info.op = PTRACE_SYSCALL_INFO_EXIT;
        info.exit.rval = static_cast<int64_t>(r.x[0]);
        constexpr int64_t kMostErrno = 4095;
        info.exit.is_error = info.exit.rval < 0 && info.exit.rval >= -kMostErrno ? 1 : 0;
        bytes = offsetof(ptrace_syscall_info, exit.is_error) + sizeof info.exit.is_error;
    } else if (slot.stop == TraceStop::seccomp) {
        info.op = PTRACE_SYSCALL_INFO_SECCOMP;
        info.seccomp.nr = static_cast<uint64_t>(int64_t{r.call});
        std::copy_n(r.x, std::size(info.seccomp.args), info.seccomp.args);
        info.seccomp.ret_data = static_cast<uint32_t>(slot.message);
        bytes = offsetof(ptrace_syscall_info, seccomp.ret_data) + sizeof info.seccomp.ret_data;
    }
    if (!copy_to_guest(data, &info, std::min<uint64_t>(bytes, room))) return -EFAULT;
    return static_cast<int64_t>(bytes);
}

int64_t set_options(TraceSlot& slot, uint64_t options) {
    if ((options & kOptionSuspendSeccomp) != 0) return -EPERM;  // CONFIG_CHECKPOINT_RESTORE's
    if ((options & ~uint64_t{kTraceOptions}) != 0) return -EINVAL;
    slot.options = static_cast<uint32_t>(options);
    return 0;
}

int64_t go_on(Tracer& tracer, Tracer::Entry& e, TraceResume how, uint64_t signal) {
    if (signal > kSignals) return -EIO;
    if (signal == SIGKILL) ::kill(e.tid, SIGKILL);
    tracer.resume(e, how, static_cast<int>(signal));
    return 0;
}

int64_t serve_stopped(Tracer& tracer, Tracer::Entry& e, const SyscallArgs& a) {
    TraceSlot& slot = *e.slot;
    uint64_t request = a[0], address = a[2], data = a[3];
    switch (request) {
        case PTRACE_PEEKTEXT:
        case PTRACE_PEEKDATA: return peek(e, address, data);
        case PTRACE_POKETEXT:
        case PTRACE_POKEDATA: return poke_word(tracer, e, address, data);
        case PTRACE_CONT: return go_on(tracer, e, TraceResume::go, data);
        case PTRACE_SYSCALL: return go_on(tracer, e, TraceResume::call, data);
        case PTRACE_SINGLESTEP: return go_on(tracer, e, TraceResume::step, data);
        case kSysemu: return go_on(tracer, e, TraceResume::emulate, data);
        case kSysemuSingleStep: return go_on(tracer, e, TraceResume::emulate_step, data);
        case PTRACE_DETACH: return go_on(tracer, e, TraceResume::detach, data);
        case PTRACE_SETOPTIONS: return set_options(slot, data);
        case PTRACE_GETEVENTMSG: return write_guest(data, slot.message) ? 0 : -EFAULT;
        case PTRACE_GETSIGINFO:
            if (slot.has_info == 0) return -EINVAL;
            return write_guest(data, slot.info) ? 0 : -EFAULT;
        case PTRACE_SETSIGINFO:
            if (slot.has_info == 0) return -EINVAL;
            return read_guest(data, slot.info) ? 0 : -EFAULT;
        case PTRACE_GETREGSET: return access_registers(slot, address, data, false);
        case PTRACE_SETREGSET: return access_registers(slot, address, data, true);
        case PTRACE_GETSIGMASK:
            if (address != sizeof slot.blocked) return -EINVAL;
            return write_guest(data, slot.blocked) ? 0 : -EFAULT;
        case PTRACE_SETSIGMASK:
            if (address != sizeof slot.blocked) return -EINVAL;
            if (!read_guest(data, slot.blocked)) return -EFAULT;
            slot.set_blocked = 1;
            return 0;
        case PTRACE_GET_SYSCALL_INFO: return call_info(slot, address, data);
        case PTRACE_LISTEN: {
            bool listens = slot.seized != 0 && (slot.code >> 8) == kEventStop;
            if (!listens) return -EIO;
            e.noticed = e.reported = false;
            slot.state = TraceState::listening;
            wake_word(&slot.state);
            return 0;
        }
        default: return -EIO;
    }
}

int64_t serve_request(GuestThread& t, const SyscallArgs& a) {
    auto tid = static_cast<int>(a[1]);
    Tracer* tracer = t.process.tracer.get();
    if (tracer == nullptr) return -ESRCH;
    Tracer::Lock lock = tracer->lock();
    Tracer::Entry* entry = tracer->find(t, tid);
    if (entry == nullptr) return -ESRCH;
    if (a[0] == PTRACE_KILL) {
        ::kill(entry->tid, SIGKILL);
        return 0;
    }
    if (a[0] == PTRACE_INTERRUPT) {
        bool seized = entry->seize || (entry->slot != nullptr && entry->slot->seized != 0);
        if (!seized) return -EIO;
        tracer->ask(*entry, kAskTrap);
        return 0;
    }
    if (entry->slot == nullptr || entry->slot->state != TraceState::stopped) return -ESRCH;
    return serve_stopped(*tracer, *entry, a);
}

}  // namespace

int64_t sys_ptrace(GuestThread& t, const SyscallArgs& a) {
    auto tid = static_cast<int>(a[1]);
    switch (a[0]) {
        case PTRACE_TRACEME: return trace_me(t);
        case PTRACE_ATTACH:
        case PTRACE_SEIZE: {
            bool seize = a[0] == PTRACE_SEIZE;
            if (seize && a[2] != 0) return -EIO;
            if (seize && (a[3] & ~uint64_t{kTraceOptions}) != 0) return -EIO;
            Tracer* tracer = Tracer::of(t.process);
            if (tracer == nullptr) return -ENOMEM;
            return tracer->attach(t, tid, seize, seize ? static_cast<uint32_t>(a[3]) : 0);
        }
        default: return serve_request(t, a);
    }
}

// --- waits --------------------------------------------------------------------------------------

namespace {

int status_of(const siginfo_t& info) {
    constexpr int kContinued = 0xffff, kCore = 0x80;
    switch (info.si_code) {
        case CLD_EXITED: return (info.si_status & 0xff) << 8;
        case CLD_KILLED: return info.si_status;
        case CLD_DUMPED: return info.si_status | kCore;
        case CLD_CONTINUED: return kContinued;
        default: return info.si_status << 8 | 0x7f;
    }
}

WaitRequest request_of_wait4(int32_t pid, int options) {
    options |= WEXITED;
    if (pid == -1) return {P_ALL, 0, options};
    if (pid < 0) return {P_PGID, -pid, options};
    if (pid == 0) return {P_PGID, getpgrp(), options};
    return {P_PID, pid, options};
}

}  // namespace

int64_t sys_wait4(GuestThread& t, const SyscallArgs& a) {
    Tracer* tracer = t.process.tracer.get();
    auto pid = static_cast<int32_t>(a[0]);
    auto options = static_cast<int32_t>(a[2]);
    constexpr int kKnown = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if (tracer == nullptr || (options & ~kKnown) != 0 || pid == INT_MIN) {
        return host_syscall(t, SYS_wait4, a);
    }
    WaitResult result;
    int64_t found = tracer->wait(t, request_of_wait4(pid, options), result);
    if (found <= 0) return found;
    int32_t status = status_of(result.info);
    if (a[1] != 0 && !write_guest(a[1], status)) return -EFAULT;
    if (a[3] != 0 && !write_guest(a[3], result.usage)) return -EFAULT;
    return found;
}

int64_t sys_waitid(GuestThread& t, const SyscallArgs& a) {
    Tracer* tracer = t.process.tracer.get();
    auto options = static_cast<int32_t>(a[3]);
    constexpr int kKnown =
        WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    bool known = (options & ~kKnown) == 0 && (options & (WEXITED | WSTOPPED | WCONTINUED)) != 0;
    if (tracer == nullptr || !known || a[0] > P_PGID) return host_syscall(t, SYS_waitid, a);
    WaitResult result;
    WaitRequest request{static_cast<int>(a[0]), static_cast<int>(a[1]), options};
    int64_t found = tracer->wait(t, request, result);
    if (found < 0) return found;
    if (a[2] != 0 && !write_guest(a[2], result.info)) return -EFAULT;
    if (a[4] != 0 && found > 0 && !write_guest(a[4], result.usage)) return -EFAULT;
    return 0;
}

// --- SIGSTOP, which only the kernel can catch ---------------------------------------------------

namespace {

// For a tracee of ours, or a thread of this process that is traced, it is delivered by us, so that
// a tracer is told. True: done.
bool stop_known(GuestThread& t, int pid, int tid, int code) {
    siginfo_t info{};
    info.si_signo = SIGSTOP;
    info.si_code = code;
    info.si_pid = getpid();
    info.si_uid = getuid();
    bool own = pid == getpid() && (tid == 0 || tid == t.tid);
    if (own && stop_traced(t, info)) return true;
    Tracer* tracer = t.process.tracer.get();
    if (tracer == nullptr) return false;
    Tracer::Lock lock = tracer->lock();
    Tracer::Entry* entry = tracer->find(t, tid != 0 ? tid : pid);
    if (entry == nullptr || entry->slot == nullptr) return false;
    entry->slot->stop_info = info;
    tracer->ask(*entry, kAskSigstop);
    return true;
}

}  // namespace

int64_t sys_kill(GuestThread& t, const SyscallArgs& a) {
    auto pid = static_cast<int32_t>(a[0]);
    bool stop = static_cast<int32_t>(a[1]) == SIGSTOP && pid > 0;
    return stop && stop_known(t, pid, 0, SI_USER) ? 0 : host_syscall(t, SYS_kill, a);
}

int64_t sys_tkill(GuestThread& t, const SyscallArgs& a) {
    auto tid = static_cast<int32_t>(a[0]);
    bool stop = static_cast<int32_t>(a[1]) == SIGSTOP && tid > 0;
    int pid = tid == t.tid ? getpid() : 0;
    return stop && stop_known(t, pid, tid, SI_TKILL) ? 0 : host_syscall(t, SYS_tkill, a);
}

int64_t sys_tgkill(GuestThread& t, const SyscallArgs& a) {
    auto pid = static_cast<int32_t>(a[0]), tid = static_cast<int32_t>(a[1]);
    bool stop = static_cast<int32_t>(a[2]) == SIGSTOP && pid > 0 && tid > 0;
    return stop && stop_known(t, pid, tid, SI_TKILL) ? 0 : host_syscall(t, SYS_tgkill, a);
}

// --- memory of tracees, by files ----------------------------------------------------------------

int64_t sys_pwrite64(GuestThread& t, const SyscallArgs& a) {
    int64_t result = host_syscall(t, SYS_pwrite64, a);
    Tracer* tracer = t.process.tracer.get();
    if (tracer != nullptr && tracer->has_files && result > 0) {
        tracer->wrote_memory(static_cast<int>(a[0]), a[3], static_cast<uint64_t>(result));
    }
    return result;
}

int64_t sys_write(GuestThread& t, const SyscallArgs& a) {
    int64_t result = host_syscall(t, SYS_write, a);
    Tracer* tracer = t.process.tracer.get();
    if (tracer != nullptr && tracer->has_files && result > 0) {
        auto fd = static_cast<int>(a[0]);
        auto end = static_cast<uint64_t>(lseek(fd, 0, SEEK_CUR));
        auto bytes = static_cast<uint64_t>(result);
        tracer->wrote_memory(fd, end - bytes, bytes);
    }
    return result;
}

int64_t sys_process_vm_writev(GuestThread& t, const SyscallArgs& a) {
    int64_t result = host_syscall(t, SYS_process_vm_writev, a);
    Tracer* tracer = t.process.tracer.get();
    if (tracer == nullptr || result <= 0) return result;
    Tracer::Lock lock = tracer->lock();
    for (uint64_t n = 0; n < a[4]; n++) {
        iovec part;
        if (!read_guest(a[3] + n * sizeof part, part)) break;
        auto begin = reinterpret_cast<uint64_t>(part.iov_base);
        tracer->changed(static_cast<int>(a[0]), begin, begin + part.iov_len);
    }
    return result;
}

}  // namespace pydbt::usermode
