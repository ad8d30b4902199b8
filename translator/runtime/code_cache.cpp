#include "translator/runtime/code_cache.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace pydbt::runtime {
namespace {

// Linux 6.3 (include/uapi/linux/memfd.h); older kernels refuse the flag and need none.
constexpr unsigned kMfdExec = 0x0010U;

int open_memory_object(size_t bytes) {
    int fd = memfd_create("code", MFD_CLOEXEC | kMfdExec);
    if (fd < 0 && errno == EINVAL) fd = memfd_create("code", MFD_CLOEXEC);
    if (fd < 0) return -1;
    if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool write_all(int fd, const uint8_t* data, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = pwrite(fd, data + done, bytes - done, static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<size_t>(n);
    }
    return true;
}

}  // namespace

CodeCache::~CodeCache() {
    if (rw_ != nullptr) munmap(rw_, size_);
    if (rx_ != nullptr) munmap(const_cast<uint8_t*>(rx_), size_);
    if (child_fd_ >= 0) close(child_fd_);
}

bool CodeCache::create(size_t bytes, std::string& error) {
    if (bytes > (size_t{1} << 31) - 4096) bytes = (size_t{1} << 31) - 4096;
    int fd = open_memory_object(bytes);
    if (fd < 0) {
        error = std::string("cannot make the code cache: memfd_create: ") + std::strerror(errno);
        return false;
    }
    void* rw = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    void* rx = mmap(nullptr, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, fd, 0);
    close(fd);  // the guest owns the descriptors; the mappings stay
    if (rw == MAP_FAILED || rx == MAP_FAILED) {
        error = std::string("cannot map the code cache executable: ") + std::strerror(errno) +
                " (does a security policy forbid executable memory?)";
        return false;
    }
    rw_ = static_cast<uint8_t*>(rw);
    rx_ = static_cast<uint8_t*>(rx);
    size_ = bytes;
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
    child_fd_ = open_memory_object(size_);
    if (child_fd_ < 0) return false;
    if (write_all(child_fd_, rw_, used_)) return true;
    close(child_fd_);
    child_fd_ = -1;
    return false;
}

bool CodeCache::after_fork(bool child) {
    if (!child) {
        close(child_fd_);
        child_fd_ = -1;
        return true;
    }
    constexpr int kFlags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;
    void* rw = mmap(rw_, size_, PROT_READ | PROT_WRITE, kFlags, child_fd_, 0);
    void* rx = mmap(rx_, size_, PROT_READ | PROT_EXEC, kFlags, child_fd_, 0);
    close(child_fd_);
    child_fd_ = -1;
    return rw != MAP_FAILED && rx != MAP_FAILED;
}

}  // namespace pydbt::runtime
