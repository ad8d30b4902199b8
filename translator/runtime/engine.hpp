// The engine: translates guest code, keeps the translations, runs guest threads in them.
//
// Owns: the public face of the runtime (Engine, Thread, Exit, Options, Stats). Must not know:
// syscalls, guest signals, ELF files, devices; those are the caller's, between two calls of run().
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "translator/a64/features.hpp"
#include "translator/base/state.gen.hpp"
#include "translator/ir/interpreter.hpp"
#include "translator/runtime/environment.hpp"
#include "translator/runtime/log.hpp"
#include "translator/x64/host_features.hpp"

namespace pydbt::runtime {

/// Why run() came back. For `svc` and `wait` CpuState::pc is the NEXT instruction, for the others
/// the instruction itself (it has not changed any guest state).
enum class ExitReason : uint32_t {
    none,
    svc,              // SVC; imm = its immediate
    brk,              // BRK; imm = its immediate
    undefined,        // UNDEFINED at this exception level; imm = the instruction word
    hlt,              // HLT; imm = its immediate
    pc_alignment,     // a branch to an address that is no multiple of 4
    fetch_fault,      // no executable memory at pc
    wait,             // WFI or WFE; imm = the hint's number
    memory_fault,     // a load or store; address, write and host_code tell
    alignment_fault,  // an access that must be aligned was not; address and write tell
    interrupted,      // request_exit() was called
    internal_error,   // a defect of ours (a host fault at an unknown place); host_pc tells
    authentication,   // FEAT_FPAC: a pointer with the wrong code
    branch_target,    // FEAT_BTI: pc, in a guarded page, does not allow CpuState::btype
    breakpoint,       // set_breakpoint()'s, before the instruction
    watchpoint,       // set_watches()'s, before the access; imm = the watch's index
    stepped,          // step() has done its instruction; pc is the next
    tag_check,        // FEAT_MTE: address has another tag than its memory; write tells
    tag_checked,      // the same of an instruction before pc; no address
};

struct Exit {
    ExitReason reason = ExitReason::none;
    uint32_t imm = 0;
    uint64_t address = 0;  // guest address of the fault
    bool write = false;
    int host_signal = 0;  // for faults: the host's signal and si_code
    int host_code = 0;
    uint64_t host_pc = 0;
};

struct Options {
    int tier = 1;  // 0: the IR interpreter, 1: block translation
    a64::Features features{};
    x64::HostFeatures host{};
    size_t cache_bytes = size_t{256} << 20;  // address space; memory is used as it fills
    uint32_t max_block_insns = 64;
    unsigned most_registers = 16;  // see x64::Tier1; for tests
    bool check_sp = false;         // user mode: SP must be aligned where it is a base
    bool times = false;            // Stats::translate_ns is wanted: two clocks a block
    Log* log = nullptr;            // not owned; outlives the engine
    // System mode: what guest addresses mean; not owned. Null: they are the host's.
    ir::Memory* memory = nullptr;
};

struct Stats {
    uint64_t guest_insns_translated = 0;
    uint64_t host_bytes = 0;
    uint64_t blocks = 0;
    uint64_t translate_ns = 0;
    uint64_t flushes = 0;
    uint64_t invalidations = 0;
};

class EngineImpl;
class ThreadImpl;

/// One guest thread's CPU. Only the host thread that runs it may touch state().
class Thread {
   public:
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;
    base::CpuState& state();

    /// For the caller's use (user mode hangs its own thread object here).
    void* user = nullptr;

   private:
    friend class Engine;
    friend class EngineImpl;
    explicit Thread(std::unique_ptr<ThreadImpl> impl);
    std::unique_ptr<ThreadImpl> impl_;
};

/// Thread-safe but for what is said otherwise. At most one engine a process (the host fault handler
/// finds it by the running thread).
class Engine {
   public:
    /// Null and a sentence in `error` when the host cannot (no AVX2/BMI2, no memory).
    static std::unique_ptr<Engine> create(Environment& environment, const Options& options,
                                          std::string& error);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// A new guest thread with all registers zero. Null when out of memory.
    std::unique_ptr<Thread> create_thread();

    /// Runs the thread on the calling host thread until something is for the caller to do.
    Exit run(Thread& thread);

    /// The same for one instruction at most: `stepped`, or why it could not be done. Signals that
    /// wait come first, as `interrupted`.
    /// `over`: breakpoints and watches are not for this thread.
    Exit step(Thread& thread, bool over = false);

    /// Breakpoints are a property of translations: guest memory is not touched. A thread that is
    /// inside a block of that address may finish it.
    void set_breakpoint(uint64_t pc);
    void clear_breakpoint(uint64_t pc);

    /// Replaces all watches. While there are any, code is interpreted. No thread runs code
    /// meanwhile.
    void set_watches(std::vector<ir::Watch> watches);

    /// Drops the translations of guest addresses [begin, end). The calling thread will not run
    /// stale code afterwards; other threads may finish the block they are in. From a helper that
    /// translated code calls, it happens when the block is left, which must follow.
    void invalidate(uint64_t begin, uint64_t end);

    /// From now on somebody else may look at the guest's memory: a second thread, a process.
    void share_memory();

    /// From now on branches into guarded pages are looked at: the environment has some.
    void guard_branches();

    /// Drops every translation.
    void flush();

    /// System mode: the guest addresses [first, last] mean something else from now on where
    /// CpuState::tlb is `tlb`. By the thread's own host thread, outside of run().
    void forget_code(Thread& thread, uint64_t tlb, uint64_t first, uint64_t last);

    /// Makes run() of this thread return `interrupted` at its next back edge or indirect branch.
    /// Async-signal-safe, any thread.
    static void request_exit(Thread& thread);

    /// Whether a thread is in translated code, where its state is not whole. Any thread.
    static bool in_code(const Thread& thread);

    /// From the caller's SIGSEGV/SIGBUS/SIGILL/SIGFPE handler, on an alternate stack. True: the
    /// fault was in guest code and the context now leads back to run(); just return.
    static bool handle_host_fault(int signal, siginfo_t* info, void* ucontext);

    /// The thread the calling host thread is inside run() with, or null. Async-signal-safe.
    static Thread* current();

    /// Around fork(): call prepare_fork() before; then after_fork(child) on both sides. The child
    /// gets its own copy of the code cache at the same addresses; false = it could not be made
    /// (the child must exit). `self` is the thread that forks, the only one in the child.
    bool prepare_fork();
    bool after_fork(bool child, Thread& self);

    Stats stats() const;

   private:
    explicit Engine(std::unique_ptr<EngineImpl> impl);
    std::unique_ptr<EngineImpl> impl_;
};

}  // namespace pydbt::runtime
