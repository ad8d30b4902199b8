#include "sysmode/devices/pl031.hpp"

#include "sysmode/devices/primecell.hpp"
#include "sysmode/devices/words.hpp"

namespace pydbt::sysmode {
namespace {

enum Register : uint64_t {
    kData = 0x00,
    kMatch = 0x04,
    kLoad = 0x08,
    kControl = 0x0c,
    kMask = 0x10,
    kRaw = 0x14,
    kMasked = 0x18,
    kClear = 0x1c,
};

constexpr int64_t kSecond = 1'000'000'000;
constexpr std::array<uint8_t, 4> kId = {0x31, 0x10, 0x14, 0x00};

}  // namespace

Pl031::Pl031(Clock& clock, std::function<int64_t()> now, Line line)
    : clock_(clock), now_(std::move(now)), line_(line), alarm_(clock, [this] { ring(); }) {}

void Pl031::reset() {
    std::lock_guard guard(lock_);
    match_ = load_ = mask_ = raw_ = 0;
    alarm_.cancel();
    line_.set(false);
}

int64_t Pl031::host_seconds() const { return now_() / kSecond; }

// The interrupt comes when the seconds become those of the match register.
void Pl031::arm() {
    int64_t now = now_();
    uint32_t distance = match_ - static_cast<uint32_t>(now / kSecond + offset_);
    if (distance == 0) {
        raw_ = 1;
        line_.set((raw_ & mask_) != 0);
        alarm_.cancel();
        return;
    }
    alarm_.set(clock_.ns() + static_cast<uint64_t>(int64_t{distance} * kSecond - now % kSecond));
}

// The host's time may have been set meanwhile: arm() looks again.
void Pl031::ring() {
    std::lock_guard guard(lock_);
    arm();
}

uint32_t Pl031::get(uint64_t offset) const {
    switch (offset) {
        case kData: return seconds();
        case kMatch: return match_;
        case kLoad: return load_;
        case kControl: return 1;
        case kMask: return mask_;
        case kRaw: return raw_;
        case kMasked: return raw_ & mask_;
        default: return offset >= kPrimeCellIds ? primecell_id(offset, kId) : 0;
    }
}

void Pl031::put(uint64_t offset, uint32_t value) {
    switch (offset) {
        case kMatch:
            match_ = value;
            arm();
            break;
        case kLoad:
            load_ = value;
            offset_ = int64_t{value} - host_seconds();
            arm();
            break;
        case kMask: mask_ = value & 1; break;
        case kClear: raw_ &= ~value; break;
        default: return;
    }
    line_.set((raw_ & mask_) != 0);
}

bool Pl031::read(uint64_t offset, unsigned size, uint64_t* value) {
    std::lock_guard guard(lock_);
    return read_words(offset, size, value, [&](uint64_t at) { return get(at); });
}

bool Pl031::write(uint64_t offset, unsigned size, uint64_t value) {
    std::lock_guard guard(lock_);
    return write_words(offset, size, value,
                       [&](uint64_t at, uint32_t word, uint32_t) { put(at, word); });
}

}  // namespace pydbt::sysmode
