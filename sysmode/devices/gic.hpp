// Interrupts as GICv2 and GICv3 have them in common: their state, priorities, preemption, and what
// each CPU is told (GIC architecture, chapter 4).
//
// Owns: pending, active and enabled interrupts, active priorities, the outputs. Must not know:
// where a register is, how an interrupt is routed to CPUs, SGIs of GICv2 with their sources.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "sysmode/devices/interrupt_controller.hpp"

namespace pydbt::sysmode {

class Gic : public InterruptController {
   public:
    void connect(unsigned cpu, InterruptSink& sink) override;
    void set_input(uint32_t input, bool level) override;

   protected:
    static constexpr unsigned kSpis = 256, kWords = (kFirstSpi + kSpis) / 32;
    static constexpr unsigned kSpurious = 1023;
    // 32 priorities: the five upper bits. One active priorities register holds them all.
    static constexpr uint8_t kPriorityMask = 0xf8, kIdle = 0xff;
    static constexpr unsigned kLeastBinaryPoint = 2;

    // 32 interrupts, a bit each.
    struct Word {
        uint32_t enabled = 0, latch = 0, level = 0, active = 0, group = 0, edge = 0;
        std::array<uint8_t, 32> priority{};

        uint32_t pending() const { return latch | (level & ~edge); }
    };
    struct Cpu {
        InterruptSink* sink = nullptr;
        bool irq = false, fiq = false;           // as told to the sink
        Word own;                                // SGIs and PPIs
        std::array<uint32_t, kWords> targets{};  // interrupts that may come here
        // The CPU interface.
        std::array<bool, 2> enabled{};
        std::array<uint8_t, 2> binary_point{kLeastBinaryPoint, kLeastBinaryPoint + 1};
        std::array<uint32_t, 2> active{};  // active priorities, a group each
        uint8_t priority_mask = 0;
        bool common_binary_point = false, split_eoi = false;
    };
    // The one interrupt that a CPU would be given.
    struct Best {
        unsigned intid = kSpurious;
        uint8_t priority = kIdle;
        unsigned group = 0;
    };

    explicit Gic(unsigned cpus) : cpus_(cpus) {}

    /// `intid` below 32 is of that CPU.
    Word& word(unsigned cpu, unsigned index) {
        return index == 0 ? cpus_[cpu].own : shared_[index];
    }
    static uint32_t bit(unsigned intid) { return uint32_t{1} << intid % 32; }

    // All below: with the lock held.
    Best best(const Cpu& cpu) const;
    /// What the acknowledge register of that group reads as, with its effects. GICv2's SGIs get
    /// their source from the caller.
    unsigned acknowledge(unsigned cpu, unsigned group);
    /// Whether `best` is of high enough a priority to be signalled.
    bool signals(const Cpu& cpu, const Best& best) const;
    uint8_t running_priority(const Cpu& cpu) const;
    void drop_priority(Cpu& cpu, unsigned group);
    void deactivate(unsigned cpu, unsigned intid);
    uint8_t preemption_mask(const Cpu& cpu, unsigned group) const;
    /// Binary point registers of 5 bits of priority.
    void set_binary_point(Cpu& cpu, unsigned group, uint64_t value);

    /// Tells the CPUs what has become of them.
    void update(unsigned cpu);
    void update_all();
    void reset_state();
    /// Group 0 comes as FIQ, rather than as IRQ.
    virtual bool group0_is_fiq(const Cpu& cpu) const = 0;

    // --- registers that both have, of 32 interrupts: offsets of IGROUPR0 to ICFGR<n>
    /// True when `offset` (4 byte aligned, below 0xd00) is one of a bit or two an interrupt, or of
    /// priorities; `index` and `part` say which.
    enum class Bank : uint8_t {
        group,
        set_enable,
        clear_enable,
        set_pending,
        clear_pending,
        set_active,
        clear_active,
        priority,
        config,
        none,
    };
    struct Place {
        Bank bank = Bank::none;
        unsigned first = 0;  // INTID of the first interrupt in the register
    };
    static Place place(uint64_t offset);
    uint32_t read_bank(unsigned cpu, Place place);
    /// `lanes` has the bytes that are written. SGIs' configuration, and with `fixed_sgis` their
    /// pending bits and enables, are not changed.
    void write_bank(unsigned cpu, Place place, uint32_t value, uint32_t lanes, bool fixed_sgis);

    mutable std::mutex lock_;
    std::vector<Cpu> cpus_;
    std::array<Word, kWords> shared_{};  // [0] is not used
    std::array<bool, 2> forwarding_{};   // GICD_CTLR's EnableGrp0 and EnableGrp1
};

}  // namespace pydbt::sysmode
