#include "sysmode/machines/machine.hpp"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sysmode/devices/primecell.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kGicFrame = 0x10000, kFwCfgSize = 0x18;

int64_t host_time() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Machine::Machine(unsigned cpus)
    : cpu_count_(cpus), request_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Machine::~Machine() {
    for (unsigned n = 0; cpus_ != nullptr && n < cpu_count_; n++) cpus_->cpu(n).stop();
    clock_.stop();
    flush();
    loop_.end();
    // Devices let go of their chardevs and networks, which then go. Until they have, their threads
    // and alarms may still interrupt a CPU.
    devices_.clear();
    uarts_.clear();
    rtc_.reset();
    power_key_.reset();
    timers_.clear();
    cpus_.reset();
    networks_.clear();
    muxes_.clear();
    chardevs_.clear();
    close(request_fd_);
    if (log_file_ != nullptr) std::fclose(log_file_);
}

// ---- the board

bool Machine::add_ram(std::string_view name, uint64_t base, uint64_t size, std::string& error) {
    return bus_.add_ram(name, base, size, true, error);
}

bool Machine::add_gicv2(uint64_t distributor, uint64_t interface, std::string& error) {
    gicv2_ = std::make_unique<Gicv2>(cpu_count_);
    return bus_.add_device("gic distributor", distributor, kGicFrame, gicv2_->distributor(),
                           error) &&
           bus_.add_device("gic cpu interface", interface, kGicFrame, gicv2_->cpu_interface(),
                           error);
}

bool Machine::add_gicv3(uint64_t distributor, uint64_t redistributors, std::string& error) {
    std::vector<uint64_t> affinities;
    for (unsigned n = 0; n < cpu_count_; n++) affinities.push_back(affinity_of(n));
    gicv3_ = std::make_unique<Gicv3>(affinities);
    return bus_.add_device("gic distributor", distributor, kGicFrame, gicv3_->distributor(),
                           error) &&
           bus_.add_device("gic redistributors", redistributors,
                           cpu_count_ * Gicv3::kRedistributorSize, gicv3_->redistributors(), error);
}

InterruptController* Machine::gic() const {
    if (gicv2_ != nullptr) return gicv2_.get();
    return gicv3_.get();
}

void Machine::add_timers(uint64_t frequency, unsigned physical, unsigned virtual_) {
    for (unsigned n = 0; n < cpu_count_; n++) {
        timers_.emplace_back(clock_, frequency, gic()->ppi(n, physical), gic()->ppi(n, virtual_));
    }
}

bool Machine::add_uart(std::string_view name, uint64_t base, unsigned spi, Chardev& chardev,
                       std::string& error) {
    uarts_.push_back(std::make_unique<Pl011>(chardev, gic()->spi(spi)));
    return bus_.add_device(name, base, kPrimeCellSize, *uarts_.back(), error);
}

bool Machine::add_rtc(uint64_t base, unsigned spi, const RtcOptions& options, std::string& error) {
    std::function<int64_t()> now = [options] { return host_time() + options.offset_ns; };
    if (options.with_machine) {
        int64_t begin = now();
        now = [this, begin] { return begin + static_cast<int64_t>(clock_.ns()); };
    }
    rtc_ = std::make_unique<Pl031>(clock_, std::move(now), gic()->spi(spi));
    return bus_.add_device("rtc", base, kPrimeCellSize, *rtc_, error);
}

bool Machine::add_gpio(uint64_t base, unsigned spi, unsigned power_pin, std::string& error) {
    gpio_ = std::make_unique<Pl061>(gic()->spi(spi));
    power_key_ = std::make_unique<Key>(clock_, gpio_->pin(power_pin));
    return bus_.add_device("gpio", base, kPrimeCellSize, *gpio_, error);
}

bool Machine::add_fw_cfg(uint64_t base, std::string& error) {
    fw_cfg_ = std::make_unique<FwCfg>(bus_);
    return bus_.add_device("fw_cfg", base, kFwCfgSize, *fw_cfg_, error);
}

bool Machine::add_virtio_mmio(uint64_t base, unsigned spi, std::string& error) {
    Place& place = places_.emplace_back();
    place.spi = spi;
    std::string name = "virtio-mmio " + std::to_string(places_.size() - 1);
    return bus_.add_device(name, base, VirtioMmio::kSize, place.mmio, error);
}

void Machine::plug(unsigned place, std::unique_ptr<VirtioDevice> device) {
    Place& where = places_[place];
    where.mmio.plug(*device, gic()->spi(where.spi));
    devices_.push_back(std::move(device));
}

// ---- what is kept

Chardev& Machine::keep(std::unique_ptr<Chardev> chardev) {
    chardevs_.push_back(std::move(chardev));
    return *chardevs_.back();
}

