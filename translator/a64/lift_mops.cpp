// Memory copies and sets (FEAT_MOPS, Arm ARM C6.2, CPYP to SETM).
//
// Owns: lifts of the patterns of spec/a64/mops.py. Must not know: the host, the encodings.
//
// What the architecture leaves to an implementation: it is option A, so that beginnings and ends of
// the ranges stay in their registers and only the count changes; the prologue moves no data, the
// main part all; copies that do not overlap go upwards. Parameters of option B, and counts of a
// wrong sign, are a Memory Copy and Memory Set exception, which no program sees: Linux puts the
// registers back as a prologue wants them and runs that again (start_over()).
#include <cstddef>

#include "translator/a64/lifter.hpp"
#include "translator/base/tags.hpp"

namespace pydbt::a64 {
namespace {

constexpr uint64_t kMostToCopy = 0x007f'ffff'ffff'ffff;  // CPY*, whose ranges may overlap
constexpr uint64_t kMostToSet = 0x7fff'ffff'ffff'ffff;   // the others
constexpr uint64_t kMostToTag = 0x7fff'ffff'ffff'fff0;
constexpr uint64_t kEachByte = 0x0101'0101'0101'0101;
constexpr uint32_t kSetg = 0x1dc00400;         // what all of SETGP, SETGM and SETGE have
constexpr unsigned kQuad = 4;                  // log2 of a granule's bytes
constexpr int64_t kAddressBits = 0 | 56 << 8;  // ubfx field

}  // namespace

ir::Value Lifter::saturated(unsigned rn, uint64_t most) {
    Value count = x(rn);
    return b.select(b.sub_flags(count, b.i64(most)), b.i64(most), count, ir::Cond::hi);
}

// ---- prologues: from addresses and a size to ends and a negative count

Step Lifter::lift_CPYP(const Args_CPYP& a) {
    Value count = saturated(a.rn, a.any ? kMostToCopy : kMostToSet);
    Value step = count, left = b.neg(count);
    if (a.any) {
        // IsMemCpyForward: downwards if the target begins inside the source.
        Value to = b.ubfx(x(a.rd), kAddressBits), from = b.ubfx(x(a.rs), kAddressBits);
        Value inside = b.sub_flags(b.sub(to, from), count);
        Value same = b.sub_flags(to, from);
        Value zero = b.i64(0);
        step = b.select(same, count, b.select(inside, zero, count, ir::Cond::cc), ir::Cond::eq);
        left = b.sub(count, b.add(step, step));
    }
    set_x(a.rd, b.add(x(a.rd), step));
    set_x(a.rs, b.add(x(a.rs), step));
    set_x(a.rn, left);
    b.set_flags(b.flags_imm(0));
    return Step::next;
}

Step Lifter::lift_SETP(const Args_SETP& a) {
    Value count = saturated(a.rn, kMostToSet);
    set_x(a.rd, b.add(x(a.rd), count));
    set_x(a.rn, b.neg(count));
    b.set_flags(b.flags_imm(0));
    return Step::next;
}

// ---- main parts and epilogues

// As arch/arm64/include/asm/traps.h of Linux does: C says option B, whose registers are those of a
// prologue but of a copy downwards (N), which has the ends.
void Lifter::start_over(unsigned to, int from, unsigned count, bool epilogue) {
    uint64_t prologue = pc() - (epilogue ? 8 : 4);
    uint32_t option_b = b.new_block(), option_a = b.new_block();
    b.br(ir::Cond::cs, b.get_flags(), option_b, option_a);
    b.switch_to(option_b);
    if (from >= 0) {
        Value zero = b.i64(0);
        Value back = b.select(b.get_flags(), x(count), zero, ir::Cond::mi);
        set_x(to, b.sub(x(to), back));
        set_x(static_cast<unsigned>(from), b.sub(x(static_cast<unsigned>(from)), back));
    }
    b.exit_direct(static_cast<int64_t>(prologue), ir::kExitPoll);
    b.switch_to(option_a);
    if (from < 0) {
        Value size = x(count);
        set_x(to, b.add(x(to), size));
        set_x(count, b.neg(size));
    }
    b.exit_direct(static_cast<int64_t>(prologue), ir::kExitPoll);
}

// Goes on in a block where registers are as they should be, or at `next` where nothing is left.
void Lifter::begin_stage(unsigned to, int from, unsigned count, bool downwards, bool epilogue,
                         uint32_t next) {
    uint32_t work = b.new_block();
    if (Value flags = b.get_flags(); b.inst(flags).op == ir::Op::flags_imm) {
        b.jump(work);  // the prologue is in this block
    } else {
        // Nothing is left: nothing is checked.
        uint32_t something = b.new_block(), wrong = b.new_block();
        b.br(ir::Cond::eq, b.sub_flags(x(count), b.i64(0)), next, something);
        b.switch_to(something);
        b.br(ir::Cond::cs, b.get_flags(), wrong, work);
        b.switch_to(wrong);
        start_over(to, from, count, epilogue);
    }
    b.switch_to(work);
    if (downwards) return;
    uint32_t wrong = b.new_block(), upwards = b.new_block();
    b.br(ir::Cond::gt, b.sub_flags(x(count), b.i64(0)), wrong, upwards);
    b.switch_to(wrong);
    start_over(to, from, count, epilogue);
    b.switch_to(upwards);
}

Step Lifter::copy_or_set(unsigned to, int from, unsigned data, unsigned count, bool downwards,
                         bool epilogue) {
    uint32_t next = b.new_block(), again = b.new_block();
    begin_stage(to, from, count, downwards, epilogue, next);
    if ((f.key & (kKeyTags | kKeyUnchecked)) != 0) {
        copy_or_set_step(to, from, data, count, next, again);
    } else {
        Value left = from < 0
                         ? b.fill_bytes(x(to), x(data), x(count), count)
                         : b.copy_bytes(x(to), x(static_cast<unsigned>(from)), x(count), count);
        // Something is left where the thread is to leave, for a signal: then it goes on from there.
        b.br(ir::Cond::ne, b.sub_flags(left, b.i64(0)), again, next);
    }
    return end_stage(next, again);
}

Step Lifter::end_stage(uint32_t next, uint32_t again) {
    b.switch_to(again);
    b.exit_direct(static_cast<int64_t>(pc()), ir::kExitPoll);
    b.switch_to(next);
    b.exit_direct(static_cast<int64_t>(pc() + 4));
    return Step::end;
}

// Where tags are checked each step is an instruction: eight bytes, or one.
void Lifter::copy_or_set_step(unsigned to, int from, unsigned data, unsigned count, uint32_t next,
                              uint32_t again) {
    constexpr unsigned kWord = 3, kByte = 0;
    uint32_t something = b.new_block(), up = b.new_block(), down = b.new_block();
    b.br(ir::Cond::eq, b.sub_flags(x(count), b.i64(0)), next, something);
    b.switch_to(something);
    b.br(ir::Cond::mi, b.sub_flags(x(count), b.i64(0)), up, down);
    auto step = [&](unsigned size, bool upwards) {
        Value left = x(count), bytes = b.i64(uint64_t{1} << size);
        Value after = upwards ? b.add(left, bytes) : b.sub(left, bytes);
        Value at = upwards ? left : after;
        Value value = from < 0 ? b.mul(b.and_(x(data), b.i64(0xff)), b.i64(kEachByte))
                               : b.load(ir::Type::i64, b.add(x(static_cast<unsigned>(from)), at),
                                        ir::kNone, 0, 0, size);
        b.store(b.add(x(to), at), ir::kNone, value, 0, 0, size);
        set_x(count, after);
        b.jump(again);
    };
    for (bool upwards : {true, false}) {
        uint32_t word = b.new_block(), byte = b.new_block();
        b.switch_to(upwards ? up : down);
        Value edge = b.i64(upwards ? ~uint64_t{7} : 8);
        b.br(upwards ? ir::Cond::le : ir::Cond::ge, b.sub_flags(x(count), edge), word, byte);
        b.switch_to(word);
        step(kWord, upwards);
        b.switch_to(byte);
        step(kByte, upwards);
    }
}

Step Lifter::lift_CPYM(const Args_CPYM& a) {
    return copy_or_set(a.rd, static_cast<int>(a.rs), 0, a.rn, a.any, false);
}
Step Lifter::lift_CPYE(const Args_CPYE& a) {
    return copy_or_set(a.rd, static_cast<int>(a.rs), 0, a.rn, a.any, true);
}
Step Lifter::lift_SETM(const Args_SETM& a) {
    return copy_or_set(a.rd, -1, a.rs, a.rn, false, false);
}
Step Lifter::lift_SETE(const Args_SETE& a) {
    return copy_or_set(a.rd, -1, a.rs, a.rn, false, true);
}

// ---- sets of data and tags (with FEAT_MTE): granule by granule, addresses and sizes are multiples

// Goes on in a new block if `both`, of an address and a size, is a multiple of a granule. Else the
// fault is at the address, x(to) and what is left, whichever of them it was.
void Lifter::check_granules(Value both, unsigned to, int left) {
    uint32_t wrong = b.new_block(), right = b.new_block();
    b.br(ir::Cond::ne, b.and_flags(both, b.i64(base::kGranule - 1)), wrong, right);
    b.switch_to(wrong);
    Value address = left < 0 ? x(to) : b.add(x(to), x(static_cast<unsigned>(left)));
    b.set_state(address, offsetof(base::CpuState, fault_address));
    static_cast<void>(exception(ir::Exception::alignment_fault, ir::kCheckStore));
    b.switch_to(right);
}

Step Lifter::lift_SETGP(const Args_SETGP& a) {
    if (!features.has(Feature::MTE)) return undefined(kSetg | a.rs << 16 | a.rn << 5 | a.rd);
    Value size = saturated(a.rn, kMostToTag), nothing = b.i64(0);
    Value both = b.select(b.sub_flags(size, nothing), nothing, b.or_(x(a.rd), size), ir::Cond::eq);
    check_granules(both, a.rd, -1);
    Value count = saturated(a.rn, kMostToTag);
    set_x(a.rd, b.add(x(a.rd), count));
    set_x(a.rn, b.neg(count));
    b.set_flags(b.flags_imm(0));
    b.exit_direct(static_cast<int64_t>(pc() + 4));
    return Step::end;
}

Step Lifter::set_with_tags(unsigned to, unsigned data, unsigned count, bool epilogue) {
    if (!features.has(Feature::MTE)) return undefined(kSetg | data << 16 | count << 5 | to);
    uint32_t next = b.new_block(), again = b.new_block(), something = b.new_block();
    begin_stage(to, -1, count, false, epilogue, next);
    b.uncheck();
    b.br(ir::Cond::eq, b.sub_flags(x(count), b.i64(0)), next, something);
    b.switch_to(something);
    Value both = b.or_(b.add(x(to), x(count)), x(count));
    check_granules(both, to, static_cast<int>(count));
    Value left = x(count), address = b.add(x(to), left), at = b.untagged(address);
    b.store_v(at, ir::kNone, b.vdup(x(data), 0), 0, 0, kQuad);
    set_tags(at, 1, address);
    set_x(count, b.add(left, b.i64(16)));
    b.jump(again);
    return end_stage(next, again);
}
Step Lifter::lift_SETGM(const Args_SETGM& a) { return set_with_tags(a.rd, a.rs, a.rn, false); }
Step Lifter::lift_SETGE(const Args_SETGE& a) { return set_with_tags(a.rd, a.rs, a.rn, true); }

}  // namespace pydbt::a64
