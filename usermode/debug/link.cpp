#include "usermode/debug/link.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "translator/gdbstub/packet.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

constexpr size_t kMostText = 2 * gdbstub::kMostPacket + 64, kMostFds = 64;

union Control {
    char bytes[CMSG_SPACE(kMostFds * sizeof(int))];
    cmsghdr align;
};

}  // namespace

bool make_link(int (&ends)[2]) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
    for (int& end : ends) end = private_descriptor(end);
    return true;
}

bool send_message(int fd, LinkMessage::Kind kind, std::string_view text,
                  const std::vector<int>& fds) {
    char first = static_cast<char>(kind);
    iovec parts[] = {{&first, 1}, {const_cast<char*>(text.data()), text.size()}};
    msghdr header{};
    header.msg_iov = parts;
    header.msg_iovlen = 2;
    Control control{};
    if (fds.size() > kMostFds) return false;
    if (!fds.empty()) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        cmsghdr* c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        std::memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(fd, &header, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n >= 0;
}

bool receive_message(int fd, LinkMessage& message) {
    message.text.resize(kMostText);
    message.fds.clear();
    char first = 0;
    iovec parts[] = {{&first, 1}, {message.text.data(), message.text.size()}};
    Control control{};
    msghdr header{};
    header.msg_iov = parts;
    header.msg_iovlen = 2;
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    ssize_t n;
    do {
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) return false;
    message.kind = static_cast<LinkMessage::Kind>(first);
    message.text.resize(static_cast<size_t>(n) - 1);
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t k = 0; k < count; k++) {
            int received;
            std::memcpy(&received, CMSG_DATA(c) + k * sizeof(int), sizeof received);
            message.fds.push_back(private_descriptor(received));
        }
    }
    return true;
}

}  // namespace pydbt::usermode
