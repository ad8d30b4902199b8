// Random IR functions that use many values at once, for tests of tier 1.
//
// Owns: what is in them and how memory accesses are placed. Must not know: who runs them.
#pragma once

#include <random>
#include <vector>

#include "translator/ir/builder.hpp"

namespace pydbt::testing {

/// Access n of a function is at kBase + n * kPage + a small offset, so that a test makes one fault
/// by taking its page away. Aligned accesses go through kAlignedBase, which holds the same address.
inline constexpr unsigned kBase = 28, kAlignedBase = 27;
inline constexpr size_t kPage = 4096;
inline constexpr unsigned kMostAccesses = 32;
inline constexpr size_t kAccessed = 64;  // bytes of a page that accesses touch

class RandomFunction {
   public:
    RandomFunction(ir::Function& f, uint64_t pc, unsigned seed) : f_(f), b_(f), random_(seed) {
        f.clear();
        f.pc = pc;
        b_.switch_to(b_.new_block());
    }

    /// `insns` guest instructions and an exit.
    void build(unsigned insns) {
        b_.begin_insn(f_.pc);
        for (unsigned n = 0; n < kMostGp; n++) gp_.push_back(b_.get_x(n));
        for (unsigned n = 0; n < kMostVectors; n++) vectors_.push_back(b_.get_v(n));
        flags_.push_back(b_.get_flags());
        while (f_.insns.size() < insns) insn();
        b_.exit_exception(1);
    }

    unsigned accesses() const { return access_; }

   private:
    using Value = ir::Value;
    static constexpr unsigned kMostGp = 14, kMostVectors = 16;

    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    Value any(const std::vector<Value>& pool) {
        return pool[below(static_cast<unsigned>(pool.size()))];
    }
    Value x() { return any(gp_); }
    Value v() { return any(vectors_); }
    Value flags() { return any(flags_); }
    ir::Cond cc() { return static_cast<ir::Cond>(below(14)); }
    static void keep(std::vector<Value>& pool, unsigned most, unsigned at, Value value) {
        if (pool.size() < most) {
            pool.push_back(value);
        } else {
            pool[at % most] = value;
        }
    }

    // The rule of lifts: what may fault comes first, then guest state is set.
    void insn() {
        b_.begin_insn(f_.pc + 4 * f_.insns.size());
        Value loaded = ir::kNone;
        bool vector = false;
        if (access_ < kMostAccesses && below(3) == 0) loaded = access(vector);
        if (loaded != ir::kNone) {
            keep(vector ? vectors_ : gp_, vector ? kMostVectors : kMostGp, below(64), loaded);
        }
        for (unsigned n = below(3); n > 0; n--) compute();
        // Registers 27 and 28 stay what they are.
        if (below(2) == 0) b_.set_x(below(27), below(8) == 0 ? special() : x());
        if (below(3) == 0) b_.set_v(below(32), v());
        if (below(3) == 0) b_.set_flags(below(8) == 0 ? b_.flags_imm(below(16)) : flags());
    }

    Value special() {
        return below(2) == 0 ? b_.i64(uint64_t{random_()} << below(33))
                             : b_.guest_addr(f_.pc + 4 * below(1000));
    }

