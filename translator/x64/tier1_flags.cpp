// NZCV in EFLAGS: keeping it there, writing it down, testing it.
//
// Owns: the flags word, conditions, compares. Must not know: other instructions.
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

bool Compiler::flags_live() const {
    return eflags_ != kNone && alive(locs_[eflags_]);
}

// EFLAGS as the flags word in rax. They stay valid; CF becomes Arm's C but after an FP compare.
void Compiler::flags_word_to_rax() {
    if (eflags_mode_ == FlagsMode::fcmp) {
        // Four outcomes: greater 0x100 (C), less 0x8000 (N), equal 0x4100 (Z C), unordered 0x101.
        a_.mov(Size::b32, Gp::rax, 0x100);
        a_.mov(Size::b32, Gp::rcx, 0x8000);
        a_.cmovcc(Size::b32, Cond::b, Gp::rax, Gp::rcx);
        a_.mov(Size::b32, Gp::rcx, 0x4100);
        a_.cmovcc(Size::b32, Cond::e, Gp::rax, Gp::rcx);
        a_.mov(Size::b32, Gp::rcx, 0x101);
        a_.cmovcc(Size::b32, Cond::p, Gp::rax, Gp::rcx);
        return;
    }
    if (eflags_mode_ == FlagsMode::sub) {
        a_.cmc();
        eflags_mode_ = FlagsMode::add;
    }
    a_.lahf();
    a_.setcc(Cond::o, Gp::rax);
}

void Compiler::save_flags(unsigned consumed) {
    if (eflags_ == kNone) return;
    Loc& l = locs_[eflags_];
    if (!unwritten(l)) return;
    bool needed = l.uses > consumed;
    if (l.bound != 0) {
        Value root = eflags_;
        commit(kGuestFlags);
        if (eflags_ == kNone) eflags_ = root;  // commit() forgets what is dead
        return;
    }
    if (!needed || l.held) return;
    Gp r = alloc_gp();
    flags_word_to_rax();
    a_.mov(Size::b32, r, Gp::rax);
    l.reg = static_cast<uint8_t>(r);
    gp_[l.reg] = eflags_;
}

void Compiler::clobber_flags() {
    save_flags(0);
    eflags_ = kNone;
}

void Compiler::define_flags(Value v, FlagsMode mode) {
    eflags_ = v;
    eflags_mode_ = mode;
    drop_if_dead(v);
}

void Compiler::want_eflags(Value v) {
    Value root = locs_[v].root;
    if (eflags_ == root) return;
    clobber_flags();
    if (locs_[root].held && unwritten(locs_[root])) return compare_again(root);
    load_gp(Gp::rax, v);
    // al is V: 0 or 1. Adding 127 overflows when it is 1.
    a_.add(Size::b8, Gp::rax, 0x7f);
    a_.sahf();
    eflags_ = root;
    eflags_mode_ = FlagsMode::add;
}

Gp Compiler::use_flags_word(Value v) {
    Loc& l = loc(v);
    if (unwritten(l)) {
        want_eflags(v);
        Gp r = alloc_gp();
        flags_word_to_rax();
        a_.mov(Size::b32, r, Gp::rax);
        l.reg = static_cast<uint8_t>(r);
        gp_[l.reg] = l.root;
    }
    return use(v);
}

void Compiler::carry_to_cf(Value flags, bool inverted) {
    want_eflags(flags);
    if (eflags_mode_ == FlagsMode::fcmp) {
        clobber_flags_to_word(flags);
        want_eflags(flags);
    }
    if ((eflags_mode_ == FlagsMode::sub) == inverted) return;
    a_.cmc();
    eflags_mode_ = inverted ? FlagsMode::sub : FlagsMode::add;
}

void Compiler::clobber_flags_to_word(Value flags) {
    use_flags_word(flags);
    eflags_ = kNone;
}

// ---- conditions

