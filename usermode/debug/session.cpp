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
#include <memory>
#include <utility>
#include <vector>

#include "translator/gdbstub/server.hpp"
#include "usermode/debug/link.hpp"
#include "usermode/debug/target.hpp"
#include "usermode/loader/proc_files.hpp"
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

// Answers GDB, or the stub of another process that has GDB's connection.
class Stub {
   public:
    Stub(Process& process, int listener, std::string path, int link)
        : process_(process),
          target_(process),
          listener_(listener),
          path_(std::move(path)),
          link_(link) {}

    void run() {
        if (link_ < 0) client_ = wait_for_client();
        if (client_ >= 0 || link_ >= 0) {
            debugger().catch_signals(true);
            stop_first();
            make_server();
            while (serve_once()) {
            }
        }
        target_.detach(0);
        debugger().catch_signals(false);
        for (int fd : {client_, link_}) {
            if (fd >= 0) close(fd);
        }
    }

   private:
    Debugger& debugger() { return *process_.debugger; }

    int wait_for_client() {
        int fd = accept_client(listener_);
        close(listener_);
        if (!path_.empty()) unlink(path_.c_str());
        return fd;
    }

    // A program that waits for us stands already; one that an execve began tells so first.
    void stop_first() {
        if (link_ >= 0) return;
        target_.interrupt();
        while (!target_.stands()) {
            pollfd events{debugger().event_fd(), POLLIN, 0};
            poll(&events, 1, -1);
            target_.next_stop(first_);
        }
    }

    void make_server() {
        std::vector<gdbstub::ThreadId> threads = target_.threads();
        if (!threads.empty()) first_.thread = threads.front();
        server_ =
            std::make_unique<gdbstub::Server>(target_, first_, [this](std::string_view bytes) {
                if (client_ >= 0) lost_ = lost_ || !send_all(client_, bytes);
            });
        if (link_ < 0) return;
        auto lock = debugger().lock();
        gdbstub::Session session = debugger().session;
        lock.unlock();
        session.general = first_.thread;
        session.running = false;
        server_->take_over(session);
        // What was sent before an execve is there.
        pollfd waiting{link_, POLLIN, 0};
        while (link_ >= 0 && poll(&waiting, 1, 0) > 0 && serve_link()) {
        }
    }

    void keep_session() {
        auto lock = debugger().lock();
        debugger().session = server_->session();
    }

    // False at the end.
    bool serve_once() {
        debugger().client = client_;
        debugger().link = link_;
        std::vector<pollfd> waits = {
            {client_, POLLIN, 0}, {link_, POLLIN, 0}, {debugger().event_fd(), POLLIN, 0}};
        for (LinkedProcess& linked : target_.linked()) {
            if (linked.running) waits.push_back({linked.fd, POLLIN, 0});
        }
        // Its sign may have gone with that of a stop which a request of GDB's took.
        bool stops = exec_is_asked();
        if (poll(waits.data(), waits.size(), stops ? 0 : -1) < 0) return true;
        stops |= waits[2].revents != 0;
        for (size_t n = 3; n < waits.size(); n++) stops |= waits[n].revents != 0;
        if (stops && !serve_events()) return false;
        if (waits[1].revents != 0 && !serve_link()) return false;
        if (waits[0].revents != 0 && !serve_client()) return false;
        return !lost_ && !server_->done();
    }

    bool serve_events() {
        if (client_ >= 0) {
            server_->look();
        } else if (std::string text; server_->take_stop(text)) {
            send_message(link_, LinkMessage::Kind::stop, text);
        }
        serve_exec();  // behind what has emptied event_fd(), which is its sign, too
        keep_session();
        // The process ends when this is told, and GDB's connection is another's then.
        bool mine = target_.has_own();
        if (target_.ends() && target_.last_ends()) mine = false;
        if (!mine) debugger().catch_signals(false);  // the process may be about to die of one
        if (!mine && hand_over()) {
            target_.acknowledge_end();
            return false;
        }
        if (!mine && target_.linked().empty()) say_goodbye();
        target_.acknowledge_end();
        return target_.has_own() || !target_.linked().empty();
    }

    // GDB may have files of ours open, and asks about them before it closes the connection.
    void say_goodbye() {
        constexpr int kPatience = 2000;
        pollfd waiting{client_, POLLIN, 0};
        while (client_ >= 0 && poll(&waiting, 1, kPatience) > 0 && read_client()) {
        }
    }

    bool read_client() {
        char bytes[4096];
        ssize_t n = recv(client_, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR) return true;
        if (n <= 0) return false;
        server_->receive({bytes, static_cast<size_t>(n)});
        return true;
    }

    bool serve_client() {
        if (!read_client()) return false;
        keep_session();
        return target_.has_own() || !hand_over();
    }

