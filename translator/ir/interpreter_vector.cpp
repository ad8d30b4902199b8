#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "translator/ir/interpreter_parts.hpp"
#include "translator/ir/lanes.hpp"

namespace pydbt::ir {
namespace {

template <class T, class F>
V128 pairs(const V128& a, const V128& b, F f) {
    auto x = Lanes<T>::of(a), y = Lanes<T>::of(b);
    Lanes<T> r;
    constexpr unsigned kHalf = Lanes<T>::kCount / 2;
    for (unsigned n = 0; n < kHalf; n++) {
        r.e[n] = static_cast<T>(f(x.e[2 * n], x.e[2 * n + 1]));
        r.e[n + kHalf] = static_cast<T>(f(y.e[2 * n], y.e[2 * n + 1]));
    }
    return r.pack();
}

template <class T, class F>
V128 across(const V128& a, F f) {
    auto x = Lanes<T>::of(a);
    T v = x.e[0];
    for (unsigned n = 1; n < x.kCount; n++) v = static_cast<T>(f(v, x.e[n]));
    Lanes<T> r{};
    r.e[0] = v;
    return r.pack();
}

// Shifts by what may be the width or more; the sign fills from the left.
template <class T>
T shift_right(T x, unsigned n) {
    constexpr unsigned kBits = 8 * sizeof(T);
    if (n >= kBits) return static_cast<T>(x < 0 ? -1 : 0);
    return static_cast<T>(x >> n);
}
template <class T>
T shift_left(T x, unsigned n) {
    constexpr unsigned kBits = 8 * sizeof(T);
    if (n >= kBits) return 0;
    return static_cast<T>(static_cast<uint64_t>(x) << n);
}

// USHL and SSHL: by the signed low byte of the other element (Arm ARM C7, SSHL).
template <class T>
V128 shift_register(const V128& a, const V128& b) {
    return each<T>(a, b, [](T x, T y) {
        int n = static_cast<int8_t>(y);
        return n >= 0 ? shift_left(x, static_cast<unsigned>(n))
                      : shift_right(x, static_cast<unsigned>(-n));
    });
}

template <class T>
V128 permute(Op op, const V128& a, const V128& b) {
    auto x = Lanes<T>::of(a), y = Lanes<T>::of(b);
    Lanes<T> r;
    constexpr unsigned kN = Lanes<T>::kCount;
    for (unsigned n = 0; n < kN; n++) {
        unsigned half = n / 2;
        switch (op) {
            case Op::vzip1: r.e[n] = (n & 1 ? y : x).e[half]; break;
            case Op::vzip2: r.e[n] = (n & 1 ? y : x).e[half + kN / 2]; break;
            case Op::vuzp1: r.e[n] = (n < kN / 2 ? x : y).e[2 * n % kN]; break;
            case Op::vuzp2: r.e[n] = (n < kN / 2 ? x : y).e[2 * n % kN + 1]; break;
            case Op::vtrn1: r.e[n] = (n & 1 ? y : x).e[n & ~1u]; break;
            default: r.e[n] = (n & 1 ? y : x).e[n | 1]; break;  // vtrn2
        }
    }
    return r.pack();
}

template <class T>
V128 reverse(const V128& a, unsigned group_bits) {
    auto x = Lanes<T>::of(a);
    Lanes<T> r;
    unsigned group = std::max<unsigned>(1, group_bits / 8 / sizeof(T));
    for (unsigned n = 0; n < x.kCount; n++)
        r.e[n] = x.e[n / group * group + (group - 1 - n % group)];
    return r.pack();
}

// The signed type of elements comes as T; unsigned ops cast.
template <class T>
bool elementwise(const Inst& i, const V128& a, const V128& b, V128& r) {
    using U = std::make_unsigned_t<T>;
    constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(T) - 1));
    auto n = static_cast<unsigned>(i.imm);
    auto all = [](bool v) { return v ? -1 : 0; };
    auto larger = [](auto x, auto y) { return x > y ? x : y; };
    auto smaller = [](auto x, auto y) { return x < y ? x : y; };
    auto sum = [](U x, U y) { return static_cast<U>(uint64_t{x} + y); };
    switch (i.op) {
        case Op::vadd: r = each<U>(a, b, sum); break;
        case Op::vsub: r = each<U>(a, b, [](U x, U y) { return uint64_t{x} - y; }); break;
        case Op::vmul: r = each<U>(a, b, [](U x, U y) { return uint64_t{x} * y; }); break;
        case Op::vcmeq: r = each<T>(a, b, [&](T x, T y) { return all(x == y); }); break;
        case Op::vcmgt: r = each<T>(a, b, [&](T x, T y) { return all(x > y); }); break;
        case Op::vcmge: r = each<T>(a, b, [&](T x, T y) { return all(x >= y); }); break;
        case Op::vcmhi: r = each<U>(a, b, [&](U x, U y) { return all(x > y); }); break;
        case Op::vcmhs: r = each<U>(a, b, [&](U x, U y) { return all(x >= y); }); break;
        case Op::vcmtst: r = each<T>(a, b, [&](T x, T y) { return all((x & y) != 0); }); break;
        case Op::vsmin: r = each<T>(a, b, smaller); break;
        case Op::vsmax: r = each<T>(a, b, larger); break;
        case Op::vumin: r = each<U>(a, b, smaller); break;
        case Op::vumax: r = each<U>(a, b, larger); break;
        case Op::vneg: r = each<U>(a, a, [](U x, U) { return uint64_t{0} - x; }); break;
        case Op::vabs:
            r = each<U>(a, a, [](U x, U) { return static_cast<T>(x) < 0 ? uint64_t{0} - x : x; });
            break;
        case Op::vshl: r = each<U>(a, a, [&](U x, U) { return shift_left(x, n); }); break;
        case Op::vushr: r = each<U>(a, a, [&](U x, U) { return shift_right(x, n); }); break;
        case Op::vsshr: r = each<T>(a, a, [&](T x, T) { return shift_right(x, n); }); break;
        case Op::vushl: r = shift_register<U>(a, b); break;
        case Op::vsshl: r = shift_register<T>(a, b); break;
        case Op::vzip1:
        case Op::vzip2:
        case Op::vuzp1:
        case Op::vuzp2:
        case Op::vtrn1:
        case Op::vtrn2: r = permute<U>(i.op, a, b); break;
        case Op::vrev16: r = reverse<U>(a, 16); break;
        case Op::vrev32: r = reverse<U>(a, 32); break;
        case Op::vrev64: r = reverse<U>(a, 64); break;
        case Op::vaddp: r = pairs<U>(a, b, sum); break;
        case Op::vsmaxp: r = pairs<T>(a, b, larger); break;
        case Op::vsminp: r = pairs<T>(a, b, smaller); break;
        case Op::vumaxp: r = pairs<U>(a, b, larger); break;
        case Op::vuminp: r = pairs<U>(a, b, smaller); break;
        case Op::vaddv: r = across<U>(a, sum); break;
        case Op::vsmaxv: r = across<T>(a, larger); break;
        case Op::vsminv: r = across<T>(a, smaller); break;
        case Op::vumaxv: r = across<U>(a, larger); break;
        case Op::vuminv: r = across<U>(a, smaller); break;
        case Op::vfneg: r = each<U>(a, a, [](U x, U) { return static_cast<U>(x ^ kSign); }); break;
        case Op::vfabs: r = each<U>(a, a, [](U x, U) { return static_cast<U>(x & ~kSign); }); break;
        case Op::vclz: r = each<U>(a, a, [](U x, U) { return std::countl_zero(x); }); break;
        default: return false;
    }
    return true;
}

