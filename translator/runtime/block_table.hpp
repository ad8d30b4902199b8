// The translations there are: by guest address, by host address, by guest page; and their links.
//
// Owns: Block descriptors and the indexes over them. Must not know: how code is made or run, what
// patching a link writes (the engine does that).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "translator/ir/ir.hpp"
#include "translator/x64/tier1.hpp"

namespace pydbt::runtime {

struct Block;

/// One place that is linked to a block: exit number `exit` of `from`.
struct Incoming {
    Block* from;
    uint32_t exit;
    Incoming* next;
};

/// One translation. Lives until the next flush, also when dead (some thread may still be in it).
struct Block {
    uint64_t pc = 0;
    uint64_t place = 0;  // the address by which its code is found when it changes: see CodePlace
    uint32_t key = 0;
    uint32_t guest_bytes = 0;
    uint32_t code = 0;  // offset in the code cache
    uint32_t code_bytes = 0;
    bool dead = false;
    std::span<const x64::ExitSite> exits;
    std::span<Block*> links;  // per exit: what it is linked to, or null
    std::span<const x64::RecoveryRow> rows;
    std::span<const x64::RecoveryEntry> entries;
    std::span<const uint64_t> insns;  // guest pc per instruction index
    Incoming* incoming = nullptr;
    std::unique_ptr<ir::Function> function;  // of one that is interpreted
};

/// Bump allocation for what lives as long as the blocks do.
class Arena {
   public:
    void* allocate(size_t bytes, size_t alignment);
    void reset();

    template <class T>
    std::span<T> copy(std::span<const T> source) {
        if (source.empty()) return {};
        auto* to = static_cast<T*>(allocate(source.size_bytes(), alignof(T)));
        for (size_t i = 0; i < source.size(); i++) new (to + i) T(source[i]);
        return {to, source.size()};
    }
    template <class T>
    std::span<T> zeroed(size_t count) {
        if (count == 0) return {};
        auto* to = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
        for (size_t i = 0; i < count; i++) new (to + i) T{};
        return {to, count};
    }

   private:
    static constexpr size_t kChunk = size_t{1} << 20;
    std::vector<std::unique_ptr<uint8_t[]>> chunks_;
    uint8_t* next_ = nullptr;
    uint8_t* end_ = nullptr;
};

/// Wants the engine's lock, except by_host(), which a signal handler calls at any time.
class BlockTable {
   public:
    ~BlockTable();
    bool create(size_t most_blocks);

    Block* find(uint64_t pc, uint64_t place, uint32_t key) const;
    /// The block whose code holds this code cache offset, dead or not; null when none does.
    Block* by_host(uint32_t offset) const;

    /// A new descriptor; insert() makes it found. Null when the table is full (flush then).
    Block* make();
    void insert(Block* block);
    /// No longer found by guest address or page.
    void remove(Block* block);
    /// Appends every live block that has a byte in [begin, end), which are places.
    void overlapping(uint64_t begin, uint64_t end, std::vector<Block*>& out) const;
    /// Forgets everything.
    void reset();

    Arena& arena() { return arena_; }
    size_t count() const { return count_.load(std::memory_order_relaxed); }

   private:
    static constexpr unsigned kPageBits = 12;
    static uint64_t hash(uint64_t pc, uint64_t place, uint32_t key);
    static uint64_t hash(const Block& b) { return hash(b.pc, b.place, b.key); }
    void grow();

    Block* blocks_ = nullptr;  // reserved address space, filled in order of code offset
    size_t capacity_ = 0;
    std::atomic<size_t> count_ = 0;
    std::vector<Block*> slots_;  // open addressing, linear probing; kTombstone where removed
    size_t used_slots_ = 0;
    std::unordered_map<uint64_t, std::vector<Block*>> pages_;
    Arena arena_;
};

}  // namespace pydbt::runtime
