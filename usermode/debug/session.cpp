#include "usermode/debug/session.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "translator/gdbstub/server.hpp"
#include "usermode/debug/target.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

constexpr size_t kStubStack = 512 * 1024;

// --- the socket ---------------------------------------------------------------------------------

int failed(int fd, const std::string& what, std::string& error) {
    error = "-g: " + what + ": " + std::strerror(errno);
    if (fd >= 0) close(fd);
    return -1;
}

int listen_on_path(const std::string& path, std::string& error) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path.c_str());
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
        listen(fd, 1) != 0) {
        return failed(fd, path, error);
    }
    return fd;
}

int listen_on_port(const GdbEndpoint& endpoint, std::string& error) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(endpoint.port));
    inet_pton(AF_INET, endpoint.host.c_str(), &name.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
        listen(fd, 1) != 0) {
        return failed(fd, "port " + std::to_string(endpoint.port), error);
    }
    return fd;
}

int accept_client(int listener) {
    int fd;
    do {
        fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) return fd;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // nothing on other sockets
    return private_descriptor(fd);
}

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

// --- the stub's thread --------------------------------------------------------------------------

struct Stub {
    Process& process;
    int listener;
    std::string path;  // of the listener, to be removed
    ProcessTarget target{process};

    void serve(int fd);
    void run();
};

void Stub::serve(int fd) {
    gdbstub::Stop stopped;
    target.interrupt();
    // A program that waits for us stands already.
    while (!target.stands()) {
        pollfd events{process.debugger->event_fd(), POLLIN, 0};
        poll(&events, 1, -1);
        target.next_stop(stopped);
    }
    if (std::vector<gdbstub::ThreadId> threads = target.threads(); !threads.empty()) {
        stopped.thread = threads.front();
    }
    bool lost = false;
    gdbstub::Server server(target, stopped,
                           [&](std::string_view bytes) { lost = lost || !send_all(fd, bytes); });
    while (!server.done() && !lost) {
        pollfd waits[] = {{fd, POLLIN, 0}, {process.debugger->event_fd(), POLLIN, 0}};
        if (poll(waits, 2, -1) < 0) continue;
        if (waits[1].revents != 0) {
            server.look();
            if (target.acknowledge_end()) break;
        }
        if (waits[0].revents == 0) continue;
        char bytes[4096];
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        server.receive({bytes, static_cast<size_t>(n)});
    }
}

void Stub::run() {
    int fd = accept_client(listener);
    close(listener);
    if (!path.empty()) unlink(path.c_str());
    if (fd >= 0) {
        process.debugger->catch_signals(true);
        serve(fd);
        close(fd);
    }
    target.detach(0);
    process.debugger->catch_signals(false);
}

void* stub_main(void* data) {
    auto* stub = static_cast<Stub*>(data);
    stub->run();
    delete stub;
    return nullptr;
}

bool start_stub(Stub* stub) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, kStubStack);
    pthread_t id;
    GuestThread& thread = *GuestThread::current();
    block_all_signals();  // none is taken by the new thread
    int failure = pthread_create(&id, &attributes, stub_main, stub);
    thread.group->actions->take_back();
    apply_mask(thread);
    pthread_attr_destroy(&attributes);
    return failure == 0;
}

}  // namespace

bool parse_gdb_endpoint(const std::string& text, GdbEndpoint& endpoint, std::string& error) {
    std::string place = text;
    if (size_t comma = text.rfind(",suspend="); comma != std::string::npos) {
        std::string value = text.substr(comma + std::strlen(",suspend="));
        place = text.substr(0, comma);
        if (value != "y" && value != "on" && value != "n" && value != "off") {
            error = "suspend is y or n, not " + value;
            return false;
        }
        endpoint.suspend = value == "y" || value == "on";
    }
    size_t colon = place.rfind(':');
    std::string port = colon == std::string::npos ? place : place.substr(colon + 1);
    bool digits = !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
    if (place.find('/') == std::string::npos && digits) {
        constexpr size_t kMostDigits = 5;
        endpoint.port = port.size() > kMostDigits ? 0 : std::atoi(port.c_str());
        in_addr unused;
        if (colon != std::string::npos) endpoint.host = place.substr(0, colon);
        if (endpoint.port == 0 || endpoint.port > UINT16_MAX ||
            inet_pton(AF_INET, endpoint.host.c_str(), &unused) != 1) {
            error = place + " is no port and no IPv4 address with a port";
            return false;
        }
        return true;
    }
    if (size_t at = place.find("%d"); at != std::string::npos) {
        place.replace(at, 2, std::to_string(getpid()));
    }
    if (place.empty() || place.size() >= sizeof(sockaddr_un::sun_path)) {
        error = place.empty() ? "no port and no path" : place + ": too long for a socket's path";
        return false;
    }
    endpoint.path = place;
    return true;
}

bool start_debugging(Process& process, const GdbEndpoint& endpoint, std::string& error) {
    int listener = endpoint.path.empty() ? listen_on_port(endpoint, error)
                                         : listen_on_path(endpoint.path, error);
    if (listener < 0) return false;
    process.debugger = std::make_unique<Debugger>(process, endpoint.suspend);
    process.debugger->begin(*process.main_thread);
    auto* stub = new Stub{process, private_descriptor(listener), endpoint.path};
    if (start_stub(stub)) return true;
    error = "-g: no thread can be made";
    return false;
}

}  // namespace pydbt::usermode
