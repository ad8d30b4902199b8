// The physical address space: what overlaps, what an access reaches, bounds.
#include "sysmode/bus/bus.hpp"

#include <array>
#include <cstring>
#include <vector>

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::sysmode;

class Recorder : public Device {
   public:
    bool read(uint64_t offset, unsigned size, uint64_t* value) override {
        *value = offset << 8 | size;
        return offset != 0xff8;
    }
    bool write(uint64_t offset, unsigned size, uint64_t value) override {
        last = {offset, size, value};
        return true;
    }
    void reset() override { resets++; }

    std::array<uint64_t, 3> last{};
    int resets = 0;
};

struct Map {
    Map() {
        std::string error;
        CHECK(bus.add_ram("ram", 0x4000'0000, 0x10'0000, true, error));
        CHECK(bus.add_ram("rom", 0, 0x1000, false, error));
        CHECK(bus.add_device("device", 0x900'0000, 0x1000, device, error));
    }
    Recorder device;
    Bus bus;
};

TEST(accesses_reach_their_region) {
    Map map;
    uint64_t value = 0;
    CHECK(map.bus.write(0x4000'0008, 4, 0x1122'3344'5566'7788));
    CHECK(map.bus.read(0x4000'0008, 8, &value));
    CHECK_EQ(value, 0x5566'7788u);
    CHECK(map.bus.read(0x900'0010, 2, &value));
    CHECK_EQ(value, 0x1002u);
    CHECK(map.bus.write(0x900'0020, 8, 7));
    CHECK_EQ(map.device.last[0], 0x20u);
    CHECK_EQ(map.device.last[2], 7u);
    map.bus.reset();
    CHECK_EQ(map.device.resets, 1);
}

TEST(what_is_not_there_aborts) {
    Map map;
    uint64_t value = 0;
    CHECK(!map.bus.read(0x2000, 4, &value));
    CHECK(!map.bus.read(0x900'0ff8, 8, &value));  // the device's own refusal
    CHECK(!map.bus.read(0x900'0ffc, 8, &value));  // half of it behind the region
    CHECK(!map.bus.read(0x400f'fffc, 8, &value));
    CHECK(!map.bus.read(~uint64_t{0}, 8, &value));
    CHECK(!map.bus.write(0x10, 4, 1));  // ROM
    CHECK(map.bus.read(0x10, 4, &value));
    CHECK_EQ(value, 0u);
}

TEST(ram_is_checked) {
    Map map;
    CHECK(map.bus.ram(0x4000'0000, 0x10'0000) != nullptr);
    CHECK(map.bus.ram(0x4000'0000, 0x10'0001) == nullptr);
    CHECK(map.bus.ram(0x4000'0001, ~uint64_t{0}) == nullptr);
    CHECK(map.bus.ram(0x900'0000, 4) == nullptr);
    CHECK_EQ(map.bus.dma(0x4000'0000, 16).size(), 16u);
    CHECK(map.bus.dma(0x400f'ffff, 2).empty());
    CHECK(map.bus.dma(0, 4).empty());  // ROM
    CHECK(map.bus.find(0x3fff'ffff) == nullptr);
    CHECK_EQ(map.bus.find(0x400f'ffff)->name, std::string("ram"));
}

class Watcher : public CodeWatcher {
   public:
    void written(uint64_t pa, uint64_t size) noexcept override { told.push_back({pa, size}); }
    std::vector<std::pair<uint64_t, uint64_t>> told;
};

TEST(writes_are_told) {
    Map map;
    Watcher watcher;
    map.bus.set_code_watcher(&watcher);
    std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}}, back{};
    CHECK(map.bus.copy_in(0x10, bytes));
    CHECK(map.bus.copy_out(0x10, back));
    CHECK(bytes == back);
    CHECK(map.bus.write(0x4000'0000, 1, 1));
    CHECK(!map.bus.copy_in(0x400f'ffff, bytes));
    REQUIRE(watcher.told.size() == 2);
    CHECK_EQ(watcher.told[0].second, 3u);
    CHECK_EQ(watcher.told[1].first, 0x4000'0000u);
}

TEST(overlaps_are_refused) {
    Map map;
    std::string error;
    Recorder other;
    CHECK(!map.bus.add_device("other", 0x900'0fff, 2, other, error));
    CHECK_EQ(error, std::string("other at 0x9000fff overlaps device at 0x9000000"));
    CHECK(!map.bus.add_device("other", 0x8ff'ffff, 2, other, error));
    CHECK(!map.bus.add_device("other", 0x8ff'0000, 0x100'0000, other, error));
    CHECK(!map.bus.add_device("other", ~uint64_t{0}, 2, other, error));
    CHECK(!map.bus.add_device("other", 0x100'0000, 0, other, error));
    CHECK(!map.bus.add_ram("much", 0x8000'0000, uint64_t{1} << 60, true, error));
    CHECK(map.bus.add_device("other", 0x900'1000, 1, other, error));
    CHECK(map.bus.add_device("last", ~uint64_t{0}, 1, other, error));
}

}  // namespace
