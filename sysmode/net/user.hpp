// User networking: a network inside the emulator whose gateway makes connections as the user does.
//
// Owns: the thread that drives libslirp, frames on their way. Must not know: devices, protocols
// (libslirp's), QEMU's syntax.
#pragma once

#include <netinet/in.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sysmode/net/backend.hpp"

namespace pydbt::sysmode {

/// A port of the host's that leads to one of the guest's.
struct Forward {
    bool udp = false;
    in_addr host{}, guest{};
    uint16_t host_port = 0, guest_port = 0;
};

struct UserNetOptions {
    std::string library = "libslirp.so.0";
    bool restricted = false;  // the guest reaches nobody but through forwards
    bool ipv4 = true, ipv6 = true;
    in_addr network{}, mask{}, host{}, dhcp_start{}, dns{};
    std::string hostname, tftp, bootfile, domain;
    std::vector<std::string> search;
    std::vector<Forward> forwards;
};

class UserNet : public NetBackend {
   public:
    /// Null and a sentence when libslirp is not there, or a port is taken.
    static std::unique_ptr<UserNet> open(const UserNetOptions& options, std::string& error);
    ~UserNet() override;

    void connect(NetPeer* peer) override;
    void send(Frame frame) override;
    void resume() override;

    struct Library;
    struct Impl;

   private:
    explicit UserNet(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace pydbt::sysmode
