#include "sysmode/devices/timer.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kEnable = 1, kMask = 2, kStatus = 4;
constexpr uint64_t kSecond = 1'000'000'000;
__extension__ typedef unsigned __int128 u128;

}  // namespace

GenericTimer::GenericTimer(Clock& clock, uint64_t frequency, Line physical, Line virtual_)
    : clock_(clock),
      frequency_(frequency),
      timers_{{{physical,
                {clock,
                 [this] {
                     std::lock_guard guard(lock_);
                     update(TimerKind::physical);
                 }}},
               {virtual_, {clock, [this] {
                               std::lock_guard guard(lock_);
                               update(TimerKind::virtual_);
                           }}}}} {}

uint64_t GenericTimer::count_locked(TimerKind kind) const {
    auto ticks = static_cast<uint64_t>(u128{clock_.ns()} * frequency_ / kSecond);
    return kind == TimerKind::virtual_ ? ticks - offset_ : ticks;
}

uint64_t GenericTimer::count(TimerKind kind) const {
    std::lock_guard guard(lock_);
    return count_locked(kind);
}

// The condition is Counter >= CompareValue, both unsigned and of 64 bits (Arm ARM D12.2.4).
void GenericTimer::update(TimerKind kind) {
    Comparator& timer = of(kind);
    uint64_t now = count_locked(kind);
    bool met = now >= timer.cval;
    timer.line.set((timer.ctl & kEnable) != 0 && (timer.ctl & kMask) == 0 && met);
    if ((timer.ctl & kEnable) == 0 || (timer.ctl & kMask) != 0 || met) {
        timer.alarm.cancel();
        return;
    }
    // The physical count at which it will be met, and the first nanosecond that has that count.
    u128 ticks = u128{timer.cval} + (kind == TimerKind::virtual_ ? offset_ : 0);
    u128 at = (ticks * kSecond + frequency_ - 1) / frequency_;
    timer.alarm.set(at < Alarm::kNever ? static_cast<uint64_t>(at) : Alarm::kNever);
}

uint64_t GenericTimer::ctl(TimerKind kind) const {
    std::lock_guard guard(lock_);
    const Comparator& timer = of(kind);
    bool met = (timer.ctl & kEnable) != 0 && count_locked(kind) >= timer.cval;
    return timer.ctl | (met ? kStatus : 0);
}

void GenericTimer::set_ctl(TimerKind kind, uint64_t value) {
    std::lock_guard guard(lock_);
    of(kind).ctl = value & (kEnable | kMask);
    update(kind);
}

uint64_t GenericTimer::cval(TimerKind kind) const {
    std::lock_guard guard(lock_);
    return of(kind).cval;
}

void GenericTimer::set_cval(TimerKind kind, uint64_t value) {
    std::lock_guard guard(lock_);
    of(kind).cval = value;
    update(kind);
}

uint64_t GenericTimer::tval(TimerKind kind) const {
    std::lock_guard guard(lock_);
    return static_cast<uint32_t>(of(kind).cval - count_locked(kind));
}

void GenericTimer::set_tval(TimerKind kind, uint64_t value) {
    std::lock_guard guard(lock_);
    auto distance = static_cast<int64_t>(static_cast<int32_t>(value));
    of(kind).cval = count_locked(kind) + static_cast<uint64_t>(distance);
    update(kind);
}

uint64_t GenericTimer::offset() const {
    std::lock_guard guard(lock_);
    return offset_;
}

void GenericTimer::set_offset(uint64_t value) {
    std::lock_guard guard(lock_);
    offset_ = value;
    update(TimerKind::virtual_);
}

void GenericTimer::set_cntkctl(uint64_t value) {
    constexpr uint64_t kWritable = 0x2'03ff;  // EVNTIS and the ten bits that every CPU has
    cntkctl_ = value & kWritable;
}

// CNTKCTL_EL1.EVNTI is the counter's bit whose change is the event, of one direction only.
uint64_t GenericTimer::event_period() const {
    constexpr uint64_t kEventEnable = 1 << 2;
    if ((cntkctl_ & kEventEnable) == 0) return 0;
    unsigned bit = static_cast<unsigned>(cntkctl_ >> 4 & 15) + ((cntkctl_ >> 17 & 1) != 0 ? 8 : 0);
    return static_cast<uint64_t>((u128{2} << bit) * kSecond / frequency_);
}

void GenericTimer::reset() {
    std::lock_guard guard(lock_);
    offset_ = cntkctl_ = 0;
    for (TimerKind kind : {TimerKind::physical, TimerKind::virtual_}) {
        of(kind).ctl = of(kind).cval = 0;
        update(kind);
    }
}

}  // namespace pydbt::sysmode
