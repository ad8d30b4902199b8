// fw_cfg: named pieces of data that firmware and kernels read (QEMU's docs/specs/fw_cfg).
//
// Owns: items, the directory of files, the register interface, DMA. Must not know: what items mean.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sysmode/bus/bus.hpp"

namespace pydbt::sysmode {

class FwCfg : public Device {
   public:
    explicit FwCfg(Bus& bus);

    /// Before the machine runs. Keys below 0x20 are fw_cfg's own numbers; a file gets the next key.
    void add(uint16_t key, std::string content);
    /// False: the name is too long, or there already.
    bool add_file(std::string_view name, std::string content);

    bool read(uint64_t offset, unsigned size, uint64_t* value) override;
    bool write(uint64_t offset, unsigned size, uint64_t value) override;
    void reset() override;

   private:
    void select(uint16_t key);
    uint8_t next_byte();
    void run_dma();
    bool transfer(uint32_t control, uint32_t length, uint64_t address);

    Bus& bus_;
    std::mutex lock_;
    std::map<uint16_t, std::string> items_;
    std::map<std::string, uint16_t, std::less<>> files_;  // the directory is sorted
    const std::string* selected_ = nullptr;
    uint64_t position_ = 0, dma_address_ = 0;
};

}  // namespace pydbt::sysmode
