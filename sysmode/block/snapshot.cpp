#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "sysmode/block/image.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kBlock = 4096;

// Changes lie in a file without a name, at the offset that they have in the image.
class Snapshot : public Image {
   public:
    Snapshot(std::unique_ptr<Image> base, std::unique_ptr<Image> changes)
        : base_(std::move(base)),
          changes_(std::move(changes)),
          changed_(static_cast<size_t>((base_->size() + kBlock - 1) / kBlock)) {}

    uint64_t size() const override { return base_->size(); }
    bool read_only() const override { return false; }
    bool read(uint64_t offset, std::span<const iovec> to) override;
    bool write(uint64_t offset, std::span<const iovec> from) override;
    bool flush() override { return true; }  // there is nothing that outlives a crash
    bool discard(uint64_t, uint64_t) override { return true; }
    bool zero(uint64_t offset, uint64_t bytes, bool unmap) override;

   private:
    bool copy_up(uint64_t block);
    bool own(uint64_t offset, uint64_t bytes);

    std::unique_ptr<Image> base_, changes_;
    std::vector<bool> changed_;
};

// The pieces of `all` that make up [skip, skip + count).
std::vector<iovec> part_of(std::span<const iovec> all, uint64_t skip, uint64_t count) {
    std::vector<iovec> result;
    for (const iovec& piece : all) {
        if (count == 0) break;
        if (skip >= piece.iov_len) {
            skip -= piece.iov_len;
            continue;
        }
        uint64_t length = std::min<uint64_t>(piece.iov_len - skip, count);
        result.push_back({static_cast<char*>(piece.iov_base) + skip, length});
        count -= length;
        skip = 0;
    }
    return result;
}

uint64_t bytes_of(std::span<const iovec> all) {
    uint64_t total = 0;
    for (const iovec& piece : all) total += piece.iov_len;
    return total;
}

bool Snapshot::read(uint64_t offset, std::span<const iovec> to) {
    uint64_t total = bytes_of(to);
    for (uint64_t done = 0; done < total;) {
        uint64_t block = (offset + done) / kBlock;
        bool changed = changed_[block];
        uint64_t end = block + 1;
        while (end < changed_.size() && changed_[end] == changed && end * kBlock < offset + total) {
            end++;
        }
        uint64_t count = std::min(end * kBlock - (offset + done), total - done);
        Image& from = changed ? *changes_ : *base_;
        if (!from.read(offset + done, part_of(to, done, count))) return false;
        done += count;
    }
    return true;
}

bool Snapshot::copy_up(uint64_t block) {
    std::vector<char> bytes(static_cast<size_t>(std::min(kBlock, size() - block * kBlock)));
    iovec piece{bytes.data(), bytes.size()};
    return base_->read(block * kBlock, {&piece, 1}) && changes_->write(block * kBlock, {&piece, 1});
}

// Makes the blocks ours: those at both ends may keep a part of what they were.
bool Snapshot::own(uint64_t offset, uint64_t bytes) {
    if (bytes == 0) return true;
    uint64_t first = offset / kBlock, last = (offset + bytes - 1) / kBlock;
    bool whole_first = offset % kBlock == 0, whole_last = (offset + bytes) % kBlock == 0;
    if (first == last) whole_first = whole_last = whole_first && whole_last;
    if (!whole_first && !changed_[first] && !copy_up(first)) return false;
    if (first != last && !whole_last && !changed_[last] && !copy_up(last)) return false;
    std::fill(changed_.begin() + static_cast<ptrdiff_t>(first),
              changed_.begin() + static_cast<ptrdiff_t>(last) + 1, true);
    return true;
}

bool Snapshot::write(uint64_t offset, std::span<const iovec> from) {
    return own(offset, bytes_of(from)) && changes_->write(offset, from);
}

bool Snapshot::zero(uint64_t offset, uint64_t bytes, bool unmap) {
    return own(offset, bytes) && changes_->zero(offset, bytes, unmap);
}

}  // namespace

std::unique_ptr<Image> make_snapshot(std::unique_ptr<Image> base, std::string& error) {
    const char* chosen = std::getenv("TMPDIR");
    std::string folder = chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
    std::string name = folder + "/pydbt-XXXXXX";
    int fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) {
        error = "a temporary file for snapshot=on in " + folder + ": " + std::strerror(errno);
        return nullptr;
    }
    // Opened once more by its name, as any image; then the name goes.
    RawOptions options;
    options.ignore_flush = true;
    options.discard = true;
    std::unique_ptr<Image> changes = open_raw(name, options, error);
    unlink(name.c_str());
    close(fd);
    if (changes == nullptr) return nullptr;
    return std::make_unique<Snapshot>(std::move(base), std::move(changes));
}

}  // namespace pydbt::sysmode
