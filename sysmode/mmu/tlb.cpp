#include "sysmode/mmu/tlb.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace pydbt::sysmode {
namespace {

using base::kTlbEntries;
using base::kTlbNothing;

// Addresses are compared without what TBI may ignore: bits 55:0, sign-extended.
uint64_t plain_page(uint64_t page) { return without_tag(page); }

bool in_range(uint64_t page, uint64_t first, uint64_t last) {
    uint64_t plain = plain_page(page);
    return plain >= base::tlb_page(first) && plain <= last;
}

}  // namespace

// --- contexts -----------------------------------------------------------------------------------

TlbContext::TlbContext() {
    // Twice the alignment, so that an aligned table is somewhere inside.
    constexpr size_t kBytes = 2 * base::kTlbAlignment;
    void* at = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        std::fputs("pydbt: no memory for a TLB\n", stderr);
        std::abort();
    }
    auto address = reinterpret_cast<uint64_t>(at);
    uint64_t aligned = (address + base::kTlbAlignment - 1) & ~(base::kTlbAlignment - 1);
    table_ = aligned + base::kTlbControl;
    clear();
    // Only the half with the table is ever touched.
    if (aligned != address) munmap(at, aligned - address);
    uint64_t end = aligned + base::kTlbAlignment;
    if (end != address + kBytes) munmap(reinterpret_cast<void*>(end), address + kBytes - end);
}

TlbContext::~TlbContext() {
    munmap(reinterpret_cast<void*>(table_ - base::kTlbControl), base::kTlbAlignment);
}

void TlbContext::clear() {
    std::fill_n(words(base::kTlbReads), kTlbEntries, kTlbNothing);
    std::fill_n(words(base::kTlbWrites), kTlbEntries, kTlbNothing);
    code_.fill({});
}

void TlbContext::set(uint64_t address, uint64_t host_page, bool reads, bool writes,
                     const Translation&) {
    unsigned n = base::tlb_index(address);
    uint64_t page = base::tlb_page(address);
    words(base::kTlbReads)[n] = reads ? page : kTlbNothing;
    words(base::kTlbWrites)[n] = writes ? page : kTlbNothing;
    words(base::kTlbDeltas)[n] = host_page - page;
}

uint64_t TlbContext::set_code(uint64_t pc, const Translation& t) {
    Code& entry = code_[code_index(pc)];
    uint64_t before = entry.page;
    entry = {base::tlb_page(pc), base::tlb_page(t.pa), t.guarded};
    return before;
}

bool TlbContext::drop(uint64_t first, uint64_t last) {
    auto drop_entry = [&](unsigned n) {
        uint64_t& read = words(base::kTlbReads)[n];
        uint64_t& write = words(base::kTlbWrites)[n];
        if (in_range(read, first, last)) read = kTlbNothing;
        if (in_range(write, first, last)) write = kTlbNothing;
    };
    uint64_t pages = (last >> 12) - (first >> 12) + 1;
    if (pages >= kTlbEntries) {
        for (unsigned n = 0; n < kTlbEntries; n++) drop_entry(n);
    } else {
        for (uint64_t n = 0; n < pages; n++) drop_entry(base::tlb_index(first + (n << 12)));
    }
    bool dropped = false;
    auto drop_code = [&](Code& code) {
        if (code.page == kTlbNothing || !in_range(code.page, first, last)) return;
        code = {};
        dropped = true;
    };
    if (pages >= kCodeEntries) {
        for (Code& code : code_) drop_code(code);
    } else {
        for (uint64_t n = 0; n < pages; n++) drop_code(code_[code_index(first + (n << 12))]);
    }
    return dropped;
}

// --- the store ----------------------------------------------------------------------------------

Tlb::Tlb() : sets_(kSets) {}

