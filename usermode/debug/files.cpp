#include "usermode/debug/files.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "usermode/loader/proc_files.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

// GDB's manual, "Open Flags" and "Errno Values"; the other error numbers are Linux's.
constexpr uint64_t kAppend = 0x8, kCreate = 0x200, kTruncate = 0x400, kExclusive = 0x800;
constexpr uint64_t kAccess = 3, kKnown = kAccess | kAppend | kCreate | kTruncate | kExclusive;
constexpr int64_t kNameTooLong = 91, kUnknown = 9999;

int64_t error(int number) {
    if (number == ENAMETOOLONG) return -kNameTooLong;
    return number <= EROFS ? -number : -kUnknown;
}

int64_t result(int64_t value) { return value < 0 ? error(errno) : value; }

void append_big(std::string& data, uint64_t value, unsigned bytes) {
    for (unsigned n = bytes; n-- > 0;) data.push_back(static_cast<char>(value >> (8 * n)));
}

}  // namespace

DebuggerFiles::~DebuggerFiles() {
    for (int fd : open_) ::close(fd);
}

int64_t DebuggerFiles::open(const std::string& path, uint64_t flags, uint64_t mode) {
    if ((flags & ~kKnown) != 0 || (flags & kAccess) == kAccess) return error(EINVAL);
    int host = static_cast<int>(flags & kAccess) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if ((flags & kAppend) != 0) host |= O_APPEND;
    if ((flags & kCreate) != 0) host |= O_CREAT;
    if ((flags & kTruncate) != 0) host |= O_TRUNC;
    if ((flags & kExclusive) != 0) host |= O_EXCL;
    std::string file = host_path(process_, path), program;
    if (is_guest_exe(process_, path, program)) file = program;
    int fd = ::open(file.c_str(), host, static_cast<mode_t>(mode & 07777));
    if (fd < 0) return error(errno);
    GuestThread& thread = *process_.main_thread;
    int64_t shown = replace_proc_file(thread, fd, static_cast<uint64_t>(host));
    if (shown < 0) return error(static_cast<int>(-shown));
    fd = private_descriptor(static_cast<int>(shown));
    open_.insert(fd);
    return fd;
}

int64_t DebuggerFiles::close(uint64_t fd) {
    if (!is_open(fd)) return error(EBADF);
    open_.erase(static_cast<int>(fd));
    return result(::close(static_cast<int>(fd)));
}

int64_t DebuggerFiles::read(uint64_t fd, uint64_t bytes, uint64_t offset, std::string& data) {
    if (!is_open(fd)) return error(EBADF);
    if (offset > INT64_MAX) return error(EINVAL);
    data.resize(bytes);
    ssize_t n = pread(static_cast<int>(fd), data.data(), bytes, static_cast<off_t>(offset));
    data.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return result(n);
}

int64_t DebuggerFiles::write(uint64_t fd, uint64_t offset, std::string_view data) {
    if (!is_open(fd)) return error(EBADF);
    if (offset > INT64_MAX) return error(EINVAL);
    return result(
        pwrite(static_cast<int>(fd), data.data(), data.size(), static_cast<off_t>(offset)));
}

// struct stat of GDB's manual, in big-endian order.
int64_t DebuggerFiles::stat(uint64_t fd, std::string& data) {
    if (!is_open(fd)) return error(EBADF);
    struct stat s;
    if (fstat(static_cast<int>(fd), &s) != 0) return error(errno);
    for (uint64_t word :
         {uint64_t{s.st_dev}, uint64_t{s.st_ino}, uint64_t{s.st_mode}, uint64_t{s.st_nlink},
          uint64_t{s.st_uid}, uint64_t{s.st_gid}, uint64_t{s.st_rdev}}) {
        append_big(data, word, 4);
    }
    for (int64_t word : {int64_t{s.st_size}, int64_t{s.st_blksize}, int64_t{s.st_blocks}}) {
        append_big(data, static_cast<uint64_t>(word), 8);
    }
    for (time_t time : {s.st_atime, s.st_mtime, s.st_ctime}) {
        append_big(data, static_cast<uint64_t>(time), 4);
    }
    return 0;
}

int64_t DebuggerFiles::unlink(const std::string& path) {
    return result(::unlink(host_path(process_, path).c_str()));
}

int64_t DebuggerFiles::read_link(const std::string& path, std::string& target) {
    if (is_guest_exe(process_, path, target)) {
        target = shown_path(process_, target);
        return 0;
    }
    char text[PATH_MAX];
    ssize_t n = readlink(host_path(process_, path).c_str(), text, sizeof text);
    if (n < 0) return error(errno);
    target.assign(text, static_cast<size_t>(n));
    return 0;
}

}  // namespace pydbt::usermode
