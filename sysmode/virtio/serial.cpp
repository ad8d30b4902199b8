#include "sysmode/virtio/serial.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kMultiport = 1 << 1;
constexpr uint16_t kQueueSize = 128;
constexpr unsigned kControlReceive = 2, kControlTransmit = 3;

// Control messages.
constexpr uint16_t kDeviceReady = 0, kDeviceAdd = 1, kPortReady = 3, kConsolePort = 4,
                   kPortOpen = 6, kPortName = 7;

struct Message {
    uint32_t port;
    uint16_t event, value;
};

// A port has two queues; those of port 1 come behind the control queues.
unsigned receive_queue(unsigned port) { return port == 0 ? 0 : 2 * port + 2; }

}  // namespace

VirtioSerial::VirtioSerial(Bus& bus, std::string name)
    : VirtioDevice(bus, std::move(name), 3, 2 * (kMostPorts + 1), kQueueSize, kMultiport) {
    uint32_t most = kMostPorts;
    std::memcpy(config_.data() + 4, &most, sizeof most);  // behind columns and rows
}

VirtioSerial::~VirtioSerial() {
    for (const auto& port : ports_) port->chardev.connect(nullptr);
}

std::span<const std::byte> VirtioSerial::config() { return config_; }

bool VirtioSerial::add_port(Chardev& chardev, bool console, std::string port_name) {
    // Port 0 is for a console: old drivers know no other.
    bool zero_is_free = ports_.empty();
    unsigned number = static_cast<unsigned>(ports_.size());
    if (!console && zero_is_free) number = 1;
    if (!ports_.empty()) number = ports_.back()->number + 1;
    if (number >= kMostPorts) return false;
    ports_.push_back(std::make_unique<Port>(*this, number, chardev, console, std::move(port_name)));
    chardev.connect(ports_.back().get());
    return true;
}

void VirtioSerial::stop(std::unique_lock<std::mutex>&) {
    messages_.clear();
    for (const auto& port : ports_) {
        port->open = false;
        port->sent = 0;
    }
}

void VirtioSerial::run(unsigned queue) {
    if (queue == kControlTransmit) return control();
    if (queue == kControlReceive) return send_messages();
    for (const auto& port : ports_) {
        unsigned receives = receive_queue(port->number);
        if (queue == receives + 1) return transmit(*port);
        if (queue == receives && std::exchange(port->refused, false)) port->chardev.resume();
    }
    Chain chain;  // of a port that is not there
    while (queue % 2 == 1 && pop(queue, chain)) push(queue, chain, 0);
}

size_t VirtioSerial::receive(Port& port, Bytes bytes) {
    std::lock_guard guard(lock_);
    unsigned queue = receive_queue(port.number);
    size_t done = 0;
    Chain chain;
    bool listens = port.open || (port.number == 0 && !has(kMultiport));
    while (listens && done < bytes.size() && pop(queue, chain)) {
        size_t part = chain.write(bus_, 0, std::as_bytes(bytes.subspan(done)));
        done += part;
        push(queue, chain, part);
    }
    if (done != 0) tell(queue);
    port.refused = done < bytes.size();
    return done;
}

void VirtioSerial::writable(Port& port) {
    std::lock_guard guard(lock_);
    if (live()) transmit(port);
}

// A chain that the chardev does not take whole is kept, and begun again where it was left.
void VirtioSerial::transmit(Port& port) {
    unsigned queue = receive_queue(port.number) + 1;
    Chain chain;
    while (pop(queue, chain)) {
        std::array<std::byte, 4096> part;
        uint64_t total = chain.out_size();
        while (port.sent < total) {
            size_t count = chain.read(port.sent, part);
            const auto* bytes = reinterpret_cast<const uint8_t*>(part.data());
            size_t taken = port.chardev.write({bytes, count});
            port.sent += taken;
            if (taken < count) {
                queues_[queue].unpop();
                tell(queue);
                return;
            }
        }
        port.sent = 0;
        push(queue, chain, 0);
    }
    if (queues_[queue].ready()) tell(queue);
}

void VirtioSerial::say(uint32_t port, uint16_t event, uint16_t value, std::string_view more) {
    constexpr size_t kMostWaiting = 1024;  // a driver that only asks gets no more answers
    if (messages_.size() >= kMostWaiting) return;
    Message message{port, event, value};
    std::string text(reinterpret_cast<const char*>(&message), sizeof message);
    messages_.push_back(text += more);
}

void VirtioSerial::send_messages() {
    Chain chain;
    if (!queues_[kControlReceive].ready()) return;
    while (!messages_.empty() && pop(kControlReceive, chain)) {
        const std::string& text = messages_.front();
        auto bytes = std::as_bytes(std::span(text));
        push(kControlReceive, chain, chain.write(bus_, 0, bytes));
        messages_.pop_front();
    }
    tell(kControlReceive);
}

void VirtioSerial::control() {
    Chain chain;
    while (pop(kControlTransmit, chain)) {
        Message message;
        std::span<std::byte> bytes(reinterpret_cast<std::byte*>(&message), sizeof message);
        bool whole = chain.read(0, bytes) == sizeof message;
        push(kControlTransmit, chain, 0);
        if (!whole) continue;
        if (message.event == kDeviceReady && message.value == 1) {
            for (const auto& port : ports_) say(port->number, kDeviceAdd, 1);
        }
        for (const auto& port : ports_) {
            if (port->number != message.port) continue;
            if (message.event == kPortReady && message.value == 1) {
                if (port->console) say(port->number, kConsolePort, 1);
                if (!port->name.empty()) {
                    say(port->number, kPortName, 1, port->name + '\0');
                }
                say(port->number, kPortOpen, 1);
            } else if (message.event == kPortOpen) {
                port->open = message.value == 1;
                if (port->open && std::exchange(port->refused, false)) port->chardev.resume();
            }
        }
    }
    tell(kControlTransmit);
    send_messages();
}

}  // namespace pydbt::sysmode
