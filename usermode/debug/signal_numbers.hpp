// Signals by Linux's numbers and by GDB's, which are its own (include/gdb/signals.def).
//
// Owns: the two directions. Must not know: what is done with signals.
#pragma once

#include <csignal>
#include <iterator>

namespace pydbt::usermode {

inline constexpr int kGdbUnknownSignal = 143;

/// GDB's numbers of Linux's 1 to 34; those above 34 are in order.
inline constexpr int kGdbSignals[] = {
    0,  1,  2,  3,  4,  5,  6,  10, 8,  9,  30, 11, 31, 13, 14, 15, kGdbUnknownSignal, 20, 19,
    17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12, 77, 45, 46};
inline constexpr int kLastSignal = 64, kGdbLastSignal = 78;

constexpr int gdb_signal(int number) {
    if (number < 0 || number > kLastSignal) return kGdbUnknownSignal;
    if (number < static_cast<int>(std::size(kGdbSignals))) return kGdbSignals[number];
    if (number == kLastSignal) return kGdbLastSignal;
    return number - 33 + kGdbSignals[33];
}

/// 0 for one that Linux has not.
constexpr int linux_signal(int gdb) {
    for (int number = 1; number <= kLastSignal; number++) {
        if (gdb_signal(number) == gdb && gdb != kGdbUnknownSignal) return number;
    }
    return 0;
}
static_assert(gdb_signal(SIGUSR1) == 30 && gdb_signal(SIGSYS) == 12 && gdb_signal(63) == 75);
static_assert(linux_signal(20) == SIGCHLD && linux_signal(78) == 64);

}  // namespace pydbt::usermode
