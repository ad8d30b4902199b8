// Software step and breakpoints of self-hosted debug (Arm ARM D2).
//
// Owns: when they are on, what matches. Must not know: how the engine stops.
#include <algorithm>

#include "sysmode/cpu/cpus.hpp"

namespace pydbt::sysmode {
namespace {

constexpr unsigned kMdscrSs = 0, kMdscrKde = 13, kMdscrMde = 15;
constexpr uint64_t kDaifD = 1 << 9;

struct Breakpoint {
    Reg value, control;
};
constexpr Breakpoint kBreakpoints[] = {
    {Reg::DBGBVR0_EL1, Reg::DBGBCR0_EL1}, {Reg::DBGBVR1_EL1, Reg::DBGBCR1_EL1},
    {Reg::DBGBVR2_EL1, Reg::DBGBCR2_EL1}, {Reg::DBGBVR3_EL1, Reg::DBGBCR3_EL1},
    {Reg::DBGBVR4_EL1, Reg::DBGBCR4_EL1}, {Reg::DBGBVR5_EL1, Reg::DBGBCR5_EL1},
};

}  // namespace

// Whether debug exceptions are generated at the present exception level.
bool Vcpu::debugs() const {
    if (os_lock_) return false;
    return is_el0() || (regs_.bit(Reg::MDSCR_EL1, kMdscrKde) && (state_->daif & kDaifD) == 0);
}

bool Vcpu::steps() const { return regs_.bit(Reg::MDSCR_EL1, kMdscrSs) && debugs(); }

// The exception of an instruction that was stepped, or of one that must not be.
bool Vcpu::step_pending() {
    if (!steps()) {
        stepped_ = false;
        return false;
    }
    if (single_step_) {
        stepped_ = true;
        return false;
    }
    uint64_t iss = kIssDebug | (stepped_ ? kIssStepValid : 0);
    stepped_ = false;
    take_from_lower(ExceptionClass::step, iss);
    return true;
}

// Tells the engine of addresses that match a breakpoint of this CPU in any state.
void Vcpu::update_debug() {
    std::vector<uint64_t> wanted;
    bool on = regs_.bit(Reg::MDSCR_EL1, kMdscrMde) && !os_lock_;
    for (const Breakpoint& b : kBreakpoints) {
        uint64_t control = regs_[b.control];
        bool is_address = (control >> 20 & 0xe) == 0;  // BT: unlinked or linked address match
        if (on && (control & 1) != 0 && is_address) wanted.push_back(regs_[b.value]);
    }
    for (uint64_t pc : wanted) cpus_.add_breakpoint(pc);
    for (uint64_t pc : breakpoints_) cpus_.remove_breakpoint(pc);
    breakpoints_ = std::move(wanted);
}

// DBGBCR.PMC and HMC: 1 EL1, 2 EL0, 3 both.
bool Vcpu::matches_breakpoint() const {
    if (!debugs() || !regs_.bit(Reg::MDSCR_EL1, kMdscrMde)) return false;
    for (const Breakpoint& b : kBreakpoints) {
        uint64_t control = regs_[b.control];
        uint64_t levels = control >> 1 & 3;
        bool here = (levels & (is_el0() ? 2 : 1)) != 0;
        if ((control & 1) != 0 && here && regs_[b.value] == state_->pc) return true;
    }
    return false;
}

void Vcpu::hit_breakpoint() {
    if (matches_breakpoint()) return take_from_lower(ExceptionClass::breakpoint, kIssDebug);
    // Another CPU's, or another exception level's.
    update_context();
    inside_.store(true);
    runtime::Exit exit = cpus_.engine().step(*thread_, true);
    inside_.store(false);
    if (exit.reason != runtime::ExitReason::stepped || single_step_) return handle(exit);
}

}  // namespace pydbt::sysmode
