// A process that traces others: its tracees, what they have to tell, and waiting for that.
//
// Owns: the table of tracees, the host thread that watches them, attaching, waits of tracees and
// the host's children together. Must not know: how a tracee stops, what requests do with registers.
#pragma once

#include <sys/resource.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "usermode/ptrace/area.hpp"

namespace pydbt::usermode {

class GuestThread;
class Process;

/// What wait4 and waitid ask for, and are told.
struct WaitRequest {
    int idtype;  // P_ALL, P_PID, P_PGID, P_PIDFD
    int id;
    int options;
};
struct WaitResult {
    siginfo_t info{};  // as waitid's
    rusage usage{};
};

class Tracer {
   public:
    struct Entry {
        int tid, pid;
        int thread;  // of ours, that traces; 0: any
        std::shared_ptr<TraceArea> area;
        TraceSlot* slot = nullptr;       // null: it has not answered yet
        uint32_t options = 0, asks = 0;  // for when it has answered
        bool seize = false, noticed = false, reported = false;
    };

    /// The process's; null when there cannot be one. Any thread.
    static Tracer* of(Process& process);
    explicit Tracer(Process& process);
    ~Tracer();
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    /// PTRACE_ATTACH, PTRACE_SEIZE.
    int64_t attach(GuestThread& self, int tid, bool seize, uint32_t options);
    /// A child has called PTRACE_TRACEME.
    void take_child(int pid);
    /// Whether a process is run by this launcher.
    static bool runs_guests(int pid);

    using Lock = std::unique_lock<std::mutex>;
    [[nodiscard]] Lock lock() { return Lock(mutex_); }
    /// With the lock. A tracee of this thread, or null.
    Entry* find(GuestThread& self, int tid);
    /// With the lock: goes on. One that is detached is in the table no more.
    void resume(Entry& entry, TraceResume how, int signal);
    /// With the lock: the tracee looks at what it is asked.
    void ask(Entry& entry, uint32_t what);
    /// With the lock: memory of a process has been written.
    void changed(int pid, uint64_t begin, uint64_t end);

    /// wait4(2) and waitid(2): the id, 0, or a negated errno.
    int64_t wait(GuestThread& self, const WaitRequest& request, WaitResult& result);

    /// The process ends, or a thread does: its tracees are let go, or killed.
    void release(int thread);
    /// Files of tracees' memory.
    void opened_memory(int fd, int pid);
    void wrote_memory(int fd, uint64_t begin, uint64_t bytes);
    std::atomic<bool> has_files = false;
    int epoll_fd() const { return epoll_fd_; }
    int wake_fd() const { return wake_fd_; }

   private:
    struct Watched {
        int pid, fd;  // a pidfd
    };
    struct File {
        int fd, pid;
    };
    void watch_event_fd(int fd) const;
    static void* watch_main(void* data);
    void watch();
    void refresh();
    bool connect(Entry& entry);
    void adopt_slots(const std::shared_ptr<TraceArea>& area);
    void add(int tid, int pid, int thread, const std::shared_ptr<TraceArea>& area, TraceSlot* slot);
    void watch_process(int pid);
    void process_ended(int pid);
    void notice(Entry& entry);
    void wake();
    void forget(int pid);
    bool matches(const Entry& entry, const GuestThread& self, const WaitRequest& request) const;
    bool take(GuestThread& self, const WaitRequest& request, WaitResult& result, bool& any);
    int64_t wait_on_host(GuestThread& self, const WaitRequest& request, int options, bool blocking,
                         WaitResult& result);
    int64_t sleep(GuestThread& self, const WaitRequest& request, bool children, uint32_t ticket,
                  WaitResult& result);

    Process& process_;
    std::mutex mutex_;
    std::vector<Entry> entries_;
    std::vector<std::shared_ptr<TraceArea>> areas_;
    std::vector<Watched> watched_;
    std::vector<int> waiters_;  // threads in a wait of the host's
    std::vector<File> files_;
    std::atomic<uint32_t> changes_ = 0;  // a futex
    int epoll_fd_ = -1, wake_fd_ = -1;
};

}  // namespace pydbt::usermode
