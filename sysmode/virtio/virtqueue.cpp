#include "sysmode/virtio/virtqueue.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

namespace pydbt::sysmode {
namespace {

constexpr uint16_t kNext = 1, kWrite = 2, kIndirect = 4;  // flags of a descriptor
constexpr uint16_t kNoInterrupt = 1;                      // of the available ring
constexpr size_t kDescriptorSize = 16;
// Both rings begin with flags and an index.
constexpr size_t kIndex = 2, kRing = 4, kUsedEntry = 8;

size_t copy(const std::vector<Buffer>& buffers, uint64_t skip, size_t count, auto each) {
    size_t done = 0;
    for (const Buffer& buffer : buffers) {
        if (done == count) break;
        if (skip >= buffer.host.size()) {
            skip -= buffer.host.size();
            continue;
        }
        size_t part = std::min<size_t>(buffer.host.size() - skip, count - done);
        each(buffer.host.data() + skip, buffer.pa + skip, done, part);
        done += part;
        skip = 0;
    }
    return done;
}

}  // namespace

uint64_t Chain::size(const std::vector<Buffer>& buffers) {
    uint64_t total = 0;
    for (const Buffer& buffer : buffers) total += buffer.host.size();
    return total;
}

size_t Chain::read(uint64_t skip, std::span<std::byte> to) const {
    return copy(out, skip, to.size(), [&](std::byte* at, uint64_t, size_t done, size_t part) {
        std::memcpy(to.data() + done, at, part);
    });
}

size_t Chain::write(const Bus& bus, uint64_t skip, std::span<const std::byte> from) const {
    return copy(in, skip, from.size(), [&](std::byte* at, uint64_t pa, size_t done, size_t part) {
        std::memcpy(at, from.data() + done, part);
        bus.written(pa, part);
    });
}

// Naturally aligned: enable() has seen to that.
uint16_t Virtqueue::load(const std::byte* at) const {
    auto* word = reinterpret_cast<uint16_t*>(const_cast<std::byte*>(at));
    return std::atomic_ref(*word).load(std::memory_order_acquire);
}

void Virtqueue::store(std::byte* at, uint64_t pa, uint16_t value) const {
    std::atomic_ref(*reinterpret_cast<uint16_t*>(at)).store(value, std::memory_order_release);
    bus_->written(pa, sizeof value);
}

bool Virtqueue::enable(const Bus& bus, bool event_index, std::string& error) {
    if (size == 0 || size > kMostSize || !std::has_single_bit(size)) {
        error = "a queue of " + std::to_string(size) + " descriptors";
        return false;
    }
    // The event indices are there whether they are used or not (2.7.6, 2.7.8).
    size_t available_size = kRing + 2 * size + 2, used_size = kRing + kUsedEntry * size + 2;
    std::byte* places[] = {bus.dma(descriptors, kDescriptorSize * size).data(),
                           bus.dma(driver, available_size).data(),
                           bus.dma(device, used_size).data()};
    if (descriptors % 16 != 0 || driver % 2 != 0 || device % 4 != 0 || places[0] == nullptr ||
        places[1] == nullptr || places[2] == nullptr) {
        error = "a queue that is not in RAM, or not aligned";
        return false;
    }
    bus_ = &bus;
    table_ = places[0];
    available_ = places[1];
    used_ = places[2];
    next_ = used_index_ = told_index_ = 0;
    event_index_ = event_index;
    ready_ = true;
    return true;
}

void Virtqueue::reset() { *this = Virtqueue{}; }

bool Virtqueue::add(const Descriptor& d, Chain& chain, std::string& error) const {
    std::span<std::byte> host = bus_->dma(d.address, d.length);
    if (host.empty()) {
        error = d.length == 0 ? "an empty descriptor" : "a descriptor that is not in RAM";
        return false;
    }
    if ((d.flags & kWrite) == 0 && !chain.in.empty()) {
        error = "a descriptor to read behind one to write";
        return false;
    }
    ((d.flags & kWrite) != 0 ? chain.in : chain.out).push_back({d.address, host});
    return true;
}

// Each descriptor is read once: the driver may write it meanwhile.
bool Virtqueue::walk(uint16_t head, Chain& chain, std::string& error) const {
    const std::byte* table = table_;
    size_t entries = size;
    uint16_t at = head;
    for (unsigned count = 0; count < kMostSize; count++) {
        if (at >= entries) {
            error = "a descriptor's number beyond its table";
            return false;
        }
        Descriptor d;
        std::memcpy(&d, table + kDescriptorSize * at, sizeof d);
        if ((d.flags & kIndirect) != 0) {
            bool nested = table != table_ || (d.flags & kNext) != 0;
            std::span<std::byte> indirect = bus_->dma(d.address, d.length);
            if (nested || indirect.empty() || d.length % kDescriptorSize != 0) {
                error = "an indirect table that is nested, empty or not in RAM";
                return false;
            }
            table = indirect.data();
            entries = d.length / kDescriptorSize;
            at = 0;
            continue;
        }
        if (!add(d, chain, error)) return false;
        if ((d.flags & kNext) == 0) return true;
        at = d.next;
    }
    error = "a chain without end";
    return false;
}

Virtqueue::Got Virtqueue::pop(Chain& chain, std::string& error) {
    chain.out.clear();
    chain.in.clear();
    uint16_t index = load(available_ + kIndex);
    if (index == next_) {
        if (!event_index_) return Got::nothing;
        store(used_ + kRing + kUsedEntry * size, device + kRing + kUsedEntry * size, next_);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        index = load(available_ + kIndex);
        if (index == next_) return Got::nothing;
    }
    if (static_cast<uint16_t>(index - next_) > size) {
        error = "more chains than the queue has room for";
        return Got::wrong;
    }
    chain.head = load(available_ + kRing + 2 * (next_ & (size - 1)));
    if (!walk(chain.head, chain, error)) return Got::wrong;
    next_++;
    return Got::chain;
}

void Virtqueue::push(const Chain& chain, uint64_t written) {
    size_t entry = kRing + kUsedEntry * (used_index_ & (size - 1));
    uint32_t words[2] = {chain.head, static_cast<uint32_t>(written)};
    std::memcpy(used_ + entry, words, sizeof words);
    bus_->written(device + entry, sizeof words);
    used_index_++;
    store(used_ + kIndex, device + kIndex, used_index_);
}

bool Virtqueue::interrupt() {
    if (used_index_ == told_index_) return false;
    uint16_t from = told_index_;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    told_index_ = used_index_;
    if (!event_index_) return (load(available_) & kNoInterrupt) == 0;
    uint16_t event = load(available_ + kRing + 2 * size);
    return static_cast<uint16_t>(used_index_ - event - 1) <
           static_cast<uint16_t>(used_index_ - from);
}

}  // namespace pydbt::sysmode
