// virtio-balloon (virtio 1.2, 5.5): memory that the guest gives back to the host.
//
// Owns: pages in the balloon, its size. Must not know: who wants the memory.
#pragma once

#include <array>

#include "sysmode/virtio/device.hpp"

namespace pydbt::sysmode {

class VirtioBalloon : public VirtioDevice {
   public:
    VirtioBalloon(Bus& bus, std::string name);

    /// Asks the guest for a balloon of that many bytes.
    void set_target(uint64_t bytes);
    /// How large the guest says it is.
    uint64_t actual();

   private:
    void run(unsigned queue) override;
    std::span<const std::byte> config() override;
    void set_config(uint64_t offset, std::span<const std::byte> from) override;
    void give_back(uint64_t page);

    std::array<std::byte, 8> config_{};  // num_pages, actual
};

}  // namespace pydbt::sysmode
