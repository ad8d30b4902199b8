// A device that the guest reaches by loads and stores.
//
// Owns: the Device interface. Must not know: where a device is, who reads it.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

/// The CPU that this thread is; 0 in threads that are none. Some registers are banked by it.
inline thread_local unsigned current_cpu = 0;

/// Calls come from any thread, several at once: a device has its own lock.
class Device {
   public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    virtual ~Device() = default;

    /// `offset` counts from the beginning of the device's region and lies, with `size` (1, 2, 4
    /// or 8), inside it. False: the access ends in an external abort.
    virtual bool read(uint64_t offset, unsigned size, uint64_t* value) = 0;
    virtual bool write(uint64_t offset, unsigned size, uint64_t value) = 0;
    /// To the state of power-on. The vCPUs stand still.
    virtual void reset() = 0;
};

}  // namespace pydbt::sysmode