    bool serve_link() {
        LinkMessage message;
        if (!receive_message(link_, message)) return false;
        switch (message.kind) {
            case LinkMessage::Kind::session: take_session(message.text); break;
            case LinkMessage::Kind::request: {
                std::string reply = server_->answer(message.text);
                keep_session();
                send_message(link_, LinkMessage::Kind::reply, reply);
                server_->finish();
                break;
            }
            case LinkMessage::Kind::interrupt: target_.interrupt(); break;
            case LinkMessage::Kind::hand_over: take_connection(message); break;
            case LinkMessage::Kind::link:
                if (message.fds.size() != 1) return false;
                close(std::exchange(link_, message.fds[0]));
                break;
            default: break;
        }
        return !server_->done();
    }

    void take_session(const std::string& text) {
        gdbstub::Session session;
        if (text.size() != sizeof session) return;
        std::memcpy(static_cast<void*>(&session), text.data(), sizeof session);
        server_->take_over(session);
    }

    std::string session_text() const {
        gdbstub::Session session = server_->session();
        return {reinterpret_cast<const char*>(&session), sizeof session};
    }

    // The session, then the numbers of the processes whose links follow GDB's connection.
    void take_connection(LinkMessage& message) {
        size_t count = (message.text.size() - sizeof(gdbstub::Session)) / sizeof(int64_t);
        if (message.text.size() < sizeof(gdbstub::Session) || message.fds.size() != count + 1)
            return;
        take_session(message.text.substr(0, sizeof(gdbstub::Session)));
        client_ = message.fds[0];
        close(std::exchange(link_, -1));
        for (size_t n = 0; n < count; n++) {
            int64_t pid;
            std::memcpy(&pid, message.text.data() + sizeof(gdbstub::Session) + n * sizeof pid,
                        sizeof pid);
            target_.linked().push_back({pid, message.fds[n + 1]});
        }
        keep_session();
    }

    bool send_connection(int to) {
        std::string text = session_text();
        std::vector<int> fds = {client_};
        for (const LinkedProcess& other : target_.linked()) {
            if (other.fd == to) continue;
            text.append(reinterpret_cast<const char*>(&other.pid), sizeof other.pid);
            fds.push_back(other.fd);
        }
        return send_message(to, LinkMessage::Kind::hand_over, text, fds);
    }

    // This process has nothing more to debug, others have.
    bool hand_over() {
        if (client_ < 0 || target_.linked().empty()) return false;
        send_connection(target_.linked().front().fd);
        for (LinkedProcess& linked : target_.linked()) close(linked.fd);
        target_.linked().clear();
        close(std::exchange(client_, -1));
        return true;
    }

    bool exec_is_asked() {
        auto lock = debugger().lock();
        return debugger().exec_is_asked();
    }

    // An execve: its program goes on with a stub of its own. If the process is this one, that one
    // gets the connection, and this thread is at its end unless the execve fails.
    void serve_exec() {
        auto lock = debugger().lock();
        if (int64_t failed = debugger().take_failed_exec(); failed != 0) {
            std::erase_if(target_.linked(), [&](const LinkedProcess& linked) {
                if (linked.pid == failed) close(linked.fd);
                return linked.pid == failed;
            });
        }
        LinkedProcess exec = debugger().take_exec();
        if (exec.fd < 0) return;
        send_message(exec.fd, LinkMessage::Kind::session, session_text());
        bool own = exec.pid == getpid();
        if (own && client_ >= 0) send_connection(exec.fd);
        if (own && client_ < 0) send_message(exec.fd, LinkMessage::Kind::link, {}, {link_});
        // The other end of vfork's link is closed when the child has left the memory.
        if (!own) exec.fd = private_descriptor(dup(exec.fd));
        debugger().exec_is_ready();
        if (own) {
            debugger().wait_for_failed_exec(lock);
            close(exec.fd);
            return;
        }
        debugger().release(exec.pid);
        lock.unlock();
        target_.linked().push_back(exec);
    }

    Process& process_;
    ProcessTarget target_;
    int listener_;
    std::string path_;  // of the listener, to be removed
    int client_ = -1, link_;
    bool lost_ = false;
    gdbstub::Stop first_;
    std::unique_ptr<gdbstub::Server> server_;
};

void* stub_main(void* data) {
    std::unique_ptr<Stub> stub(static_cast<Stub*>(data));
    stub->run();
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
    auto* stub = new Stub(process, private_descriptor(listener), endpoint.path, -1);
    if (start_stub(stub)) return true;
    error = "-g: no thread can be made";
    return false;
}

void join_debugging(Process& process, int link) { start_stub(new Stub(process, -1, {}, link)); }

void join_debugging_after_exec(Process& process, int link) {
    process.debugger = std::make_unique<Debugger>(process, true);
    process.debugger->begin(*process.main_thread);
    process.debugger->tell_exec(shown_path(process, process.program));
    join_debugging(process, private_descriptor(link));
}

}  // namespace pydbt::usermode
