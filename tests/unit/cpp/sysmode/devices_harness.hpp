// What tests of devices share: register accesses, an interrupt input, a chardev that keeps bytes.
//
// Owns: those. Must not know: any device.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "sysmode/bus/device.hpp"
#include "sysmode/bus/line.hpp"
#include "sysmode/io/chardev.hpp"
#include "tests/unit/cpp/testing.hpp"

namespace pydbt::sysmode {

inline uint64_t get(Device& device, uint64_t offset, unsigned size = 4) {
    uint64_t value = 0;
    CHECK(device.read(offset, size, &value));
    return value;
}

inline void put(Device& device, uint64_t offset, uint64_t value, unsigned size = 4) {
    CHECK(device.write(offset, size, value));
}

class Input : public LineTarget {
   public:
    void set_input(uint32_t, bool on) override {
        level = on;
        if (on) raised++;
    }
    Line line() { return Line(*this, 0); }
    std::atomic<bool> level{false};
    std::atomic<int> raised{0};
};

class KeepingChardev : public Chardev {
   public:
    void connect(CharSink* to) override { sink = to; }
    size_t write(Bytes bytes) override {
        size_t taken = std::min(bytes.size(), room);
        room -= taken;
        text.append(reinterpret_cast<const char*>(bytes.data()), taken);
        return taken;
    }
    void resume() override { resumed++; }
    void flush() override {}
    size_t type(std::string_view bytes) {
        return sink->receive({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    }
    CharSink* sink = nullptr;
    std::string text;
    size_t room = ~size_t{0};
    int resumed = 0;
};

/// Waits long enough for any machine; what does not come fails the test.
template <typename F>
bool comes(F condition) {
    for (int n = 0; n < 20000; n++) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

}  // namespace pydbt::sysmode
