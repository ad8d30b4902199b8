#include "usermode/linux_cpu.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "usermode/linux_cpu.gen.hpp"

namespace pydbt::usermode {
namespace {

// Linux leaves PSTATE.SSBS to programs only where writing it has an effect at once.
bool hides_ssbs(const a64::Cpu& cpu) {
    uint32_t midr = cpu.model().midr;
    if (midr >> 24 != 0x41) return false;  // Arm's
    return std::ranges::find(kUnreliableSsbs, midr >> 4 & 0xfff) != std::end(kUnreliableSsbs);
}

bool has(const a64::Cpu& cpu, const HwcapInfo& row) {
    if (row.feature == static_cast<int>(Feature::SSBS2) && hides_ssbs(cpu)) return false;
    return row.feature < 0 || cpu.features().has(static_cast<a64::Feature>(row.feature));
}

// One CPU's part, as arch/arm64/kernel/cpuinfo.c prints it. Loops per jiffy are the timer's.
std::string cpuinfo_block(const a64::Cpu& cpu, unsigned number) {
    const a64::CpuModel& model = cpu.model();
    constexpr uint32_t kWhole = 500'000, kHundredths = 5'000;
    std::string features;
    for (const HwcapInfo& row : kHwcaps) {
        if (has(cpu, row)) features += std::string(" ") + row.cpuinfo;
    }
    char head[96], tail[192];
    std::snprintf(head, sizeof head, "processor\t: %u\nBogoMIPS\t: %u.%02u\nFeatures\t:", number,
                  model.counter_hz / kWhole, model.counter_hz / kHundredths % 100);
    std::snprintf(tail, sizeof tail,
                  "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                  "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                  model.midr >> 24, model.midr >> 20 & 0xf, model.midr >> 4 & 0xfff,
                  model.midr & 0xf);
    return head + features + tail;
}

std::string online_cpus() {
    char text[4096];
    int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    if (n > 0) return std::string(text, static_cast<size_t>(n));
    return "0-" + std::to_string(sysconf(_SC_NPROCESSORS_ONLN) - 1);
}

bool write_all(int fd, const std::string& text) {
    for (size_t done = 0; done < text.size();) {
        ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n <= 0) return false;
        done += static_cast<size_t>(n);
    }
    return true;
}

}  // namespace

uint64_t hwcap(const a64::Cpu& cpu, int word) {
    uint64_t bits = 0;
    for (const HwcapInfo& row : kHwcaps) {
        if (row.word == word && has(cpu, row)) bits |= uint64_t{1} << row.bit;
    }
    return bits;
}

uint64_t read_id_register(const a64::Cpu& cpu, uint32_t id) {
    constexpr uint32_t kMidrId = 0, kMpidrId = 5;
    if (id == kMidrId) return cpu.model().midr;
    if (id == kMpidrId) return kMpidr;
    for (const IdRegisterView& view : kIdRegisters) {
        if (view.id != id) continue;
        uint64_t visible = view.visible;
        if (id == kSsbsId && hides_ssbs(cpu)) visible &= ~kSsbsField;
        return (cpu.id_register(id) & visible) | view.hidden;
    }
    return 0;
}

std::string cpuinfo(const a64::Cpu& cpu, const std::string& online) {
    std::string text;
    for (const char* at = online.c_str(); *at >= '0' && *at <= '9';) {
        char* end;
        unsigned long first = std::strtoul(at, &end, 10);
        unsigned long last = *end == '-' ? std::strtoul(end + 1, &end, 10) : first;
        for (unsigned long n = first; n <= last; n++) {
            text += cpuinfo_block(cpu, static_cast<unsigned>(n));
        }
        at = *end == ',' ? end + 1 : end;
    }
    return text;
}

int open_cpuinfo(const a64::Cpu& cpu, int flags) {
    int file = memfd_create("cpuinfo", MFD_CLOEXEC);
    if (file < 0) return -errno;
    int fd = -1;
    if (write_all(file, cpuinfo(cpu, online_cpus()))) {
        char path[32];
        std::snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        fd = open(path, (flags & ~(O_ACCMODE | O_NOFOLLOW)) | O_RDONLY);
    }
    int result = fd < 0 ? -errno : fd;
    close(file);
    return result;
}

}  // namespace pydbt::usermode
