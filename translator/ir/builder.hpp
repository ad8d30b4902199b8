// Appends instructions to a function, folding constants and forwarding guest state on the way.
//
// Owns: the order of instructions, use counts, what is known of guest registers in the block being
// built. Must not know: where instructions come from.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "translator/ir/ir.hpp"

namespace pydbt::ir {

/// One method an op, named as the op: `value = b.add(x, y)`; types follow from the arguments or are
/// the first parameter. Methods of pure ops may return an existing value or a constant instead of a
/// new instruction. Not thread-safe; allocates only when the function's vectors grow.
class Builder {
   public:
    explicit Builder(Function& function) : f_(function) {}

    /// Starts guest instruction `pc`; what is appended next belongs to it.
    void begin_insn(uint64_t pc) {
        insn_ = static_cast<uint16_t>(f_.insns.size());
        f_.insns.push_back(pc);
        checks_ = f_.check_tags;
    }
    /// The tags of addresses that the guest instruction accesses are not checked.
    void uncheck() { checks_ = false; }
    bool checks() const { return checks_; }
    /// Checks an address, if it has to be aligned that first.
    void check(Value address, unsigned size, bool stores, bool aligned);
    uint64_t insn_pc() const { return f_.insns[insn_]; }
    /// The context key that the function is translated for.
    uint32_t key() const { return f_.key; }

    /// A new, empty block. Fill it after switch_to().
    uint32_t new_block() {
        f_.blocks.push_back({kNone, kNone, 0});
        return static_cast<uint32_t>(f_.blocks.size() - 1);
    }
    /// Appends to another block from now on; nothing is known of guest state there.
    void switch_to(uint32_t block) {
        block_ = block;
        forget_state();
    }
    Value param(Type type) {
        f_.blocks[block_].params++;
        Inst i = start(Op::param, type, kNone, kNone, kNone);
        return append(i);
    }
    uint32_t edge(uint32_t block, std::initializer_list<Value> args = {}) {
        f_.edges.push_back({block, static_cast<uint32_t>(f_.edge_args.size()),
                            static_cast<uint32_t>(args.size())});
        for (Value v : args) {
            f_.insts[v].uses++;
            f_.edge_args.push_back(v);
        }
        return static_cast<uint32_t>(f_.edges.size() - 1);
    }
    void jump(uint32_t block, std::initializer_list<Value> args = {}) {
        Inst i = start(Op::jump, Type::none, kNone, kNone, kNone);
        i.imm = edge(block, args);
        append(i);
    }
    /// To `taken` when cc holds, else to `other`; neither has parameters.
    void br(Cond cc, Value flags, uint32_t taken, uint32_t other) {
        Inst i = start(Op::br, Type::none, flags, kNone, kNone);
        i.cc = cc;
        i.imm = edge(taken);
        edge(other);
        append(i);
    }

    Type type_of(Value v) const { return f_.insts[v].type; }
    const Inst& inst(Value v) const { return f_.insts[v]; }
    bool is_const(Value v) const { return f_.insts[v].op == Op::const_; }
    /// The value of a constant (i32: zero-extended).
    uint64_t const_value(Value v) const { return static_cast<uint64_t>(f_.insts[v].imm); }
    bool is_const(Value v, uint64_t value) const { return is_const(v) && const_value(v) == value; }

    Value const_(Type type, uint64_t value) {
        if (type == Type::i32) value = static_cast<uint32_t>(value);
        Inst i = start(Op::const_, type, kNone, kNone, kNone);
        i.imm = static_cast<int64_t>(value);
        return append(i);
    }
    Value i64(uint64_t value) { return const_(Type::i64, value); }
    Value i32(uint32_t value) { return const_(Type::i32, value); }
    Value guest_addr(uint64_t value) {
        Inst i = start(Op::guest_addr, Type::i64, kNone, kNone, kNone);
        i.imm = static_cast<int64_t>(value);
        return append(i);
    }

    /// An address without its top byte, which Arm ignores: bits 55:0, sign-extended.
    Value untagged(Value address);

