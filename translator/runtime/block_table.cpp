#include "translator/runtime/block_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace pydbt::runtime {
namespace {

Block* tombstone() {
    static Block block;
    return &block;
}

constexpr size_t kFirstSlots = 4096;

}  // namespace

void* Arena::allocate(size_t bytes, size_t alignment) {
    auto at = (reinterpret_cast<uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
    if (next_ == nullptr || at + bytes > reinterpret_cast<uintptr_t>(end_)) {
        size_t size = std::max(kChunk, bytes + alignment);
        chunks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(size));
        next_ = chunks_.back().get();
        end_ = next_ + size;
        at = (reinterpret_cast<uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
    }
    next_ = reinterpret_cast<uint8_t*>(at + bytes);
    return reinterpret_cast<void*>(at);
}

void Arena::reset() {
    chunks_.clear();
    next_ = end_ = nullptr;
}

BlockTable::~BlockTable() {
    reset();
    if (blocks_ != nullptr) munmap(blocks_, capacity_ * sizeof(Block));
}

bool BlockTable::create(size_t most_blocks) {
    void* memory = mmap(nullptr, most_blocks * sizeof(Block), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    blocks_ = static_cast<Block*>(memory);
    capacity_ = most_blocks;
    slots_.assign(kFirstSlots, nullptr);
    return true;
}

uint64_t BlockTable::hash(uint64_t pc, uint64_t place, uint32_t key) {
    // Multiplicative (Fibonacci) hashing; the upper half is the well mixed one. Where guest
    // addresses are their own places, pc ^ place adds nothing.
    uint64_t page = (pc ^ place) >> kPageBits;
    return ((pc >> 2) ^ (uint64_t{key} << 48) ^ (page << 24)) * 0x9e3779b97f4a7c15u >> 20;
}

Block* BlockTable::find(uint64_t pc, uint64_t place, uint32_t key) const {
    size_t mask = slots_.size() - 1;
    for (size_t i = hash(pc, place, key) & mask;; i = (i + 1) & mask) {
        Block* block = slots_[i];
        if (block == nullptr) return nullptr;
        bool same = block->pc == pc && block->place == place && block->key == key;
        if (same && block != tombstone()) return block;
    }
}

Block* BlockTable::by_host(uint32_t offset) const {
    Block* end = blocks_ + count_.load(std::memory_order_acquire);
    Block* after = std::upper_bound(blocks_, end, offset,
                                    [](uint32_t at, const Block& b) { return at < b.code; });
    if (after == blocks_) return nullptr;
    Block* block = after - 1;
    return offset - block->code < block->code_bytes ? block : nullptr;
}

Block* BlockTable::make() {
    size_t count = count_.load(std::memory_order_relaxed);
    if (count == capacity_) return nullptr;
    return new (blocks_ + count) Block;
}

void BlockTable::insert(Block* block) {
    count_.fetch_add(1, std::memory_order_release);
    if (++used_slots_ * 2 > slots_.size()) grow();
    size_t mask = slots_.size() - 1;
    size_t i = hash(*block) & mask;
    while (slots_[i] != nullptr && slots_[i] != tombstone()) i = (i + 1) & mask;
    slots_[i] = block;
    uint64_t last = (block->place + std::max<uint32_t>(block->guest_bytes, 1) - 1) >> kPageBits;
    for (uint64_t page = block->place >> kPageBits; page <= last; page++) {
        pages_[page].push_back(block);
    }
}

void BlockTable::grow() {
    std::vector<Block*> old(slots_.size() * 2, nullptr);
    old.swap(slots_);
    size_t mask = slots_.size() - 1;
    used_slots_ = 1;  // the one being inserted
    for (Block* block : old) {
        if (block == nullptr || block == tombstone()) continue;
        size_t i = hash(*block) & mask;
        while (slots_[i] != nullptr) i = (i + 1) & mask;
        slots_[i] = block;
        used_slots_++;
    }
}

void BlockTable::remove(Block* block) {
    size_t mask = slots_.size() - 1;
    for (size_t i = hash(*block) & mask; slots_[i] != nullptr; i = (i + 1) & mask) {
        if (slots_[i] == block) {
            slots_[i] = tombstone();
            break;
        }
    }
    uint64_t last = (block->place + std::max<uint32_t>(block->guest_bytes, 1) - 1) >> kPageBits;
    for (uint64_t page = block->place >> kPageBits; page <= last; page++) {
        auto found = pages_.find(page);
        if (found == pages_.end()) continue;
        std::erase(found->second, block);
        if (found->second.empty()) pages_.erase(found);
    }
    block->dead = true;
}

void BlockTable::overlapping(uint64_t begin, uint64_t end, std::vector<Block*>& out) const {
    if (begin >= end) return;
    auto add = [&](const std::vector<Block*>& blocks) {
        for (Block* block : blocks) {
            uint64_t after = block->place + std::max<uint32_t>(block->guest_bytes, 1);
            if (block->place < end && begin < after) {
                out.push_back(block);
            }
        }
    };
    uint64_t first = begin >> kPageBits;
    uint64_t last = (end - 1) >> kPageBits;
    if (last - first < pages_.size()) {
        for (uint64_t page = first; page <= last; page++) {
            if (auto found = pages_.find(page); found != pages_.end()) add(found->second);
        }
    } else {
        for (const auto& [page, blocks] : pages_) {
            if (page >= first && page <= last) add(blocks);
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
}

void BlockTable::reset() {
    size_t count = count_.exchange(0);
    for (size_t i = 0; i < count; i++) blocks_[i].~Block();
    slots_.assign(kFirstSlots, nullptr);
    used_slots_ = 0;
    pages_.clear();
    arena_.reset();
}

}  // namespace pydbt::runtime
