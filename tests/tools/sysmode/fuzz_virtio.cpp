// Lets a hostile driver loose on each virtio device, in this process.
//
// Owns: drivers that write anything anywhere, and what must hold of a device behind that. Must not
// know: what requests mean.
//
//   fuzz_virtio DEVICE SEED COUNT [FIRST]   COUNT cases, from number FIRST on
//   fuzz_virtio DEVICE FILE                 a case as libFuzzer would give it
//
// DEVICE: blk, net, serial, rng, balloon. Prints how often devices stopped. A case that breaks
// something is named by its number. LLVMFuzzerTestOneInput is the same for libFuzzer: compile with
// -fsanitize=fuzzer -DPYDBT_LIBFUZZER; the first byte chooses the device.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "sysmode/virtio/balloon.hpp"
#include "sysmode/virtio/block.hpp"
#include "sysmode/virtio/mmio.hpp"
#include "sysmode/virtio/net.hpp"
#include "sysmode/virtio/rng.hpp"
#include "sysmode/virtio/serial.hpp"

namespace {

using namespace pydbt::sysmode;

constexpr uint64_t kRam = 0x4000'0000, kRamSize = 0x8000;
constexpr uint64_t kDiskSize = 0x8000;
constexpr const char* kDevices[] = {"blk", "net", "serial", "rng", "balloon"};

volatile uint64_t g_case = 0;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "case %" PRIu64 ": %s\n", g_case, what);
    std::_Exit(1);
}

void on_signal(int number) {
    char text[64];
    int n = std::snprintf(text, sizeof text, "case %" PRIu64 ": signal %d\n", g_case, number);
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text, static_cast<size_t>(n));
    std::_Exit(1);
}

// What comes back is sent again: a device hears its own noise.
class Echo : public NetBackend {
   public:
    void connect(NetPeer* to) override { peer = to; }
    void send(Frame frame) override { last.assign(frame.begin(), frame.end()); }
    void resume() override {}
    void ring() {
        if (peer != nullptr && !last.empty()) peer->receive(last);
    }
    NetPeer* peer = nullptr;
    std::vector<std::byte> last = std::vector<std::byte>(60);
};

class EchoChardev : public Chardev {
   public:
    void connect(CharSink* to) override { sink = to; }
    size_t write(Bytes bytes) override { return bytes.size() / 2 + 1; }
    void resume() override {}
    void flush() override {}
    void ring() {
        static constexpr uint8_t kBytes[100] = {};
        if (sink == nullptr) return;
        sink->receive(kBytes);
        sink->writable();
    }
    CharSink* sink = nullptr;
};

struct Counter : LineTarget {
    void set_input(uint32_t, bool) override { changes++; }
    std::atomic<int> changes{0};
};

// The bytes of a case, handed out until they are over, and then zeroes.
class Source {
   public:
    explicit Source(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}
    bool empty() const { return at_ >= bytes_.size(); }
    uint64_t take(unsigned count) {
        uint64_t value = 0;
        for (unsigned n = 0; n < count; n++) {
            if (!empty()) value |= uint64_t{bytes_[at_++]} << 8 * n;
        }
        return value;
    }

   private:
    std::vector<uint8_t> bytes_;
    size_t at_ = 0;
};

class Case {
   public:
    Case(unsigned device, std::vector<uint8_t> bytes) : source_(std::move(bytes)) {
        std::string error;
        if (!bus_.add_ram("ram", kRam, kRamSize, true, error)) fail(error.c_str());
        plug(device);
    }

    bool run() {
        set_up();
        while (!source_.empty()) step();
        bool stopped = (get(0x70) & 64) != 0;
        // Whatever has happened: a reset makes a device that works.
        put(0x70, 0);
        if (get(0x70) != 0 || get(0x60) != 0) fail("a reset did not reset");
        return stopped;
    }

   private:
    void plug(unsigned device) {
        if (device == 0) {
            int fd = memfd_create("disk", MFD_CLOEXEC);
            if (fd < 0 || ftruncate(fd, kDiskSize) != 0) fail("no disk");
            std::string error, name = "/proc/self/fd/" + std::to_string(fd);
            RawOptions options;
            options.discard = true;
            auto image = open_raw(name, options, error);
            close(fd);
            if (image == nullptr) fail(error.c_str());
            device_ = std::make_unique<VirtioBlock>(bus_, "blk", std::move(image), BlockOptions{});
        } else if (device == 1) {
            device_ = std::make_unique<VirtioNet>(bus_, "net", Mac{}, cable_);
        } else if (device == 2) {
            auto serial = std::make_unique<VirtioSerial>(bus_, "serial");
            serial->add_port(chardev_, true, "");
            device_ = std::move(serial);
        } else if (device == 3) {
            device_ = std::make_unique<VirtioRng>(bus_, "rng");
        } else {
            device_ = std::make_unique<VirtioBalloon>(bus_, "balloon");
        }
        mmio_.plug(*device_, Line(counter_, 0));
    }

