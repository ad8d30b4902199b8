// A debugger's hold on the guest's threads: where they stop, why, and how they go on.
//
// Owns: the gate that threads pass between two of the engine's runs, stops, what a thread in a
// system call is to a debugger. Must not know: packets, sockets.
//
// Threads stop by themselves: one that has met something says so (`stop`), the others are asked to
// leave translated code and wait at the gate. A thread that is in a system call is left there, and
// waits at the call's end; until then it stands at its SVC.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "translator/gdbstub/server.hpp"
#include "translator/gdbstub/target.hpp"

namespace pydbt::runtime {
struct Exit;
}

namespace pydbt::usermode {

class GuestThread;
class Process;

/// A process that the stub asks through a link.
struct LinkedProcess {
    int64_t pid = 0;
    int fd = -1;
    bool running = false;
};

/// A thread's part. Others touch it with the debugger's lock.
struct DebuggedThread {
    enum class Where : uint8_t { running, waiting };
    GuestThread* thread = nullptr;
    gdbstub::ThreadId id;
    Where where = Where::running;
    bool in_call = false;     // between the begin and the end of a call to the host's kernel
    bool leave_call = false;  // it is to leave the call, which is made again later
    bool in_signal = false;   // it has told of a signal, which has not been delivered
    int passed = 0;           // a signal that the debugger sends: not told of
    // Of a child of vfork, whose execve's program will be at the second end: a link that was made
    // before, because descriptors are not in common.
    int link[2] = {-1, -1};
    siginfo_t info{};  // of what it has told of
    gdbstub::Resume action{.kind = gdbstub::Resume::Kind::go};
};

class Debugger {
   public:
    /// `stands`: nothing runs before the first resume().
    Debugger(Process& process, bool stands);
    ~Debugger();
    Debugger(const Debugger&) = delete;
    Debugger& operator=(const Debugger&) = delete;

    // --- for guest threads

    /// A thread begins, and ends. Its first run waits if the others stand still.
    void begin(GuestThread& thread);
    void end(GuestThread& thread);
    /// Process::run() of a thread that is debugged; returns when it exits or is let go.
    void run(GuestThread& thread);
    /// A signal is about to be delivered: what is to be delivered instead; 0: nothing.
    int signal(GuestThread& thread, siginfo_t& info);
    void syscall(GuestThread& thread, uint64_t number, bool entry);
    /// The thread's process is about to end: returns when the client knows.
    void process_ends(GuestThread& thread, const gdbstub::Stop& stop);

    /// A vfork: called by the child, whose parent sleeps, and later by the parent.
    void vforked(GuestThread& parent, GuestThread& child, const int (&link)[2]);
    void vfork_done(GuestThread& parent);
    /// A fork: in the child, with the lock; in the parent.
    void become_child(GuestThread& thread, bool followed);
    void forked(GuestThread& thread, int64_t pid, int link);
    /// An execve is about to be made: its new program will be at the other end of `link`, which is
    /// the stub's from now on. And it has failed.
    void begin_exec(GuestThread& thread, int link);
    void end_exec(GuestThread& thread);

    /// Around a call to the host's kernel that may take long. False: the thread is let go.
    bool enter_call(GuestThread& thread);
    /// True when the call is to be made again.
    bool leave_call(GuestThread& thread);
    /// Whether a signal is the one that makes a thread leave its call. Async-signal-safe.
    static bool is_call_breaker(const siginfo_t& info);

    // --- for the stub

    using Lock = std::unique_lock<std::mutex>;
    [[nodiscard]] Lock lock() { return Lock(mutex_); }

