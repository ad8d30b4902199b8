#include "sysmode/net/user.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "sysmode/io/report.hpp"

namespace pydbt::sysmode {

// --- libslirp's interface (libslirp.h, version 1 of its configuration), which is loaded by name:
// the emulator runs without it.

struct Slirp;

namespace {

using TimerFunction = void (*)(void*);

struct SlirpCallbacks {
    ssize_t (*send_packet)(const void* bytes, size_t size, void* opaque);
    void (*guest_error)(const char* message, void* opaque);
    int64_t (*clock_ns)(void* opaque);
    void* (*timer_new)(TimerFunction function, void* argument, void* opaque);
    void (*timer_free)(void* timer, void* opaque);
    void (*timer_set)(void* timer, int64_t milliseconds, void* opaque);
    void (*register_fd)(int fd, void* opaque);
    void (*unregister_fd)(int fd, void* opaque);
    void (*notify)(void* opaque);
};

struct SlirpConfig {
    uint32_t version;
    int restricted;
    bool ipv4;
    in_addr network, mask, host;
    bool ipv6;
    in6_addr prefix6;
    uint8_t prefix6_size;
    in6_addr host6;
    const char *hostname, *tftp_server, *tftp_path, *bootfile;
    in_addr dhcp_start, dns;
    in6_addr dns6;
    const char** search;
    const char* domain;
    size_t mtu, mru;
    bool no_loopback, emulation;
};

enum SlirpPoll : int { kIn = 1, kOut = 2, kPriority = 4, kError = 8, kHangup = 16 };

constexpr size_t kMostWaiting = 1024;  // frames each way; more are lost, as on a cable

template <typename F>
bool symbol(void* library, const char* name, F*& function) {
    function = reinterpret_cast<F*>(dlsym(library, name));
    return function != nullptr;
}

}  // namespace

struct UserNet::Library {
    Slirp* (*create)(const SlirpConfig*, const SlirpCallbacks*, void*);
    void (*destroy)(Slirp*);
    void (*fill)(Slirp*, uint32_t*, int (*)(int, int, void*), void*);
    void (*poll)(Slirp*, int, int (*)(int, void*), void*);
    void (*input)(Slirp*, const uint8_t*, int);
    int (*forward)(Slirp*, int, in_addr, int, in_addr, int);

    bool load(const std::string& name, std::string& error);
};

bool UserNet::Library::load(const std::string& name, std::string& error) {
    void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);  // stays for the process's life
    if (library == nullptr) {
        error = std::string("user networking needs libslirp: ") + dlerror();
        return false;
    }
    bool whole =
        symbol(library, "slirp_new", create) && symbol(library, "slirp_cleanup", destroy) &&
        symbol(library, "slirp_pollfds_fill", fill) &&
        symbol(library, "slirp_pollfds_poll", poll) && symbol(library, "slirp_input", input) &&
        symbol(library, "slirp_add_hostfwd", forward);
    if (!whole) error = name + " is not the libslirp that is needed (4.1 or later)";
    return whole;
}

using FrameBytes = std::vector<std::byte>;

// Everything libslirp is its thread's alone.
struct UserNet::Impl {
    struct Timer {
        TimerFunction function;
        void* argument;
        int64_t at = -1;  // milliseconds; -1: not set
    };

    ~Impl();
    bool start(const UserNetOptions& options, std::string& error);
    void run();
    void input();
    void deliver();
    void ring();
    void wait();
    void wake();
    static int64_t now_ns();

    Library library{};
    Slirp* slirp = nullptr;
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::mutex peer_lock;  // held while a frame is delivered
    NetPeer* peer = nullptr;
    std::mutex lock;  // of outgoing and ending
    std::deque<FrameBytes> outgoing;
    bool ending = false;
    std::deque<FrameBytes> incoming;
    std::vector<std::unique_ptr<Timer>> timers;
    std::vector<pollfd> polled;
    std::thread thread;
};

int64_t UserNet::Impl::now_ns() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

void UserNet::Impl::wake() {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(wake_fd, &one, sizeof one);
}

namespace {

UserNet::Impl& impl_of(void* opaque);

const SlirpCallbacks kCallbacks = {
    [](const void* bytes, size_t size, void* opaque) -> ssize_t {
        auto& impl = impl_of(opaque);
        const auto* first = static_cast<const std::byte*>(bytes);
        if (impl.incoming.size() < kMostWaiting) impl.incoming.emplace_back(first, first + size);
        return static_cast<ssize_t>(size);
    },
    [](const char* message, void*) { report(std::string("user network: ") + message); },
    [](void*) { return UserNet::Impl::now_ns(); },
    [](TimerFunction function, void* argument, void* opaque) -> void* {
        auto& timers = impl_of(opaque).timers;
        timers.push_back(std::make_unique<UserNet::Impl::Timer>());
        *timers.back() = {function, argument, -1};
        return timers.back().get();
    },
    [](void* timer, void* opaque) {
        std::erase_if(impl_of(opaque).timers, [&](auto& t) { return t.get() == timer; });
    },
    [](void* timer, int64_t milliseconds, void*) {
        static_cast<UserNet::Impl::Timer*>(timer)->at = milliseconds;
    },
    [](int, void*) {},
    [](int, void*) {},
    [](void* opaque) { impl_of(opaque).wake(); },
};

UserNet::Impl& impl_of(void* opaque) { return *static_cast<UserNet::Impl*>(opaque); }

}  // namespace

