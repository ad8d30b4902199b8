// Data processing, register (Arm ARM C4.1.95).
//
// Owns: lifts of the patterns of spec/a64/dp_reg.py. Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"

namespace pydbt::a64 {
namespace {

constexpr int64_t field(unsigned lsb, unsigned width) {
    return static_cast<int64_t>(lsb | width << 8);
}

ir::Cond condition(uint32_t cond) { return static_cast<ir::Cond>(cond); }

}  // namespace

// ---- logical

Step Lifter::lift_AND_shift(const Args_AND_shift& a) {
    set_r(a.rd, b.and_(r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm)));
    return Step::next;
}
Step Lifter::lift_BIC_shift(const Args_BIC_shift& a) {
    set_r(a.rd, b.andc(r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm)));
    return Step::next;
}
Step Lifter::lift_ORR_shift(const Args_ORR_shift& a) {
    Value m = shift(r(a.sf, a.rm), a.shift, a.imm);
    set_r(a.rd, a.rn == 31 ? m : b.or_(r(a.sf, a.rn), m));  // MOV
    return Step::next;
}
Step Lifter::lift_ORN_shift(const Args_ORN_shift& a) {
    Value m = shift(r(a.sf, a.rm), a.shift, a.imm);
    set_r(a.rd, a.rn == 31 ? b.not_(m) : b.orc(r(a.sf, a.rn), m));  // MVN
    return Step::next;
}
Step Lifter::lift_EOR_shift(const Args_EOR_shift& a) {
    set_r(a.rd, b.xor_(r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm)));
    return Step::next;
}
Step Lifter::lift_EON_shift(const Args_EON_shift& a) {
    set_r(a.rd, b.not_(b.xor_(r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm))));
    return Step::next;
}
Step Lifter::lift_ANDS_shift(const Args_ANDS_shift& a) {
    Value n = r(a.sf, a.rn), m = shift(r(a.sf, a.rm), a.shift, a.imm);
    Value flags = b.and_flags(n, m);
    if (a.rd != 31) set_r(a.rd, b.and_(n, m));
    b.set_flags(flags);
    return Step::next;
}
Step Lifter::lift_BICS_shift(const Args_BICS_shift& a) {
    Value result = b.andc(r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm));
    logical(true, a.rd, result, false);
    return Step::next;
}

// ---- add and subtract

Step Lifter::lift_ADD_shift(const Args_ADD_shift& a) {
    add_sub(a.sf, false, false, r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm), a.rd, false);
    return Step::next;
}
Step Lifter::lift_ADDS_shift(const Args_ADDS_shift& a) {
    add_sub(a.sf, false, true, r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm), a.rd, false);
    return Step::next;
}
Step Lifter::lift_SUB_shift(const Args_SUB_shift& a) {
    add_sub(a.sf, true, false, r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm), a.rd, false);
    return Step::next;
}
Step Lifter::lift_SUBS_shift(const Args_SUBS_shift& a) {
    add_sub(a.sf, true, true, r(a.sf, a.rn), shift(r(a.sf, a.rm), a.shift, a.imm), a.rd, false);
    return Step::next;
}

Step Lifter::lift_ADD_ext(const Args_ADD_ext& a) {
    add_sub(a.sf, false, false, rsp(a.sf, a.rn), extend(a.sf, a.rm, a.option, a.imm), a.rd, true);
    return Step::next;
}
Step Lifter::lift_ADDS_ext(const Args_ADDS_ext& a) {
    add_sub(a.sf, false, true, rsp(a.sf, a.rn), extend(a.sf, a.rm, a.option, a.imm), a.rd, false);
    return Step::next;
}
Step Lifter::lift_SUB_ext(const Args_SUB_ext& a) {
    add_sub(a.sf, true, false, rsp(a.sf, a.rn), extend(a.sf, a.rm, a.option, a.imm), a.rd, true);
    return Step::next;
}
Step Lifter::lift_SUBS_ext(const Args_SUBS_ext& a) {
    add_sub(a.sf, true, true, rsp(a.sf, a.rn), extend(a.sf, a.rm, a.option, a.imm), a.rd, false);
    return Step::next;
}

