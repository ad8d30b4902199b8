// SM3 and SM4 (DDI 0487, C4.1.96).
//
// Owns: lifts of the SM patterns of spec/a64/simd_crypto.py. Must not know: the host, the
// encodings.
#include "translator/a64/lifter.hpp"
#include "translator/a64/simd_lift.hpp"

namespace pydbt::a64 {
namespace {

using ir::Builder;
using ir::Value;

constexpr unsigned kWord = 2;  // element size

Value rol(Builder& b, Value x, unsigned n) { return b.ror(x, b.i32(32 - n)); }
Value vrol(Builder& b, Value x, unsigned n) { return b.vror(x, 32 - n, kWord); }
Value word(Builder& b, Value v, unsigned lane) { return b.trunc(b.vget_u(v, lane, kWord)); }
Value exclusive_or(Builder& b, Value x, Value y, Value z) { return b.xor_(b.xor_(x, y), z); }
// A word that is in lane 0, in lane 3, the others zero.
Value to_last(Builder& b, Value v) { return b.vext(b.vzero(), v, 4); }

// ---- SM3

using Mix = Value (*)(Builder&, Value, Value, Value);

Value choose(Builder& b, Value x, Value y, Value z) { return b.xor_(z, b.and_(x, b.xor_(y, z))); }
Value majority(Builder& b, Value x, Value y, Value z) {
    return b.xor_(b.and_(x, y), b.and_(z, b.xor_(x, y)));
}

// Words move down by one; the second is rotated by `turn`, the last is new.
Value moved(Builder& b, Value d, Value second, unsigned turn, Value last) {
    const Value down = b.vset_lane(b.vext(d, d, 4), rol(b, second, turn), 1, kWord);
    return b.vset_lane(down, last, 3, kWord);
}

template <typename Args>
Step sm3_first(Builder& b, const Args& a, Mix mix) {
    const Value d = b.get_v(a.rd);
    const Value x = word(b, d, 3), y = word(b, d, 2), z = word(b, d, 1);
    const Value ss2 = b.xor_(word(b, b.get_v(a.rn), 3), rol(b, x, 12));
    const Value sum = b.add(mix(b, x, y, z), word(b, d, 0));
    const Value tt1 = b.add(b.add(sum, ss2), word(b, b.get_v(a.rm), a.imm));
    b.set_v(a.rd, moved(b, d, y, 9, tt1));
    return Step::next;
}

template <typename Args>
Step sm3_second(Builder& b, const Args& a, Mix mix) {
    const Value d = b.get_v(a.rd);
    const Value x = word(b, d, 3), y = word(b, d, 2), z = word(b, d, 1);
    const Value sum = b.add(mix(b, x, y, z), word(b, d, 0));
    const Value added = b.add(sum, word(b, b.get_v(a.rn), 3));
    const Value tt2 = b.add(added, word(b, b.get_v(a.rm), a.imm));
    const Value last = exclusive_or(b, tt2, rol(b, tt2, 9), rol(b, tt2, 17));
    b.set_v(a.rd, moved(b, d, y, 19, last));
    return Step::next;
}

// P1 of the standard, in each word.
Value permute(Builder& b, Value x) { return b.veor3(x, vrol(b, x, 15), vrol(b, x, 23)); }

}  // namespace

Step Lifter::lift_SM3SS1(const Args_SM3SS1& a) {
    const Value n = rol(b, word(b, b.get_v(a.rn), 3), 12);
    const Value sum = b.add(b.add(n, word(b, b.get_v(a.rm), 3)), word(b, b.get_v(a.ra), 3));
    b.set_v(a.rd, b.vset_lane(b.vzero(), rol(b, sum, 7), 3, kWord));
    return Step::next;
}
Step Lifter::lift_SM3TT1A(const Args_SM3TT1A& a) { return sm3_first(b, a, exclusive_or); }
Step Lifter::lift_SM3TT1B(const Args_SM3TT1B& a) { return sm3_first(b, a, majority); }
Step Lifter::lift_SM3TT2A(const Args_SM3TT2A& a) { return sm3_second(b, a, exclusive_or); }
Step Lifter::lift_SM3TT2B(const Args_SM3TT2B& a) { return sm3_second(b, a, choose); }

// The last word needs the first result.
Step Lifter::lift_SM3PARTW1(const Args_SM3PARTW1& a) {
    const Value next = b.vext(vrol(b, b.get_v(a.rm), 15), b.vzero(), 4);
    const Value sum = b.veor3(b.get_v(a.rd), b.get_v(a.rn), next);
    const Value first = vrol(b, permute(b, sum), 15);
    b.set_v(a.rd, permute(b, b.vxor(sum, to_last(b, first))));
    return Step::next;
}
Step Lifter::lift_SM3PARTW2(const Args_SM3PARTW2& a) {
    const Value sum = b.vxor(b.get_v(a.rn), vrol(b, b.get_v(a.rm), 7));
    const Value first = permute(b, vrol(b, sum, 15));
    b.set_v(a.rd, b.veor3(b.get_v(a.rd), sum, to_last(b, first)));
    return Step::next;
}

// ---- SM4

namespace {

// Four rounds; words 0 to 3 of the state and of the keys are each in a vector of its own, in lane
// 0.
Value sm4_rounds(Builder& b, Value state, Value keys, Value (*linear)(Builder&, Value)) {
    Value x[8];
    x[0] = state;
    for (unsigned n = 1; n < 4; n++) x[n] = b.vdup_lane(state, n, kWord);
    for (unsigned n = 0; n < 4; n++) {
        const Value key = n == 0 ? keys : b.vdup_lane(keys, n, kWord);
        const Value sum = b.vxor(b.veor3(x[n + 1], x[n + 2], x[n + 3]), key);
        x[n + 4] = b.vxor(x[n], linear(b, b.vsm4_sbox(sum)));
    }
    const Value low = b.vzip1(x[4], x[5], kWord);
    return b.vzip1(low, b.vzip1(x[6], x[7], kWord), 3);
}
Value diffuse(Builder& b, Value x) {
    const Value rest = b.veor3(vrol(b, x, 10), vrol(b, x, 18), vrol(b, x, 24));
    return b.veor3(x, vrol(b, x, 2), rest);
}
Value diffuse_key(Builder& b, Value x) { return b.veor3(x, vrol(b, x, 13), vrol(b, x, 23)); }

}  // namespace

Step Lifter::lift_SM4E(const Args_SM4E& a) {
    b.set_v(a.rd, sm4_rounds(b, b.get_v(a.rd), b.get_v(a.rn), diffuse));
    return Step::next;
}
Step Lifter::lift_SM4EKEY(const Args_SM4EKEY& a) {
    b.set_v(a.rd, sm4_rounds(b, b.get_v(a.rn), b.get_v(a.rm), diffuse_key));
    return Step::next;
}

}  // namespace pydbt::a64
