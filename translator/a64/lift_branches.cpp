// Branches and exception generation (Arm ARM C4.1.94).
//
// Owns: lifts of the patterns of spec/a64/branches.py. Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"

namespace pydbt::a64 {
namespace {

uint64_t target_of(uint64_t pc, int32_t imm) {
    return pc + static_cast<uint64_t>(int64_t{imm} * 4);
}

}  // namespace

Step Lifter::lift_B(const Args_B& a) { return branch_to(target_of(pc(), a.imm)); }

Step Lifter::lift_BL(const Args_BL& a) {
    uint64_t target = target_of(pc(), a.imm);
    b.set_x(30, b.guest_addr(pc() + 4));
    b.exit_call(static_cast<int64_t>(target), target <= pc() ? ir::kExitPoll : 0);
    return Step::end;
}

Step Lifter::branch_on(uint32_t cond, uint64_t target) {
    auto cc = static_cast<ir::Cond>(cond);
    if (cc >= ir::Cond::al) return branch_to(target);
    return branch_if(cc, b.get_flags(), target);
}
Step Lifter::lift_B_cond(const Args_B_cond& a) { return branch_on(a.cond, target_of(pc(), a.imm)); }

// The same with a hint that the branch goes one way for long (FEAT_HBC).
Step Lifter::lift_BC_cond(const Args_BC_cond& a) {
    return branch_on(a.cond, target_of(pc(), a.imm));
}

Step Lifter::lift_CBZ(const Args_CBZ& a) {
    Value t = r(a.sf, a.rt);
    return branch_if(ir::Cond::eq, b.sub_flags(t, b.const_(type(a.sf), 0)), target_of(pc(), a.imm));
}
Step Lifter::lift_CBNZ(const Args_CBNZ& a) {
    Value t = r(a.sf, a.rt);
    return branch_if(ir::Cond::ne, b.sub_flags(t, b.const_(type(a.sf), 0)), target_of(pc(), a.imm));
}
Step Lifter::lift_TBZ(const Args_TBZ& a) {
    Value bit = b.i64(uint64_t{1} << (a.b5 << 5 | a.b40));
    return branch_if(ir::Cond::eq, b.and_flags(x(a.rt), bit), target_of(pc(), a.imm));
}
Step Lifter::lift_TBNZ(const Args_TBNZ& a) {
    Value bit = b.i64(uint64_t{1} << (a.b5 << 5 | a.b40));
    return branch_if(ir::Cond::ne, b.and_flags(x(a.rt), bit), target_of(pc(), a.imm));
}

// BTypeNext: 1 where anything but a jump table's label may follow, 2 of calls, 3 of other jumps.
Step Lifter::branch_indirect(Value target, unsigned rn) {
    bool says = (f.key & kKeyGuarded) != 0;
    unsigned btype = page_.guarded && rn != 16 && rn != 17 ? 3 : 1;
    b.exit_indirect(target, says ? btype : 0);
    return Step::end;
}
Step Lifter::call_indirect(Value target) {
    b.set_x(30, b.guest_addr(pc() + 4));
    b.exit_call_indirect(target, (f.key & kKeyGuarded) != 0 ? 2 : 0);
    return Step::end;
}
Step Lifter::lift_BR(const Args_BR& a) { return branch_indirect(x(a.rn), a.rn); }
Step Lifter::lift_BLR(const Args_BLR& a) { return call_indirect(x(a.rn)); }
Step Lifter::lift_RET(const Args_RET& a) {
    b.exit_ret(x(a.rn));
    return Step::end;
}

Step Lifter::lift_SVC(const Args_SVC& a) { return exception(ir::Exception::svc, a.imm); }
Step Lifter::lift_BRK(const Args_BRK& a) { return exception(ir::Exception::brk, a.imm); }
Step Lifter::lift_HLT(const Args_HLT& a) { return exception(ir::Exception::hlt, a.imm); }

}  // namespace pydbt::a64
