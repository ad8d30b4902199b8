#include "sysmode/virtio/mmio.hpp"

#include <array>
#include <cstring>

namespace pydbt::sysmode {
namespace {

enum Register : uint64_t {
    kMagic = 0x000,
    kVersion = 0x004,
    kDeviceId = 0x008,
    kVendor = 0x00c,
    kDeviceFeatures = 0x010,
    kDeviceFeaturesSelect = 0x014,
    kDriverFeatures = 0x020,
    kDriverFeaturesSelect = 0x024,
    kQueueSelect = 0x030,
    kQueueSizeMost = 0x034,
    kQueueSize = 0x038,
    kQueueReady = 0x044,
    kQueueNotify = 0x050,
    kInterruptStatus = 0x060,
    kInterruptAcknowledge = 0x064,
    kStatus = 0x070,
    kQueueDescriptors = 0x080,
    kQueueDriver = 0x090,
    kQueueDevice = 0x0a0,
    kSharedMemoryLength = 0x0b0,
    kSharedMemoryBase = 0x0b8,
    kConfigGeneration = 0x0fc,
    kConfig = 0x100,
};

constexpr uint32_t kMagicValue = 0x74726976, kModern = 2, kVendorValue = 0x554d4551;
constexpr size_t kMostQueues = 64;

void set_half(uint64_t& whole, bool high, uint32_t value) {
    unsigned shift = high ? 32 : 0;
    whole = (whole & ~(uint64_t{0xffff'ffff} << shift)) | uint64_t{value} << shift;
}

}  // namespace

void VirtioMmio::forget() {
    feature_select_ = driver_feature_select_ = queue_ = 0;
    driver_features_ = 0;
    places_.assign(kMostQueues, {});
}

void VirtioMmio::reset() {
    if (device_ == nullptr) return;
    device_->reset();
    std::lock_guard guard(lock_);
    forget();
}

uint32_t VirtioMmio::get(uint64_t offset) {
    if (offset == kMagic) return kMagicValue;
    if (offset == kVersion) return kModern;
    if (offset == kVendor) return kVendorValue;
    if (device_ == nullptr) return 0;
    switch (offset) {
        case kDeviceId: return device_->id();
        case kDeviceFeatures:
            return feature_select_ > 1
                       ? 0
                       : static_cast<uint32_t>(device_->offered() >> 32 * feature_select_);
        case kQueueSizeMost: return device_->most_size(queue_);
        case kQueueReady: return device_->queue_ready(queue_);
        case kInterruptStatus: return device_->interrupts();
        case kStatus: return device_->status();
        case kConfigGeneration: return device_->generation();
        case kSharedMemoryLength:
        case kSharedMemoryLength + 4:
        case kSharedMemoryBase:
        case kSharedMemoryBase + 4: return ~uint32_t{0};  // there is none
        default: return 0;
    }
}

void VirtioMmio::put(uint64_t offset, uint32_t value) {
    if (places_.empty()) forget();
    VirtioDevice::QueuePlace none;
    VirtioDevice::QueuePlace& place = queue_ < places_.size() ? places_[queue_] : none;
    switch (offset) {
        case kDeviceFeaturesSelect: feature_select_ = value; break;
        case kDriverFeaturesSelect: driver_feature_select_ = value; break;
        case kDriverFeatures:
            if (driver_feature_select_ > 1) break;
            set_half(driver_features_, driver_feature_select_ == 1, value);
            device_->accept(driver_features_);
            break;
        case kQueueSelect: queue_ = value; break;
        case kQueueSize: place.size = static_cast<uint16_t>(value); break;
        case kQueueReady:
            if (value == 1) device_->enable_queue(queue_, place);
            if (value == 0) device_->disable_queue(queue_);
            break;
        case kInterruptAcknowledge: device_->acknowledge(value); break;
        case kStatus:
            device_->set_status(static_cast<uint8_t>(value));
            if (value == 0) forget();
            break;
        case kQueueDescriptors:
        case kQueueDescriptors + 4: set_half(place.descriptors, (offset & 4) != 0, value); break;
        case kQueueDriver:
        case kQueueDriver + 4: set_half(place.driver, (offset & 4) != 0, value); break;
        case kQueueDevice:
        case kQueueDevice + 4: set_half(place.device, (offset & 4) != 0, value); break;
        default: break;
    }
}

bool VirtioMmio::read(uint64_t offset, unsigned size, uint64_t* value) {
    *value = 0;
    if (offset >= kConfig) {
        std::array<std::byte, 8> bytes{};
        if (device_ != nullptr) device_->read_config(offset - kConfig, {bytes.data(), size});
        std::memcpy(value, bytes.data(), sizeof bytes);
        return true;
    }
    if (size != 4 || offset % 4 != 0) return true;  // registers are words (4.2.2.1)
    std::lock_guard guard(lock_);
    *value = get(offset);
    return true;
}

bool VirtioMmio::write(uint64_t offset, unsigned size, uint64_t value) {
    if (device_ == nullptr) return true;
    if (offset >= kConfig) {
        std::array<std::byte, 8> bytes;
        std::memcpy(bytes.data(), &value, sizeof bytes);
        device_->write_config(offset - kConfig, {bytes.data(), size});
        return true;
    }
    if (size != 4 || offset % 4 != 0) return true;
    if (offset == kQueueNotify) {  // the frequent one, and none of this object's business
        device_->notify(static_cast<uint32_t>(value));
        return true;
    }
    std::lock_guard guard(lock_);
    put(offset, static_cast<uint32_t>(value));
    return true;
}

}  // namespace pydbt::sysmode
