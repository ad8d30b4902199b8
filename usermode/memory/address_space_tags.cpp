// Allocation tags of the guest's mappings (PROT_MTE).
//
// Owns: which memory has tags, and what mapping, moving and dropping memory does to them. Must not
// know: instructions.
//
// Memory that is not the guest's, and memory without PROT_MTE, has zeros in the storage.
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>

#include "translator/base/tags.hpp"
#include "usermode/memory/address_space.hpp"

namespace pydbt::usermode {

// Anonymous memory, and files that are memory (arch_calc_vm_flag_bits() of arm64, shmem_mmap()).
int AddressSpace::nature(int flags, int fd) {
    int shared = (flags & MAP_TYPE) == MAP_PRIVATE ? 0 : kShared;
    if ((flags & MAP_ANONYMOUS) != 0) return kMayHaveTags | shared;
    struct statfs about;
    bool memory = fstatfs(fd, &about) == 0 && about.f_type == TMPFS_MAGIC;
    return (memory ? kMayHaveTags : 0) | shared;
}

uint8_t* AddressSpace::tag_storage() {
    Lock lock(mutex_);
    return tags_.create() ? tags_.base() : nullptr;
}

bool AddressSpace::may_tag(uint64_t begin, uint64_t end) const {
    for (auto it = std::prev(ranges_.upper_bound(begin)); it != ranges_.end(); ++it) {
        if (it->first >= end) break;
        if ((it->second.prot & kMayHaveTags) == 0) return false;
    }
    return true;
}

void AddressSpace::move_tags(uint64_t from, uint64_t old_bytes, uint64_t to, uint64_t new_bytes) {
    if (to != from) {
        tags_.clear(to, to + new_bytes);
        tags_.move(from, to, std::min(old_bytes, new_bytes));
    }
    uint64_t left = to == from ? new_bytes : 0;
    if (old_bytes > left) tags_.clear(from + left, from + old_bytes);
}

void AddressSpace::drop_tags(uint64_t begin, uint64_t end) {
    Lock lock(mutex_);
    if (tags_.base() == nullptr) return;
    for (const auto& [from, range] : ranges_) {
        uint64_t first = std::max(from, begin), last = std::min(range.end, end);
        if (first < last && (range.prot & kShared) == 0) tags_.clear(first, last);
    }
}

bool AddressSpace::tagged(uint64_t address) const {
    int prot = prot_at(address);
    return prot >= 0 && (prot & kProtMte) != 0;
}

uint8_t AddressSpace::tag_at(uint64_t address) const {
    return tagged(address) ? tags_.base()[base::tag_index(address)] : 0;
}

void AddressSpace::set_tags(uint64_t address, uint64_t granules, uint8_t tag) {
    for (; granules != 0; granules--, address += base::kGranule) {
        if (tagged(address)) tags_.base()[base::tag_index(address)] = tag;
    }
}

}  // namespace pydbt::usermode
