#include "sysmode/io/mux.hpp"

#include <chrono>
#include <cstdio>
#include <utility>

namespace pydbt::sysmode {
namespace {

constexpr uint8_t kEscape = 1;  // Ctrl-A

constexpr const char* kHelp =
    "\r\n"
    "Ctrl-A h  this list\r\n"
    "Ctrl-A x  end the emulator\r\n"
    "Ctrl-A s  have the host keep what was written to disks\r\n"
    "Ctrl-A t  time stamps on or off\r\n"
    "Ctrl-A b  send a break\r\n"
    "Ctrl-A c  the next of the console and the monitor\r\n"
    "Ctrl-A Ctrl-A  send Ctrl-A\r\n";

int64_t milliseconds() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
}

}  // namespace

Mux::Mux(Chardev& host, Actions actions) : host_(host), actions_(std::move(actions)) {
    host_.connect(this);
}

Chardev& Mux::add() {
    ports_.push_back(std::make_unique<Port>(*this));
    return *ports_.back();
}

void Mux::Port::connect(CharSink* to) { sink = to; }

size_t Mux::Port::write(Bytes bytes) { return mux.write_stamped(bytes); }

void Mux::Port::resume() { mux.host_.resume(); }

void Mux::show(const std::string& text) {
    host_.write({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

size_t Mux::write_stamped(Bytes bytes) {
    std::lock_guard guard(lock_);
    if (!stamps_) return host_.write(bytes);
    for (size_t n = 0; n < bytes.size(); n++) {
        if (line_begins_) {
            int64_t now = milliseconds();
            if (first_stamp_ < 0) first_stamp_ = now;
            int64_t passed = now - first_stamp_;
            char text[40];
            std::snprintf(text, sizeof text, "[%02d:%02d:%02d.%03d] ",
                          static_cast<int>(passed / 3600000), static_cast<int>(passed / 60000 % 60),
                          static_cast<int>(passed / 1000 % 60), static_cast<int>(passed % 1000));
            show(text);
            line_begins_ = false;
        }
        if (host_.write(bytes.subspan(n, 1)) == 0) return n;
        line_begins_ = bytes[n] == '\n';
    }
    return bytes.size();
}

bool Mux::pass(uint8_t byte) {
    if (chosen_ >= ports_.size() || ports_[chosen_]->sink == nullptr) return true;
    return ports_[chosen_]->sink->receive({&byte, 1}) == 1;
}

// False: it could not be passed on yet.
bool Mux::key(uint8_t byte) {
    switch (byte) {
        case kEscape: return pass(byte);
        case 'h':
        case '?': show(kHelp); break;
        case 'x':
            show("\r\npydbt: ended by Ctrl-A x\r\n");
            if (actions_.quit) actions_.quit();
            break;
        case 's':
            if (actions_.save_disks) actions_.save_disks();
            break;
        case 't': {
            std::lock_guard guard(lock_);
            stamps_ = !stamps_;
            first_stamp_ = -1;
            line_begins_ = true;
            break;
        }
        case 'b':
            if (chosen_ < ports_.size() && ports_[chosen_]->sink != nullptr) {
                ports_[chosen_]->sink->event(CharEvent::serial_break);
            }
            break;
        case 'c':
            if (ports_.empty()) break;
            chosen_ = (chosen_ + 1) % ports_.size();
            if (ports_[chosen_]->sink != nullptr) ports_[chosen_]->sink->event(CharEvent::opened);
            break;
        default: break;
    }
    return true;
}

size_t Mux::receive(Bytes bytes) {
    for (size_t n = 0; n < bytes.size(); n++) {
        if (escape_) {
            if (!key(bytes[n])) return n;
            escape_ = false;
        } else if (bytes[n] == kEscape) {
            escape_ = true;
        } else if (!pass(bytes[n])) {
            return n;
        }
    }
    return bytes.size();
}

void Mux::writable() {
    for (const auto& port : ports_) {
        if (port->sink != nullptr) port->sink->writable();
    }
}

void Mux::event(CharEvent event) {
    for (const auto& port : ports_) {
        if (port->sink != nullptr) port->sink->event(event);
    }
}

}  // namespace pydbt::sysmode
