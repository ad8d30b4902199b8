#include "translator/a64/lifter.hpp"

#include <algorithm>

namespace pydbt::a64 {
namespace {

// Instructions of a block whose accesses are checked: a check is long.
constexpr size_t kMostChecked = 16;

// Whether a value that SP gets is a multiple of 16 because `known`, or what SP was at the block's
// start, is one.
bool keeps_sp_aligned(const ir::Builder& b, ir::Value v, ir::Value known) {
    for (;;) {
        const ir::Inst& i = b.inst(v);
        if (v == known || (i.op == ir::Op::get_x && i.imm == 31)) return true;
        bool sum = i.op == ir::Op::add || i.op == ir::Op::sub;
        if (!(sum || i.op == ir::Op::and_) || !b.is_const(i.args[1])) return false;
        if (b.const_value(i.args[1]) % 16 != 0) return false;
        if (!sum) return true;
        v = i.args[0];
    }
}

// SP where kKeySpKept says that it is aligned: looked at where it may be so no longer.
class KeptSp {
   public:
    explicit KeptSp(ir::Builder& b) : b_(b), kept_((b.key() & kKeySpKept) != 0) {}

    /// Before an instruction, whatever it is: what the last one did is done.
    void check() {
        if (!suspect_) return;
        suspect_ = false;
        b_.check_address(known_, 4, ir::kCheckStoreAlignment);
    }
    /// After one.
    void look(ir::Value before) {
        ir::Value now = b_.known_x(31);
        if (!kept_ || now == before || now == ir::kNone) return;
        suspect_ = !keeps_sp_aligned(b_, now, known_);
        known_ = now;
    }
    /// At the end of a block's words, which goes on at `next`.
    void finish(uint64_t next) {
        if (suspect_) {
            uint32_t leave = b_.new_block(), stay = b_.new_block();
            b_.br(ir::Cond::ne, b_.and_flags(known_, b_.i64(15)), leave, stay);
            b_.switch_to(leave);
            b_.exit_direct(static_cast<int64_t>(next), ir::kExitContext);
            b_.switch_to(stay);
        }
        b_.exit_direct(static_cast<int64_t>(next));
    }

   private:
    ir::Builder& b_;
    bool kept_, suspect_ = false;
    ir::Value known_ = ir::kNone;  // what SP is: aligned, or to be looked at
};

void lift_words(ir::Function& f, uint64_t pc, std::span<const uint32_t> words,
                const Features& features, PageKind page) {
    Lifter lifter(f, features, page);
    lifter.b.switch_to(lifter.b.new_block());
    bool checks_sp = (f.key & kKeySpAlign) != 0;
    bool leaves = checks_sp && !lifter.is_system();  // where SP is set
    ir::Value aligned_sp = ir::kNone;
    KeptSp sp(lifter.b);
    for (uint32_t word : words) {
        lifter.b.begin_insn(pc);
        sp.check();
        ir::Value before = leaves ? lifter.b.get_x(31) : lifter.b.known_x(31);
        if (checks_sp && is_sp_access(word) && lifter.b.get_x(31) != aligned_sp) {
            aligned_sp = lifter.b.get_x(31);
            lifter.b.check_address(aligned_sp, 4, ir::kCheckStoreAlignment);
        }
        if (f.check_tags && is_tag_unchecked(word)) lifter.b.uncheck();
        Step step = lifter.fp_traps(word) ? lifter.undefined(word) : lifter.dispatch(word);
        if (step == Step::end) return;
        if (leaves && lifter.b.known_x(31) != before) {
            static_cast<void>(lifter.leave_context());
            return;
        }
        sp.look(before);
        pc += 4;
    }
    sp.finish(pc);
}

}  // namespace

void lift_block(ir::Function& f, uint64_t pc, std::span<const uint32_t> words,
                const Features& features, uint32_t key, PageKind page) {
    f.pc = pc;
    f.key = key;
    f.align_all = (key & kKeyAlign) != 0;
    f.within_16 = features.has(Feature::LSE2) && !f.align_all;
    f.is_system = (key & kKeySystem) != 0;
    f.check_tags = (key & kKeyTags) != 0;
    if (f.check_tags) words = words.first(std::min(words.size(), kMostChecked));
    lift_words(f, pc, words, features, page);
}

void lift_breakpoint(ir::Function& f, uint64_t pc, uint32_t key) {
    f.pc = pc;
    f.key = key;
    ir::Builder b(f);
    b.switch_to(b.new_block());
    b.begin_insn(pc);
    b.exit_exception(static_cast<int64_t>(ir::Exception::breakpoint));
}

Step Lifter::undefined(uint32_t word) {
    if (is_system()) return privileged(word);
    return exception(ir::Exception::undefined, word);
}

Step Lifter::exception(ir::Exception reason, uint32_t payload) {
    b.exit_exception(static_cast<int64_t>(uint64_t{payload} << 16 | static_cast<uint64_t>(reason)));
    return Step::end;
}

Step Lifter::leave_context() {
    b.exit_direct(static_cast<int64_t>(pc() + 4), ir::kExitContext);
    return Step::end;
}

Step Lifter::branch_to(uint64_t target) {
    b.exit_direct(static_cast<int64_t>(target), target <= pc() ? ir::kExitPoll : 0);
    return Step::end;
}

Step Lifter::branch_if(ir::Cond cc, Value flags, uint64_t target) {
    uint32_t taken = b.new_block();
    uint32_t other = b.new_block();
    uint64_t from = pc();
    b.br(cc, flags, taken, other);
    b.switch_to(taken);
    b.exit_direct(static_cast<int64_t>(target), target <= from ? ir::kExitPoll : 0);
    b.switch_to(other);
    b.exit_direct(static_cast<int64_t>(from + 4));
    return Step::end;
}

ir::Value Lifter::shift(Value v, unsigned kind, unsigned amount) {
    if (amount == 0) return v;
    Value n = b.const_(b.type_of(v), amount);
    switch (kind) {
        case 0: return b.shl(v, n);
        case 1: return b.lshr(v, n);
        case 2: return b.ashr(v, n);
        default: return b.ror(v, n);
    }
}

ir::Value Lifter::extend(bool sf, unsigned n, unsigned option, unsigned amount) {
    Value v = r(sf, n);
    unsigned width = 8u << (option & 3);
    if (width < (sf ? 64u : 32u)) {
        int64_t field = static_cast<int64_t>(width) << 8;
        v = option < 4 ? b.ubfx(v, field) : b.sbfx(v, field);
    }
    return shift(v, 0, amount);
}

void Lifter::add_sub(bool sf, bool sub, bool flags, Value n, Value m, unsigned rd, bool rd_is_sp) {
    static_cast<void>(sf);
    Value nzcv = ir::kNone;
    Value result = ir::kNone;
    if (rd != 31 || rd_is_sp) result = sub ? b.sub(n, m) : b.add(n, m);
    if (flags) nzcv = sub ? b.sub_flags(n, m) : b.add_flags(n, m);
    if (result != ir::kNone) set_rsp(rd, result);
    if (flags) b.set_flags(nzcv);
}

void Lifter::logical(bool flags, unsigned rd, Value result, bool rd_is_sp) {
    Value nzcv = flags ? b.and_flags(result, result) : ir::kNone;
    if (rd != 31 || rd_is_sp) set_rsp(rd, result);
    if (flags) b.set_flags(nzcv);
}

}  // namespace pydbt::a64
