// seccomp: the guest's filters, run on the guest's calls with its architecture and numbers.
//
// Owns: filter programs, what they decide. Must not know: what calls do, how signals are delivered.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace pydbt::usermode {

class GuestThread;

/// One installed filter and those before it; all are run on each call. Never changes.
struct SeccompFilter {
    std::vector<sock_filter> program;
    std::shared_ptr<const SeccompFilter> before;
    bool listens = false;  // it has a listener, which the host's kernel keeps
};

/// A thread's state, inherited by threads and processes it makes and by programs it runs.
struct SeccompState {
    bool strict = false;
    std::shared_ptr<const SeccompFilter> filter;
    bool active() const { return strict || filter != nullptr; }
};

/// What becomes of a call.
enum class SeccompVerdict { serve, refuse, notify, trace, trap, kill_thread, kill_process };
struct SeccompDecision {
    SeccompVerdict verdict;
    uint16_t data;  // refuse: the errno; trap: si_errno; trace: what the tracer is told
};

/// Runs the filters. `number` and `args` are the guest's, as they came.
SeccompDecision seccomp_decide(const SeccompState& state, int number, uint64_t pc,
                               const uint64_t args[6]);

/// bpf_check_classic() and seccomp_check_filter(): whether the kernel would take the program.
bool seccomp_is_valid(const std::vector<sock_filter>& program);

/// prctl(PR_SET_SECCOMP) and seccomp(2) share these; results are the calls'.
int64_t seccomp_set_strict(GuestThread& thread);
int64_t seccomp_set_filter(GuestThread& thread, uint64_t flags, uint64_t program);

}  // namespace pydbt::usermode
