// The generic timers of one CPU (Arm ARM D12): the EL1 physical and the virtual timer.
//
// Owns: counters, comparators, the interrupt lines. Must not know: traps, registers' encodings.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "sysmode/bus/line.hpp"
#include "sysmode/time/clock.hpp"

namespace pydbt::sysmode {

enum class TimerKind : uint8_t { physical, virtual_ };

/// Registers are those of CNTP_* and CNTV_*. Its CPU's thread calls; the clock's thread rings.
class GenericTimer {
   public:
    GenericTimer(Clock& clock, uint64_t frequency, Line physical, Line virtual_);

    uint64_t frequency() const { return frequency_; }
    /// CNTPCT_EL0, CNTVCT_EL0.
    uint64_t count(TimerKind kind) const;

    uint64_t ctl(TimerKind kind) const;  // ENABLE, IMASK, ISTATUS
    void set_ctl(TimerKind kind, uint64_t value);
    uint64_t cval(TimerKind kind) const;
    void set_cval(TimerKind kind, uint64_t value);
    uint64_t tval(TimerKind kind) const;
    void set_tval(TimerKind kind, uint64_t value);

    /// CNTVOFF_EL2.
    uint64_t offset() const;
    void set_offset(uint64_t value);

    uint64_t cntkctl() const { return cntkctl_; }
    void set_cntkctl(uint64_t value);
    /// Nanoseconds between two events of the event stream (CNTKCTL_EL1.EVNTEN), or 0: how long a
    /// WFE may last at most.
    uint64_t event_period() const;

    void reset();

   private:
    struct Comparator {
        Line line;
        Alarm alarm;
        uint64_t ctl = 0, cval = 0;
    };
    Comparator& of(TimerKind kind) { return timers_[static_cast<unsigned>(kind)]; }
    const Comparator& of(TimerKind kind) const { return timers_[static_cast<unsigned>(kind)]; }
    uint64_t count_locked(TimerKind kind) const;
    void update(TimerKind kind);

    Clock& clock_;
    const uint64_t frequency_;
    mutable std::mutex lock_;
    uint64_t offset_ = 0, cntkctl_ = 0;
    std::array<Comparator, 2> timers_;
};

}  // namespace pydbt::sysmode
