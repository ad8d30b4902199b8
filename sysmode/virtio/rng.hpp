// virtio-rng (virtio 1.2, 5.4): random bytes of the host's kernel.
//
// Owns: filling buffers. Must not know: where randomness comes from beyond getrandom.
#pragma once

#include "sysmode/virtio/device.hpp"

namespace pydbt::sysmode {

class VirtioRng : public VirtioDevice {
   public:
    VirtioRng(Bus& bus, std::string name);

   private:
    void run(unsigned queue) override;
    std::span<const std::byte> config() override { return {}; }
};

}  // namespace pydbt::sysmode