    // Guest state. A get behind a set or get of the same register in the block returns that value.
    Value get_x(unsigned n) {
        if (x_[n] == kNone) x_[n] = get(Op::get_x, Type::i64, n);
        return x_[n];
    }
    /// Its value as far as it is known here without a get; kNone: it is not.
    Value known_x(unsigned n) const { return x_[n]; }
    void set_x(unsigned n, Value v) {
        x_[n] = v;
        set(Op::set_x, v, n);
    }
    Value get_v(unsigned n) {
        if (v_[n] == kNone) v_[n] = get(Op::get_v, Type::v128, n);
        return v_[n];
    }
    void set_v(unsigned n, Value v) {
        v_[n] = v;
        set(Op::set_v, v, n);
    }
    Value get_flags() {
        if (flags_ == kNone) flags_ = get(Op::get_flags, Type::flags, 0);
        return flags_;
    }
    void set_flags(Value v) {
        flags_ = v;
        set(Op::set_flags, v, 0);
    }

    // Memory. `index` may be kNone; a base that is a sum with a constant folds into disp.
    Value load(Type type, Value base, Value index, unsigned scale, int64_t disp, unsigned size,
               unsigned order = 0, unsigned flags = 0) {
        return memory(Op::load, type, base, index, kNone, scale, disp, size, order, flags);
    }
    Value load_s(Type type, Value base, Value index, unsigned scale, int64_t disp, unsigned size,
                 unsigned order = 0, unsigned flags = 0) {
        return memory(Op::load_s, type, base, index, kNone, scale, disp, size, order, flags);
    }
    Value load_v(Value base, Value index, unsigned scale, int64_t disp, unsigned size,
                 unsigned order = 0, unsigned flags = 0) {
        return memory(Op::load_v, Type::v128, base, index, kNone, scale, disp, size, order, flags);
    }
    void store(Value base, Value index, Value value, unsigned scale, int64_t disp, unsigned size,
               unsigned order = 0, unsigned flags = 0) {
        memory(Op::store, Type::none, base, index, value, scale, disp, size, order, flags);
    }
    void store_v(Value base, Value index, Value value, unsigned scale, int64_t disp, unsigned size,
                 unsigned order = 0, unsigned flags = 0) {
        memory(Op::store_v, Type::none, base, index, value, scale, disp, size, order, flags);
    }

    // Many bytes. The x register is the result's from here on.
    Value copy_bytes(Value to, Value from, Value count, int64_t n) {
        return bulk(Op::copy_bytes, to, untagged_if_asked(from), count, n);
    }
    Value fill_bytes(Value to, Value byte, Value count, int64_t n) {
        return bulk(Op::fill_bytes, to, byte, count, n);
    }

#include "translator/ir/builder.gen.inc"

   private:
    Inst start(Op op, Type type, Value a0, Value a1, Value a2) const {
        return {op, type, Cond::al, 0, 0, 0, 0, {a0, a1, a2}, 0, insn_, 0, kNone, kNone};
    }
    Value append(Inst& i);
    /// append() unless the pure op folds.
    Value finish(Inst& i);
    Value fold(Inst& i);
    Value fold_unary(const Inst& i);
    Value fold_binary(const Inst& i);
    Value fold_constants(const Inst& i);
    Value get(Op op, Type type, unsigned n) {
        Inst i = start(op, type, kNone, kNone, kNone);
        i.imm = n;
        return append(i);
    }
    void set(Op op, Value v, unsigned n) {
        Inst i = start(op, Type::none, v, kNone, kNone);
        i.imm = n;
        append(i);
    }
    Value memory(Op op, Type type, Value base, Value index, Value value, unsigned scale,
                 int64_t disp, unsigned size, unsigned order, unsigned flags);
    /// The address a plain-address op (atomic, exclusive) uses: checked and masked where the
    /// function asks.
    Value address(Value base, unsigned size, int64_t kind);
    Value untagged_if_asked(Value address) {
        return f_.mask_addresses ? untagged(address) : address;
    }
    Value bulk(Op op, Value to, Value second, Value count, int64_t n) {
        Inst i = start(op, Type::i64, untagged_if_asked(to), second, count);
        i.imm = n;
        return x_[n] = append(i);
    }
    void forget_state() {
        std::fill_n(scalars_, kScalars, kNone);
        std::fill_n(x_, 32, kNone);
        std::fill_n(v_, 33, kNone);
        flags_ = kNone;
    }

    Function& f_;
    uint32_t block_ = 0;
    uint16_t insn_ = 0;
    bool checks_ = false;
    Value x_[32], v_[33], flags_ = kNone;
    // The newest v_to_f of the block, in turn.
    static constexpr unsigned kScalars = 8;
    Value scalars_[kScalars];
    unsigned next_scalar_ = 0;
};

}  // namespace pydbt::ir
