// GICv2 and GICv3 as a driver uses them: registers, priorities, preemption, SGIs, routing.
#include <array>
#include <vector>

#include "sysmode/devices/gicv2.hpp"
#include "sysmode/devices/gicv3.hpp"
#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::sysmode;

class Sink : public InterruptSink {
   public:
    void irq(bool level) noexcept override { has_irq = level; }
    void fiq(bool level) noexcept override { has_fiq = level; }
    bool has_irq = false, has_fiq = false;
};

uint64_t get(Device& device, uint64_t offset, unsigned size = 4) {
    uint64_t value = 0;
    CHECK(device.read(offset, size, &value));
    return value;
}

void put(Device& device, uint64_t offset, uint64_t value, unsigned size = 4) {
    CHECK(device.write(offset, size, value));
}

// Makes the thread a CPU for a while.
struct As {
    explicit As(unsigned cpu) { current_cpu = cpu; }
    ~As() { current_cpu = 0; }
};

constexpr unsigned kUart = 33;

struct V2 {
    V2() {
        for (unsigned n = 0; n < 2; n++) {
            As cpu(n);
            gic.connect(n, sinks[n]);
            put(c, 0x04, 0xf0);
            put(c, 0x00, 1);
        }
        put(d, 0x000, 1);
        put(d, 0x104, 2);                // enables INTID 33
        put(d, 0x400 + kUart, 0xa0, 1);  // its priority
        put(d, 0x800 + kUart, 1, 1);     // CPU 0
    }
    unsigned take() { return static_cast<unsigned>(get(c, 0x0c)); }
    void end(unsigned intid) { put(c, 0x10, intid); }

    Gicv2 gic{2};
    Device& d = gic.distributor();
    Device& c = gic.cpu_interface();
    std::array<Sink, 2> sinks;
    Line uart = gic.spi(1);
};

TEST(v2_describes_itself) {
    V2 v;
    CHECK_EQ(get(v.d, 4), 8u | 1 << 5);
    CHECK_EQ(get(v.d, 0xfe8), 0x2bu);
    CHECK_EQ(get(v.c, 0xfc), 0x0202143bu);
    CHECK_EQ(get(v.d, 0x800), 0x01010101u);
    CHECK_EQ(get(v.c, 0x08), 2u);
    CHECK_EQ(get(v.c, 0x1c), 3u);
    put(v.d, 0x400 + kUart, 0xff, 1);
    CHECK_EQ(get(v.d, 0x400 + kUart, 1), 0xf8u);
}

TEST(v2_a_level_is_pending_while_it_lasts) {
    V2 v;
    v.uart.set(true);
    CHECK(v.sinks[0].has_irq);
    CHECK(!v.sinks[1].has_irq);
    CHECK(!v.sinks[0].has_fiq);
    CHECK_EQ(v.take(), kUart);
    CHECK(!v.sinks[0].has_irq);
    CHECK_EQ(get(v.c, 0x14), 0xa0u);
    CHECK_EQ(get(v.d, 0x304), 2u);
    CHECK_EQ(v.take(), 1023u);
    v.end(kUart);
    CHECK(v.sinks[0].has_irq);  // the device still wants something
    CHECK_EQ(v.take(), kUart);
    v.uart.set(false);
    v.end(kUart);
    CHECK(!v.sinks[0].has_irq);
    CHECK_EQ(get(v.c, 0x14), 0xffu);
}

TEST(v2_an_edge_is_kept) {
    V2 v;
    put(v.d, 0xc08, 2 << 2);  // INTID 33 is edge-triggered
    CHECK_EQ(get(v.d, 0xc08), 8u);
    v.uart.pulse();
    CHECK(v.sinks[0].has_irq);
    CHECK_EQ(v.take(), kUart);
    v.uart.pulse();
    CHECK(!v.sinks[0].has_irq);  // active and pending
    v.end(kUart);
    CHECK_EQ(v.take(), kUart);
    v.end(kUart);
    CHECK_EQ(v.take(), 1023u);
}

TEST(v2_priorities_mask_and_preempt) {
    V2 v;
    Line timer = v.gic.ppi(0, 27);
    put(v.d, 0x100, 1 << 27);
    put(v.d, 0x400 + 27, 0x40, 1);
    put(v.c, 0x04, 0xa0);
    v.uart.set(true);
    CHECK(!v.sinks[0].has_irq);  // not above the mask
    put(v.c, 0x04, 0xa8);
    CHECK_EQ(v.take(), kUart);
    timer.set(true);
    CHECK(v.sinks[0].has_irq);
    CHECK_EQ(v.take(), 27u);
    CHECK_EQ(get(v.c, 0x14), 0x40u);
    v.end(27);
    CHECK_EQ(get(v.c, 0x14), 0xa0u);
    CHECK(v.sinks[0].has_irq);
    timer.set(false);
    v.end(kUart);
    put(v.c, 0x08, 7);  // no preemption at all
    CHECK_EQ(v.take(), kUart);
    timer.set(true);
    CHECK(!v.sinks[0].has_irq);
    CHECK_EQ(get(v.c, 0x18), 27u);
    v.end(kUart);
    CHECK_EQ(v.take(), 27u);
}

