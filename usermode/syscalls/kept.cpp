#include "usermode/syscalls/kept.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace pydbt::usermode {
namespace {

constexpr uint64_t kMagic = 0x7064'6274'6b65'7034;  // the last digit: this layout's

struct Message {
    uint64_t magic;
    KeptSettings kept;
    KeptDescriptors others;
    uint32_t strict, filters;
};

// Before the instructions of a filter.
struct FilterHead {
    uint32_t length, listens;
};

bool is_default(const KeptSettings& kept) {
    return kept.personality == 0 && !kept.address_space.set && !kept.data.set && !kept.stack.set &&
           kept.deny_write_exec == 0 && !kept.by_kernel;
}

void append(std::vector<uint8_t>& bytes, const void* data, size_t count) {
    const auto* from = static_cast<const uint8_t*>(data);
    bytes.insert(bytes.end(), from, from + count);
}

bool read_all(int fd, void* to, size_t count) {
    auto* at = static_cast<uint8_t*>(to);
    while (count != 0) {
        ssize_t n = read(fd, at, count);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        count -= static_cast<size_t>(n);
    }
    return true;
}

}  // namespace

int send_kept(const KeptSettings& kept, const SeccompState& seccomp, const KeptDescriptors& others,
              int& fd) {
    fd = -1;
    bool none =
        others.program < 0 && others.launcher < 0 && others.trace < 0 && others.tracer_slot < 0;
    if (is_default(kept) && !seccomp.active() && none) return 0;
    // Padding goes into the pipe too, so it is zeroed.
    Message message;
    std::memset(static_cast<void*>(&message), 0, sizeof message);
    message.magic = kMagic;
    message.kept = kept;
    message.others = others;
    message.strict = seccomp.strict;
    std::vector<uint8_t> bytes;
    std::vector<const SeccompFilter*> oldest_last;
    for (auto* f = seccomp.filter.get(); f != nullptr; f = f->before.get()) {
        oldest_last.push_back(f);
    }
    message.filters = static_cast<uint32_t>(oldest_last.size());
    append(bytes, &message, sizeof message);
    for (auto f = oldest_last.rbegin(); f != oldest_last.rend(); ++f) {
        FilterHead head{static_cast<uint32_t>((*f)->program.size()), (*f)->listens};
        append(bytes, &head, sizeof head);
        append(bytes, (*f)->program.data(), head.length * sizeof(sock_filter));
    }
    int ends[2];
    if (pipe(ends) != 0) return -errno;
    constexpr size_t kUsual = 65536;
    bool fits =
        bytes.size() <= kUsual || fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(bytes.size())) >= 0;
    bool written =
        fits && write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    close(ends[1]);
    if (!written) {
        close(ends[0]);
        return -ENOMEM;
    }
    fd = ends[0];
    return 0;
}

bool receive_kept(int fd, KeptSettings& kept, SeccompState& seccomp, KeptDescriptors& others) {
    Message message;
    bool ok = read_all(fd, &message, sizeof message) && message.magic == kMagic;
    for (uint32_t n = 0; ok && n < message.filters; n++) {
        auto filter = std::make_shared<SeccompFilter>();
        FilterHead head;
        ok = read_all(fd, &head, sizeof head) && head.length <= BPF_MAXINSNS;
        if (!ok) break;
        filter->program.resize(head.length);
        filter->before = seccomp.filter;
        filter->listens = head.listens != 0;
        ok = read_all(fd, filter->program.data(), head.length * sizeof(sock_filter)) &&
             seccomp_is_valid(filter->program);
        seccomp.filter = std::move(filter);
    }
    close(fd);
    if (!ok) return false;
    kept = message.kept;
    seccomp.strict = message.strict != 0;
    others = message.others;
    return true;
}

}  // namespace pydbt::usermode
