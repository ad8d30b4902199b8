#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sysmode/block/image.hpp"

namespace pydbt::sysmode {
namespace {

using Transfer = ssize_t (*)(int, const iovec*, int, off_t);

// All of it, however often the host stops half way. A read behind the file's end gives zeroes.
bool transfer(int fd, uint64_t offset, std::span<const iovec> pieces, Transfer function,
              bool reading) {
    std::vector<iovec> left(pieces.begin(), pieces.end());
    constexpr size_t kMost = 1024;  // IOV_MAX
    size_t first = 0;
    while (first < left.size()) {
        if (left[first].iov_len == 0) {
            first++;
            continue;
        }
        int count = static_cast<int>(std::min(left.size() - first, kMost));
        ssize_t n = function(fd, &left[first], count, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        if (n == 0) {
            if (!reading) return false;
            for (; first < left.size(); first++) {
                std::memset(left[first].iov_base, 0, left[first].iov_len);
            }
            return true;
        }
        offset += static_cast<uint64_t>(n);
        for (auto done = static_cast<size_t>(n); done != 0;) {
            size_t part = std::min(done, left[first].iov_len);
            left[first].iov_base = static_cast<char*>(left[first].iov_base) + part;
            left[first].iov_len -= part;
            done -= part;
            if (left[first].iov_len == 0) first++;
        }
    }
    return true;
}

class Raw : public Image {
   public:
    Raw(int fd, uint64_t size, bool device, const RawOptions& options)
        : fd_(fd), size_(size), device_(device), options_(options) {}
    ~Raw() override {
        if (!options_.read_only) flush();
        close(fd_);
    }

    uint64_t size() const override { return size_; }
    bool read_only() const override { return options_.read_only; }
    bool read(uint64_t offset, std::span<const iovec> to) override {
        return transfer(fd_, offset, to, preadv, true);
    }
    bool write(uint64_t offset, std::span<const iovec> from) override {
        return transfer(fd_, offset, from, pwritev, false);
    }
    bool flush() override { return options_.ignore_flush || fdatasync(fd_) == 0; }
    bool discard(uint64_t offset, uint64_t bytes) override {
        return !options_.discard || punch(offset, bytes) || errno == EOPNOTSUPP;
    }
    bool zero(uint64_t offset, uint64_t bytes, bool unmap) override;

   private:
    bool punch(uint64_t offset, uint64_t bytes) {
        if (device_) {
            uint64_t range[2] = {offset, bytes};
            return ioctl(fd_, BLKDISCARD, range) == 0;
        }
        return fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0;
    }

    const int fd_;
    const uint64_t size_;
    const bool device_;
    const RawOptions options_;
};

bool Raw::zero(uint64_t offset, uint64_t bytes, bool unmap) {
    // A hole in a file reads as zeroes; a discarded block device does not have to.
    if (unmap && options_.discard && !device_ && punch(offset, bytes)) return true;
    if (!device_ && fallocate(fd_, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
                              static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0) {
        return true;
    }
    static const std::vector<char> zeroes(1 << 16);
    while (bytes != 0) {
        uint64_t part = std::min<uint64_t>(bytes, zeroes.size());
        iovec piece{const_cast<char*>(zeroes.data()), part};
        if (!write(offset, {&piece, 1})) return false;
        offset += part;
        bytes -= part;
    }
    return true;
}

// The lock is the open file's, and gone with it. Whole-file locks also meet those of QEMU.
bool lock(int fd, bool shared) {
    struct flock what{};
    what.l_type = shared ? F_RDLCK : F_WRLCK;
    what.l_whence = SEEK_SET;
    return fcntl(fd, F_OFD_SETLK, &what) == 0 || (errno != EAGAIN && errno != EACCES);
}

}  // namespace

std::unique_ptr<Image> open_raw(const std::string& path, const RawOptions& options,
                                std::string& error) {
    int fd = open(path.c_str(), (options.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        error = path + ": " + std::strerror(errno);
        if (fd >= 0) close(fd);
        return nullptr;
    }
    uint64_t size = static_cast<uint64_t>(status.st_size);
    bool device = S_ISBLK(status.st_mode);
    bool known = device ? ioctl(fd, BLKGETSIZE64, &size) == 0 : S_ISREG(status.st_mode);
    if (!known) {
        error = path + ": neither a file nor a block device";
    } else if (options.locking && !lock(fd, options.read_only)) {
        error = path + ": in use by another process, which has locked it";
    }
    if (!error.empty()) {
        close(fd);
        return nullptr;
    }
    return std::make_unique<Raw>(fd, size, device, options);
}

}  // namespace pydbt::sysmode