// For the value EFLAGS hold; may turn CF round.
Test Compiler::test_of(ir::Cond cc) {
    using C = ir::Cond;
    if (eflags_mode_ == FlagsMode::fcmp) {
        switch (cc) {
            case C::eq: return {Cond::e, true, false};
            case C::ne: return {Cond::e, true, true};
            case C::cs: return {Cond::b, true, true};
            case C::cc: return {Cond::b, true, false};
            case C::mi: return {Cond::b, true, false};
            case C::pl: return {Cond::b, true, true};
            case C::vs: return {Cond::p};
            case C::vc: return {Cond::np};
            case C::hi: return {Cond::be, true, true};
            case C::ls: return {Cond::be, true, false};
            case C::ge: return {Cond::ae};
            case C::lt: return {Cond::b};
            case C::gt: return {Cond::a};
            default: return {Cond::be};
        }
    }
    if ((cc == C::hi || cc == C::ls) && eflags_mode_ == FlagsMode::add) {
        a_.cmc();
        eflags_mode_ = FlagsMode::sub;
    }
    bool sub = eflags_mode_ == FlagsMode::sub;
    switch (cc) {
        case C::eq: return {Cond::e};
        case C::ne: return {Cond::ne};
        case C::cs: return {sub ? Cond::ae : Cond::b};
        case C::cc: return {sub ? Cond::b : Cond::ae};
        case C::mi: return {Cond::s};
        case C::pl: return {Cond::ns};
        case C::vs: return {Cond::o};
        case C::vc: return {Cond::no};
        case C::hi: return {Cond::a};
        case C::ls: return {Cond::be};
        case C::ge: return {Cond::ge};
        case C::lt: return {Cond::l};
        case C::gt: return {Cond::g};
        default: return {Cond::le};
    }
}

Test Compiler::condition(Value flags, ir::Cond cc) {
    using C = ir::Cond;
    const Loc& l = loc(flags);
    // What EFLAGS hold may have to go where `flags` is now, so that goes first.
    if (eflags_ != l.root) clobber_flags();
    // One flag of a word in memory is tested there.
    if (eflags_ != l.root && cc < C::hi && in_memory(flags)) {
        auto byte = static_cast<uint8_t>(static_cast<unsigned>(cc) >> 1);
        constexpr uint8_t kHigh[] = {0x40, 0x01, 0x80};  // Z, C, N in the word's second byte
        Mem m = memory_of(l);
        bool v = byte == 3;
        if (!v) m.disp++;
        a_.test(Size::b8, m, v ? 1 : static_cast<int8_t>(kHigh[byte]));
        bool set = (static_cast<unsigned>(cc) & 1) == 0;
        return {set ? Cond::ne : Cond::e};
    }
    want_eflags(flags);
    return test_of(cc);
}

void Compiler::jump_unless(const Test& t, Label& target) {
    if (!t.ordered) {
        a_.jcc(t.negated ? t.cc : invert(t.cc), target);
    } else if (!t.negated) {
        a_.jcc(Cond::p, target);
        a_.jcc(invert(t.cc), target);
    } else {
        Label holds;
        a_.jcc_short(Cond::p, holds);
        a_.jcc(t.cc, target);
        a_.bind(holds);
    }
}

// ---- arithmetic that sets flags

// The flags op on the same operands that directly follows, if it does.
const Inst* Compiler::flags_partner(const Inst& i, Op wanted) const {
    const Inst* n = next(i);
    if (n == nullptr || n->op != wanted) return nullptr;
    for (unsigned k = 0; k < 3; k++) {
        if (n->args[k] != i.args[k]) return nullptr;
    }
    return n;
}

