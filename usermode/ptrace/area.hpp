// What a tracer and its tracees share: a slot for each traced thread, in memory that both have.
//
// Owns: the slots' layout, the memory, and the signs that a tracer is woken by. Must not know: what
// requests mean, how threads stop.
//
// A slot belongs to one side at a time: to the tracee while it runs, to the tracer while `state` is
// `stopped`. `asks` and `state` are what both touch at any time.
#pragma once

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace pydbt::usermode {

/// Events of PTRACE_O_TRACE*, options and other numbers of include/uapi/linux/ptrace.h.
inline constexpr int kEventFork = 1, kEventVfork = 2, kEventClone = 3, kEventExec = 4,
                     kEventVforkDone = 5, kEventExit = 6, kEventSeccomp = 7, kEventStop = 128;
inline constexpr uint32_t kOptionSysgood = 1, kOptionExitKill = 1 << 20,
                          kOptionSuspendSeccomp = 1 << 21;
inline constexpr uint32_t event_option(int event) { return uint32_t{1} << event; }
inline constexpr uint32_t kTraceOptions =
    kOptionSysgood | kOptionExitKill | event_option(kEventFork) | event_option(kEventVfork) |
    event_option(kEventClone) | event_option(kEventExec) | event_option(kEventVforkDone) |
    event_option(kEventExit) | event_option(kEventSeccomp);

/// What a tracer sees of a thread's processor.
struct TraceRegisters {
    uint64_t x[31], sp, pc, pstate;  // struct user_pt_regs
    uint64_t v[32][2];               // struct user_fpsimd_state
    uint32_t fpsr, fpcr;
    uint64_t fp_unused;
    uint64_t tls;
    int32_t call;  // NT_ARM_SYSTEM_CALL; -1: none
    uint32_t unused;
    uint64_t pac_masks[2];  // of data and of code; zero without pointer authentication
    uint64_t pac_enabled;
    uint64_t tagged;     // as PR_GET_TAGGED_ADDR_CTRL has it
    uint32_t debug[66];  // struct user_hwdebug_state, of a machine that has none
};

enum class TraceState : uint32_t {
    none,
    made,  // for a thread that is about to begin
    running,
    stopped,
    listening,  // stopped, by PTRACE_LISTEN
    ended,      // `status` is the end
};

enum class TraceStop : uint32_t { signal, call_entry, call_exit, seccomp, event, trap, group };
enum class TraceResume : uint32_t { go, call, step, emulate, emulate_step, detach };

/// Bits of TraceSlot::asks: what a running thread is to do. kAskNotify is a trap, too: the group
/// goes on. kInGroup: it stands in a group stop, or is about to.
inline constexpr uint32_t kAskTrap = 1, kAskSigstop = 2, kAskGroup = 4, kAskDetach = 8,
                          kAskNotify = 16, kInGroup = 32;

struct TraceSlot {
    std::atomic<TraceState> state;    // a futex
    std::atomic<uint32_t> asks;       // kAsk*
    std::atomic<uint32_t> connected;  // the tracer has the area; a futex
    int32_t tid, pid;                 // the tracee's
    int32_t tracer, tracer_thread;    // 0: any of its threads
    uint32_t options;
    uint32_t seized;
    siginfo_t stop_info;  // of kAskSigstop
    int32_t stop_signal;  // of kAskGroup
    // Of a stop, by the tracee.
    TraceStop stop;
    int32_t code;  // the signal, and an event in bits 15:8
    uint32_t has_info;
    siginfo_t info;
    uint64_t message;
    uint64_t blocked;
    uint64_t fault_address;
    TraceRegisters registers;
    // Of going on, by the tracer.
    TraceResume resume;
    int32_t signal;
    uint32_t set_registers, set_blocked;
    // Memory that the tracer has written meanwhile; more than there is room for: all of it.
    static constexpr size_t kRanges = 16;
    std::atomic<uint32_t> changes;
    uint64_t changed[kRanges][2];
    int32_t status;  // as wait(2) tells it

    int32_t wait_status() const { return code << 8 | 0x7f; }
};

/// The memory of a family: a process that is traced and those that it makes. The descriptors are
/// inherited by them.
class TraceArea {
   public:
    static constexpr size_t kSlots = 1024;

    /// Null when there is no memory.
    static std::shared_ptr<TraceArea> make();
    /// Of another process, by its descriptors, which become ours.
    static std::shared_ptr<TraceArea> adopt(int memory_fd, int event_fd);
    /// The descriptors of another process's area, as numbers in that process. False: it has none.
    static bool find(int pid, int& memory_fd, int& event_fd);
    ~TraceArea();
    TraceArea(const TraceArea&) = delete;
    TraceArea& operator=(const TraceArea&) = delete;

    /// The descriptors are another process's, which has this memory for a while (vfork).
    void leave_descriptors() { owns_descriptors_ = false; }
    /// A slot in state `made`, or null.
    TraceSlot* take();
    static void free(TraceSlot& slot) { slot.state = TraceState::none; }
    TraceSlot& at(size_t index) { return slots_[index]; }
    size_t index(const TraceSlot& slot) const { return static_cast<size_t>(&slot - slots_); }
    /// A tracer that waits at event_fd() looks.
    void tell() const;

    int memory_fd() const { return memory_fd_; }
    int event_fd() const { return event_fd_; }

   private:
    TraceArea(TraceSlot* slots, int memory_fd, int event_fd)
        : slots_(slots), memory_fd_(memory_fd), event_fd_(event_fd) {}
    static std::shared_ptr<TraceArea> map(int memory_fd, int event_fd);

    TraceSlot* slots_;
    int memory_fd_, event_fd_;
    bool owns_descriptors_ = true;
};

/// Waits while the word has a value; false after `milliseconds`. Woken by wake_word(), in any
/// process that has it.
bool wait_word(const void* word, uint32_t value, int milliseconds);
void wake_word(const void* word);

/// Whether a process is gone, be it that its parent has not heard yet.
bool process_is_gone(int pid);

// --- pokes: a signal that only says "look" ------------------------------------------------------

enum class Poke : uint64_t {
    look = 1,      // at the thread's slot
    attach = 2,    // be traced by the sender, and stop
    seize = 3,     // be traced by the sender
    child = 4,     // the sender, a child, wants to be traced
    stopped = 16,  // added: it was stopped by a signal
};
/// From a thread of this process to one of another, or to a process (`tid` 0).
bool poke(int pid, int tid, Poke what, int own_tid);
/// What a signal asks for, if it is one of these. Async-signal-safe.
bool is_poke(const siginfo_t& info, Poke& what);

}  // namespace pydbt::usermode