    Value access(bool& vector) {
        int64_t disp = static_cast<int64_t>(access_++) * static_cast<int64_t>(kPage);
        Value base = b_.get_x(kBase), aligned = b_.get_x(kAlignedBase);
        disp += below(32);
        int64_t disp8 = disp & ~int64_t{7};
        Value place = b_.add(aligned, b_.i64(static_cast<uint64_t>(disp8)));
        int64_t disp16 = disp & ~int64_t{15};
        Value place16 = b_.add(aligned, b_.i64(static_cast<uint64_t>(disp16)));
        switch (below(16)) {
            case 0: return b_.load(ir::Type::i64, base, ir::kNone, 0, disp, 3);
            case 1: return b_.load_s(ir::Type::i64, base, ir::kNone, 0, disp, below(3));
            case 2: b_.store(base, ir::kNone, x(), 0, disp, below(4)); return ir::kNone;
            case 3: b_.store_v(base, ir::kNone, v(), 0, disp, below(5)); return ir::kNone;
            case 4: return b_.load(ir::Type::i64, aligned, ir::kNone, 0, disp8, 3, 0, ir::kAligned);
            case 5:
                b_.store(aligned, ir::kNone, x(), 0, disp8, 3, ir::kRelease, ir::kAligned);
                return ir::kNone;
            case 6: return b_.atomic_add(place, x(), 3, ir::kAcquire | ir::kRelease);
            case 7: return b_.atomic_cas(place, x(), x(), 3, ir::kAcquire);
            case 8: return b_.atomic_smax(place, x(), 3, 0);
            case 9: return b_.load_excl(ir::Type::i64, place, 3, 0);
            case 10: return b_.zext(b_.store_excl(place, x(), 3, 0));
            case 11: return b_.zext(b_.store_excl128(place16, v(), 0));
            case 12: vector = true; return b_.load_excl128(place16, 0);
            case 13: vector = true; return b_.atomic_cas128(place16, v(), v(), 0);
            default: vector = true; return b_.load_v(base, ir::kNone, 0, disp, below(5));
        }
    }

    void compute() {
        switch (below(4)) {
            case 0: keep(flags_, 3, below(3), compare()); break;
            case 1: keep(vectors_, kMostVectors, below(64), vector()); break;
            default: keep(gp_, kMostGp, below(64), integer()); break;
        }
    }

    Value number() { return b_.v_to_f(ir::Type::f64, v()); }
    Value single() { return b_.v_to_f(ir::Type::f32, v()); }
    Value half() { return b_.v_to_f(ir::Type::f16, v()); }
    Value w() { return b_.trunc(x()); }

    Value compare() {
        switch (below(8)) {
            case 0: return b_.add_flags(x(), x());
            case 1: return b_.and_flags(x(), x());
            case 2: return b_.fcmp_flags(number(), number());
            case 3: return b_.adc_flags(x(), x(), flags());
            case 4: return conditional_compare();
            case 5: return b_.flags_from_nzcv(x());
            case 6: return b_.sub_flags(w(), w());
            default: return b_.sub_flags(x(), x());
        }
    }
    Value conditional_compare() {
        Value other = b_.flags_imm(below(16));
        return b_.select_flags(flags(), b_.sub_flags(x(), x()), other, cc());
    }

    Value integer() {
        switch (below(4)) {
            case 0: return arithmetic();
            case 1: return bits();
            case 2: return b_.add(x(), x());
            default: return from_elsewhere();
        }
    }
    Value arithmetic() {
        switch (below(11)) {
            case 0: return b_.sub(x(), x());
            case 1: return b_.mul(x(), x());
            case 2: return b_.mulhu(x(), x());
            case 3: return b_.mulhs(x(), x());
            case 4: return b_.udiv(x(), x());
            case 5: return b_.sdiv(x(), x());
            case 6: return b_.zext(b_.sdiv(w(), w()));
            case 7: return b_.select(flags(), x(), x(), cc());
            case 8: return b_.sbc(x(), x(), flags());
            case 9: return b_.adc(x(), x(), flags());
            default: return b_.zext(b_.add(w(), w()));
        }
    }
    Value bits() {
        int64_t lsb = below(40), width = 1 + below(24);
        switch (below(16)) {
            case 0: return b_.and_(x(), x());
            case 1: return b_.xor_(x(), b_.i64(random_()));
            case 2: return b_.shl(x(), x());
            case 3: return b_.ror(x(), x());
            case 4: return b_.extr(x(), x(), lsb);
            case 5: return b_.ubfx(x(), lsb | width << 8);
            case 6: return b_.sbfx(x(), lsb | width << 8);
            case 7: return b_.bfi(x(), x(), lsb | width << 8);
            case 8: return b_.clz(x());
            case 9: return b_.cls(x());
            case 10: return b_.rbit(x());
            case 11: return b_.zext(b_.crc32c(w(), x(), 3));
            case 12: return b_.orc(x(), x());
            case 13: return b_.andc(x(), x());
            case 14: return b_.zext(b_.ashr(w(), w()));
            default: return b_.sext(w());
        }
    }
    Value from_elsewhere() {
        switch (below(6)) {
            case 0: return b_.vget_u(v(), below(2), 3);
            case 1: return b_.vget_s(v(), below(8), 1);
            case 2: return b_.nzcv_from_flags(flags());
            case 3: return b_.fcvt_s(ir::Type::i64, number(), 3);
            case 4: return b_.bitcast(ir::Type::i64, number());
            default: return b_.zext(b_.fcvt_u(ir::Type::i32, single(), 3));
        }
    }