void Compiler::arithmetic(const Inst& i, bool is_sub) {
    Size size = size_of(i.type);
    const Inst* partner = flags_partner(i, is_sub ? Op::sub_flags : Op::add_flags);
    Value a = i.args[0], b = i.args[1];
    uint64_t unused;
    if (!is_sub && constant(a, unused)) std::swap(a, b);
    if (partner == nullptr) return plain_arithmetic(i, a, b, is_sub);
    // Two instructions share the operands: their uses count twice.
    Operand s = operand_shared(b);
    Gp d;
    Loc& l = loc(a);
    unsigned here = a == b ? 4 : 2;
    if (l.reg != kNo && l.bound == 0 && l.uses == here && a != b) {
        d = gp(l.reg);
        gp_locked_ |= bit(d);
        l.reg = kNo;
    } else {
        d = alloc_gp();
        load_gp(d, a);
    }
    clobber_flags();
    alu(is_sub ? Alu::sub : Alu::add, size, d, s);
    define(i, d, i.type != Type::i64);
    Value flags = at(*partner);
    init(flags, false);
    for (Value arg : {partner->args[0], partner->args[1]}) release(arg);
    define_flags(flags, is_sub ? FlagsMode::sub : FlagsMode::add);
    skip(flags);
}

void Compiler::plain_arithmetic(const Inst& i, Value a, Value b, bool is_sub) {
    Size size = size_of(i.type);
    int32_t imm;
    bool small = immediate(b, imm) && !(is_sub && imm == INT32_MIN);
    bool in_place = loc(a).reg != kNo && dying(a, i) && !flags_live();
    if (!in_place && small) {
        Gp s = use(a);
        a_.lea(size, def(i), mem(s, is_sub ? -imm : imm));
        return;
    }
    if (!in_place && !is_sub && !in_memory(b)) {
        Gp x = use(a), y = use(b);
        a_.lea(size, def(i), mem(x, y, 0, 0));
        return;
    }
    Operand s = operand(b);
    Gp d = def_from(i, a);
    clobber_flags();
    alu(is_sub ? Alu::sub : Alu::add, size, d, s);
}

Operand Compiler::operand_shared(Value v) {
    int32_t value;
    if (immediate(v, value) && insts_[loc(v).root].op == Op::const_) {
        return {Operand::imm, Gp::none, value, {}};
    }
    if (in_memory(v) && loc(v).uses == 2) return {Operand::memory, Gp::none, 0, memory_of(loc(v))};
    return {Operand::reg, use(v), 0, {}};
}

void Compiler::hold_operands(const Inst& i) {
    Loc& l = loc(at(i));
    const Inst* n = next(i);
    bool only_set = l.uses == 1 && n != nullptr && n->op == Op::set_flags;
    if (only_set || !alive(l)) return;
    l.held = true;
    for (Value arg : i.args) {
        if (arg != kNone) loc(arg).uses++;
    }
}

void Compiler::compare_again(Value root) {
    const Inst& i = insts_[root];
    Size size = size_of(type(i.args[0]));
    Gp a = use(i.args[0]), b = use(i.args[1]);
    if (i.op == Op::and_flags) {
        a_.test(size, a, b);
    } else if (i.op == Op::sub_flags) {
        a_.cmp(size, a, b);
    } else {
        a_.mov(size, Gp::rax, a);
        a_.add(size, Gp::rax, b);
    }
    eflags_ = root;
    eflags_mode_ = i.op == Op::sub_flags ? FlagsMode::sub : FlagsMode::add;
}

void Compiler::compare(const Inst& i) {
    compare_once(i);
    hold_operands(i);
}

void Compiler::compare_once(const Inst& i) {
    Value a = i.args[0], b = i.args[1];
    Size size = size_of(type(a));
    int32_t imm;
    bool zero = immediate(b, imm) && imm == 0;
    if (i.op == Op::and_flags) {
        if (constant_operand(a)) std::swap(a, b);
        Gp x = use(a);
        Operand s = operand(b);
        clobber_flags();
        if (s.kind == Operand::imm) {
            a_.test(size, x, s.i);
        } else if (s.kind == Operand::memory) {
            a_.test(size, s.m, x);
        } else {
            a_.test(size, x, s.r);
        }
        define_flags(at(i), FlagsMode::add);
        return;
    }
    if (i.op == Op::sub_flags && zero) {
        Gp x = use(a);
        clobber_flags();
        a_.test(size, x, x);
        define_flags(at(i), FlagsMode::sub);
        return;
    }
    Gp x = use(a);
    Operand s = operand(b);
    clobber_flags();
    if (i.op == Op::sub_flags) {
        alu(Alu::cmp, size, x, s);
        define_flags(at(i), FlagsMode::sub);
    } else {
        a_.mov(size, Gp::rax, x);
        alu(Alu::add, size, Gp::rax, s);
        define_flags(at(i), FlagsMode::add);
    }
}

