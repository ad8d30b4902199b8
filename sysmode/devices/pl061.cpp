#include "sysmode/devices/pl061.hpp"

#include "sysmode/devices/primecell.hpp"
#include "sysmode/devices/words.hpp"

namespace pydbt::sysmode {
namespace {

enum Register : uint64_t {
    kDirection = 0x400,  // below: GPIODATA, whose address is a mask of pins
    kSense = 0x404,
    kBothEdges = 0x408,
    kEvent = 0x40c,
    kMask = 0x410,
    kRaw = 0x414,
    kMasked = 0x418,
    kClear = 0x41c,
    kAlternate = 0x420,
};

constexpr std::array<uint8_t, 4> kId = {0x61, 0x10, 0x04, 0x00};

}  // namespace

void Pl061::reset() {
    std::lock_guard guard(lock_);
    outputs_ = direction_ = level_sense_ = both_edges_ = rising_ = mask_ = edges_ = alternate_ = 0;
    update();
}

uint8_t Pl061::levels() const {
    return static_cast<uint8_t>((inputs_ & ~direction_) | (outputs_ & direction_));
}

void Pl061::update() {
    uint8_t now = levels(), changed = now ^ seen_;
    uint8_t wanted = both_edges_ | static_cast<uint8_t>(~(now ^ rising_));
    edges_ |= changed & wanted & static_cast<uint8_t>(~level_sense_ & ~direction_);
    seen_ = now;
    uint8_t by_level = level_sense_ & static_cast<uint8_t>(~(now ^ rising_));
    uint8_t raw = static_cast<uint8_t>((edges_ & ~level_sense_) | by_level);
    line_.set((raw & mask_) != 0);
}

void Pl061::set_input(uint32_t input, bool level) {
    std::lock_guard guard(lock_);
    auto pin = static_cast<uint8_t>(1u << input);
    inputs_ = level ? inputs_ | pin : inputs_ & static_cast<uint8_t>(~pin);
    update();
}

uint32_t Pl061::get(uint64_t offset) const {
    uint8_t by_level = level_sense_ & static_cast<uint8_t>(~(seen_ ^ rising_));
    uint8_t raw = static_cast<uint8_t>((edges_ & ~level_sense_) | by_level);
    if (offset < kDirection) return levels() & static_cast<uint8_t>(offset >> 2);
    switch (offset) {
        case kDirection: return direction_;
        case kSense: return level_sense_;
        case kBothEdges: return both_edges_;
        case kEvent: return rising_;
        case kMask: return mask_;
        case kRaw: return raw;
        case kMasked: return raw & mask_;
        case kAlternate: return alternate_;
        default: return offset >= kPrimeCellIds ? primecell_id(offset, kId) : 0;
    }
}

void Pl061::put(uint64_t offset, uint32_t value) {
    auto byte = static_cast<uint8_t>(value);
    if (offset < kDirection) {
        auto pins = static_cast<uint8_t>(static_cast<uint8_t>(offset >> 2) & direction_);
        outputs_ = static_cast<uint8_t>((outputs_ & ~pins) | (byte & pins));
    }
    switch (offset) {
        case kDirection: direction_ = byte; break;
        case kSense: level_sense_ = byte; break;
        case kBothEdges: both_edges_ = byte; break;
        case kEvent: rising_ = byte; break;
        case kMask: mask_ = byte; break;
        case kClear: edges_ &= static_cast<uint8_t>(~byte); break;
        case kAlternate: alternate_ = byte; break;
        default: break;
    }
    update();
}

bool Pl061::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(lock_);
    return read_words(offset, size, value, [&](uint64_t at) { return get(at); });
}

bool Pl061::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(lock_);
    return write_words(offset, size, value,
                       [&](uint64_t at, uint32_t word, uint32_t) { put(at, word); });
}

Key::Key(Clock& clock, Line line)
    : clock_(clock), line_(line), release_(clock, [this] {
          std::lock_guard guard(lock_);
          line_.set(false);
      }) {}

void Key::press() {
    constexpr uint64_t kPressed = 100'000'000;
    std::lock_guard guard(lock_);
    line_.set(true);
    release_.set(clock_.ns() + kPressed);
}

}  // namespace pydbt::sysmode
