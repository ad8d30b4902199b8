// Mappings that the kernel makes longer by itself: those with MAP_GROWSDOWN.
//
// Owns: this part of AddressSpace. Must not know: the calls.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>

#include "usermode/memory/address_space.hpp"
#include "usermode/memory/map_line.hpp"

namespace pydbt::usermode {
namespace {

bool is_mapped(uint64_t page) {
    unsigned char present;
    return mincore(reinterpret_cast<void*>(page), kPageSize, &present) == 0;
}

// Where the host's mapping of a byte begins; the byte's page if that is not to be had.
uint64_t mapping_begin(uint64_t address) {
    uint64_t begin = page_down(address);
    std::FILE* maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) return begin;
    char line[512];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        MapLine map;
        if (!parse_map_line(line, map) || address < map.begin || address >= map.end) continue;
        begin = map.begin;
        break;
    }
    std::fclose(maps);
    return begin;
}

}  // namespace

void AddressSpace::learn_growth() const {
    for (uint64_t& first : growing_) {
        auto it = ranges_.upper_bound(first);
        bool there = it != ranges_.begin() && std::prev(it)->second.end > first;
        if (!there) {
            first = 0;  // unmapped
        } else if (is_mapped(first - kPageSize)) {
            int prot = std::prev(it)->second.prot;
            uint64_t begin = mapping_begin(first);
            if (begin < first) set(begin, first, prot);
            first = std::min(first, begin);
        }
    }
    std::erase(growing_, 0);
}

std::shared_lock<std::shared_mutex> AddressSpace::reader() const {
    if (any_grows_) {
        Lock lock(mutex_);
        learn_growth();
    }
    return std::shared_lock(mutex_);
}

bool AddressSpace::grows_down(uint64_t address) const {
    uint64_t begin = std::prev(ranges_.upper_bound(address))->first;
    return is_stack(begin, ranges_.at(begin).end);
}

}  // namespace pydbt::usermode
