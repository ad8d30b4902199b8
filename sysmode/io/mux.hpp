// One chardev for several sinks, of which one at a time has the keyboard; Ctrl-A and a key says
// what.
//
// Owns: the keys, which sink is chosen. Must not know: who the sinks are, what ending means.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sysmode/io/chardev.hpp"

namespace pydbt::sysmode {

class Mux : public CharSink {
   public:
    /// What the keys ask of the machine.
    struct Actions {
        std::function<void()> quit;        // x
        std::function<void()> save_disks;  // s
    };

    Mux(Chardev& host, Actions actions);
    ~Mux() override { host_.connect(nullptr); }

    /// A port for one more sink; the mux stays its owner. Before the machine runs.
    Chardev& add();

    size_t receive(Bytes bytes) override;
    void writable() override;
    void event(CharEvent event) override;

   private:
    class Port : public Chardev {
       public:
        explicit Port(Mux& mux) : mux(mux) {}
        void connect(CharSink* to) override;
        size_t write(Bytes bytes) override;
        void resume() override;
        void flush() override { mux.host_.flush(); }
        Mux& mux;
        CharSink* sink = nullptr;
    };

    bool key(uint8_t byte);
    bool pass(uint8_t byte);
    void show(const std::string& text);
    size_t write_stamped(Bytes bytes);

    Chardev& host_;
    Actions actions_;
    std::mutex lock_;  // of the time stamps; the rest is the host's thread's
    std::vector<std::unique_ptr<Port>> ports_;
    size_t chosen_ = 0;
    bool escape_ = false, stamps_ = false, line_begins_ = true;
    int64_t first_stamp_ = -1;
};

}  // namespace pydbt::sysmode
