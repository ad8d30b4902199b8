// AES, polynomial multiplication, SHA-1, SHA-256, SHA-512, SHA-3 (DDI 0487, C4.1.96); SM3 and SM4
// are in lift_simd_sm.cpp.
//
// Owns: lifts of the patterns of spec/a64/simd_crypto.py. Must not know: the host, the encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Op;
using ir::Value;

constexpr unsigned kWord = 2, kDoubleword = 3;  // element sizes

// Whether v is a round without a key, `op`; then the round's operand.
bool is_round(Builder& b, Value v, Op op, Value& operand) {
    const ir::Inst& i = b.inst(v);
    operand = i.args[0];
    return i.op == op && b.inst(i.args[1]).op == Op::vzero;
}

}  // namespace

// AESE and AESMC side by side are one round; the key of the next AESE, or of the EOR that ends the
// cipher, is added by the round itself (simd::exclusive_or).
Step Lifter::lift_AESE(const Args_AESE& a) {
    const Value state = simd::exclusive_or(b, b.get_v(a.rd), b.get_v(a.rn));
    b.set_v(a.rd, b.vaesenclast(state, b.vzero()));
    return Step::next;
}
Step Lifter::lift_AESD(const Args_AESD& a) {
    const Value state = simd::exclusive_or(b, b.get_v(a.rd), b.get_v(a.rn));
    b.set_v(a.rd, b.vaesdeclast(state, b.vzero()));
    return Step::next;
}
Step Lifter::lift_AESMC(const Args_AESMC& a) {
    const Value n = b.get_v(a.rn);
    Value state;
    const bool round = is_round(b, n, Op::vaesenclast, state);
    b.set_v(a.rd, round ? b.vaesenc(state, b.vzero()) : b.vaesmc(n));
    return Step::next;
}
Step Lifter::lift_AESIMC(const Args_AESIMC& a) {
    const Value n = b.get_v(a.rn);
    Value state;
    const bool round = is_round(b, n, Op::vaesdeclast, state);
    b.set_v(a.rd, round ? b.vaesdec(state, b.vzero()) : b.vaesimc(n));
    return Step::next;
}

Step Lifter::lift_PMULL_q(const Args_PMULL_q& a) {
    b.set_v(a.rd, b.vclmul(b.get_v(a.rn), b.get_v(a.rm), a.q));
    return Step::next;
}

// ---- SHA-1

namespace {

enum Sha1Function : unsigned { kChoose, kParity, kMajority };

template <typename Args>
Step sha1_rounds(Builder& b, const Args& a, Sha1Function function) {
    b.set_v(a.rd, b.vsha1(b.get_v(a.rd), b.get_v(a.rn), b.get_v(a.rm), function));
    return Step::next;
}

}  // namespace

Step Lifter::lift_SHA1C(const Args_SHA1C& a) { return sha1_rounds(b, a, kChoose); }
Step Lifter::lift_SHA1P(const Args_SHA1P& a) { return sha1_rounds(b, a, kParity); }
Step Lifter::lift_SHA1M(const Args_SHA1M& a) { return sha1_rounds(b, a, kMajority); }

Step Lifter::lift_SHA1H(const Args_SHA1H& a) {
    b.set_v(a.rd, b.vror(simd::only_lane0(b, b.get_v(a.rn), kWord), 2, kWord));
    return Step::next;
}
Step Lifter::lift_SHA1SU0(const Args_SHA1SU0& a) {
    const Value d = b.get_v(a.rd);
    b.set_v(a.rd, b.veor3(d, b.get_v(a.rm), b.vext(d, b.get_v(a.rn), 8)));
    return Step::next;
}
// The last word also gets the first result, rotated once more.
Step Lifter::lift_SHA1SU1(const Args_SHA1SU1& a) {
    const Value zero = b.vzero();
    const Value sum = b.vxor(b.get_v(a.rd), b.vext(b.get_v(a.rn), zero, 4));
    const Value rotated = b.vror(sum, 31, kWord);
    const Value again = b.vext(zero, b.vror(sum, 30, kWord), 4);
    b.set_v(a.rd, b.vxor(rotated, again));
    return Step::next;
}

// ---- SHA-256

// Four rounds as two and two, on A, B, E, F and C, D, G, H. SHA256H and SHA256H2 of the same
// operands share them. Operands that are a pair of results are not put together again.
const Lifter::Sha256& Lifter::sha256_rounds(Value abcd, Value efgh, Value wk) {
    if (sha256_.abcd == abcd && sha256_.efgh == efgh && sha256_.wk == wk) return sha256_;
    Value feba, hgdc;
    if (sha256_.new_abcd == abcd && sha256_.new_efgh == efgh && abcd != ir::kNone) {
        feba = sha256_.feba;
        hgdc = sha256_.hgdc;
    } else {
        feba = b.vrev64(b.vzip1(efgh, abcd, kDoubleword), kWord);
        hgdc = b.vrev64(b.vzip2(efgh, abcd, kDoubleword), kWord);
    }
    const Value two = b.vsha256r2(hgdc, feba, wk);
    const Value four = b.vsha256r2(feba, two, b.vext(wk, wk, 8));
    const Value new_abcd = b.vrev64(b.vzip2(four, two, kDoubleword), kWord);
    const Value new_efgh = b.vrev64(b.vzip1(four, two, kDoubleword), kWord);
    return sha256_ = {abcd, efgh, wk, four, two, new_abcd, new_efgh};
}
Step Lifter::lift_SHA256H(const Args_SHA256H& a) {
    b.set_v(a.rd, sha256_rounds(b.get_v(a.rd), b.get_v(a.rn), b.get_v(a.rm)).new_abcd);
    return Step::next;
}
Step Lifter::lift_SHA256H2(const Args_SHA256H2& a) {
    b.set_v(a.rd, sha256_rounds(b.get_v(a.rn), b.get_v(a.rd), b.get_v(a.rm)).new_efgh);
    return Step::next;
}
Step Lifter::lift_SHA256SU0(const Args_SHA256SU0& a) {
    b.set_v(a.rd, b.vsha256su0(b.get_v(a.rd), b.get_v(a.rn)));
    return Step::next;
}
Step Lifter::lift_SHA256SU1(const Args_SHA256SU1& a) {
    const Value m = b.get_v(a.rm);
    const Value middle = b.vext(b.get_v(a.rn), m, 4);
    b.set_v(a.rd, b.vsha256su1(b.vadd(b.get_v(a.rd), middle, kWord), m));
    return Step::next;
}

