// Runs a bare-metal ELF program on the CPUs alone: RAM, and a UART that only sends.
//
//     run_bare [--tier=1|interp] [--cpu=MODEL] [--smp=N] [--out_asm=FILE] PROGRAM
//
// Owns: what such a program finds of the `virt` machine: RAM at 0x40000000, the PL011's data
// register, timers, PSCI by HVC. It ends with PSCI's SYSTEM_OFF. Must not know: what programs test.
#include <elf.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "sysmode/bus/bus.hpp"
#include "sysmode/cpu/cpus.hpp"
#include "sysmode/time/clock.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kRam = 0x4000'0000, kRamBytes = 64 << 20, kUart = 0x0900'0000;

[[noreturn]] void die(const std::string& message) {
    std::fprintf(stderr, "run_bare: %s\n", message.c_str());
    std::exit(2);
}

class Uart final : public Device {
   public:
    // The flags: the transmit FIFO is empty.
    bool read(uint64_t offset, unsigned, uint64_t* value) override {
        *value = offset == 0x18 ? 0x90 : 0;
        return true;
    }
    bool write(uint64_t offset, unsigned, uint64_t value) override {
        auto byte = static_cast<char>(value);
        if (offset == 0 && ::write(1, &byte, 1) != 1) std::abort();
        return true;
    }
    void reset() override {}
};

class Machine final : public Power {
   public:
    explicit Machine(Cpus& cpus) : cpus_(cpus) {}

    PsciStatus cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context) override {
        for (unsigned n = 0; n < cpus_.count(); n++) {
            if ((cpus_.cpu(n).mpidr() & 0xff'00ff'ffff) != mpidr) continue;
            if (cpus_.cpu(n).is_on()) return PsciStatus::already_on;
            cpus_.cpu(n).power_on(entry, context);
            return PsciStatus::success;
        }
        return PsciStatus::invalid_parameters;
    }
    void cpu_off(unsigned cpu) override { cpus_.cpu(cpu).power_off(); }
    int32_t affinity_info(uint64_t mpidr, uint64_t) override {
        for (unsigned n = 0; n < cpus_.count(); n++) {
            if ((cpus_.cpu(n).mpidr() & 0xff'00ff'ffff) == mpidr) {
                return static_cast<int32_t>(cpus_.cpu(n).is_on() ? Affinity::on : Affinity::off);
            }
        }
        return static_cast<int32_t>(PsciStatus::invalid_parameters);
    }
    void system_off() override { end(); }
    void system_reset() override { end(); }

    void wait() {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [this] { return off_; });
    }

   private:
    void end() {
        std::lock_guard lock(mutex_);
        off_ = true;
        ended_.notify_all();
        for (unsigned n = 0; n < cpus_.count(); n++) cpus_.cpu(n).power_off();
    }
    Cpus& cpus_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool off_ = false;
};

uint64_t load(Bus& bus, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
    Elf64_Ehdr header{};
    if (image.size() < sizeof header) die(path + " cannot be read");
    std::memcpy(&header, image.data(), sizeof header);
    for (unsigned n = 0; n < header.e_phnum; n++) {
        Elf64_Phdr segment{};
        std::memcpy(&segment, image.data() + header.e_phoff + n * sizeof segment, sizeof segment);
        if (segment.p_type != PT_LOAD) continue;
        std::byte* at = bus.ram(segment.p_paddr, segment.p_memsz);
        if (at == nullptr) die(path + " does not fit into RAM");
        std::memcpy(at, image.data() + segment.p_offset, segment.p_filesz);
    }
    return header.e_entry;
}

int main_of(int argc, char** argv) {
    CpusOptions options;
    std::string path, error;
    std::unique_ptr<runtime::Log> log;
    a64::CpuError cpu_error;
    options.model.select("cortex-a57", cpu_error);
    for (int n = 1; n < argc; n++) {
        std::string_view word = argv[n];
        if (word == "--tier=1") {
            options.tier = 1;
        } else if (word == "--tier=interp") {
            options.tier = 0;
        } else if (word.starts_with("--cpu=")) {
            if (!options.model.select(word.substr(6), cpu_error)) die(cpu_error.message);
        } else if (word.starts_with("--smp=")) {
            options.count = static_cast<unsigned>(std::atoi(argv[n] + 6));
        } else if (word.starts_with("--out_asm=")) {
            std::FILE* file = std::fopen(argv[n] + 10, "w");
            if (file == nullptr) die(std::string(word) + " cannot be written");
            log = std::make_unique<runtime::Log>(runtime::kLogOutAsm, file);
            options.log = log.get();
        } else {
            path = word;
        }
    }
    Bus bus;
    Uart uart;
    bool mapped = bus.add_ram("ram", kRam, kRamBytes, true, error) &&
                  bus.add_device("uart", kUart, 0x1000, uart, error);
    if (!mapped) die(error);
    uint64_t entry = load(bus, path);
    auto cpus = Cpus::create(bus, options, error);
    if (cpus == nullptr) die(error);
    Machine machine(*cpus);
    Clock clock;
    std::vector<std::unique_ptr<GenericTimer>> timers;
    for (unsigned n = 0; n < cpus->count(); n++) {
        timers.push_back(std::make_unique<GenericTimer>(clock, options.model.model().counter_hz,
                                                        Line(), Line()));
        cpus->cpu(n).connect({timers.back().get(), nullptr, &machine, false});
        cpus->cpu(n).start();
    }
    clock.go();
    cpus->cpu(0).power_on(entry, 0);
    machine.wait();
    cpus.reset();
    return 0;
}

}  // namespace
}  // namespace pydbt::sysmode

int main(int argc, char** argv) { return pydbt::sysmode::main_of(argc, argv); }
