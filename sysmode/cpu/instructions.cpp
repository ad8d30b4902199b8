// Instructions that translated code leaves to the CPU: EL1's, and those with traps.
//
// Owns: what they do. Must not know: values of system registers, how addresses are translated.
#include "sysmode/cpu/cpus.hpp"
#include "translator/a64/disassembler.hpp"
#include "translator/a64/lifter.hpp"
#include "translator/a64/sysregs.gen.hpp"
#include "translator/base/pauth.hpp"

namespace pydbt::sysmode {
namespace {

constexpr uint32_t kEret = 0xd69f03e0, kEretaa = 0xd69f0bff, kEretab = 0xd69f0fff;
constexpr uint32_t kCallMask = 0xffe0001f, kHvc = 0xd4000002, kSmc = 0xd4000003;
constexpr uint32_t kSystemMask = 0xffc00000, kSystem = 0xd5000000;
constexpr unsigned kSctlrUci = 26, kSctlrUma = 9;
constexpr uint64_t kDaifMask = 0xf << 6;

// SYS operations by op1<<11 | CRn<<7 | CRm<<3 | op2.
constexpr uint32_t sys(uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2) {
    return op1 << 11 | crn << 7 | crm << 3 | op2;
}

}  // namespace

void Vcpu::undefined() { take(ExceptionClass::unknown, 0, state_->pc); }

void Vcpu::execute(uint32_t word) {
    bool fp = (state_->system_key & a64::kKeyFpTrap) != 0 && a64::is_fp_access(word);
    if (fp && a64::disassemble(word, 0, identity_.features()) != "undefined") {
        return take(ExceptionClass::fp_access, kIssAlways, state_->pc);
    }
    if ((word & kCallMask) == kHvc || (word & kCallMask) == kSmc) {
        if (conduit(word)) return;
        return undefined();
    }
    if ((word & kSystemMask) == kSystem) {
        switch (word >> 19 & 3) {
            case 0: return set_pstate_field(word);
            case 1: return system_operation(word);
            default: return move_register(word);
        }
    }
    if (is_el0()) return undefined();
    bool pauth = identity_.features().has(a64::Feature::PAuth);
    if (word == kEret) return exception_return(state_->elr_el1);
    if (pauth && word == kEretaa) return authenticate_and_return(false);
    if (pauth && word == kEretab) return authenticate_and_return(true);
    undefined();
}

// ERETAA, ERETAB: the modifier is SP.
void Vcpu::authenticate_and_return(bool key_b) {
    const a64::Features& features = identity_.features();
    base::PacKey key = key_b ? base::PacKey::ib : base::PacKey::ia;
    uint64_t target = state_->elr_el1;
    if ((state_->pac_off >> static_cast<unsigned>(key) & 1) == 0) {
        target = base::helper_pac_authenticate(state_, target, state_->sp,
                                               a64::pac_request_of(features, key));
        bool faults = features.has(a64::Feature::FPACCOMBINE);
        if (faults && !base::is_canonical(target, false)) {
            return take(ExceptionClass::pointer_authentication, key_b ? 1 : 0, state_->pc);
        }
    }
    exception_return(target);
}

bool Vcpu::conduit(uint32_t word) {
    bool is_smc = (word & kCallMask) == kSmc;
    if (is_el0() || links_.power == nullptr || is_smc != links_.psci_by_smc) return false;
    state_->pc += 4;
    state_->x[0] = psci(state_->x[0]);
    return true;
}

// --- PSTATE -------------------------------------------------------------------------------------

// MSR (immediate): op1 and op2 say which field.
void Vcpu::set_pstate_field(uint32_t word) {
    constexpr uint32_t kMask = 0xfff8f01f, kMsr = 0xd500401f;
    constexpr uint32_t kUao = 3, kPan = 4, kSpSel = 5, kDaifSet = 3 << 3 | 6, kDaifClr = 3 << 3 | 7;
    if ((word & kMask) != kMsr) return undefined();
    uint32_t field = (word >> 16 & 7) << 3 | (word >> 5 & 7);
    uint64_t imm = word >> 8 & 0xf;
    bool daif = field == kDaifSet || field == kDaifClr;
    if (daif && is_el0() && !regs_.bit(Reg::SCTLR_EL1, kSctlrUma)) {
        return take(ExceptionClass::system_register, system_iss(word), state_->pc);
    }
    if (!daif && is_el0()) return undefined();
    switch (field) {
        case kDaifSet: state_->daif |= imm << 6 & kDaifMask; break;
        case kDaifClr: state_->daif &= ~(imm << 6); break;
        case kSpSel:
            set_stack((imm & 1) == 0);
            sp_el1_ = (imm & 1) != 0;
            break;
        case kPan:
            if (!identity_.pan) return undefined();
            pan_ = (imm & 1) != 0;
            break;
        case kUao:
            if (!identity_.uao) return undefined();
            uao_ = (imm & 1) != 0;
            break;
        default: return undefined();
    }
    context_stale_ = true;
    state_->pc += 4;
}

// --- MRS and MSR --------------------------------------------------------------------------------

void Vcpu::move_register(uint32_t word) {
    uint32_t id = word >> 5 & 0xffff;
    unsigned rt = word & 0x1f;
    bool reads = (word >> 21 & 1) != 0;
    constexpr uint32_t kIdSpace = 3u << 14, kIdMask = ~uint32_t{0x3f};
    const RegInfo* row = find_register(id);
    bool id_register = (id & kIdMask) == kIdSpace;
    if (is_el0() && id_register && reads && identity_.ids) {
        return take(ExceptionClass::system_register, system_iss(word), state_->pc);
    }
    if (row == nullptr) {
        bool allocated = id_register && (id & 0x3f) >= 8;
        if (!allocated || is_el0() || !reads) return undefined();
        set_x(rt, identity_.id_register(id & 0x3f));
        state_->pc += 4;
        return;
    }
    uint8_t needs =
        reads ? (is_el0() ? kEl0Reads : kEl1Reads) : (is_el0() ? kEl0Writes : kEl1Writes);
    if ((row->access & needs) == 0 || !identity_.has(*row)) return undefined();
    if (is_el0() && regs_.traps(*row)) {
        return take(ExceptionClass::system_register, system_iss(word), state_->pc);
    }
    uint64_t value = x(rt);
    if (!(reads ? read_register(*row, value) : write_register(*row, value))) return undefined();
    if (reads) set_x(rt, value);
    state_->pc += 4;
}

// --- SYS ----------------------------------------------------------------------------------------

void Vcpu::system_operation(uint32_t word) {
    constexpr uint32_t kCaches = 7, kTlb = 8, kTlbNxs = 9;
    uint32_t id = word >> 5 & 0x3fff, crn = id >> 7 & 0xf, op1 = id >> 11;
    bool reads = (word >> 21 & 1) != 0;
    if (reads || (op1 == 0 && is_el0())) return undefined();
    bool tlbi = crn == kTlb || (crn == kTlbNxs && identity_.nxs_tlbi);
    if (tlbi && op1 == 0) return invalidate_tlb(word, id);
    if (crn == kCaches) return cache_operation(word, id);
    undefined();
}

void Vcpu::cache_operation(uint32_t word, uint32_t id) {
    const a64::Features& features = identity_.features();
    uint32_t op2 = id & 7, crm = id >> 3 & 0xf, op1 = id >> 11;
    uint64_t address = x(word & 0x1f);
    bool at = op1 == 0 && (crm == 8 || (crm == 9 && identity_.pan2 && op2 < 2));
    if (at && op2 < 4) {
        address_translation(id, address);
        state_->pc += 4;
        return;
    }
    // Where it does not trap it is lifted.
    if (id == a64::kDC_ZVA) {
        return take(ExceptionClass::system_register, system_iss(word), state_->pc);
    }
    bool code = false;
    bool by_address = op1 == 3;
    switch (id) {
        case sys(0, 7, 1, 0):  // IC IALLUIS, IALLU
        case sys(0, 7, 5, 0): code = true; break;
        case sys(0, 7, 6, 2):  // DC ISW, CSW, CISW
        case sys(0, 7, 10, 2):
        case sys(0, 7, 14, 2): break;
        case sys(0, 7, 6, 1): by_address = true; break;  // DC IVAC
        case sys(3, 7, 5, 1): code = true; break;        // IC IVAU
        case sys(3, 7, 10, 1):                           // DC CVAC, CVAU, CIVAC
        case sys(3, 7, 11, 1):
        case sys(3, 7, 14, 1): break;
        case sys(3, 7, 12, 1):
            if (!features.has(a64::Feature::DPB)) return undefined();
            break;
        case sys(3, 7, 13, 1):
            if (!features.has(a64::Feature::DPB2)) return undefined();
            break;
        default: return undefined();
    }
    if (!by_address) {
        if (code) cpus_.all_code_changed();
        state_->pc += 4;
        return;
    }
    if (is_el0() && !regs_.bit(Reg::SCTLR_EL1, kSctlrUci)) {
        return take(ExceptionClass::system_register, system_iss(word), state_->pc);
    }
    Purpose purpose;
    purpose.el0 = is_el0();
    purpose.pan = false;
    purpose.write = id == sys(0, 7, 6, 1);
    Translation t;
    if (Fault fault = translate(address, purpose, t)) {
        // Without permission they work for EL1; what is not mapped is a write's abort for all.
        bool allowed = fault.kind == FaultKind::permission && !is_el0() && !purpose.write;
        if (!allowed) return abort(fault, address, false, kIssCache | kIssWrite);
        state_->pc += 4;
        return;
    }
    constexpr uint64_t kLine = 64;
    if (code) cpus_.code_changed(t.pa & ~(kLine - 1), kLine);
    state_->pc += 4;
}

// AT S1E1R, S1E1W, S1E0R, S1E0W, and the two with PSTATE.PAN.
void Vcpu::address_translation(uint32_t id, uint64_t address) {
    constexpr uint64_t kAlwaysOne = 1 << 11, kNonSecure = 1 << 9;
    Purpose purpose;
    purpose.write = (id & 1) != 0;
    purpose.el0 = (id & 2) != 0;
    purpose.pan = (id >> 3 & 0xf) == 9 && pan_;
    purpose.no_update = true;
    Translation t;
    uint64_t par = kAlwaysOne;
    if (Fault fault = walk(regime_, address, purpose, *this, t)) {
        par |= 1 | uint64_t{fault.status()} << 1;
    } else {
        // Device and Normal Non-cacheable are always outer shareable.
        bool outer = t.is_device() || t.attributes == 0x44;
        par |= (outer ? 2u : t.shareability) << 7 | kNonSecure | uint64_t{t.attributes} << 56;
        par |= t.pa & 0xf'ffff'ffff'f000;
    }
    regs_.set(Reg::PAR_EL1, par);
}

// TLBI: CRm says how far it reaches, op2 what it names.
void Vcpu::invalidate_tlb(uint32_t word, uint32_t id) {
    uint32_t op2 = id & 7, crm = id >> 3 & 0xf;
    uint64_t value = x(word & 0x1f);
    bool outer = crm == 1 || crm == 5, inner = crm == 3 || crm == 2;
    bool range = crm == 6 || crm == 2 || crm == 5;
    bool known = crm == 7 || crm == 3 || crm == 6 || crm == 2 || outer;
    if (!known || (outer && !identity_.os_tlbi) || (range && !identity_.range_tlbi)) {
        return undefined();
    }
    Invalidation what;
    what.asid = static_cast<uint16_t>(value >> 48);
    bool asid16 = identity_.mmu().asid16 && (regs_[Reg::TCR_EL1] >> 36 & 1) != 0;
    if (!asid16) what.asid &= 0xff;
    what.every_asid = op2 == 3 || op2 == 7;
    bool by_address = op2 == 1 || op2 == 3 || op2 == 5 || op2 == 7;
    if (range && !by_address) return undefined();
    if (range) {
        constexpr unsigned kGranules[] = {0, 12, 14, 16};
        unsigned granule = kGranules[value >> 46 & 3];
        // A reserved granule names nothing.
        if (granule != 0) {
            unsigned shift = regime_.wide ? 16 : granule;
            uint64_t scale = value >> 44 & 3, number = value >> 39 & 0x1f;
            auto base = static_cast<uint64_t>(static_cast<int64_t>(value << 27) >> 27) << shift;
            uint64_t bytes = (number + 1) << (5 * scale + 1 + granule);
            what.kind = Invalidation::of_pages;
            what.first = base;
            what.last = base + bytes - 1;
            tlb_.invalidate(what);
        }
    } else if (by_address) {
        what.kind = Invalidation::of_pages;
        what.first = without_tag(value << 12);
        // With larger pages low bits of the address are not looked at.
        unsigned granule = regime_.half[what.first >> 55 & 1].granule;
        what.first &= ~((uint64_t{1} << granule) - 1);
        what.last = what.first + (uint64_t{1} << granule) - 1;
        tlb_.invalidate(what);
    } else if (op2 == 0 || op2 == 2) {
        what.kind = op2 == 0 ? Invalidation::everything : Invalidation::of_asid;
        tlb_.invalidate(what);
    } else {
        return undefined();
    }
    if (inner || outer) cpus_.invalidate_others(*this, what);
    context_stale_ = true;
    state_->pc += 4;
}

}  // namespace pydbt::sysmode
