#include "translator/ir/interpreter.hpp"

#include <immintrin.h>

#include <atomic>
#include <cstring>

#include "translator/base/flags.hpp"
#include "translator/base/pauth.hpp"
#include "translator/base/tags.hpp"
#include "translator/ir/eval.hpp"
#include "translator/ir/interpreter_parts.hpp"

namespace pydbt::ir {
namespace {

using base::CpuState;
using base::V128;

// A value: integers zero-extended in lo, flags as NZCV in bits 3:0 of lo, FP bits in lo.
using Slot = V128;

class Interpreter {
   public:
    Interpreter(const Function& f, CpuState& s, std::span<const Watch> watches, Memory* memory)
        : f_(f), s_(s), watches_(watches), memory_(memory) {}

    void run() {
        uint32_t at = f_.blocks[0].first;
        while (at != kNone) {
            const Inst& i = f_.insts[at];
            at = info(i.op).effects & kEnd ? leave(i)
                                           : (values_[at] = step(i), left_ ? kNone : i.next);
        }
    }

   private:
    const Slot& arg(const Inst& i, unsigned n) const { return values_[i.args[n]]; }
    uint64_t lo(const Inst& i, unsigned n) const {
        return i.args[n] == kNone ? 0 : values_[i.args[n]].lo;
    }
    unsigned width(const Inst& i, unsigned n) const { return bits(f_.insts[i.args[n]].type); }
    uint64_t pc(const Inst& i) const { return f_.insns[i.insn]; }

    Slot step(const Inst& i) {
        uint64_t result = 0;
        if (i.args[0] != kNone && has(i.op, kPure) &&
            evaluate(i, width(i, 0), lo(i, 0), lo(i, 1), lo(i, 2), result)) {
            return {result, 0};
        }
        if (has(i.op, kPure)) return pure(i);
        if (has(i.op, kLoad) || has(i.op, kStore)) {
            s_.pc = pc(i);
            return access(i);
        }
        if (has(i.op, kFault)) return check(i);
        if (has(i.op, kCall)) return call(i);
        return state(i);
    }

    Slot pure(const Inst& i) {
        switch (i.op) {
            case Op::const_:
            case Op::guest_addr:
            case Op::flags_imm: return {static_cast<uint64_t>(i.imm), 0};
            case Op::param: return values_[&i - f_.insts.data()];
            case Op::select:
            case Op::select_flags:
                return holds(i.cc, static_cast<uint32_t>(lo(i, 0))) ? arg(i, 1) : arg(i, 2);
            case Op::bitcast: return arg(i, 0);
            case Op::v_to_f: return {arg(i, 0).lo & (~uint64_t{0} >> (64 - bits(i.type))), 0};
            case Op::f_to_v: return {lo(i, 0), 0};
            default: break;
        }
        Operands o{.a = i.args[0] == kNone ? Slot{} : arg(i, 0),
                   .b = i.args[1] == kNone ? Slot{} : arg(i, 1),
                   .c = i.args[2] == kNone ? Slot{} : arg(i, 2),
                   .width = i.args[0] == kNone ? 0 : width(i, 0)};
        Slot result{};
        if (!evaluate_vector(i, o, result)) evaluate_float(i, o, s_, result);
        return result;
    }

    // Earlier instructions' state is stored, this one's is not: the block can be left here.
    Slot check(const Inst& i) {
        if (i.op == Op::check_address) return check_address(i);
        if (base::is_canonical(lo(i, 0), i.flags != 0)) return {};
        s_.pc = pc(i);
        s_.exit_reason = static_cast<uint32_t>(Exception::authentication);
        s_.exit_imm = 0;
        left_ = true;
        return {};
    }

    Slot check_address(const Inst& i) {
        uint64_t address = lo(i, 0), at = 0;
        s_.pc = pc(i);
        if (i.imm == kCheckLoadAlignment || i.imm == kCheckStoreAlignment) {
            bool wrong = misaligned(address, i.size);
            if (wrong && memory_ != nullptr) {
                memory_->misaligned(s_, {address, 1u << i.size, true, false, false, false});
                left_ = true;
            } else if (wrong) {
                not_aligned(address, i.imm == kCheckStoreAlignment);
            }
        } else if (base::tags_differ(s_, address, uint64_t{1} << i.size, at)) {
            s_.exit_reason = static_cast<uint32_t>(Exception::tag_check);
            s_.exit_imm = static_cast<uint32_t>(i.imm);
            s_.fault_address = at;
            left_ = true;
        }
        return {};
    }

