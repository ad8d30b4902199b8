// Exceptions to EL1 and the return from them (Arm ARM D1).
//
// Owns: PSTATE as SPSR_EL1 has it, vectors, syndromes of what a CPU runs into. Must not know: which
// instruction or interrupt it was.
#include <utility>

#include "sysmode/cpu/vcpu.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/base/flags.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kEl0t = 0, kEl1t = 4, kEl1h = 5, kModeMask = 0x1f;
constexpr uint64_t kSpsrIl = 1 << 20, kSpsrSs = 1 << 21, kSpsrPan = 1 << 22, kSpsrUao = 1 << 23;
constexpr uint64_t kDaifMask = 0xf << 6, kSsbs = 1 << 12, kDit = 1 << 24, kTco = 1 << 25;
constexpr unsigned kBtypeShift = 10, kNzcvShift = 28;
constexpr unsigned kSctlrSpan = 23, kSctlrDssbs = 44;

constexpr uint64_t kFromSp0 = 0, kFromSpx = 0x200, kFromLower = 0x400;

}  // namespace

uint64_t Vcpu::pstate() const {
    const base::CpuState& s = *state_;
    uint64_t value = uint64_t{base::nzcv_from_flags(s.nzcv)} << kNzcvShift;
    value |= s.tco | s.dit | s.ssbs | s.daif | s.btype << kBtypeShift;
    if (uao_) value |= kSpsrUao;
    if (pan_) value |= kSpsrPan;
    if (single_step_) value |= kSpsrSs;
    if (illegal_) value |= kSpsrIl;
    if (is_el0()) return value | kEl0t;
    return value | (sp_el1_ ? kEl1h : kEl1t);
}

// Makes SP_EL0 or SP_EL1 the stack pointer, keeping the other.
void Vcpu::set_stack(bool el0_stack) {
    bool was_el0 = is_el0() || !sp_el1_;
    (was_el0 ? state_->sp_el0 : state_->sp_el1) = state_->sp;
    state_->sp = el0_stack ? state_->sp_el0 : state_->sp_el1;
}

void Vcpu::enter_el1(uint64_t kind) {
    base::CpuState& s = *state_;
    uint64_t from = is_el0() ? kFromLower : sp_el1_ ? kFromSpx : kFromSp0;
    s.spsr_el1 = pstate();
    s.elr_el1 = s.pc;
    set_stack(false);
    s.current_el = 1 << 2;
    sp_el1_ = true;
    s.daif = kDaifMask;
    s.btype = 0;
    illegal_ = single_step_ = uao_ = false;
    if (identity_.pan && !regs_.bit(Reg::SCTLR_EL1, kSctlrSpan)) pan_ = true;
    const a64::Features& features = identity_.features();
    if (features.has(a64::Feature::SSBS)) {
        s.ssbs = regs_.bit(Reg::SCTLR_EL1, kSctlrDssbs) ? kSsbs : 0;
    }
    if (features.has(a64::Feature::MTE)) s.tco = kTco;
    s.pc = regs_[Reg::VBAR_EL1] + from + kind;
    context_stale_ = true;
}

void Vcpu::take(ExceptionClass ec, uint64_t iss, uint64_t return_address) {
    state_->pc = return_address;
    state_->esr_el1 = syndrome(ec, iss);
    enter_el1(0);
}

void Vcpu::take_at(ExceptionClass ec, uint64_t iss, uint64_t address) {
    state_->far_el1 = address;
    take(ec, iss, state_->pc);
}

// Classes come in pairs: from a lower level, and from the same, which is one more.
void Vcpu::take_from_lower(ExceptionClass same_level, uint64_t iss) {
    auto ec = static_cast<uint32_t>(same_level) - (is_el0() ? 1 : 0);
    take(static_cast<ExceptionClass>(ec), iss, state_->pc);
}

void Vcpu::abort(const Fault& fault, uint64_t address, bool is_code, uint64_t iss) {
    state_->far_el1 = address;
    take_from_lower(is_code ? ExceptionClass::instruction_abort : ExceptionClass::data_abort,
                    iss | fault.status());
}

// --- the return

bool Vcpu::is_legal(uint64_t spsr) const {
    uint64_t mode = spsr & kModeMask;
    bool to_el1 = mode == kEl1t || mode == kEl1h;
    return mode == kEl0t || (to_el1 && !is_el0());
}

void Vcpu::set_pstate(uint64_t spsr) {
    base::CpuState& s = *state_;
    const a64::Features& features = identity_.features();
    s.nzcv = base::flags_from_nzcv(static_cast<uint32_t>(spsr >> kNzcvShift & 0xf));
    s.daif = spsr & kDaifMask;
    if (features.has(a64::Feature::BTI)) s.btype = spsr >> kBtypeShift & 3;
    if (features.has(a64::Feature::SSBS)) s.ssbs = spsr & kSsbs;
    if (features.has(a64::Feature::DIT)) s.dit = spsr & kDit;
    if (features.has(a64::Feature::MTE)) s.tco = spsr & kTco;
    pan_ = identity_.pan && (spsr & kSpsrPan) != 0;
    uao_ = identity_.uao && (spsr & kSpsrUao) != 0;
    illegal_ = (spsr & kSpsrIl) != 0;
}

void Vcpu::exception_return(uint64_t target) {
    base::CpuState& s = *state_;
    uint64_t spsr = s.spsr_el1;
    bool legal = is_legal(spsr);
    set_pstate(spsr);
    if (legal) {
        uint64_t mode = spsr & kModeMask;
        set_stack(mode != kEl1h);
        s.current_el = mode == kEl0t ? 0 : 1 << 2;
        sp_el1_ = mode != kEl1t;
    } else {
        illegal_ = true;
    }
    // Steps only where stepping is on at the target.
    single_step_ = (spsr & kSpsrSs) != 0 && legal && steps();
    s.pc = target;
    s.excl_addr = ~uint64_t{0};
    s.excl_size = 0;
    event_ = true;
    context_stale_ = true;
}

}  // namespace pydbt::sysmode
