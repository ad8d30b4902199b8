#include "sysmode/virtio/device.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sysmode/io/report.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint32_t kUsedBuffer = 1, kConfigChange = 2;  // bits of the interrupt status

}  // namespace

VirtioDevice::VirtioDevice(Bus& bus, std::string name, uint32_t id, unsigned queues,
                           uint16_t queue_size, uint64_t features)
    : bus_(bus),
      queues_(queues),
      name_(std::move(name)),
      id_(id),
      queue_size_(queue_size),
      offered_(features | kIndirect | kEventIndex | kVersion1) {}

uint64_t VirtioDevice::accepted() {
    std::lock_guard guard(lock_);
    return accepted_;
}

void VirtioDevice::accept(uint64_t features) {
    std::lock_guard guard(lock_);
    if ((status_ & kFeaturesOk) == 0) accepted_ = features;
}

uint8_t VirtioDevice::status() {
    std::lock_guard guard(lock_);
    return status_;
}

void VirtioDevice::set_status(uint8_t value) {
    if (value == 0) return reset();
    std::lock_guard guard(lock_);
    bool was_live = live();
    value |= status_ & kNeedsReset;  // only a reset clears it
    // A set of features that we cannot serve: FEATURES_OK stays clear (3.1.1).
    bool wrong = (accepted_ & ~offered_) != 0 || !has(kVersion1);
    if ((status_ & kFeaturesOk) == 0 && wrong) value &= static_cast<uint8_t>(~kFeaturesOk);
    status_ = value;
    if (live() && !was_live) {
        start();
        for (unsigned n = 0; n < queues_.size() && live(); n++) {
            if (queues_[n].ready()) run(n);
        }
    }
}

uint16_t VirtioDevice::most_size(unsigned queue) const {
    return queue < queues_.size() ? queue_size_ : 0;
}

bool VirtioDevice::queue_ready(unsigned queue) {
    std::lock_guard guard(lock_);
    return queue < queues_.size() && queues_[queue].ready();
}

void VirtioDevice::enable_queue(unsigned queue, const QueuePlace& place) {
    std::lock_guard guard(lock_);
    if (queue >= queues_.size() || queues_[queue].ready()) return;
    Virtqueue& q = queues_[queue];
    q.size = place.size;
    q.descriptors = place.descriptors;
    q.driver = place.driver;
    q.device = place.device;
    std::string error;
    if (place.size > queue_size_) {
        broken("a queue that is larger than it may be");
    } else if (!q.enable(bus_, has(kEventIndex), error)) {
        broken(error);
    }
}

void VirtioDevice::disable_queue(unsigned queue) {
    std::unique_lock guard(lock_);
    if (queue >= queues_.size() || !queues_[queue].ready()) return;
    stop(guard);
    queues_[queue].reset();
}

void VirtioDevice::notify(unsigned queue) {
    std::lock_guard guard(lock_);
    if (queue < queues_.size() && queues_[queue].ready() && live()) run(queue);
}

uint32_t VirtioDevice::interrupts() {
    std::lock_guard guard(lock_);
    return interrupts_;
}

void VirtioDevice::acknowledge(uint32_t bits) {
    std::lock_guard guard(lock_);
    interrupts_ &= ~bits;
    update_line();
}

uint32_t VirtioDevice::generation() {
    std::lock_guard guard(lock_);
    return generation_;
}

void VirtioDevice::read_config(uint64_t offset, std::span<std::byte> to) {
    std::lock_guard guard(lock_);
    std::span<const std::byte> from = config();
    std::fill(to.begin(), to.end(), std::byte{0});
    if (offset >= from.size()) return;
    std::memcpy(to.data(), from.data() + offset, std::min(to.size(), from.size() - offset));
}

void VirtioDevice::write_config(uint64_t offset, std::span<const std::byte> from) {
    std::lock_guard guard(lock_);
    set_config(offset, from);
}

void VirtioDevice::reset() {
    std::unique_lock guard(lock_);
    status_ = 0;  // nothing new begins
    stop(guard);
    accepted_ = 0;
    interrupts_ = 0;
    for (Virtqueue& queue : queues_) queue.reset();
    update_line();
}

bool VirtioDevice::pop(unsigned queue, Chain& chain) {
    if (!live() || !queues_[queue].ready()) return false;
    std::string error;
    Virtqueue::Got got = queues_[queue].pop(chain, error);
    if (got == Virtqueue::Got::wrong) broken(error);
    return got == Virtqueue::Got::chain;
}

void VirtioDevice::tell(unsigned queue) {
    if (!queues_[queue].ready() || !queues_[queue].interrupt()) return;
    interrupts_ |= kUsedBuffer;
    update_line();
}

void VirtioDevice::config_changed() {
    generation_++;
    if ((status_ & kDriverOk) == 0) return;
    interrupts_ |= kConfigChange;
    update_line();
}

void VirtioDevice::broken(std::string_view what) {
    if ((status_ & kNeedsReset) != 0) return;
    report(name_ + " stops until it is reset: its driver gave it " + std::string(what));
    status_ |= kNeedsReset;
    config_changed();
}

}  // namespace pydbt::sysmode
