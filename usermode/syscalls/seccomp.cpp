#include "usermode/syscalls/seccomp.hpp"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/arguments.hpp"
#include "usermode/syscalls/seccomp_notify.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

// --- programs -----------------------------------------------------------------------------------

bool is_jump(const sock_filter& i) { return BPF_CLASS(i.code) == BPF_JMP; }

// The instructions that seccomp_check_filter() of kernel/seccomp.c lets pass.
bool is_known(const sock_filter& i) {
    switch (i.code) {
        case BPF_LD | BPF_W | BPF_ABS: return i.k < sizeof(seccomp_data) && i.k % 4 == 0;
        case BPF_LD | BPF_W | BPF_LEN:
        case BPF_LDX | BPF_W | BPF_LEN:
        case BPF_LD | BPF_IMM:
        case BPF_LDX | BPF_IMM:
        case BPF_MISC | BPF_TAX:
        case BPF_MISC | BPF_TXA:
        case BPF_RET | BPF_K:
        case BPF_RET | BPF_A:
        case BPF_ALU | BPF_NEG: return true;
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
        case BPF_ST:
        case BPF_STX: return i.k < BPF_MEMWORDS;
        default: break;
    }
    if (is_jump(i)) {
        uint32_t op = BPF_OP(i.code);
        if (op == BPF_JA) return BPF_SRC(i.code) == BPF_K;
        return op == BPF_JEQ || op == BPF_JGT || op == BPF_JGE || op == BPF_JSET;
    }
    if (BPF_CLASS(i.code) != BPF_ALU || (i.code & 0xff00) != 0) return false;
    switch (BPF_OP(i.code)) {
        case BPF_ADD:
        case BPF_SUB:
        case BPF_MUL:
        case BPF_AND:
        case BPF_OR:
        case BPF_XOR: return true;
        case BPF_DIV: return BPF_SRC(i.code) == BPF_X || i.k != 0;
        case BPF_LSH:
        case BPF_RSH: return BPF_SRC(i.code) == BPF_X || i.k < 32;
        default: return false;
    }
}

bool jumps_inside(const std::vector<sock_filter>& program, size_t at) {
    const sock_filter& i = program[at];
    size_t left = program.size() - at - 1;
    if (!is_jump(i)) return true;
    if (BPF_OP(i.code) == BPF_JA) return i.k < left;
    return i.jt < left && i.jf < left;
}

// check_load_and_stores() of net/core/filter.c: no scratch word is read before it is written on
// every way to the reader. Jumps only go forward, so one pass is enough.
bool memory_is_set(const std::vector<sock_filter>& program) {
    std::vector<uint16_t> set(program.size(), 0xffff);
    uint16_t now = 0;
    for (size_t n = 0; n < program.size(); n++) {
        const sock_filter& i = program[n];
        now &= set[n];
        auto to = [&](size_t distance) { set[n + 1 + distance] &= now; };
        switch (BPF_CLASS(i.code)) {
            case BPF_ST:
            case BPF_STX: now = static_cast<uint16_t>(now | 1u << i.k); break;
            case BPF_LD:
            case BPF_LDX:
                if (BPF_MODE(i.code) == BPF_MEM && (now >> i.k & 1) == 0) return false;
                break;
            case BPF_JMP:
                if (BPF_OP(i.code) == BPF_JA) {
                    to(i.k);
                } else {
                    to(i.jt);
                    to(i.jf);
                }
                now = 0xffff;
                break;
            default: break;
        }
    }
    return true;
}

uint32_t alu(uint32_t op, uint32_t a, uint32_t b) {
    switch (op) {
        case BPF_ADD: return a + b;
        case BPF_SUB: return a - b;
        case BPF_MUL: return a * b;
        case BPF_DIV: return b == 0 ? 0 : a / b;
        case BPF_AND: return a & b;
        case BPF_OR: return a | b;
        case BPF_XOR: return a ^ b;
        case BPF_LSH: return a << (b & 31);
        case BPF_RSH: return a >> (b & 31);
        default: return -a;
    }
}

bool holds(uint32_t op, uint32_t a, uint32_t b) {
    switch (op) {
        case BPF_JEQ: return a == b;
        case BPF_JGT: return a > b;
        case BPF_JGE: return a >= b;
        default: return (a & b) != 0;
    }
}

uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
    uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {};
    for (size_t n = 0;; n++) {
        const sock_filter& i = program[n];
        uint32_t operand = BPF_SRC(i.code) == BPF_X ? x : i.k;
        switch (i.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                std::memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, sizeof a);
                continue;
            case BPF_LD | BPF_W | BPF_LEN: a = sizeof data; continue;
            case BPF_LDX | BPF_W | BPF_LEN: x = sizeof data; continue;
            case BPF_LD | BPF_IMM: a = i.k; continue;
            case BPF_LDX | BPF_IMM: x = i.k; continue;
            case BPF_LD | BPF_MEM: a = memory[i.k]; continue;
            case BPF_LDX | BPF_MEM: x = memory[i.k]; continue;
            case BPF_ST: memory[i.k] = a; continue;
            case BPF_STX: memory[i.k] = x; continue;
            case BPF_MISC | BPF_TAX: x = a; continue;
            case BPF_MISC | BPF_TXA: a = x; continue;
            case BPF_RET | BPF_K: return i.k;
            case BPF_RET | BPF_A: return a;
            case BPF_JMP | BPF_JA: n += i.k; continue;
            default: break;
        }
        if (is_jump(i)) {
            n += holds(BPF_OP(i.code), a, operand) ? i.jt : i.jf;
        } else {
            a = alu(BPF_OP(i.code), a, operand);
        }
    }
}

SeccompDecision decision(uint32_t result, bool listens) {
    auto data = static_cast<uint16_t>(result & SECCOMP_RET_DATA);
    switch (result & SECCOMP_RET_ACTION_FULL) {
        case SECCOMP_RET_ALLOW:
        case SECCOMP_RET_LOG: return {SeccompVerdict::serve, 0};
        case SECCOMP_RET_ERRNO: return {SeccompVerdict::refuse, std::min<uint16_t>(data, 4095)};
        case SECCOMP_RET_USER_NOTIF:
            if (listens) return {SeccompVerdict::notify, 0};
            return {SeccompVerdict::refuse, ENOSYS};  // the call is not there
        case SECCOMP_RET_TRACE: return {SeccompVerdict::trace, data};
        case SECCOMP_RET_TRAP: return {SeccompVerdict::trap, data};
        case SECCOMP_RET_KILL_THREAD: return {SeccompVerdict::kill_thread, 0};
        default: return {SeccompVerdict::kill_process, 0};
    }
}

// --- installing ---------------------------------------------------------------------------------

bool may_install() {
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return true;
    return has_capability(CAP_SYS_ADMIN);
}

int64_t read_program(uint64_t at, std::vector<sock_filter>& program) {
    struct {
        uint16_t length;
        uint64_t filter;
    } header;
    static_assert(sizeof header == 16);
    if (!read_guest(at, header)) return -EFAULT;
    if (header.length == 0 || header.length > BPF_MAXINSNS) return -EINVAL;
    program.resize(header.length);
    return copy_from_guest(program.data(), header.filter, program.size() * sizeof program[0])
               ? 0
               : -EFAULT;
}

// MAX_INSNS_PER_PATH: each filter counts four more.
bool is_too_long(const SeccompFilter* filter) {
    constexpr size_t kMost = (1 << 18) / sizeof(sock_filter), kPenalty = 4;
    size_t total = filter->program.size();
    for (filter = filter->before.get(); filter != nullptr; filter = filter->before.get()) {
        total += filter->program.size() + kPenalty;
    }
    return total > kMost;
}

bool descends(const SeccompFilter* filter, const SeccompFilter* ancestor) {
    for (; filter != nullptr; filter = filter->before.get()) {
        if (filter == ancestor) return true;
    }
    return ancestor == nullptr;
}

}  // namespace

bool seccomp_is_valid(const std::vector<sock_filter>& program) {
    if (program.empty() || BPF_CLASS(program.back().code) != BPF_RET) return false;
    for (size_t n = 0; n < program.size(); n++) {
        if (!is_known(program[n]) || !jumps_inside(program, n)) return false;
    }
    return memory_is_set(program);
}

