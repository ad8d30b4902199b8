// Rounds of AES, SHA and SM4 (FIPS 197, FIPS 180-4, GB/T 32907).
//
// Owns: evaluate_crypto(), which is also what tier 1 calls on hosts without the instructions. Must
// not know: instructions of guests and hosts.
#include <array>
#include <bit>

#include "translator/ir/interpreter_parts.hpp"
#include "translator/ir/lanes.hpp"

namespace pydbt::ir {
namespace {

// ---- bytes as elements of GF(2^8)

using Table = std::array<uint8_t, 256>;

constexpr unsigned multiply(unsigned a, unsigned b, unsigned polynomial) {
    unsigned product = 0;
    for (; b != 0; b >>= 1) {
        if ((b & 1) != 0) product ^= a;
        a <<= 1;
        if ((a & 0x100) != 0) a ^= polynomial;
    }
    return product;
}

// a to the 254th.
constexpr unsigned inverse(unsigned a, unsigned polynomial) {
    unsigned result = 1;
    for (unsigned n = 0; n < 7; n++) {
        a = multiply(a, a, polynomial);
        result = multiply(result, a, polynomial);
    }
    return result;
}

// Bit n is the parity of x under `row` rotated left by n.
constexpr unsigned affine(unsigned x, uint8_t row, unsigned constant) {
    unsigned result = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned chosen = x & std::rotl(row, static_cast<int>(n));
        result |= (static_cast<unsigned>(std::popcount(chosen)) & 1) << n;
    }
    return result ^ constant;
}

constexpr unsigned kAes = 0x11b, kSm4 = 0x1f5;

constexpr Table aes_box() {
    Table t{};
    for (unsigned x = 0; x < 256; x++) {
        t[x] = static_cast<uint8_t>(affine(inverse(x, kAes), 0xf1, 0x63));
    }
    return t;
}
constexpr Table sm4_box() {
    Table t{};
    for (unsigned x = 0; x < 256; x++) {
        t[x] = static_cast<uint8_t>(affine(inverse(affine(x, 0xa7, 0xd3), kSm4), 0xa7, 0xd3));
    }
    return t;
}
constexpr Table inverted(const Table& t) {
    Table r{};
    for (unsigned x = 0; x < 256; x++) r[t[x]] = static_cast<uint8_t>(x);
    return r;
}
constexpr Table times(unsigned factor) {
    Table t{};
    for (unsigned x = 0; x < 256; x++) t[x] = static_cast<uint8_t>(multiply(x, factor, kAes));
    return t;
}

constexpr Table kAesBox = aes_box(), kAesInverse = inverted(kAesBox), kSm4Box = sm4_box();
constexpr Table kTimes[] = {times(1),  times(2),  times(3), times(9),
                            times(11), times(13), times(14)};

using Bytes = Lanes<uint8_t>;
using Words = Lanes<uint32_t>;

// ---- AES: byte r + 4c is row r of column c

// SubBytes and ShiftRows (direction 1), or their inverses (15).
V128 rows(const V128& a, const Table& box, unsigned direction) {
    auto x = Bytes::of(a);
    Bytes out;
    for (unsigned n = 0; n < 16; n++) {
        out.e[n] = box[x.e[(n + 4 * direction * (n % 4)) % 16]];
    }
    return out.pack();
}

// Columns times a polynomial whose coefficients, as indices of kTimes, are those of row 0.
V128 columns(const V128& a, const uint8_t (&factors)[4]) {
    auto x = Bytes::of(a);
    Bytes out{};
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned k = 0; k < 4; k++) {
            out.e[n] ^= kTimes[factors[k]][x.e[(n & ~3u) | ((n + k) & 3)]];
        }
    }
    return out.pack();
}
V128 mix(const V128& a) { return columns(a, {1, 2, 0, 0}); }
V128 unmix(const V128& a) { return columns(a, {6, 4, 5, 3}); }

