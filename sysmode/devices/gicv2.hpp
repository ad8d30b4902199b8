// GICv2 (Arm IHI 0048) without Security Extensions: distributor and CPU interfaces, as in a
// GIC-400.
//
// Owns: the two register frames, SGIs with their sources, targets. Must not know: where they are.
#pragma once

#include "sysmode/bus/device.hpp"
#include "sysmode/devices/gic.hpp"

namespace pydbt::sysmode {

class Gicv2 : public Gic {
   public:
    static constexpr unsigned kMostCpus = 8;

    explicit Gicv2(unsigned cpus);

    /// The frames; registers are banked by `current_cpu`.
    Device& distributor() { return distributor_; }
    Device& cpu_interface() { return cpu_interface_; }

   private:
    struct Distributor : Device {
        explicit Distributor(Gicv2& gic) : gic(gic) {}
        bool read(uint64_t offset, unsigned size, uint64_t* value) override;
        bool write(uint64_t offset, unsigned size, uint64_t value) override;
        void reset() override;
        Gicv2& gic;
    };
    struct CpuInterface : Device {
        explicit CpuInterface(Gicv2& gic) : gic(gic) {}
        bool read(uint64_t offset, unsigned size, uint64_t* value) override;
        bool write(uint64_t offset, unsigned size, uint64_t value) override;
        void reset() override {}  // the distributor's resets all
        Gicv2& gic;
    };

    uint32_t read_distributor(unsigned cpu, unsigned offset);
    void write_distributor(unsigned cpu, unsigned offset, uint32_t value, uint32_t lanes);
    uint32_t read_interface(unsigned cpu, unsigned offset);
    void write_interface(unsigned cpu, unsigned offset, uint32_t value);
    uint32_t control(const Cpu& cpu, unsigned number) const;
    void set_control(unsigned cpu, uint32_t value);
    unsigned take(unsigned cpu, unsigned group);
    unsigned highest_pending(unsigned cpu, unsigned group) const;
    void end(unsigned cpu, uint32_t value);
    void send(unsigned cpu, uint32_t value);
    void set_sources(unsigned cpu, unsigned sgi, uint8_t sources);
    uint8_t targets(unsigned cpu, unsigned intid) const;
    void reset();
    bool group0_is_fiq(const Cpu& cpu) const override;

    Distributor distributor_{*this};
    CpuInterface cpu_interface_{*this};
    // Which CPUs have sent the SGI to this one.
    std::array<std::array<uint8_t, 16>, kMostCpus> sources_{};
    std::array<bool, kMostCpus> common_acknowledge_{}, fiq_enable_{};
};

}  // namespace pydbt::sysmode
