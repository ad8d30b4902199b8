#include "usermode/syscalls/arguments.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "usermode/memory/guest_memory.hpp"

namespace pydbt::usermode {

int64_t read_versioned(uint64_t from, uint64_t size, uint64_t least, void* to, size_t known) {
    constexpr uint64_t kPage = 4096;
    if (size > kPage) return -E2BIG;
    if (size < least) return -EINVAL;
    uint8_t bytes[kPage] = {};
    if (!copy_from_guest(bytes, from, size)) return -EFAULT;
    std::memcpy(to, bytes, known);
    auto* rest = bytes + std::min<uint64_t>(size, known);
    return std::any_of(rest, bytes + size, [](uint8_t b) { return b != 0; }) ? -E2BIG : 0;
}

bool has_capability(int capability) {
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    return syscall(SYS_capget, &head, data) == 0 &&
           (data[capability / 32].effective >> capability % 32 & 1) != 0;
}

}  // namespace pydbt::usermode
