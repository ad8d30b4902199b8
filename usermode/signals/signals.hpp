// Signals: what the guest asked for, what came, and how it is delivered.
//
// Owns: the guest's actions and masks, host signal handlers, delivery and return. Must not know:
// syscalls' numbers, the engine's insides.
//
// A signal that the guest handles has our handler on the host; it keeps the siginfo in the thread,
// blocks every further one in that host thread and asks the engine to leave translated code. The
// thread then delivers it and unblocks what the guest does not block. Signals the guest ignores or
// leaves at their default are the same on the host, so the kernel stops and kills as it should.
// Fault signals that somebody sends wait in sent.hpp.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>

#include "usermode/signals/sent.hpp"

namespace pydbt::runtime {
struct Exit;
}

namespace pydbt::usermode {

class GuestThread;
class Process;

inline constexpr int kSignals = 64;
inline constexpr uint64_t signal_bit(int number) { return uint64_t{1} << (number - 1); }

/// AArch64's struct sigaction as rt_sigaction has it.
struct GuestSigaction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};
inline constexpr uint64_t kSaExposeTagbits = 0x00000800;
inline constexpr uint64_t kSaOnstack = 0x08000000, kSaRestart = 0x10000000, kSaNodefer = 0x40000000,
                          kSaResethand = 0x80000000, kSaRestorer = 0x04000000;
inline constexpr uint64_t kSigDfl = 0, kSigIgn = 1;

/// AArch64's stack_t.
struct GuestStack {
    uint64_t sp;
    int32_t flags;
    uint32_t pad;
    uint64_t size;
};
/// SS_AUTODISARM: the stack is disabled while a handler runs on it.
inline constexpr int32_t kSsAutodisarm = static_cast<int32_t>(0x80000000);
bool on_alternate_stack(const GuestStack& stack, uint64_t sp);

/// The process's actions. Thread-safe.
class SignalActions {
   public:
    SignalActions() = default;
    /// A new process's: the host's actions are its own copy, too.
    SignalActions(const SignalActions& other);
    SignalActions& operator=(const SignalActions&) = delete;
    GuestSigaction get(int number) const;
    /// Stores the action and makes the host's fit.
    void set(int number, const GuestSigaction& action);
    /// Makes the host's actions fit again for the signals that the host's C library takes for
    /// itself when it makes its first thread; the guest's C library wants them too.
    void take_back();
    /// What delivery takes: SA_RESETHAND has reset it then.
    GuestSigaction take(int number);
    /// The actions the process was started with (ignored stays ignored), the fault handlers, and
    /// the default actions of these signals (take_defaults).
    void start(uint64_t defaults);
    /// Keeps other threads out, so that a fork's child finds it free.
    [[nodiscard]] std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }
    /// The default actions of these signals are ours to do.
    void take_defaults(uint64_t signals);
    /// All signals come to us, the ignored ones, too: a tracer is told of them.
    void catch_all(bool on);
    bool has_default(int number) const { return (defaults_ & signal_bit(number)) != 0; }
    /// CLONE_CLEAR_SIGHAND: what has a handler gets its default action.
    void clear_handlers();
    /// For an execve: the host ignores the fault signals that the guest ignores, until `ignore` is
    /// false again.
    void ignore_faults(bool ignore);
    /// Those that come to our handler on the host, and those of them with SA_RESTART.
    /// Async-signal-safe.
    uint64_t caught() const { return caught_; }
    uint64_t restarting() const { return restarting_; }

   private:
    /// Makes the host's actions fit after a change of one; with the lock.
    void apply(int number);
    void set_host_action(int number, bool catch_faults = true);

    mutable std::mutex mutex_;
    GuestSigaction actions_[kSignals + 1] = {};
    std::atomic<uint64_t> caught_ = 0, restarting_ = 0, defaults_ = 0;
    std::atomic<bool> catches_all_ = false;
};

struct SignalState {
    uint64_t blocked = 0;        // the guest's mask
    uint64_t saved_blocked = 0;  // what to restore after a call with a mask of its own
    bool has_saved = false;
    bool interrupted = false;  // pc is at an SVC, which a handler makes end with EINTR
    GuestStack alternate{0, SS_DISABLE, 0, 0};
    // Set by the host's handler: deliver_signals() has something to look at.
    volatile int attention = 0;
    // Set by it, too; it then keeps all it is for but fault signals blocked until delivery.
    std::atomic<int> pending = 0;
    siginfo_t pending_info{};
    SentState sent;
};

/// sigaltstack(2) at a stack pointer: 0 or a negated errno.
int64_t set_alternate_stack(SignalState& signals, GuestStack wanted, uint64_t sp);

/// Delivers what the guest does not block. `restart`: the thread is behind an SVC that returned
/// -kRestart, which is made again after the handlers.
void deliver_signals(GuestThread& thread, bool restart);

/// Delivers a signal that the guest's own instruction raised; kills the process when the guest
/// blocks or ignores it.
/// Whether an alignment fault of the instruction at the program counter is that of SP as a base,
/// which comes before others.
bool is_sp_misaligned(GuestThread& thread);
void raise_fault(GuestThread& thread, int number, int code, uint64_t address,
                 const runtime::Exit& exit);

/// Delivers a signal that an instruction has raised and the tracer has let through; kills the
/// process when the guest blocks or ignores it.
void force_signal(GuestThread& thread, const siginfo_t& info);

/// SIGSYS for a call that a seccomp filter traps; kills the process when the guest blocks or
/// ignores it. pc is behind the SVC.
void force_sigsys(GuestThread& thread, int number, int data);
/// What that signal tells.
siginfo_t sigsys_info(GuestThread& thread, int number, int data);

/// rt_sigreturn: the state from the frame at SP; SIGSEGV when there is none.
void return_from_signal(GuestThread& thread);

/// The thread runs no more of the guest: signals that came for the process are other threads' to
/// take. Every signal is blocked on the host from now on.
void give_up_signals(GuestThread& thread);

/// Makes the host thread's mask the guest's. False when something came: deliver_signals() does it
/// then.
bool apply_mask(GuestThread& thread);
/// A guest's mask as the host's may be outside of calls: fault signals are not blocked there.
sigset_t host_mask(uint64_t guest_mask);
/// The mask bits a guest may set: not SIGKILL and SIGSTOP.
uint64_t allowed_mask(uint64_t mask);

/// "SIGSEGV" and its like.
const char* signal_name(int number);

}  // namespace pydbt::usermode
