// virtio-net (virtio 1.2, 5.1), without offloads.
//
// Owns: frames in queues. Must not know: where frames go.
#pragma once

#include <array>

#include "sysmode/net/backend.hpp"
#include "sysmode/virtio/device.hpp"

namespace pydbt::sysmode {

using Mac = std::array<uint8_t, 6>;

class VirtioNet : public VirtioDevice, public NetPeer {
   public:
    VirtioNet(Bus& bus, std::string name, const Mac& mac, NetBackend& backend);
    ~VirtioNet() override { backend_.connect(nullptr); }

    bool receive(Frame frame) override;
    /// Plugs the cable in or out.
    void set_link(bool up);

   private:
    void run(unsigned queue) override;
    std::span<const std::byte> config() override { return config_; }
    bool deliver(Frame frame);

    NetBackend& backend_;
    std::array<std::byte, 8> config_{};
    bool refused_ = false;  // the backend has frames
    std::vector<std::byte> frame_;
    std::vector<Chain> chains_;
};

}  // namespace pydbt::sysmode
