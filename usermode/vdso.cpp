#include "usermode/vdso.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include <cstring>
#include <iterator>
#include <utility>

#include "usermode/memory/address_space.hpp"
#include "usermode/process.hpp"
#include "usermode/vdso.gen.hpp"

namespace pydbt::usermode {
namespace {

// Linux's data pages stand before the code. Ours ask, so there is nothing in them.
constexpr uint64_t kVvarBytes = 4 * kPageSize;
constexpr uint64_t kNone = ~uint64_t{0};  // no answer: the system call is made

// The clocks that the host's C library reads without a call, through the vDSO of the host; so what
// they say is what the host's programs read, in any namespace.
bool is_quick(uint64_t clock) {
    switch (static_cast<uint32_t>(clock)) {
        case CLOCK_REALTIME:
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
        case CLOCK_TAI: return true;
        default: return false;
    }
}

// False: the kernel's generator is not ready.
bool next_random(RandomBytes& bytes, uint64_t& value) {
    if (bytes.left == 0) {
        ssize_t n = getrandom(bytes.words, sizeof bytes.words, GRND_NONBLOCK);
        if (n != sizeof bytes.words) return false;
        bytes.left = std::size(bytes.words);
    }
    value = std::exchange(bytes.words[--bytes.left], 0);  // what is given out is kept nowhere
    return true;
}

}  // namespace

bool map_vdso(AddressSpace& memory) {
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
    int64_t at = memory.map(0, kVvarBytes + kVdsoBytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
    if (at < 0) return false;
    auto vvar = static_cast<uint64_t>(at), vdso = vvar + kVvarBytes;
    std::memcpy(reinterpret_cast<void*>(vdso), kVdso, sizeof kVdso);
    memory.advise(vvar, kVvarBytes, MADV_DONTDUMP);
    memory.name(vvar, vdso, "[vvar]");
    memory.set_vdso(vdso, vdso + kVdsoBytes);
    return memory.protect(vvar, kVvarBytes, PROT_READ) == 0 &&
           memory.protect(vdso, kVdsoBytes, PROT_READ | PROT_EXEC) == 0;
}

uint64_t answer_vdso(base::CpuState& state, uint32_t question) {
    uint64_t clock = state.x[0], first = 0, second = kNone;
    timespec value;
    switch (static_cast<VdsoQuestion>(question)) {
        case VdsoQuestion::clock_gettime_:
            if (!is_quick(clock) || clock_gettime(static_cast<clockid_t>(clock), &value) != 0)
                break;
            first = static_cast<uint64_t>(value.tv_sec);
            second = static_cast<uint64_t>(value.tv_nsec);
            break;
        case VdsoQuestion::gettimeofday_:
            if (clock_gettime(CLOCK_REALTIME, &value) != 0) break;
            first = static_cast<uint64_t>(value.tv_sec);
            second = static_cast<uint64_t>(value.tv_nsec) / 1000;
            break;
        case VdsoQuestion::clock_getres_:
            if (!is_quick(clock) || clock_getres(static_cast<clockid_t>(clock), &value) != 0) break;
            second = static_cast<uint64_t>(value.tv_nsec);
            break;
        case VdsoQuestion::random_:
            if (next_random(GuestThread::current()->random, first)) second = 0;
            break;
    }
    state.vtmp[0].lo = second;
    return first;
}

}  // namespace pydbt::usermode
