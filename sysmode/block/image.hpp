// What a disk's bytes are kept in.
//
// Owns: the interface, raw files, temporary changes to them. Must not know: requests of a guest.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pydbt::sysmode {

/// Every function but size() is of one thread at a time. False: an error of the host.
class Image {
   public:
    Image() = default;
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
    virtual ~Image() = default;

    virtual uint64_t size() const = 0;
    virtual bool read_only() const = 0;
    /// [offset, offset + bytes) is inside the image.
    virtual bool read(uint64_t offset, std::span<const iovec> to) = 0;
    virtual bool write(uint64_t offset, std::span<const iovec> from) = 0;
    /// What was written is on the host's disk, or in the file that keeps it.
    virtual bool flush() = 0;
    /// The bytes may become anything; the host may have the space back.
    virtual bool discard(uint64_t offset, uint64_t bytes) = 0;
    /// The bytes become 0; with `unmap` the host may have the space back.
    virtual bool zero(uint64_t offset, uint64_t bytes, bool unmap) = 0;
};

struct RawOptions {
    bool read_only = false;
    bool discard = false;  // discard=unmap; without it discards do nothing
    bool locking = true;
    bool ignore_flush = false;  // cache=unsafe
};

/// A file or block device whose bytes are the disk's. Null, with one sentence in `error`, when it
/// is not there, or somebody else has it.
std::unique_ptr<Image> open_raw(const std::string& path, const RawOptions& options,
                                std::string& error);
/// An image that another one is the beginning of; changes are in a temporary file, and gone with
/// it.
std::unique_ptr<Image> make_snapshot(std::unique_ptr<Image> base, std::string& error);

}  // namespace pydbt::sysmode
