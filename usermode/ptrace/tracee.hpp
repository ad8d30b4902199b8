// A traced thread: where it stops, how it goes on.
//
// Owns: stops, how a thread becomes traced and is let go. Must not know: requests, waiting for
// tracees, packets of GDB.
//
// A tracee stops by itself, between two guest instructions, and waits for its slot to change. What
// a tracer wants of a running one is in TraceSlot::asks, and a poke makes it look.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>

#include "usermode/ptrace/area.hpp"

namespace pydbt::usermode {

class GuestThread;
class Process;

/// A thread's part. Only the thread touches it, but for the slot; it comes and goes with the
/// group's members_mutex.
struct Tracee {
    std::shared_ptr<TraceArea> area;
    TraceSlot& slot;
    bool steps() const {
        return slot.resume == TraceResume::step || slot.resume == TraceResume::emulate_step;
    }
};

/// What the signal handler keeps of a poke.
struct PokeState {
    std::atomic<bool> any = false;
    std::atomic<bool> continued = false;  // SIGCONT came
    std::atomic<uint64_t> attach = 0;     // of Poke::attach and seize: the bits
    std::atomic<int> tracer = 0, tracer_thread = 0, child = 0;
};
/// Both are async-signal-safe.
void keep_continue(GuestThread& thread);
void keep_poke(GuestThread& thread, const siginfo_t& info, Poke what);
/// From signal delivery: does what pokes and the slot ask for.
void serve_pokes(GuestThread& thread);

/// PTRACE_TRACEME.
int64_t trace_me(GuestThread& thread);
/// A new thread, which is traced by its slot: it stops before its first instruction, in
/// deliver_signals().
void begin_traced(GuestThread& thread);

/// A signal is about to be delivered. False: it is not to be.
bool trace_signal(GuestThread& thread, siginfo_t& info);
/// The default action of a signal in a traced thread, if it is to stop or nothing. False: it kills.
bool default_is_done(GuestThread& thread, int number);
/// SIGSTOP for a thread of this process that is traced; false when it is not.
bool stop_traced(GuestThread& thread, const siginfo_t& info);

/// Before a call: its number may change. False: it is not to be made.
bool trace_call_entry(GuestThread& thread, uint64_t& number);
/// Behind it; `shown` is what the kernel shows in x0.
void trace_call_exit(GuestThread& thread, int64_t shown);
/// A seccomp filter's SECCOMP_RET_TRACE. False: nobody wants to know of it.
bool trace_seccomp(GuestThread& thread, uint16_t data, uint64_t& number);
/// Runs one instruction, and stops.
void run_one_step(GuestThread& thread);

/// Around a clone of whatever kind.
class TracedClone {
   public:
    TracedClone(GuestThread& parent, uint64_t flags, uint64_t exit_signal);
    ~TracedClone();
    TracedClone(const TracedClone&) = delete;
    TracedClone& operator=(const TracedClone&) = delete;
    /// The new thread is traced if it is to be. In a fork's child `child` is the parent's object.
    void join(GuestThread& child);
    /// The same in two halves, for a child that may outlive this: before it begins, and in it.
    void hand_over(GuestThread& child);
    static void start(GuestThread& child);
    /// The new thread is there: the parent stops if it is to.
    void made(int64_t tid);
    /// The same, by the child of a vfork, whose parent is asleep; the parent stops in woken().
    void made_by_child(int64_t tid);
    /// The parent has slept until its child has left the memory.
    void woken(int64_t result);

   private:
    void fill_event(int64_t tid);
    GuestThread& parent_;
    int event_ = 0;
    std::shared_ptr<TraceArea> area_;
    TraceSlot* child_ = nullptr;
    bool stands_ = false;  // made_by_child() has said so
};

/// An execve goes on in a new program, which has the slot by its number; and it does not.
struct TraceHandover {
    int memory_fd = -1, event_fd = -1, slot = -1;
};
TraceHandover leave_for_exec(GuestThread& thread);
void come_back_from_exec(const TraceHandover& handover);
/// In the new program.
void take_handover(GuestThread& thread, const TraceHandover& handover);
void trace_exec(GuestThread& thread);

/// A thread ends but not its process; and all of the process, with this status of wait(2).
void trace_thread_end(GuestThread& thread, int status);
void trace_process_end(GuestThread& thread, int status);

}  // namespace pydbt::usermode
