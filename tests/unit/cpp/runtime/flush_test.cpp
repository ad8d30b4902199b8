// A code cache that is full while other threads change code: nobody waits for ever.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/unit/cpp/testing.hpp"
#include "translator/runtime/engine.hpp"

namespace {

using namespace pydbt;

constexpr size_t kPage = 4096;
constexpr unsigned kThreads = 4, kSeconds = 120;

// Calls a function that it has just declared changed, x0 times.
constexpr uint32_t kCaller[] = {
    0xd50b7521,  // ic ivau, x1
    0xd63f0020,  // blr x1
    0xf1000400,  // subs x0, x0, #1
    0x54ffffa1,  // b.ne to the first
    0xd4000001,  // svc #0
};
constexpr uint32_t kFunction[] = {0x91000442, 0xd65f03c0};  // add x2, x2, #1; ret

alignas(kPage) uint32_t code[kThreads][2][kPage / 4];

class World final : public runtime::Environment {
   public:
    size_t fetch(uint64_t pc, std::span<uint32_t> words) override {
        size_t count = std::min<size_t>(words.size(), (kPage - pc % kPage) / 4);
        std::memcpy(words.data(), reinterpret_cast<const void*>(pc), count * 4);
        return count;
    }
    uint64_t read_sysreg(base::CpuState&, uint32_t, bool&) override { return 0; }
    void write_sysreg(base::CpuState&, uint32_t, uint64_t value, bool&) override {
        engine->invalidate(value, value + 4);
    }
    std::unique_ptr<runtime::Engine> engine;
};

void run_caller(runtime::Engine& engine, unsigned n, uint64_t turns) {
    std::unique_ptr<runtime::Thread> thread = engine.create_thread();
    std::memcpy(code[n][0], kCaller, sizeof kCaller);
    std::memcpy(code[n][1], kFunction, sizeof kFunction);
    base::CpuState& state = thread->state();
    state.x[0] = turns;
    state.x[1] = reinterpret_cast<uint64_t>(code[n][1]);
    state.pc = reinterpret_cast<uint64_t>(code[n][0]);
    runtime::Exit exit = engine.run(*thread);
    CHECK_EQ(exit.reason, runtime::ExitReason::svc);
    CHECK_EQ(state.x[2], turns);
}

void churn(int tier, uint64_t turns) {
    World world;
    std::string error;
    runtime::Options options;
    options.tier = tier;
    options.host = x64::HostFeatures::detect();
    options.cache_bytes = 32 * 1024;
    world.engine = runtime::Engine::create(world, options, error);
    REQUIRE(world.engine != nullptr);
    alarm(kSeconds);  // it used to hang
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < kThreads; n++) {
        threads.emplace_back(run_caller, std::ref(*world.engine), n, turns);
    }
    for (std::thread& thread : threads) thread.join();
    alarm(0);
    runtime::Stats stats = world.engine->stats();
    CHECK_EQ(stats.invalidations > turns, true);
    if (tier != 0) CHECK_EQ(stats.flushes > 0, true);
}

TEST(translated_code_changes_while_others_flush) { churn(1, 100000); }
TEST(interpreted_code_changes) { churn(0, 10000); }

}  // namespace
