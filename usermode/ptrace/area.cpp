#include "usermode/ptrace/area.hpp"

#include <dirent.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

// How the memory's descriptor is found in /proc/PID/fd; the number of the other one is behind it.
constexpr const char* kName = "ptrace:";
constexpr const char* kLink = "/memfd:ptrace:";

constexpr uint64_t kPoke = 0x7064'6274'5054'0000;
constexpr uint64_t kPokeBits = 0xffff;

}  // namespace

std::shared_ptr<TraceArea> TraceArea::map(int memory_fd, int event_fd) {
    void* memory =
        mmap(nullptr, kSlots * sizeof(TraceSlot), PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    if (memory == MAP_FAILED) {
        close(memory_fd);
        close(event_fd);
        return nullptr;
    }
    return std::shared_ptr<TraceArea>(
        new TraceArea(static_cast<TraceSlot*>(memory), memory_fd, event_fd));
}

std::shared_ptr<TraceArea> TraceArea::make() {
    int event_fd = private_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (event_fd < 0) return nullptr;
    int memory_fd = memfd_create((kName + std::to_string(event_fd)).c_str(), MFD_CLOEXEC);
    if (memory_fd < 0 || ftruncate(memory_fd, kSlots * sizeof(TraceSlot)) != 0) {
        if (memory_fd >= 0) close(memory_fd);
        close(event_fd);
        return nullptr;
    }
    return map(private_descriptor(memory_fd), event_fd);
}

std::shared_ptr<TraceArea> TraceArea::adopt(int memory_fd, int event_fd) {
    struct stat info;
    bool whole = fstat(memory_fd, &info) == 0 &&
                 info.st_size == static_cast<off_t>(kSlots * sizeof(TraceSlot));
    if (whole) return map(memory_fd, event_fd);
    close(memory_fd);
    close(event_fd);
    return nullptr;
}

bool TraceArea::find(int pid, int& memory_fd, int& event_fd) {
    std::string folder = "/proc/" + std::to_string(pid) + "/fd";
    DIR* dir = opendir(folder.c_str());
    if (dir == nullptr) return false;
    bool found = false;
    while (const dirent* entry = found ? nullptr : readdir(dir)) {
        char target[64] = {};
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        if (n < 0 || std::strncmp(target, kLink, std::strlen(kLink)) != 0) continue;
        memory_fd = std::atoi(entry->d_name);
        event_fd = std::atoi(target + std::strlen(kLink));
        found = true;
    }
    closedir(dir);
    return found;
}

TraceArea::~TraceArea() {
    munmap(slots_, kSlots * sizeof(TraceSlot));
    if (!owns_descriptors_) return;
    close(memory_fd_);
    close(event_fd_);
}

TraceSlot* TraceArea::take() {
    for (size_t n = 0; n < kSlots; n++) {
        TraceSlot& slot = slots_[n];
        TraceState none = TraceState::none;
        if (!slot.state.compare_exchange_strong(none, TraceState::made)) continue;
        slot.asks = slot.connected = slot.changes = 0;
        slot.tid = slot.pid = slot.tracer = slot.tracer_thread = 0;
        slot.options = slot.seized = slot.set_registers = slot.set_blocked = 0;
        slot.message = 0;
        slot.resume = TraceResume::go;
        slot.signal = 0;
        return &slot;
    }
    return nullptr;
}

void TraceArea::tell() const {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t n = write(event_fd_, &one, sizeof one);
}

bool wait_word(const void* word, uint32_t value, int milliseconds) {
    timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    return syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, nullptr, 0) == 0 ||
           errno != ETIMEDOUT;
}

void wake_word(const void* word) {
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool process_is_gone(int pid) {
    auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) return errno == ESRCH;
    pollfd end{fd, POLLIN, 0};
    bool gone = ::poll(&end, 1, 0) > 0;
    close(fd);
    return gone;
}

bool poke(int pid, int tid, Poke what, int own_tid) {
    siginfo_t info{};
    info.si_signo = SIGTRAP;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = static_cast<uid_t>(own_tid);
    info.si_value.sival_ptr = reinterpret_cast<void*>(kPoke | static_cast<uint64_t>(what));
    long result = tid != 0 ? syscall(SYS_rt_tgsigqueueinfo, pid, tid, SIGTRAP, &info)
                           : syscall(SYS_rt_sigqueueinfo, pid, SIGTRAP, &info);
    return result == 0;
}

bool is_poke(const siginfo_t& info, Poke& what) {
    auto value = reinterpret_cast<uint64_t>(info.si_value.sival_ptr);
    if (info.si_signo != SIGTRAP || info.si_code != SI_QUEUE || (value & ~kPokeBits) != kPoke) {
        return false;
    }
    what = static_cast<Poke>(value & kPokeBits);
    return true;
}

}  // namespace pydbt::usermode
