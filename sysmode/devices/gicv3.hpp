// GICv3 (Arm IHI 0069) with one security state and without LPIs: distributor, redistributors, and
// the CPU interface as system registers.
//
// Owns: the register frames, affinity routing, SGIs. Must not know: where the frames are, how a
// system register is encoded.
#pragma once

#include <span>

#include "sysmode/bus/device.hpp"
#include "sysmode/devices/gic.hpp"
#include "sysmode/devices/icc.hpp"

namespace pydbt::sysmode {

class Gicv3 : public Gic, public IccRegisters {
   public:
    static constexpr uint64_t kRedistributorSize = 0x20000;  // RD_base and SGI_base

    /// `affinities`: of each CPU, as MPIDR_EL1 has them (Aff3 in bits 39 to 32).
    explicit Gicv3(std::span<const uint64_t> affinities);

    Device& distributor() { return distributor_; }
    /// kRedistributorSize a CPU, one behind another.
    Device& redistributors() { return redistributors_; }

    bool read_register(unsigned cpu, IccRegister which, uint64_t* value) override;
    bool write_register(unsigned cpu, IccRegister which, uint64_t value) override;

   private:
    struct Distributor : Device {
        explicit Distributor(Gicv3& gic) : gic(gic) {}
        bool read(uint64_t offset, unsigned size, uint64_t* value) override;
        bool write(uint64_t offset, unsigned size, uint64_t value) override;
        void reset() override;
        Gicv3& gic;
    };
    struct Redistributors : Device {
        explicit Redistributors(Gicv3& gic) : gic(gic) {}
        bool read(uint64_t offset, unsigned size, uint64_t* value) override;
        bool write(uint64_t offset, unsigned size, uint64_t value) override;
        void reset() override {}  // the distributor's resets all
        Gicv3& gic;
    };

    uint32_t read_distributor(unsigned offset);
    void write_distributor(unsigned offset, uint32_t value, uint32_t lanes);
    uint32_t read_redistributor(unsigned cpu, unsigned offset);
    void write_redistributor(unsigned cpu, unsigned offset, uint32_t value, uint32_t lanes);
    void route(unsigned intid);
    void end(unsigned cpu, unsigned group, uint64_t value);
    void send(unsigned cpu, unsigned group, uint64_t value);
    uint64_t control(const Cpu& cpu) const;
    void set_control(Cpu& cpu, uint64_t value);
    void reset();
    bool group0_is_fiq(const Cpu&) const override { return true; }

    const std::vector<uint64_t> affinities_;
    std::vector<uint64_t> routes_;  // GICD_IROUTER<n>, an SPI each
    std::vector<bool> asleep_;      // GICR_WAKER.ProcessorSleep
    Distributor distributor_{*this};
    Redistributors redistributors_{*this};
};

}  // namespace pydbt::sysmode
