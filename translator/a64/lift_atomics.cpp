// Exclusives, ordered loads and stores, atomic read-modify-write (Arm ARM C4.1.91).
//
// Owns: lifts of the patterns of spec/a64/atomics.py. Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"

namespace pydbt::a64 {
namespace {

unsigned load_order(uint32_t acquire) { return acquire ? ir::kAcquire : 0; }
unsigned store_order(uint32_t release) { return release ? ir::kRelease : 0; }
template <class Args>
unsigned both(const Args& a) {
    return load_order(a.a) | store_order(a.r);
}

constexpr unsigned kAcquirePc = ir::kAcquire | ir::kRcpc;

}  // namespace

// SWP, LDADD and the like (bit 31 says 128 bits or not); CAS; CASP.
bool is_atomic(uint32_t word) {
    return (word & 0x3b200c00) == 0x38200000 || (word & 0xff200c00) == 0x19200000 ||
           (word & 0x3fa07c00) == 0x08a07c00 || (word & 0xbfa07c00) == 0x08207c00;
}

// ---- exclusives

Step Lifter::lift_LDXR(const Args_LDXR& a) {
    Value v = b.load_excl(type(a.size == 3), xsp(a.rn), a.size, load_order(a.o0));
    set_r(a.rt, v);
    return Step::next;
}

// The monitor has an address that was accessed, so without its tag (TBI). A store to another one
// does not access it, and so is not found to be tagged either: its address is always compared
// untagged.
ir::Value Lifter::monitored(unsigned rn, unsigned size) {
    if (b.checks()) b.check(xsp(rn), size, true, true);
    b.uncheck();
    return b.untagged(xsp(rn));
}

Step Lifter::lift_STXR(const Args_STXR& a) {
    Value status =
        b.store_excl(monitored(a.rn, a.size), r(a.size == 3, a.rt), a.size, store_order(a.o0));
    set_r(a.rs, status);
    return Step::next;
}

// A pair of words is one doubleword in memory, a pair of doublewords 16 bytes.
Step Lifter::lift_LDXP(const Args_LDXP& a) {
    if (a.sz) {
        Value pair = b.load_excl128(xsp(a.rn), load_order(a.o0));
        set_x(a.rt, b.vget_u(pair, 0, 3));
        set_x(a.rt2, b.vget_u(pair, 1, 3));
    } else {
        Value pair = b.load_excl(ir::Type::i64, xsp(a.rn), 3, load_order(a.o0));
        set_x(a.rt, b.ubfx(pair, 0 | 32 << 8));
        set_x(a.rt2, b.lshr(pair, b.i64(32)));
    }
    return Step::next;
}

Step Lifter::lift_STXP(const Args_STXP& a) {
    Value status = ir::kNone;
    if (a.sz) {
        Value pair = b.v_concat(x(a.rt), x(a.rt2));
        status = b.store_excl128(monitored(a.rn, 4), pair, store_order(a.o0));
    } else {
        Value pair = b.bfi(x(a.rt), x(a.rt2), 32 | 32 << 8);
        status = b.store_excl(monitored(a.rn, 3), pair, 3, store_order(a.o0));
    }
    set_r(a.rs, status);
    return Step::next;
}

// ---- ordered: aligned, or within 16 aligned bytes with FEAT_LSE2

ir::Value Lifter::load_ordered(unsigned size, unsigned opc, unsigned rn, int64_t disp,
                               unsigned order) {
    return load_register(size, opc, {xsp(rn), ir::kNone, 0, disp}, order, ir::kAligned);
}
Step Lifter::store_ordered(unsigned size, unsigned rt, unsigned rn, int64_t disp) {
    b.store(xsp(rn), ir::kNone, r(size == 3, rt), 0, disp, size, ir::kRelease, ir::kAligned);
    return Step::next;
}

Step Lifter::lift_LDAR(const Args_LDAR& a) {
    set_x(a.rt, load_ordered(a.size, 1, a.rn, 0, ir::kAcquire));
    return Step::next;
}
Step Lifter::lift_LDLAR(const Args_LDLAR& a) {
    set_x(a.rt, load_ordered(a.size, 1, a.rn, 0, ir::kAcquire));
    return Step::next;
}
Step Lifter::lift_LDAPR(const Args_LDAPR& a) {
    set_x(a.rt, load_ordered(a.size, 1, a.rn, 0, kAcquirePc));
    return Step::next;
}
Step Lifter::lift_LDAPUR(const Args_LDAPUR& a) {
    set_x(a.rt, load_ordered(a.size, a.opc, a.rn, a.imm, kAcquirePc));
    return Step::next;
}
Step Lifter::lift_STLR(const Args_STLR& a) { return store_ordered(a.size, a.rt, a.rn, 0); }
Step Lifter::lift_STLLR(const Args_STLLR& a) { return store_ordered(a.size, a.rt, a.rn, 0); }
Step Lifter::lift_STLUR(const Args_STLUR& a) { return store_ordered(a.size, a.rt, a.rn, a.imm); }

// ---- FEAT_LRCPC3. A register that is both address and loaded keeps the address, as in pairs.

Step Lifter::lift_LDAPR_post(const Args_LDAPR_post& a) {
    Value base = xsp(a.rn);
    set_x(a.rt, load_ordered(2 + a.sz, 1, a.rn, 0, kAcquirePc));
    b.set_x(a.rn, b.add(base, b.i64(uint64_t{4} << a.sz)));
    return Step::next;
}
Step Lifter::lift_STLR_pre(const Args_STLR_pre& a) {
    Value at = b.sub(xsp(a.rn), b.i64(uint64_t{4} << a.sz));
    b.store(at, ir::kNone, r(a.sz, a.rt), 0, 0, 2 + a.sz, ir::kRelease, ir::kAligned);
    b.set_x(a.rn, at);
    return Step::next;
}

// A pair is one access.
Step Lifter::lift_LDIAPP(const Args_LDIAPP& a) {
    Value base = xsp(a.rn);
    Value first, second;
    if (a.sz) {
        Value pair = b.load_v(base, ir::kNone, 0, 0, 4, kAcquirePc, ir::kAligned);
        first = b.vget_u(pair, 0, 3);
        second = b.vget_u(pair, 1, 3);
    } else {
        Value pair = load_ordered(3, 1, a.rn, 0, kAcquirePc);
        first = b.ubfx(pair, 0 | 32 << 8);
        second = b.lshr(pair, b.i64(32));
    }
    set_x(a.rt2, second);
    set_x(a.rt, first);
    if (!a.fixed) b.set_x(a.rn, b.add(base, b.i64(uint64_t{8} << a.sz)));
    return Step::next;
}
Step Lifter::lift_STILP(const Args_STILP& a) {
    Value at = a.fixed ? xsp(a.rn) : b.sub(xsp(a.rn), b.i64(uint64_t{8} << a.sz));
    if (a.sz) {
        Value pair = b.v_concat(x(a.rt), x(a.rt2));
        b.store_v(at, ir::kNone, pair, 0, 0, 4, ir::kRelease, ir::kAligned);
    } else {
        Value pair = b.bfi(x(a.rt), x(a.rt2), 32 | 32 << 8);
        b.store(at, ir::kNone, pair, 0, 0, 3, ir::kRelease, ir::kAligned);
    }
    if (!a.fixed) b.set_x(a.rn, at);
    return Step::next;
}

Step Lifter::lift_LDST_ordered_v(const Args_LDST_ordered_v& a) {
    unsigned size = a.size | (a.opc & 2) << 1;
    Value at = xsp(a.rn);
    if (a.opc & 1) {
        b.set_v(a.rt, b.load_v(at, ir::kNone, 0, a.imm, size, kAcquirePc, ir::kAligned));
    } else {
        b.store_v(at, ir::kNone, b.get_v(a.rt), 0, a.imm, size, ir::kRelease, ir::kAligned);
    }
    return Step::next;
}
Step Lifter::lift_LDAP1(const Args_LDAP1& a) {
    Value v = load_ordered(3, 1, a.rn, 0, kAcquirePc);
    b.set_v(a.rt, b.vset_lane(b.get_v(a.rt), v, a.q, 3));
    return Step::next;
}
Step Lifter::lift_STL1(const Args_STL1& a) {
    Value v = b.vget_u(b.get_v(a.rt), a.q, 3);
    b.store(xsp(a.rn), ir::kNone, v, 0, 0, 3, ir::kRelease, ir::kAligned);
    return Step::next;
}

// ---- read-modify-write

Step Lifter::lift_CAS(const Args_CAS& a) {
    bool wide = a.size == 3;
    set_r(a.rs, b.atomic_cas(xsp(a.rn), r(wide, a.rs), r(wide, a.rt), a.size, both(a)));
    return Step::next;
}

Step Lifter::lift_CASP(const Args_CASP& a) {
    unsigned rs2 = a.rs + 1, rt2 = a.rt + 1;
    if (a.sz) {
        Value expected = b.v_concat(x(a.rs), x(rs2));
        Value desired = b.v_concat(x(a.rt), x(rt2));
        Value old = b.atomic_cas128(xsp(a.rn), expected, desired, both(a));
        set_x(a.rs, b.vget_u(old, 0, 3));
        set_x(rs2, b.vget_u(old, 1, 3));
    } else {
        constexpr int64_t kHigh = 32 | 32 << 8;
        Value expected = b.bfi(x(a.rs), x(rs2), kHigh);
        Value desired = b.bfi(x(a.rt), x(rt2), kHigh);
        Value old = b.atomic_cas(xsp(a.rn), expected, desired, 3, both(a));
        set_x(a.rs, b.ubfx(old, 0 | 32 << 8));
        set_x(rs2, b.lshr(old, b.i64(32)));
    }
    return Step::next;
}

void Lifter::atomic(unsigned size, unsigned order, unsigned rs, unsigned rn, unsigned rt,
                    Value (ir::Builder::*op)(Value, Value, unsigned, unsigned)) {
    set_r(rt, (b.*op)(xsp(rn), r(size == 3, rs), size, order));
}

Step Lifter::lift_LDADD(const Args_LDADD& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_add);
    return Step::next;
}
Step Lifter::lift_LDCLR(const Args_LDCLR& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_clr);
    return Step::next;
}
Step Lifter::lift_LDEOR(const Args_LDEOR& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_eor);
    return Step::next;
}
Step Lifter::lift_LDSET(const Args_LDSET& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_set);
    return Step::next;
}
Step Lifter::lift_LDSMAX(const Args_LDSMAX& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_smax);
    return Step::next;
}
Step Lifter::lift_LDSMIN(const Args_LDSMIN& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_smin);
    return Step::next;
}
Step Lifter::lift_LDUMAX(const Args_LDUMAX& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_umax);
    return Step::next;
}
Step Lifter::lift_LDUMIN(const Args_LDUMIN& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_umin);
    return Step::next;
}
Step Lifter::lift_SWP(const Args_SWP& a) {
    atomic(a.size, both(a), a.rs, a.rn, a.rt, &ir::Builder::atomic_swp);
    return Step::next;
}

// ---- 16 bytes (FEAT_LSE128)

void Lifter::atomic128(unsigned order, unsigned rt, unsigned rt2, unsigned rn,
                       Value (ir::Builder::*op)(Value, Value, unsigned)) {
    Value old = (b.*op)(xsp(rn), b.v_concat(x(rt), x(rt2)), order);
    set_x(rt, b.vget_u(old, 0, 3));
    set_x(rt2, b.vget_u(old, 1, 3));
}
Step Lifter::lift_SWPP(const Args_SWPP& a) {
    atomic128(both(a), a.rt, a.rt2, a.rn, &ir::Builder::atomic_swp128);
    return Step::next;
}
Step Lifter::lift_LDCLRP(const Args_LDCLRP& a) {
    atomic128(both(a), a.rt, a.rt2, a.rn, &ir::Builder::atomic_clr128);
    return Step::next;
}
Step Lifter::lift_LDSETP(const Args_LDSETP& a) {
    atomic128(both(a), a.rt, a.rt2, a.rn, &ir::Builder::atomic_set128);
    return Step::next;
}

}  // namespace pydbt::a64