    uint64_t get(uint64_t offset) {
        uint64_t value = 0;
        mmio_.read(offset, 4, &value);
        return value;
    }
    void put(uint64_t offset, uint64_t value) { mmio_.write(offset, 4, value & 0xffff'ffff); }

    // Mostly right, so that cases get further than the first register.
    void set_up() {
        uint64_t choice = source_.take(1);
        put(0x70, 3);
        for (unsigned half = 0; half < 2; half++) {
            put(0x14, half);
            put(0x24, half);
            uint64_t all = get(0x10);
            put(0x20, (choice & 1) != 0 ? all : all & (source_.take(4) | half));
        }
        put(0x70, 11);
        for (unsigned queue = 0; queue < 6; queue++) {
            put(0x30, queue);
            if (get(0x34) == 0) break;
            uint64_t base = kRam + 0x1000 * queue;
            put(0x38, (choice & 2) != 0 ? source_.take(2) : 8);
            for (unsigned n = 0; n < 3; n++) {
                put(0x80 + 16 * n, (choice & 4) != 0 ? source_.take(4) : base + 0x400 * n);
                put(0x84 + 16 * n, 0);
            }
            put(0x44, 1);
        }
        put(0x70, 15);
    }

    void step() {
        switch (source_.take(1) % 8) {
            case 0: put(source_.take(1) * 4 % 0x200, source_.take(4)); break;
            case 1:
                mmio_.write(source_.take(2) % 0x1f8, 1u << source_.take(1) % 4, source_.take(4));
                break;
            case 2: get(source_.take(2) % 0x1fc); break;
            case 3: {  // anything anywhere
                uint64_t value = source_.take(8), at = source_.take(2) % (kRamSize - 8);
                std::memcpy(bus_.ram(kRam + at, 8), &value, 8);
                break;
            }
            case 4: {  // a descriptor that could be one
                uint64_t queue = source_.take(1) % 6, index = source_.take(1) % 8;
                uint64_t pa = kRam + source_.take(2) % (kRamSize + 0x100);
                uint32_t size = static_cast<uint32_t>(source_.take(1) * 8);
                uint16_t flags = source_.take(1) % 8, next = source_.take(1) % 9;
                std::byte* d = bus_.ram(kRam + 0x1000 * queue + 16 * index, 16);
                std::memcpy(d, &pa, 8);
                std::memcpy(d + 8, &size, 4);
                std::memcpy(d + 12, &flags, 2);
                std::memcpy(d + 14, &next, 2);
                break;
            }
            case 5: {  // one more is available
                uint64_t queue = source_.take(1) % 6;
                uint16_t head = source_.take(1) % 9, index = 0;
                std::byte* ring = bus_.ram(kRam + 0x1000 * queue + 0x400, 32);
                std::memcpy(&index, ring + 2, 2);
                std::memcpy(ring + 4 + 2 * (index % 8), &head, 2);
                index++;
                std::memcpy(ring + 2, &index, 2);
                break;
            }
            case 6: put(0x50, source_.take(1) % 7); break;
            default:
                cable_.ring();
                chardev_.ring();
                break;
        }
    }

    Source source_;
    Bus bus_;
    Counter counter_;
    Echo cable_;
    EchoChardev chardev_;
    std::unique_ptr<VirtioDevice> device_;
    VirtioMmio mmio_;
};

// SplitMix64.
std::vector<uint8_t> random_bytes(uint64_t seed) {
    std::vector<uint8_t> bytes;
    uint64_t state = seed;
    auto next = [&] {
        uint64_t z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    };
    bytes.resize(64 + next() % 1024);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(next());
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    Case(data[0] % std::size(kDevices), std::vector<uint8_t>(data + 1, data + size)).run();
    return 0;
}

#ifndef PYDBT_LIBFUZZER
int main(int argc, char** argv) {
    unsigned device = std::size(kDevices);
    for (unsigned n = 0; argc > 2 && n < std::size(kDevices); n++) {
        if (std::strcmp(argv[1], kDevices[n]) == 0) device = n;
    }
    if (device == std::size(kDevices) || argc > 5) {
        std::fputs("usage: fuzz_virtio DEVICE SEED COUNT [FIRST] | DEVICE FILE\n", stderr);
        return 2;
    }
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(number, on_signal);
    if (argc == 3) {
        std::vector<uint8_t> bytes(1, static_cast<uint8_t>(device));
        std::FILE* file = std::fopen(argv[2], "rb");
        if (file == nullptr) return 2;
        for (int c; (c = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<uint8_t>(c));
        std::fclose(file);
        return LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    uint64_t seed = std::strtoull(argv[2], nullptr, 0), count = std::strtoull(argv[3], nullptr, 0);
    uint64_t first = argc == 5 ? std::strtoull(argv[4], nullptr, 0) : 0, stopped = 0;
    constexpr unsigned kSecondsPerCase = 10;
    for (uint64_t number = first; number < first + count; number++) {
        g_case = number;
        alarm(kSecondsPerCase);
        stopped += Case(device, random_bytes(seed * 1'000'003 + number)).run();
    }
    std::printf("%" PRIu64 " cases, %" PRIu64 " stopped\n", count, stopped);
    return 0;
}
#endif
