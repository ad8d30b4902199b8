#include "sysmode/bus/bus.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace pydbt::sysmode {
namespace {

std::string hex(uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%#llx", static_cast<unsigned long long>(value));
    return text;
}

}  // namespace

Bus::~Bus() {
    for (const Region& region : regions_) {
        if (region.host != nullptr) munmap(region.host, region.size);
    }
}

bool Bus::add(Region region, std::string& error) {
    auto place = std::find_if(regions_.begin(), regions_.end(),
                              [&](const Region& r) { return r.base > region.base; });
    uint64_t last = region.base + (region.size - 1);
    const Region* other = nullptr;
    if (place != regions_.end() && place->base <= last) other = &*place;
    if (place != regions_.begin() && std::prev(place)->contains(region.base, 0)) {
        other = &*std::prev(place);
    }
    if (region.size == 0 || last < region.base) {
        error = region.name + " is outside of the physical address space";
        return false;
    }
    if (other != nullptr) {
        error = region.name + " at " + hex(region.base) + " overlaps " + other->name + " at " +
                hex(other->base);
        return false;
    }
    regions_.insert(place, std::move(region));
    return true;
}

bool Bus::add_ram(std::string_view name, uint64_t base, uint64_t size, bool writable,
                  std::string& error) {
    // Memory of its own mapping begins as zeroes and is taken from the host as it is touched.
    void* host = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED) {
        error = std::string(name) + ": " + std::to_string(size) +
                " bytes of memory are not to be had: " + std::strerror(errno);
        return false;
    }
    madvise(host, size, MADV_HUGEPAGE);  // a host without huge pages says no; that is all right
    Region region{std::string(name), base, size, static_cast<std::byte*>(host), writable, nullptr};
    if (add(std::move(region), error)) return true;
    munmap(host, size);
    return false;
}

bool Bus::add_device(std::string_view name, uint64_t base, uint64_t size, Device& device,
                     std::string& error) {
    return add({std::string(name), base, size, nullptr, true, &device}, error);
}

const Region* Bus::find(uint64_t pa) const {
    auto above = std::upper_bound(regions_.begin(), regions_.end(), pa,
                                  [](uint64_t a, const Region& region) { return a < region.base; });
    if (above == regions_.begin()) return nullptr;
    const Region& region = *std::prev(above);
    return region.contains(pa, 0) ? &region : nullptr;
}

std::byte* Bus::ram(uint64_t pa, uint64_t size) const {
    const Region* region = find(pa);
    if (region == nullptr || region->host == nullptr || !region->contains(pa, size)) return nullptr;
    return region->host + (pa - region->base);
}

bool Bus::read(uint64_t pa, unsigned size, uint64_t* value) const {
    const Region* region = find(pa);
    if (region == nullptr || !region->contains(pa, size)) return false;
    if (region->host == nullptr) return region->device->read(pa - region->base, size, value);
    *value = 0;
    std::memcpy(value, region->host + (pa - region->base), size);
    return true;
}

bool Bus::write(uint64_t pa, unsigned size, uint64_t value) {
    const Region* region = find(pa);
    if (region == nullptr || !region->contains(pa, size)) return false;
    if (region->host == nullptr) return region->device->write(pa - region->base, size, value);
    if (!region->writable) return false;
    std::memcpy(region->host + (pa - region->base), &value, size);
    written(pa, size);
    return true;
}

std::span<std::byte> Bus::dma(uint64_t pa, uint64_t size) const {
    const Region* region = find(pa);
    if (region == nullptr || region->host == nullptr || !region->writable ||
        !region->contains(pa, size)) {
        return {};
    }
    return {region->host + (pa - region->base), size};
}

bool Bus::copy_in(uint64_t pa, std::span<const std::byte> bytes) {
    std::byte* host = ram(pa, bytes.size());
    if (host == nullptr) return false;
    std::memcpy(host, bytes.data(), bytes.size());
    written(pa, bytes.size());
    return true;
}

bool Bus::copy_out(uint64_t pa, std::span<std::byte> bytes) const {
    const std::byte* host = ram(pa, bytes.size());
    if (host == nullptr) return false;
    std::memcpy(bytes.data(), host, bytes.size());
    return true;
}

void Bus::reset() {
    for (const Region& region : regions_) {
        if (region.device != nullptr) region.device->reset();
    }
}

}  // namespace pydbt::sysmode
