// The signal frame of AArch64 Linux (arch/arm64/include/uapi/asm/sigcontext.h, ucontext.h).
//
// Owns: its layout. Must not know: when one is made.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "translator/base/state.gen.hpp"
#include "usermode/signals/signals.hpp"

namespace pydbt::usermode {

struct ContextHeader {
    uint32_t magic;
    uint32_t size;
};
inline constexpr uint32_t kFpsimdMagic = 0x46508001, kEsrMagic = 0x45535201;

struct FpsimdContext {
    ContextHeader head;
    uint32_t fpsr;
    uint32_t fpcr;
    uint64_t v[32][2];
};
static_assert(sizeof(FpsimdContext) == 528);

struct EsrContext {
    ContextHeader head;
    uint64_t esr;
};

struct GuestSigcontext {
    uint64_t fault_address;
    uint64_t regs[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t pstate;
    alignas(16) uint8_t reserved[4096];
};

inline constexpr uint64_t kPstateDit = 1 << 24, kPstateSsbs = 1 << 12;
inline constexpr unsigned kPstateBtypeShift = 10;
/// M, F, I, A, D: what is 0 at EL0 in AArch64 state.
inline constexpr uint64_t kPstateNotEl0 = 0x3df, kPstateNzcv = uint64_t{15} << 28;
/// PSTATE as Linux shows it.
uint64_t pstate_of(const base::CpuState& state);
/// si_code of SIGSEGV (include/uapi/asm-generic/siginfo.h).
inline constexpr int kSegvMteAsync = 8, kSegvMteSync = 9;

struct GuestUcontext {
    uint64_t flags;
    uint64_t link;
    GuestStack stack;
    uint64_t sigmask;
    uint8_t unused[120];
    alignas(16) GuestSigcontext mcontext;
};
static_assert(offsetof(GuestUcontext, mcontext) == 176);

struct SignalFrame {
    uint8_t info[128];  // siginfo_t, the same on both
    GuestUcontext uc;
    uint64_t fp, lr;  // the frame record that x29 points to
};
static_assert(sizeof(siginfo_t) == 128);
static_assert(offsetof(SignalFrame, fp) == 4688);

}  // namespace pydbt::usermode
