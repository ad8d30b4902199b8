// The physical address space: RAM, ROM and devices.
//
// Owns: the map, the memory of RAM, checks of every address that a device or a loader gives. Must
// not know: what devices do, how a CPU translates addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sysmode/bus/device.hpp"

namespace pydbt::sysmode {

/// Is told that somebody other than a vCPU's own store changed RAM: code translated from there is
/// stale. Called from any thread, behind the change.
class CodeWatcher {
   public:
    virtual ~CodeWatcher() = default;
    virtual void written(uint64_t pa, uint64_t size) noexcept = 0;
};

/// A range of physical addresses that does not overlap another.
struct Region {
    std::string name;
    uint64_t base = 0, size = 0;
    std::byte* host = nullptr;  // null: a device's
    bool writable = true;       // of RAM; a guest's store to ROM is an external abort
    Device* device = nullptr;

    bool contains(uint64_t pa, uint64_t count) const {
        return pa >= base && pa - base < size && count <= size - (pa - base);
    }
};

/// The map is made before any vCPU runs and stays; afterwards every function but reset() may be
/// called from any thread.
class Bus {
   public:
    Bus() = default;
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;
    ~Bus();

    // --- the map. False, with a sentence in `error`: no memory, or an overlap.
    bool add_ram(std::string_view name, uint64_t base, uint64_t size, bool writable,
                 std::string& error);
    /// The device stays its owner's, and must live as long as the bus is used.
    bool add_device(std::string_view name, uint64_t base, uint64_t size, Device& device,
                    std::string& error);
    void set_code_watcher(CodeWatcher* watcher) { watcher_ = watcher; }
    /// In the order of their addresses.
    std::span<const Region> regions() const { return regions_; }

    // --- RAM and ROM
    /// The region of that address, or null.
    const Region* find(uint64_t pa) const;
    /// Host memory of [pa, pa + size), or null if that is not inside one region of RAM or ROM.
    std::byte* ram(uint64_t pa, uint64_t size) const;

    // --- accesses of a CPU or a debugger. False: external abort; then nothing was written.
    bool read(uint64_t pa, unsigned size, uint64_t* value) const;
    bool write(uint64_t pa, unsigned size, uint64_t value);

    // --- accesses of devices and loaders
    /// RAM that a device may read and write; empty when [pa, pa + size) is not all in one RAM.
    std::span<std::byte> dma(uint64_t pa, uint64_t size) const;
    /// To be called behind each write through `dma` or `ram`.
    void written(uint64_t pa, uint64_t size) const {
        if (watcher_ != nullptr) watcher_->written(pa, size);
    }
    bool copy_in(uint64_t pa, std::span<const std::byte> bytes);  // ROM, too: for loaders
    bool copy_out(uint64_t pa, std::span<std::byte> bytes) const;

    /// Resets every device. RAM keeps what it holds.
    void reset();

   private:
    bool add(Region region, std::string& error);

    std::vector<Region> regions_;
    CodeWatcher* watcher_ = nullptr;
};

}  // namespace pydbt::sysmode