// ---- SHA-512: two rounds, in integers, since each needs the one before

namespace {

struct Doublewords {
    Value lo, hi;
};
Doublewords doublewords(Builder& b, Value v) {
    return {b.vget_u(v, 0, kDoubleword), b.vget_u(v, 1, kDoubleword)};
}
Value rotations(Builder& b, Value x, unsigned r0, unsigned r1, unsigned r2) {
    const Value two = b.xor_(b.ror(x, b.i64(r0)), b.ror(x, b.i64(r1)));
    return b.xor_(two, b.ror(x, b.i64(r2)));
}
// As z ^ (x & (y ^ z)).
Value choose(Builder& b, Value x, Value y, Value z) { return b.xor_(z, b.and_(x, b.xor_(y, z))); }
// As (x & y) ^ (z & (x ^ y)).
Value majority(Builder& b, Value x, Value y, Value z) {
    return b.xor_(b.and_(x, y), b.and_(z, b.xor_(x, y)));
}

}  // namespace

Step Lifter::lift_SHA512H(const Args_SHA512H& a) {
    const Doublewords x = doublewords(b, b.get_v(a.rn)), y = doublewords(b, b.get_v(a.rm));
    const Doublewords w = doublewords(b, b.get_v(a.rd));
    const Value high =
        b.add(b.add(choose(b, y.hi, x.lo, x.hi), rotations(b, y.hi, 14, 18, 41)), w.hi);
    const Value e = b.add(high, y.lo);
    const Value low = b.add(b.add(choose(b, e, y.hi, x.lo), rotations(b, e, 14, 18, 41)), w.lo);
    b.set_v(a.rd, b.v_concat(low, high));
    return Step::next;
}
Step Lifter::lift_SHA512H2(const Args_SHA512H2& a) {
    const Value x = b.vget_u(b.get_v(a.rn), 0, kDoubleword);
    const Doublewords y = doublewords(b, b.get_v(a.rm)), w = doublewords(b, b.get_v(a.rd));
    const Value high =
        b.add(b.add(majority(b, y.hi, y.lo, x), rotations(b, y.lo, 28, 34, 39)), w.hi);
    const Value low =
        b.add(b.add(majority(b, y.hi, y.lo, high), rotations(b, high, 28, 34, 39)), w.lo);
    b.set_v(a.rd, b.v_concat(low, high));
    return Step::next;
}
Step Lifter::lift_SHA512SU0(const Args_SHA512SU0& a) {
    const Value d = b.get_v(a.rd);
    const Value x = b.vext(d, b.get_v(a.rn), 8);
    const Value sigma =
        b.veor3(b.vror(x, 1, kDoubleword), b.vror(x, 8, kDoubleword), b.vushr(x, 7, kDoubleword));
    b.set_v(a.rd, b.vadd(d, sigma, kDoubleword));
    return Step::next;
}
Step Lifter::lift_SHA512SU1(const Args_SHA512SU1& a) {
    const Value n = b.get_v(a.rn);
    const Value sigma =
        b.veor3(b.vror(n, 19, kDoubleword), b.vror(n, 61, kDoubleword), b.vushr(n, 6, kDoubleword));
    const Value sum = b.vadd(b.get_v(a.rd), b.get_v(a.rm), kDoubleword);
    b.set_v(a.rd, b.vadd(sum, sigma, kDoubleword));
    return Step::next;
}

// ---- SHA-3

Step Lifter::lift_EOR3(const Args_EOR3& a) {
    b.set_v(a.rd, b.veor3(b.get_v(a.rn), b.get_v(a.rm), b.get_v(a.ra)));
    return Step::next;
}
Step Lifter::lift_BCAX(const Args_BCAX& a) {
    b.set_v(a.rd, b.vbcax(b.get_v(a.rn), b.get_v(a.rm), b.get_v(a.ra)));
    return Step::next;
}
Step Lifter::lift_RAX1(const Args_RAX1& a) {
    b.set_v(a.rd, b.vxor(b.get_v(a.rn), b.vror(b.get_v(a.rm), 63, kDoubleword)));
    return Step::next;
}
Step Lifter::lift_XAR(const Args_XAR& a) {
    const Value sum = b.vxor(b.get_v(a.rn), b.get_v(a.rm));
    b.set_v(a.rd, a.imm == 0 ? sum : b.vror(sum, a.imm, kDoubleword));
    return Step::next;
}

}  // namespace pydbt::a64
