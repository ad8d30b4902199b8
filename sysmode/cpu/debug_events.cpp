// Software step, breakpoints and watchpoints of self-hosted debug (Arm ARM D2).
//
// Owns: when they are on, what matches. Must not know: how the engine stops.
#include <algorithm>
#include <bit>

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

constexpr Breakpoint kWatchpoints[] = {
    {Reg::DBGWVR0_EL1, Reg::DBGWCR0_EL1},
    {Reg::DBGWVR1_EL1, Reg::DBGWCR1_EL1},
    {Reg::DBGWVR2_EL1, Reg::DBGWCR2_EL1},
    {Reg::DBGWVR3_EL1, Reg::DBGWCR3_EL1},
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
    update_watches();
}

void Vcpu::hit_watchpoint() {
    state_->far_el1 = abort_.address;
    take_from_lower(ExceptionClass::watchpoint, kIssDebug | (abort_.write ? kIssWrite : 0));
}

// --- watchpoints: their pages stay out of the table, so that each access comes by here

void Vcpu::update_watches() {
    std::vector<Watchpoint> wanted;
    bool on = regs_.bit(Reg::MDSCR_EL1, kMdscrMde) && !os_lock_;
    for (const Breakpoint& w : kWatchpoints) {
        uint64_t control = regs_[w.control], address = regs_[w.value];
        if (!on || (control & 1) == 0) continue;
        uint64_t bytes = control >> 5 & 0xff, mask = control >> 24 & 0x1f;
        // Selected bytes are neighbours; MASK instead of them names an aligned range.
        uint64_t last = address;
        if (mask != 0) {
            address &= ~((uint64_t{1} << mask) - 1);
            last = address + (uint64_t{1} << mask) - 1;
        } else if (bytes != 0) {
            address += static_cast<uint64_t>(std::countr_zero(bytes));
            last += 63 - static_cast<uint64_t>(std::countl_zero(bytes));
        } else {
            continue;
        }
        wanted.push_back({address, last, (control & 8) != 0, (control & 16) != 0,
                          (control & 4) != 0, (control & 2) != 0});
    }
    if (wanted == watches_) return;
    watches_ = std::move(wanted);
    tlb_.clear();
}

bool Vcpu::has_watch(uint64_t address) const {
    uint64_t page = base::tlb_page(without_tag(address));
    return std::any_of(watches_.begin(), watches_.end(), [&](const Watchpoint& w) {
        return base::tlb_page(w.first) <= page && page <= w.last;
    });
}

bool Vcpu::hits_watch(const ir::Access& access, bool write) {
    if (watches_.empty() || !debugs()) return false;
    bool el0 = data_purpose(access, write).el0;
    uint64_t first = without_tag(access.address), last = first + access.bytes - 1;
    for (const Watchpoint& w : watches_) {
        bool kind = (access.loads && w.loads) || (access.stores && w.stores);
        if (!kind || !(el0 ? w.el0 : w.el1) || w.first > last || first > w.last) continue;
        abort_ = {{}, std::max(first, w.first), access.stores && w.stores, true};
        state_->exit_reason = static_cast<uint32_t>(runtime::ExitReason::memory_fault);
        return true;
    }
    return false;
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
