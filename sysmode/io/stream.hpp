// A chardev on file descriptors that do not block.
//
// Owns: buffers, waiting for room and for input, descriptors that it is given. Must not know: what
// the descriptors are, where they come from.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "sysmode/io/chardev.hpp"
#include "sysmode/io/loop.hpp"

namespace pydbt::sysmode {

class Stream : public Chardev {
   public:
    explicit Stream(IoLoop& loop) : loop_(loop) {}
    ~Stream() override;

    void connect(CharSink* sink) override;
    size_t write(Bytes bytes) override;
    void resume() override;
    void flush() override;

   protected:
    enum class Full : uint8_t { wait, drop };
    /// Reads from `in`, writes to `out`, which may be the same, or -1 for none. They are closed
    /// with the stream. `full` says what becomes of output that the host does not take.
    void attach(int in, int out, Full full = Full::wait);
    /// Stops using the descriptors. Not to be called on the loop's thread.
    void detach();
    /// On the loop's thread: the other side has closed; by then the descriptors are closed, too.
    virtual void lost() {}
    void tell(CharEvent event);
    IoLoop& loop() { return loop_; }

   private:
    enum class Taken : uint8_t { all, some, end };
    void ready(uint32_t events);
    void read_input();
    bool deliver();
    void write_output();
    Taken write_some();
    void close_all();

    IoLoop& loop_;
    std::mutex lock_;  // of everything but what only the loop's thread has
    std::atomic<CharSink*> sink_{nullptr};
    int in_ = -1, out_ = -1;
    Full full_ = Full::wait;
    bool in_is_watched_ = false;
    bool writer_waits_ = false;  // a write was not taken whole
    bool scheduled_ = false;     // write_output is going to run
    std::vector<uint8_t> output_;
    std::vector<uint8_t> input_;  // the loop's: read, not yet received
    // Posted work finds out that the stream is gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pydbt::sysmode
