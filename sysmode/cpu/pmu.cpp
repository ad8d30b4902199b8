#include "sysmode/cpu/pmu.hpp"

#include <ctime>

namespace pydbt::sysmode {
namespace {

uint64_t now_ns() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

void CycleCounter::catch_up() {
    uint64_t now = now_ns();
    if (counts()) {
        uint64_t before = count_;
        count_ += now - since_;
        bool is_long = (control_ & kLong) != 0;
        bool over = is_long ? count_ < before : before >> 32 != count_ >> 32;
        if (over) overflowed_ = kCycles;
    }
    since_ = now;
}

void CycleCounter::set_control(uint64_t value) {
    catch_up();
    control_ = value & kWritable;
    if ((value & kReset) != 0) count_ = 0;
}

uint64_t CycleCounter::count() {
    catch_up();
    return count_;
}

void CycleCounter::set_count(uint64_t value) {
    catch_up();
    count_ = value;
}

void CycleCounter::set_enabled(bool on) {
    catch_up();
    enabled_ = on ? kCycles : 0;
}

uint64_t CycleCounter::overflowed() {
    catch_up();
    return overflowed_;
}

}  // namespace pydbt::sysmode
