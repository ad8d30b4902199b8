// What MRS and MSR of system registers do.
//
// Owns: registers that compute, and what a write changes besides. Must not know: who may access
// them, encodings.
#include <cstring>

#include "sysmode/cpu/cpus.hpp"
#include "translator/a64/sysregs.gen.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kSpSelBit = 1, kPanBit = 1 << 22, kUaoBit = 1 << 23;
constexpr uint64_t kIsrF = 1 << 6, kIsrI = 1 << 7;
constexpr uint64_t kOsLocked = 1 << 1, kOsLockImplemented = 1 << 3;

}  // namespace

bool Vcpu::read_register(const RegInfo& row, uint64_t& value) {
    switch (row.way) {
        case Way::store: value = regs_[reg_of(row)]; return true;
        case Way::zero: value = 0; return true;
        case Way::state:
            if (reg_of(row) == Reg::SP_EL0 && !sp_el1_) return false;
            std::memcpy(&value, reinterpret_cast<const char*>(state_) + row.offset, sizeof value);
            return true;
        case Way::icc:
            return links_.icc != nullptr && links_.icc->read_register(number_, row.icc, &value);
        case Way::compute: value = compute(reg_of(row)); return true;
    }
    return false;
}

bool Vcpu::write_register(const RegInfo& row, uint64_t value) {
    Reg reg = reg_of(row);
    switch (row.way) {
        case Way::store: regs_.write(reg, value); break;
        case Way::zero: break;
        case Way::state:
            if (reg == Reg::SP_EL0 && !sp_el1_) return false;
            value &= row.mask;
            std::memcpy(reinterpret_cast<char*>(state_) + row.offset, &value, sizeof value);
            break;
        case Way::icc:
            if (links_.icc == nullptr) return false;
            if (!links_.icc->write_register(number_, row.icc, value)) return false;
            break;
        case Way::compute: set_computed(reg, value); break;
    }
    if (row.changes == Changes::translation) update_translation();
    if (row.changes == Changes::features) {
        context_stale_ = true;
        update_debug();
    }
    return true;
}

// Without a timer the counters stand still.
uint64_t Vcpu::compute(Reg reg) {
    GenericTimer* timer = links_.timer;
    constexpr auto kPhysical = TimerKind::physical, kVirtual = TimerKind::virtual_;
    switch (reg) {
        case Reg::MIDR_EL1: return identity_.cpu().model().midr;
        case Reg::MPIDR_EL1: return mpidr();
        case Reg::CTR_EL0: return identity_.cpu().model().ctr;
        case Reg::DCZID_EL0: {
            bool forbidden = is_el0() && !regs_.bit(Reg::SCTLR_EL1, 14);
            constexpr uint64_t kWords = __builtin_ctz(a64::kZvaBytes / 4);
            return kWords | (forbidden ? 1 << 4 : 0);
        }
        case Reg::CCSIDR_EL1: return cache_size();
        // L1 separate, L2 unified; LoUU and LoC say where they meet.
        case Reg::CLIDR_EL1: return 0x0a20'0023;
        case Reg::SPSel: return sp_el1_ ? kSpSelBit : 0;
        case Reg::PAN: return pan_ ? kPanBit : 0;
        case Reg::UAO: return uao_ ? kUaoBit : 0;
        case Reg::ISR_EL1: {
            uint32_t pending = std::atomic_ref<uint32_t>(state_->pending).load();
            return ((pending & kIrq) != 0 ? kIsrI : 0) | ((pending & kFiq) != 0 ? kIsrF : 0);
        }
        case Reg::OSLSR_EL1: return kOsLockImplemented | (os_lock_ ? kOsLocked : 0);
        case Reg::DBGCLAIMSET_EL1: return 0xff;
        case Reg::DBGCLAIMCLR_EL1: return claims_;
        case Reg::CNTFRQ_EL0: return regs_[reg];
        case Reg::CNTKCTL_EL1: return regs_[reg];
        case Reg::CNTPCT_EL0:
        case Reg::CNTPCTSS_EL0: return timer == nullptr ? 0 : timer->count(kPhysical);
        case Reg::CNTVCT_EL0:
        case Reg::CNTVCTSS_EL0: return timer == nullptr ? 0 : timer->count(kVirtual);
        case Reg::CNTP_CTL_EL0: return timer == nullptr ? 0 : timer->ctl(kPhysical);
        case Reg::CNTP_CVAL_EL0: return timer == nullptr ? 0 : timer->cval(kPhysical);
        case Reg::CNTP_TVAL_EL0: return timer == nullptr ? 0 : timer->tval(kPhysical);
        case Reg::CNTV_CTL_EL0: return timer == nullptr ? 0 : timer->ctl(kVirtual);
        case Reg::CNTV_CVAL_EL0: return timer == nullptr ? 0 : timer->cval(kVirtual);
        case Reg::CNTV_TVAL_EL0: return timer == nullptr ? 0 : timer->tval(kVirtual);
        case Reg::PMCR_EL0: return cycles_.control() | identity_.cpu().model().midr >> 24 << 24;
        case Reg::PMCNTENSET_EL0:
        case Reg::PMCNTENCLR_EL0: return cycles_.enabled();
        case Reg::PMOVSSET_EL0:
        case Reg::PMOVSCLR_EL0: return cycles_.overflowed();
        case Reg::PMINTENSET_EL1:
        case Reg::PMINTENCLR_EL1: return cycles_.interrupts();
        case Reg::PMCCNTR_EL0: return cycles_.count();
        case Reg::PMXEVTYPER_EL0:
            return regs_[Reg::PMSELR_EL0] == 31 ? regs_[Reg::PMCCFILTR_EL0] : 0;
        default: {
            const uint64_t* key = key_half(reg);
            return key == nullptr ? 0 : *key;
        }
    }
}

