// Virtqueues, the MMIO transport, and the devices without a back end: random numbers, balloon.
#include "sysmode/virtio/balloon.hpp"
#include "sysmode/virtio/rng.hpp"
#include "tests/unit/cpp/sysmode/virtio_driver.hpp"

namespace {

using namespace pydbt::sysmode;

struct Rng {
    explicit Rng(uint64_t features = kVersion1) { driver.start(device, features, 1); }
    VirtioDriver driver;
    VirtioRng device{driver.bus, "rng"};
};

TEST(an_empty_place_says_so) {
    VirtioMmio empty;
    CHECK_EQ(get(empty, 0), 0x74726976u);
    CHECK_EQ(get(empty, 4), 2u);
    CHECK_EQ(get(empty, 8), 0u);
    put(empty, 0x70, 1);
    CHECK_EQ(get(empty, 0x70), 0u);
    empty.reset();
}

TEST(features_are_negotiated) {
    VirtioDriver driver;
    VirtioRng device(driver.bus, "rng");
    driver.mmio.plug(device, driver.input.line());
    CHECK_EQ(get(driver.mmio, 8), 4u);
    put(driver.mmio, 0x14, 1);
    CHECK_EQ(get(driver.mmio, 0x10), 1u);
    put(driver.mmio, 0x14, 0);
    CHECK_EQ(get(driver.mmio, 0x10), kIndirect | kEventIndex);
    put(driver.mmio, 0x70, 3);
    put(driver.mmio, 0x70, 11);  // not even version 1
    CHECK_EQ(get(driver.mmio, 0x70), 3u);
    put(driver.mmio, 0x24, 1);
    put(driver.mmio, 0x20, 3);  // a feature that is not offered
    put(driver.mmio, 0x70, 11);
    CHECK_EQ(get(driver.mmio, 0x70), 3u);
    put(driver.mmio, 0x20, 1);
    put(driver.mmio, 0x70, 11);
    CHECK_EQ(get(driver.mmio, 0x70), 11u);
    put(driver.mmio, 0x30, 1);
    CHECK_EQ(get(driver.mmio, 0x34), 0u);  // no second queue
}

TEST(requests_are_answered) {
    Rng r;
    uint64_t to = r.driver.buffer(std::string(64, '\0'));
    uint16_t first = r.driver.add(0, {{to, 32, true}, {to + 32, 32, true}});
    r.driver.kick(0);
    uint16_t head = 99;
    CHECK_EQ(r.driver.wait(0, &head), 64u);
    CHECK_EQ(head, first);
    CHECK(r.driver.text(to + 32, 32) != std::string(32, '\0'));
    CHECK(r.driver.input.level.load());
    CHECK_EQ(get(r.driver.mmio, 0x60), 1u);
    put(r.driver.mmio, 0x64, 1);
    CHECK(!r.driver.input.level);
    for (int n = 0; n < 20; n++) {  // around the ring
        r.driver.add(0, {{to, 1, true}});
        r.driver.kick(0);
        CHECK_EQ(r.driver.wait(0), 1u);
    }
    CHECK(!r.driver.needs_reset());
}

TEST(tables_may_be_indirect) {
    Rng r(kVersion1 | kIndirect);
    uint64_t to = r.driver.buffer(std::string(64, '\0'));
    uint64_t table = r.driver.buffer(std::string(32, '\0'));
    r.driver.descriptor(table, to, 8, 2 | 1, 1);
    r.driver.descriptor(table + 16, to + 8, 8, 2, 0);
    r.driver.descriptor(r.driver.queues[0].table, table, 32, 4, 0);
    r.driver.publish(0, 0);
    r.driver.kick(0);
    CHECK_EQ(r.driver.wait(0), 16u);
}

TEST(interrupts_come_when_they_are_wanted) {
    Rng r;
    uint16_t flags = 1;
    std::memcpy(r.driver.at(r.driver.queues[0].available, 2), &flags, 2);
    uint64_t to = r.driver.buffer("0123456789abcdef");
    r.driver.add(0, {{to, 16, true}});
    r.driver.kick(0);
    r.driver.wait(0);
    CHECK(!r.driver.input.level);

    Rng e(kVersion1 | kEventIndex);
    to = e.driver.buffer("0123456789abcdef");
    uint16_t event = 1;  // with the second
    std::memcpy(e.driver.at(e.driver.queues[0].available + 4 + 2 * 8, 2), &event, 2);
    for (int n = 0; n < 2; n++) {
        CHECK(!e.driver.input.level);
        e.driver.add(0, {{to, 16, true}});
        e.driver.kick(0);
        e.driver.wait(0);
    }
    CHECK(e.driver.input.level.load());
    uint16_t wanted = 0;
    std::memcpy(&wanted, e.driver.at(e.driver.queues[0].used + 4 + 8 * 8, 2), 2);
    CHECK_EQ(wanted, 2u);
}

// Each of these stops the device, and a reset makes it work again.
TEST(what_is_wrong_stops_the_device) {
    Rng r(kVersion1 | kIndirect);
    VirtioDriver& d = r.driver;
    uint64_t to = d.buffer("0123456789abcdef"), table = d.buffer(std::string(32, '\0'));
    auto refused = [&](auto wrong) {
        d.begin(kVersion1 | kIndirect);
        d.make_queue(0);
        put(d.mmio, 0x70, 15);
        uint64_t place = d.queues[0].table;
        wrong(place);
        d.kick(0);
        CHECK(d.needs_reset());
        CHECK_EQ(get(d.mmio, 0x60), 2u);
        CHECK(d.input.level.load());
    };
    refused([&](uint64_t) { d.add(0, {{kRam + kRamSize - 8, 16, true}}); });
    refused([&](uint64_t) { d.add(0, {{~uint64_t{0} - 4, 16, true}}); });
    refused([&](uint64_t) { d.add(0, {{to, 0, true}}); });
    refused([&](uint64_t) { d.add(0, {{to, 4, true}, {to, 4, false}}); });
    refused([&](uint64_t place) {  // a loop
        d.descriptor(place, to, 1, 1, 0);
        d.publish(0, 0);
    });
    refused([&](uint64_t place) {  // a number beyond the table
        d.descriptor(place, to, 1, 1, 8);
        d.publish(0, 0);
    });
    refused([&](uint64_t) { d.publish(0, 8); });
    refused([&](uint64_t) {  // more than there can be
        d.queues[0].next = 8;
        d.publish(0, 0);
    });
    refused([&](uint64_t place) {  // nested
        d.descriptor(table, table, 16, 4, 0);
        d.descriptor(place, table, 16, 4, 0);
        d.publish(0, 0);
    });
    refused([&](uint64_t place) {
        d.descriptor(place, table, 17, 4, 0);
        d.publish(0, 0);
    });
    refused([&](uint64_t place) {
        d.descriptor(place, kRam + kRamSize, 16, 4, 0);
        d.publish(0, 0);
    });
    d.begin(kVersion1);
    d.make_queue(0);
    put(d.mmio, 0x70, 15);
    d.add(0, {{to, 16, true}});
    d.kick(0);
    CHECK_EQ(d.wait(0), 16u);
}

TEST(queues_are_checked) {
    VirtioDriver d;
    VirtioRng device(d.bus, "rng");
    d.mmio.plug(device, d.input.line());
    auto refused = [&](uint32_t size, uint64_t table, uint64_t available, uint64_t used) {
        d.begin(kVersion1);
        put(d.mmio, 0x30, 0);
        put(d.mmio, 0x38, size);
        const uint64_t places[3] = {table, available, used};
        for (unsigned n = 0; n < 3; n++) {
            put(d.mmio, 0x80 + 16 * n, places[n] & 0xffff'ffff);
            put(d.mmio, 0x84 + 16 * n, places[n] >> 32);
        }
        put(d.mmio, 0x44, 1);
        CHECK_EQ(get(d.mmio, 0x44), 0u);
        CHECK(d.needs_reset());
    };
    refused(0, kRam, kRam, kRam);
    refused(3, kRam, kRam, kRam);
    refused(16, kRam, kRam, kRam);  // more than it said
    refused(8, kRam + 8, kRam, kRam);
    refused(8, kRam, kRam + 1, kRam);
    refused(8, kRam, kRam, kRam + 2);
    refused(8, kRam + kRamSize - 16, kRam, kRam);
    refused(8, kRam, kRam, ~uint64_t{0} - 3);
}

TEST(the_balloon_gives_memory_back) {
    VirtioDriver d;
    VirtioBalloon device(d.bus, "balloon");
    d.start(device, kVersion1 | 4, 2);
    device.set_target(3 << 20);
    CHECK_EQ(get(d.mmio, 0x60), 2u);
    CHECK_EQ(get(d.mmio, 0xfc), 1u);
    CHECK_EQ(get(d.mmio, 0x100), 768u);
    uint64_t page = kRam + 0x40000;
    std::memset(d.at(page, 4096), 'x', 4096);
    uint32_t numbers[] = {static_cast<uint32_t>(page / 4096), 5, ~uint32_t{0}};
    uint64_t list = d.buffer({reinterpret_cast<const char*>(numbers), sizeof numbers});
    d.add(0, {{list, sizeof numbers, false}});
    d.kick(0);
    CHECK_EQ(d.wait(0), 0u);
    CHECK_EQ(d.text(page, 1), std::string(1, '\0'));
    put(d.mmio, 0x104, 1);
    CHECK_EQ(device.actual(), 4096u);
}

}  // namespace