Step Lifter::lift_ADC(const Args_ADC& a) {
    set_r(a.rd, b.adc(r(a.sf, a.rn), r(a.sf, a.rm), b.get_flags()));
    return Step::next;
}
Step Lifter::lift_ADCS(const Args_ADCS& a) {
    Value n = r(a.sf, a.rn), m = r(a.sf, a.rm), f = b.get_flags();
    Value flags = b.adc_flags(n, m, f);
    set_r(a.rd, b.adc(n, m, f));
    b.set_flags(flags);
    return Step::next;
}
Step Lifter::lift_SBC(const Args_SBC& a) {
    set_r(a.rd, b.sbc(r(a.sf, a.rn), r(a.sf, a.rm), b.get_flags()));
    return Step::next;
}
Step Lifter::lift_SBCS(const Args_SBCS& a) {
    Value n = r(a.sf, a.rn), m = r(a.sf, a.rm), f = b.get_flags();
    Value flags = b.sbc_flags(n, m, f);
    set_r(a.rd, b.sbc(n, m, f));
    b.set_flags(flags);
    return Step::next;
}

// ---- flags

Step Lifter::lift_RMIF(const Args_RMIF& a) {
    Value rotated = shift(x(a.rn), 3, a.imm);
    Value moved = b.shl(b.and_(rotated, b.i64(a.mask)), b.i64(28));
    Value kept = b.and_(b.nzcv_from_flags(b.get_flags()), b.i64(uint64_t{~a.mask & 15} << 28));
    b.set_flags(b.flags_from_nzcv(b.or_(moved, kept)));
    return Step::next;
}

// SETF8 and SETF16: N and Z of the low part, V where its top bit and the next differ; C stays.
Step Lifter::lift_SETF8(const Args_SETF8& a) {
    Value n = x(a.rn);
    Value flags = b.nzcv_from_flags(b.and_flags(b.sbfx(n, field(0, 8)), b.i64(~uint64_t{0})));
    Value v = b.ubfx(b.xor_(n, b.lshr(n, b.i64(1))), field(7, 1));
    Value c = b.and_(b.nzcv_from_flags(b.get_flags()), b.i64(uint64_t{1} << 29));
    b.set_flags(b.flags_from_nzcv(b.or_(b.or_(flags, b.shl(v, b.i64(28))), c)));
    return Step::next;
}
Step Lifter::lift_SETF16(const Args_SETF16& a) {
    Value n = x(a.rn);
    Value flags = b.nzcv_from_flags(b.and_flags(b.sbfx(n, field(0, 16)), b.i64(~uint64_t{0})));
    Value v = b.ubfx(b.xor_(n, b.lshr(n, b.i64(1))), field(15, 1));
    Value c = b.and_(b.nzcv_from_flags(b.get_flags()), b.i64(uint64_t{1} << 29));
    b.set_flags(b.flags_from_nzcv(b.or_(b.or_(flags, b.shl(v, b.i64(28))), c)));
    return Step::next;
}

// ---- conditional

Step Lifter::lift_CCMN_reg(const Args_CCMN_reg& a) {
    Value flags = b.add_flags(r(a.sf, a.rn), r(a.sf, a.rm));
    b.set_flags(b.select_flags(b.get_flags(), flags, b.flags_imm(a.nzcv), condition(a.cond)));
    return Step::next;
}
Step Lifter::lift_CCMP_reg(const Args_CCMP_reg& a) {
    Value flags = b.sub_flags(r(a.sf, a.rn), r(a.sf, a.rm));
    b.set_flags(b.select_flags(b.get_flags(), flags, b.flags_imm(a.nzcv), condition(a.cond)));
    return Step::next;
}
Step Lifter::lift_CCMN_imm(const Args_CCMN_imm& a) {
    Value flags = b.add_flags(r(a.sf, a.rn), b.const_(type(a.sf), a.imm));
    b.set_flags(b.select_flags(b.get_flags(), flags, b.flags_imm(a.nzcv), condition(a.cond)));
    return Step::next;
}
Step Lifter::lift_CCMP_imm(const Args_CCMP_imm& a) {
    Value flags = b.sub_flags(r(a.sf, a.rn), b.const_(type(a.sf), a.imm));
    b.set_flags(b.select_flags(b.get_flags(), flags, b.flags_imm(a.nzcv), condition(a.cond)));
    return Step::next;
}

