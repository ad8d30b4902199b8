// What the builder folds and forwards. That folding keeps results is tests/property/test_ir.py's.
#include "translator/ir/builder.hpp"

#include "tests/unit/cpp/testing.hpp"
#include "translator/ir/printer.hpp"
#include "translator/ir/verifier.hpp"

namespace {

using namespace pydbt::ir;

struct Built {
    Function f;
    Builder b{f};

    explicit Built(bool mask_addresses = false) {
        f.mask_addresses = mask_addresses;
        b.new_block();
        b.switch_to(0);
        b.begin_insn(0x1000);
    }
    bool is(Value v, Type type, uint64_t value) const {
        return b.is_const(v, value) && b.type_of(v) == type;
    }
    // The number of instructions that constants do not count among.
    size_t size() const {
        size_t n = 0;
        for (const Inst& i : f.insts) n += i.op != Op::const_ && i.op != Op::flags_imm;
        return n;
    }
};

TEST(constants_fold) {
    Built t;
    Builder& b = t.b;
    CHECK(t.is(b.add(b.i64(~uint64_t{0}), b.i64(3)), Type::i64, 2));
    CHECK(t.is(b.add(b.i32(0xffffffff), b.i32(3)), Type::i32, 2));
    CHECK(t.is(b.neg(b.i32(1)), Type::i32, 0xffffffff));
    CHECK(t.is(b.sext(b.i32(0x80000000)), Type::i64, 0xffffffff80000000));
    CHECK(t.is(b.ubfx(b.i64(0xabcdef), 8 | 12 << 8), Type::i64, 0xbcd));
    CHECK(t.is(b.mulhu(b.i64(1ull << 63), b.i64(6)), Type::i64, 3));
    CHECK(t.is(b.udiv(b.i64(7), b.i64(0)), Type::i64, 0));
    CHECK(t.is(b.adc(b.i64(1), b.i64(2), b.flags_imm(0b0010)), Type::i64, 4));
    CHECK_EQ(t.size(), 0u);
}

TEST(constant_i32_values_are_zero_extended) {
    Built t;
    CHECK_EQ(t.b.const_value(t.b.const_(Type::i32, ~uint64_t{0})), 0xffffffffu);
}

TEST(flags_of_constants_fold) {
    Built t;
    Builder& b = t.b;
    Value f = b.sub_flags(b.i64(5), b.i64(5));
    CHECK_EQ(b.inst(f).op, Op::flags_imm);
    CHECK_EQ(b.inst(f).imm, 0b0110);
    CHECK(t.is(b.nzcv_from_flags(f), Type::i64, 0x60000000));
    Value x = b.get_x(1), y = b.get_x(2);
    CHECK_EQ(b.select(f, x, y, Cond::eq), x);
    CHECK_EQ(b.select(f, x, y, Cond::ne), y);
    CHECK_EQ(b.select_flags(f, b.get_flags(), f, Cond::hi), f);
}

TEST(neutral_operands_vanish) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), zero = b.i64(0), ones = b.i64(~uint64_t{0});
    Value w = b.trunc(x), w_ones = b.i32(0xffffffff);
    size_t before = t.size();
    CHECK_EQ(b.add(x, zero), x);
    CHECK_EQ(b.add(zero, x), x);
    CHECK_EQ(b.sub(x, zero), x);
    CHECK_EQ(b.or_(x, zero), x);
    CHECK_EQ(b.xor_(zero, x), x);
    CHECK_EQ(b.and_(x, ones), x);
    CHECK_EQ(b.and_(w, w_ones), w);
    CHECK_EQ(b.and_(x, x), x);
    CHECK_EQ(b.or_(x, x), x);
    CHECK_EQ(b.andc(x, zero), x);
    CHECK_EQ(b.mul(x, b.i64(1)), x);
    CHECK_EQ(b.shl(x, b.i64(64)), x);  // modulo the width
    CHECK_EQ(b.ror(w, b.i32(32)), w);
    CHECK_EQ(b.ubfx(x, 64 << 8), x);
    CHECK_EQ(b.not_(b.not_(x)), x);
    CHECK_EQ(b.select(b.get_flags(), x, x, Cond::lt), x);
    CHECK(t.is(b.and_(x, zero), Type::i64, 0));
    CHECK(t.is(b.mul(x, zero), Type::i64, 0));
    CHECK(t.is(b.sub(x, x), Type::i64, 0));
    CHECK(t.is(b.xor_(w, w), Type::i32, 0));
    CHECK_EQ(t.size(), before + 2);  // one `not`, get_flags
}

