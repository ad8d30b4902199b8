// The cycle counter of the performance monitors; there are no event counters.
//
// Owns: PMCR_EL0, PMCCNTR_EL0, its enable and overflow bits. A cycle is a nanosecond. Must not
// know: traps, encodings. No interrupt is raised: overflows are seen in PMOVSCLR_EL0.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

class CycleCounter {
   public:
    uint64_t control() const { return control_; }
    void set_control(uint64_t value);
    uint64_t count();
    void set_count(uint64_t value);

    uint64_t enabled() const { return enabled_; }
    void set_enabled(bool on);
    uint64_t overflowed();
    void set_overflowed(bool on) { overflowed_ = on ? kCycles : 0; }
    uint64_t interrupts() const { return interrupts_; }
    void set_interrupts(bool on) { interrupts_ = on ? kCycles : 0; }

    static constexpr uint64_t kCycles = uint64_t{1} << 31;

   private:
    bool counts() const { return (control_ & kEnable) != 0 && enabled_ != 0; }
    void catch_up();

    // E, D, X, LC; C and P are write-only. LC is 1 at reset: the counter has 64 bits.
    static constexpr uint64_t kEnable = 1, kReset = 4, kLong = 1 << 6;
    static constexpr uint64_t kWritable = kEnable | 1 << 3 | 1 << 4 | kLong | 1 << 5;

    uint64_t control_ = kLong, count_ = 0, since_ = 0;
    uint64_t enabled_ = 0, overflowed_ = 0, interrupts_ = 0;
};

}  // namespace pydbt::sysmode
