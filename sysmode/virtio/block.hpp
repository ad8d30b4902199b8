// virtio-blk (virtio 1.2, 5.2).
//
// Owns: requests and the thread that serves them. Must not know: how an image keeps its bytes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <thread>

#include "sysmode/block/image.hpp"
#include "sysmode/virtio/device.hpp"

namespace pydbt::sysmode {

struct BlockOptions {
    std::string serial;
    bool write_through = false;  // every write is flushed
};

class VirtioBlock : public VirtioDevice {
   public:
    VirtioBlock(Bus& bus, std::string name, std::unique_ptr<Image> image, BlockOptions options);
    ~VirtioBlock() override;

    bool flush() override;
    uint64_t size() const { return image_->size(); }

   private:
    void run(unsigned queue) override;
    void stop(std::unique_lock<std::mutex>& guard) override;
    std::span<const std::byte> config() override;
    void set_config(uint64_t offset, std::span<const std::byte> from) override;

    bool writes_through() const;
    void serve();
    uint8_t answer(const Chain& chain, uint64_t* written);
    uint8_t transfer(uint64_t sector, const std::vector<Buffer>& buffers, uint64_t skip,
                     uint64_t bytes, bool to_guest);
    uint8_t ranges(const Chain& chain, uint32_t type);

    std::unique_ptr<Image> image_;
    const BlockOptions options_;
    std::mutex image_lock_;
    std::vector<std::byte> config_;
    std::atomic<bool> write_through_;
    // With the device's lock.
    std::condition_variable wake_, idle_;
    bool work_ = false, busy_ = false, ending_ = false;
    std::thread thread_;
};

}  // namespace pydbt::sysmode