    Value vector() {
        switch (below(4)) {
            case 0: return lanes();
            case 1: return moved();
            case 2: return b_.f_to_v(below(2) == 0 ? scalar() : narrow_scalar());
            default: return b_.vadd(v(), v(), below(4));
        }
    }
    Value lanes() {
        unsigned size = below(4), small = below(3);
        switch (below(18)) {
            case 0: return b_.vxor(v(), v());
            case 1: return b_.vcmeq(v(), v(), size);
            case 2: return b_.vcmhs(v(), v(), size);
            case 3: return b_.vcmge(v(), v(), size);
            case 4: return b_.vcmtst(v(), v(), size);
            case 5: return b_.vbsl(v(), v(), v());
            case 6: return b_.vnot(v());
            case 7: return b_.vneg(v(), size);
            case 8: return b_.vmull_u(v(), v(), small);
            case 9: return b_.vmul(v(), v(), small);
            case 10: return b_.vushl(v(), v(), size);
            case 11: return b_.vsshr(v(), 1 + below(8), size);
            case 12: return b_.vfadd(v(), v(), 1 + small);
            case 13: return b_.vfcmgt(v(), v(), 1 + small);
            case 14: return b_.vfcvt_s(v(), 3, 1 + small);
            case 15: return b_.vu_cvt_f(v(), 0, 1 + small);
            case 16: return b_.vfcvtn(v(), 1 + below(2));
            default: return b_.vfmla(v(), v(), v(), below(2), 1 + small);
        }
    }
    Value moved() {
        unsigned size = below(4), small = below(3);
        switch (below(14)) {
            case 0: return b_.vzip1(v(), v(), size);
            case 1: return b_.vuzp1(v(), v(), size);
            case 2: return b_.vtrn2(v(), v(), size);
            case 3: return b_.vset_lane(v(), x(), below(2), 3);
            case 4: return b_.vins_lane(v(), v(), below(4), below(4), 2);
            case 5: return b_.vdup(x(), size);
            case 6: return b_.vdup_lane(v(), below(2), 3);
            case 7: return b_.vext(v(), v(), 1 + below(15));
            case 8: return b_.vtbl1(v(), v());
            case 9: return b_.vxtn(v(), small);
            case 10: return b_.vaddp(v(), v(), size);
            case 11: return b_.vumaxv(v(), small);
            case 12: return b_.vmov_imm(random_());
            default: return b_.v_concat(x(), x());
        }
    }
    Value scalar() {
        switch (below(7)) {
            case 0: return b_.fadd(number(), number());
            case 1: return b_.fmul(number(), number());
            case 2: return b_.frint(number(), 0);
            case 3: return b_.fmadd(number(), number(), number(), below(4));
            case 4: return b_.fmin(number(), number());
            case 5: return b_.s_cvt_f(ir::Type::f64, x(), 0);
            default: return b_.fcvt(ir::Type::f64, single());
        }
    }
    Value narrow_scalar() {
        switch (below(8)) {
            case 0: return b_.fdiv(single(), single());
            case 1: return b_.fcvt(ir::Type::f32, number());
            case 2: return b_.u_cvt_f(ir::Type::f32, w(), 0);
            case 3: return b_.fmul(half(), half());
            case 4: return b_.fmadd(half(), half(), half(), below(4));
            case 5: return b_.fmax(half(), half());
            case 6: return b_.fcvt(ir::Type::f16, number());
            default: return b_.fneg(single());
        }
    }

    ir::Function& f_;
    ir::Builder b_;
    std::mt19937 random_;
    std::vector<Value> gp_, vectors_, flags_;
    unsigned access_ = 0;
};

}  // namespace pydbt::testing
