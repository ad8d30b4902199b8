#include "sysmode/io/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace pydbt::sysmode {

IoLoop::IoLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{EPOLLIN, {}};
    event.data.fd = wake_;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
    thread_ = std::thread([this] { run(); });
}

IoLoop::~IoLoop() {
    end();
    close(wake_);
    close(epoll_);
}

void IoLoop::end() {
    if (!thread_.joinable()) return;
    post([this] {
        std::lock_guard guard(lock_);
        ended_ = true;
    });
    thread_.join();
    work();
}

bool IoLoop::watch(int fd, uint32_t events, Ready ready) {
    std::lock_guard guard(lock_);
    epoll_event event{events, {}};
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
    watched_[fd] = std::make_shared<Ready>(std::move(ready));
    return true;
}

void IoLoop::change(int fd, uint32_t events) {
    std::lock_guard guard(lock_);
    epoll_event event{events, {}};
    event.data.fd = fd;
    if (watched_.contains(fd)) epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void IoLoop::forget(int fd) {
    std::unique_lock guard(lock_);
    if (watched_.erase(fd) == 0) return;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    if (std::this_thread::get_id() == thread_.get_id()) return;
    idle_.wait(guard, [&] { return serving_ != fd; });
}

void IoLoop::post(std::function<void()> work) {
    std::unique_lock guard(lock_);
    if (ended_) {
        guard.unlock();
        work();
        return;
    }
    posted_.push_back(std::move(work));
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(wake_, &one, sizeof one);  // it is never full
}

void IoLoop::work() {
    uint64_t count = 0;
    [[maybe_unused]] ssize_t got = read(wake_, &count, sizeof count);
    std::vector<std::function<void()>> todo;
    {
        std::lock_guard guard(lock_);
        todo.swap(posted_);
    }
    for (auto& function : todo) function();
}

void IoLoop::run() {
    constexpr int kMostEvents = 16;
    epoll_event events[kMostEvents];
    while (!ended_) {
        int count = epoll_wait(epoll_, events, kMostEvents, -1);
        for (int n = 0; n < count; n++) {
            int fd = events[n].data.fd;
            if (fd == wake_) {
                work();
                continue;
            }
            std::shared_ptr<Ready> ready;
            {
                std::lock_guard guard(lock_);
                auto found = watched_.find(fd);
                if (found == watched_.end()) continue;  // forgotten meanwhile
                ready = found->second;
                serving_ = fd;
            }
            (*ready)(events[n].events);
            std::lock_guard guard(lock_);
            serving_ = -1;
            idle_.notify_all();
        }
    }
}

}  // namespace pydbt::sysmode
