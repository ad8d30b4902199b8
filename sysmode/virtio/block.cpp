#include "sysmode/virtio/block.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace pydbt::sysmode {
namespace {

// Features.
constexpr uint64_t kSegmentMost = 1 << 2, kGeometry = 1 << 4, kReadOnly = 1 << 5,
                   kBlockSize = 1 << 6, kFlush = 1 << 9, kTopology = 1 << 10,
                   kConfigWriteBack = 1 << 11, kDiscard = 1 << 13, kWriteZeroes = 1 << 14;
// Requests.
constexpr uint32_t kRead = 0, kWrite = 1, kFlushRequest = 4, kGetId = 8, kDiscardRequest = 11,
                   kWriteZeroesRequest = 13;
constexpr uint8_t kGood = 0, kError = 1, kUnsupported = 2;

constexpr uint64_t kSector = 512;
constexpr uint16_t kQueueSize = 256;
constexpr size_t kIdSize = 20;
constexpr uint32_t kMostRange = 1 << 22;  // sectors of one discard: 2 GiB
constexpr uint32_t kUnmap = 1;

struct Header {
    uint32_t type, reserved;
    uint64_t sector;
};

struct Range {
    uint64_t sector;
    uint32_t sectors, flags;
};

// struct virtio_blk_config (5.2.4).
struct Config {
    uint64_t capacity;
    uint32_t size_most, segment_most;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t block_size;
    uint8_t physical_exponent, alignment_offset;
    uint16_t least_io;
    uint32_t best_io;
    uint8_t write_back, unused;
    uint16_t queues;
    uint32_t discard_sectors, discard_segments, discard_alignment;
    uint32_t zeroes_sectors, zeroes_segments;
    uint8_t zeroes_may_unmap, unused2[3];
};
static_assert(sizeof(Config) == 64);

uint64_t features_of(const Image& image) {
    uint64_t all = kSegmentMost | kGeometry | kBlockSize | kFlush | kTopology | kConfigWriteBack;
    return all | (image.read_only() ? kReadOnly : kDiscard | kWriteZeroes);
}

}  // namespace

VirtioBlock::VirtioBlock(Bus& bus, std::string name, std::unique_ptr<Image> image,
                         BlockOptions options)
    : VirtioDevice(bus, std::move(name), 2, 1, kQueueSize, features_of(*image)),
      image_(std::move(image)),
      options_(std::move(options)),
      config_(sizeof(Config)),
      write_through_(options_.write_through) {
    Config c{};
    c.capacity = image_->size() / kSector;
    c.segment_most = kQueueSize - 2;
    // A geometry of the usual kind; nobody has asked a disk for it for decades.
    c.heads = 16;
    c.sectors = 63;
    c.cylinders = static_cast<uint16_t>(std::min<uint64_t>(c.capacity / (16 * 63), 16383));
    c.block_size = kSector;
    c.least_io = 1;
    c.write_back = !options_.write_through;
    c.queues = 1;
    c.discard_sectors = c.zeroes_sectors = kMostRange;
    c.discard_segments = c.zeroes_segments = 1;
    c.discard_alignment = 1;
    c.zeroes_may_unmap = 1;
    std::memcpy(config_.data(), &c, sizeof c);
    thread_ = std::thread([this] { serve(); });
}

