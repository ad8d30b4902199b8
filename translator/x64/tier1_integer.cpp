// Integer ops.
//
// Owns: their code. Must not know: guest registers, memory.
#include <bit>
#include <climits>

#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

// ---- constants and guest registers

void Compiler::emit_param(const Inst&) {}
void Compiler::emit_const_(const Inst& i) {
    locs_[at(i)].constant = true;
    locs_[at(i)].clean = static_cast<uint64_t>(i.imm) <= 0xffffffff;
}
void Compiler::emit_guest_addr(const Inst& i) { emit_const_(i); }
void Compiler::emit_get_x(const Inst& i) { get_guest(i, kGuestX + static_cast<unsigned>(i.imm)); }
void Compiler::emit_set_x(const Inst& i) {
    set_guest(kGuestX + static_cast<unsigned>(i.imm), i.args[0]);
}
void Compiler::emit_get_v(const Inst& i) { get_guest(i, kGuestV + static_cast<unsigned>(i.imm)); }
void Compiler::emit_set_v(const Inst& i) {
    set_guest(kGuestV + static_cast<unsigned>(i.imm), i.args[0]);
}
void Compiler::emit_get_flags(const Inst& i) { get_guest(i, kGuestFlags); }
void Compiler::emit_set_flags(const Inst& i) { set_guest(kGuestFlags, i.args[0]); }
void Compiler::emit_get_state(const Inst& i) { a_.mov(size_of(i.type), def(i), field_mem(i.imm)); }
void Compiler::emit_set_state(const Inst& i) {
    Gp s = use(i.args[0]);
    a_.mov(size_of(type(i.args[0])), field_mem(i.imm), s);
}
void Compiler::emit_get_fpcr(const Inst& i) {
    a_.mov(Size::b32, def(i), state_mem(base::kOff_fpcr));
}

// ---- arithmetic and logic

void Compiler::alu(Alu op, Size size, Gp d, const Operand& s) {
    auto form = [&](auto value) {
        switch (op) {
            case Alu::add: a_.add(size, d, value); break;
            case Alu::or_: a_.or_(size, d, value); break;
            case Alu::adc: a_.adc(size, d, value); break;
            case Alu::sbb: a_.sbb(size, d, value); break;
            case Alu::and_: a_.and_(size, d, value); break;
            case Alu::sub: a_.sub(size, d, value); break;
            case Alu::xor_: a_.xor_(size, d, value); break;
            default: a_.cmp(size, d, value); break;
        }
    };
    if (s.kind == Operand::reg) {
        form(s.r);
    } else if (s.kind == Operand::imm) {
        form(s.i);
    } else {
        form(s.m);
    }
}

void Compiler::binary(const Inst& i, Alu op) {
    Value a = i.args[0], b = i.args[1];
    // The one that dies, or is no constant, is computed in.
    if (constant_operand(a) || (!dying(a, i) && dying(b, i) && !constant_operand(b)))
        std::swap(a, b);
    Operand s = operand(b);
    Gp d = def_from(i, a);
    clobber_flags();
    alu(op, size_of(i.type), d, s);
}

void Compiler::emit_add(const Inst& i) { arithmetic(i, false); }
void Compiler::emit_sub(const Inst& i) { arithmetic(i, true); }
void Compiler::emit_or_(const Inst& i) { binary(i, Alu::or_); }
void Compiler::emit_xor_(const Inst& i) { binary(i, Alu::xor_); }

void Compiler::emit_and_(const Inst& i) {
    binary(i, Alu::and_);
    // ANDS: the flags of the result are those that the instruction left.
    const Inst* n = next(i);
    if (n == nullptr || n->op != Op::and_flags || n->args[0] != at(i) || n->args[1] != at(i))
        return;
    Value flags = at(*n);
    init(flags, false);
    release(at(i));
    release(at(i));
    define_flags(flags, FlagsMode::add);
    skip(flags);
}

void Compiler::emit_andc(const Inst& i) {
    Gp b = use(i.args[1]);
    Operand a = operand(i.args[0]);
    if (a.kind == Operand::imm) a = {Operand::reg, use(i.args[0]), 0, {}};
    clobber_flags();
    Gp d = def(i);
    if (a.kind == Operand::memory) {
        a_.andn(size_of(i.type), d, b, a.m);
    } else {
        a_.andn(size_of(i.type), d, b, a.r);
    }
}

