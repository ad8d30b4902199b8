// Tier 1's pass: one function, block by block, instruction by instruction.
//
// Owns: the order of the pass, dispatch to emitters. Must not know: what any instruction becomes.
#include "translator/x64/tier1.hpp"

#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {

bool Compiler::compile(const ir::Function& f, std::span<uint8_t> buffer, CodeBlock& out) {
    f_ = &f;
    insts_ = f.insts.data();
    out_ = &out;
    out.clear();
    a_.start(buffer.data(), buffer.size());
    begin_function();
    for (uint32_t b = 0; b < f.blocks.size(); b++) {
        if (!inlined_[b]) compile_block(b);
        if (a_.overflowed()) return false;
    }
    out.cold = a_.offset();
    cold_paths();
    out.constants = a_.offset();
    constants();
    out.size = a_.offset();
    return !a_.overflowed() && !out_of_slots_;
}

void Compiler::begin_function() {
    locs_.resize(std::max(locs_.size(), f_->insts.size()));
    labels_.assign(f_->blocks.size(), Label{});
    inlined_.assign(f_->blocks.size(), false);
    cold_.clear();
    pool_.clear();
    carried_.clear();
    is_carried_.reset();
    out_of_slots_ = false;
    gp_clock_ = xmm_clock_ = 0;
    insn_ = 0xffff;
}

void Compiler::compile_block(uint32_t index) {
    forget_all();
    a_.bind(labels_[index]);
    looping_ = index == 0 && find_loop();
    if (looping_) enter_loop();
    unsigned params = 0;
    for (uint32_t n = f_->blocks[index].first; n != kNone; n = insts_[n].next) {
        const Inst& i = insts_[n];
        if (i.insn != insn_) {
            insn_ = i.insn;
            out_->insn_map.push_back({a_.offset(), insn_});
        }
        if (n == skipped_) {
            skipped_ = kNone;
            continue;
        }
        if (i.op == Op::param) {
            init(n, i.type == Type::v128 || i.type == Type::f32 || i.type == Type::f64);
            locs_[n].spill = static_cast<uint8_t>(kParamSlots + params++);
            continue;
        }
        // The head has made it.
        if (i.op == Op::get_x && is_carried_[kGuestX + static_cast<size_t>(i.imm)]) continue;
        if (i.op == Op::get_v && is_carried_[kGuestV + static_cast<size_t>(i.imm)]) continue;
        emit(i);
    }
}

void Compiler::emit(const Inst& i) {
    bool is_xmm =
        i.type == Type::v128 || i.type == Type::f16 || i.type == Type::f32 || i.type == Type::f64;
    init(at(i), is_xmm);
    switch (i.op) {
#define PYDBT_EMIT(name) \
    case Op::name: emit_##name(i); break;
        PYDBT_IR_OPS(PYDBT_EMIT)
#undef PYDBT_EMIT
    }
    end_inst(i);
}

Tier1::Tier1(const HostFeatures& host, unsigned most_registers, bool is_system)
    : compiler_(std::make_unique<Compiler>(host, most_registers, is_system)) {}
Tier1::~Tier1() = default;

bool Tier1::compile(const ir::Function& f, std::span<uint8_t> buffer, CodeBlock& out) {
    return compiler_->compile(f, buffer, out);
}

}  // namespace pydbt::x64
