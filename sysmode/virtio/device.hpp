// What every virtio device has, whatever it does and whatever transport it sits on.
//
// Owns: feature negotiation, status, queues, interrupts, and how a device stops that was programmed
// wrongly. Must not know: registers of a transport, any kind of device.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sysmode/bus/bus.hpp"
#include "sysmode/bus/line.hpp"
#include "sysmode/virtio/virtqueue.hpp"

namespace pydbt::sysmode {

class VirtioDevice {
   public:
    VirtioDevice(const VirtioDevice&) = delete;
    VirtioDevice& operator=(const VirtioDevice&) = delete;
    virtual ~VirtioDevice() = default;

    uint32_t id() const { return id_; }
    const std::string& name() const { return name_; }
    /// Before the machine runs.
    void connect(Line line) { line_ = line; }

    // --- for a transport: each takes the lock. A queue's number that is too high is ignored.
    uint64_t offered() const { return offered_; }
    uint64_t accepted();
    void accept(uint64_t features);
    uint8_t status();
    void set_status(uint8_t value);
    uint16_t most_size(unsigned queue) const;
    bool queue_ready(unsigned queue);
    struct QueuePlace {
        uint16_t size = 0;
        uint64_t descriptors = 0, driver = 0, device = 0;
    };
    void enable_queue(unsigned queue, const QueuePlace& place);
    void disable_queue(unsigned queue);
    void notify(unsigned queue);
    uint32_t interrupts();
    void acknowledge(uint32_t bits);
    uint32_t generation();
    void read_config(uint64_t offset, std::span<std::byte> to);
    void write_config(uint64_t offset, std::span<const std::byte> from);
    void reset();
    /// What the driver wrote so far is where it outlives the process. False: the host failed.
    virtual bool flush() { return true; }

   protected:
    static constexpr uint64_t kIndirect = uint64_t{1} << 28, kEventIndex = uint64_t{1} << 29,
                              kVersion1 = uint64_t{1} << 32;

    /// `name` is for messages. What a device offers beside the rings' features is `features`.
    VirtioDevice(Bus& bus, std::string name, uint32_t id, unsigned queues, uint16_t queue_size,
                 uint64_t features);

    // --- a kind of device, always with the lock held
    /// The driver says that there may be something in a queue that is ready.
    virtual void run(unsigned queue) = 0;
    /// The driver is done with setting up.
    virtual void start() {}
    /// When it returns, nothing of the device touches a queue, until run(). It may let the lock go.
    virtual void stop(std::unique_lock<std::mutex>&) {}
    /// Device-specific configuration, `config().size()` bytes long.
    virtual std::span<const std::byte> config() = 0;
    virtual void set_config(uint64_t, std::span<const std::byte>) {}

    bool has(uint64_t feature) const { return (accepted_ & feature) != 0; }
    bool live() const { return (status_ & kDriverOk) != 0 && (status_ & kNeedsReset) == 0; }
    /// The next chain of a queue of a device that is live; false when there is none. A wrong chain
    /// stops the device.
    bool pop(unsigned queue, Chain& chain);
    void push(unsigned queue, const Chain& chain, uint64_t written) {
        queues_[queue].push(chain, written);
    }
    /// An interrupt, if the driver wants one for what was pushed.
    void tell(unsigned queue);
    /// An interrupt that says that config() has changed.
    void config_changed();
    /// The driver did something that is wrong: the device does no more until it is reset.
    void broken(std::string_view what);

    static constexpr uint8_t kDriverOk = 4, kFeaturesOk = 8, kNeedsReset = 64;

    Bus& bus_;
    std::mutex lock_;
    std::vector<Virtqueue> queues_;

   private:
    void update_line() { line_.set(interrupts_ != 0); }

    const std::string name_;
    const uint32_t id_;
    const uint16_t queue_size_;
    const uint64_t offered_;
    uint64_t accepted_ = 0;
    uint32_t interrupts_ = 0, generation_ = 0;
    uint8_t status_ = 0;
    Line line_;
};

}  // namespace pydbt::sysmode