TEST(constants_are_second) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), c = b.i64(5);
    CHECK_EQ(b.inst(b.add(c, x)).args[0], x);
    CHECK_EQ(b.inst(b.and_flags(c, x)).args[1], c);
    CHECK_EQ(b.inst(b.sub(c, x)).args[0], c);  // does not commute
}

TEST(sums_with_constants_join) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1);
    Value sum = b.add(b.add(x, b.i64(5)), b.i64(7));
    CHECK_EQ(b.inst(sum).args[0], x);
    CHECK(b.is_const(b.inst(sum).args[1], 12));
    Value address = b.add(b.guest_addr(0x1000), b.i64(0x10));
    CHECK_EQ(b.inst(address).op, Op::guest_addr);
    CHECK_EQ(b.inst(address).imm, 0x1010);
    CHECK_EQ(b.inst(b.sub(b.i64(0), x)).op, Op::neg);
    CHECK_EQ(b.inst(b.orc(b.i64(0), x)).op, Op::not_);
    CHECK_EQ(b.inst(b.clz(b.rbit(x))).op, Op::ctz);
}

TEST(conversions_cancel) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), w = b.trunc(x), v = b.get_v(1);
    CHECK_EQ(b.trunc(b.zext(w)), w);
    CHECK_EQ(b.trunc(b.sext(w)), w);
    CHECK_EQ(b.bitcast(Type::i64, b.bitcast(Type::f64, x)), x);
    Value d = b.v_to_f(Type::f64, v);
    CHECK_EQ(b.v_to_f(Type::f64, b.f_to_v(d)), d);
    CHECK(b.v_to_f(Type::f32, b.f_to_v(d)) != d);
    Value narrow = b.vlow64(v);
    CHECK(narrow != v);
    CHECK_EQ(b.vlow64(narrow), narrow);
    Value low = b.f_to_v(d);
    CHECK_EQ(b.vlow64(low), low);
    Value loaded = b.load_v(x, kNone, 0, 0, 3), whole = b.load_v(x, kNone, 0, 0, 4);
    CHECK_EQ(b.vlow64(loaded), loaded);
    CHECK(b.vlow64(whole) != whole);
    CHECK_EQ(b.inst(b.vxor(v, v)).op, Op::vzero);
}

TEST(state_is_forwarded_within_a_block) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), v = b.get_v(1), flags = b.get_flags();
    CHECK_EQ(b.get_x(1), x);
    CHECK_EQ(b.get_v(1), v);
    CHECK_EQ(b.get_flags(), flags);
    CHECK(b.get_x(2) != x);
    Value sum = b.add(x, b.get_x(2));
    b.set_x(1, sum);
    CHECK_EQ(b.get_x(1), sum);
    Value other = b.vnot(v), compared = b.sub_flags(x, sum);
    b.set_v(1, other);
    b.set_flags(compared);
    CHECK_EQ(b.get_v(1), other);
    CHECK_EQ(b.get_flags(), compared);
    b.set_x(31, x);
    CHECK_EQ(b.get_x(31), x);
}

TEST(another_block_knows_nothing) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), v = b.get_v(2), flags = b.get_flags();
    uint32_t next = b.new_block();
    b.jump(next);
    b.switch_to(next);
    CHECK(b.get_x(1) != x);
    CHECK(b.get_v(2) != v);
    CHECK(b.get_flags() != flags);
    b.exit_direct(0x2000);
    CHECK_EQ(verify(t.f), "");
}

