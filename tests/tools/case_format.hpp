// The binary form of a differential test's case and of its result.
//
// Owns: the two records and the guest addresses cases live at (tests/differential/cases.py packs
// and unpacks the same records). Must not know: who runs a case.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pydbt::cases {

inline constexpr uint64_t kCode = 0x4000'0000;
inline constexpr size_t kCodeBytes = size_t{1} << 24;
inline constexpr size_t kSlotBytes = 128;
inline constexpr uint64_t kData = 0x5000'0000;
inline constexpr size_t kPage = 4096;
inline constexpr size_t kWindow = 0x600;  // the bytes of the data page a case gives and gets back
inline constexpr size_t kWindowBytes = 1024;
inline constexpr size_t kMostWords = 16;
/// The keys of pointer authentication, IA, IB, DA, DB and GA, are a case's first registers: x0 is
/// the low half of IA, x1 its high half, and so on.
inline constexpr size_t kPacKeys = 5;
/// BRK #0xfff: what runners put behind a case, so that guests which read code see the same.
inline constexpr uint32_t kEnd = 0xd4200000 | 0xfff << 5;

struct Registers {
    uint64_t x[32];  // x[31] = SP
    uint64_t pc;     // in a result: relative to the case's first instruction
    uint64_t nzcv;   // bits 31:28
    uint64_t fpcr;
    uint64_t fpsr;
    uint8_t v[32][16];
};

struct Case {
    uint32_t words[kMostWords];
    uint64_t count;
    Registers registers;
    uint8_t memory[kWindowBytes];
};

enum class Outcome : uint32_t { end, undefined, memory_fault, alignment_fault, fetch_fault, other };

struct Result {
    Outcome outcome;
    uint32_t detail;   // of `other`: what the engine said
    uint64_t outside;  // 1: memory outside the window changed
    Registers registers;
    uint8_t memory[kWindowBytes];
};

/// Whether the data page is zero outside the window, as it was before the case ran.
inline bool zero_outside(const uint8_t* page) {
    for (size_t i = 0; i < kPage; i++) {
        if (i - kWindow >= kWindowBytes && page[i] != 0) return false;
    }
    return true;
}

}  // namespace pydbt::cases