void Compiler::emit_orc(const Inst& i) {
    Size size = size_of(i.type);
    Operand a = operand(i.args[0]);
    Gp b = use(i.args[1]);
    Gp d = alloc_gp();
    a_.mov(size, d, b);
    a_.not_(size, d);
    clobber_flags();
    alu(Alu::or_, size, d, a);
    define(i, d, i.type != Type::i64);
}

void Compiler::emit_not_(const Inst& i) { a_.not_(size_of(i.type), def_from(i, i.args[0])); }
void Compiler::emit_neg(const Inst& i) {
    Gp d = def_from(i, i.args[0]);
    clobber_flags();
    a_.neg(size_of(i.type), d);
}

void Compiler::emit_mul(const Inst& i) {
    Size size = size_of(i.type);
    Value a = i.args[0], b = i.args[1];
    if (constant_operand(a)) std::swap(a, b);
    int32_t imm;
    if (immediate(b, imm)) {
        Gp s = use(a);
        clobber_flags();
        a_.imul(size, def(i), s, imm);
        return;
    }
    Operand s = operand(b);
    Gp d = def_from(i, a);
    clobber_flags();
    if (s.kind == Operand::memory) {
        a_.imul(size, d, s.m);
    } else {
        a_.imul(size, d, s.r);
    }
}

void Compiler::emit_mulhu(const Inst& i) {
    Gp b = use(i.args[1]);
    load_gp(Gp::rdx, i.args[0]);
    a_.mulx(Size::b64, def(i), Gp::rax, b);
}

void Compiler::emit_mulhs(const Inst& i) {
    Gp b = use(i.args[1]);
    clobber_flags();
    load_gp(Gp::rax, i.args[0]);
    a_.imul(Size::b64, b);
    a_.mov(Size::b64, def(i), Gp::rdx);
}

void Compiler::divide(const Inst& i, bool is_signed) {
    Size size = size_of(i.type);
    Gp b = use(i.args[1]);
    clobber_flags();
    Gp d = def(i);
    load_gp(Gp::rax, i.args[0]);
    auto n = static_cast<uint32_t>(cold_.size());
    Cold& c = cold(is_signed ? Cold::divide_special : Cold::divide_zero);
    c.size = size;
    c.reg[0] = static_cast<uint8_t>(b);
    if (is_signed) {
        // 0 and -1 are apart: one gives 0, the other may overflow.
        a_.lea(size, Gp::rcx, mem(b, 1));
        a_.cmp(size, Gp::rcx, 1);
        a_.jcc(Cond::be, cold_[n].entry);
        if (size == Size::b64) {
            a_.cqo();
        } else {
            a_.cdq();
        }
        a_.idiv(size, b);
    } else {
        a_.test(size, b, b);
        a_.jcc(Cond::e, cold_[n].entry);
        a_.xor_(Size::b32, Gp::rdx, Gp::rdx);
        a_.div(size, b);
    }
    a_.bind(cold_[n].back);
    a_.mov(size, d, Gp::rax);
}
void Compiler::emit_udiv(const Inst& i) { divide(i, false); }
void Compiler::emit_sdiv(const Inst& i) { divide(i, true); }

// ---- with carry

void Compiler::carry_op(const Inst& i, bool is_sub) {
    Size size = size_of(i.type);
    const Inst* partner = flags_partner(i, is_sub ? Op::sbc_flags : Op::adc_flags);
    Gp b = use(i.args[1]);
    Gp d = alloc_gp();
    load_gp(d, i.args[0]);
    Value flags = i.args[2];
    want_eflags(flags);
    save_flags(partner != nullptr ? 2 : 1);
    carry_to_cf(flags, is_sub);
    if (is_sub) {
        a_.sbb(size, d, b);
    } else {
        a_.adc(size, d, b);
    }
    eflags_ = kNone;
    define(i, d, i.type != Type::i64);
    if (partner == nullptr) return;
    Value result = at(*partner);
    init(result, false);
    for (Value arg : partner->args) release(arg);
    define_flags(result, is_sub ? FlagsMode::sub : FlagsMode::add);
    skip(result);
}
void Compiler::emit_adc(const Inst& i) { carry_op(i, false); }
void Compiler::emit_sbc(const Inst& i) { carry_op(i, true); }

