// PL011, PL031 and PL061 as drivers use them.
#include "sysmode/devices/pl011.hpp"
#include "sysmode/devices/pl031.hpp"
#include "sysmode/devices/pl061.hpp"
#include "tests/unit/cpp/sysmode/devices_harness.hpp"

namespace {

using namespace pydbt::sysmode;

constexpr uint64_t kData = 0, kFlags = 0x18, kLineControl = 0x2c, kControl = 0x30, kLevels = 0x34,
                   kMask = 0x38, kRaw = 0x3c, kMasked = 0x40, kClear = 0x44;

struct Uart {
    KeepingChardev host;
    Input input;
    Pl011 device{host, input.line()};
};

TEST(pl011_begins_as_the_manual_says) {
    Uart u;
    CHECK_EQ(get(u.device, kFlags), 0x90u);
    CHECK_EQ(get(u.device, kControl), 0x300u);
    CHECK_EQ(get(u.device, kLevels), 0x12u);
    uint32_t id = 0;
    for (unsigned n = 0; n < 4; n++) {
        id |= static_cast<uint32_t>(get(u.device, 0xfe0 + 4 * n)) << 8 * n;
    }
    CHECK_EQ(id, 0x00141011u);
    CHECK_EQ(get(u.device, 0xffc, 1), 0xb1u);
}

TEST(pl011_sends) {
    Uart u;
    put(u.device, kMask, 1 << 5);
    CHECK(!u.input.level);
    put(u.device, kData, 'h', 1);
    put(u.device, kData, 'i');
    CHECK_EQ(u.host.text, std::string("hi"));
    CHECK(u.input.level.load());
    put(u.device, kClear, 1 << 5);
    CHECK(!u.input.level);
}

TEST(pl011_waits_for_room) {
    Uart u;
    put(u.device, kLineControl, 0x70);
    u.host.room = 1;
    for (char c : std::string("0123456789abcdefXY")) {
        put(u.device, kData, static_cast<uint64_t>(c));
    }
    CHECK_EQ(u.host.text, std::string("0"));
    CHECK_EQ(get(u.device, kFlags), 0x38u);  // full, busy, nothing received
    put(u.device, kClear, 0x7ff);
    u.host.room = 4;
    u.host.sink->writable();
    CHECK_EQ(get(u.device, kRaw), 0u);  // more than half is left
    u.host.room = 100;
    u.host.sink->writable();
    CHECK_EQ(get(u.device, kRaw), 1u << 5);
    CHECK_EQ(u.host.text, std::string("0123456789abcdefX"));
    CHECK_EQ(get(u.device, kFlags), 0x90u);
}

TEST(pl011_receives) {
    Uart u;
    put(u.device, kMask, 1 << 4 | 1 << 6);
    CHECK_EQ(u.host.type("ab"), 1u);  // no FIFO yet
    CHECK(u.input.level.load());
    CHECK_EQ(get(u.device, kMasked), 0x50u);
    CHECK_EQ(get(u.device, kData), uint64_t{'a'});
    CHECK(!u.input.level);
    CHECK_EQ(u.host.resumed, 1);
    put(u.device, kLineControl, 0x10);
    CHECK_EQ(u.host.type("0123456789abcdef!"), 16u);
    CHECK_EQ(get(u.device, kFlags) & 0x50, 0x40u);
    put(u.device, kMask, 1 << 4);
    for (int n = 0; n < 9; n++) get(u.device, kData);
    CHECK(!u.input.level);  // below half
    CHECK_EQ(get(u.device, kRaw), 1u << 6);
    for (int n = 0; n < 7; n++) get(u.device, kData);
    CHECK_EQ(get(u.device, kRaw), 0u);
    CHECK_EQ(get(u.device, kData), 0u);
    CHECK_EQ(u.host.resumed, 2);
}

TEST(pl011_breaks_and_loops_back) {
    Uart u;
    u.host.sink->event(CharEvent::serial_break);
    CHECK_EQ(get(u.device, kRaw) & 1 << 9, 1u << 9);
    CHECK_EQ(get(u.device, kData), 0x400u);
    CHECK_EQ(get(u.device, 4), 4u);
    put(u.device, 4, 0);
    CHECK_EQ(get(u.device, 4), 0u);
    put(u.device, kControl, 0x380 | 1 << 11);
    CHECK_EQ(get(u.device, kFlags) & 7, 1u);
    put(u.device, kData, 'x');
    CHECK_EQ(get(u.device, kData), uint64_t{'x'});
    CHECK_EQ(u.host.text, std::string());
    u.device.reset();
    CHECK_EQ(get(u.device, kControl), 0x300u);
}

TEST(pl031_counts_and_rings) {
    Clock clock;
    Input input;
    int64_t now = 1'000'000'999'000'000;  // a millisecond before the next second
    Pl031 rtc(clock, [&] { return now; }, input.line());
    CHECK_EQ(get(rtc, 0), 1'000'000u);
    CHECK_EQ(get(rtc, 0xfe0), 0x31u);
    put(rtc, 0x08, 5);
    CHECK_EQ(get(rtc, 0), 5u);
    put(rtc, 0x10, 1);
    put(rtc, 0x04, 6);
    CHECK(!input.level);
    now += 2'000'000;
    clock.go();
    CHECK(comes([&] { return input.level.load(); }));
    CHECK_EQ(get(rtc, 0x18), 1u);
    put(rtc, 0x1c, 1);
    CHECK(!input.level);
    rtc.reset();
    CHECK_EQ(get(rtc, 0), 6u);
}

TEST(pl061_senses_edges_and_levels) {
    Input input;
    Pl061 gpio(input.line());
    Line pin = gpio.pin(3);
    put(gpio, 0x408, 8);  // both edges
    put(gpio, 0x410, 8);
    pin.set(true);
    CHECK(input.level.load());
    CHECK_EQ(get(gpio, 0x020), 8u);  // GPIODATA of pin 3
    CHECK_EQ(get(gpio, 0x010), 0u);  // of others
    put(gpio, 0x41c, 8);
    CHECK(!input.level);
    pin.set(false);
    CHECK(input.level.load());
    put(gpio, 0x41c, 8);
    put(gpio, 0x404, 8);  // levels: low ones
    CHECK(input.level.load());
    put(gpio, 0x40c, 8);
    CHECK(!input.level);
    put(gpio, 0x400, 1);
    put(gpio, 0x3fc, 0xff);
    CHECK_EQ(get(gpio, 0x3fc), 1u);
    CHECK_EQ(get(gpio, 0xfe0), 0x61u);
}

TEST(a_key_is_released) {
    Clock clock;
    Input input;
    Key key(clock, input.line());
    clock.go();
    key.press();
    CHECK(input.level.load());
    CHECK(comes([&] { return !input.level; }));
}

}  // namespace