void Vcpu::set_computed(Reg reg, uint64_t value) {
    GenericTimer* timer = links_.timer;
    constexpr auto kPhysical = TimerKind::physical, kVirtual = TimerKind::virtual_;
    bool cycles = (value & CycleCounter::kCycles) != 0;
    switch (reg) {
        case Reg::SPSel:
            set_stack((value & kSpSelBit) == 0);
            sp_el1_ = (value & kSpSelBit) != 0;
            context_stale_ = true;
            break;
        case Reg::PAN:
            pan_ = (value & kPanBit) != 0;
            context_stale_ = true;
            break;
        case Reg::UAO:
            uao_ = (value & kUaoBit) != 0;
            context_stale_ = true;
            break;
        case Reg::OSLAR_EL1:
            os_lock_ = (value & 1) != 0;
            update_debug();
            break;
        case Reg::DBGCLAIMSET_EL1: claims_ |= value & 0xff; break;
        case Reg::DBGCLAIMCLR_EL1: claims_ &= ~value; break;
        case Reg::CNTFRQ_EL0: regs_.set(reg, value & 0xffff'ffff); break;
        case Reg::CNTKCTL_EL1:
            regs_.set(reg, value & 0x3ff);
            if (timer != nullptr) timer->set_cntkctl(value & 0x3ff);
            break;
        case Reg::CNTP_CTL_EL0:
            if (timer != nullptr) timer->set_ctl(kPhysical, value);
            break;
        case Reg::CNTP_CVAL_EL0:
            if (timer != nullptr) timer->set_cval(kPhysical, value);
            break;
        case Reg::CNTP_TVAL_EL0:
            if (timer != nullptr) timer->set_tval(kPhysical, value);
            break;
        case Reg::CNTV_CTL_EL0:
            if (timer != nullptr) timer->set_ctl(kVirtual, value);
            break;
        case Reg::CNTV_CVAL_EL0:
            if (timer != nullptr) timer->set_cval(kVirtual, value);
            break;
        case Reg::CNTV_TVAL_EL0:
            if (timer != nullptr) timer->set_tval(kVirtual, value);
            break;
        case Reg::PMCR_EL0: cycles_.set_control(value); break;
        case Reg::PMCNTENSET_EL0:
            if (cycles) cycles_.set_enabled(true);
            break;
        case Reg::PMCNTENCLR_EL0:
            if (cycles) cycles_.set_enabled(false);
            break;
        case Reg::PMOVSSET_EL0:
            if (cycles) cycles_.set_overflowed(true);
            break;
        case Reg::PMOVSCLR_EL0:
            if (cycles) cycles_.set_overflowed(false);
            break;
        case Reg::PMINTENSET_EL1:
            if (cycles) cycles_.set_interrupts(true);
            break;
        case Reg::PMINTENCLR_EL1:
            if (cycles) cycles_.set_interrupts(false);
            break;
        case Reg::PMCCNTR_EL0: cycles_.set_count(value); break;
        case Reg::PMXEVTYPER_EL0:
            if (regs_[Reg::PMSELR_EL0] == 31) regs_.write(Reg::PMCCFILTR_EL0, value);
            break;
        default:
            if (uint64_t* key = key_half(reg)) *key = value;
            break;
    }
}

// APIAKeyLo_EL1 and its like: halves of CpuState::pac_keys, in the order of their encodings.
uint64_t* Vcpu::key_half(Reg reg) {
    constexpr auto first = static_cast<unsigned>(Reg::APIAKeyLo_EL1);
    constexpr auto last = static_cast<unsigned>(Reg::APGAKeyHi_EL1);
    auto n = static_cast<unsigned>(reg);
    if (n < first || n > last) return nullptr;
    base::V128& key = state_->pac_keys[(n - first) / 2];
    return (n - first) % 2 == 0 ? &key.lo : &key.hi;
}

// Cortex-A57's (TRM 4.3.22): L1 data 32 KiB, 2 ways; instructions 48 KiB, 3 ways; L2 2 MiB, 16.
uint64_t Vcpu::cache_size() const {
    switch (regs_[Reg::CSSELR_EL1]) {
        case 0: return 0x701f'e00a;
        case 1: return 0x201f'e012;
        case 2: return 0x70ff'e07a;
        default: return 0;
    }
}

}  // namespace pydbt::sysmode
