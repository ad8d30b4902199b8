#include "sysmode/virtio/balloon.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pydbt::sysmode {
namespace {

constexpr unsigned kInflate = 0;
constexpr uint64_t kPage = 4096;  // of the device, whatever the guest's pages are
constexpr uint64_t kDeflateOnOom = 1 << 2;
constexpr size_t kActual = 4;  // its place in the configuration

}  // namespace

VirtioBalloon::VirtioBalloon(Bus& bus, std::string name)
    : VirtioDevice(bus, std::move(name), 5, 2, 128, kDeflateOnOom) {}

std::span<const std::byte> VirtioBalloon::config() { return config_; }

void VirtioBalloon::set_config(uint64_t offset, std::span<const std::byte> from) {
    for (size_t n = 0; n < from.size(); n++) {
        uint64_t at = offset + n;
        if (at >= kActual && at < config_.size()) config_[at] = from[n];
    }
}

void VirtioBalloon::set_target(uint64_t bytes) {
    std::lock_guard guard(lock_);
    auto pages = static_cast<uint32_t>(std::min<uint64_t>(bytes / kPage, ~uint32_t{0}));
    std::memcpy(config_.data(), &pages, sizeof pages);
    config_changed();
}

uint64_t VirtioBalloon::actual() {
    std::lock_guard guard(lock_);
    uint32_t pages;
    std::memcpy(&pages, config_.data() + kActual, sizeof pages);
    return pages * kPage;
}

// The page reads as zeroes when it is used again. One that is not in RAM is nobody's loss.
void VirtioBalloon::give_back(uint64_t page) {
    std::span<std::byte> host = bus_.dma(page * kPage, kPage);
    if (host.empty()) return;
    madvise(host.data(), host.size(), MADV_DONTNEED);
    bus_.written(page * kPage, kPage);
}

void VirtioBalloon::run(unsigned queue) {
    Chain chain;
    while (pop(queue, chain)) {
        uint64_t count = chain.out_size() / sizeof(uint32_t);  // page numbers
        for (uint64_t n = 0; queue == kInflate && n < count; n++) {
            uint32_t page;
            chain.read(n * sizeof page, {reinterpret_cast<std::byte*>(&page), sizeof page});
            give_back(page);
        }
        push(queue, chain, 0);
    }
    tell(queue);
}

}  // namespace pydbt::sysmode
