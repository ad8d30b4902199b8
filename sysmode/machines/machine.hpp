// A machine: what it is made of, and its power.
//
// Owns: the objects and the order in which they come and go; reset, power off, stop and go. Must
// not know: addresses and numbers of interrupts (the caller's, who describes a board), command
// lines.
#pragma once

#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sysmode/bus/bus.hpp"
#include "sysmode/cpu/cpus.hpp"
#include "sysmode/devices/fw_cfg.hpp"
#include "sysmode/devices/gicv2.hpp"
#include "sysmode/devices/gicv3.hpp"
#include "sysmode/devices/pl011.hpp"
#include "sysmode/devices/pl031.hpp"
#include "sysmode/devices/pl061.hpp"
#include "sysmode/devices/timer.hpp"
#include "sysmode/io/chardev.hpp"
#include "sysmode/io/loop.hpp"
#include "sysmode/io/mux.hpp"
#include "sysmode/machines/power.hpp"
#include "sysmode/net/backend.hpp"
#include "sysmode/time/clock.hpp"
#include "sysmode/virtio/mmio.hpp"

namespace pydbt::sysmode {

/// What the machine's owner is asked to do.
enum class Request : uint8_t { none, reset, shutdown, quit };

/// How a real-time clock is set.
struct RtcOptions {
    int64_t offset_ns = 0;      // to the host's time
    bool with_machine = false;  // stands while the machine does
};

struct CpuOptions {
    std::string model;
    int tier = 1;          // 0: the interpreter
    uint32_t log = 0;      // items of -d
    std::string log_file;  // empty: standard error
};

class Machine final : public Power {
   public:
    explicit Machine(unsigned cpus);
    ~Machine() override;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    unsigned cpu_count() const { return cpu_count_; }
    Bus& bus() { return bus_; }
    Clock& clock() { return clock_; }
    IoLoop& loop() { return loop_; }

    // --- the board. False, with a sentence in `error`: an overlap, or no memory.
    bool add_ram(std::string_view name, uint64_t base, uint64_t size, std::string& error);
    bool add_gicv2(uint64_t distributor, uint64_t interface, std::string& error);
    bool add_gicv3(uint64_t distributor, uint64_t redistributors, std::string& error);
    /// A generic timer a CPU; the interrupts are PPIs' INTIDs. The GIC comes first.
    void add_timers(uint64_t frequency, unsigned physical, unsigned virtual_);
    bool add_uart(std::string_view name, uint64_t base, unsigned spi, Chardev& chardev,
                  std::string& error);
    bool add_rtc(uint64_t base, unsigned spi, const RtcOptions& options, std::string& error);
    /// With the power key at a pin.
    bool add_gpio(uint64_t base, unsigned spi, unsigned power_pin, std::string& error);
    bool add_fw_cfg(uint64_t base, std::string& error);
    bool add_virtio_mmio(uint64_t base, unsigned spi, std::string& error);

    FwCfg* fw_cfg() { return fw_cfg_.get(); }
    GenericTimer& timer(unsigned cpu) { return timers_[cpu]; }
    unsigned virtio_places() const { return static_cast<unsigned>(places_.size()); }
    /// Puts a device into the place with that number, counted as they were added.
    void plug(unsigned place, std::unique_ptr<VirtioDevice> device);

    // --- what the machine keeps for its devices
    Chardev& keep(std::unique_ptr<Chardev> chardev);
    Mux& keep(std::unique_ptr<Mux> mux);
    NetBackend& keep(std::unique_ptr<NetBackend> backend);

    // --- CPUs
    /// Last, when the map is complete. `model` is what -cpu says.
    bool add_cpus(const CpuOptions& options, std::string& error);
    /// CPU 0 comes on, at that address with X0; the others stay off.
    void boot(uint64_t entry, uint64_t x0);
    /// Time and CPUs that are on.
    void go();
    /// When it returns, everything stands still.
    void stop();

    // --- power
    /// Whatever a guest or a key asks for; a descriptor that can be read while there is something.
    int request_fd() const { return request_fd_; }
    Request take_request();
    void request(Request what);
    void press_power_key();
    /// Devices as after power-on, CPUs off. Everything stands still, before and after.
    void reset();
    /// What disks were given is on the host's disks.
    void flush_disks();
    /// That, and what was printed is out.
    void flush();

    // --- Power, for PSCI: from the thread of a CPU
    PsciStatus cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context) override;
    void cpu_off(unsigned cpu) override;
    int32_t affinity_info(uint64_t mpidr, uint64_t level) override;
    void system_off() override;
    void system_reset() override;

   private:
    Vcpu* cpu_of(uint64_t mpidr);

    struct Place {
        VirtioMmio mmio;
        unsigned spi = 0;
    };
    InterruptController* gic() const;

    const unsigned cpu_count_;
    int request_fd_ = -1;
    std::mutex power_lock_;  // two CPUs may turn on a third
    std::mutex request_lock_;
    Request request_ = Request::none;

    // Those below use those above, and go before them.
    IoLoop loop_;
    Clock clock_;
    Bus bus_;
    std::vector<std::unique_ptr<Chardev>> chardevs_;
    std::vector<std::unique_ptr<Mux>> muxes_;
    std::vector<std::unique_ptr<NetBackend>> networks_;
    std::unique_ptr<Gicv2> gicv2_;
    std::unique_ptr<Gicv3> gicv3_;
    std::deque<GenericTimer> timers_;
    std::vector<std::unique_ptr<Pl011>> uarts_;
    std::unique_ptr<Pl031> rtc_;
    std::unique_ptr<Pl061> gpio_;
    std::unique_ptr<Key> power_key_;
    std::unique_ptr<FwCfg> fw_cfg_;
    std::deque<Place> places_;
    std::vector<std::unique_ptr<VirtioDevice>> devices_;
    std::FILE* log_file_ = nullptr;
    std::unique_ptr<runtime::Log> log_;
    std::unique_ptr<Cpus> cpus_;
};

}  // namespace pydbt::sysmode