Step Lifter::lift_CSEL(const Args_CSEL& a) {
    set_r(a.rd, b.select(b.get_flags(), r(a.sf, a.rn), r(a.sf, a.rm), condition(a.cond)));
    return Step::next;
}
Step Lifter::lift_CSINC(const Args_CSINC& a) {
    Value other = b.add(r(a.sf, a.rm), b.const_(type(a.sf), 1));
    set_r(a.rd, b.select(b.get_flags(), r(a.sf, a.rn), other, condition(a.cond)));
    return Step::next;
}
Step Lifter::lift_CSINV(const Args_CSINV& a) {
    Value other = b.not_(r(a.sf, a.rm));
    set_r(a.rd, b.select(b.get_flags(), r(a.sf, a.rn), other, condition(a.cond)));
    return Step::next;
}
Step Lifter::lift_CSNEG(const Args_CSNEG& a) {
    Value other = b.neg(r(a.sf, a.rm));
    set_r(a.rd, b.select(b.get_flags(), r(a.sf, a.rn), other, condition(a.cond)));
    return Step::next;
}

// ---- multiply and divide

Step Lifter::lift_MADD(const Args_MADD& a) {
    Value product = b.mul(r(a.sf, a.rn), r(a.sf, a.rm));
    set_r(a.rd, a.ra == 31 ? product : b.add(r(a.sf, a.ra), product));
    return Step::next;
}
Step Lifter::lift_MSUB(const Args_MSUB& a) {
    set_r(a.rd, b.sub(r(a.sf, a.ra), b.mul(r(a.sf, a.rn), r(a.sf, a.rm))));
    return Step::next;
}
Step Lifter::lift_SMADDL(const Args_SMADDL& a) {
    Value product = b.mul(b.sext(r(false, a.rn)), b.sext(r(false, a.rm)));
    set_x(a.rd, a.ra == 31 ? product : b.add(x(a.ra), product));
    return Step::next;
}
Step Lifter::lift_SMSUBL(const Args_SMSUBL& a) {
    Value product = b.mul(b.sext(r(false, a.rn)), b.sext(r(false, a.rm)));
    set_x(a.rd, b.sub(x(a.ra), product));
    return Step::next;
}
Step Lifter::lift_UMADDL(const Args_UMADDL& a) {
    Value product = b.mul(b.zext(r(false, a.rn)), b.zext(r(false, a.rm)));
    set_x(a.rd, a.ra == 31 ? product : b.add(x(a.ra), product));
    return Step::next;
}
Step Lifter::lift_UMSUBL(const Args_UMSUBL& a) {
    Value product = b.mul(b.zext(r(false, a.rn)), b.zext(r(false, a.rm)));
    set_x(a.rd, b.sub(x(a.ra), product));
    return Step::next;
}
Step Lifter::lift_SMULH(const Args_SMULH& a) {
    set_x(a.rd, b.mulhs(x(a.rn), x(a.rm)));
    return Step::next;
}
Step Lifter::lift_UMULH(const Args_UMULH& a) {
    set_x(a.rd, b.mulhu(x(a.rn), x(a.rm)));
    return Step::next;
}
Step Lifter::lift_UDIV(const Args_UDIV& a) {
    set_r(a.rd, b.udiv(r(a.sf, a.rn), r(a.sf, a.rm)));
    return Step::next;
}
Step Lifter::lift_SDIV(const Args_SDIV& a) {
    set_r(a.rd, b.sdiv(r(a.sf, a.rn), r(a.sf, a.rm)));
    return Step::next;
}

// ---- shifts, checksums, bit and byte order

