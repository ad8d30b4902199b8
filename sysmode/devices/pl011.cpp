#include "sysmode/devices/pl011.hpp"

#include <algorithm>

#include "sysmode/devices/primecell.hpp"
#include "sysmode/devices/words.hpp"

namespace pydbt::sysmode {
namespace {

enum Register : uint64_t {
    kData = 0x00,
    kStatus = 0x04,  // RSR when read, ECR when written
    kFlags = 0x18,
    kLowPower = 0x20,
    kIntegerBaud = 0x24,
    kFractionBaud = 0x28,
    kLineControl = 0x2c,
    kControl = 0x30,
    kLevels = 0x34,
    kMask = 0x38,
    kRaw = 0x3c,
    kMasked = 0x40,
    kClear = 0x44,
    kDma = 0x48,
};

// FR.
constexpr uint32_t kTxEmpty = 1 << 7, kRxFull = 1 << 6, kTxFull = 1 << 5, kRxEmpty = 1 << 4,
                   kBusy = 1 << 3;
// RIS and its like.
constexpr uint32_t kOverrunInterrupt = 1 << 10, kBreakInterrupt = 1 << 9, kTimeout = 1 << 6,
                   kTransmit = 1 << 5, kReceive = 1 << 4, kAllInterrupts = 0x7ff;
// DR.
constexpr uint16_t kBreak = 1 << 10;
// LCR_H and CR.
constexpr uint32_t kFifos = 1 << 4, kLoopback = 1 << 7;
constexpr uint32_t kControlAtReset = 0x300, kLevelsAtReset = 0x12;

constexpr size_t kDepth = 16;
constexpr std::array<uint8_t, 4> kId = {0x11, 0x10, 0x14, 0x00};

}  // namespace

Pl011::Pl011(Chardev& chardev, Line line) : chardev_(chardev), line_(line) {
    reset();
    chardev_.connect(this);
}

Pl011::~Pl011() { chardev_.connect(nullptr); }

void Pl011::reset() {
    std::lock_guard guard(lock_);
    received_.clear();
    sending_.clear();
    errors_ = low_power_ = integer_baud_ = fraction_baud_ = line_control_ = mask_ = raw_ = dma_ = 0;
    control_ = kControlAtReset;
    levels_ = kLevelsAtReset;
    update();
    if (refused_) chardev_.resume();
    refused_ = false;
}

size_t Pl011::depth() const { return (line_control_ & kFifos) != 0 ? kDepth : 1; }

size_t Pl011::trigger(unsigned shift) const {
    constexpr std::array<size_t, 8> kEighths = {1, 2, 4, 6, 7, 7, 7, 7};
    return depth() == 1 ? 1 : kDepth * kEighths[levels_ >> shift & 7] / 8;
}

// The receive timeout counts as over at once: what is in the FIFO can be read.
void Pl011::update() {
    bool enough = received_.size() >= trigger(3);
    raw_ = enough ? raw_ | kReceive : raw_ & ~kReceive;
    if (received_.empty()) raw_ &= ~kTimeout;
    line_.set((raw_ & mask_) != 0);
}

uint32_t Pl011::flags() const {
    uint32_t value = 0;
    if (received_.empty()) value |= kRxEmpty;
    if (received_.size() >= depth()) value |= kRxFull;
    if (sending_.empty()) value |= kTxEmpty;
    if (sending_.size() >= depth()) value |= kTxFull;
    if (!sending_.empty()) value |= kBusy;
    if ((control_ & kLoopback) != 0) {
        // RTS comes back as CTS, DTR as DSR, Out1 as DCD, Out2 as RI.
        value |= (control_ >> 11 & 1) | (control_ >> 10 & 1) << 1 | (control_ >> 12 & 1) << 2 |
                 (control_ >> 13 & 1) << 8;
    }
    return value;
}

void Pl011::arrive(uint16_t entry) {
    if (received_.size() >= depth()) {
        raw_ |= kOverrunInterrupt;
    } else {
        received_.push_back(entry);
        raw_ |= kTimeout;
        if ((entry & kBreak) != 0) raw_ |= kBreakInterrupt;
    }
    update();
}

size_t Pl011::receive(Bytes bytes) {
    std::lock_guard guard(lock_);
    size_t room = depth() - std::min(depth(), received_.size());
    size_t taken = std::min(room, bytes.size());
    refused_ = taken < bytes.size();
    if ((control_ & kLoopback) != 0) return bytes.size();  // the input pin is cut off
    for (uint8_t byte : bytes.first(taken)) arrive(byte);
    return taken;
}

void Pl011::event(CharEvent event) {
    if (event != CharEvent::serial_break) return;
    std::lock_guard guard(lock_);
    arrive(kBreak);
}

void Pl011::writable() {
    std::lock_guard guard(lock_);
    drain();
}

// Sends what the chardev takes. The transmit interrupt comes as the FIFO falls to its level.
void Pl011::drain() {
    if (sending_.empty()) return;
    std::array<uint8_t, kDepth> bytes;
    size_t count = std::min(sending_.size(), bytes.size());
    std::copy_n(sending_.begin(), count, bytes.begin());
    size_t taken = chardev_.write({bytes.data(), count});
    sending_.erase(sending_.begin(), sending_.begin() + static_cast<ptrdiff_t>(taken));
    size_t level = depth() == 1 ? 0 : trigger(0);
    if (taken != 0 && sending_.size() <= level) raw_ |= kTransmit;
    update();
}

void Pl011::send(uint8_t byte) {
    if ((control_ & kLoopback) != 0) {
        raw_ |= kTransmit;
        arrive(byte);
        return;
    }
    if (sending_.size() >= depth()) return;  // lost, as on hardware
    sending_.push_back(byte);
    if (sending_.size() > (depth() == 1 ? 0 : trigger(0))) raw_ &= ~kTransmit;
    drain();
}

uint32_t Pl011::take_data() {
    if (received_.empty()) return 0;
    uint32_t entry = received_.front();
    received_.pop_front();
    errors_ = entry >> 8;
    update();
    if (refused_) {
        refused_ = false;
        chardev_.resume();
    }
    return entry;
}

uint32_t Pl011::get(uint64_t offset) {
    switch (offset) {
        case kData: return take_data();
        case kStatus: return errors_;
        case kFlags: return flags();
        case kLowPower: return low_power_;
        case kIntegerBaud: return integer_baud_;
        case kFractionBaud: return fraction_baud_;
        case kLineControl: return line_control_;
        case kControl: return control_;
        case kLevels: return levels_;
        case kMask: return mask_;
        case kRaw: return raw_;
        case kMasked: return raw_ & mask_;
        case kDma: return dma_;
        default: return offset >= kPrimeCellIds ? primecell_id(offset, kId) : 0;
    }
}

void Pl011::put(uint64_t offset, uint32_t value) {
    switch (offset) {
        case kData: send(static_cast<uint8_t>(value)); return;
        case kStatus: errors_ = 0; return;
        case kLowPower: low_power_ = value & 0xff; return;
        case kIntegerBaud: integer_baud_ = value & 0xffff; return;
        case kFractionBaud: fraction_baud_ = value & 0x3f; return;
        case kLineControl:
            if (((line_control_ ^ value) & kFifos) != 0) {
                received_.clear();
                sending_.clear();
            }
            line_control_ = value & 0xff;
            break;
        case kControl: control_ = value & 0xffff; return;
        case kLevels: levels_ = value & 0x3f; break;
        case kMask: mask_ = value & kAllInterrupts; break;
        case kClear: raw_ &= ~value; break;
        case kDma: dma_ = value & 7; return;
        default: return;
    }
    update();
}

bool Pl011::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(lock_);
    return read_words(offset, size, value, [&](uint64_t at) { return get(at); });
}

bool Pl011::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(lock_);
    return write_words(offset, size, value,
                       [&](uint64_t at, uint32_t word, uint32_t) { put(at, word); });
}

}  // namespace pydbt::sysmode