TEST(v2_the_end_may_be_in_two_steps) {
    V2 v;
    put(v.c, 0x00, 1 | 1 << 9);
    v.uart.set(true);
    CHECK_EQ(v.take(), kUart);
    v.end(kUart);
    CHECK_EQ(get(v.c, 0x14), 0xffu);
    CHECK(!v.sinks[0].has_irq);  // still active
    put(v.c, 0x1000, kUart);
    CHECK(v.sinks[0].has_irq);
}

TEST(v2_sgis_have_a_source) {
    V2 v;
    put(v.d, 0xf00, 2 << 16 | 5);  // to CPU 1
    CHECK(v.sinks[1].has_irq);
    {
        As cpu(1);
        put(v.d, 0xf00, 2 << 24 | 5);  // to itself
        CHECK_EQ(get(v.d, 0xf24), 0x300u);
        CHECK_EQ(v.take(), 5u);
        CHECK_EQ(get(v.d, 0xf24), 0x200u);
        v.end(5);
        CHECK_EQ(v.take(), 1u << 10 | 5);
        v.end(1 << 10 | 5);
        CHECK_EQ(v.take(), 1023u);
        put(v.d, 0xf00, 1 << 24 | 3);  // to all others
    }
    CHECK(v.sinks[0].has_irq);
    put(v.d, 0xf10, 0xff << 24);
    CHECK(!v.sinks[0].has_irq);
    put(v.d, 0x200, 4);  // not by the pending register
    CHECK(!v.sinks[0].has_irq);
}

TEST(v2_group_0_may_be_fiq) {
    V2 v;
    put(v.c, 0x00, 1 | 2 | 8);
    put(v.d, 0x000, 3);
    v.uart.set(true);
    CHECK(v.sinks[0].has_fiq);
    CHECK(!v.sinks[0].has_irq);
    put(v.d, 0x084, 2);  // group 1
    CHECK(v.sinks[0].has_irq);
    CHECK(!v.sinks[0].has_fiq);
    CHECK_EQ(v.take(), 1022u);
    CHECK_EQ(get(v.c, 0x20), kUart);
    put(v.c, 0x24, kUart);
    put(v.c, 0x00, 1 | 2 | 4);
    CHECK_EQ(v.take(), kUart);
}

TEST(v2_targets_and_reset) {
    V2 v;
    v.uart.set(true);
    put(v.d, 0x800 + kUart, 2, 1);
    CHECK(!v.sinks[0].has_irq);
    CHECK(v.sinks[1].has_irq);
    put(v.d, 0x184, 2);
    CHECK(!v.sinks[1].has_irq);
    v.d.reset();
    CHECK_EQ(get(v.d, 0x104), 0u);
    CHECK_EQ(get(v.d, 0x204), 2u);  // its line is still up
    uint64_t value = 0;
    CHECK(!v.d.read(0xffe, 4, &value));  // not aligned
}

constexpr std::array<uint64_t, 3> kAffinities = {0, 1, 0x100};

struct V3 {
    V3() {
        put(d, 0, 3);
        for (unsigned n = 0; n < 3; n++) {
            gic.connect(n, sinks[n]);
            set(n, IccRegister::pmr, 0xf0);
            set(n, IccRegister::igrpen1, 1);
            put(r, n * 0x20000 + 0x10080, ~uint32_t{0});  // group 1
            put(r, n * 0x20000 + 0x10100, 0xffff | 1 << 27);
        }
        put(d, 0x84, 2);
        put(d, 0x104, 2);
    }
    void set(unsigned cpu, IccRegister which, uint64_t value) {
        CHECK(gic.write_register(cpu, which, value));
    }
    unsigned take(unsigned cpu) {
        uint64_t value = 0;
        CHECK(gic.read_register(cpu, IccRegister::iar1, &value));
        return static_cast<unsigned>(value);
    }

    Gicv3 gic{kAffinities};
    Device& d = gic.distributor();
    Device& r = gic.redistributors();
    std::array<Sink, 3> sinks;
    Line uart = gic.spi(1);
};