Step Lifter::lift_LSLV(const Args_LSLV& a) {
    set_r(a.rd, b.shl(r(a.sf, a.rn), r(a.sf, a.rm)));
    return Step::next;
}
Step Lifter::lift_LSRV(const Args_LSRV& a) {
    set_r(a.rd, b.lshr(r(a.sf, a.rn), r(a.sf, a.rm)));
    return Step::next;
}
Step Lifter::lift_ASRV(const Args_ASRV& a) {
    set_r(a.rd, b.ashr(r(a.sf, a.rn), r(a.sf, a.rm)));
    return Step::next;
}
Step Lifter::lift_RORV(const Args_RORV& a) {
    set_r(a.rd, b.ror(r(a.sf, a.rn), r(a.sf, a.rm)));
    return Step::next;
}
Step Lifter::lift_CRC32(const Args_CRC32& a) {
    set_r(a.rd, b.crc32(r(false, a.rn), r(a.sf, a.rm), a.sz));
    return Step::next;
}
Step Lifter::lift_CRC32C(const Args_CRC32C& a) {
    set_r(a.rd, b.crc32c(r(false, a.rn), r(a.sf, a.rm), a.sz));
    return Step::next;
}
Step Lifter::lift_RBIT(const Args_RBIT& a) {
    set_r(a.rd, b.rbit(r(a.sf, a.rn)));
    return Step::next;
}
Step Lifter::lift_REV16(const Args_REV16& a) {
    set_r(a.rd, b.rev16(r(a.sf, a.rn)));
    return Step::next;
}
Step Lifter::lift_REV_w(const Args_REV_w& a) {
    set_r(a.rd, b.bswap(r(false, a.rn)));
    return Step::next;
}
Step Lifter::lift_REV32(const Args_REV32& a) {
    set_x(a.rd, b.rev32(x(a.rn)));
    return Step::next;
}
Step Lifter::lift_REV_x(const Args_REV_x& a) {
    set_x(a.rd, b.bswap(x(a.rn)));
    return Step::next;
}
Step Lifter::lift_CLZ(const Args_CLZ& a) {
    set_r(a.rd, b.clz(r(a.sf, a.rn)));
    return Step::next;
}
Step Lifter::lift_CLS(const Args_CLS& a) {
    set_r(a.rd, b.cls(r(a.sf, a.rn)));
    return Step::next;
}

// ---- FEAT_CSSC

Step Lifter::lift_CTZ(const Args_CTZ& a) {
    set_r(a.rd, b.ctz(r(a.sf, a.rn)));
    return Step::next;
}
Step Lifter::lift_CNT(const Args_CNT& a) {
    set_r(a.rd, b.popcnt(r(a.sf, a.rn)));
    return Step::next;
}
Step Lifter::lift_ABS(const Args_ABS& a) {
    Value n = r(a.sf, a.rn), zero = b.const_(type(a.sf), 0);
    Value negated = b.neg(n);
    set_r(a.rd, b.select(b.sub_flags(n, zero), negated, n, ir::Cond::lt));
    return Step::next;
}

// The first where cc holds between them, else the second.
void Lifter::min_max(unsigned rd, ir::Cond cc, Value first, Value second) {
    set_r(rd, b.select(b.sub_flags(first, second), first, second, cc));
}
Step Lifter::lift_SMAX_reg(const Args_SMAX_reg& a) {
    min_max(a.rd, ir::Cond::gt, r(a.sf, a.rn), r(a.sf, a.rm));
    return Step::next;
}
Step Lifter::lift_UMAX_reg(const Args_UMAX_reg& a) {
    min_max(a.rd, ir::Cond::hi, r(a.sf, a.rn), r(a.sf, a.rm));
    return Step::next;
}
Step Lifter::lift_SMIN_reg(const Args_SMIN_reg& a) {
    min_max(a.rd, ir::Cond::lt, r(a.sf, a.rn), r(a.sf, a.rm));
    return Step::next;
}
Step Lifter::lift_UMIN_reg(const Args_UMIN_reg& a) {
    min_max(a.rd, ir::Cond::cc, r(a.sf, a.rn), r(a.sf, a.rm));
    return Step::next;
}

}  // namespace pydbt::a64
