// An interrupt line: from a device's output to an interrupt controller's input, or to another
// device's.
//
// Owns: the Line. Must not know: what is at either end.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

/// Has inputs that lines end at.
class LineTarget {
   public:
    virtual ~LineTarget() = default;
    /// May be called from any thread. `input` is what the line was made with.
    virtual void set_input(uint32_t input, bool level) = 0;
};

/// Calls are in order: they come with the lock of the device whose output it is.
class Line {
   public:
    /// A line that ends nowhere.
    Line() = default;
    Line(LineTarget& target, uint32_t input) : target_(&target), input_(input) {}

    void set(bool level) {
        if (level == level_) return;
        level_ = level;
        if (target_ != nullptr) target_->set_input(input_, level);
    }
    /// An edge, for an input that is triggered by edges.
    void pulse() {
        set(true);
        set(false);
    }
    bool level() const { return level_; }

   private:
    LineTarget* target_ = nullptr;
    uint32_t input_ = 0;
    bool level_ = false;
};

/// What an interrupt controller drives at a CPU. May be called from any thread, with the
/// controller's lock held: it must not call back.
class InterruptSink {
   public:
    virtual ~InterruptSink() = default;
    virtual void irq(bool level) noexcept = 0;
    virtual void fiq(bool level) noexcept = 0;
};

}  // namespace pydbt::sysmode
