#include "translator/opt/dead.hpp"

namespace pydbt::opt {
namespace {

using ir::Inst;
using ir::kNone;
using ir::Op;

void unlink(ir::Function& f, ir::Block& block, Inst& i) {
    if (i.prev == kNone) {
        block.first = i.next;
    } else {
        f.insts[i.prev].next = i.next;
    }
    if (i.next == kNone) {
        block.last = i.prev;
    } else {
        f.insts[i.next].prev = i.prev;
    }
    for (ir::Value arg : i.args) {
        if (arg != kNone) f.insts[arg].uses--;
    }
}

// Registers that are set again further down before anything can look.
struct Overwritten {
    uint64_t x = 0, v = 0;
    bool flags = false;

    bool test_and_set(uint64_t& set, int64_t n) {
        uint64_t bit = uint64_t{1} << n;
        bool was = (set & bit) != 0;
        set |= bit;
        return was;
    }
    bool overwrites(const Inst& i) {
        switch (i.op) {
            case Op::set_x: return test_and_set(x, i.imm);
            case Op::set_v: return test_and_set(v, i.imm);
            case Op::set_flags: {
                bool was = flags;
                flags = true;
                return was;
            }
            default: return false;
        }
    }
    void read(const Inst& i) {
        switch (i.op) {
            case Op::get_x: x &= ~(uint64_t{1} << i.imm); break;
            case Op::get_v: v &= ~(uint64_t{1} << i.imm); break;
            case Op::get_flags: flags = false; break;
            default: break;
        }
    }
};

void eliminate(ir::Function& f, ir::Block& block) {
    constexpr uint16_t kObserves = ir::kLoad | ir::kStore | ir::kFault | ir::kCall | ir::kEnd;
    Overwritten overwritten;
    for (uint32_t at = block.last; at != kNone;) {
        Inst& i = f.insts[at];
        at = i.prev;
        uint16_t effects = info(i.op).effects;
        bool dead = overwritten.overwrites(i);
        bool removable = (effects & (ir::kPure | ir::kRead)) != 0 && (effects & ir::kRaises) == 0;
        if (removable && i.uses == 0 && i.op != Op::param) dead = true;
        if (dead) {
            unlink(f, block, i);
            continue;
        }
        overwritten.read(i);
        if ((effects & kObserves) != 0) overwritten = {};
    }
}

}  // namespace

void eliminate_dead(ir::Function& f) {
    for (ir::Block& block : f.blocks) eliminate(f, block);
}

}  // namespace pydbt::opt
