#include "translator/runtime/helpers.hpp"

#include <immintrin.h>
#include <sys/random.h>

#include "translator/base/softfloat.hpp"
#include "translator/base/tags.hpp"
#include "translator/runtime/environment.hpp"

namespace pydbt::runtime {
namespace {

// FPSR: QC, IDC, IXC, UFC, OFC, DZC, IOC.
constexpr uint32_t kFpsrMask = 1u << 27 | 1u << 7 | 0x1f;

constexpr uint32_t kMxcsrFlags = 0x3f;
constexpr unsigned kMxcsrRoundShift = 13;
constexpr uint32_t kMxcsrRoundMask = 3u << kMxcsrRoundShift;

// MXCSR has IE DE ZE OE UE PE in bits 0-5. DE has no counterpart: Arm's IDC tells of inputs that
// were flushed, which native code never does.
uint32_t fpsr_of(uint32_t mxcsr) {
    uint32_t flags = mxcsr & 1;    // IE -> IOC (bit 0)
    flags |= (mxcsr >> 1) & 0x1e;  // ZE OE UE PE -> DZC OFC UFC IXC (bits 1-4)
    return flags;
}

// QC of translated code, which ORs what saturation changed into this V register.
constexpr unsigned kSaturation = 32;
uint32_t saturated(const base::CpuState& state) {
    const base::V128& v = state.v[kSaturation];
    return (v.lo | v.hi) != 0 ? 1u << 27 : 0;
}

// FPCR.RMode: 0 nearest, 1 up, 2 down, 3 zero. MXCSR.RC: 0 nearest, 1 down, 2 up, 3 zero.
uint32_t mxcsr_round(uint32_t mxcsr, uint32_t fpcr) {
    constexpr uint32_t kRound[] = {0, 2, 1, 3};
    return (mxcsr & ~kMxcsrRoundMask) | kRound[fpcr >> 22 & 3] << kMxcsrRoundShift;
}

Environment& environment(base::CpuState* state) {
    return *reinterpret_cast<Environment*>(state->environment);
}

}  // namespace

uint64_t helper_read_sysreg(base::CpuState* state, uint64_t id, uint64_t, uint64_t) {
    bool undefined = false;
    return environment(state).read_sysreg(*state, static_cast<uint32_t>(id), undefined);
}

uint64_t helper_write_sysreg(base::CpuState* state, uint64_t id, uint64_t value, uint64_t) {
    bool undefined = false;
    environment(state).write_sysreg(*state, static_cast<uint32_t>(id), value, undefined);
    return 0;
}

// The kernel's generator is seeded anew by itself and always has a number.
uint64_t helper_random(base::CpuState*, uint64_t, uint64_t, uint64_t) {
    uint64_t number = 0;
    while (getrandom(&number, sizeof number, 0) != sizeof number) {
    }
    return number;
}

uint64_t helper_get_tag(base::CpuState* state, uint64_t address, uint64_t, uint64_t) {
    return environment(state).tag_at(address);
}

uint64_t helper_set_tags(base::CpuState* state, uint64_t address, uint64_t granules,
                         uint64_t tagged) {
    environment(state).set_tags(address, granules, static_cast<uint8_t>(base::tag_of(tagged)));
    return 0;
}

uint64_t helper_get_fpsr(base::CpuState* state, uint64_t, uint64_t, uint64_t) {
    return state->fpsr | saturated(*state) | fpsr_of(_mm_getcsr());
}

uint64_t helper_set_fpsr(base::CpuState* state, uint64_t value, uint64_t, uint64_t) {
    state->fpsr = static_cast<uint32_t>(value) & kFpsrMask;
    _mm_setcsr(_mm_getcsr() & ~kMxcsrFlags);
    return 0;
}

uint64_t helper_get_fpcr(base::CpuState* state, uint64_t, uint64_t, uint64_t) {
    return state->fpcr;
}

uint64_t helper_set_fpcr(base::CpuState* state, uint64_t value, uint64_t, uint64_t) {
    state->fpcr = static_cast<uint32_t>(value) & state->fpcr_mask;
    _mm_setcsr(mxcsr_round(_mm_getcsr(), state->fpcr));
    return 0;
}

uint32_t read_fpsr(const base::CpuState& state) {
    return state.fpsr | saturated(state) | fpsr_of(state.mxcsr);
}

uint32_t fpcr_bits(const a64::Features& features) {
    // AHP, DN, FZ, RMode. No trap can be enabled, so the trap enable bits are RAZ/WI.
    uint32_t bits = 1u << 26 | 1u << 25 | 1u << 24 | 3u << 22;
    if (features.has(a64::Feature::FP16)) bits |= 1u << 19;  // FZ16
    if (features.has(a64::Feature::EBF16)) bits |= base::kFpcrEbf;
    if (features.has(a64::Feature::AFP)) bits |= 7;  // NEP, AH, FIZ
    return bits;
}

void write_fpsr(base::CpuState& state, uint32_t value) {
    state.fpsr = value & kFpsrMask;
    state.v[kSaturation] = {0, 0};
    state.mxcsr &= ~kMxcsrFlags;
}

void write_fpcr(base::CpuState& state, uint32_t value) {
    state.fpcr = value & state.fpcr_mask;
    state.mxcsr = mxcsr_round(state.mxcsr, state.fpcr);
}

}  // namespace pydbt::runtime
