// PL031, a real-time clock (Arm DDI 0224): seconds, and an alarm.
//
// Owns: its registers, what the guest adds to the time. Must not know: what the host's time is.
#pragma once

#include <functional>
#include <mutex>

#include "sysmode/bus/device.hpp"
#include "sysmode/bus/line.hpp"
#include "sysmode/time/clock.hpp"

namespace pydbt::sysmode {

class Pl031 : public Device {
   public:
    /// `now` tells the nanoseconds since 1970 that the machine begins with or goes on with.
    Pl031(Clock& clock, std::function<int64_t()> now, Line line);

    bool read(uint64_t offset, unsigned size, uint64_t* value) override;
    bool write(uint64_t offset, unsigned size, uint64_t value) override;
    void reset() override;

   private:
    int64_t host_seconds() const;
    uint32_t seconds() const { return static_cast<uint32_t>(host_seconds() + offset_); }
    uint32_t get(uint64_t offset) const;
    void put(uint64_t offset, uint32_t value);
    void arm();
    void ring();

    Clock& clock_;
    std::function<int64_t()> now_;
    std::mutex lock_;
    Line line_;
    int64_t offset_ = 0;  // of the guest's seconds to the host's; a reset keeps it
    uint32_t match_ = 0, load_ = 0, mask_ = 0, raw_ = 0;
    Alarm alarm_;
};

}  // namespace pydbt::sysmode
