// The guest process and its threads, as user mode sees them.
//
// Owns: Process (one a process), GuestThread (one a guest thread) and how they start, run and end.
// Must not know: what a syscall does, how images are loaded.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "translator/runtime/engine.hpp"
#include "usermode/debug/debugger.hpp"
#include "usermode/memory/address_space.hpp"
#include "usermode/ptrace/tracee.hpp"
#include "usermode/ptrace/tracer.hpp"
#include "usermode/signals/signals.hpp"
#include "usermode/syscalls/kept.hpp"
#include "usermode/syscalls/seccomp.hpp"
#include "usermode/vdso.hpp"

namespace pydbt::usermode {

struct LauncherOptions;
class Process;

/// New random keys of pointer authentication: those whose PR_PAC_ bit (IA, IB, DA, DB, GA) is set.
inline constexpr uint64_t kAllPacKeys = 0x1f;
void renew_pac_keys(base::CpuState& state, uint64_t keys);

/// Moves a descriptor of ours away from the low numbers, which a guest expects for its own files.
int private_descriptor(int fd);

/// Takes the C library's robust list of the calling host thread away from the kernel: a guest asks
/// for its own with get_robust_list. We have no robust mutexes.
void forget_robust_list();

/// What the threads of one guest process share besides memory: a process that clone() made with
/// CLONE_VM has a group of its own in the same Process.
struct ThreadGroup {
    std::shared_ptr<SignalActions> actions = std::make_shared<SignalActions>();
    std::atomic<int> threads = 1;
    std::atomic<GuestThread*> dumper = nullptr;  // the process dies by this thread
    GuestThread* leader = nullptr;  // the first thread: after a fork, the one that forked
    int leader_status = 0;          // of its exit(2), which is the process's
    bool borrowed = false;          // its memory is another process's too, which goes on after it
    std::atomic<bool> tagged_addresses = false;  // PR_TAGGED_ADDR_ENABLE
    KeptSettings kept;
    // Of the next three, and of the members' seccomp states and tracees.
    std::mutex members_mutex;
    std::vector<GuestThread*> members;
    SentSignals sent;                  // to the process
    std::shared_ptr<TraceArea> trace;  // of its traced threads; null: none is
};

/// One guest thread. Only its own host thread touches it, signal handlers of that thread included.
class GuestThread {
   public:
    GuestThread(Process& process_in, std::unique_ptr<runtime::Thread> cpu_in,
                std::shared_ptr<ThreadGroup> group_in);
    ~GuestThread();
    GuestThread(const GuestThread&) = delete;
    GuestThread& operator=(const GuestThread&) = delete;

    base::CpuState& state() { return cpu->state(); }
    /// The thread of the calling host thread. Async-signal-safe.
    static GuestThread* current();
    static void set_current(GuestThread* thread);

    Process& process;
    std::unique_ptr<runtime::Thread> cpu;
    std::shared_ptr<ThreadGroup> group;
    SignalState signals;
    uint64_t clear_child_tid = 0;  // guest address; 0: none
    uint64_t robust_list = 0;      // guest address of a robust_list_head; 0: none
    int tid = 0;
    uint64_t tag_control = 0;  // of PR_SET_TAGGED_ADDR_CTRL what is about tags
    SeccompState seccomp;      // another thread may set it: under group->members_mutex
    bool exiting = false;      // exit(2) was called
    int syscall = -1;          // the number of the one it is in, or was when its signal came
    std::atomic<bool> parked = false;  // for good: another thread dumps core
    RandomBytes random;
    // Null when no debugger has it. Others change it with the debugger's lock.
    std::atomic<DebuggedThread*> debugged = nullptr;
    std::unique_ptr<Tracee> tracee;  // null: no guest traces it
    PokeState pokes;
};

class Process final : public runtime::Environment {
   public:
    explicit Process(const LauncherOptions& options_in) : options(options_in) {}

    /// Opens the log file of the options. False and a sentence on failure.
    bool open_log(std::string& error);
    /// Makes the engine and the first thread. False and a sentence on failure.
    bool create(std::string& error);

    size_t fetch(uint64_t pc, std::span<uint32_t> words) override {
        return memory.fetch(pc, words);
    }
    bool has_bti() const;
    bool guarded(uint64_t pc) override;
    bool own(uint64_t pc) override { return memory.in_vdso(pc); }
    uint8_t tag_at(uint64_t address) override { return memory.tag_at(address); }
    void set_tags(uint64_t address, uint64_t granules, uint8_t tag) override {
        memory.set_tags(address, granules, tag);
    }
    runtime::TagFault tag_fault(const base::CpuState& state, uint64_t address, bool write) override;
    uint64_t read_sysreg(base::CpuState& state, uint32_t id, bool& undefined) override;
    void write_sysreg(base::CpuState& state, uint32_t id, uint64_t value, bool& undefined) override;

    /// Runs a thread until it or the process exits; returns only when the thread does.
    void run(GuestThread& thread);
    /// Ends the process with a guest's exit status: statistics and logs first.
    [[noreturn]] void exit(int status);
    /// Prints PYDBT_STATS and flushes logs; once.
    void finish();

    const LauncherOptions& options;
    AddressSpace memory;
    std::unique_ptr<runtime::Log> log;
    std::FILE* log_file = stderr;
    std::unique_ptr<runtime::Engine> engine;
    std::unique_ptr<GuestThread> main_thread;  // of the host thread that main() runs in
    /// What an execve left, or nothing.
    bool take_inherited(int fd, std::string& error);
    int program_fd = -1;  // what execveat ran, to be closed when it is loaded
    /// Keeps a way to this program, for an execve where /proc is not there. Before a chroot.
    void keep_launcher();
    int launcher_fd = -1;
    int waited_fd = -1;  // until it is closed the parent waits: see fork_wait.hpp
    /// What processes traced together share (strace.hpp); -1: none.
    int trace_fd = -1;
    /// Descriptors that a guest must not close, ascending; -1 for one that is not there.
    std::array<int, 11> own_descriptors() const;
    std::string program;      // path of the guest's executable, absolute
    std::string real_prefix;  // -L's folder without links; empty: none
    std::vector<uint64_t> auxv;
    std::unique_ptr<Debugger> debugger;  // null: nobody debugs
    std::unique_ptr<Tracer> tracer;      // null: it traces nobody
    TraceHandover handover;              // of an execve of a tracee's

    /// Does what an exit of the engine asks for.
    void serve(GuestThread& thread, const runtime::Exit& exit);

   private:
    void fetch_fault(GuestThread& thread, const runtime::Exit& exit);
    std::atomic<bool> finished_ = false;
};

}  // namespace pydbt::usermode
