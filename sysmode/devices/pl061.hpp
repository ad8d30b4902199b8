// PL061, eight general-purpose inputs and outputs (Arm DDI 0190), and a key at one of them.
//
// Owns: its registers, the key's bounce-free press. Must not know: what pressing means.
#pragma once

#include <mutex>

#include "sysmode/bus/device.hpp"
#include "sysmode/bus/line.hpp"
#include "sysmode/time/clock.hpp"

namespace pydbt::sysmode {

class Pl061 : public Device, public LineTarget {
   public:
    explicit Pl061(Line line) : line_(line) {}

    bool read(uint64_t offset, unsigned size, uint64_t* value) override;
    bool write(uint64_t offset, unsigned size, uint64_t value) override;
    void reset() override;
    /// Inputs are the eight pins.
    void set_input(uint32_t input, bool level) override;
    Line pin(uint32_t number) { return Line(*this, number); }

   private:
    uint32_t get(uint64_t offset) const;
    void put(uint64_t offset, uint32_t value);
    uint8_t levels() const;
    void update();

    std::mutex lock_;
    Line line_;
    uint8_t inputs_ = 0, seen_ = 0, outputs_ = 0, direction_ = 0, level_sense_ = 0, both_edges_ = 0,
            rising_ = 0, mask_ = 0, edges_ = 0, alternate_ = 0;
};

/// A key that a person presses for a tenth of a second.
class Key {
   public:
    Key(Clock& clock, Line line);
    void press();

   private:
    Clock& clock_;
    std::mutex lock_;
    Line line_;
    Alarm release_;
};

}  // namespace pydbt::sysmode