VirtioBlock::~VirtioBlock() {
    {
        std::lock_guard guard(lock_);
        ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

std::span<const std::byte> VirtioBlock::config() {
    config_[offsetof(Config, write_back)] = std::byte{!write_through_};
    return config_;
}

void VirtioBlock::set_config(uint64_t offset, std::span<const std::byte> from) {
    if (offset != offsetof(Config, write_back) || !has(kConfigWriteBack)) return;
    write_through_ = from[0] == std::byte{0};
}

// A driver that cannot flush expects that there is nothing to flush (5.2.6.2).
bool VirtioBlock::writes_through() const { return write_through_ || !has(kFlush); }

bool VirtioBlock::flush() {
    std::lock_guard guard(image_lock_);
    return image_->read_only() || image_->flush();
}

void VirtioBlock::run(unsigned) {
    work_ = true;
    wake_.notify_all();
}

void VirtioBlock::stop(std::unique_lock<std::mutex>& guard) {
    work_ = false;
    idle_.wait(guard, [this] { return !busy_; });
}

void VirtioBlock::serve() {
    Chain chain;
    std::unique_lock guard(lock_);
    while (!ending_) {
        if (!work_) {
            wake_.wait(guard);
            continue;
        }
        if (!pop(0, chain)) {
            work_ = false;
            continue;
        }
        busy_ = true;
        guard.unlock();
        uint64_t written = 0;
        uint8_t status = answer(chain, &written);
        guard.lock();
        busy_ = false;
        idle_.notify_all();
        if (chain.in.empty()) {
            broken("a request without room for its status");
            continue;
        }
        auto byte = std::byte{status};
        chain.write(bus_, chain.in_size() - 1, {&byte, 1});
        push(0, chain, written + 1);
        tell(0);
    }
}

uint8_t VirtioBlock::answer(const Chain& chain, uint64_t* written) {
    Header header;
    std::span<std::byte> bytes(reinterpret_cast<std::byte*>(&header), sizeof header);
    uint64_t room = chain.in_size();
    if (room == 0 || chain.read(0, bytes) != sizeof header) return kError;
    std::lock_guard guard(image_lock_);
    switch (header.type) {
        case kRead:
            *written = room - 1;
            return transfer(header.sector, chain.in, 0, room - 1, true);
        case kWrite:
            if (image_->read_only()) return kError;
            return transfer(header.sector, chain.out, sizeof header,
                            chain.out_size() - sizeof header, false);
        case kFlushRequest: return image_->read_only() || image_->flush() ? kGood : kError;
        case kGetId: {
            std::array<std::byte, kIdSize> id{};
            size_t count = std::min({options_.serial.size(), kIdSize});
            std::memcpy(id.data(), options_.serial.data(), count);
            size_t part = std::min<uint64_t>(room - 1, kIdSize);
            *written = chain.write(bus_, 0, std::span(id).first(part));
            return kGood;
        }
        case kDiscardRequest:
        case kWriteZeroesRequest: return ranges(chain, header.type);
        default: return kUnsupported;
    }
}

uint8_t VirtioBlock::transfer(uint64_t sector, const std::vector<Buffer>& buffers, uint64_t skip,
                              uint64_t bytes, bool to_guest) {
    uint64_t sectors = image_->size() / kSector;
    if (bytes % kSector != 0 || sector > sectors || bytes / kSector > sectors - sector) {
        return kError;
    }
    std::vector<iovec> pieces;
    uint64_t left = bytes;
    for (const Buffer& buffer : buffers) {
        if (skip >= buffer.host.size()) {
            skip -= buffer.host.size();
            continue;
        }
        uint64_t part = std::min<uint64_t>(buffer.host.size() - skip, left);
        if (part != 0) pieces.push_back({buffer.host.data() + skip, part});
        left -= part;
        skip = 0;
    }
    bool good =
        to_guest ? image_->read(sector * kSector, pieces) : image_->write(sector * kSector, pieces);
    if (to_guest) {
        for (const Buffer& buffer : buffers) bus_.written(buffer.pa, buffer.host.size());
    } else if (good && writes_through()) {
        good = image_->flush();
    }
    return good ? kGood : kError;
}

uint8_t VirtioBlock::ranges(const Chain& chain, uint32_t type) {
    if (image_->read_only()) return kError;
    Range range;
    std::span<std::byte> bytes(reinterpret_cast<std::byte*>(&range), sizeof range);
    if (chain.out_size() != sizeof(Header) + sizeof range) return kUnsupported;  // one segment
    chain.read(sizeof(Header), bytes);
    uint64_t sectors = image_->size() / kSector;
    bool unmap = (range.flags & kUnmap) != 0;
    if ((range.flags & ~kUnmap) != 0 || (type == kDiscardRequest && unmap)) return kUnsupported;
    if (range.sectors > kMostRange || range.sector > sectors ||
        range.sectors > sectors - range.sector) {
        return kError;
    }
    uint64_t offset = range.sector * kSector, count = range.sectors * kSector;
    if (count == 0) return kGood;
    bool good = type == kDiscardRequest ? image_->discard(offset, count)
                                        : image_->zero(offset, count, unmap);
    if (good && writes_through()) good = image_->flush();
    return good ? kGood : kError;
}

}  // namespace pydbt::sysmode
