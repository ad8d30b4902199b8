#include "sysmode/virtio/net.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kMac = 1 << 5, kMergedBuffers = 1 << 15, kStatus = 1 << 16;
constexpr unsigned kReceive = 0, kTransmit = 1;
constexpr uint16_t kQueueSize = 256;
constexpr size_t kHeader = 12;      // struct virtio_net_hdr, with num_buffers
constexpr size_t kNumBuffers = 10;  // its place there
constexpr size_t kMostFrame = 65536;
constexpr size_t kStatusAt = 6;
constexpr std::byte kLinkUp{1};

}  // namespace

VirtioNet::VirtioNet(Bus& bus, std::string name, const Mac& mac, NetBackend& backend)
    : VirtioDevice(bus, std::move(name), 1, 2, kQueueSize, kMac | kMergedBuffers | kStatus),
      backend_(backend) {
    std::memcpy(config_.data(), mac.data(), mac.size());
    config_[kStatusAt] = kLinkUp;
    backend_.connect(this);
}

void VirtioNet::set_link(bool up) {
    std::lock_guard guard(lock_);
    config_[kStatusAt] = up ? kLinkUp : std::byte{0};
    config_changed();
}

void VirtioNet::run(unsigned queue) {
    if (queue == kReceive) {
        if (std::exchange(refused_, false)) backend_.resume();
        return;
    }
    Chain chain;
    while (pop(kTransmit, chain)) {
        uint64_t size = chain.out_size();
        if (size < kHeader || size > kHeader + kMostFrame) {
            broken("a frame that is too short or too long");
            return;
        }
        frame_.resize(size - kHeader);
        chain.read(kHeader, frame_);
        if (config_[kStatusAt] == kLinkUp) backend_.send(frame_);
        push(kTransmit, chain, 0);
    }
    tell(kTransmit);
}

bool VirtioNet::receive(Frame frame) {
    std::lock_guard guard(lock_);
    if (!live() || !queues_[kReceive].ready() || config_[kStatusAt] != kLinkUp)
        return true;  // lost
    refused_ = !deliver(frame);
    return !refused_;
}

// Into one chain, or with the driver's leave into several. False: they are not there.
bool VirtioNet::deliver(Frame frame) {
    uint64_t needed = kHeader + frame.size(), room = 0;
    size_t count = 0;
    while (room < needed) {
        if (chains_.size() <= count) chains_.emplace_back();
        if (!pop(kReceive, chains_[count])) {
            while (count-- != 0) queues_[kReceive].unpop();
            return false;
        }
        room += chains_[count++].in_size();
        if (room < needed && !has(kMergedBuffers)) {
            broken("a buffer that is too short for a frame");
            return true;
        }
        if (room < kHeader) {
            broken("a buffer that is too short for a header");
            return true;
        }
    }
    std::array<std::byte, kHeader> header{};
    header[kNumBuffers] = static_cast<std::byte>(count & 0xff);
    header[kNumBuffers + 1] = static_cast<std::byte>(count >> 8);
    for (size_t n = 0, done = 0; n < count; n++) {
        const Chain& chain = chains_[n];
        size_t skip = n == 0 ? chain.write(bus_, 0, header) : 0;
        size_t part = chain.write(bus_, skip, frame.subspan(done));
        done += part;
        push(kReceive, chain, skip + part);
    }
    tell(kReceive);
    return true;
}

}  // namespace pydbt::sysmode
