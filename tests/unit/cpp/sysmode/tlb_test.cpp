// The TLB: contexts that are pointers, what TLBI takes away and what it leaves.
#include "sysmode/mmu/tlb.hpp"

#include "tests/unit/cpp/testing.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kVa = 0xffff'0000'1234'5000, kOther = 0x0000'0000'0040'1000;

Translation page(uint64_t pa, bool global = false, uint8_t size = 12) {
    Translation t;
    t.pa = pa;
    t.global = global;
    t.size = size;
    t.attributes = 0xff;
    return t;
}

uint64_t read_tag(const TlbContext& context, uint64_t va) {
    auto* tags = reinterpret_cast<const uint64_t*>(context.table() + base::kTlbReads);
    return tags[base::tlb_index(va)];
}

struct Counts final : Tlb::Observer {
    void dropped(TlbContext&, uint64_t, uint64_t) override { ranges++; }
    void cleared(TlbContext&) override { contexts++; }
    int ranges = 0, contexts = 0;
};

Invalidation of_page(uint64_t va, uint16_t asid, bool every = false) {
    return {Invalidation::of_pages, va, va + 0xfff, asid, every};
}

TEST(tables_lie_where_their_address_is_the_control) {
    Tlb tlb;
    CHECK_EQ(tlb.context(1, View::el0).table() % base::kTlbAlignment, base::kTlbControl);
}

TEST(an_address_space_that_comes_again_is_as_it_was) {
    Tlb tlb;
    TlbContext& first = tlb.context(1, View::el1);
    first.set(kVa, 0x1000, true, false, page(0));
    CHECK(&tlb.context(2, View::el1) != &first);
    CHECK(&tlb.context(1, View::el0) != &first);
    CHECK(&tlb.context(1, View::el1) == &first);
    CHECK_EQ(read_tag(first, kVa), base::tlb_page(kVa));
}

TEST(the_context_unused_for_longest_goes) {
    Tlb tlb;
    Counts counts;
    tlb.observer = &counts;
    for (uint16_t asid = 0; asid < 16; asid++) tlb.context(asid, View::el0);
    uint64_t oldest = tlb.context(1, View::el0).table();
    static_cast<void>(oldest);
    TlbContext& again = tlb.context(99, View::el0);
    CHECK_EQ(counts.contexts, 1);
    CHECK_EQ(again.asid, 99);
    CHECK_EQ(tlb.context(1, View::el0).table(), oldest);  // used just before
}

TEST(the_store_tells_address_spaces_apart_but_for_global_pages) {
    Tlb tlb;
    tlb.insert(kOther, 1, page(0x4000'0000));
    tlb.insert(kVa, 1, page(0x5000'0000, true));
    CHECK(tlb.find(kOther, 1) != nullptr);
    CHECK(tlb.find(kOther, 2) == nullptr);
    REQUIRE(tlb.find(kVa, 2) != nullptr);
    CHECK_EQ(tlb.find(kVa, 2)->pa, 0x5000'0000u);
}

TEST(by_address_touches_what_it_names) {
    Tlb tlb;
    TlbContext& context = tlb.context(1, View::el0);
    for (uint64_t n = 0; n < 3; n++) {
        tlb.insert(kOther + (n << 12), 1, page(n << 12));
        context.set(kOther + (n << 12), 0x7000, true, true, page(0));
    }
    tlb.insert(kOther + 0x1000, 2, page(0x9000));
    tlb.invalidate(of_page(kOther + 0x1000, 1));
    CHECK(tlb.find(kOther, 1) != nullptr);
    CHECK(tlb.find(kOther + 0x1000, 1) == nullptr);
    CHECK(tlb.find(kOther + 0x1000, 2) != nullptr);
    CHECK(tlb.find(kOther + 0x2000, 1) != nullptr);
    CHECK_EQ(read_tag(context, kOther), kOther);
    CHECK_EQ(read_tag(context, kOther + 0x1000), base::kTlbNothing);
    CHECK_EQ(read_tag(context, kOther + 0x2000), kOther + 0x2000);
    tlb.invalidate(of_page(kOther + 0x1000, 7, true));
    CHECK(tlb.find(kOther + 0x1000, 2) == nullptr);
}

TEST(a_page_of_a_block_takes_the_block_along) {
    Tlb tlb;
    TlbContext& context = tlb.context(1, View::el1);
    uint64_t block = kVa & ~uint64_t{0x1fffff};
    for (uint64_t at : {block, block + 0x5000, block + 0x1ff000}) {
        tlb.insert(at, 1, page(at & 0xffff'ffff, true, 21));
        context.set(at, 0x7000, true, true, page(0));
    }
    tlb.insert(block + 0x200000, 1, page(0x3000, true));
    tlb.invalidate(of_page(block + 0x7000, 1));
    CHECK(tlb.find(block, 1) == nullptr);
    CHECK(tlb.find(block + 0x1ff000, 1) == nullptr);
    CHECK(tlb.find(block + 0x200000, 1) != nullptr);
    CHECK_EQ(read_tag(context, block + 0x5000), base::kTlbNothing);
}

TEST(by_asid_leaves_global_pages_and_other_spaces) {
    Tlb tlb;
    Counts counts;
    tlb.observer = &counts;
    tlb.context(1, View::el0);
    TlbContext& other = tlb.context(2, View::el0);
    other.set(kOther, 0x7000, true, true, page(0));
    tlb.insert(kOther, 1, page(0x1000));
    tlb.insert(kOther, 2, page(0x2000));
    tlb.insert(kVa, 1, page(0x3000, true));
    tlb.invalidate({Invalidation::of_asid, 0, 0, 1, false});
    CHECK(tlb.find(kOther, 1) == nullptr);
    CHECK(tlb.find(kOther, 2) != nullptr);
    CHECK(tlb.find(kVa, 1) != nullptr);
    CHECK_EQ(read_tag(other, kOther), kOther);
    CHECK_EQ(counts.contexts, 1);
    tlb.clear();
    CHECK(tlb.find(kVa, 1) == nullptr);
    CHECK_EQ(read_tag(other, kOther), base::kTlbNothing);
}

TEST(code_is_forgotten_where_its_page_goes) {
    Tlb tlb;
    Counts counts;
    tlb.observer = &counts;
    TlbContext& context = tlb.context(1, View::el0);
    context.set_code(kOther, page(0x8000'1000));
    REQUIRE(context.code(kOther + 8) != nullptr);
    CHECK_EQ(context.code(kOther + 8)->place, 0x8000'1000u);
    tlb.invalidate(of_page(kOther + 0x1000, 1));
    CHECK_EQ(counts.ranges, 0);
    tlb.invalidate(of_page(kOther, 1));
    CHECK_EQ(counts.ranges, 1);
    CHECK(context.code(kOther) == nullptr);
}

TEST(tags_of_addresses_do_not_hide_a_page) {
    Tlb tlb;
    TlbContext& context = tlb.context(1, View::el0);
    uint64_t tagged = kOther | uint64_t{0xa5} << 56;
    context.set(tagged, 0x7000, true, true, page(0));
    CHECK_EQ(read_tag(context, tagged), base::tlb_page(tagged));
    tlb.invalidate(of_page(kOther, 1));
    CHECK_EQ(read_tag(context, tagged), base::kTlbNothing);
}

}  // namespace
}  // namespace pydbt::sysmode