    void not_aligned(uint64_t address, bool stores) {
        s_.exit_reason = static_cast<uint32_t>(Exception::alignment_fault);
        s_.exit_imm = static_cast<uint32_t>(stores ? kCheckStore : kCheckLoad);
        s_.fault_address = address;
        left_ = true;
    }

    Slot state(const Inst& i) {
        auto n = static_cast<size_t>(i.imm);
        switch (i.op) {
            case Op::get_x: return {n == 31 ? s_.sp : s_.x[n], 0};
            case Op::set_x: (n == 31 ? s_.sp : s_.x[n]) = lo(i, 0); return {};
            case Op::get_v: return s_.v[n];
            case Op::set_v: s_.v[n] = arg(i, 0); return {};
            case Op::get_flags: return {base::nzcv_from_flags(s_.nzcv), 0};
            case Op::set_flags:
                s_.nzcv = base::flags_from_nzcv(static_cast<uint32_t>(lo(i, 0)));
                return {};
            case Op::get_state: {
                uint64_t v = 0;
                std::memcpy(&v, reinterpret_cast<const char*>(&s_) + n, bits(i.type) / 8);
                return {v, 0};
            }
            case Op::set_state: {
                uint64_t v = lo(i, 0);
                std::memcpy(reinterpret_cast<char*>(&s_) + n, &v, width(i, 0) / 8);
                return {};
            }
            case Op::sign_pointer: {
                V128 key;
                std::memcpy(&key, reinterpret_cast<const char*>(&s_) + n, sizeof key);
                return {base::sign_pointer(lo(i, 0), lo(i, 1), key, i.flags != 0), 0};
            }
            case Op::get_fpcr: return {s_.fpcr, 0};
            case Op::clear_excl: open_monitor(); return {};
            case Op::fence: std::atomic_thread_fence(std::memory_order_seq_cst); return {};
            default: __builtin_unreachable();
        }
    }

    // ---- calls

    uint64_t helper(base::HelperId id, uint64_t a, uint64_t b = 0, uint64_t c = 0) {
        auto f = reinterpret_cast<base::IntHelper>(s_.helpers[static_cast<size_t>(id)]);
        return f(&s_, a, b, c);
    }

    Slot call(const Inst& i) {
        switch (i.op) {
            case Op::read_sysreg:
                return {helper(base::HelperId::read_sysreg, static_cast<uint64_t>(i.imm)), 0};
            case Op::write_sysreg:
                helper(base::HelperId::write_sysreg, static_cast<uint64_t>(i.imm), lo(i, 0));
                return {};
            case Op::get_fpsr: return {helper(base::HelperId::get_fpsr, 0), 0};
            case Op::set_fpsr: helper(base::HelperId::set_fpsr, lo(i, 0)); return {};
            case Op::set_fpcr: helper(base::HelperId::set_fpcr, lo(i, 0)); return {};
            case Op::call_helper:
                return {helper(static_cast<base::HelperId>(i.imm), lo(i, 0), lo(i, 1), lo(i, 2)),
                        0};
            case Op::call_vhelper: {
                for (unsigned n = 0; n < 3; n++) {
                    if (i.args[n] != kNone) s_.vtmp[n] = arg(i, n);
                }
                reinterpret_cast<base::VectorHelper>(s_.helpers[static_cast<size_t>(i.imm)])(
                    &s_, i.flags);
                return s_.vtmp[0];
            }
            default: __builtin_unreachable();
        }
    }

    // ---- memory

    uint64_t address(const Inst& i) const {
        switch (i.op) {
            case Op::load:
            case Op::load_s:
            case Op::load_v:
            case Op::store:
            case Op::store_v:
                return lo(i, 0) + (lo(i, 1) << i.scale) + static_cast<uint64_t>(i.imm);
            default: return lo(i, 0);
        }
    }

    // Any address is fine here, null too: a fault is the guest's, so the sanitizer does not look.
    template <class T>
    [[gnu::no_sanitize("null")]] static T read(uint64_t address) {
        T v;
        std::memcpy(&v, reinterpret_cast<const void*>(address), sizeof v);
        return v;
    }
    template <class T>
    [[gnu::no_sanitize("null")]] static void write(uint64_t address, T v) {
        std::memcpy(reinterpret_cast<void*>(address), &v, sizeof v);
    }

    // In one access, which is single where it is aligned (Intel SDM volume 3A, 9.1.1).
    [[gnu::no_sanitize("null")]] static V128 read16(uint64_t at) {
        __m128i v = *reinterpret_cast<const __m128i_u*>(at);
        V128 result;
        std::memcpy(&result, &v, sizeof v);
        return result;
    }
    [[gnu::no_sanitize("null")]] static void write16(uint64_t at, V128 value) {
        __m128i v;
        std::memcpy(&v, &value, sizeof v);
        *reinterpret_cast<__m128i_u*>(at) = v;
    }

