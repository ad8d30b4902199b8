// The CPUs of a machine: one engine, and what they share.
//
// Owns: the engine, its Environment and Memory (which pass on to the CPU that runs), TLBI and
// changes of code that reach every CPU. Must not know: what one CPU does with them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sysmode/bus/bus.hpp"
#include "sysmode/cpu/identity.hpp"
#include "sysmode/cpu/vcpu.hpp"
#include "translator/runtime/engine.hpp"
#include "translator/runtime/environment.hpp"

namespace pydbt::sysmode {

struct CpusOptions {
    a64::Cpu model;
    unsigned count = 1;
    int tier = 1;
    bool gic_registers = false;  // GICv3: its CPU interface is system registers
    runtime::Log* log = nullptr;
};

class Cpus final : public runtime::Environment, public ir::Memory, public CodeWatcher {
   public:
    /// Null and a sentence when the host cannot. The bus must have its map.
    static std::unique_ptr<Cpus> create(Bus& bus, const CpusOptions& options, std::string& error);
    ~Cpus() override;

    unsigned count() const { return static_cast<unsigned>(cpus_.size()); }
    Vcpu& cpu(unsigned n) { return *cpus_[n]; }
    Bus& bus() { return bus_; }
    runtime::Engine& engine() { return *engine_; }
    const Identity& identity() const { return identity_; }

    /// Done on every CPU but `from` when it returns.
    void invalidate_others(Vcpu& from, const Invalidation& what);
    void code_changed(uint64_t pa, uint64_t bytes) { engine_->invalidate(pa, pa + bytes); }
    void all_code_changed() { engine_->flush(); }
    void send_event();
    /// A CPU's own breakpoints; several may have the same.
    void add_breakpoint(uint64_t pc);
    void remove_breakpoint(uint64_t pc);

    // CodeWatcher
    void written(uint64_t pa, uint64_t size) noexcept override { code_changed(pa, size); }

    // Environment
    size_t fetch(uint64_t place, std::span<uint32_t> words) override;
    bool guarded(uint64_t pc) override;
    runtime::CodePlace place(base::CpuState& state, uint64_t pc) override;
    uint64_t read_sysreg(base::CpuState& state, uint32_t id, bool& undefined) override;
    void write_sysreg(base::CpuState& state, uint32_t id, uint64_t value, bool& undefined) override;

    // Memory
    uint64_t reach(base::CpuState& state, const ir::Access& access) override;
    bool load(base::CpuState& state, const ir::Access& access, base::V128& value) override;
    bool store(base::CpuState& state, const ir::Access& access, const base::V128& value) override;
    void misaligned(base::CpuState& state, const ir::Access& access) override;

   private:
    Cpus(Bus& bus, const CpusOptions& options);

    Bus& bus_;
    Identity identity_;
    std::unique_ptr<runtime::Engine> engine_;
    std::vector<std::unique_ptr<Vcpu>> cpus_;
    std::mutex breakpoints_mutex_;
    std::map<uint64_t, unsigned> breakpoints_;
};

}  // namespace pydbt::sysmode
