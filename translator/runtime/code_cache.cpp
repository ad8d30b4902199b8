#include "translator/runtime/code_cache.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pydbt::runtime {
namespace {

// Shared anonymous memory, which needs no descriptor: those are the guest's, and so are its limits
// on files.
uint8_t* map_writable(size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
}

// Maps the same memory again, executable; mremap() of 0 bytes does that with shared memory.
uint8_t* map_executable(uint8_t* writable, size_t bytes, uint8_t* at) {
    int flags = MREMAP_MAYMOVE | (at != nullptr ? MREMAP_FIXED : 0);
    void* memory = mremap(writable, 0, bytes, flags, at);
    if (memory == MAP_FAILED) return nullptr;
    if (mprotect(memory, bytes, PROT_READ | PROT_EXEC) == 0) return static_cast<uint8_t*>(memory);
    int error = errno;
    munmap(memory, bytes);
    errno = error;
    return nullptr;
}

}  // namespace

CodeCache::~CodeCache() {
    if (rw_ != nullptr) munmap(rw_, size_);
    if (rx_ != nullptr) munmap(const_cast<uint8_t*>(rx_), size_);
    if (child_ != nullptr) munmap(child_, size_);
}

bool CodeCache::create(size_t bytes, std::string& error) {
    size_ = std::min(bytes, (size_t{1} << 31) - 4096);
    rw_ = map_writable(size_);
    if (rw_ == nullptr) {
        error = std::string("cannot make the code cache: ") + std::strerror(errno);
        return false;
    }
    rx_ = map_executable(rw_, size_, nullptr);
    if (rx_ == nullptr) {
        error = std::string("cannot map the code cache executable: ") + std::strerror(errno) +
                " (does a security policy forbid executable memory?)";
        return false;
    }
    return true;
}

uint32_t CodeCache::commit(size_t bytes) {
    auto offset = static_cast<uint32_t>(used_);
    used_ = (used_ + bytes + 63) & ~size_t{63};
    if (used_ > size_) used_ = size_;
    return offset;
}

void CodeCache::reset(uint32_t keep) { used_ = keep; }

void CodeCache::patch32(uint32_t offset, uint32_t value) {
    auto* field = reinterpret_cast<uint32_t*>(rw_ + offset);
    std::atomic_ref<uint32_t>(*field).store(value, std::memory_order_seq_cst);
}

void CodeCache::patch64(uint32_t offset, uint64_t value) {
    auto* field = reinterpret_cast<uint64_t*>(rw_ + offset);
    std::atomic_ref<uint64_t>(*field).store(value, std::memory_order_seq_cst);
}

bool CodeCache::prepare_fork() {
    child_ = map_writable(size_);
    if (child_ == nullptr) return false;
    std::memcpy(child_, rw_, used_);
    return true;
}

bool CodeCache::after_fork(bool child) {
    uint8_t* copy = std::exchange(child_, nullptr);
    if (!child) {
        munmap(copy, size_);
        return true;
    }
    void* rw = mremap(copy, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED, rw_);
    if (rw == MAP_FAILED) return false;
    return map_executable(rw_, size_, const_cast<uint8_t*>(rx_)) != nullptr;
}

}  // namespace pydbt::runtime