void Compiler::carry_flags(const Inst& i, bool is_sub) {
    Size size = size_of(type(i.args[0]));
    Gp a = use(i.args[0]), b = use(i.args[1]);
    want_eflags(i.args[2]);
    save_flags(1);
    carry_to_cf(i.args[2], is_sub);
    a_.mov(size, Gp::rax, a);
    if (is_sub) {
        a_.sbb(size, Gp::rax, b);
    } else {
        a_.adc(size, Gp::rax, b);
    }
    define_flags(at(i), is_sub ? FlagsMode::sub : FlagsMode::add);
}
void Compiler::emit_adc_flags(const Inst& i) { carry_flags(i, false); }
void Compiler::emit_sbc_flags(const Inst& i) { carry_flags(i, true); }

// ---- shifts and bit fields

void Compiler::shift_imm(Shift kind, Size size, Gp d, unsigned n) {
    if (n == 0) return;
    auto amount = static_cast<uint8_t>(n);
    switch (kind) {
        case Shift::shl: a_.shl(size, d, amount); break;
        case Shift::lshr: a_.shr(size, d, amount); break;
        case Shift::ashr: a_.sar(size, d, amount); break;
        case Shift::ror: a_.ror(size, d, amount); break;
    }
}

void Compiler::shift(const Inst& i, Shift kind) {
    Size size = size_of(i.type);
    uint64_t n;
    if (constant(i.args[1], n)) {
        n &= ir::bits(i.type) - 1;
        if (kind == Shift::ror) {
            Gp s = use(i.args[0]);
            a_.rorx(size, def(i), s, static_cast<uint8_t>(n));
            return;
        }
        Gp d = def_from(i, i.args[0]);
        clobber_flags();
        shift_imm(kind, size, d, static_cast<unsigned>(n));
        if (n == 0 && size == Size::b32) a_.mov(size, d, d);
        return;
    }
    if (kind == Shift::ror) {
        Gp d = def_from(i, i.args[0]);
        clobber_flags();
        load_gp(Gp::rcx, i.args[1]);
        a_.ror_cl(size, d);
        return;
    }
    Gp s = use(i.args[0]), by = use(i.args[1]);
    Gp d = def(i);
    switch (kind) {
        case Shift::shl: a_.shlx(size, d, s, by); break;
        case Shift::lshr: a_.shrx(size, d, s, by); break;
        default: a_.sarx(size, d, s, by); break;
    }
}
void Compiler::emit_shl(const Inst& i) { shift(i, Shift::shl); }
void Compiler::emit_lshr(const Inst& i) { shift(i, Shift::lshr); }
void Compiler::emit_ashr(const Inst& i) { shift(i, Shift::ashr); }
void Compiler::emit_ror(const Inst& i) { shift(i, Shift::ror); }

void Compiler::emit_extr(const Inst& i) {
    Size size = size_of(i.type);
    Gp hi = use(i.args[0]);
    Gp d = alloc_gp();
    load_gp(d, i.args[1]);
    clobber_flags();
    if (i.imm != 0) {
        a_.shrd(size, d, hi, static_cast<uint8_t>(i.imm));
    } else if (size == Size::b32) {
        a_.mov(size, d, d);
    }
    define(i, d, size == Size::b32);
}

void Compiler::emit_ubfx(const Inst& i) {
    Size size = size_of(i.type);
    auto lsb = static_cast<unsigned>(i.imm & 0xff), width = static_cast<unsigned>(i.imm >> 8);
    unsigned bits = ir::bits(i.type);
    if (lsb == 0 && (width == 8 || width == 16 || width == 32)) {
        Gp s = use(i.args[0]);
        Gp d = alloc_gp();
        if (width == 8) {
            a_.movzx8(Size::b32, d, s);
        } else if (width == 16) {
            a_.movzx16(Size::b32, d, s);
        } else {
            a_.mov(Size::b32, d, s);
        }
        return define(i, d, true);
    }
    Gp d = def_from(i, i.args[0]);
    clobber_flags();
    if (lsb + width >= bits) {
        shift_imm(Shift::lshr, size, d, lsb);
    } else if (width < 32) {
        shift_imm(Shift::lshr, size, d, lsb);
        a_.and_(Size::b32, d, static_cast<int32_t>((uint32_t{1} << width) - 1));
        loc(at(i)).clean = 1;
    } else {
        shift_imm(Shift::shl, size, d, bits - lsb - width);
        shift_imm(Shift::lshr, size, d, bits - width);
    }
    if (size == Size::b32 && lsb + width >= bits && lsb == 0) a_.mov(size, d, d);
}

