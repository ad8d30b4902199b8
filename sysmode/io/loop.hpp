// The thread that waits for file descriptors.
//
// Owns: one epoll instance and its thread. Must not know: what a descriptor is of.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pydbt::sysmode {

class IoLoop {
   public:
    /// Called on the loop's thread with the EPOLL* bits that came.
    using Ready = std::function<void(uint32_t events)>;

    IoLoop();
    IoLoop(const IoLoop&) = delete;
    IoLoop& operator=(const IoLoop&) = delete;
    ~IoLoop();

    /// Ends the thread: no function runs any more. What is watched can still be forgotten.
    void end();

    /// False when the host does not wait for such a descriptor (epoll refuses regular files).
    bool watch(int fd, uint32_t events, Ready ready);
    void change(int fd, uint32_t events);
    /// Returns when the function neither runs nor will; not to be called with a lock that it takes.
    /// From within the loop's thread it returns at once.
    void forget(int fd);
    /// Runs a function on the loop's thread, soon; behind end(), at once.
    void post(std::function<void()> work);

   private:
    void run();
    void work();

    int epoll_ = -1, wake_ = -1;
    std::mutex lock_;
    std::condition_variable idle_;
    std::map<int, std::shared_ptr<Ready>> watched_;
    std::vector<std::function<void()>> posted_;
    int serving_ = -1;  // the descriptor whose function runs
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace pydbt::sysmode
