// Vector ops whose results need more than the element's width: saturating, doubling and pairwise
// arithmetic, dot products, polynomials over GF(2).
//
// Owns: evaluate_saturating(). Must not know: FPSR (translator/a64 tells what saturated).
#include <algorithm>
#include <limits>
#include <type_traits>

#include "translator/ir/interpreter_parts.hpp"
#include "translator/ir/lanes.hpp"

namespace pydbt::ir {
namespace {

using Wide = __int128;  // holds any sum of two elements, and 2ab

template <class T>
T clamp(Wide v) {
    using Limits = std::numeric_limits<T>;
    return static_cast<T>(std::clamp<Wide>(v, Limits::min(), Limits::max()));
}

template <class T>
V128 sum(const V128& a, const V128& b) {
    return each<T>(a, b, [](T x, T y) { return clamp<T>(Wide{x} + y); });
}
template <class T>
V128 difference(const V128& a, const V128& b) {
    return each<T>(a, b, [](T x, T y) { return clamp<T>(Wide{x} - y); });
}

template <class T>
V128 doubling_high(const V128& a, const V128& b, Wide bias) {
    return each<T>(
        a, b, [&](T x, T y) { return static_cast<T>((Wide{x} * y * 2 + bias) >> 8 * sizeof(T)); });
}

// S: signed elements.
template <class S>
bool same_width(const Inst& i, const V128& a, const V128& b, V128& r) {
    using U = std::make_unsigned_t<S>;
    constexpr unsigned kBits = 8 * sizeof(S);
    auto n = static_cast<unsigned>(i.imm);
    switch (i.op) {
        case Op::vsqadd: r = sum<S>(a, b); break;
        case Op::vuqadd: r = sum<U>(a, b); break;
        case Op::vsqsub: r = difference<S>(a, b); break;
        case Op::vuqsub: r = difference<U>(a, b); break;
        case Op::vdmulh: r = doubling_high<S>(a, b, 0); break;
        case Op::vrdmulh: r = doubling_high<S>(a, b, Wide{1} << (kBits - 1)); break;
        case Op::vurhadd: r = each<U>(a, b, [](U x, U y) { return (Wide{x} + y + 1) >> 1; }); break;
        case Op::vror:
            r = each<U>(a, a, [&](U x, U) {
                return static_cast<U>(uint64_t{x} >> n | uint64_t{x} << ((kBits - n) % kBits));
            });
            break;
        default: return false;
    }
    return true;
}

template <class From, class To>
V128 narrow(const V128& a) {
    auto x = Lanes<From>::of(a);
    Lanes<To> r{};
    for (unsigned n = 0; n < x.kCount; n++) r.e[n] = clamp<To>(x.e[n]);
    return r.pack();
}

template <class From, class To>
V128 pairs_long(const V128& a) {
    auto x = Lanes<From>::of(a);
    Lanes<To> r;
    for (unsigned n = 0; n < r.kCount; n++) {
        r.e[n] = static_cast<To>(Wide{x.e[2 * n]} + x.e[2 * n + 1]);
    }
    return r.pack();
}

// N and W: signed elements, narrow and twice as wide.
template <class N, class W>
bool two_widths(const Inst& i, const V128& a, V128& r) {
    using UN = std::make_unsigned_t<N>;
    using UW = std::make_unsigned_t<W>;
    switch (i.op) {
        case Op::vsqxtn: r = narrow<W, N>(a); return true;
        case Op::vuqxtn: r = narrow<UW, UN>(a); return true;
        case Op::vsqxtun: r = narrow<W, UN>(a); return true;
        case Op::vsaddlp: r = pairs_long<N, W>(a); return true;
        case Op::vuaddlp: r = pairs_long<UN, UW>(a); return true;
        default: return false;
    }
}

template <class A, class B>
V128 dot(const Operands& o) {
    auto acc = Lanes<uint32_t>::of(o.a);
    auto x = Lanes<A>::of(o.b);
    auto y = Lanes<B>::of(o.c);
    for (unsigned n = 0; n < 16; n++) {
        acc.e[n / 4] += static_cast<uint32_t>(int32_t{x.e[n]} * y.e[n]);
    }
    return acc.pack();
}

V128 carryless(uint64_t a, uint64_t b) {
    V128 r{};
    for (unsigned n = 0; n < 64; n++) {
        if ((b >> n & 1) == 0) continue;
        r.lo ^= a << n;
        if (n != 0) r.hi ^= a >> (64 - n);
    }
    return r;
}

V128 polynomials(const V128& a, const V128& b) {
    auto x = Lanes<uint8_t>::of(a), y = Lanes<uint8_t>::of(b);
    Lanes<uint16_t> r;
    for (unsigned n = 0; n < 8; n++) {
        r.e[n] = static_cast<uint16_t>(carryless(x.e[n], y.e[n]).lo);
    }
    return r.pack();
}

V128 byte_sums(const V128& a) {
    auto x = Lanes<uint8_t>::of(a);
    Lanes<uint64_t> r{};
    for (unsigned n = 0; n < 16; n++) r.e[n / 8] += x.e[n];
    return r.pack();
}

bool whole(const Inst& i, const Operands& o, V128& r) {
    const V128 &a = o.a, &b = o.b, &c = o.c;
    switch (i.op) {
        case Op::vsum8: r = byte_sums(a); break;
        case Op::vdiffs: r = {a.lo | (b.lo ^ c.lo), a.hi | (b.hi ^ c.hi)}; break;
        case Op::veor3: r = {a.lo ^ b.lo ^ c.lo, a.hi ^ b.hi ^ c.hi}; break;
        case Op::vbcax: r = {a.lo ^ (b.lo & ~c.lo), a.hi ^ (b.hi & ~c.hi)}; break;
        case Op::vsdot: r = dot<int8_t, int8_t>(o); break;
        case Op::vudot: r = dot<uint8_t, uint8_t>(o); break;
        case Op::vusdot: r = dot<uint8_t, int8_t>(o); break;
        case Op::vpmull8: r = polynomials(a, b); break;
        case Op::vclmul: r = i.flags != 0 ? carryless(a.hi, b.hi) : carryless(a.lo, b.lo); break;
        default: return false;
    }
    return true;
}

}  // namespace

bool evaluate_saturating(const Inst& i, const Operands& o, V128& r) {
    if (whole(i, o, r)) return true;
    switch (i.size) {
        case 0: return same_width<int8_t>(i, o.a, o.b, r) || two_widths<int8_t, int16_t>(i, o.a, r);
        case 1:
            return same_width<int16_t>(i, o.a, o.b, r) || two_widths<int16_t, int32_t>(i, o.a, r);
        case 2:
            return same_width<int32_t>(i, o.a, o.b, r) || two_widths<int32_t, int64_t>(i, o.a, r);
        default: return same_width<int64_t>(i, o.a, o.b, r);
    }
}

}  // namespace pydbt::ir
