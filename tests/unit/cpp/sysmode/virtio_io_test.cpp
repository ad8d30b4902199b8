// virtio-blk, -net and -console with what is behind them.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "sysmode/virtio/block.hpp"
#include "sysmode/virtio/net.hpp"
#include "sysmode/virtio/serial.hpp"
#include "tests/unit/cpp/sysmode/virtio_driver.hpp"

namespace {

using namespace pydbt::sysmode;

constexpr uint64_t kSectors = 64;

struct File {
    File() {
        int fd = mkstemp(name);
        CHECK(fd >= 0);
        CHECK_EQ(ftruncate(fd, kSectors * 512), 0);
        close(fd);
    }
    ~File() { unlink(name); }
    std::string content() const {
        std::ifstream in(name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    char name[32] = "/tmp/image-XXXXXX";
};

struct Disk {
    explicit Disk(bool snapshot = false, RawOptions options = {}) {
        std::string error;
        auto image = open_raw(file.name, options, error);
        CHECK(image != nullptr);
        if (snapshot) image = make_snapshot(std::move(image), error);
        CHECK(image != nullptr);
        device = std::make_unique<VirtioBlock>(driver.bus, "disk", std::move(image),
                                               BlockOptions{"serial", false});
        driver.start(*device, kVersion1 | 1 << 9 | 1 << 13 | 1 << 14, 1);
    }
    // Returns the status.
    int request(uint32_t type, uint64_t sector, std::string out, std::string* in = nullptr) {
        VirtioDriver& d = driver;
        d.top = kRam + kRamSize / 2;
        std::string header(16, '\0');
        std::memcpy(header.data(), &type, 4);
        std::memcpy(header.data() + 8, &sector, 8);
        uint64_t from = d.buffer(header + out);
        uint64_t to = d.buffer(in == nullptr ? "" : *in), status = d.buffer("\xee");
        std::vector<VirtioDriver::Piece> pieces;
        pieces.push_back({from, static_cast<uint32_t>(16 + out.size()), false});
        if (in != nullptr) pieces.push_back({to, static_cast<uint32_t>(in->size()), true});
        pieces.push_back({status, 1, true});
        d.add(0, pieces);
        d.kick(0);
        d.wait(0);
        if (in != nullptr) *in = d.text(to, in->size());
        return static_cast<uint8_t>(d.text(status, 1)[0]);
    }
    std::string read(uint64_t sector, size_t size) {
        std::string text(size, '?');
        CHECK_EQ(request(0, sector, "", &text), 0);
        return text;
    }
    File file;
    VirtioDriver driver;
    std::unique_ptr<VirtioBlock> device;
};

TEST(a_disk_reads_and_writes) {
    Disk disk;
    CHECK_EQ(get(disk.driver.mmio, 0x100, 8), kSectors);
    CHECK_EQ(get(disk.driver.mmio, 0x120, 1), 1u);
    CHECK_EQ(disk.request(1, 3, std::string(1024, 'w')), 0);
    CHECK_EQ(disk.read(2, 2048),
             std::string(512, '\0') + std::string(1024, 'w') + std::string(512, '\0'));
    CHECK_EQ(disk.request(4, 0, ""), 0);
    CHECK_EQ(disk.file.content().substr(3 * 512, 1024), std::string(1024, 'w'));
    std::string id(20, '?');
    CHECK_EQ(disk.request(8, 0, "", &id), 0);
    CHECK_EQ(id, "serial" + std::string(14, '\0'));
    CHECK_EQ(disk.request(77, 0, ""), 2);
}

TEST(a_disk_has_an_end) {
    Disk disk;
    std::string sector(512, '?'), odd(100, '?');
    CHECK_EQ(disk.request(0, kSectors, "", &sector), 1);
    CHECK_EQ(disk.request(0, ~uint64_t{0}, "", &sector), 1);
    CHECK_EQ(disk.request(0, 0, "", &odd), 1);
    CHECK_EQ(disk.request(1, kSectors - 1, std::string(1024, 'w')), 1);
    CHECK_EQ(disk.file.content().size(), kSectors * 512);
    CHECK(!disk.driver.needs_reset());
}

TEST(a_request_without_status_stops_the_disk) {
    Disk disk;
    uint64_t header = disk.driver.buffer(std::string(16, '\0'));
    disk.driver.add(0, {{header, 16, false}});
    disk.driver.kick(0);
    CHECK(comes([&] { return disk.driver.needs_reset(); }));
    put(disk.driver.mmio, 0x70, 0);
    CHECK_EQ(get(disk.driver.mmio, 0x70), 0u);
}

std::string range(uint64_t sector, uint32_t count, uint32_t flags) {
    std::string text(16, '\0');
    std::memcpy(text.data(), &sector, 8);
    std::memcpy(text.data() + 8, &count, 4);
    std::memcpy(text.data() + 12, &flags, 4);
    return text;
}

TEST(ranges_are_zeroed_and_discarded) {
    RawOptions options;
    options.discard = true;
    Disk disk(false, options);
    CHECK_EQ(disk.request(1, 0, std::string(16 * 512, 'w')), 0);
    CHECK_EQ(disk.request(13, 0, range(1, 2, 0)), 0);
    CHECK_EQ(disk.request(13, 0, range(4, 1, 1)), 0);
    CHECK_EQ(disk.request(11, 0, range(8, 8, 0)), 0);
    std::string w(512, 'w'), z(512, '\0');
    CHECK_EQ(disk.read(0, 16 * 512), w + z + z + w + z + w + w + w + std::string(8 * 512, '\0'));
    CHECK_EQ(disk.request(11, 0, range(8, 8, 1)), 2);
    CHECK_EQ(disk.request(13, 0, range(60, 5, 0)), 1);
    CHECK_EQ(disk.request(13, 0, range(0, ~uint32_t{0}, 0)), 1);
}

TEST(a_snapshot_changes_nothing) {
    Disk disk(true);
    CHECK_EQ(disk.request(1, 7, std::string(3 * 512, 's')), 0);
    std::string z(512, '\0'), s(512, 's');
    CHECK_EQ(disk.read(6, 5 * 512), z + s + s + s + z);
    CHECK_EQ(disk.request(13, 0, range(8, 1, 0)), 0);
    CHECK_EQ(disk.read(7, 3 * 512), s + z + s);
    CHECK_EQ(disk.request(4, 0, ""), 0);
    CHECK_EQ(disk.file.content(), std::string(kSectors * 512, '\0'));
}

TEST(images_are_locked) {
    Disk disk;
    std::string error;
    CHECK(open_raw(disk.file.name, {}, error) == nullptr);
    CHECK_EQ(error,
             std::string(disk.file.name) + ": in use by another process, which has locked it");
    error.clear();
    RawOptions options;
    options.locking = false;
    CHECK(open_raw(disk.file.name, options, error) != nullptr);
    CHECK(open_raw("/nowhere", {}, error) == nullptr);
    CHECK_EQ(error, std::string("/nowhere: No such file or directory"));
    error.clear();
    CHECK(open_raw("/dev/null", {}, error) == nullptr);
}

TEST(a_read_only_disk_refuses_writes) {
    RawOptions options;
    options.read_only = true;
    File file;
    std::string error;
    VirtioDriver d;
    VirtioBlock device(d.bus, "disk", open_raw(file.name, options, error), {});
    CHECK((device.offered() & 1 << 5) != 0);
    CHECK((device.offered() & 1 << 13) == 0);
}

class Cable : public NetBackend {
   public:
    void connect(NetPeer* to) override { peer = to; }
    void send(Frame frame) override {
        sent.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
    }
    void resume() override { resumed++; }
    bool arrive(std::string_view text) { return peer->receive(std::as_bytes(std::span(text))); }
    NetPeer* peer = nullptr;
    std::vector<std::string> sent;
    int resumed = 0;
};

TEST(frames_go_both_ways) {
    VirtioDriver d;
    Cable cable;
    VirtioNet device(d.bus, "net", {0x52, 0x54, 0, 0x12, 0x34, 0x56}, cable);
    CHECK(cable.arrive("nobody is there"));
    d.start(device, kVersion1 | 1 << 5 | 1 << 15, 2);
    CHECK_EQ(get(d.mmio, 0x104), 0x0001'5634u);
    uint64_t out = d.buffer(std::string(12, '\0') + "frame");
    d.add(1, {{out, 12, false}, {out + 12, 5, false}});
    d.kick(1);
    d.wait(1);
    REQUIRE(cable.sent.size() == 1);
    CHECK_EQ(cable.sent[0], std::string("frame"));
    CHECK(!cable.arrive("too early"));
    uint64_t in = d.buffer(std::string(64, '?'));
    d.add(0, {{in, 16, true}});
    d.add(0, {{in + 16, 16, true}});
    d.kick(0);
    CHECK_EQ(cable.resumed, 1);
    CHECK(cable.arrive("0123456789"));  // merged: 4 bytes and 6
    CHECK_EQ(d.wait(0), 16u);
    CHECK_EQ(d.wait(0), 6u);
    CHECK_EQ(d.text(in, 22), std::string("\0\0\0\0\0\0\0\0\0\0\2\0", 12) + "0123456789");
    uint64_t bad = d.buffer("short");
    d.add(1, {{bad, 5, false}});
    d.kick(1);
    CHECK(d.needs_reset());
}

TEST(the_console_has_ports) {
    VirtioDriver d;
    KeepingChardev first, second;
    VirtioSerial device(d.bus, "serial");
    CHECK(device.add_port(first, true, ""));
    CHECK(device.add_port(second, false, "org.example"));
    d.start(device, kVersion1 | 2, 6);
    std::vector<std::string> got;
    auto messages = [&](size_t count) {
        while (got.size() < count) {
            uint64_t in = d.buffer(std::string(64, '\0'));
            d.add(2, {{in, 64, true}});
            d.kick(2);
            got.push_back(d.text(in, d.wait(2)));
        }
    };
    auto say = [&](uint32_t port, uint16_t event) {
        std::string text(8, '\0');
        uint16_t one = 1;
        std::memcpy(text.data(), &port, 4);
        std::memcpy(text.data() + 4, &event, 2);
        std::memcpy(text.data() + 6, &one, 2);
        d.add(3, {{d.buffer(text), 8, false}});
        d.kick(3);
        d.wait(3);
    };
    say(~uint32_t{0}, 0);
    messages(2);
    CHECK_EQ(got[1], std::string("\1\0\0\0\1\0\1\0", 8));
    say(0, 3);
    say(1, 3);
    messages(6);
    CHECK_EQ(got[2], std::string("\0\0\0\0\4\0\1\0", 8));
    CHECK_EQ(got[4], std::string("\1\0\0\0\7\0\1\0org.example\0", 20));
    CHECK_EQ(got[5], std::string("\1\0\0\0\6\0\1\0", 8));
    CHECK_EQ(second.type("x"), 0u);  // not open
    say(1, 6);
    CHECK_EQ(second.resumed, 1);
    uint64_t in = d.buffer("????");
    d.add(4, {{in, 4, true}});
    CHECK_EQ(second.type("typed"), 4u);
    CHECK_EQ(d.wait(4), 4u);
    CHECK_EQ(d.text(in, 4), std::string("type"));
    uint64_t out = d.buffer("0123456789");
    first.room = 4;
    d.add(1, {{out, 10, false}});
    d.kick(1);
    CHECK_EQ(first.text, std::string("0123"));
    first.room = 100;
    first.sink->writable();
    d.wait(1);
    CHECK_EQ(first.text, std::string("0123456789"));
}

}  // namespace
