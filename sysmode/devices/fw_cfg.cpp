#include "sysmode/devices/fw_cfg.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace pydbt::sysmode {
namespace {

enum Register : uint64_t { kData = 0, kSelector = 8, kDma = 16 };
enum Key : uint16_t { kSignature = 0x00, kInterface = 0x01, kDirectory = 0x19, kFirstFile = 0x20 };
enum DmaControl : uint32_t { kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16 };

constexpr size_t kMostName = 55;  // of 56 bytes with the zero

template <typename T>
T swap(T value) {
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    return __builtin_bswap16(value);
}

template <typename T>
void append(std::string& text, T value) {
    value = swap(value);
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

FwCfg::FwCfg(Bus& bus) : bus_(bus) {
    using namespace std::string_literals;
    items_[kSignature] = "QEMU";
    items_[kInterface] = "\x03\0\0\0"s;  // the registers, and DMA
    items_[kDirectory] = std::string(4, '\0');
}

void FwCfg::add(uint16_t key, std::string content) { items_[key] = std::move(content); }

bool FwCfg::add_file(std::string_view name, std::string content) {
    if (name.size() > kMostName || files_.contains(name)) return false;
    files_[std::string(name)] = static_cast<uint16_t>(kFirstFile + files_.size());
    items_[files_.find(name)->second] = std::move(content);
    std::string directory;
    append(directory, static_cast<uint32_t>(files_.size()));
    for (const auto& [file, key] : files_) {
        append(directory, static_cast<uint32_t>(items_[key].size()));
        append(directory, key);
        append(directory, uint16_t{0});
        directory += file + std::string(kMostName + 1 - file.size(), '\0');
    }
    items_[kDirectory] = directory;
    return true;
}

void FwCfg::reset() {
    std::lock_guard guard(lock_);
    select(kSignature);
    dma_address_ = 0;
}

void FwCfg::select(uint16_t key) {
    auto found = items_.find(key);
    selected_ = found == items_.end() ? nullptr : &found->second;
    position_ = 0;
}

uint8_t FwCfg::next_byte() {
    if (selected_ == nullptr || position_ >= selected_->size()) return 0;
    return static_cast<uint8_t>((*selected_)[position_++]);
}

bool FwCfg::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(lock_);
    *value = 0;
    if (offset < kSelector) {
        // The first byte is that of the lowest address.
        for (unsigned n = 0; n < size; n++) *value |= uint64_t{next_byte()} << 8 * n;
    } else if (offset >= kDma && offset - kDma + size <= 8) {
        std::array<uint8_t, 8> bytes = {'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G'};
        std::memcpy(value, bytes.data() + (offset - kDma), size);
    }
    return true;
}

bool FwCfg::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(lock_);
    if (offset == kSelector && size == 2) {
        select(swap(static_cast<uint16_t>(value)));
    } else if (offset == kDma && size == 8) {
        dma_address_ = swap(value);
        run_dma();
    } else if (offset == kDma && size == 4) {
        dma_address_ = uint64_t{swap(static_cast<uint32_t>(value))} << 32;
    } else if (offset == kDma + 4 && size == 4) {
        dma_address_ |= swap(static_cast<uint32_t>(value));
        run_dma();
    }
    return true;
}

// The guest's structure: control, length, address, all big-endian. Control is written back.
void FwCfg::run_dma() {
    uint64_t at = std::exchange(dma_address_, 0);
    std::span<std::byte> descriptor = bus_.dma(at, 16);
    if (descriptor.empty()) return;
    uint32_t control, length;
    uint64_t address;
    std::memcpy(&control, descriptor.data(), 4);
    std::memcpy(&length, descriptor.data() + 4, 4);
    std::memcpy(&address, descriptor.data() + 8, 8);
    control = swap(control);
    if ((control & kSelect) != 0) select(static_cast<uint16_t>(control >> 16));
    bool good = transfer(control, swap(length), swap(address));
    uint32_t result = swap(good ? uint32_t{0} : uint32_t{kError});
    std::memcpy(descriptor.data(), &result, 4);
    bus_.written(at, 4);
}

bool FwCfg::transfer(uint32_t control, uint32_t length, uint64_t address) {
    if ((control & (kRead | kSkip | kWrite)) == 0) return true;
    uint64_t size = selected_ == nullptr ? 0 : selected_->size();
    uint64_t there = std::min<uint64_t>(length, size - std::min(size, position_));
    if ((control & kRead) != 0) {
        std::span<std::byte> to = bus_.dma(address, length);
        if (to.empty() && length != 0) return false;
        if (there != 0) std::memcpy(to.data(), selected_->data() + position_, there);
        if (length > there) std::memset(to.data() + there, 0, length - there);
        bus_.written(address, length);
    } else if ((control & kWrite) != 0) {
        return false;  // no item can be written
    }
    position_ += there;
    return true;
}

}  // namespace pydbt::sysmode
