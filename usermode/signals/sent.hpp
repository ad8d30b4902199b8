// Fault signals that somebody sends, as kill(2) does: they wait here while the guest blocks them.
//
// Owns: where they wait, who gets one, the kernel's copy during a call. Must not know: frames,
// actions.
//
// The host never blocks a fault signal while translated code runs, so one that is sent comes
// although the guest blocks it. What was sent to a thread waits in it, what was sent to the process
// in its group. A call of the guest's runs with these signals blocked on the host, too, and what
// waits is given back to the kernel for that time: rt_sigpending, rt_sigtimedwait, signalfd and
// execve find it there.
#pragma once

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace pydbt::usermode {

class GuestThread;
struct ThreadGroup;

/// Signals an instruction can raise: our handler is always there for them and the host blocks them
/// during calls only.
inline constexpr int kFaultSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
bool is_fault_signal(int number);
/// Their bits in a mask.
inline constexpr uint64_t kFaultBits = [] {
    uint64_t bits = 0;
    for (int number : kFaultSignals) bits |= uint64_t{1} << (number - 1);
    return bits;
}();

/// At most one of each number, as the kernel keeps them.
class SentSignals {
   public:
    /// Dropped when one of its number waits already. Async-signal-safe; one caller at a time.
    void add(const siginfo_t& info);
    /// What waits, if anything does; it waits no more.
    bool take(int number, siginfo_t& info);
    bool look(int number, siginfo_t& info) const;
    /// From any thread.
    void discard(uint64_t bits) { waiting_ &= ~bits; }
    /// A mask.
    uint64_t waiting() const { return waiting_; }

   private:
    static size_t place(int number);
    std::atomic<uint64_t> waiting_ = 0;
    siginfo_t infos_[std::size(kFaultSignals)] = {};
};

/// A thread's part. Signal handlers and other threads only touch the atomics and `came`.
struct SentState {
    SentSignals own;   // sent to this thread
    SentSignals came;  // sent to the process; the kernel chose this thread
    // Bits of the group's that the kernel has a copy of, sent to this thread.
    std::atomic<uint64_t> lent = 0;
    std::atomic<uint64_t> in_call = 0;             // what the host blocks: a call is being made
    std::atomic<uint64_t> blocked = ~uint64_t{0};  // the guest's mask as others may see it
    std::atomic<uint64_t> awaited = 0;             // rt_sigtimedwait's set, during it
    SentSignals consumed;                          // what the last call took of the group's
};

/// Keeps a fault signal that was sent. Async-signal-safe.
void keep_sent(GuestThread& thread, const siginfo_t& info);

/// Moves what came for the process to the group, and tells threads that may want it.
void share_sent(GuestThread& thread);

/// Whether there is one that the guest does not block.
bool sent_is_ready(const GuestThread& thread);
/// Takes the one to be delivered next. share_sent() comes before.
bool take_sent(GuestThread& thread, siginfo_t& info);

/// Around a call to the host's kernel, by a guest that blocks fault signals.
class FaultSignalsHeld {
   public:
    explicit FaultSignalsHeld(GuestThread& thread);
    ~FaultSignalsHeld();
    FaultSignalsHeld(const FaultSignalsHeld&) = delete;
    FaultSignalsHeld& operator=(const FaultSignalsHeld&) = delete;

   private:
    GuestThread& thread_;
    uint64_t bits_;
};

/// The thread ends: what came for the process is another thread's.
void leave_sent(GuestThread& thread);

/// The action is to ignore it now: what waits is forgotten.
void discard_sent(GuestThread& thread, int number);
/// A new process has none.
void forget_sent(GuestThread& thread);

/// Whether it was sent to the process, as far as the siginfo tells: timers name threads more often.
inline bool is_for_process(const siginfo_t& info) {
    return info.si_code != SI_TKILL && info.si_code != SI_TIMER;
}
/// Sends a signal that came once more, as it was: to this thread, or to the process.
/// Async-signal-safe.
void send_again(const siginfo_t& info, bool to_process);

/// Blocks every signal in this host thread, the fault signals and those of the C library, too.
void block_all_signals();

}  // namespace pydbt::usermode
