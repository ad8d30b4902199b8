// One CPU of a machine.
//
// Owns: its registers, exceptions, TLB, interrupts, its host thread. Must not know: devices beyond
// the interfaces below, how instructions are translated.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sysmode/bus/bus.hpp"
#include "sysmode/bus/line.hpp"
#include "sysmode/cpu/identity.hpp"
#include "sysmode/cpu/pmu.hpp"
#include "sysmode/cpu/registers.hpp"
#include "sysmode/cpu/syndrome.hpp"
#include "sysmode/devices/icc.hpp"
#include "sysmode/devices/timer.hpp"
#include "sysmode/machines/power.hpp"
#include "sysmode/mmu/tlb.hpp"
#include "translator/ir/memory.hpp"
#include "translator/runtime/engine.hpp"

namespace pydbt::sysmode {

class Cpus;

/// What a CPU is connected to besides the bus; null is not there.
struct CpuConnections {
    GenericTimer* timer = nullptr;
    IccRegisters* icc = nullptr;
    Power* power = nullptr;
    bool psci_by_smc = false;  // else by HVC
};

class Vcpu final : public InterruptSink, private TableMemory, private Tlb::Observer {
   public:
    Vcpu(Cpus& cpus, unsigned number, std::unique_ptr<runtime::Thread> thread);
    ~Vcpu() override;

    void connect(const CpuConnections& connections) { links_ = connections; }

    // --- from outside
    /// To the state of reset at EL1, MMU off, at `entry` with X0; the CPU stands still.
    void reset(uint64_t entry, uint64_t x0);
    /// Makes the host thread, once; the CPU waits for power.
    void start();
    /// Off: it stands still until turned on (PSCI). Any thread.
    void power_on(uint64_t entry, uint64_t x0);
    void power_off();
    bool is_on() const { return on_.load(); }
    /// Asks the CPU to stand still; returns when it does (at once from its own thread).
    void pause();
    void resume();
    /// Ends the host thread.
    void stop();
    /// Runs on the calling thread until it is turned off or stopped: for tests, without start().
    void run();

    void irq(bool level) noexcept override { set_line(kIrq, level); }
    void fiq(bool level) noexcept override { set_line(kFiq, level); }
    /// SEV of another CPU.
    void event();

    /// The state; while the CPU stands still.
    base::CpuState& state() { return thread_->state(); }
    RegisterFile& registers() { return regs_; }
    unsigned number() const { return number_; }
    uint64_t mpidr() const;
    /// As a debugger reads and writes: false where nothing is mapped.
    bool debug_address(uint64_t va, uint64_t& pa);
    uint64_t pstate() const;

    // --- from the engine's thread of this CPU
    runtime::CodePlace place(uint64_t pc);
    bool guarded(uint64_t pc);
    uint64_t reach(const ir::Access& access);
    bool load(const ir::Access& access, base::V128& value);
    bool store(const ir::Access& access, const base::V128& value);
    void misaligned(const ir::Access& access);

    /// TLBI of another CPU: done before this CPU runs on. Any thread.
    void request_invalidation(const Invalidation& what);
    /// Whether all requests so far have been served, or the CPU is where it serves them first.
    bool has_served() const;
    void serve_invalidations();

   private:
    friend class Cpus;
    static constexpr uint32_t kIrq = 1, kFiq = 2;

    // vcpu.cpp: the run loop
    void main();
    bool wait_for_work();
    void turn();
    void handle(const runtime::Exit& exit);
    void wait(uint32_t hint);
    void set_line(uint32_t line, bool level) noexcept;
    void kick() noexcept;
    bool take_interrupt();

    // exceptions.cpp
    bool is_el0() const { return state_->current_el == 0; }
    void enter_el1(uint64_t vector_offset);
    void take(ExceptionClass ec, uint64_t iss, uint64_t return_address);
    void take_at(ExceptionClass ec, uint64_t iss, uint64_t address);
    void take_from_lower(ExceptionClass same_level, uint64_t iss);
    void abort(const Fault& fault, uint64_t address, bool is_code, uint64_t iss);
    void exception_return(uint64_t target);
    void set_stack(bool el0_stack);
    void set_pstate(uint64_t spsr);
    bool is_legal(uint64_t spsr) const;

