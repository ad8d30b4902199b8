#include "translator/ir/verifier.hpp"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "translator/base/state.gen.hpp"

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

// The bits of an argument's type, or 0.
unsigned width(const Function& f, const Inst& i, unsigned n) {
    return i.args[n] == kNone ? 0 : bits(f.insts[i.args[n]].type);
}

bool in(int64_t v, int64_t low, int64_t high) { return v >= low && v <= high; }

// imm = lsb | width << 8 names a field of `bits` bits.
bool is_field(int64_t imm, unsigned bits) {
    int64_t lsb = imm & 0xff, count = imm >> 8;
    return lsb < bits && in(count, 1, bits - lsb);
}

// What an addressing mode adds to a base.
bool is_displacement(const Inst& i) { return i.scale <= 4 && i.imm == static_cast<int32_t>(i.imm); }

bool is_state(int64_t offset, unsigned bits) {
    return offset >= 0 && offset % (bits / 8) == 0 &&
           offset + bits / 8 <= static_cast<int64_t>(sizeof(base::CpuState));
}

// Sizes that vector ops have, as log2 of bytes.
bool is_vector_size(const Inst& i) {
    unsigned size = i.size;
    switch (i.op) {
        case Op::vrev16: return size == 0;
        case Op::vrev32: return size <= 1;
        case Op::vrev64:
        case Op::vxtn:
        case Op::vuxtl:
        case Op::vsxtl:
        case Op::vmull_u:
        case Op::vmull_s:
        case Op::vsqxtn:
        case Op::vuqxtn:
        case Op::vsqxtun:
        case Op::vsaddlp:
        case Op::vuaddlp: return size <= 2;
        case Op::vfcvtl:
        case Op::vfcvtn:
        case Op::vdmulh:
        case Op::vrdmulh: return in(size, 1, 2);
        case Op::vfmlal: return size == 0;
        case Op::vblend: return in(size, 2, 3);
        case Op::vsqadd:
        case Op::vuqadd:
        case Op::vsqsub:
        case Op::vuqsub:
        case Op::vurhadd: return size <= 1;
        case Op::vfneg:
        case Op::vfabs: return in(size, 1, 3);
        default: {
            bool arithmetic = i.type == Type::v128 && has(i.op, kRaises);  // on floats
            return size <= 3 && (!arithmetic || size >= 1);
        }
    }
}