Mux& Machine::keep(std::unique_ptr<Mux> mux) {
    muxes_.push_back(std::move(mux));
    return *muxes_.back();
}

NetBackend& Machine::keep(std::unique_ptr<NetBackend> backend) {
    networks_.push_back(std::move(backend));
    return *networks_.back();
}

// ---- CPUs

bool Machine::add_cpus(const CpuOptions& options, std::string& error) {
    CpusOptions cpus;
    a64::CpuError wrong;
    if (!cpus.model.select(options.model, wrong)) {
        error = wrong.message;
        return false;
    }
    if (options.log != 0) {
        if (!options.log_file.empty()) {
            log_file_ = std::fopen(options.log_file.c_str(), "we");
            if (log_file_ == nullptr) {
                error = options.log_file + ": " + std::strerror(errno);
                return false;
            }
        }
        log_ =
            std::make_unique<runtime::Log>(options.log, log_file_ != nullptr ? log_file_ : stderr);
        cpus.log = log_.get();
    }
    cpus.count = cpu_count_;
    cpus.tier = options.tier;
    cpus.gic_registers = gicv3_ != nullptr;
    cpus_ = Cpus::create(bus_, cpus, error);
    if (cpus_ == nullptr) return false;
    for (unsigned n = 0; n < cpu_count_; n++) {
        Vcpu& cpu = cpus_->cpu(n);
        cpu.connect({&timers_[n], gicv3_.get(), this, false});
        if (gicv2_ != nullptr) gicv2_->connect(n, cpu);
        if (gicv3_ != nullptr) gicv3_->connect(n, cpu);
        cpu.start();
    }
    return true;
}

void Machine::boot(uint64_t entry, uint64_t x0) { cpus_->cpu(0).power_on(entry, x0); }

void Machine::go() {
    clock_.go();
    for (unsigned n = 0; cpus_ != nullptr && n < cpu_count_; n++) cpus_->cpu(n).resume();
}

void Machine::stop() {
    for (unsigned n = 0; cpus_ != nullptr && n < cpu_count_; n++) cpus_->cpu(n).pause();
    clock_.stop();
}

Vcpu* Machine::cpu_of(uint64_t mpidr) {
    constexpr uint64_t kAffinity = 0xff'00ff'ffff;
    for (unsigned n = 0; n < cpu_count_; n++) {
        if (affinity_of(n) == (mpidr & kAffinity)) return &cpus_->cpu(n);
    }
    return nullptr;
}

PsciStatus Machine::cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context) {
    std::lock_guard guard(power_lock_);
    Vcpu* cpu = cpu_of(mpidr);
    if (cpu == nullptr) return PsciStatus::invalid_parameters;
    if (entry % 4 != 0) return PsciStatus::invalid_address;
    if (cpu->is_on()) return PsciStatus::already_on;
    cpu->power_on(entry, context);
    return PsciStatus::success;
}

void Machine::cpu_off(unsigned cpu) { cpus_->cpu(cpu).power_off(); }

int32_t Machine::affinity_info(uint64_t mpidr, uint64_t level) {
    Vcpu* cpu = cpu_of(mpidr);
    if (cpu == nullptr || level != 0) return static_cast<int32_t>(PsciStatus::invalid_parameters);
    return static_cast<int32_t>(cpu->is_on() ? Affinity::on : Affinity::off);
}

// The calling CPU runs no further: for it the call does not return.
void Machine::system_off() {
    cpus_->cpu(current_cpu).power_off();
    request(Request::shutdown);
}

void Machine::system_reset() {
    cpus_->cpu(current_cpu).power_off();
    request(Request::reset);
}

// ---- power

void Machine::request(Request what) {
    std::lock_guard guard(request_lock_);
    if (request_ < what) request_ = what;  // the one that ends more
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(request_fd_, &one, sizeof one);
}

Request Machine::take_request() {
    std::lock_guard guard(request_lock_);
    uint64_t count;
    [[maybe_unused]] ssize_t got = read(request_fd_, &count, sizeof count);
    return std::exchange(request_, Request::none);
}

void Machine::press_power_key() {
    if (power_key_ != nullptr) power_key_->press();
}

void Machine::reset() {
    for (unsigned n = 0; cpus_ != nullptr && n < cpu_count_; n++) cpus_->cpu(n).power_off();
    bus_.reset();
    for (GenericTimer& timer : timers_) timer.reset();
}

void Machine::flush_disks() {
    for (const auto& device : devices_) device->flush();
}

void Machine::flush() {
    flush_disks();
    for (const auto& chardev : chardevs_) chardev->flush();
}

}  // namespace pydbt::sysmode
