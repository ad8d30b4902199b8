#include "translator/ir/builder.hpp"

#include <limits>

#include "translator/ir/eval.hpp"

namespace pydbt::ir {
namespace {

bool fits_int32(int64_t value) {
    return value >= std::numeric_limits<int32_t>::min() &&
           value <= std::numeric_limits<int32_t>::max();
}

constexpr int64_t kUntaggedField = 0 | 56 << 8;  // sbfx field: bits 55:0 (Arm ARM D8.8.1)

}  // namespace

Value Builder::append(Inst& i) {
    auto at = static_cast<Value>(f_.insts.size());
    Block& block = f_.blocks[block_];
    i.prev = block.last;
    if (block.last == kNone) {
        block.first = at;
    } else {
        f_.insts[block.last].next = at;
    }
    block.last = at;
    for (Value arg : i.args) {
        if (arg != kNone) f_.insts[arg].uses++;
    }
    f_.insts.push_back(i);
    return at;
}

Value Builder::finish(Inst& i) {
    Value known = fold(i);
    if (known != kNone) return known;
    Value made = append(i);
    if (i.op == Op::v_to_f) scalars_[next_scalar_++ % kScalars] = made;
    return made;
}

Value Builder::fold(Inst& i) {
    if (has(i.op, kCommutes) && is_const(i.args[0]) && !is_const(i.args[1])) {
        std::swap(i.args[0], i.args[1]);
    }
    if (i.args[0] == kNone) return kNone;
    bool selects = i.op == Op::select || i.op == Op::select_flags;
    if (selects && i.cc >= Cond::al) return i.args[1];
    if (Value v = fold_constants(i); v != kNone) return v;
    return i.args[1] == kNone ? fold_unary(i) : fold_binary(i);
}

Value Builder::fold_constants(const Inst& i) {
    uint64_t operands[3] = {0, 0, 0};
    for (unsigned n = 0; n < 3; n++) {
        if (i.args[n] == kNone) break;
        const Inst& arg = inst(i.args[n]);
        if (arg.op != Op::const_ && arg.op != Op::flags_imm) return kNone;
        operands[n] = static_cast<uint64_t>(arg.imm);
    }
    uint64_t result = 0;
    if (!evaluate(i, bits(type_of(i.args[0])), operands[0], operands[1], operands[2], result)) {
        return kNone;
    }
    if (i.type == Type::flags) return flags_imm(static_cast<int64_t>(result));
    return const_(i.type, result);
}

Value Builder::fold_unary(const Inst& i) {
    Value a = i.args[0];
    const Inst& from = inst(a);
    switch (i.op) {
        case Op::trunc:
            if (from.op == Op::zext || from.op == Op::sext) return from.args[0];
            return kNone;
        case Op::not_:
        case Op::neg: return from.op == i.op ? from.args[0] : kNone;
        case Op::clz: return from.op == Op::rbit ? ctz(from.args[0]) : kNone;
        case Op::ubfx:
        case Op::sbfx: {
            bool again = from.op == i.op && from.imm == i.imm && (i.imm & 0xff) == 0;
            return again || i.imm == int64_t{bits(i.type)} << 8 ? a : kNone;
        }
        case Op::bitcast:
            if (from.type == i.type) return a;
            if (from.op == Op::bitcast) return bitcast(i.type, from.args[0]);
            return kNone;
        case Op::v_to_f:
            if (from.op == Op::f_to_v && type_of(from.args[0]) == i.type) return from.args[0];
            for (Value known : scalars_) {
                if (known != kNone && inst(known).args[0] == a && type_of(known) == i.type)
                    return known;
            }
            return kNone;
        case Op::vlow64: {
            bool narrow = from.op == Op::f_to_v || from.op == Op::vlow64 || from.op == Op::vxtn ||
                          (from.op == Op::load_v && from.size <= 3);
            return narrow ? a : kNone;
        }
        default: return kNone;
    }
}

Value Builder::fold_binary(const Inst& i) {
    Value a = i.args[0], b = i.args[1];
    bool same = a == b;
    switch (i.op) {
        case Op::add: {
            if (!is_const(b)) return kNone;
            if (is_const(b, 0)) return a;
            const Inst& from = inst(a);
            uint64_t c = const_value(b);
            if (from.op == Op::guest_addr) {
                return guest_addr(static_cast<uint64_t>(from.imm) + c);
            }
            if (from.op == Op::add && is_const(from.args[1])) {
                Value x = from.args[0];
                return add(x, const_(i.type, const_value(from.args[1]) + c));
            }
            return kNone;
        }
        case Op::sub:
            if (is_const(b, 0)) return a;
            if (same) return const_(i.type, 0);
            return is_const(a, 0) ? neg(b) : kNone;
        case Op::and_:
            if (same || is_const(b, bits(i.type) == 32 ? 0xffffffffu : ~uint64_t{0})) return a;
            return is_const(b, 0) ? b : kNone;
        case Op::or_: return same || is_const(b, 0) ? a : kNone;
        case Op::xor_:
            if (same) return const_(i.type, 0);
            return is_const(b, 0) ? a : kNone;
        case Op::orc: return is_const(a, 0) ? not_(b) : kNone;
        case Op::andc: return is_const(b, 0) ? a : kNone;
        case Op::mul:
            if (is_const(b, 1)) return a;
            return is_const(b, 0) ? b : kNone;
        case Op::shl:
        case Op::lshr:
        case Op::ashr:
        case Op::ror: return is_const(b) && const_value(b) % bits(i.type) == 0 ? a : kNone;
        case Op::vand:
        case Op::vor: return same ? a : kNone;
        case Op::vxor: return same ? vzero() : kNone;
        case Op::select:
        case Op::select_flags: {
            if (i.args[1] == i.args[2]) return b;
            const Inst& f = inst(a);
            if (f.op == Op::flags_imm) {
                return holds(i.cc, static_cast<uint32_t>(f.imm)) ? b : i.args[2];
            }
            return kNone;
        }
        default: return kNone;
    }
}

Value Builder::memory(Op op, Type type, Value base, Value index, Value value, unsigned scale,
                      int64_t disp, unsigned size, unsigned order, unsigned flags) {
    for (;;) {
        const Inst& from = inst(base);
        bool sum = from.op == Op::add || from.op == Op::sub;
        if (!sum || !is_const(from.args[1])) break;
        auto c = static_cast<int64_t>(const_value(from.args[1]));
        int64_t sum_disp = 0;
        bool overflow = from.op == Op::add ? __builtin_add_overflow(disp, c, &sum_disp)
                                           : __builtin_sub_overflow(disp, c, &sum_disp);
        if (overflow || !fits_int32(sum_disp)) break;
        disp = sum_disp;
        base = from.args[0];
    }
    if (!fits_int32(disp)) {
        base = add(base, i64(static_cast<uint64_t>(disp)));
        disp = 0;
    }
    bool checked = checks_ && inst(base).op != Op::guest_addr;
    if (f_.mask_addresses || checked) {
        Value sum = base;
        if (index != kNone) sum = add(sum, shl(index, i64(scale)));
        sum = add(sum, i64(static_cast<uint64_t>(disp)));
        if (checked) check(sum, size, has(op, kStore), (flags & kAligned) != 0);
        base = untagged(sum);
        index = kNone;
        scale = 0;
        disp = 0;
    }
    Inst i = start(op, type, base, index, value);
    i.imm = disp;
    i.size = static_cast<uint8_t>(size);
    i.scale = static_cast<uint8_t>(scale);
    i.order = static_cast<uint8_t>(order);
    i.flags = static_cast<uint8_t>(flags);
    if (f_.align_all) i.flags |= kAligned;
    return append(i);
}

Value Builder::untagged(Value address) { return sbfx(address, kUntaggedField); }

// An address that is not aligned faults whatever its tag is.
void Builder::check(Value address, unsigned size, bool stores, bool aligned) {
    if (aligned && size != 0) check_address(address, size, kCheckLoadAlignment + (stores ? 1 : 0));
    check_address(address, size, stores ? kCheckStore : kCheckLoad);
}

Value Builder::address(Value base, unsigned size, int64_t kind) {
    if (!checks_) return untagged_if_asked(base);
    check(base, size, kind == kCheckStore, true);
    return untagged(base);
}

}  // namespace pydbt::ir
