// Memory tagging (FEAT_MTE): tags of addresses, tags of memory.
//
// Owns: lifts of the patterns of spec/a64/mte.py, which accesses are not checked. Must not know:
// the host, the encodings.
//
// Loads and stores of tags are not checked themselves, and what they access is addressed without a
// tag. Where tags are is the environment's: before it is asked, an access shows that memory is
// there and can be written.
#include "translator/a64/lifter.hpp"
#include "translator/base/tags.hpp"

namespace pydbt::a64 {
namespace {

constexpr int64_t helper(base::HelperId id) { return static_cast<int64_t>(id); }
constexpr int64_t kTagField = base::kTagShift | 4 << 8;  // bfi's, ubfx's
constexpr unsigned kPost = 1, kPre = 3;
constexpr unsigned kQuad = 4;  // log2 of a granule's bytes

}  // namespace

// LDR (immediate) has `wback || n != 31`, others `n != 31`, those with an index register TRUE
// (Arm ARM C6.2 and C7.2, `tagchecked`).
bool is_tag_unchecked(uint32_t word) {
    auto bits = [&](unsigned from, unsigned width) { return word >> from & ((1u << width) - 1); };
    bool is_access = (bits(25, 4) & 5) == 4;  // loads and stores: bits 28:25 are x1x0
    if (!is_access || bits(5, 5) != 31) return false;
    switch (bits(27, 3)) {
        case 5: return (bits(23, 2) & 1) == 0;  // pairs; idx 1 and 3 write back
        case 7: {
            if (bits(24, 1) == 1) return true;              // unsigned offset
            if (bits(21, 1) == 0) return bits(10, 1) == 0;  // imm9; 01 and 11 write back
            if (bits(10, 2) == 2) return false;             // register
            return bits(10, 1) == 0 || bits(11, 1) == 0;    // atomics; LDRAA, bit 11 writes back
        }
        case 1: return bits(26, 1) == 0 || bits(23, 1) == 0;  // exclusives; structures
        case 3: {
            bool lrcpc3 = bits(26, 1) == 0 && bits(24, 1) == 1 && bits(10, 2) == 2;
            return !lrcpc3 || bits(12, 1) == 1;  // pairs without write-back
        }
        default: return true;
    }
}

// ---- general registers

Step Lifter::lift_ADDG(const Args_ADDG& a) {
    Value offset = b.i64(uint64_t{a.imm} << base::kGranuleShift);
    Value sum = a.sub ? b.sub(xsp(a.rn), offset) : b.add(xsp(a.rn), offset);
    Value address = b.bfi(sum, b.lshr(xsp(a.rn), b.i64(base::kTagShift)), kTagField);
    b.set_x(a.rd, b.call_helper(address, b.i64(a.tag), ir::kNone, helper(base::HelperId::add_tag)));
    return Step::next;
}

Step Lifter::lift_SUBP(const Args_SUBP& a) {
    Value n = b.untagged(xsp(a.rn)), m = b.untagged(xsp(a.rm));
    if (a.flags) b.set_flags(b.sub_flags(n, m));
    set_x(a.rd, b.sub(n, m));
    return Step::next;
}

Step Lifter::lift_IRG(const Args_IRG& a) {
    b.set_x(a.rd, b.call_helper(xsp(a.rn), x(a.rm), ir::kNone, helper(base::HelperId::random_tag)));
    return Step::next;
}

Step Lifter::lift_GMI(const Args_GMI& a) {
    Value tag = b.ubfx(xsp(a.rn), kTagField);
    set_x(a.rd, b.or_(x(a.rm), b.shl(b.i64(1), tag)));
    return Step::next;
}

// ---- memory

void Lifter::set_tags(Value address, unsigned granules, Value tagged) {
    static_cast<void>(
        b.call_helper(address, b.i64(granules), tagged, helper(base::HelperId::set_tags)));
}

Step Lifter::lift_STG(const Args_STG& a) {
    b.uncheck();
    Value base = xsp(a.rn), moved = b.add(base, b.i64(static_cast<uint64_t>(int64_t{a.imm} * 16)));
    Value tagged = a.idx == kPost ? base : moved;
    Value at = b.untagged(tagged);
    unsigned granules = a.two ? 2 : 1;
    b.check_address(tagged, kQuad, ir::kCheckStoreAlignment);
    for (unsigned n = 0; n < granules; n++) {
        if (a.zero) {
            b.store_v(at, ir::kNone, b.vzero(), 0, 16 * n, kQuad);
        } else {
            static_cast<void>(b.atomic_add(b.add(at, b.i64(16 * n)), b.i64(0), 0, 0));  // writable?
        }
    }
    set_tags(at, granules, xsp(a.rt));
    if (a.idx == kPost || a.idx == kPre) b.set_x(a.rn, moved);
    return Step::next;
}

Step Lifter::lift_STGP(const Args_STGP& a) {
    b.uncheck();
    Value base = xsp(a.rn), moved = b.add(base, b.i64(static_cast<uint64_t>(int64_t{a.imm} * 16)));
    Value tagged = a.idx == kPost ? base : moved;
    Value at = b.untagged(tagged);
    b.check_address(tagged, kQuad, ir::kCheckStoreAlignment);
    b.store_v(at, ir::kNone, b.v_concat(x(a.rt), x(a.rt2)), 0, 0, kQuad);
    set_tags(at, 1, tagged);
    if (a.idx == kPost || a.idx == kPre) b.set_x(a.rn, moved);
    return Step::next;
}

Step Lifter::lift_LDG(const Args_LDG& a) {
    b.uncheck();
    Value address = b.add(xsp(a.rn), b.i64(static_cast<uint64_t>(int64_t{a.imm} * 16)));
    Value at = b.untagged(b.and_(address, b.i64(~(base::kGranule - 1))));
    static_cast<void>(b.load(ir::Type::i64, at, ir::kNone, 0, 0, 0));  // readable?
    Value tag = b.call_helper(at, ir::kNone, ir::kNone, helper(base::HelperId::get_tag));
    set_x(a.rt, b.bfi(x(a.rt), tag, kTagField));
    return Step::next;
}

}  // namespace pydbt::a64