TEST(addresses_take_constants_in) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), i = b.get_x(2);
    const Inst& sum =
        b.inst(b.load(Type::i64, b.add(x, b.i64(100)), i, 3, 8, 3, kAcquire, kAligned));
    CHECK_EQ(sum.args[0], x);
    CHECK_EQ(sum.args[1], i);
    CHECK_EQ(sum.imm, 108);
    CHECK_EQ(sum.scale, 3);
    CHECK_EQ(sum.size, 3);
    CHECK_EQ(sum.order, kAcquire);
    CHECK_EQ(sum.flags, kAligned);
    const Inst& difference = b.inst(b.load(Type::i64, b.sub(x, b.i64(100)), kNone, 0, 8, 3));
    CHECK_EQ(difference.args[0], x);
    CHECK_EQ(difference.imm, -92);
    Value big = b.add(x, b.i64(0x7fffffff));
    const Inst& far = b.inst(b.load(Type::i64, big, kNone, 0, 8, 3));
    CHECK_EQ(far.args[0], big);  // the sum would not fit 32 bits
    CHECK_EQ(far.imm, 8);
    const Inst& huge = b.inst(b.load(Type::i64, x, kNone, 0, int64_t{1} << 40, 3));
    CHECK_EQ(huge.imm, 0);
    CHECK_EQ(b.inst(huge.args[0]).op, Op::add);
}

TEST(tagged_addresses_lose_their_top_byte) {
    Built t(true);
    Builder& b = t.b;
    Value x = b.get_x(1), i = b.get_x(2);
    const Inst load = b.inst(b.load(Type::i64, x, i, 3, 8, 3));
    CHECK_EQ(load.args[1], kNone);
    CHECK_EQ(load.scale, 0);
    CHECK_EQ(load.imm, 0);
    CHECK_EQ(b.inst(load.args[0]).op, Op::sbfx);
    CHECK_EQ(b.inst(load.args[0]).imm, 56 << 8);
    const Inst atomic = b.inst(b.atomic_add(x, i, 3, 0));
    CHECK_EQ(b.inst(atomic.args[0]).op, Op::sbfx);
    Value once = b.untagged(x);
    CHECK_EQ(b.untagged(once), once);
    b.exit_direct(0);
    CHECK_EQ(verify(t.f), "");
}

TEST(uses_are_counted) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1), sum = b.add(x, x);
    CHECK_EQ(b.inst(x).uses, 2);
    b.set_x(2, sum);
    CHECK_EQ(b.inst(sum).uses, 1);
    uint32_t next = b.new_block();
    b.jump(next, {sum, x});
    CHECK_EQ(b.inst(sum).uses, 2);
    CHECK_EQ(b.inst(x).uses, 3);
    CHECK_EQ(t.f.edges.size(), 1u);
    CHECK_EQ(t.f.edges[0].args_count, 2u);
}

TEST(instructions_belong_to_guest_instructions) {
    Built t;
    Builder& b = t.b;
    Value x = b.get_x(1);
    b.begin_insn(0x1004);
    CHECK_EQ(b.insn_pc(), 0x1004u);
    Value y = b.get_x(2);
    CHECK_EQ(t.f.insns[b.inst(x).insn], 0x1000u);
    CHECK_EQ(t.f.insns[b.inst(y).insn], 0x1004u);
}

TEST(branches_have_two_edges) {
    Built t;
    Builder& b = t.b;
    uint32_t taken = b.new_block(), other = b.new_block();
    b.br(Cond::ge, b.get_flags(), taken, other);
    for (uint32_t block : {taken, other}) {
        b.switch_to(block);
        b.exit_direct(block);
    }
    CHECK_EQ(verify(t.f), "");
    const Inst& br = t.f.insts[t.f.blocks[0].last];
    CHECK_EQ(br.cc, Cond::ge);
    CHECK_EQ(t.f.edges[static_cast<size_t>(br.imm)].block, taken);
    CHECK_EQ(t.f.edges[static_cast<size_t>(br.imm) + 1].block, other);
}

}  // namespace
