#include "sysmode/io/chardevs.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace pydbt::sysmode {
namespace {

// The terminal of standard input as it was before.
termios saved_terminal;
std::atomic<bool> terminal_is_raw{false};

// A descriptor of our own for the same file, so that not blocking is not everybody's who has it.
int reopen(int fd, int flags) {
    struct stat status;
    std::string name = "/proc/self/fd/" + std::to_string(fd);
    int copy = -1;
    if (fstat(fd, &status) == 0 && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))) {
        copy = open(name.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    return copy >= 0 ? copy : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

std::string failed(const std::string& what) { return what + ": " + std::strerror(errno); }

}  // namespace

// ---- stdio

StdioChardev::StdioChardev(IoLoop& loop, bool signals) : Stream(loop) {
    if (!terminal_is_raw && tcgetattr(STDIN_FILENO, &saved_terminal) == 0) {
        termios raw = saved_terminal;
        raw.c_iflag &= ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR |
                                              ICRNL | IXON);
        raw.c_oflag |= OPOST;
        raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN);
        if (!signals) raw.c_lflag &= ~static_cast<tcflag_t>(ISIG);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        static const int at_end = std::atexit([] { StdioChardev::restore(); });
        if (at_end == 0 && tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0) terminal_is_raw = true;
    }
    attach(reopen(STDIN_FILENO, O_RDONLY), reopen(STDOUT_FILENO, O_WRONLY));
}

StdioChardev::~StdioChardev() {
    flush();
    detach();
    restore();
}

void StdioChardev::restore() noexcept {
    if (terminal_is_raw.exchange(false)) tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_terminal);
}

// ---- files and pseudo terminals

std::unique_ptr<FileChardev> FileChardev::open(IoLoop& loop, const std::string& path, bool append,
                                               std::string& error) {
    int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) {
        error = failed(path);
        return nullptr;
    }
    std::unique_ptr<FileChardev> result(new FileChardev(loop));
    result->attach(-1, fd);
    return result;
}

std::unique_ptr<PtyChardev> PtyChardev::open(IoLoop& loop, std::string& error) {
    char name[64];
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, sizeof name) != 0) {
        error = failed("a pseudo terminal");
        if (fd >= 0) close(fd);
        return nullptr;
    }
    termios raw;
    if (tcgetattr(fd, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(fd, TCSANOW, &raw);
    }
    std::unique_ptr<PtyChardev> result(new PtyChardev(loop));
    result->name_ = name;
    result->attach(fd, fd, Full::drop);
    return result;
}

// ---- sockets

namespace {

struct Name {
    sockaddr_storage address{};
    socklen_t size = 0;
};

bool resolve(const SocketAddress& from, bool passive, Name& to, std::string& error) {
    if (!from.path.empty()) {
        auto* unix_name = reinterpret_cast<sockaddr_un*>(&to.address);
        if (from.path.size() >= sizeof unix_name->sun_path) {
            error = from.path + ": the path is too long for a socket";
            return false;
        }
        unix_name->sun_family = AF_UNIX;
        std::memcpy(unix_name->sun_path, from.path.c_str(), from.path.size() + 1);
        to.size = sizeof *unix_name;
        return true;
    }
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = passive ? AI_PASSIVE : 0;
    const char* host = from.host.empty() ? nullptr : from.host.c_str();
    int status = getaddrinfo(host, from.port.c_str(), &hints, &found);
    if (status != 0) {
        error = from.host + ":" + from.port + ": " + gai_strerror(status);
        return false;
    }
    std::memcpy(&to.address, found->ai_addr, found->ai_addrlen);
    to.size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

std::string text_of(const SocketAddress& address) {
    return address.path.empty() ? address.host + ":" + address.port : address.path;
}

// A socket's file that nobody listens at is of a process that has ended.
void remove_stale(const Name& name, const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* address = reinterpret_cast<const sockaddr*>(&name.address);
    if (connect(probe, address, name.size) != 0 && errno == ECONNREFUSED) unlink(path.c_str());
    close(probe);
}

}  // namespace

std::unique_ptr<SocketChardev> SocketChardev::open(IoLoop& loop, const SocketAddress& address,
                                                   bool server, bool wait, std::string& error) {
    Name name;
    if (!resolve(address, server, name, error)) return nullptr;
    const auto* where = reinterpret_cast<const sockaddr*>(&name.address);
    int fd = socket(name.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0;
    if (good && server) {
        int yes = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (!address.path.empty()) remove_stale(name, address.path);
        good = bind(fd, where, name.size) == 0 && ::listen(fd, 1) == 0;
    } else if (good) {
        good = ::connect(fd, where, name.size) == 0;
    }
    if (!good) {
        error = failed(text_of(address));
        if (fd >= 0) close(fd);
        return nullptr;
    }
    std::unique_ptr<SocketChardev> result(new SocketChardev(loop));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!server) {
        result->attach(fd, fd);
        return result;
    }
    result->listener_ = fd;
    result->path_ = address.path;
    pollfd coming{fd, POLLIN, 0};
    if (wait) {
        while (poll(&coming, 1, -1) < 0 && errno == EINTR) continue;
        result->accept();
    } else {
        result->listen();
    }
    return result;
}

SocketChardev::~SocketChardev() {
    if (listener_ >= 0) {
        loop().forget(listener_);
        detach();
        loop().forget(listener_);  // a client may just have gone
        close(listener_);
    }
    if (!path_.empty()) unlink(path_.c_str());
}

void SocketChardev::listen() {
    loop().watch(listener_, EPOLLIN, [this](uint32_t) { accept(); });
}

// A second client waits in the queue until the first has gone.
void SocketChardev::accept() {
    int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    loop().forget(listener_);
    attach(fd, fd);
    tell(CharEvent::opened);
}

void SocketChardev::lost() {
    tell(CharEvent::closed);
    if (listener_ >= 0) listen();
}

}  // namespace pydbt::sysmode
