// One SVC from end to end.
//
// Owns: reading arguments, choosing how a call is served, the result in x0, restarting. Must not
// know: particular calls beyond rt_sigreturn.
#include <linux/limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "translator/base/tags.hpp"
#include "usermode/core/core.hpp"
#include "usermode/loader/proc_files.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/strace/strace.hpp"
#include "usermode/syscalls/seccomp_notify.hpp"
#include "usermode/syscalls/table.gen.hpp"
#include "usermode/syscalls/tagged_pointers.hpp"

namespace pydbt::usermode {
namespace {

constexpr SyscallInfo kUnknown{nullptr, nullptr, -1, 0, Result::int_, 0, false, -1, {}};

const SyscallInfo& info_of(uint64_t number) {
    if (number >= kSyscallCount || kSyscalls[number].name == nullptr) return kUnknown;
    return kSyscalls[number];
}

// A file below -L's folder stands for the one of that absolute path. `path` holds what args points
// to.
void add_prefix(const Process& process, int argument, SyscallArgs& args, std::string& path) {
    std::string wanted;
    auto n = static_cast<size_t>(argument);
    if (!read_guest_string(args[n], PATH_MAX, wanted)) return;
    path = host_path(process, wanted);
    if (path != wanted) args[n] = reinterpret_cast<uint64_t>(path.c_str());
}

// The same for a path that ends with a link of the guest's to such a file.
bool follow_link(const Process& process, int argument, SyscallArgs& args, std::string& path) {
    auto n = static_cast<size_t>(argument);
    if (path.empty() && !read_guest_string(args[n], PATH_MAX, path)) return false;
    if (!path.starts_with('/') || !follow_to_prefix(process, path)) return false;
    args[n] = reinterpret_cast<uint64_t>(path.c_str());
    return true;
}

int64_t serve(GuestThread& thread, const SyscallInfo& info, const SyscallArgs& args) {
    if (info.function != nullptr) return info.function(thread, args);
    if (info.host >= 0) return host_syscall(thread, info.host, args);
    return -ENOSYS;
}

bool ask_listener(GuestThread& thread, uint64_t number) {
    int64_t result = notify_listener(thread, number);
    if (result == kGoesOn) return true;
    bool restart = result == -kRestart;
    if (!restart) thread.state().x[0] = static_cast<uint64_t>(result);
    if (restart || thread.signals.attention != 0) deliver_signals(thread, restart);
    return false;
}

// What the guest's seccomp filters say. False: the call is not made, and what is to happen instead
// has.
bool filter_call(GuestThread& thread, uint64_t& number) {
    base::CpuState& state = thread.state();
    std::unique_lock lock(thread.group->members_mutex);
    SeccompState filters = thread.seccomp;
    lock.unlock();
    auto shown = static_cast<int>(number);
    SeccompDecision decision = seccomp_decide(filters, shown, state.pc, state.x);
    switch (decision.verdict) {
        case SeccompVerdict::serve: return true;
        case SeccompVerdict::refuse:
            state.x[0] = static_cast<uint64_t>(-int64_t{decision.data});
            trace_call_exit(thread, -int64_t{decision.data});
            return false;
        case SeccompVerdict::notify: return ask_listener(thread, number);
        case SeccompVerdict::trace:
            if (!trace_seccomp(thread, decision.data, number)) {
                state.x[0] = static_cast<uint64_t>(-int64_t{ENOSYS});
                trace_call_exit(thread, -ENOSYS);
                return false;
            }
            return thread.syscall >= 0;
        case SeccompVerdict::trap:
            trace_call_exit(thread, static_cast<int64_t>(state.x[0]));
            force_sigsys(thread, shown, decision.data);
            return false;
        case SeccompVerdict::kill_thread:
            if (filters.strict) die_of(thread, SIGKILL);
            if (thread.group->threads > 1) {
                thread.exiting = true;
                sys_exit(thread, {});
                return false;
            }
            [[fallthrough]];
        case SeccompVerdict::kill_process:
            die_of(thread, sigsys_info(thread, shown, decision.data));
    }
    return false;
}

// What the kernel's own result is when a signal has ended a call (include/linux/errno.h), which
// tracers see. The call is made again unless a handler runs; EINTR is final.
int64_t interrupted_as(uint64_t number) {
    constexpr int64_t kNoHand = 514, kRestartBlock = 516;
    switch (static_cast<SyscallNumber>(number)) {
        case SyscallNumber::epoll_pwait_:
        case SyscallNumber::epoll_pwait2_:
        case SyscallNumber::rt_sigtimedwait_:
        case SyscallNumber::semop_:
        case SyscallNumber::semtimedop_:
        case SyscallNumber::restart_syscall_:
        case SyscallNumber::io_getevents_: return -EINTR;
        case SyscallNumber::ppoll_:
        case SyscallNumber::pselect6_:
        case SyscallNumber::rt_sigsuspend_:
        case SyscallNumber::io_pgetevents_:
        case SyscallNumber::msgrcv_:
        case SyscallNumber::msgsnd_: return -kNoHand;
        case SyscallNumber::nanosleep_:
        case SyscallNumber::clock_nanosleep_:
        case SyscallNumber::futex_: return -kRestartBlock;
        default: return -kRestart;
    }
}

}  // namespace

void serve_syscall(GuestThread& thread) {
    base::CpuState& state = thread.state();
    // The debugger may change the call.
    if (thread.debugged != nullptr) thread.process.debugger->syscall(thread, state.x[8], true);
    uint64_t number = state.x[8];
    if (!trace_call_entry(thread, number)) {
        trace_call_exit(thread, static_cast<int64_t>(state.x[0]));
        return;
    }
    const SyscallInfo* call = nullptr;
    SyscallArgs args;
    std::optional<TaggedPointers> pointers;
    auto read_call = [&] {
        call = &info_of(number);
        std::copy_n(state.x, args.size(), args.begin());
        bool tags = thread.group->tagged_addresses || state.tag_check == base::kTagCheckSync;
        if (tags) pointers.emplace(thread, *call, args);
    };
    read_call();
    bool trace = thread.process.options.strace;
    if (trace) trace_call(thread, number, *call, args);
    if (thread.seccomp.active()) {
        if (!filter_call(thread, number)) return;
        if (thread.tracee) read_call();  // which may have changed it
    }
    const SyscallInfo& info = *call;
    if (number == static_cast<uint64_t>(SyscallNumber::rt_sigreturn_)) {
        return_from_signal(thread);
        if (trace) trace_result(thread, info, args, 0);
        if (thread.debugged != nullptr) thread.process.debugger->syscall(thread, number, false);
        trace_call_exit(thread, static_cast<int64_t>(state.x[0]));
        if (sent_is_ready(thread)) deliver_signals(thread, false);
        return;
    }
    std::string path;
    bool prefixed = info.prefixed >= 0 && !thread.process.options.prefix.empty();
    if (prefixed) add_prefix(thread.process, info.prefixed, args, path);
    int64_t result = serve(thread, info, args);
    if (prefixed && result == -ENOENT && follow_link(thread.process, info.prefixed, args, path)) {
        result = serve(thread, info, args);
    }
    if (pointers) pointers->finish(result);
    if (trace && !thread.exiting) trace_result(thread, info, args, result);
    int64_t shown = result == -EINTR ? interrupted_as(number) : result;
    thread.signals.interrupted = result != shown;
    bool restart = result == -kRestart || thread.signals.interrupted;
    if (!restart) state.x[0] = static_cast<uint64_t>(result);
    if (thread.debugged != nullptr && !thread.exiting) {
        thread.process.debugger->syscall(thread, number, false);
    }
    if (!thread.exiting) trace_call_exit(thread, shown);
    bool waits = thread.signals.attention != 0 || sent_is_ready(thread);
    if (restart || waits || thread.signals.has_saved) deliver_signals(thread, restart);
}

}  // namespace pydbt::usermode