V128 exclusive_or(const V128& a, const V128& b) { return {a.lo ^ b.lo, a.hi ^ b.hi}; }
V128 encrypt(const V128& a) { return rows(a, kAesBox, 1); }
V128 decrypt(const V128& a) { return rows(a, kAesInverse, 15); }

// ---- SHA

uint32_t sigma(uint32_t x, int r0, int r1, int r2) {
    return std::rotr(x, r0) ^ std::rotr(x, r1) ^ std::rotr(x, r2);
}
uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (~x & z); }
uint32_t majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (x & z) | (y & z); }

V128 sha1(const Operands& o, int64_t function) {
    auto h = Words::of(o.a), w = Words::of(o.c);
    auto e = static_cast<uint32_t>(o.b.lo);
    for (uint32_t word : w.e) {
        uint32_t b = h.e[1], c = h.e[2], d = h.e[3];
        uint32_t f = function == 0   ? choose(b, c, d)
                     : function == 1 ? b ^ c ^ d
                                     : majority(b, c, d);
        uint32_t a = e + std::rotl(h.e[0], 5) + f + word;
        e = d;
        h = {{a, h.e[0], std::rotl(b, 30), c}};
    }
    return h.pack();
}

V128 sha256_two(const Operands& o) {
    auto x = Words::of(o.a), y = Words::of(o.b), w = Words::of(o.c);
    uint32_t h = x.e[0], g = x.e[1], d = x.e[2], c = x.e[3];
    uint32_t f = y.e[0], e = y.e[1], b = y.e[2], a = y.e[3];
    for (unsigned n = 0; n < 2; n++) {
        uint32_t t = h + sigma(e, 6, 11, 25) + choose(e, f, g) + w.e[n];
        uint32_t top = t + sigma(a, 2, 13, 22) + majority(a, b, c);
        h = g, g = f, f = e, e = d + t;
        d = c, c = b, b = a, a = top;
    }
    return Words{{f, e, b, a}}.pack();
}

V128 sha256_schedule0(const V128& a, const V128& b) {
    auto x = Words::of(a);
    uint32_t following[] = {x.e[1], x.e[2], x.e[3], static_cast<uint32_t>(b.lo)};
    for (unsigned n = 0; n < 4; n++) {
        uint32_t y = following[n];
        x.e[n] += std::rotr(y, 7) ^ std::rotr(y, 18) ^ y >> 3;
    }
    return x.pack();
}

V128 sha256_schedule1(const V128& a, const V128& b) {
    auto x = Words::of(a), before = Words::of(b);
    for (unsigned n = 0; n < 4; n++) {
        uint32_t y = n < 2 ? before.e[2 + n] : x.e[n - 2];
        x.e[n] += std::rotr(y, 17) ^ std::rotr(y, 19) ^ y >> 10;
    }
    return x.pack();
}

V128 sm4(const V128& a) {
    auto x = Bytes::of(a);
    for (uint8_t& e : x.e) e = kSm4Box[e];
    return x.pack();
}

}  // namespace

bool evaluate_crypto(const Inst& i, const Operands& o, V128& r) {
    switch (i.op) {
        case Op::vaesenc: r = exclusive_or(mix(encrypt(o.a)), o.b); break;
        case Op::vaesenclast: r = exclusive_or(encrypt(o.a), o.b); break;
        case Op::vaesdec: r = exclusive_or(unmix(decrypt(o.a)), o.b); break;
        case Op::vaesdeclast: r = exclusive_or(decrypt(o.a), o.b); break;
        case Op::vaesmc: r = mix(o.a); break;
        case Op::vaesimc: r = unmix(o.a); break;
        case Op::vsha1: r = sha1(o, i.imm); break;
        case Op::vsha256r2: r = sha256_two(o); break;
        case Op::vsha256su0: r = sha256_schedule0(o.a, o.b); break;
        case Op::vsha256su1: r = sha256_schedule1(o.a, o.b); break;
        case Op::vsm4_sbox: r = sm4(o.a); break;
        default: return false;
    }
    return true;
}

}  // namespace pydbt::ir
