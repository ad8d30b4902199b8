// virtio-console with several ports (virtio 1.2, 5.3): consoles, and ports that are just bytes.
//
// Owns: control messages, bytes in queues. Must not know: where bytes go.
#pragma once

#include <array>
#include <deque>
#include <memory>

#include "sysmode/io/chardev.hpp"
#include "sysmode/virtio/device.hpp"

namespace pydbt::sysmode {

class VirtioSerial : public VirtioDevice {
   public:
    static constexpr unsigned kMostPorts = 31;

    VirtioSerial(Bus& bus, std::string name);
    ~VirtioSerial() override;

    /// Before the machine runs. A port that is no console has a name in the guest. False: too many.
    bool add_port(Chardev& chardev, bool console, std::string port_name);

   private:
    struct Port : CharSink {
        Port(VirtioSerial& device, unsigned number, Chardev& chardev, bool console,
             std::string name)
            : device(device),
              number(number),
              chardev(chardev),
              console(console),
              name(std::move(name)) {}
        size_t receive(Bytes bytes) override { return device.receive(*this, bytes); }
        void writable() override { device.writable(*this); }

        VirtioSerial& device;
        const unsigned number;
        Chardev& chardev;
        const bool console;
        const std::string name;
        bool open = false;     // by the guest
        bool refused = false;  // the chardev has more
        uint64_t sent = 0;     // of the chain that is being sent
    };

    void run(unsigned queue) override;
    void stop(std::unique_lock<std::mutex>&) override;
    std::span<const std::byte> config() override;
    size_t receive(Port& port, Bytes bytes);
    void writable(Port& port);
    void transmit(Port& port);
    void control();
    void say(uint32_t port, uint16_t event, uint16_t value, std::string_view more = {});
    void send_messages();

    std::vector<std::unique_ptr<Port>> ports_;
    std::deque<std::string> messages_;  // for the guest, not yet in its queue
    std::array<std::byte, 12> config_{};
};

}  // namespace pydbt::sysmode
