// System instructions, hints, barriers, system registers (Arm ARM C4.1.94, C5).
//
// Owns: lifts of the patterns of spec/a64/system.py. Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"
#include "translator/a64/sysregs.gen.hpp"
#include "translator/base/tags.hpp"

namespace pydbt::a64 {
namespace {

// The ID space (op0 3, op1 0, CRn 0) as far as EL0 can read it: CRm 2-7, and of CRm 0 the three
// registers that there are.
bool is_id_register(uint32_t id) {
    if ((id & ~uint32_t{0x3f}) != 3u << 14) return false;
    constexpr uint32_t kMidr = 0, kMpidr = 5, kRevidr = 6;
    uint32_t number = id & 0x3f;
    return number >> 3 >= 2 || number == kMidr || number == kMpidr || number == kRevidr;
}

const SysRegInfo* find(uint32_t id, const Features& features) {
    for (const SysRegInfo& r : kSysRegs) {
        if (r.id != id) continue;
        bool there = r.feature < 0 || features.has(static_cast<Feature>(r.feature));
        return there ? &r : nullptr;
    }
    return nullptr;
}

template <class Args>
uint32_t register_id(const Args& a) {
    return (2 | a.o0) << 14 | a.op1 << 11 | a.crn << 7 | a.crm << 3 | a.op2;
}

constexpr uint32_t kWfe = 2, kWfi = 3, kSev = 4, kSevl = 5;  // hints
constexpr auto kRandom = static_cast<int64_t>(base::HelperId::random);

constexpr uint64_t kC = uint64_t{1} << 29;

}  // namespace

// Hints are NOPs but WFE and WFI, which tell the caller of run() that the guest waits, and those of
// pointer authentication, and in the environment's own code its questions. BTI is looked at where a
// branch arrives.
Step Lifter::lift_HINT(const Args_HINT& a) {
    uint32_t number = a.crm << 3 | a.op2;
    if (number == kWfe || number == kWfi) return exception(ir::Exception::wait, number);
    bool sends = number == kSev || number == kSevl;
    if (sends && is_system()) return exception(ir::Exception::wait, number);
    if (page_.own && number >= kOwnHints && number < kOwnHints + 8) {
        ask_environment(number - kOwnHints);
        return Step::next;
    }
    if (features.has(Feature::PAuth)) pauth_hint(number);
    return Step::next;
}

// X0 is where the environment sees it; the second word of its answer is in CpuState::vtmp.
void Lifter::ask_environment(uint32_t question) {
    set_x(16, b.read_sysreg(kOwnAnswers + question));
    set_x(17, b.get_state(ir::Type::i64, offsetof(base::CpuState, vtmp)));
}

// A wait may end at any time; the deadline need not be looked at.
Step Lifter::lift_WFET(const Args_WFET&) { return exception(ir::Exception::wait, kWfe); }
Step Lifter::lift_WFIT(const Args_WFIT&) { return exception(ir::Exception::wait, kWfi); }

// Fields of PSTATE that EL0 may set: bit 0 of the immediate. They change no result here.
Step Lifter::set_pstate(uint32_t id, uint32_t imm) {
    const SysRegInfo& reg = *find(id, features);
    b.set_state(b.i64((imm & 1) != 0 ? reg.mask : 0), static_cast<int64_t>(reg.offset));
    return Step::next;
}
Step Lifter::lift_MSR_SSBS(const Args_MSR_SSBS& a) { return set_pstate(kSSBS, a.imm); }
Step Lifter::lift_MSR_DIT(const Args_MSR_DIT& a) { return set_pstate(kDIT, a.imm); }
Step Lifter::lift_MSR_TCO(const Args_MSR_TCO& a) { return set_pstate(kTCO, a.imm); }

Step Lifter::lift_CLREX(const Args_CLREX&) {
    b.clear_excl();
    return Step::next;
}

// CRm bits 1:0: 1 loads, 2 stores, 3 all; 0 is SSBB, PSSBB or reserved, which waits for all.
Step Lifter::lift_DSB(const Args_DSB&) {
    b.fence(0);
    return Step::next;
}
// It need not wait for accesses with the XS attribute, and may.
Step Lifter::lift_DSB_nXS(const Args_DSB_nXS&) {
    b.fence(0);
    return Step::next;
}
Step Lifter::lift_DMB(const Args_DMB& a) {
    unsigned kind = a.crm & 3;
    b.fence(kind == 3 ? 0 : kind);
    return Step::next;
}

// Instructions fetched before must not be run: the next block is looked up anew.
Step Lifter::lift_ISB(const Args_ISB&) { return leave_context(); }
Step Lifter::lift_SB(const Args_SB&) { return Step::next; }

Step Lifter::lift_CFINV(const Args_CFINV&) {
    b.set_flags(b.flags_from_nzcv(b.xor_(b.nzcv_from_flags(b.get_flags()), b.i64(kC))));
    return Step::next;
}

// Between Arm's floating-point flags and the other convention (Arm ARM C6.2.458, C6.2.24).
Step Lifter::lift_XAFLAG(const Args_XAFLAG&) {
    Value f = b.get_flags();
    auto flag = [&](ir::Cond cc) { return b.select(f, b.i64(1), b.i64(0), cc); };
    Value c = flag(ir::Cond::cs), z = flag(ir::Cond::eq);
    Value not_c = b.xor_(c, b.i64(1));
    Value not_z = b.xor_(z, b.i64(1));
    Value n = b.and_(not_c, not_z);
    Value nzcv = b.or_(b.or_(b.shl(n, b.i64(31)), b.shl(b.and_(z, c), b.i64(30))),
                       b.or_(b.shl(b.or_(c, z), b.i64(29)), b.shl(b.and_(not_c, z), b.i64(28))));
    b.set_flags(b.flags_from_nzcv(nzcv));
    return Step::next;
}
Step Lifter::lift_AXFLAG(const Args_AXFLAG&) {
    Value f = b.get_flags();
    auto flag = [&](ir::Cond cc) { return b.select(f, b.i64(1), b.i64(0), cc); };
    Value z = b.or_(flag(ir::Cond::eq), flag(ir::Cond::vs));
    Value c = b.and_(flag(ir::Cond::cs), flag(ir::Cond::vc));
    b.set_flags(b.flags_from_nzcv(b.or_(b.shl(z, b.i64(30)), b.shl(c, b.i64(29)))));
    return Step::next;
}

void Lifter::zero_block(Value at) {
    Value zero = b.vzero();
    for (unsigned n = 0; n < kZvaBytes; n += 16) b.store_v(at, ir::kNone, zero, 0, n, 4);
}

// Maintenance of caches by address reads nothing, but faults where a load would; tags do not count.
void Lifter::must_be_there(Value address) {
    b.uncheck();
    static_cast<void>(b.load(ir::Type::i64, b.untagged(address), ir::kNone, 0, 0, 0));
}

Step Lifter::lift_SYS(const Args_SYS& a) {
    uint32_t id = a.op1 << 11 | a.crn << 7 | a.crm << 3 | a.op2;
    bool lifted = id == kDC_ZVA && (f.key & kKeyZva) != 0;
    if (is_system() && !lifted) return privileged(0xd5080000 | id << 5 | a.rt);
    for (const SysOpInfo& op : kSysOps) {
        if (op.id != id) continue;
        if (op.feature >= 0 && !features.has(static_cast<Feature>(op.feature))) break;
        switch (op.way) {
            case SysOpWay::clean: must_be_there(x(a.rt)); return Step::next;
            case SysOpWay::zero:
                zero_block(b.and_(x(a.rt), b.i64(~uint64_t{kZvaBytes - 1})));
                return Step::next;
            case SysOpWay::tag:
            case SysOpWay::zero_tag: {
                Value at = b.untagged(b.and_(x(a.rt), b.i64(~uint64_t{kZvaBytes - 1})));
                b.uncheck();
                if (op.way == SysOpWay::zero_tag) {
                    zero_block(at);
                } else {
                    static_cast<void>(b.atomic_add(at, b.i64(0), 0, 0));  // writable?
                }
                set_tags(at, kZvaBytes / base::kGranule, x(a.rt));
                return Step::next;
            }
            case SysOpWay::invalidate:
                must_be_there(x(a.rt));
                b.write_sysreg(x(a.rt), static_cast<int64_t>(1u << 14 | id));
                return leave_context();
        }
    }
    return undefined(0xd5080000 | id << 5 | a.rt);
}

Step Lifter::lift_MRS(const Args_MRS& a) {
    uint32_t id = register_id(a);
    const SysRegInfo* reg = find(id, features);
    if (is_system() && (reg == nullptr || reg->way == SysRegWay::environment)) {
        uint32_t word = 0xd5300000 | (id & 0x7fff) << 5 | a.rt;
        return move_system_register(id, a.rt, true) ? Step::next : privileged(word);
    }
    if (reg == nullptr) {
        if (!is_id_register(id)) return undefined(0xd5300000 | (id & 0x7fff) << 5 | a.rt);
        set_x(a.rt, b.read_sysreg(id));
        return Step::next;
    }
    switch (reg->way) {
        case SysRegWay::state:
            set_x(a.rt, b.get_state(ir::Type::i64, static_cast<int64_t>(reg->offset)));
            break;
        case SysRegWay::nzcv: set_x(a.rt, b.nzcv_from_flags(b.get_flags())); break;
        case SysRegWay::fpcr: set_x(a.rt, b.get_fpcr()); break;
        case SysRegWay::fpsr: set_x(a.rt, b.get_fpsr()); break;
        case SysRegWay::environment: set_x(a.rt, b.read_sysreg(id)); break;
        case SysRegWay::random:
            // There always is one: NZCV says so.
            set_x(a.rt, b.call_helper(ir::kNone, ir::kNone, ir::kNone, kRandom));
            b.set_flags(b.flags_imm(0));
            break;
    }
    return Step::next;
}

Step Lifter::lift_MSR(const Args_MSR& a) {
    uint32_t id = register_id(a);
    const SysRegInfo* reg = find(id, features);
    uint32_t word = 0xd5100000 | (id & 0x7fff) << 5 | a.rt;
    if (is_system() && id == kDAIF && (f.key & kKeyEl1) != 0) return move_daif(x(a.rt), word);
    if (is_system() && (reg == nullptr || reg->way == SysRegWay::environment || !reg->writable)) {
        return move_system_register(id, a.rt, false) ? Step::next : privileged(word);
    }
    if (reg == nullptr || !reg->writable) return undefined(word);
    Value v = x(a.rt);
    switch (reg->way) {
        case SysRegWay::state:
            if (reg->mask != ~uint64_t{0}) v = b.and_(v, b.i64(reg->mask));
            b.set_state(v, static_cast<int64_t>(reg->offset));
            break;
        case SysRegWay::nzcv: b.set_flags(b.flags_from_nzcv(v)); break;
        case SysRegWay::fpcr: b.set_fpcr(v); return leave_context();
        case SysRegWay::fpsr:
            b.set_fpsr(v);
            b.set_v(simd::kSaturation, b.vzero());
            break;
        case SysRegWay::environment: b.write_sysreg(v, id); break;
        case SysRegWay::random: break;  // not writable
    }
    return Step::next;
}

// AArch64.BTypeCompatible, with SCTLR_EL1.BT0 as Linux sets it.
bool is_landing_pad(uint32_t word, uint64_t btype, const Features& features) {
    constexpr uint32_t kHint = 0xd503201f, kException = 0xd4000000;
    constexpr uint32_t kPaciasp = 25, kPacibsp = 27, kBtiC = 34, kBtiJ = 36, kBtiJc = 38;
    if ((word & 0xffe0001f) == (kException | 1u << 21)) return true;  // BRK, HLT
    if ((word & 0xffe0001f) == (kException | 2u << 21)) return true;
    if ((word & 0xfffff01f) != kHint) return false;
    switch (word >> 5 & 0x7f) {
        case kPaciasp:
        case kPacibsp: return btype != 3 && features.has(Feature::PAuth);
        case kBtiC: return btype != 3;
        case kBtiJ: return btype != 2;
        case kBtiJc: return true;
        default: return false;
    }
}

}  // namespace pydbt::a64