void Compiler::emit_sbfx(const Inst& i) {
    Size size = size_of(i.type);
    auto lsb = static_cast<unsigned>(i.imm & 0xff), width = static_cast<unsigned>(i.imm >> 8);
    unsigned bits = ir::bits(i.type);
    if (lsb == 0 && (width == 8 || width == 16 || (width == 32 && bits == 64))) {
        Gp s = use(i.args[0]);
        Gp d = def(i);
        if (width == 8) {
            a_.movsx8(size, d, s);
        } else if (width == 16) {
            a_.movsx16(size, d, s);
        } else {
            a_.movsxd(d, s);
        }
        return;
    }
    Gp d = def_from(i, i.args[0]);
    clobber_flags();
    if (lsb + width < bits) shift_imm(Shift::shl, size, d, bits - lsb - width);
    shift_imm(Shift::ashr, size, d, bits - width);
    if (size == Size::b32 && width == bits) a_.mov(size, d, d);
}

void Compiler::emit_bfi(const Inst& i) {
    Size size = size_of(i.type);
    auto lsb = static_cast<unsigned>(i.imm & 0xff), width = static_cast<unsigned>(i.imm >> 8);
    unsigned bits = ir::bits(i.type);
    if (width >= bits) {
        Gp d = alloc_gp();
        load_gp(d, i.args[1]);
        if (size == Size::b32) a_.mov(size, d, d);
        return define(i, d, size == Size::b32);
    }
    uint64_t field = ((uint64_t{1} << width) - 1) << lsb;
    Gp d = def_from(i, i.args[0]);
    clobber_flags();
    load_gp(Gp::rax, i.args[1]);
    shift_imm(Shift::shl, size, Gp::rax, bits - width);
    shift_imm(Shift::lshr, size, Gp::rax, bits - width - lsb);
    auto keep = static_cast<int64_t>(~field);
    if (size == Size::b32 || keep == static_cast<int32_t>(keep)) {
        a_.and_(size, d, static_cast<int32_t>(keep));
    } else {
        a_.mov_imm(Gp::rcx, static_cast<uint64_t>(keep));
        a_.and_(size, d, Gp::rcx);
    }
    a_.or_(size, d, Gp::rax);
}

void Compiler::emit_trunc(const Inst& i) { alias(i, i.args[0]); }
void Compiler::emit_zext(const Inst& i) {
    if (loc(i.args[0]).clean == 1 && !loc(i.args[0]).is_xmm) return alias(i, i.args[0]);
    if (in_memory(i.args[0])) {
        Gp d = alloc_gp();
        a_.mov(Size::b32, d, memory_of(loc(i.args[0])));
        return define(i, d, true);
    }
    Gp s = use(i.args[0]);
    Gp d = alloc_gp();
    a_.mov(Size::b32, d, s);
    define(i, d, true);
}
void Compiler::emit_sext(const Inst& i) {
    Gp s = use(i.args[0]);
    a_.movsxd(def(i), s);
}

// ---- bits and bytes

