// Memory for translated code: one memory object mapped twice, once writable, once executable.
//
// Owns: the two mappings, bump allocation, patching, the copy a forked child needs. Must not know:
// what the code means, blocks, guest addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pydbt::runtime {

/// Offsets are bytes from the start of the cache and fit 31 bits, so that any two places reach each
/// other with a rel32. Allocation and patching want the caller's lock; contains() does not.
class CodeCache {
   public:
    CodeCache() = default;
    ~CodeCache();
    CodeCache(const CodeCache&) = delete;
    CodeCache& operator=(const CodeCache&) = delete;

    /// Maps `bytes` of address space (memory is used as it fills). False and a sentence on failure.
    bool create(size_t bytes, std::string& error);

    /// The rest of the cache, writable; what is written there becomes code with commit().
    std::span<uint8_t> space() const { return {rw_ + used_, size_ - used_}; }

    /// Keeps the first `bytes` of space() and returns their offset; the next start is 64-aligned.
    uint32_t commit(size_t bytes);

    /// Drops all but the first `keep` bytes.
    void reset(uint32_t keep);

    const uint8_t* executable(uint32_t offset) const { return rx_ + offset; }
    uint8_t* writable(uint32_t offset) const { return rw_ + offset; }
    uint32_t used() const { return static_cast<uint32_t>(used_); }

    bool contains(uint64_t host_address) const {
        return host_address - reinterpret_cast<uint64_t>(rx_) < size_;
    }
    uint32_t offset_of(uint64_t host_address) const {
        return static_cast<uint32_t>(host_address - reinterpret_cast<uint64_t>(rx_));
    }

    /// Stores a naturally aligned field with one write, which other cores see whole.
    void patch32(uint32_t offset, uint32_t value);
    void patch64(uint32_t offset, uint64_t value);

    /// Points the 4-byte-aligned rel32 field at `field` to the code at `target`.
    void patch_rel32(uint32_t field, uint32_t target) { patch32(field, target - (field + 4)); }

    /// Before fork(): makes the child's copy of the used part. After: the child maps its copy over
    /// both addresses, the parent drops it.
    bool prepare_fork();
    bool after_fork(bool child);

   private:
    uint8_t* child_ = nullptr;  // between prepare_fork() and after_fork()
    uint8_t* rw_ = nullptr;
    uint8_t* rx_ = nullptr;
    size_t size_ = 0;
    size_t used_ = 0;
};

}  // namespace pydbt::runtime