    /// All of these want the lock.
    std::vector<std::unique_ptr<DebuggedThread>>& threads() { return threads_; }
    DebuggedThread* find(const gdbstub::ThreadId& id);
    /// Whether there is a stop to be told; waits until no thread runs.
    bool take_stop(Lock& lock, gdbstub::Stop& stop);
    bool stands() const { return phase_ == Phase::stopped; }
    void request_stop(const gdbstub::Stop& stop);
    void resume(Lock& lock, const std::vector<gdbstub::Action>& actions);
    /// Makes a thread leave its call. False when it cannot.
    bool break_call(Lock& lock, DebuggedThread& thread);
    /// Lets go of the threads of a process; 0: of all.
    void release(int64_t pid);
    /// A stop that process_ends() waits for has been sent.
    void acknowledge_end();
    /// The new program of an execve tells that it is there.
    void tell_exec(const std::string& path);
    /// What begin_exec() asked for, if it has; the thread goes on when `exec_is_ready`.
    LinkedProcess take_exec();
    bool exec_is_asked() const { return exec_state_ == Exec::asked; }
    void exec_is_ready();
    /// The process whose execve has failed after all; 0: none.
    int64_t take_failed_exec() { return std::exchange(failed_exec_, 0); }
    /// What the guest must not close, beside event_fd().
    std::atomic<int> client = -1, link = -1;
    /// Waits until the execve has failed.
    void wait_for_failed_exec(Lock& lock);
    std::vector<LinkedProcess> take_forked() { return std::exchange(forked_, {}); }
    void poke();
    /// Signals that would kill a process are told of, too; without the lock.
    void catch_signals(bool on);

    /// Breakpoints and watchpoints. Without the lock, while no thread runs.
    bool set_point(gdbstub::PointKind kind, uint64_t address, uint64_t bytes);
    bool clear_point(gdbstub::PointKind kind, uint64_t address, uint64_t bytes);
    void clear_all_points();

    /// Readable when take_stop() has something to look at.
    int event_fd() const { return event_fd_; }

    // Set while no thread runs.
    std::set<int> passed_signals;  // GDB's numbers
    bool catch_calls = false;
    std::set<uint64_t> caught_calls;  // empty: all
    gdbstub::Wishes wishes;
    gdbstub::Session session;  // of the stub; with the lock

   private:
    enum class Phase : uint8_t { running, stopping, stopped };
    struct Point {
        gdbstub::PointKind kind;
        uint64_t address, bytes;
        bool operator==(const Point&) const = default;
    };

    /// Tells of a stop and waits to go on. When another thread has told of one first: waits, and
    /// tells then (`keep`), or forgets it.
    gdbstub::Resume stop(GuestThread& thread, const gdbstub::Stop& stop, bool keep);
    gdbstub::Resume wait_at_gate(Lock& lock, DebuggedThread& thread);
    gdbstub::Resume gate(GuestThread& thread);
    void tell(const gdbstub::Stop& stop);
    void step_done(GuestThread& thread, uint64_t from, const runtime::Exit& exit);
    void trap(GuestThread& thread, int code, uint64_t address);
    void stop_at_point(GuestThread& thread, const runtime::Exit& exit);
    gdbstub::Stop stop_of(GuestThread& thread, gdbstub::Stop::Kind kind) const;
    /// Until something changes, or for a time.
    void wait(Lock& lock, int milliseconds = -1);
    void announce();
    void update_watches();

    Process& process_;
    std::mutex mutex_;
    std::atomic<uint32_t> changes_ = 0;  // a futex
    std::vector<std::unique_ptr<DebuggedThread>> threads_;
    // Those threads may be looking at what was theirs.
    std::vector<std::unique_ptr<DebuggedThread>> released_;
    Phase phase_ = Phase::stopped;
    gdbstub::Stop stop_;
    bool end_is_told_ = false;
    std::vector<LinkedProcess> forked_;
    LinkedProcess exec_;
    enum class Exec : uint8_t { none, asked, ready, failed };
    Exec exec_state_ = Exec::none;
    int64_t failed_exec_ = 0;
    std::vector<Point> points_;
    int event_fd_ = -1;
};

/// enter_call() and leave_call(), when the thread is debugged.
class DebuggedCall {
   public:
    explicit DebuggedCall(GuestThread& thread);
    ~DebuggedCall();
    DebuggedCall(const DebuggedCall&) = delete;
    DebuggedCall& operator=(const DebuggedCall&) = delete;
    /// The call is over. True when it is to be made again.
    bool finish();

   private:
    GuestThread* thread_;
};

}  // namespace pydbt::usermode
