#include "translator/base/tags.hpp"

namespace pydbt::base {
namespace {

constexpr uint64_t kAllTags = 0xffff;

bool excluded(uint64_t exclude, uint64_t tag) { return (exclude >> tag & 1) != 0; }

}  // namespace

bool tags_differ(const CpuState& state, uint64_t address, uint64_t bytes, uint64_t& at) {
    if (state.tco != 0) return false;
    auto* tags = reinterpret_cast<const uint8_t*>(state.tags);
    uint64_t last = (address + bytes - 1) & ~(kGranule - 1);
    for (at = address; at <= last || at == address; at = (at | (kGranule - 1)) + 1) {
        if (tags[tag_index(at)] != tag_of(address)) return true;
    }
    return false;
}

uint64_t choose_tag(uint64_t tag, uint64_t steps, uint64_t exclude) {
    if ((exclude & kAllTags) == kAllTags) return 0;
    auto allowed = [&](uint64_t from) {
        while (excluded(exclude, from)) from = (from + 1) & 15;
        return from;
    };
    if (steps == 0) return allowed(tag);
    for (; steps != 0; steps--) tag = allowed((tag + 1) & 15);
    return tag;
}

// GCR_EL1.RRND is 1 under Linux: which of the tags it is, is the implementation's.
uint64_t helper_random_tag(CpuState* state, uint64_t address, uint64_t exclude, uint64_t) {
    uint64_t& seed =
        state->tag_seed;  // xorshift64 (Marsaglia); Linux seeds it anew for each thread
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    uint64_t tag = choose_tag(seed >> 60, 0, exclude | state->tag_exclude);
    return with_tag(address, tag);
}

uint64_t helper_add_tag(CpuState* state, uint64_t address, uint64_t steps, uint64_t) {
    return with_tag(address, choose_tag(tag_of(address), steps, state->tag_exclude));
}

}  // namespace pydbt::base