TlbContext& Tlb::context(uint16_t asid, View view) {
    TlbContext* oldest = nullptr;
    for (auto& slot : contexts_) {
        if (slot == nullptr) {
            slot = std::make_unique<TlbContext>();
            oldest = slot.get();
            break;
        }
        if (slot->used && slot->asid == asid && slot->view == view) {
            slot->last_use = ++uses_;
            return *slot;
        }
        if (oldest == nullptr || slot->last_use < oldest->last_use) oldest = slot.get();
    }
    if (oldest->used) drop_context(*oldest);
    oldest->asid = asid;
    oldest->view = view;
    oldest->used = true;
    oldest->last_use = ++uses_;
    return *oldest;
}

void Tlb::drop_context(TlbContext& context) {
    context.clear();
    if (observer != nullptr) observer->cleared(context);
}

const Translation* Tlb::find(uint64_t address, uint16_t asid) const {
    uint64_t page = plain_page(base::tlb_page(address));
    for (const Entry& entry : sets_[set_of(page)]) {
        if (entry.matches(page, asid)) return &entry.t;
    }
    return nullptr;
}

void Tlb::insert(uint64_t address, uint16_t asid, const Translation& t) {
    uint64_t page = plain_page(base::tlb_page(address));
    unsigned set = set_of(page);
    auto& ways = sets_[set];
    auto found = std::find_if(ways.begin(), ways.end(),
                              [&](const Entry& e) { return e.matches(page, asid); });
    if (found == ways.end()) {
        found = std::find_if(ways.begin(), ways.end(),
                             [](const Entry& e) { return e.page == kTlbNothing; });
    }
    if (found == ways.end()) found = ways.begin() + next_way_[set]++ % kWays;
    *found = {page, asid, t};
    found->t.pa = base::tlb_page(t.pa);
    if (t.size <= base::kTlbPageBits || many_blocks_) return;
    uint64_t bytes = uint64_t{1} << t.size;
    uint64_t first = page & ~(bytes - 1);
    if (meets_block(page, page)) return;
    many_blocks_ = blocks_.size() == kMostBlocks;
    if (!many_blocks_) blocks_.push_back({first, first + bytes - 1});
}

bool Tlb::meets_block(uint64_t first, uint64_t last) const {
    if (many_blocks_) return true;
    return std::any_of(blocks_.begin(), blocks_.end(),
                       [&](const Block& b) { return b.first <= last && first <= b.last; });
}

void Tlb::invalidate(const Invalidation& what) {
    if (what.kind == Invalidation::of_pages) return drop_pages(what);
    bool all = what.kind == Invalidation::everything;
    for (auto& ways : sets_) {
        for (Entry& entry : ways) {
            if (all || (!entry.t.global && entry.asid == what.asid)) entry.page = kTlbNothing;
        }
    }
    if (all) {
        blocks_.clear();
        many_blocks_ = false;
    }
    for (auto& slot : contexts_) {
        if (slot == nullptr || !slot->used || (!all && slot->asid != what.asid)) continue;
        drop_context(*slot);
    }
}

// A page that was cut out of a block goes with the whole block.
void Tlb::drop_pages(const Invalidation& what) {
    uint64_t first = plain_page(base::tlb_page(what.first)), last = without_tag(what.last);
    if (many_blocks_) {
        first = 0;
        last = ~uint64_t{0};
    } else {
        for (const Block& b : blocks_) {
            if (b.first > last || first > b.last) continue;
            first = std::min(first, b.first);
            last = std::max(last, b.last);
        }
    }
    auto drop = [&](Entry& entry) {
        if (entry.page == kTlbNothing || entry.page < first || entry.page > last) return;
        if (what.every_asid || entry.t.global || entry.asid == what.asid) {
            entry.page = kTlbNothing;
        }
    };
    if ((last - first) >> 12 < kSets) {
        for (uint64_t page = first; page <= last && page >= first; page += 1u << 12) {
            for (Entry& entry : sets_[set_of(page)]) drop(entry);
        }
    } else {
        for (auto& ways : sets_) std::for_each(ways.begin(), ways.end(), drop);
    }
    // A context has global pages, too; those of another address space's page are few.
    for (auto& slot : contexts_) {
        if (slot == nullptr || !slot->used) continue;
        bool code = slot->drop(first, last);
        if (code && observer != nullptr) observer->dropped(*slot, first, last);
    }
}

}  // namespace pydbt::sysmode
