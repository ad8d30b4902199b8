#include "sysmode/io/stream.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pydbt::sysmode {
namespace {

constexpr size_t kMostOutput = 65536, kPiece = 4096;

}  // namespace

Stream::~Stream() { detach(); }

void Stream::attach(int in, int out, Full full) {
    {
        std::lock_guard guard(lock_);
        in_ = in;
        out_ = out;
        full_ = full;
    }
    auto on_ready = [this](uint32_t events) { ready(events); };
    constexpr uint32_t kEdges = EPOLLET;
    if (in >= 0) in_is_watched_ = loop_.watch(in, EPOLLIN | EPOLLOUT | kEdges, on_ready);
    if (out >= 0 && out != in) loop_.watch(out, EPOLLOUT | kEdges, on_ready);
    resume();
}

void Stream::detach() {
    int in = -1, out = -1;
    {
        std::lock_guard guard(lock_);
        in = in_;
        out = out_;
    }
    if (in >= 0) loop_.forget(in);
    if (out >= 0) loop_.forget(out);
    // What is posted already runs before this, what is posted later sees that nothing is there.
    std::mutex done;
    std::condition_variable changed;
    bool passed = false;
    loop_.post([&] {
        *alive_ = false;
        std::lock_guard guard(done);
        passed = true;
        changed.notify_all();
    });
    std::unique_lock guard(done);
    changed.wait(guard, [&] { return passed; });
    alive_ = std::make_shared<bool>(true);
    close_all();
}

void Stream::close_all() {
    std::lock_guard guard(lock_);
    if (in_ >= 0) close(in_);
    if (out_ >= 0 && out_ != in_) close(out_);
    in_ = out_ = -1;
    output_.clear();
    scheduled_ = false;
}

void Stream::connect(CharSink* sink) {
    sink_ = sink;
    resume();
}

void Stream::tell(CharEvent event) {
    if (CharSink* sink = sink_) sink->event(event);
}

size_t Stream::write(Bytes bytes) {
    std::lock_guard guard(lock_);
    if (out_ < 0) return bytes.size();  // nobody is there to see it
    size_t room = kMostOutput - std::min(kMostOutput, output_.size());
    size_t taken = std::min(room, bytes.size());
    output_.insert(output_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
    if (!scheduled_ && !output_.empty()) {
        scheduled_ = true;
        loop_.post([this, alive = alive_] {
            if (*alive) write_output();
        });
    }
    if (full_ == Full::drop) return bytes.size();
    writer_waits_ = taken < bytes.size();
    return taken;
}

Stream::Taken Stream::write_some() {
    size_t done = 0;
    Taken taken = Taken::all;
    while (done < output_.size()) {
        ssize_t n = ::write(out_, output_.data() + done, std::min(kPiece, output_.size() - done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            taken = n < 0 && errno != EAGAIN ? Taken::end : Taken::some;
            break;
        }
        done += static_cast<size_t>(n);
    }
    if (taken == Taken::end) done = output_.size();  // there is nobody to write to
    output_.erase(output_.begin(), output_.begin() + static_cast<ptrdiff_t>(done));
    return taken;
}

void Stream::write_output() {
    bool room = false;
    {
        std::lock_guard guard(lock_);
        scheduled_ = false;
        if (out_ < 0 || output_.empty()) return;
        write_some();
        // What is left goes when the descriptor says that it has room.
        if (writer_waits_ && output_.size() < kMostOutput) {
            room = true;
            writer_waits_ = false;
        }
    }
    if (room) {
        if (CharSink* sink = sink_) sink->writable();
    }
}

void Stream::flush() {
    constexpr int kPatience = 1000;  // milliseconds without progress
    std::lock_guard guard(lock_);
    while (out_ >= 0 && !output_.empty()) {
        if (write_some() != Taken::some) return;
        pollfd wait{out_, POLLOUT, 0};
        if (poll(&wait, 1, kPatience) <= 0) return;
    }
}

void Stream::resume() {
    loop_.post([this, alive = alive_] {
        if (*alive) read_input();
    });
}

// True when nothing is left that was read.
bool Stream::deliver() {
    CharSink* sink = sink_;
    if (sink == nullptr) return false;
    if (!input_.empty()) {
        size_t taken = sink->receive(input_);
        input_.erase(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(taken));
    }
    return input_.empty();
}

void Stream::read_input() {
    while (deliver()) {
        if (in_ < 0) return;
        input_.resize(kPiece);
        ssize_t n = read(in_, input_.data(), input_.size());
        int error = errno;
        input_.resize(n > 0 ? static_cast<size_t>(n) : 0);
        if (n > 0 || (n < 0 && error == EINTR)) continue;
        if (n < 0 && error == EAGAIN) return;
        if (n < 0 && error == EIO && full_ == Full::drop) return;  // a pty that nobody has open
        if (in_is_watched_) loop_.forget(in_);
        if (in_ == out_) {
            close_all();
        } else {
            std::lock_guard guard(lock_);
            close(in_);
            in_ = -1;
        }
        lost();
        return;
    }
}

void Stream::ready(uint32_t events) {
    if ((events & EPOLLOUT) != 0) write_output();
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read_input();
}

}  // namespace pydbt::sysmode