    static uint64_t read_sized(uint64_t at, unsigned size) {
        switch (size) {
            case 0: return read<uint8_t>(at);
            case 1: return read<uint16_t>(at);
            case 2: return read<uint32_t>(at);
            default: return read<uint64_t>(at);
        }
    }
    static void write_sized(uint64_t at, unsigned size, uint64_t v) {
        switch (size) {
            case 0: return write(at, static_cast<uint8_t>(v));
            case 1: return write(at, static_cast<uint16_t>(v));
            case 2: return write(at, static_cast<uint32_t>(v));
            default: return write(at, v);
        }
    }

    static bool is_16_bytes(Op op) {
        switch (op) {
            case Op::atomic_cas128:
            case Op::atomic_swp128:
            case Op::atomic_clr128:
            case Op::atomic_set128:
            case Op::load_excl128:
            case Op::store_excl128: return true;
            default: return false;
        }
    }
    bool misaligned(uint64_t at, unsigned size) const {
        if ((at & ((1u << size) - 1)) == 0) return false;
        return !f_.within_16 || (at & 15) + (1u << size) > 16;
    }

    // Byte by byte. The register that counts is changed behind each, so that a fault finds how far
    // it came; the compiler must not see that nobody else looks.
    Slot bulk(const Inst& i) {
        uint64_t& count = i.imm == 31 ? s_.sp : s_.x[i.imm];
        auto left = static_cast<int64_t>(lo(i, 2));
        bool fills = i.op == Op::fill_bytes;
        while (left < 0 || (left > 0 && !fills)) {
            auto at = static_cast<uint64_t>(left < 0 ? left : left - 1);
            auto byte = static_cast<uint8_t>(lo(i, 1));
            if (!watches_.empty() && (is_watched(lo(i, 0) + at, 1, false, true) ||
                                      (!fills && is_watched(lo(i, 1) + at, 1, true, false)))) {
                break;
            }
            if (memory_ == nullptr) {
                write(lo(i, 0) + at, fills ? byte : read<uint8_t>(lo(i, 1) + at));
            } else if (!move_byte(lo(i, 0) + at, lo(i, 1) + at, fills, byte)) {
                left_ = true;
                break;
            }
            left += left < 0 ? 1 : -1;
            count = static_cast<uint64_t>(left);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            if (std::atomic_ref<uint32_t>(s_.poll).load(std::memory_order_relaxed) != 0) break;
        }
        return {static_cast<uint64_t>(left), 0};
    }

    // One byte of a copy or a set, of a guest whose memory is elsewhere. False: it faulted.
    bool move_byte(uint64_t to, uint64_t from, bool fills, uint8_t byte) {
        V128 value{byte, 0};
        if (!fills && !read_elsewhere({from, 1, true, false, false, false}, value)) return false;
        return write_elsewhere({to, 1, false, true, false, false}, value);
    }

    bool read_elsewhere(const Access& a, V128& value) {
        uint64_t host = memory_->reach(s_, a);
        if (host == 0) return s_.exit_reason == 0 && memory_->load(s_, a, value);
        value = {};
        std::memcpy(&value, reinterpret_cast<const void*>(host), a.bytes);
        return true;
    }
    bool write_elsewhere(const Access& a, const V128& value) {
        uint64_t host = memory_->reach(s_, a);
        if (host == 0) return s_.exit_reason == 0 && memory_->store(s_, a, value);
        std::memcpy(reinterpret_cast<void*>(host), &value, a.bytes);
        return true;
    }

    // What reach() did not: plain accesses; others it does or they fault.
    Slot access_elsewhere(const Inst& i, const Access& a) {
        V128 value{};
        if (a.atomic || s_.exit_reason != 0) {
            left_ = true;
        } else if (a.stores) {
            value = i.op == Op::store_v ? arg(i, 2) : V128{lo(i, 2), 0};
            left_ = !memory_->store(s_, a, value);
            value = {};
        } else {
            left_ = !memory_->load(s_, a, value);
            if (i.op == Op::load_s) value = {sign_extended(i, value.lo), 0};
        }
        return value;
    }

    static uint64_t sign_extended(const Inst& i, uint64_t value) {
        unsigned shift = 64 - (8u << i.size);
        auto v = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
        return i.type == Type::i32 ? static_cast<uint32_t>(v) : v;
    }

