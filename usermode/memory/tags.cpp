#include "usermode/memory/tags.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "translator/base/tags.hpp"

namespace pydbt::usermode {

bool TagStorage::create() {
    if (base_ != nullptr) return true;
    void* at = mmap(nullptr, base::kTagStorageBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    madvise(at, base::kTagStorageBytes, MADV_DONTDUMP);
    base_ = static_cast<uint8_t*>(at);
    return true;
}

// Whole host pages of tags are given back, so that clearing a large range costs little.
void TagStorage::clear(uint64_t begin, uint64_t end) {
    if (base_ == nullptr) return;
    constexpr uint64_t kPage = 4096;
    uint64_t first = base::tag_index(begin), last = base::tag_index(end - 1) + 1;
    uint64_t whole = (first + kPage - 1) & ~(kPage - 1), whole_end = last & ~(kPage - 1);
    if (whole >= whole_end) {
        std::memset(base_ + first, 0, last - first);
        return;
    }
    std::memset(base_ + first, 0, whole - first);
    madvise(base_ + whole, whole_end - whole, MADV_DONTNEED);
    std::memset(base_ + whole_end, 0, last - whole_end);
}

void TagStorage::move(uint64_t from, uint64_t to, uint64_t bytes) {
    if (base_ == nullptr || bytes == 0) return;
    std::memmove(base_ + base::tag_index(to), base_ + base::tag_index(from),
                 bytes >> base::kGranuleShift);
    clear(from, from + bytes);
}

}  // namespace pydbt::usermode
