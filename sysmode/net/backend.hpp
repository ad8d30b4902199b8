// Ethernet frames between a network device and what the host makes of them.
//
// Owns: the two interfaces. Must not know: devices, protocols.
#pragma once

#include <cstddef>
#include <span>

namespace pydbt::sysmode {

using Frame = std::span<const std::byte>;

/// The machine's end.
class NetPeer {
   public:
    virtual ~NetPeer() = default;
    /// False: there is no room; NetBackend::resume() tells when there may be.
    virtual bool receive(Frame frame) = 0;
};

/// The host's end. Calls come with the device's lock held: none calls back before it returns.
class NetBackend {
   public:
    NetBackend() = default;
    NetBackend(const NetBackend&) = delete;
    NetBackend& operator=(const NetBackend&) = delete;
    virtual ~NetBackend() = default;

    virtual void connect(NetPeer* peer) = 0;
    virtual void send(Frame frame) = 0;
    virtual void resume() = 0;
};

/// A cable to nowhere.
class NoNetwork : public NetBackend {
   public:
    void connect(NetPeer*) override {}
    void send(Frame) override {}
    void resume() override {}
};

}  // namespace pydbt::sysmode