    Slot access(const Inst& i) {
        if (i.op == Op::copy_bytes || i.op == Op::fill_bytes) return bulk(i);
        uint64_t at = address(i);
        bool plain = i.op == Op::load || i.op == Op::load_s || i.op == Op::load_v ||
                     i.op == Op::store || i.op == Op::store_v;
        unsigned size = is_16_bytes(i.op) ? 4 : i.size;
        if (memory_ != nullptr) {
            bool unprivileged = plain && (i.flags & kUnprivileged) != 0;
            Access a{at, 1u << size, has(i.op, kLoad), has(i.op, kStore), !plain, unprivileged};
            bool aligned = !plain || (i.flags & kAligned) != 0;
            if (aligned && misaligned(at, size)) {
                a.loads = !only_stores(i.op);
                memory_->misaligned(s_, a);
                left_ = true;
                return {};
            }
            guest_ = at;
            at = memory_->reach(s_, a);
            if (at == 0) return access_elsewhere(i, a);
            return access_at(i, at, size);
        }
        if ((!plain || (i.flags & kAligned) != 0) && misaligned(at, size)) {
            not_aligned(at, only_stores(i.op));
            return {};
        }
        if (!watches_.empty()) {
            bool loads = has(i.op, kLoad), stores = has(i.op, kStore);
            if (is_watched(at, uint64_t{1} << size, loads, stores)) return {};
        }
        guest_ = at;
        return access_at(i, at, size);
    }

    // At a host address.
    Slot access_at(const Inst& i, uint64_t at, unsigned size) {
        switch (i.op) {
            case Op::load: return {read_sized(at, i.size), 0};
            case Op::load_s: return {sign_extended(i, read_sized(at, i.size)), 0};
            case Op::load_v: return i.size == 4 ? read16(at) : Slot{read_sized(at, i.size), 0};
            case Op::store:
                write_sized(at, i.size, lo(i, 2));
                if ((i.order & kRelease) != 0) std::atomic_thread_fence(std::memory_order_seq_cst);
                return {};
            case Op::store_v:
                if (i.size == 4) {
                    write16(at, arg(i, 2));
                } else {
                    write_sized(at, i.size, arg(i, 2).lo);
                }
                if ((i.order & kRelease) != 0) std::atomic_thread_fence(std::memory_order_seq_cst);
                return {};
            case Op::atomic_cas128: return cas16(at, arg(i, 1), arg(i, 2));
            case Op::atomic_swp128:
            case Op::atomic_clr128:
            case Op::atomic_set128: return atomic16(i.op, at, arg(i, 1));
            case Op::load_excl:
            case Op::load_excl128: return load_exclusive(at, size);
            case Op::store_excl:
            case Op::store_excl128: return store_exclusive(i, at, size);
            default: return atomic(i, at);
        }
    }

    bool is_watched(uint64_t at, uint64_t bytes, bool loads, bool stores) {
        for (const Watch& watch : watches_) {
            if (!((loads && watch.reads) || (stores && watch.writes))) continue;
            if (at >= watch.end || watch.begin >= at + bytes) continue;
            s_.exit_reason = static_cast<uint32_t>(Exception::watchpoint);
            s_.exit_imm = static_cast<uint32_t>(&watch - watches_.data());
            left_ = true;
            return true;
        }
        return false;
    }

    // ---- atomics: one loop of compare-and-swap serves every operation