TEST(v3_describes_itself) {
    V3 v;
    CHECK_EQ(get(v.d, 0), 0x53u);
    CHECK_EQ(get(v.d, 0xffe8), 0x3bu);
    CHECK_EQ(get(v.r, 0x20000 + 8, 8), uint64_t{1} << 32 | 1 << 8);
    CHECK_EQ(get(v.r, 0x40000 + 8, 8), uint64_t{0x100} << 32 | 2 << 8 | 1 << 4);
    CHECK_EQ(get(v.r, 0x14), 6u);
    put(v.r, 0x14, 0);
    CHECK_EQ(get(v.r, 0x14), 0u);
    uint64_t value = 0;
    CHECK(v.gic.read_register(0, IccRegister::sre, &value));
    CHECK_EQ(value, 7u);
    CHECK(!v.gic.read_register(0, IccRegister::eoir1, &value));
    CHECK(!v.gic.write_register(0, IccRegister::iar1, 0));
    CHECK(!v.gic.read_register(0, IccRegister::ap1r1, &value));
}

TEST(v3_spis_follow_their_route) {
    V3 v;
    v.uart.set(true);
    CHECK(v.sinks[0].has_irq);
    put(v.d, 0x6000 + 8 * kUart, 0x100, 8);
    CHECK(!v.sinks[0].has_irq);
    CHECK(v.sinks[2].has_irq);
    CHECK_EQ(get(v.d, 0x6000 + 8 * kUart, 8), 0x100u);
    CHECK_EQ(v.take(2), kUart);
    v.uart.set(false);
    v.set(2, IccRegister::eoir0, kUart);  // the other group's
    uint64_t value = 0;
    CHECK(v.gic.read_register(2, IccRegister::rpr, &value));
    CHECK_EQ(value, 0u);
    v.set(2, IccRegister::eoir1, kUart);
    CHECK(v.gic.read_register(2, IccRegister::rpr, &value));
    CHECK_EQ(value, 0xffu);
    put(v.d, 0x6000 + 8 * kUart, 0x55, 8);  // no such CPU
    v.uart.set(true);
    CHECK(!v.sinks[0].has_irq && !v.sinks[1].has_irq && !v.sinks[2].has_irq);
}

TEST(v3_sgis_go_to_a_list) {
    V3 v;
    v.set(0, IccRegister::sgi1r, 7 << 24 | 2);  // Aff1 0, list {1}
    CHECK(v.sinks[1].has_irq);
    CHECK(!v.sinks[0].has_irq);
    CHECK_EQ(v.take(1), 7u);
    v.set(1, IccRegister::eoir1, 7);
    v.set(1, IccRegister::sgi1r, 1 << 16 | 3 << 24 | 1);  // Aff1 1
    CHECK_EQ(v.take(2), 3u);
    v.set(0, IccRegister::sgi1r, uint64_t{1} << 40 | 9 << 24);
    CHECK(!v.sinks[0].has_irq);
    CHECK_EQ(v.take(1), 9u);
    v.set(0, IccRegister::sgi0r, 4 << 24 | 2);  // it is of group 1 there
    CHECK_EQ(v.take(1), 1023u);
    v.set(0, IccRegister::sgi1r, uint64_t{1} << 44 | 4 << 24 | 2);  // CPU 17
    CHECK_EQ(v.take(1), 1023u);
}

TEST(v3_group_0_is_fiq) {
    V3 v;
    v.set(0, IccRegister::igrpen0, 1);
    put(v.r, 0x10080, ~uint32_t{1 << 27});
    v.gic.ppi(0, 27).set(true);
    CHECK(v.sinks[0].has_fiq);
    CHECK_EQ(v.take(0), 1023u);
    uint64_t value = 0;
    CHECK(v.gic.read_register(0, IccRegister::hppir0, &value));
    CHECK_EQ(value, 27u);
    CHECK(v.gic.read_register(0, IccRegister::iar0, &value));
    CHECK_EQ(value, 27u);
    CHECK(!v.sinks[0].has_fiq);
}

TEST(v3_binary_points) {
    V3 v;
    uint64_t value = 0;
    v.set(0, IccRegister::bpr1, 0);
    CHECK(v.gic.read_register(0, IccRegister::bpr1, &value));
    CHECK_EQ(value, 3u);
    v.set(0, IccRegister::ctlr, 1);
    v.set(0, IccRegister::bpr0, 7);
    CHECK(v.gic.read_register(0, IccRegister::bpr1, &value));
    CHECK_EQ(value, 7u);
    CHECK(v.gic.read_register(0, IccRegister::ctlr, &value));
    CHECK_EQ(value, 0x8401u);
}

}  // namespace
