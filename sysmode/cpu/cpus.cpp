#include "sysmode/cpu/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace pydbt::sysmode {
namespace {

// The thread that runs on this host thread, whose CPU the engine asks for.
Vcpu& running() { return *static_cast<Vcpu*>(runtime::Engine::current()->user); }

struct sigaction g_before[NSIG];

// Host faults of translated code are the engine's; any other is whose it was.
void on_fault(int signal, siginfo_t* info, void* context) {
    if (runtime::Engine::handle_host_fault(signal, info, context)) return;
    sigaction(signal, &g_before[signal], nullptr);
}

void install_handlers() {
    static bool done = [] {
        struct sigaction action{};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
            sigaction(signal, &action, &g_before[signal]);
        }
        return true;
    }();
    static_cast<void>(done);
}

}  // namespace

Cpus::Cpus(Bus& bus, const CpusOptions& options) : bus_(bus), identity_(options.model) {
    identity_.set_gic_registers(options.gic_registers);
}

Cpus::~Cpus() {
    for (auto& cpu : cpus_) cpu->stop();
    bus_.set_code_watcher(nullptr);
}

std::unique_ptr<Cpus> Cpus::create(Bus& bus, const CpusOptions& options, std::string& error) {
    std::unique_ptr<Cpus> cpus(new Cpus(bus, options));
    runtime::Options engine;
    engine.tier = options.tier;
    engine.features = cpus->identity_.features();
    engine.host = x64::HostFeatures::detect();
    engine.log = options.log;
    engine.memory = cpus.get();
    cpus->engine_ = runtime::Engine::create(*cpus, engine, error);
    if (cpus->engine_ == nullptr) return nullptr;
    for (unsigned n = 0; n < options.count; n++) {
        auto thread = cpus->engine_->create_thread();
        if (thread == nullptr) {
            error = "out of memory for a CPU";
            return nullptr;
        }
        cpus->cpus_.push_back(std::make_unique<Vcpu>(*cpus, n, std::move(thread)));
    }
    if (options.count > 1) cpus->engine_->share_memory();
    if (cpus->identity_.features().has(a64::Feature::BTI)) cpus->engine_->guard_branches();
    bus.set_code_watcher(cpus.get());
    install_handlers();
    return cpus;
}

// The caller serves what others ask of it meanwhile: two CPUs may wait for each other.
void Cpus::invalidate_others(Vcpu& from, const Invalidation& what) {
    for (auto& cpu : cpus_) {
        if (cpu.get() != &from) cpu->request_invalidation(what);
    }
    for (auto& cpu : cpus_) {
        if (cpu.get() == &from) continue;
        while (!cpu->has_served()) {
            from.serve_invalidations();
            sched_yield();
        }
    }
}

void Cpus::send_event() {
    for (auto& cpu : cpus_) cpu->event();
}

void Cpus::add_breakpoint(uint64_t pc) {
    std::lock_guard lock(breakpoints_mutex_);
    if (breakpoints_[pc]++ == 0) engine_->set_breakpoint(pc);
}
void Cpus::remove_breakpoint(uint64_t pc) {
    std::lock_guard lock(breakpoints_mutex_);
    if (--breakpoints_[pc] != 0) return;
    breakpoints_.erase(pc);
    engine_->clear_breakpoint(pc);
}

size_t Cpus::fetch(uint64_t place, std::span<uint32_t> words) {
    uint64_t left = (~place & 0xfff) + 1;
    size_t count = std::min<size_t>(words.size(), left / 4);
    const std::byte* code = bus_.ram(place, count * 4);
    if (code == nullptr) return 0;
    std::memcpy(words.data(), code, count * 4);
    return count;
}

bool Cpus::guarded(uint64_t pc) { return running().guarded(pc); }
runtime::CodePlace Cpus::place(base::CpuState&, uint64_t pc) { return running().place(pc); }

// MRS and MSR of what translated code does not know leave it instead (a64/lift_privileged.cpp).
uint64_t Cpus::read_sysreg(base::CpuState&, uint32_t, bool& undefined) {
    undefined = true;
    return 0;
}
void Cpus::write_sysreg(base::CpuState&, uint32_t, uint64_t, bool& undefined) { undefined = true; }

uint64_t Cpus::reach(base::CpuState&, const ir::Access& access) { return running().reach(access); }
bool Cpus::load(base::CpuState&, const ir::Access& access, base::V128& value) {
    return running().load(access, value);
}
bool Cpus::store(base::CpuState&, const ir::Access& access, const base::V128& value) {
    return running().store(access, value);
}
void Cpus::misaligned(base::CpuState&, const ir::Access& access) { running().misaligned(access); }

}  // namespace pydbt::sysmode
