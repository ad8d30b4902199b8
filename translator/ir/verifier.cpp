#include "translator/ir/verifier.hpp"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

namespace pydbt::ir {
namespace {

bool matches(Kind kind, Type type) {
    switch (kind) {
        case Kind::any: return type != Type::none;
        case Kind::int_: return type == Type::i32 || type == Type::i64;
        case Kind::float_: return type == Type::f16 || type == Type::f32 || type == Type::f64;
        default: return static_cast<unsigned>(kind) == static_cast<unsigned>(type);
    }
}

class Verifier {
   public:
    Verifier(const Function& f, bool local) : f_(f), local_(local), home_(f.insts.size(), kNone) {}

    std::string run() {
        if (f_.blocks.empty()) fail("no blocks");
        for (uint32_t b = 0; b < f_.blocks.size() && error_.empty(); b++) block(b);
        return std::move(error_);
    }

   private:
    __attribute__((format(printf, 2, 3))) void fail(const char* format, ...) {
        if (!error_.empty()) return;
        char text[200];
        va_list args;
        va_start(args, format);
        std::vsnprintf(text, sizeof text, format, args);
        va_end(args);
        error_ = text;
    }

    void block(uint32_t b) {
        const Block& block = f_.blocks[b];
        if (block.first == kNone) return fail("bb%" PRIu32 ": empty", b);
        uint32_t params = 0;
        for (uint32_t at = block.first; at != kNone && error_.empty(); at = f_.insts[at].next) {
            if (at >= f_.insts.size()) return fail("bb%" PRIu32 ": broken list", b);
            const Inst& i = f_.insts[at];
            if (home_[at] != kNone) return fail("v%" PRIu32 ": in two places", at);
            home_[at] = b;
            if (i.op == Op::param && params++ >= block.params) fail("v%" PRIu32 ": a stray parameter", at);
            bool last = at == block.last;
            if (has(i.op, kEnd) != last) fail("bb%" PRIu32 ": terminator not last or missing", b);
            inst(b, at, i);
        }
    }

    void inst(uint32_t b, Value at, const Inst& i) {
        const OpInfo& op = info(i.op);
        if (!matches(op.result, i.type)) fail("v%" PRIu32 ": %s with a wrong type", at, op.name);
        Type common = Type::none;
        for (unsigned n = 0; n < 3; n++) argument(b, at, i, op, n, common);
        bool inferred = op.result == Kind::int_ || op.result == Kind::float_ || op.result == Kind::any;
        if (inferred && !op.result_given && i.type != common) {
            fail("v%" PRIu32 ": %s whose type is not its arguments'", at, op.name);
        }
        if (i.op == Op::jump || i.op == Op::br) {
            int64_t count = i.op == Op::br ? 2 : 1;
            for (int64_t n = 0; n < count; n++) edge(b, i.imm + n);
        }
    }

    void argument(uint32_t b, Value at, const Inst& i, const OpInfo& op, unsigned n, Type& common) {
        Value arg = i.args[n];
        bool optional = (op.optional >> n & 1) != 0;
        if (arg == kNone) {
            if (n < op.args && !optional) fail("v%" PRIu32 ": %s lacks an argument", at, op.name);
            return;
        }
        if (n >= op.args) return fail("v%" PRIu32 ": %s has too many arguments", at, op.name);
        if (!defined(b, arg)) return fail("v%" PRIu32 ": uses v%" PRIu32 " out of place", at, arg);
        Type type = f_.insts[arg].type;
        Kind kind = op.arg[n];
        if (!matches(kind, type)) fail("v%" PRIu32 ": %s with a wrong argument %u", at, op.name, n);
        bool shared = kind == Kind::int_ || kind == Kind::float_ || (kind == Kind::any && !optional);
        if (!shared) return;
        if (common != Type::none && common != type) {
            fail("v%" PRIu32 ": %s with arguments of different types", at, op.name);
        }
        common = type;
    }

    bool defined(uint32_t b, Value v) const {
        if (v >= f_.insts.size() || home_[v] == kNone || f_.insts[v].type == Type::none) return false;
        return !local_ || home_[v] == b || f_.insts[v].op == Op::const_;
    }

    void edge(uint32_t b, int64_t index) {
        if (index < 0 || static_cast<size_t>(index) >= f_.edges.size()) {
            return fail("bb%" PRIu32 ": an edge that is not there", b);
        }
        const Edge& e = f_.edges[static_cast<size_t>(index)];
        if (e.block >= f_.blocks.size()) return fail("bb%" PRIu32 ": to a block that is not there", b);
        if (e.args_count != f_.blocks[e.block].params) {
            return fail("bb%" PRIu32 ": edge and parameters differ in number", b);
        }
        uint32_t to = f_.blocks[e.block].first;
        for (uint32_t n = 0; n < e.args_count; n++, to = f_.insts[to].next) {
            Value arg = f_.edge_args[e.args_begin + n];
            if (!defined(b, arg)) return fail("bb%" PRIu32 ": an edge argument out of place", b);
            if (f_.insts[arg].type != f_.insts[to].type) {
                return fail("bb%" PRIu32 ": an edge argument of a wrong type", b);
            }
        }
    }

    const Function& f_;
    bool local_;
    std::vector<uint32_t> home_;  // the block of each value met so far
    std::string error_;
};

}  // namespace

std::string verify(const Function& f, bool local_values) {
    return Verifier(f, local_values).run();
}

}  // namespace pydbt::ir
