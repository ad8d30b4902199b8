#include "translator/opt/loop.hpp"

namespace pydbt::opt {
namespace {

using ir::Inst;
using ir::kNone;
using ir::Op;

bool returns(const ir::Function& f, const Inst& i) {
    return i.op == Op::exit_direct && static_cast<uint64_t>(i.imm) == f.pc;
}

bool branches_to_itself(const ir::Function& f) {
    const Inst& end = f.insts[f.blocks[0].last];
    if (end.op != Op::br) return returns(f, end);
    for (size_t n = 0; n < 2; n++) {
        const ir::Block& to = f.blocks[f.edges[static_cast<size_t>(end.imm) + n].block];
        if (to.first == to.last && returns(f, f.insts[to.first])) return true;
    }
    return false;
}

void prepend(ir::Function& f, ir::Block& block, Op op, ir::Type type, unsigned n) {
    Inst i = {
        op, type,  ir::Cond::al, 0, 0, 0, 0, {kNone, kNone, kNone}, 0, f.insts[block.first].insn,
        n,  kNone, block.first};
    auto at = static_cast<ir::Value>(f.insts.size());
    f.insts[block.first].prev = at;
    block.first = at;
    f.insts.push_back(i);
}

}  // namespace

void read_at_head(ir::Function& f) {
    if (!branches_to_itself(f)) return;
    ir::Block& block = f.blocks[0];
    uint64_t read_x = 0, read_v = 0, set_x = 0, set_v = 0;
    for (uint32_t n = block.first; n != kNone; n = f.insts[n].next) {
        const Inst& i = f.insts[n];
        uint64_t bit = uint64_t{1} << (i.imm & 63);
        if (i.op == Op::get_x) read_x |= bit;
        if (i.op == Op::get_v) read_v |= bit;
        if (i.op == Op::set_x || i.op == Op::copy_bytes || i.op == Op::fill_bytes) set_x |= bit;
        if (i.op == Op::set_v) set_v |= bit;
    }
    for (unsigned n = 0; n < 64; n++) {
        if ((set_x & ~read_x) >> n & 1) prepend(f, block, Op::get_x, ir::Type::i64, n);
        if ((set_v & ~read_v) >> n & 1) prepend(f, block, Op::get_v, ir::Type::v128, n);
    }
}

}  // namespace pydbt::opt
