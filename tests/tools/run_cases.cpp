// Runs many small guest programs in one process, for the differential tests.
//
// Owns: running a case on the engine. Must not know: where cases come from or what the results are
// compared with.
//
//   run_cases --tier=interp|1 [--cpu=MODEL] [--host-features=LIST] [--registers=N] [--tags] < cases
//   > results
//
// With --tags every access's tag is checked (FEAT_MTE), and none that differs is a fault: the
// results are those without.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/tools/case_format.hpp"
#include "translator/a64/cpu.hpp"
#include "translator/base/tags.hpp"
#include "translator/runtime/engine.hpp"
#include "translator/runtime/helpers.hpp"

namespace {

using namespace pydbt;

using namespace pydbt::cases;

constexpr uint32_t kEndImm = kEnd >> 5 & 0xffff;

Outcome outcome_of(const runtime::Exit& exit) {
    switch (exit.reason) {
        case runtime::ExitReason::brk: return exit.imm == kEndImm ? Outcome::end : Outcome::other;
        case runtime::ExitReason::undefined:
        case runtime::ExitReason::hlt:  // UNDEFINED where halting debug is off (Arm ARM, HLT)
            return Outcome::undefined;
        case runtime::ExitReason::memory_fault: return Outcome::memory_fault;
        case runtime::ExitReason::alignment_fault: return Outcome::alignment_fault;
        case runtime::ExitReason::fetch_fault:
        case runtime::ExitReason::pc_alignment: return Outcome::fetch_fault;
        default: return Outcome::other;
    }
}

uint32_t to_host_flags(uint64_t nzcv) {
    auto bit = [&](unsigned from, unsigned to) {
        return static_cast<uint32_t>(nzcv >> from & 1) << to;
    };
    return bit(31, 15) | bit(30, 14) | bit(29, 8) | bit(28, 0);
}

uint64_t to_arm_flags(uint32_t flags) {
    auto bit = [&](unsigned from, unsigned to) { return uint64_t{flags >> from & 1} << to; };
    return bit(15, 31) | bit(14, 30) | bit(8, 29) | bit(0, 28);
}

class Slots final : public runtime::Environment {
   public:
    size_t fetch(uint64_t pc, std::span<uint32_t> words) override {
        if (pc - kCode >= kCodeBytes) return 0;
        uint64_t end = (pc | (kPage - 1)) + 1;
        size_t n = std::min<size_t>(words.size(), (end - pc) / 4);
        std::memcpy(words.data(), reinterpret_cast<const void*>(pc), n * 4);
        return n;
    }
    runtime::TagFault tag_fault(const base::CpuState&, uint64_t, bool) override {
        return runtime::TagFault::none;
    }
    uint64_t read_sysreg(base::CpuState&, uint32_t, bool& undefined) override {
        undefined = true;
        return 0;
    }
    void write_sysreg(base::CpuState&, uint32_t, uint64_t, bool& undefined) override {
        undefined = true;
    }
};

[[noreturn]] void fail(const std::string& message) {
    std::fprintf(stderr, "run_cases: %s\n", message.c_str());
    std::exit(2);
}

void map_fixed(uint64_t address, size_t bytes) {
    void* at = reinterpret_cast<void*>(address);
    void* got = mmap(at, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != at) fail("cannot map guest memory");
}

void on_fault(int signal, siginfo_t* info, void* context) {
    if (runtime::Engine::handle_host_fault(signal, info, context)) return;
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void catch_faults() {
    static uint8_t stack[64 * 1024];
    stack_t alternate{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
    sigaltstack(&alternate, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) sigaction(signal, &action, nullptr);
}

// Tags of the data page, each of which some accesses have; none elsewhere.
uint8_t* make_tags() {
    void* at = mmap(nullptr, base::kTagStorageBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) fail("cannot reserve memory for tags");
    auto* tags = static_cast<uint8_t*>(at);
    for (size_t n = 0; n < kPage >> base::kGranuleShift; n++) {
        tags[base::tag_index(kData) + n] = n % 5 == 0 ? n & 15 : 0;
    }
    return tags;
}

class Runner {
   public:
    Runner(const runtime::Options& options, bool tags) {
        std::string error;
        engine_ = runtime::Engine::create(slots_, options, error);
        if (!engine_) fail(error);
        thread_ = engine_->create_thread();
        if (!thread_) fail("out of memory");
        map_fixed(kCode, kCodeBytes);
        map_fixed(kData, kPage);
        if (!tags) return;
        thread_->state().tags = reinterpret_cast<uint64_t>(make_tags());
        thread_->state().tag_check = base::kTagCheckSync;
    }

    void run(const Case& c, Result& r) {
        if (c.count > kMostWords) fail("a case has too many words");
        uint64_t pc = next_slot();
        std::memcpy(reinterpret_cast<void*>(pc), c.words, c.count * 4);
        std::memcpy(reinterpret_cast<void*>(pc + c.count * 4), &kEnd, 4);
        auto* page = reinterpret_cast<uint8_t*>(kData);
        std::memset(page, 0, kPage);
        std::memcpy(page + kWindow, c.memory, kWindowBytes);
        load(c.registers, pc);
        runtime::Exit exit;
        do {
            exit = engine_->run(*thread_);
        } while (exit.reason == runtime::ExitReason::wait);
        r = {};
        r.outcome = outcome_of(exit);
        r.detail = static_cast<uint32_t>(exit.reason) << 16 | (exit.imm & 0xffff);
        save(r.registers, pc);
        std::memcpy(r.memory, page + kWindow, kWindowBytes);
        r.outside = zero_outside(page) ? 0 : 1;
    }

   private:
    uint64_t next_slot() {
        if (used_ == kCodeBytes) {
            engine_->flush();
            used_ = 0;
        }
        uint64_t pc = kCode + used_;
        used_ += kSlotBytes;
        return pc;
    }

    void load(const Registers& from, uint64_t pc) {
        base::CpuState& s = thread_->state();
        std::memcpy(s.x, from.x, sizeof s.x);
        s.sp = from.x[31];
        s.pc = pc;
        static_assert(std::size(base::CpuState{}.pac_keys) == kPacKeys);
        for (size_t n = 0; n < kPacKeys; n++) s.pac_keys[n] = {from.x[2 * n], from.x[2 * n + 1]};
        s.tpidr_el0 = s.dit = s.ssbs = s.tco = 0;
        s.excl_addr = ~uint64_t{0};
        s.excl_size = 0;
        s.nzcv = to_host_flags(from.nzcv);
        runtime::write_fpcr(s, static_cast<uint32_t>(from.fpcr));
        runtime::write_fpsr(s, static_cast<uint32_t>(from.fpsr));
        std::memcpy(s.v, from.v, sizeof from.v);
    }

    void save(Registers& to, uint64_t pc) {
        base::CpuState& s = thread_->state();
        std::memcpy(to.x, s.x, sizeof s.x);
        to.x[31] = s.sp;
        to.pc = s.pc - pc;
        to.nzcv = to_arm_flags(s.nzcv);
        to.fpcr = s.fpcr;
        to.fpsr = runtime::read_fpsr(s);
        std::memcpy(to.v, s.v, sizeof to.v);
    }

    Slots slots_;
    std::unique_ptr<runtime::Engine> engine_;
    std::unique_ptr<runtime::Thread> thread_;
    size_t used_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    constexpr std::string_view kHostFeatures = "--host-features=", kCpu = "--cpu=";
    runtime::Options options;
    a64::Cpu cpu;
    bool tags = false;
    options.host = x64::HostFeatures::detect();
    for (int i = 1; i < argc; i++) {
        std::string argument = argv[i];
        if (argument == "--tier=interp") {
            options.tier = 0;
        } else if (argument == "--tier=1") {
            options.tier = 1;
        } else if (argument == "--tags") {
            tags = true;
        } else if (argument.rfind("--registers=", 0) == 0) {
            options.most_registers = static_cast<unsigned>(std::stoi(argument.substr(12)));
        } else if (argument.starts_with(kCpu)) {
            a64::CpuError error;
            if (!cpu.select(argument.substr(kCpu.size()), error)) fail(error.message);
        } else if (argument.starts_with(kHostFeatures)) {
            std::string error;
            if (!options.host.cap(argument.substr(kHostFeatures.size()), error)) fail(error);
        } else {
            fail("unknown argument " + argument);
        }
    }
    options.features = cpu.features();
    catch_faults();
    Runner runner(options, tags);
    auto c = std::make_unique<Case>();
    auto r = std::make_unique<Result>();
    while (std::fread(c.get(), sizeof *c, 1, stdin) == 1) {
        runner.run(*c, *r);
        if (std::fwrite(r.get(), sizeof *r, 1, stdout) != 1) return 1;
    }
    std::fflush(stdout);
    return 0;
}