template <class Narrow, class Wide>
V128 widen(const V128& a) {
    auto x = Lanes<Narrow>::of(a);
    Lanes<Wide> r;
    for (unsigned n = 0; n < r.kCount; n++) r.e[n] = static_cast<Wide>(x.e[n]);
    return r.pack();
}

template <class Narrow, class Wide>
bool across_widths(const Inst& i, const V128& a, const V128& b, V128& r) {
    using SN = std::make_signed_t<Narrow>;
    using SW = std::make_signed_t<Wide>;
    switch (i.op) {
        case Op::vuxtl: r = widen<Narrow, Wide>(a); return true;
        case Op::vsxtl: r = widen<SN, SW>(a); return true;
        case Op::vxtn: {
            auto x = Lanes<Wide>::of(a);
            Lanes<Narrow> l{};
            for (unsigned n = 0; n < x.kCount; n++) l.e[n] = static_cast<Narrow>(x.e[n]);
            r = l.pack();
            return true;
        }
        case Op::vmull_u:
            r = each<Wide>(widen<Narrow, Wide>(a), widen<Narrow, Wide>(b),
                           [](Wide x, Wide y) { return uint64_t{x} * y; });
            return true;
        case Op::vmull_s:
            r = each<SW>(widen<SN, SW>(a), widen<SN, SW>(b),
                         [](SW x, SW y) { return int64_t{x} * y; });
            return true;
        default: return false;
    }
}

uint64_t lane_mask(const Inst& i) {
    return i.size == 3 ? ~uint64_t{0} : (uint64_t{1} << (8u << i.size)) - 1;
}

uint64_t get_lane(const V128& v, unsigned lane, unsigned size) {
    uint64_t r = 0;
    std::memcpy(&r, reinterpret_cast<const char*>(&v) + (lane << size), size_t{1} << size);
    return r;
}

V128 set_lane(V128 v, unsigned lane, unsigned size, uint64_t value) {
    std::memcpy(reinterpret_cast<char*>(&v) + (lane << size), &value, size_t{1} << size);
    return v;
}

V128 duplicate(const Inst& i, uint64_t value) {
    value &= lane_mask(i);
    for (unsigned width = 8u << i.size; width < 64; width *= 2) value |= value << width;
    return {value, value};
}

