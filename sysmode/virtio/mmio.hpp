// virtio over MMIO (virtio 1.2, 4.2), without the legacy interface.
//
// Owns: the registers. Must not know: any kind of device.
#pragma once

#include <mutex>

#include "sysmode/bus/device.hpp"
#include "sysmode/virtio/device.hpp"

namespace pydbt::sysmode {

class VirtioMmio : public Device {
   public:
    static constexpr uint64_t kSize = 0x200;

    /// An empty place: a driver sees device 0, and looks no further.
    VirtioMmio() = default;
    /// Before the machine runs. The device stays its owner's.
    void plug(VirtioDevice& device, Line line) {
        device_ = &device;
        device.connect(line);
    }
    VirtioDevice* device() const { return device_; }

    bool read(uint64_t offset, unsigned size, uint64_t* value) override;
    bool write(uint64_t offset, unsigned size, uint64_t value) override;
    void reset() override;

   private:
    uint32_t get(uint64_t offset);
    void put(uint64_t offset, uint32_t value);
    void forget();

    VirtioDevice* device_ = nullptr;
    std::mutex lock_;  // of what follows
    uint32_t feature_select_ = 0, driver_feature_select_ = 0, queue_ = 0;
    uint64_t driver_features_ = 0;
    std::vector<VirtioDevice::QueuePlace> places_;
};

}  // namespace pydbt::sysmode
