// A split virtqueue, from the device's side (virtio 1.2, 2.7).
//
// Owns: the rings in the guest's memory, descriptor chains, checks of all that the driver wrote,
// notifications in both directions. Must not know: registers, what requests mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sysmode/bus/bus.hpp"

namespace pydbt::sysmode {

/// A piece of the guest's memory.
struct Buffer {
    uint64_t pa = 0;
    std::span<std::byte> host;
};

/// A request: what the device reads, then what it writes. All of it is in RAM.
struct Chain {
    uint16_t head = 0;
    std::vector<Buffer> out, in;

    static uint64_t size(const std::vector<Buffer>& buffers);
    uint64_t out_size() const { return size(out); }
    uint64_t in_size() const { return size(in); }
    /// Copies from `out`, `skip` bytes from its beginning. Returns how many there were.
    size_t read(uint64_t skip, std::span<std::byte> to) const;
    /// Copies into `in`. Returns how many had room.
    size_t write(const Bus& bus, uint64_t skip, std::span<const std::byte> from) const;
};

/// With its device's lock held.
class Virtqueue {
   public:
    /// Of a queue, and of all descriptors of a chain.
    static constexpr uint16_t kMostSize = 1024;

    // --- the transport's registers
    uint16_t size = 0;
    uint64_t descriptors = 0, driver = 0, device = 0;
    bool ready() const { return ready_; }
    /// Checks them against the memory that is there. False, with a reason.
    bool enable(const Bus& bus, bool event_index, std::string& error);
    void reset();

    // --- the device
    enum class Got : uint8_t { nothing, chain, wrong };
    /// The next chain that the driver made available. When there is none, the driver notifies of
    /// the next one. `error` says what was wrong.
    Got pop(Chain& chain, std::string& error);
    /// Puts the chain back that pop() gave last.
    void unpop() { next_--; }
    /// Gives a chain back, of whose `in` so many bytes were written.
    void push(const Chain& chain, uint64_t written);
    /// Whether the driver wants an interrupt for what was pushed since the last call.
    bool interrupt();

   private:
    struct Descriptor {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    };
    bool walk(uint16_t head, Chain& chain, std::string& error) const;
    bool add(const Descriptor& d, Chain& chain, std::string& error) const;
    uint16_t load(const std::byte* at) const;
    void store(std::byte* at, uint64_t pa, uint16_t value) const;

    const Bus* bus_ = nullptr;
    std::byte *table_ = nullptr, *available_ = nullptr, *used_ = nullptr;
    uint16_t next_ = 0, used_index_ = 0, told_index_ = 0;
    bool ready_ = false, event_index_ = false;
};

}  // namespace pydbt::sysmode