    static bool cas(uint64_t at, unsigned size, uint64_t& expected, uint64_t desired) {
        auto attempt = [&]<class T>(T) {
            auto e = static_cast<T>(expected);
            bool done =
                __atomic_compare_exchange_n(reinterpret_cast<T*>(at), &e, static_cast<T>(desired),
                                            false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
            expected = e;
            return done;
        };
        switch (size) {
            case 0: return attempt(uint8_t{});
            case 1: return attempt(uint16_t{});
            case 2: return attempt(uint32_t{});
            default: return attempt(uint64_t{});
        }
    }

    [[gnu::no_sanitize("null")]] static V128 cas16(uint64_t at, V128 expected, V128 desired) {
        asm volatile("lock cmpxchg16b %0"
                     : "+m"(*reinterpret_cast<V128*>(at)), "+a"(expected.lo), "+d"(expected.hi)
                     : "b"(desired.lo), "c"(desired.hi)
                     : "cc", "memory");
        return expected;
    }

    static V128 atomic16(Op op, uint64_t at, V128 v) {
        V128 old = read16(at);
        for (;;) {
            V128 now = v;
            if (op == Op::atomic_clr128) now = {old.lo & ~v.lo, old.hi & ~v.hi};
            if (op == Op::atomic_set128) now = {old.lo | v.lo, old.hi | v.hi};
            V128 seen = cas16(at, old, now);
            if (seen == old) return old;
            old = seen;
        }
    }

    static uint64_t combine(Op op, uint64_t old, uint64_t v, unsigned size) {
        unsigned shift = 64 - (8u << size);
        auto x = static_cast<int64_t>(old << shift), y = static_cast<int64_t>(v << shift);
        uint64_t u = old << shift, w = v << shift;
        switch (op) {
            case Op::atomic_add: return old + v;
            case Op::atomic_clr: return old & ~v;
            case Op::atomic_eor: return old ^ v;
            case Op::atomic_set: return old | v;
            case Op::atomic_smax: return x > y ? old : v;
            case Op::atomic_smin: return x < y ? old : v;
            case Op::atomic_umax: return u > w ? old : v;
            case Op::atomic_umin: return u < w ? old : v;
            default: return v;  // atomic_swp
        }
    }

    Slot atomic(const Inst& i, uint64_t at) {
        uint64_t mask = i.size == 3 ? ~uint64_t{0} : (uint64_t{1} << (8u << i.size)) - 1;
        if (i.op == Op::atomic_cas) {
            uint64_t expected = lo(i, 1) & mask;
            cas(at, i.size, expected, lo(i, 2));
            return {expected, 0};
        }
        uint64_t old = read_sized(at, i.size);
        while (!cas(at, i.size, old, combine(i.op, old, lo(i, 1), i.size) & mask)) {
        }
        return {old, 0};
    }

    void open_monitor() {
        s_.excl_addr = ~uint64_t{0};
        s_.excl_size = 0;
    }

    Slot load_exclusive(uint64_t at, unsigned size) {
        Slot v = size == 4 ? read16(at) : Slot{read_sized(at, size), 0};
        s_.excl_addr = guest_;
        s_.excl_size = 1u << size;
        s_.excl_lo = v.lo;
        s_.excl_hi = v.hi;
        return v;
    }

    Slot store_exclusive(const Inst& i, uint64_t at, unsigned size) {
        bool holds = s_.excl_addr == guest_ && s_.excl_size == 1u << size;
        uint64_t expected = s_.excl_lo;
        V128 pair{s_.excl_lo, s_.excl_hi};
        bool stored = false;
        if (holds && size == 4) {
            stored = cas16(at, pair, arg(i, 1)) == pair;
        } else if (holds) {
            stored = cas(at, size, expected, lo(i, 1));
        }
        open_monitor();
        return {stored ? 0u : 1u, 0};
    }

    // ---- control

    uint32_t take(const Edge& e) {
        Slot moved[kMostParams];
        for (uint32_t n = 0; n < e.args_count; n++)
            moved[n] = values_[f_.edge_args[e.args_begin + n]];
        uint32_t first = f_.blocks[e.block].first;
        uint32_t at = first;
        for (uint32_t n = 0; n < e.args_count; n++) {
            values_[at] = moved[n];
            at = f_.insts[at].next;
        }
        return at;
    }

    uint32_t leave(const Inst& i) {
        switch (i.op) {
            case Op::jump: return take(f_.edges[static_cast<size_t>(i.imm)]);
            case Op::br: {
                bool taken = holds(i.cc, static_cast<uint32_t>(lo(i, 0)));
                return take(f_.edges[static_cast<size_t>(i.imm) + (taken ? 0 : 1)]);
            }
            case Op::exit_direct:
            case Op::exit_call: s_.pc = static_cast<uint64_t>(i.imm); return kNone;
            case Op::exit_indirect:
            case Op::exit_call_indirect: s_.btype = i.flags; [[fallthrough]];
            case Op::exit_ret: s_.pc = lo(i, 0); return kNone;
            default: {
                auto reason = static_cast<uint32_t>(i.imm & 0xffff);
                bool behind = reason == static_cast<uint32_t>(Exception::svc) ||
                              reason == static_cast<uint32_t>(Exception::wait);
                s_.pc = pc(i) + (behind ? 4 : 0);
                s_.exit_reason = reason;
                s_.exit_imm = static_cast<uint32_t>(i.imm >> 16);
                return kNone;
            }
        }
    }

    const Function& f_;
    CpuState& s_;
    std::span<const Watch> watches_;
    Memory* memory_;
    uint64_t guest_ = 0;  // address of the access that is being made
    bool left_ = false;
    Slot values_[kMostValues];
};

}  // namespace

void interpret(const Function& f, base::CpuState& state, std::span<const Watch> watches,
               Memory* memory) {
    Interpreter(f, state, watches, memory).run();
}

}  // namespace pydbt::ir