V128 extract(const V128& a, const V128& b, unsigned bytes) {
    uint8_t both[32];
    std::memcpy(both, &a, 16);
    std::memcpy(both + 16, &b, 16);
    V128 r;
    std::memcpy(&r, both + bytes, 16);
    return r;
}

V128 table(const V128& entries, const V128& index) {
    auto t = Lanes<uint8_t>::of(entries), x = Lanes<uint8_t>::of(index);
    for (uint8_t& e : x.e) e = e < 16 ? t.e[e] : 0;
    return x.pack();
}

V128 table2(const V128& low, const V128& high, const V128& index) {
    constexpr uint8_t kEntries = 16;
    auto t = Lanes<uint8_t>::of(low), u = Lanes<uint8_t>::of(high), x = Lanes<uint8_t>::of(index);
    for (uint8_t& e : x.e) {
        e = e < kEntries ? t.e[e] : e < 2 * kEntries ? u.e[e - kEntries] : 0;
    }
    return x.pack();
}

template <class T>
V128 blend(const Operands& o) {
    auto mask = Lanes<T>::of(o.a), x = Lanes<T>::of(o.b), y = Lanes<T>::of(o.c);
    for (unsigned n = 0; n < x.kCount; n++) x.e[n] = mask.e[n] < 0 ? x.e[n] : y.e[n];
    return x.pack();
}

uint8_t reversed(uint8_t x, uint8_t) {
    unsigned r = 0;
    for (unsigned n = 0; n < 8; n++) r |= (x >> n & 1u) << (7 - n);
    return static_cast<uint8_t>(r);
}

bool whole(const Inst& i, const Operands& o, V128& r) {
    const V128 &a = o.a, &b = o.b, &c = o.c;
    switch (i.op) {
        case Op::vzero: r = {0, 0}; break;
        case Op::vmov_imm: r = {static_cast<uint64_t>(i.imm), static_cast<uint64_t>(i.imm)}; break;
        case Op::vlow64: r = {a.lo, 0}; break;
        case Op::vand: r = {a.lo & b.lo, a.hi & b.hi}; break;
        case Op::vor: r = {a.lo | b.lo, a.hi | b.hi}; break;
        case Op::vxor: r = {a.lo ^ b.lo, a.hi ^ b.hi}; break;
        case Op::vandc: r = {a.lo & ~b.lo, a.hi & ~b.hi}; break;
        case Op::vorc: r = {a.lo | ~b.lo, a.hi | ~b.hi}; break;
        case Op::vnot: r = {~a.lo, ~a.hi}; break;
        case Op::vblend: r = i.size == 2 ? blend<int32_t>(o) : blend<int64_t>(o); break;
        case Op::vbsl: r = {(a.lo & b.lo) | (~a.lo & c.lo), (a.hi & b.hi) | (~a.hi & c.hi)}; break;
        case Op::vdup: r = duplicate(i, a.lo); break;
        case Op::vdup_lane: r = duplicate(i, get_lane(a, i.scale, i.size)); break;
        case Op::vget_u: r = {get_lane(a, i.scale, i.size), 0}; break;
        case Op::vget_s: {
            unsigned shift = 64 - (8u << i.size);
            uint64_t v = get_lane(a, i.scale, i.size) << shift;
            r = {static_cast<uint64_t>(static_cast<int64_t>(v) >> shift), 0};
            break;
        }
        case Op::vset_lane: r = set_lane(a, i.scale, i.size, b.lo); break;
        case Op::vins_lane:
            r = set_lane(a, i.scale, i.size, get_lane(b, static_cast<unsigned>(i.imm), i.size));
            break;
        case Op::v_concat: r = {a.lo, b.lo}; break;
        case Op::vext: r = extract(a, b, static_cast<unsigned>(i.imm)); break;
        case Op::vtbl1: r = table(a, b); break;
        case Op::vtbl2: r = table2(a, b, o.c); break;
        case Op::vcnt:
            r = each<uint8_t>(a, a, [](uint8_t x, uint8_t) { return std::popcount(x); });
            break;
        case Op::vrbit: r = each<uint8_t>(a, a, reversed); break;
        default: return false;
    }
    return true;
}

}  // namespace

bool evaluate_vector(const Inst& i, const Operands& o, V128& r) {
    if (whole(i, o, r) || evaluate_saturating(i, o, r) || evaluate_crypto(i, o, r)) return true;
    switch (i.size) {
        case 0:
            return elementwise<int8_t>(i, o.a, o.b, r) ||
                   across_widths<uint8_t, uint16_t>(i, o.a, o.b, r);
        case 1:
            return elementwise<int16_t>(i, o.a, o.b, r) ||
                   across_widths<uint16_t, uint32_t>(i, o.a, o.b, r);
        case 2:
            return elementwise<int32_t>(i, o.a, o.b, r) ||
                   across_widths<uint32_t, uint64_t>(i, o.a, o.b, r);
        default: return elementwise<int64_t>(i, o.a, o.b, r);
    }
}

}  // namespace pydbt::ir