bool UserNet::Impl::start(const UserNetOptions& options, std::string& error) {
    if (!library.load(options.library, error)) return false;
    std::vector<const char*> search;
    for (const std::string& domain : options.search) search.push_back(domain.c_str());
    search.push_back(nullptr);
    auto text = [](const std::string& s) { return s.empty() ? nullptr : s.c_str(); };
    SlirpConfig config{};
    config.version = 1;
    config.restricted = options.restricted;
    config.ipv4 = options.ipv4;
    config.network = options.network;
    config.mask = options.mask;
    config.host = options.host;
    config.dhcp_start = options.dhcp_start;
    config.dns = options.dns;
    config.ipv6 = options.ipv6;
    config.prefix6_size = 64;
    inet_pton(AF_INET6, "fec0::", &config.prefix6);
    inet_pton(AF_INET6, "fec0::2", &config.host6);
    inet_pton(AF_INET6, "fec0::3", &config.dns6);
    config.hostname = text(options.hostname);
    config.tftp_path = text(options.tftp);
    config.bootfile = text(options.bootfile);
    config.domain = text(options.domain);
    config.search = options.search.empty() ? nullptr : search.data();
    slirp = library.create(&config, &kCallbacks, this);
    if (slirp == nullptr) {
        error = "libslirp does not make such a network: are host, dns and dhcpstart inside net?";
        return false;
    }
    for (const Forward& f : options.forwards) {
        if (library.forward(slirp, f.udp, f.host, f.host_port, f.guest, f.guest_port) != 0) {
            error = std::string("hostfwd: port ") + std::to_string(f.host_port) +
                    " of the host: " + std::strerror(errno);
            return false;
        }
    }
    thread = std::thread([this] { run(); });
    return true;
}

UserNet::Impl::~Impl() {
    if (thread.joinable()) {
        {
            std::lock_guard guard(lock);
            ending = true;
        }
        wake();
        thread.join();
    }
    if (slirp != nullptr) library.destroy(slirp);
    close(wake_fd);
}

void UserNet::Impl::input() {
    std::deque<FrameBytes> frames;
    {
        std::lock_guard guard(lock);
        frames.swap(outgoing);
    }
    for (const FrameBytes& frame : frames) {
        library.input(slirp, reinterpret_cast<const uint8_t*>(frame.data()),
                      static_cast<int>(frame.size()));
    }
}

void UserNet::Impl::deliver() {
    std::lock_guard guard(peer_lock);
    while (!incoming.empty() && (peer == nullptr || peer->receive(incoming.front()))) {
        incoming.pop_front();
    }
}

void UserNet::Impl::ring() {
    int64_t now = now_ns() / 1'000'000;
    for (size_t n = 0; n < timers.size(); n++) {
        Timer& timer = *timers[n];
        if (timer.at < 0 || timer.at > now) continue;
        timer.at = -1;
        timer.function(timer.argument);
    }
}

void UserNet::Impl::wait() {
    uint32_t timeout = 1'000'000;
    int64_t now = now_ns() / 1'000'000;
    for (const auto& timer : timers) {
        if (timer->at < 0) continue;
        timeout = std::min<uint32_t>(
            timeout, static_cast<uint32_t>(std::clamp<int64_t>(timer->at - now, 0, timeout)));
    }
    polled.assign(1, {wake_fd, POLLIN, 0});
    library.fill(
        slirp, &timeout,
        [](int fd, int events, void* opaque) -> int {
            auto& all = impl_of(opaque).polled;
            auto bits = static_cast<short>(((events & kIn) != 0 ? POLLIN : 0) |
                                           ((events & kOut) != 0 ? POLLOUT : 0) |
                                           ((events & kPriority) != 0 ? POLLPRI : 0));
            all.push_back({fd, bits, 0});
            return static_cast<int>(all.size()) - 1;
        },
        this);
    int got = ::poll(polled.data(), polled.size(), static_cast<int>(timeout));
    uint64_t count;
    [[maybe_unused]] ssize_t woken = read(wake_fd, &count, sizeof count);
    library.poll(
        slirp, got < 0,
        [](int index, void* opaque) -> int {
            short bits = impl_of(opaque).polled[static_cast<size_t>(index)].revents;
            return ((bits & POLLIN) != 0 ? kIn : 0) | ((bits & POLLOUT) != 0 ? kOut : 0) |
                   ((bits & POLLPRI) != 0 ? kPriority : 0) | ((bits & POLLERR) != 0 ? kError : 0) |
                   ((bits & POLLHUP) != 0 ? kHangup : 0);
        },
        this);
}

void UserNet::Impl::run() {
    while (true) {
        {
            std::lock_guard guard(lock);
            if (ending) return;
        }
        input();
        ring();
        deliver();
        wait();
        deliver();
    }
}

// --- the back end

UserNet::UserNet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UserNet::~UserNet() = default;

std::unique_ptr<UserNet> UserNet::open(const UserNetOptions& options, std::string& error) {
    auto impl = std::make_unique<Impl>();
    if (!impl->start(options, error)) return nullptr;
    return std::unique_ptr<UserNet>(new UserNet(std::move(impl)));
}

void UserNet::connect(NetPeer* peer) {
    std::lock_guard guard(impl_->peer_lock);
    impl_->peer = peer;
}

void UserNet::send(Frame frame) {
    {
        std::lock_guard guard(impl_->lock);
        if (impl_->outgoing.size() >= kMostWaiting) return;
        impl_->outgoing.emplace_back(frame.begin(), frame.end());
    }
    impl_->wake();
}

void UserNet::resume() { impl_->wake(); }

}  // namespace pydbt::sysmode
