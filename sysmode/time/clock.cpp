#include "sysmode/time/clock.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace pydbt::sysmode {
namespace {

uint64_t host_ns() {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                 std::chrono::nanoseconds(1));
}

}  // namespace

Clock::Clock() : thread_([this] { wait_for_alarms(); }) {}

Clock::~Clock() {
    {
        std::lock_guard guard(lock_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

uint64_t Clock::ns() const {
    if (!running_.load(std::memory_order_acquire)) return stopped_at_.load();
    return host_ns() - origin_.load(std::memory_order_relaxed);
}

void Clock::stop() {
    std::lock_guard guard(lock_);
    if (!running_) return;
    stopped_at_ = host_ns() - origin_;
    running_ = false;
    changed_.notify_all();
}

void Clock::go() {
    std::lock_guard guard(lock_);
    if (running_) return;
    origin_ = host_ns() - stopped_at_;
    running_.store(true, std::memory_order_release);
    changed_.notify_all();
}

Alarm* Clock::earliest() const {
    Alarm* first = nullptr;
    for (Alarm* alarm : alarms_) {
        if (alarm->at_ != Alarm::kNever && (first == nullptr || alarm->at_ < first->at_)) {
            first = alarm;
        }
    }
    return first;
}

void Clock::wait_for_alarms() {
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // the default lets an alarm be 50 us late
    std::unique_lock guard(lock_);
    while (!ending_) {
        Alarm* next = running_ ? earliest() : nullptr;
        if (next == nullptr) {
            waiting_until_ = Alarm::kNever;
            changed_.wait(guard);
        } else if (uint64_t now = ns(); next->at_ > now) {
            waiting_until_ = next->at_;
            // Longer waits are cut, so that sums of times far in the future do not overflow.
            constexpr uint64_t kLongest = 3'600'000'000'000;
            uint64_t wait = std::min(next->at_ - now, kLongest);
            changed_.wait_until(guard,
                                std::chrono::steady_clock::now() + std::chrono::nanoseconds(wait));
        } else {
            next->at_ = Alarm::kNever;
            ringing_ = next;
            guard.unlock();
            next->ring_();
            guard.lock();
            ringing_ = nullptr;
            idle_.notify_all();
        }
        waiting_until_ = 0;
    }
}

Alarm::Alarm(Clock& clock, std::function<void()> ring) : clock_(clock), ring_(std::move(ring)) {
    std::lock_guard guard(clock_.lock_);
    clock_.alarms_.push_back(this);
}

Alarm::~Alarm() {
    std::unique_lock guard(clock_.lock_);
    std::erase(clock_.alarms_, this);
    clock_.idle_.wait(guard, [this] { return clock_.ringing_ != this; });
}

void Alarm::set(uint64_t ns) {
    std::lock_guard guard(clock_.lock_);
    at_ = ns;
    // One that was moved further away wakes the thread for nothing later; that is cheaper.
    if (ns < clock_.waiting_until_) clock_.changed_.notify_all();
}

}  // namespace pydbt::sysmode
