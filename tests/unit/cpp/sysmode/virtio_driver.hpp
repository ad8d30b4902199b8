// A driver of virtio devices over MMIO, for tests: rings in RAM, registers.
//
// Owns: the driver's side of queues. Must not know: any kind of device.
#pragma once

#include <atomic>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sysmode/bus/bus.hpp"
#include "sysmode/virtio/mmio.hpp"
#include "tests/unit/cpp/sysmode/devices_harness.hpp"

namespace pydbt::sysmode {

inline constexpr uint64_t kRam = 0x4000'0000, kRamSize = 1 << 20;

struct DriverQueue {
    static constexpr uint16_t kSize = 8;
    uint64_t table = 0, available = 0, used = 0;
    uint16_t free = 0, next = 0, seen = 0;
};

class VirtioDriver {
   public:
    VirtioDriver() {
        std::string error;
        CHECK(bus.add_ram("ram", kRam, kRamSize, true, error));
    }

    /// Registers up to FEATURES_OK and all queues, then DRIVER_OK.
    void start(VirtioDevice& device, uint64_t features, unsigned count) {
        mmio.plug(device, input.line());
        begin(features);
        for (unsigned n = 0; n < count; n++) make_queue(n);
        put(mmio, 0x70, 15);
        CHECK_EQ(get(mmio, 0x70), 15u);
    }
    void begin(uint64_t features) {
        put(mmio, 0x70, 0);
        put(mmio, 0x70, 3);
        for (unsigned half = 0; half < 2; half++) {
            put(mmio, 0x24, half);
            put(mmio, 0x20, features >> 32 * half & 0xffff'ffff);
        }
        put(mmio, 0x70, 11);
        CHECK_EQ(get(mmio, 0x70), 11u);
        queues.clear();
        top = kRam + kRamSize / 2;
    }
    void make_queue(unsigned index) {
        if (queues.size() <= index) queues.resize(index + 1);
        DriverQueue& q = queues[index];
        uint64_t base = kRam + 0x1000 * (index + 1);
        q = {base, base + 0x400, base + 0x800, 0, 0, 0};
        std::memset(at(base, 0x1000), 0, 0x1000);
        put(mmio, 0x30, index);
        CHECK(get(mmio, 0x34) != 0);
        put(mmio, 0x38, DriverQueue::kSize);
        put_address(0x80, q.table);
        put_address(0x90, q.available);
        put_address(0xa0, q.used);
        put(mmio, 0x44, 1);
        CHECK_EQ(get(mmio, 0x44), 1u);
    }

    std::byte* at(uint64_t pa, uint64_t size) { return bus.ram(pa, size); }
    /// Memory for a buffer, with what is in it.
    uint64_t buffer(std::string_view bytes) {
        uint64_t pa = top;
        top += (bytes.size() + 15) / 16 * 16;
        std::memcpy(at(pa, bytes.size()), bytes.data(), bytes.size());
        return pa;
    }
    std::string text(uint64_t pa, size_t size) {
        return std::string(reinterpret_cast<const char*>(at(pa, size)), size);
    }

    struct Piece {
        uint64_t pa;
        uint32_t size;
        bool write;
    };
    /// Puts a chain into the available ring. Returns its head.
    uint16_t add(unsigned queue, const std::vector<Piece>& pieces) {
        DriverQueue& q = queues[queue];
        uint16_t head = q.free % DriverQueue::kSize;
        for (size_t n = 0; n < pieces.size(); n++) {
            auto index = static_cast<uint16_t>(q.free++ % DriverQueue::kSize);
            bool last = n + 1 == pieces.size();
            descriptor(q.table + 16 * index, pieces[n].pa, pieces[n].size,
                       static_cast<uint16_t>((pieces[n].write ? 2 : 0) | (last ? 0 : 1)),
                       static_cast<uint16_t>(q.free % DriverQueue::kSize));
        }
        publish(queue, head);
        return head;
    }
    void descriptor(uint64_t place, uint64_t pa, uint32_t size, uint16_t flags, uint16_t next) {
        std::byte* d = at(place, 16);
        std::memcpy(d, &pa, 8);
        std::memcpy(d + 8, &size, 4);
        std::memcpy(d + 12, &flags, 2);
        std::memcpy(d + 14, &next, 2);
    }
    void publish(unsigned queue, uint16_t head) {
        DriverQueue& q = queues[queue];
        std::memcpy(at(q.available + 4 + 2 * (q.next % DriverQueue::kSize), 2), &head, 2);
        q.next++;
        auto* index = reinterpret_cast<uint16_t*>(at(q.available + 2, 2));
        std::atomic_ref(*index).store(q.next, std::memory_order_release);
    }
    void kick(unsigned queue) { put(mmio, 0x50, queue); }
    uint16_t used_index(unsigned queue) {
        auto* index = reinterpret_cast<uint16_t*>(at(queues[queue].used + 2, 2));
        return std::atomic_ref(*index).load(std::memory_order_acquire);
    }
    /// Waits for the next used chain; how many bytes were written.
    uint32_t wait(unsigned queue, uint16_t* head = nullptr) {
        DriverQueue& q = queues[queue];
        bool came = comes([&] { return used_index(queue) != q.seen; });
        CHECK(came);
        if (!came) return 0;
        uint32_t entry[2];
        std::memcpy(entry, at(q.used + 4 + 8 * (q.seen++ % DriverQueue::kSize), 8), 8);
        if (head != nullptr) *head = static_cast<uint16_t>(entry[0]);
        return entry[1];
    }
    bool needs_reset() { return (get(mmio, 0x70) & 64) != 0; }

    Bus bus;
    Input input;
    VirtioMmio mmio;
    std::vector<DriverQueue> queues;
    uint64_t top = kRam + kRamSize / 2;

   private:
    void put_address(uint64_t offset, uint64_t value) {
        put(mmio, offset, value & 0xffff'ffff);
        put(mmio, offset + 4, value >> 32);
    }
};

inline constexpr uint64_t kVersion1 = uint64_t{1} << 32, kIndirect = 1 << 28, kEventIndex = 1 << 29;

}  // namespace pydbt::sysmode
