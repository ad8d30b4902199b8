// fw_cfg by its registers and by DMA.
#include "sysmode/devices/fw_cfg.hpp"

#include <cstring>

#include "tests/unit/cpp/sysmode/devices_harness.hpp"

namespace {

using namespace pydbt::sysmode;

constexpr uint64_t kRam = 0x4000'0000, kRamSize = 0x10000;

struct Machine {
    Machine() {
        std::string error;
        CHECK(bus.add_ram("ram", kRam, kRamSize, true, error));
        CHECK(device.add_file("opt/b", "second"));
        CHECK(device.add_file("opt/a", "first"));
        device.add(5, std::string("\x02\x00", 2));
        device.reset();
    }
    std::string bytes(uint16_t key, size_t count) {
        put(device, 8, __builtin_bswap16(key), 2);
        std::string text;
        while (count-- != 0) text.push_back(static_cast<char>(get(device, 0, 1)));
        return text;
    }
    uint32_t dma(uint32_t control, uint32_t length, uint64_t address, uint64_t at = kRam) {
        uint32_t words[4] = {__builtin_bswap32(control), __builtin_bswap32(length),
                             __builtin_bswap32(static_cast<uint32_t>(address >> 32)),
                             __builtin_bswap32(static_cast<uint32_t>(address))};
        if (std::byte* ram = bus.ram(at, 16)) std::memcpy(ram, words, 16);
        put(device, 16, __builtin_bswap64(at), 8);
        uint64_t result = 0;
        bus.read(at, 4, &result);
        return __builtin_bswap32(static_cast<uint32_t>(result));
    }
    Bus bus;
    FwCfg device{bus};
};

TEST(items_are_read_by_bytes) {
    Machine m;
    CHECK_EQ(m.bytes(0, 6), std::string("QEMU\0\0", 6));
    CHECK_EQ(m.bytes(1, 4), std::string("\3\0\0\0", 4));
    CHECK_EQ(m.bytes(5, 2), std::string("\2\0", 2));
    CHECK_EQ(m.bytes(0x7777, 2), std::string("\0\0", 2));
    put(m.device, 8, 0, 2);
    CHECK_EQ(get(m.device, 0, 4), 0x554d4551u);
    CHECK_EQ(get(m.device, 16, 8), 0x4746432055'4d4551u);
}

TEST(the_directory_is_sorted) {
    Machine m;
    std::string text = m.bytes(0x19, 4 + 2 * 64);
    CHECK_EQ(text.substr(0, 4), std::string("\0\0\0\2", 4));
    CHECK_EQ(text.substr(4, 14), std::string("\0\0\0\5\0\x21\0\0opt/a\0", 14));
    CHECK_EQ(text.substr(68, 14), std::string("\0\0\0\6\0\x20\0\0opt/b\0", 14));
    CHECK_EQ(m.bytes(0x21, 6), std::string("first\0", 6));
    CHECK(!m.device.add_file("opt/a", ""));
    CHECK(!m.device.add_file(std::string(56, 'x'), ""));
}

TEST(dma_reads_and_skips) {
    Machine m;
    uint64_t to = kRam + 0x100;
    CHECK_EQ(m.dma(0x20 << 16 | 8 | 4, 2, 0), 0u);  // select and skip
    CHECK_EQ(m.dma(2, 8, to), 0u);
    CHECK(std::memcmp(m.bus.ram(to, 8), "cond\0\0\0\0", 8) == 0);
    CHECK_EQ(m.dma(0x20 << 16 | 8 | 16, 2, to), 1u);
}

TEST(dma_addresses_are_checked) {
    Machine m;
    CHECK_EQ(m.dma(8 | 2, 0xffff'ffff, kRam + 16), 1u);
    CHECK_EQ(m.dma(8 | 2, 4, ~uint64_t{0} - 1), 1u);
    CHECK_EQ(m.dma(8 | 2, 4, kRam + kRamSize - 2), 1u);
    m.dma(8 | 2, 4, kRam + 16, kRam + kRamSize - 8);  // a descriptor that is half outside
    m.dma(8 | 2, 4, kRam + 16, 0x10);
}

}  // namespace
