// The machine's time, and what is to happen at one.
//
// Owns: time that stands still while the machine does, alarms, the thread that waits for them. Must
// not know: what an alarm is for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pydbt::sysmode {

class Alarm;

class Clock {
   public:
    Clock();
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    ~Clock();

    /// Nanoseconds that the machine has run.
    uint64_t ns() const;
    /// While stopped, ns() stays and no alarm goes off. A new clock is stopped.
    void stop();
    void go();

   private:
    friend class Alarm;
    void wait_for_alarms();
    Alarm* earliest() const;

    mutable std::mutex lock_;
    std::condition_variable changed_, idle_;
    std::vector<Alarm*> alarms_;
    Alarm* ringing_ = nullptr;
    uint64_t waiting_until_ = 0;  // what the thread waits for; 0: it looks again anyway
    bool ending_ = false;
    // Host time at which the machine's was 0; or, when stopped, the machine's time.
    std::atomic<uint64_t> origin_{0}, stopped_at_{0};
    std::atomic<bool> running_{false};
    std::thread thread_;
};

/// Calls a function when a time has come, on the clock's thread. Setting it never waits for the
/// function, which may set it again: the function looks at its device's state, under the device's
/// lock, before it does anything.
class Alarm {
   public:
    static constexpr uint64_t kNever = ~uint64_t{0};

    Alarm(Clock& clock, std::function<void()> ring);
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    /// Waits for the function if it is running. Not to be called with a lock that it takes.
    ~Alarm();

    void set(uint64_t ns);
    void cancel() { set(kNever); }

   private:
    friend class Clock;
    Clock& clock_;
    std::function<void()> ring_;
    uint64_t at_ = kNever;
};

}  // namespace pydbt::sysmode