void Compiler::emit_clz(const Inst& i) {
    Gp s = use(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    a_.lzcnt(size_of(i.type), d, s);
    define(i, d, true);
}
void Compiler::emit_ctz(const Inst& i) {
    Gp s = use(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    a_.tzcnt(size_of(i.type), d, s);
    define(i, d, true);
}
void Compiler::emit_popcnt(const Inst& i) {
    Gp s = use(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    a_.popcnt(size_of(i.type), d, s);
    define(i, d, true);
}

// Bits that equal their upper neighbour are 0 in a ^ (a >> 1); the top one always is.
void Compiler::emit_cls(const Inst& i) {
    Size size = size_of(i.type);
    Gp s = use(i.args[0]);
    clobber_flags();
    Gp d = alloc_gp();
    a_.mov(size, Gp::rax, s);
    a_.sar(size, Gp::rax, 1);
    a_.xor_(size, Gp::rax, s);
    a_.lzcnt(size, d, Gp::rax);
    a_.dec(size, d);
    define(i, d, true);
}

void Compiler::emit_bswap(const Inst& i) {
    Gp d = def_from(i, i.args[0]);
    if (i.type == Type::i64) {
        a_.bswap64(d);
    } else {
        a_.bswap32(d);
    }
}

void Compiler::emit_rev32(const Inst& i) {
    Gp d = def_from(i, i.args[0]);
    a_.bswap64(d);
    a_.rorx(Size::b64, d, d, 32);
}

// d := (d & mask) << n | (d >> n) & mask.
void Compiler::swap_groups(Size size, Gp d, uint64_t mask, unsigned n) {
    a_.mov_imm(Gp::rcx, size == Size::b64 ? mask : mask & 0xffffffff);
    a_.mov(size, Gp::rax, d);
    a_.shr(size, Gp::rax, static_cast<uint8_t>(n));
    a_.and_(size, Gp::rax, Gp::rcx);
    a_.and_(size, d, Gp::rcx);
    a_.shl(size, d, static_cast<uint8_t>(n));
    a_.or_(size, d, Gp::rax);
}

void Compiler::emit_rev16(const Inst& i) {
    Gp d = def_from(i, i.args[0]);
    clobber_flags();
    swap_groups(size_of(i.type), d, 0x00ff00ff00ff00ff, 8);
}

void Compiler::emit_rbit(const Inst& i) {
    bool wide = i.type == Type::i64;
    if (host_.has(kHostGfni)) {
        constexpr uint64_t kEachByte = 0x8040201008040201;  // the matrix
        Gp s = use(i.args[0]), d = def(i);
        wide ? a_.vmovq(kScratch, s) : a_.vmovd(kScratch, s);
        a_.vgf2p8affineqb(kScratch, kScratch, pool(kEachByte, kEachByte), 0);
        wide ? a_.vmovq(d, kScratch) : a_.vmovd(d, kScratch);
        return wide ? a_.bswap64(d) : a_.bswap32(d);
    }
    Gp d = def_from(i, i.args[0]);
    clobber_flags();
    wide ? a_.bswap64(d) : a_.bswap32(d);
    swap_groups(size_of(i.type), d, 0x0f0f0f0f0f0f0f0f, 4);
    swap_groups(size_of(i.type), d, 0x3333333333333333, 2);
    swap_groups(size_of(i.type), d, 0x5555555555555555, 1);
}

void Compiler::emit_crc32c(const Inst& i) {
    Gp s = use(i.args[1]);
    Gp d = def_from(i, i.args[0]);
    switch (i.size) {
        case 0: a_.crc32_8(d, s); break;
        case 1:
            a_.mov(Size::b32, Gp::rax, s);
            a_.crc32_8(d, Gp::rax);
            a_.rorx(Size::b32, Gp::rax, Gp::rax, 8);
            a_.crc32_8(d, Gp::rax);
            break;
        case 2: a_.crc32_32(d, s); break;
        default: a_.crc32_64(d, s); break;
    }
}

void Compiler::emit_crc32(const Inst& i) {
    spill_for_call();
    load_gp(Gp::rsi, i.args[0]);
    load_gp(Gp::rdx, i.args[1]);
    a_.mov(Size::b32, Gp::rsi, Gp::rsi);
    a_.mov_imm(Gp::rcx, i.size);
    call_helper(base::HelperId::crc32);
    result_from_rax(i);
}

// ---- selection

void Compiler::emit_select(const Inst& i) {
    if (locs_[at(i)].is_xmm) {
        select_xmm(i);
    } else {
        select_gp(i);
    }
}

void Compiler::select_gp(const Inst& i) {
    Size size = size_of(i.type);
    Value yes = i.args[1], no = i.args[2];
    Gp x = use(yes), y = use(no);
    Gp d = alloc_gp();
    Test t = condition(i.args[0], i.cc);
    if (t.ordered && !t.negated) {
        a_.mov(size, d, y);
        a_.cmovcc(size, t.cc, d, x);
        a_.cmovcc(size, Cond::p, d, y);
    } else if (t.ordered) {
        a_.mov(size, d, y);
        a_.cmovcc(size, invert(t.cc), d, x);
        a_.cmovcc(size, Cond::p, d, x);
    } else {
        a_.mov(size, d, y);
        a_.cmovcc(size, t.negated ? invert(t.cc) : t.cc, d, x);
    }
    define(i, d, size == Size::b32);
}

void Compiler::select_xmm(const Inst& i) {
    Xmm x = use_x(i.args[1]), y = use_x(i.args[2]);
    uint8_t clean = std::max(loc(i.args[1]).clean, loc(i.args[2]).clean);
    Xmm d = alloc_xmm();
    Test t = condition(i.args[0], i.cc);
    Label no;
    a_.vmovaps(d, y);
    jump_unless(t, no);
    a_.vmovaps(d, x);
    a_.bind(no);
    define(i, d, clean);
}

}  // namespace pydbt::x64
