#include "usermode/syscalls/fork_wait.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "usermode/process.hpp"

namespace pydbt::usermode {

ForkWait::~ForkWait() {
    for (int fd : ends_) {
        if (fd >= 0) close(fd);
    }
}

bool ForkWait::open() {
    if (pipe2(ends_, O_CLOEXEC) != 0) return false;
    ends_[1] = private_descriptor(ends_[1]);  // the guest sees this one in the child
    return true;
}

void ForkWait::finish(Process& process, int64_t result) {
    if (result == 0) {
        int inherited = std::exchange(process.waited_fd, std::exchange(ends_[1], -1));
        if (inherited >= 0) close(inherited);
        return;
    }
    if (ends_[1] < 0) return;
    close(std::exchange(ends_[1], -1));
    // Signals are delivered after that, as in the kernel's own wait.
    char nothing;
    while (result > 0 && read(ends_[0], &nothing, 1) < 0 && errno == EINTR) {
    }
}

}  // namespace pydbt::usermode
