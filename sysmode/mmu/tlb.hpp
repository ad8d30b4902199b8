// The TLB of one CPU.
//
// Owns: what was translated; by address space and exception level the tables that translated code
// looks up; taking away what TLBI names. Must not know: how addresses are translated.
//
// Two levels. The store has translations by page and ASID, those of global pages apart from any
// ASID. A context is what one address space is at one exception level: a table of
// translator/base/tlb.hpp and a small one for code, filled from the store. A change of the address
// space is a change of the context's pointer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sysmode/mmu/walker.hpp"
#include "translator/base/tlb.hpp"

namespace pydbt::sysmode {

/// Whose accesses a context is for.
enum class View : uint8_t { el0, el1, el1_pan };

/// Which translations a TLBI names.
struct Invalidation {
    enum Kind : uint8_t { everything, of_asid, of_pages } kind = everything;
    uint64_t first = 0, last = 0;  // of `of_pages`: first to last byte
    uint16_t asid = 0;
    bool every_asid = false;  // of `of_pages`
};

class TlbContext {
   public:
    TlbContext();
    ~TlbContext();
    TlbContext(const TlbContext&) = delete;
    TlbContext& operator=(const TlbContext&) = delete;

    /// What CpuState::tlb has.
    uint64_t table() const { return table_; }
    void clear();
    /// `address` as the guest has it, with its tag.
    void set(uint64_t address, uint64_t host_page, bool reads, bool writes, const Translation& t);
    /// Whether code was among it.
    bool drop(uint64_t first, uint64_t last);

    struct Code {
        uint64_t page = base::kTlbNothing;
        uint64_t place = 0;
        bool guarded = false;
    };
    const Code* code(uint64_t pc) const {
        const Code& entry = code_[code_index(pc)];
        return entry.page == base::tlb_page(pc) ? &entry : nullptr;
    }
    /// Returns the page whose entry it took, or base::kTlbNothing.
    uint64_t set_code(uint64_t pc, const Translation& t);

    uint16_t asid = 0;
    View view = View::el1;
    bool used = false;
    uint64_t last_use = 0;

   private:
    static constexpr unsigned kCodeEntries = 1024;
    static unsigned code_index(uint64_t pc) { return pc >> 12 & (kCodeEntries - 1); }
    uint64_t* words(int32_t array) const { return reinterpret_cast<uint64_t*>(table_ + array); }

    uint64_t table_ = 0;
    std::array<Code, kCodeEntries> code_;
};

class Tlb {
   public:
    Tlb();

    /// The context of an address space, empty when there was none.
    TlbContext& context(uint16_t asid, View view);

    /// The translation that the store has of a page, or null.
    const Translation* find(uint64_t address, uint16_t asid) const;
    void insert(uint64_t address, uint16_t asid, const Translation& t);

    void invalidate(const Invalidation& what);
    void clear() { invalidate({}); }

    /// Told of contexts whose addresses of code have changed: what was found by them must be found
    /// anew.
    struct Observer {
        virtual ~Observer() = default;
        virtual void dropped(TlbContext& context, uint64_t first, uint64_t last) = 0;
        virtual void cleared(TlbContext& context) = 0;
    };
    Observer* observer = nullptr;

   private:
    static constexpr unsigned kSets = 512, kWays = 4, kContexts = 16, kMostBlocks = 32;
    struct Entry {
        uint64_t page = base::kTlbNothing;
        uint16_t asid = 0;
        Translation t;
        bool matches(uint64_t p, uint16_t a) const { return page == p && (t.global || asid == a); }
    };
    static unsigned set_of(uint64_t page) {
        return static_cast<unsigned>(page >> 12 ^ page >> 21) & (kSets - 1);
    }
    void drop_pages(const Invalidation& what);
    void drop_context(TlbContext& context);
    /// Whether a block that is larger than a page has been stored and reaches into the range.
    bool meets_block(uint64_t first, uint64_t last) const;

    std::vector<std::array<Entry, kWays>> sets_;
    std::array<uint8_t, kSets> next_way_{};
    struct Block {
        uint64_t first, last;
    };
    std::vector<Block> blocks_;  // larger than pages; more than kMostBlocks: all of memory
    bool many_blocks_ = false;
    std::array<std::unique_ptr<TlbContext>, kContexts> contexts_;
    uint64_t uses_ = 0;
};

}  // namespace pydbt::sysmode