// Whether the attributes of an instruction whose arguments are right are in their ranges.
bool attributes_fit(const Function& f, const Inst& i) {
    constexpr int64_t kModes = 6, kConditions = 16;
    unsigned w = width(f, i, 0), size = 8u << (i.size & 7);
    if (static_cast<int64_t>(i.cc) >= kConditions) return false;
    switch (i.op) {
        case Op::get_x:
        case Op::set_x: return in(i.imm, 0, 31);
        case Op::get_v:
        case Op::set_v: return in(i.imm, 0, 32);
        case Op::get_state: return is_state(i.imm, bits(i.type));
        case Op::set_state: return is_state(i.imm, w);
        case Op::sign_pointer: return is_state(i.imm, 64) && is_state(i.imm + 8, 64);
        case Op::const_: return i.type == Type::i64 || in(i.imm, 0, 0xffffffff);
        case Op::flags_imm: return in(i.imm, 0, 15);
        case Op::extr: return in(i.imm, 0, w - 1);
        case Op::ubfx:
        case Op::sbfx:
        case Op::bfi: return is_field(i.imm, w);
        case Op::crc32:
        case Op::crc32c: return size <= width(f, i, 1);
        case Op::load:
        case Op::load_s:
        case Op::load_excl: return is_displacement(i) && size <= bits(i.type);
        case Op::load_v:
        case Op::store_v: return is_displacement(i) && i.size <= 4;
        case Op::store: return is_displacement(i) && size <= width(f, i, 2);
        case Op::check_address: return i.size <= 4 && in(i.imm, 0, 3);
        case Op::copy_bytes:
        case Op::fill_bytes: return in(i.imm, 0, 31);
        case Op::fence: return in(i.imm, 0, 2);
        case Op::call_helper:
        case Op::call_vhelper: return in(i.imm, 0, base::kHelperCount - 1);
        case Op::frint: return in(i.imm, 0, kModes - 1);
        case Op::fmadd: return in(i.imm, 0, 3);
        case Op::vfmla: return in(i.imm, 0, 1) && is_vector_size(i);
        case Op::vfrint: return in(i.imm, 0, kModes - 1) && is_vector_size(i);
        case Op::vfcvt_s:
        case Op::vfcvt_u:
            return in(i.imm & 0xff, 0, kModes - 1) && in(i.imm >> 8, 0, size) && is_vector_size(i);
        case Op::vs_cvt_f:
        case Op::vu_cvt_f: return in(i.imm, 0, size) && is_vector_size(i);
        case Op::fcvt_s:
        case Op::fcvt_u: return in(i.imm & 0xff, 0, kModes - 1) && in(i.imm >> 8, 0, bits(i.type));
        case Op::s_cvt_f:
        case Op::u_cvt_f: return in(i.imm, 0, w);
        case Op::bitcast: return w == bits(i.type);
        case Op::vdup_lane:
        case Op::vget_u:
        case Op::vget_s:
        case Op::vset_lane: return i.size <= 3 && i.scale < 16 >> i.size;
        case Op::vins_lane:
            return i.size <= 3 && i.scale < 16 >> i.size && in(i.imm, 0, (16 >> i.size) - 1);
        case Op::vshl: return i.size <= 3 && in(i.imm, 0, size - 1);
        case Op::vushr:
        case Op::vsshr: return i.size <= 3 && in(i.imm, 0, size);
        case Op::vror: return in(i.size, 2, 3) && in(i.imm, 0, size - 1);
        case Op::vclmul: return i.flags <= 1;
        case Op::vsha1: return in(i.imm, 0, 2);
        case Op::vext: return in(i.imm, 0, 15);
        default: break;
    }
    if (has(i.op, kLoad) || has(i.op, kStore)) {  // atomics, of 16 bytes or of an operand's width
        unsigned operand = width(f, i, 1);
        bool sixteen = i.type == Type::v128 || operand == 128;
        return sixteen || (i.size <= 3 && size <= operand);
    }
    return has(i.op, kEnd) || is_vector_size(i);
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
        if (block.params > (b == 0 ? 0 : kMostParams))
            fail("bb%" PRIu32 ": too many parameters", b);
        if (block.first == kNone) return fail("bb%" PRIu32 ": empty", b);
        uint32_t params = 0;
        for (uint32_t at = block.first; at != kNone && error_.empty(); at = f_.insts[at].next) {
            if (at >= f_.insts.size()) return fail("bb%" PRIu32 ": broken list", b);
            const Inst& i = f_.insts[at];
            if (home_[at] != kNone) return fail("v%" PRIu32 ": in two places", at);
            if ((i.op == Op::param) != (params < block.params)) {
                return fail("v%" PRIu32 ": parameters are not what the block's count says", at);
            }
            params += i.op == Op::param;
            bool last = at == block.last;
            if (has(i.op, kEnd) != last) fail("bb%" PRIu32 ": terminator not last or missing", b);
            inst(b, at, i);
            home_[at] = b;
        }
    }

    void inst(uint32_t b, Value at, const Inst& i) {
        const OpInfo& op = info(i.op);
        if (!matches(op.result, i.type)) fail("v%" PRIu32 ": %s with a wrong type", at, op.name);
        Type common = Type::none;
        for (unsigned n = 0; n < 3; n++) argument(b, at, i, op, n, common);
        bool inferred =
            op.result == Kind::int_ || op.result == Kind::float_ || op.result == Kind::any;
        if (inferred && !op.result_given && i.type != common) {
            fail("v%" PRIu32 ": %s whose type is not its arguments'", at, op.name);
        }
        if (!error_.empty()) return;
        if (!attributes_fit(f_, i))
            fail("v%" PRIu32 ": %s with an attribute out of range", at, op.name);
        if (needs_insn(i) && i.insn >= f_.insns.size()) {
            fail("v%" PRIu32 ": %s belongs to no guest instruction", at, op.name);
        }
        if (i.op == Op::jump || i.op == Op::br) {
            int64_t count = i.op == Op::br ? 2 : 1;
            for (int64_t n = 0; n < count; n++) edge(b, i.imm + n);
        }
    }

    // What may leave with the guest's pc.
    static bool needs_insn(const Inst& i) {
        return has(i.op, kLoad) || has(i.op, kStore) || has(i.op, kCall) ||
               i.op == Op::exit_exception;
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
        bool shared =
            kind == Kind::int_ || kind == Kind::float_ || (kind == Kind::any && !optional);
        if (!shared) return;
        if (common != Type::none && common != type) {
            fail("v%" PRIu32 ": %s with arguments of different types", at, op.name);
        }
        common = type;
    }

    bool defined(uint32_t b, Value v) const {
        if (v >= f_.insts.size() || home_[v] == kNone || f_.insts[v].type == Type::none)
            return false;
        return !local_ || home_[v] == b || f_.insts[v].op == Op::const_;
    }

    void edge(uint32_t b, int64_t index) {
        if (index < 0 || static_cast<size_t>(index) >= f_.edges.size()) {
            return fail("bb%" PRIu32 ": an edge that is not there", b);
        }
        const Edge& e = f_.edges[static_cast<size_t>(index)];
        if (e.block >= f_.blocks.size())
            return fail("bb%" PRIu32 ": to a block that is not there", b);
        if (size_t{e.args_begin} + e.args_count > f_.edge_args.size()) {
            return fail("bb%" PRIu32 ": edge arguments that are not there", b);
        }
        if (e.args_count != f_.blocks[e.block].params) {
            return fail("bb%" PRIu32 ": edge and parameters differ in number", b);
        }
        uint32_t to = f_.blocks[e.block].first;
        for (uint32_t n = 0; n < e.args_count; n++, to = f_.insts[to].next) {
            if (to >= f_.insts.size()) return fail("bb%" PRIu32 ": broken list", e.block);
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

std::string verify(const Function& f, bool local_values) { return Verifier(f, local_values).run(); }

}  // namespace pydbt::ir
