// A stream of bytes between the machine and the host, and what is at the machine's end.
//
// Owns: the two interfaces. Must not know: devices, terminals, sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pydbt::sysmode {

using Bytes = std::span<const uint8_t>;

enum class CharEvent : uint8_t { opened, closed, serial_break };

/// A device's end. Calls come from any thread, without any lock of the stream's.
class CharSink {
   public:
    virtual ~CharSink() = default;
    /// Takes as many bytes as there is room for. When that is not all, Chardev::resume() asks for
    /// the rest once there is.
    virtual size_t receive(Bytes bytes) = 0;
    /// A write that did not take all may be tried again.
    virtual void writable() {}
    virtual void event(CharEvent) {}
};

/// The host's end.
class Chardev {
   public:
    Chardev() = default;
    Chardev(const Chardev&) = delete;
    Chardev& operator=(const Chardev&) = delete;
    virtual ~Chardev() = default;

    /// Who receives; null: nobody, then nothing is read. Set before the machine runs.
    virtual void connect(CharSink* sink) = 0;
    /// Returns how many were taken. Never blocks.
    virtual size_t write(Bytes bytes) = 0;
    virtual void resume() = 0;
    /// Waits, for a while, until what was written is with the host.
    virtual void flush() = 0;
};

}  // namespace pydbt::sysmode
