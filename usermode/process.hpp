// The guest process and its threads, as user mode sees them.
//
// Owns: Process (one a process), GuestThread (one a guest thread) and how they start, run and end.
// Must not know: what a syscall does, how images are loaded.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "translator/runtime/engine.hpp"
#include "usermode/memory/address_space.hpp"
#include "usermode/signals/signals.hpp"

namespace pydbt::usermode {

struct LauncherOptions;
class Process;

/// Moves a descriptor of ours away from the low numbers, which a guest expects for its own files.
int private_descriptor(int fd);

/// One guest thread. Only its own host thread touches it, signal handlers of that thread included.
class GuestThread {
   public:
    GuestThread(Process& process_in, std::unique_ptr<runtime::Thread> cpu_in)
        : process(process_in), cpu(std::move(cpu_in)) {
        cpu->user = this;
    }

    base::CpuState& state() { return cpu->state(); }
    /// The thread of the calling host thread. Async-signal-safe.
    static GuestThread* current();
    static void set_current(GuestThread* thread);

    Process& process;
    std::unique_ptr<runtime::Thread> cpu;
    SignalState signals;
    uint64_t clear_child_tid = 0;  // guest address; 0: none
    bool exiting = false;          // exit(2) was called
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
    SignalActions actions;
    std::unique_ptr<runtime::Log> log;
    std::FILE* log_file = stderr;
    std::unique_ptr<runtime::Engine> engine;
    std::unique_ptr<GuestThread> main_thread;  // of the host thread that main() runs in
    GuestThread* leader = nullptr;  // the first thread: after a fork, the one that forked
    int leader_status = 0;          // of its exit(2), which is the process's
    std::string program;            // path of the guest's executable, absolute
    uint64_t trampoline = 0;        // guest code that calls rt_sigreturn
    std::atomic<int> threads = 1;
    std::atomic<bool> tagged_addresses = false;  // PR_TAGGED_ADDR_ENABLE

   private:
    void serve(GuestThread& thread, const runtime::Exit& exit);
    void fetch_fault(GuestThread& thread, const runtime::Exit& exit);
    bool map_trampoline();
    std::atomic<bool> finished_ = false;
};

}  // namespace pydbt::usermode