SeccompDecision seccomp_decide(const SeccompState& state, int number, uint64_t pc,
                               const uint64_t args[6]) {
    if (state.strict) {
        constexpr SyscallNumber kAllowed[] = {SyscallNumber::read_, SyscallNumber::write_,
                                              SyscallNumber::exit_, SyscallNumber::rt_sigreturn_};
        for (SyscallNumber allowed : kAllowed) {
            if (number == static_cast<int>(allowed)) return {SeccompVerdict::serve, 0};
        }
        return {SeccompVerdict::kill_thread, SIGKILL};
    }
    seccomp_data data{};
    data.nr = number;
    data.arch = AUDIT_ARCH_AARCH64;
    data.instruction_pointer = pc;
    std::copy_n(args, 6, data.args);
    // The action that wins is the lowest as a signed number; the newest filter's, if several agree.
    uint32_t result = SECCOMP_RET_ALLOW;
    bool listens = false;
    auto rank = [](uint32_t r) { return static_cast<int32_t>(r & SECCOMP_RET_ACTION_FULL); };
    for (auto* f = state.filter.get(); f != nullptr; f = f->before.get()) {
        uint32_t now = run(f->program, data);
        if (rank(now) >= rank(result)) continue;
        result = now;
        listens = f->listens;
    }
    return decision(result, listens);
}

int64_t seccomp_set_strict(GuestThread& thread) {
    std::scoped_lock lock(thread.group->members_mutex);
    if (thread.seccomp.filter) return -EINVAL;
    thread.seccomp.strict = true;
    return 0;
}

int64_t seccomp_set_filter(GuestThread& thread, uint64_t flags, uint64_t at) {
    constexpr uint64_t kTsync = 1, kLog = 2, kSpecAllow = 4, kListener = 8, kTsyncEsrch = 16,
                       kWaitKillable = 32;
    constexpr uint64_t kOfListeners = kTsync | kListener | kTsyncEsrch | kWaitKillable;
    if ((flags & ~(kOfListeners | kLog | kSpecAllow)) != 0) return -EINVAL;
    bool listens = (flags & kListener) != 0;
    // A result is a descriptor or a thread.
    if (listens && (flags & (kTsync | kTsyncEsrch)) == kTsync) return -EINVAL;
    if (!listens && (flags & kWaitKillable) != 0) return -EINVAL;
    auto filter = std::make_shared<SeccompFilter>();
    if (int64_t failure = read_program(at, filter->program); failure != 0) return failure;
    if (!may_install()) return -EACCES;
    if (!seccomp_is_valid(filter->program)) return -EINVAL;
    std::scoped_lock lock(thread.group->members_mutex);
    if (thread.seccomp.strict) return -EINVAL;
    filter->before = thread.seccomp.filter;
    if (is_too_long(filter.get())) return -ENOMEM;
    if ((flags & kTsync) != 0) {
        for (const GuestThread* other : thread.group->members) {
            bool follows = !other->seccomp.strict &&
                           descends(thread.seccomp.filter.get(), other->seccomp.filter.get());
            if (!follows) return (flags & kTsyncEsrch) != 0 ? -ESRCH : other->tid;
        }
    }
    int64_t listener = listens ? make_listener(flags & kOfListeners) : 0;
    if (listener < 0) return listener;
    filter->listens = listens;
    if ((flags & kTsync) != 0) {
        for (GuestThread* other : thread.group->members) other->seccomp.filter = filter;
    }
    thread.seccomp.filter = filter;
    return listener;
}

int64_t sys_seccomp(GuestThread& t, const SyscallArgs& a) {
    switch (a[0] & 0xffff'ffff) {
        case SECCOMP_SET_MODE_STRICT:
            return a[1] != 0 || a[2] != 0 ? -EINVAL : seccomp_set_strict(t);
        case SECCOMP_SET_MODE_FILTER: return seccomp_set_filter(t, a[1], a[2]);
        case SECCOMP_GET_ACTION_AVAIL: {
            uint32_t action;
            if (a[1] != 0) return -EINVAL;
            if (!read_guest(a[2], action)) return -EFAULT;
            constexpr uint32_t kActions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
                                             SECCOMP_RET_TRAP,         SECCOMP_RET_ERRNO,
                                             SECCOMP_RET_TRACE,        SECCOMP_RET_LOG,
                                             SECCOMP_RET_ALLOW,        SECCOMP_RET_USER_NOTIF};
            return std::ranges::find(kActions, action) != std::end(kActions) ? 0 : -EOPNOTSUPP;
        }
        case SECCOMP_GET_NOTIF_SIZES: return host_syscall(t, SYS_seccomp, a);
        default: return -EINVAL;
    }
}

}  // namespace pydbt::usermode
