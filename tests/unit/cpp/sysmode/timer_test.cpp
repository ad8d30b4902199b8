// The machine's clock, alarms, and the generic timer on them.
#include "sysmode/devices/timer.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::sysmode;

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kFrequency = 62'500'000;

class Input : public LineTarget {
   public:
    void set_input(uint32_t input, bool on) override {
        level[input] = on;
        if (on) raised[input]++;
    }
    std::atomic<bool> level[2]{};
    std::atomic<int> raised[2]{};
};

// Waits long enough for any machine; what does not come fails the test.
template <typename F>
bool comes(F condition) {
    for (int n = 0; n < 20000; n++) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

struct Timers {
    Input input;
    Clock clock;
    GenericTimer timer{clock, kFrequency, Line(input, 0), Line(input, 1)};
};

TEST(a_stopped_clock_stands) {
    Clock clock;
    CHECK_EQ(clock.ns(), 0u);
    clock.go();
    CHECK(comes([&] { return clock.ns() > 2 * kMillisecond; }));
    clock.stop();
    uint64_t then = clock.ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK_EQ(clock.ns(), then);
    clock.go();
    CHECK(clock.ns() < then + 1000 * kMillisecond);
}

TEST(alarms_ring_once_and_in_order) {
    Clock clock;
    std::atomic<int> first{0}, second{0}, third{0};
    Alarm a(clock, [&] { first = 1 + second; });
    Alarm b(clock, [&] { second = 1 + first; });
    Alarm c(clock, [&] { third++; });
    c.set(3 * kMillisecond);
    b.set(2 * kMillisecond);
    a.set(1 * kMillisecond);
    c.cancel();
    clock.go();
    CHECK(comes([&] { return second != 0; }));
    CHECK_EQ(first.load(), 1);
    CHECK_EQ(second.load(), 2);
    c.set(0);
    CHECK(comes([&] { return third == 1; }));
}

TEST(an_alarm_may_set_itself) {
    Clock clock;
    std::atomic<int> count{0};
    Alarm* self = nullptr;
    Alarm alarm(clock, [&] {
        if (++count < 5) self->set(clock.ns() + 1000);
    });
    self = &alarm;
    clock.go();
    alarm.set(1);
    CHECK(comes([&] { return count == 5; }));
}

TEST(the_condition_raises_the_line) {
    Timers t;
    t.timer.set_cval(TimerKind::virtual_, kFrequency / 1000);
    t.timer.set_ctl(TimerKind::virtual_, 1);
    CHECK_EQ(t.timer.ctl(TimerKind::virtual_), 1u);
    CHECK(!t.input.level[1]);
    t.clock.go();
    CHECK(comes([&] { return t.input.level[1].load(); }));
    CHECK_EQ(t.timer.ctl(TimerKind::virtual_), 5u);
    CHECK(t.timer.count(TimerKind::virtual_) >= kFrequency / 1000);
    t.timer.set_ctl(TimerKind::virtual_, 3);  // masked: the status stays
    CHECK(!t.input.level[1]);
    CHECK_EQ(t.timer.ctl(TimerKind::virtual_), 7u);
    t.timer.set_ctl(TimerKind::virtual_, 0);
    CHECK_EQ(t.timer.ctl(TimerKind::virtual_), 0u);
    CHECK_EQ(t.input.raised[0].load(), 0);
}

TEST(timer_values_are_signed_distances) {
    Timers t;
    t.timer.set_tval(TimerKind::physical, 1000);
    CHECK_EQ(t.timer.cval(TimerKind::physical), 1000u);
    CHECK_EQ(t.timer.tval(TimerKind::physical), 1000u);
    t.timer.set_ctl(TimerKind::physical, 1);
    CHECK(!t.input.level[0]);
    t.timer.set_tval(TimerKind::physical, 0xffff'fffe);  // two ticks before 0
    CHECK_EQ(t.timer.cval(TimerKind::physical), ~uint64_t{0} - 1);
    CHECK(!t.input.level[0]);
    t.timer.set_tval(TimerKind::physical, 0);
    CHECK(t.input.level[0].load());
    t.timer.reset();
    CHECK(!t.input.level[0]);
}

TEST(the_offset_is_of_the_virtual_counter) {
    Timers t;
    t.timer.set_offset(uint64_t{0} - 500);
    CHECK_EQ(t.timer.count(TimerKind::physical), 0u);
    CHECK_EQ(t.timer.count(TimerKind::virtual_), 500u);
    t.timer.set_ctl(TimerKind::virtual_, 1);
    CHECK(t.input.level[1].load());
    t.timer.set_cval(TimerKind::virtual_, 501);
    CHECK(!t.input.level[1]);
    t.timer.set_offset(uint64_t{0} - 501);
    CHECK(t.input.level[1].load());
}

TEST(the_event_stream_has_a_period) {
    Timers t;
    CHECK_EQ(t.timer.event_period(), 0u);
    t.timer.set_cntkctl(12 << 4 | 1 << 2);  // bit 12 of 62.5 MHz
    CHECK_EQ(t.timer.event_period(), 8192u * 16);
    t.timer.set_cntkctl(uint64_t{1} << 17 | 4 << 4 | 1 << 2);
    CHECK_EQ(t.timer.event_period(), 8192u * 16);
}

}  // namespace