bool Compiler::constant_operand(Value v) const {
    uint64_t value;
    return constant(v, value);
}

void Compiler::emit_sub_flags(const Inst& i) {
    if (!conditional_compare(i)) compare(i);
}
void Compiler::emit_add_flags(const Inst& i) {
    if (!conditional_compare(i)) compare(i);
}
void Compiler::emit_and_flags(const Inst& i) {
    compare(i);
}

// CCMP and CCMN: `compare; select_flags cc, old, compare, imm` as a jump round the compare.
bool Compiler::conditional_compare(const Inst& i) {
    const Inst* n = next(i);
    while (n != nullptr && n->op == Op::flags_imm) n = next(*n);
    if (n == nullptr || n->op != Op::select_flags || n->args[1] != at(i) || i.uses != 1) return false;
    Value imm = n->args[2];
    if (insts_[imm].op != Op::flags_imm) return false;
    bool is_sub = i.op == Op::sub_flags;
    Size size = size_of(type(i.args[0]));
    Gp x = use(i.args[0]);
    Operand s = operand(i.args[1]);
    // The old flags may be wanted later still: they are written down before the paths part.
    if (!in_memory(n->args[0])) want_eflags(n->args[0]);
    if (eflags_ == loc(n->args[0]).root) save_flags(1);
    Test t = condition(n->args[0], n->cc);
    Label no, done;
    jump_unless(t, no);
    if (is_sub) {
        alu(Alu::cmp, size, x, s);
        a_.cmc();
    } else {
        a_.mov(size, Gp::rax, x);
        alu(Alu::add, size, Gp::rax, s);
    }
    a_.jmp_short(done);
    a_.bind(no);
    uint32_t word = base::flags_from_nzcv(static_cast<uint32_t>(insts_[imm].imm));
    a_.mov(Size::b32, Gp::rax, static_cast<int32_t>(word));
    a_.add(Size::b8, Gp::rax, 0x7f);
    a_.sahf();
    a_.bind(done);
    eflags_ = kNone;
    Value result = at(*n);
    init(result, false);
    release(n->args[0]);
    loc(at(i)).uses = 0;
    define_flags(result, FlagsMode::add);
    skip(result);
    return true;
}

void Compiler::emit_flags_imm(const Inst& i) {
    locs_[at(i)].constant = true;
}

void Compiler::emit_select_flags(const Inst& i) {
    Gp x = use_flags_word(i.args[1]), y = use_flags_word(i.args[2]);
    Test t = condition(i.args[0], i.cc);
    Gp d = alloc_gp();
    a_.mov(Size::b32, d, y);
    Label no;
    jump_unless(t, no);
    a_.mov(Size::b32, d, x);
    a_.bind(no);
    define(i, d, true);
}

// The word's bits 15, 14, 8, 0 are N, Z, C, V: in that order what NZCV's bits 31:28 are.
void Compiler::emit_flags_from_nzcv(const Inst& i) {
    Gp s = use(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    a_.mov(Size::b32, d, s);
    a_.shr(Size::b32, d, 28);
    a_.mov(Size::b32, Gp::rax, static_cast<int32_t>(base::kFlagsMask));
    a_.pdep(Size::b32, d, d, Gp::rax);
    define(i, d, true);
}

void Compiler::emit_nzcv_from_flags(const Inst& i) {
    Gp s = use_flags_word(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    a_.mov(Size::b32, Gp::rax, static_cast<int32_t>(base::kFlagsMask));
    a_.pext(Size::b32, d, s, Gp::rax);
    a_.shl(Size::b32, d, 28);
    define(i, d, true);
}

}  // namespace pydbt::x64
