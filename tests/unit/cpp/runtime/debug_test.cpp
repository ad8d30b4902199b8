// Steps, breakpoints and watches of the engine, on both tiers and from one to the other.
#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/unit/cpp/testing.hpp"
#include "translator/runtime/engine.hpp"

namespace {

using namespace pydbt;
using runtime::ExitReason;

constexpr size_t kPage = 4096;

// x0 = a counter, x1 = where to store it, x2 = how often.
constexpr uint32_t kLoop[] = {
    0x91000400,  // add x0, x0, #1
    0x94000004,  // bl to store
    0xf1000442,  // subs x2, x2, #1
    0x54ffffa1,  // b.ne to the first
    0xd4000001,  // svc #0
    0xf9000020,  // store: str x0, [x1]
    0xf9400023,  // ldr x3, [x1]
    0xd65f03c0,  // ret
};

alignas(kPage) uint32_t code[kPage / 4];
uint64_t cell[2];

class World final : public runtime::Environment {
   public:
    explicit World(int tier) {
        std::memcpy(code, kLoop, sizeof kLoop);
        runtime::Options options;
        options.tier = tier;
        options.host = x64::HostFeatures::detect();
        options.cache_bytes = 1 << 20;
        std::string error;
        engine = runtime::Engine::create(*this, options, error);
        REQUIRE(engine != nullptr);
        thread = engine->create_thread();
        base::CpuState& s = state();
        s.x[1] = reinterpret_cast<uint64_t>(cell);
        s.x[2] = 1000;
        s.pc = at(0);
    }
    size_t fetch(uint64_t pc, std::span<uint32_t> words) override {
        size_t count = std::min<size_t>(words.size(), (kPage - pc % kPage) / 4);
        std::memcpy(words.data(), reinterpret_cast<const void*>(pc), count * 4);
        return count;
    }
    uint64_t read_sysreg(base::CpuState&, uint32_t, bool&) override { return 0; }
    void write_sysreg(base::CpuState&, uint32_t, uint64_t, bool&) override {}
    base::CpuState& state() { return thread->state(); }
    static uint64_t at(size_t n) { return reinterpret_cast<uint64_t>(&code[n]); }

    std::unique_ptr<runtime::Engine> engine;
    std::unique_ptr<runtime::Thread> thread;
};

void each_tier(void (*test)(World&)) {
    for (int tier : {0, 1}) {
        World world(tier);
        test(world);
    }
}

TEST(steps) {
    each_tier([](World& w) {
        for (size_t n : {1, 5, 6, 7, 2, 3, 0}) {
            CHECK_EQ(w.engine->step(*w.thread).reason, ExitReason::stepped);
            CHECK_EQ(w.state().pc, World::at(n));
        }
        // Whole blocks go on where steps have ended.
        CHECK_EQ(w.engine->run(*w.thread).reason, ExitReason::svc);
        CHECK_EQ(w.state().x[3], uint64_t{1000});
    });
}

TEST(breakpoints_come_and_go) {
    each_tier([](World& w) {
        uint64_t middle = World::at(6);
        w.state().x[2] = 10;
        CHECK_EQ(w.engine->run(*w.thread).reason, ExitReason::svc);  // translated and linked
        w.state().pc = World::at(0);
        w.state().x[2] = 3;
        w.engine->set_breakpoint(middle);
        for (uint64_t n = 11; n <= 13; n++) {
            CHECK_EQ(w.engine->run(*w.thread).reason, ExitReason::breakpoint);
            CHECK_EQ(w.state().pc, middle);
            CHECK_EQ(w.state().x[0], n);
            CHECK_EQ(cell[0], n);
            // Nobody has gone beyond it.
            CHECK_EQ(w.engine->run(*w.thread).reason, ExitReason::breakpoint);
            CHECK_EQ(w.engine->step(*w.thread).reason, ExitReason::breakpoint);
            w.engine->clear_breakpoint(middle);
            CHECK_EQ(w.engine->step(*w.thread).reason, ExitReason::stepped);
            w.engine->set_breakpoint(middle);
        }
        CHECK_EQ(w.engine->run(*w.thread).reason, ExitReason::svc);
        CHECK_EQ(std::memcmp(code, kLoop, sizeof kLoop), 0);
    });
}

TEST(watches) {
    each_tier([](World& w) {
        auto begin = reinterpret_cast<uint64_t>(cell);
        cell[0] = 77;
        w.state().x[2] = 2;
        w.engine->set_watches({{begin + 8, begin + 16, true, true},
                               {begin + 7, begin + 8, false, true},
                               {begin, begin + 1, true, false}});
        runtime::Exit exit = w.engine->run(*w.thread);
        CHECK_EQ(exit.reason, ExitReason::watchpoint);
        CHECK_EQ(exit.imm, 1u);
        CHECK_EQ(w.state().pc, World::at(5));
        CHECK_EQ(cell[0], uint64_t{77});  // before the access
        w.engine->set_watches({{begin, begin + 1, true, false}});
        exit = w.engine->run(*w.thread);
        CHECK_EQ(exit.reason, ExitReason::watchpoint);
        CHECK_EQ(w.state().pc, World::at(6));
        CHECK_EQ(cell[0], uint64_t{1});
        w.engine->set_watches({});
        CHECK_EQ(w.engine->run(*w.thread).reason, ExitReason::svc);
        CHECK_EQ(w.state().x[3], uint64_t{2});
    });
}

}  // namespace
