// The hand-written pieces of host code that translated code stands on: entry, exits, the probe of
// the indirect-branch table, calls into C++.
//
// Owns: their code and addresses. Must not know: blocks and how misses are resolved (it is given
// the C++ functions to call).
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"
#include "translator/runtime/code_cache.hpp"

namespace pydbt::runtime {

/// One entry of a thread's indirect-branch table: direct-mapped by guest address.
struct ProbeEntry {
    uint64_t guest_pc;  // kNoGuestPc when empty
    uint64_t host_pc;
};
inline constexpr unsigned kProbeBits = 12;
inline constexpr size_t kProbeEntries = size_t{1} << kProbeBits;
inline constexpr uint64_t kNoGuestPc = ~uint64_t{0};
inline constexpr size_t probe_index(uint64_t pc) { return (pc >> 2) & (kProbeEntries - 1); }

/// Resolves a direct exit: `stub` is the host address of the exit's stub. Returns the host address
/// to go on at.
using LinkFunction = const uint8_t* (*)(base::CpuState*, uint64_t stub);
/// Resolves an indirect branch to guest address `target`; `stub` is the miss stub of the inline
/// cache, or 0. Returns the host address to go on at.
using IndirectFunction = const uint8_t* (*)(base::CpuState*, uint64_t target, uint64_t stub);

/// What becomes of an access that the table of base/tlb.hpp does not serve. `next`: 0 it is to be
/// made at the address plus `delta`; 1 likewise, but that is a store's value left for
/// StoreFunction; 2 it has faulted, the guest's state is that before the instruction.
struct TlbAnswer {
    uint64_t delta, next;
};
/// `back` is the host address behind the call, by which the access is known.
using TlbFunction = TlbAnswer (*)(base::CpuState*, uint64_t address, uint64_t what, uint64_t back);

/// C++ that system mode's code calls; null in user mode.
struct TlbFunctions {
    TlbFunction miss = nullptr, store = nullptr;
};

struct Stubs {
    /// Runs translated code at `code` until it leaves; System V calling convention. The guest's
    /// MXCSR is live inside, the host's is restored.
    void (*enter)(base::CpuState* state, const uint8_t* code) = nullptr;
    /// Calls `function(state, argument)` so that leave() may be jumped to from inside it.
    void (*enter_call)(base::CpuState* state, void (*function)(base::CpuState*, void*),
                       void* argument) = nullptr;
    const uint8_t* leave = nullptr;     // expects rbp; returns from enter()
    const uint8_t* ret_miss = nullptr;  // also what lies at the bottom of the return stack
    const uint8_t* indirect = nullptr;
    const uint8_t* link = nullptr;
    const uint8_t* poll = nullptr;
    const uint8_t* helper = nullptr;
    const uint8_t* tlb = nullptr;
    const uint8_t* store = nullptr;
};

/// Emits the stubs at the start of `cache`. False when they do not fit.
bool make_stubs(CodeCache& cache, LinkFunction link, IndirectFunction indirect,
                const TlbFunctions& tlb, Stubs& stubs);

}  // namespace pydbt::runtime