    // instructions.cpp
    void execute(uint32_t word);
    void undefined();
    void move_register(uint32_t word);
    void set_pstate_field(uint32_t word);
    void system_operation(uint32_t word);
    void cache_operation(uint32_t word, uint32_t id);
    void address_translation(uint32_t id, uint64_t address);
    void invalidate_tlb(uint32_t word, uint32_t id);
    void authenticate_and_return(bool key_b);
    bool conduit(uint32_t word);
    uint64_t x(unsigned n) const { return n == 31 ? 0 : state_->x[n]; }
    void set_x(unsigned n, uint64_t value) {
        if (n != 31) state_->x[n] = value;
    }

    // register_access.cpp
    bool read_register(const RegInfo& row, uint64_t& value);
    bool write_register(const RegInfo& row, uint64_t value);
    uint64_t compute(Reg reg);
    void set_computed(Reg reg, uint64_t value);
    uint64_t* key_half(Reg reg);
    uint64_t cache_size() const;

    // psci.cpp
    uint64_t psci(uint64_t function);

    // translation.cpp
    void update_context();
    void update_translation();
    Fault translate(uint64_t va, const Purpose& purpose, Translation& t);
    Purpose data_purpose(const ir::Access& access, bool write) const;
    uint64_t fail(const Fault& fault, const ir::Access& access, bool write);
    std::byte* reach_page(const ir::Access& access, Translation& t, bool& failed);
    bool transfer(const ir::Access& access, base::V128& value, bool write);
    bool access_physical(uint64_t pa, uint32_t bytes, uint8_t* data, bool write);
    bool read_descriptor(uint64_t pa, uint64_t& value) override;
    bool replace_descriptor(uint64_t pa, uint64_t expected, uint64_t desired) override;
    void dropped(TlbContext& context, uint64_t first, uint64_t last) override;
    void cleared(TlbContext& context) override;

    bool is_sp_misaligned();

    // debug_events.cpp
    bool debugs() const;
    bool steps() const;
    bool step_pending();
    void update_debug();
    void update_watches();
    /// Whether a watchpoint's bytes are in the page of an address.
    bool has_watch(uint64_t address) const;
    /// Whether a watchpoint matches an access of one page; then the exception is set up.
    bool hits_watch(const ir::Access& access, bool write);
    bool matches_breakpoint() const;
    void hit_breakpoint();
    void hit_watchpoint();

    Cpus& cpus_;
    const unsigned number_;
    const Identity& identity_;
    std::unique_ptr<runtime::Thread> thread_;
    base::CpuState* state_;
    CpuConnections links_;

    RegisterFile regs_;
    CycleCounter cycles_;
    bool sp_el1_ = true;  // PSTATE.SP
    bool pan_ = false, uao_ = false, illegal_ = false, single_step_ = false;
    bool os_lock_ = false;
    bool stepped_ = false;
    uint64_t claims_ = 0;
    std::vector<uint64_t> breakpoints_;  // of this CPU, known to the engine
    struct Watchpoint {
        uint64_t first, last;  // bytes
        bool loads, stores, el0, el1;
        bool operator==(const Watchpoint&) const = default;
    };
    std::vector<Watchpoint> watches_;

    Tlb tlb_;
    Regime regime_;
    RegimeRegisters regime_of_;  // what it was made of
    TlbContext* context_ = nullptr;
    bool context_stale_ = true;

    // What a load, store or fetch ran into.
    struct Abort {
        Fault fault;
        uint64_t address = 0;
        bool write = false;
        bool watched = false;  // no fault: a watchpoint
    };
    Abort abort_;

    std::mutex invalidations_mutex_;
    std::vector<Invalidation> invalidations_;
    std::atomic<uint64_t> asked_ = 0, served_ = 0;
    std::atomic<bool> inside_ = false;  // of the engine

    std::thread host_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> on_ = false, paused_ = false, ending_ = false, standing_ = true;
    std::atomic<bool> event_ = false;
};

}  // namespace pydbt::sysmode
