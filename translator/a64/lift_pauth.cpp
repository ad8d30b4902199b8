// Pointer authentication (Arm ARM D8.10).
//
// Owns: lifts of the patterns of spec/a64/pauth.py and of the hints of FEAT_PAuth. Must not know:
// the host, the encodings, the algorithms (base/pauth.hpp).
#include "translator/a64/lifter.hpp"
#include "translator/base/pauth.hpp"

namespace pydbt::a64 {
namespace {

using base::PacAlgorithm;
using base::PacKey;

PacAlgorithm algorithm_of(const Features& features) {
    if (features.has(Feature::PACQARMA5)) return PacAlgorithm::qarma5;
    if (features.has(Feature::PACQARMA3)) return PacAlgorithm::qarma3;
    return features.has(Feature::PACIMP) ? PacAlgorithm::implementation : PacAlgorithm::qarma5;
}

constexpr auto id(base::HelperId helper) { return static_cast<int64_t>(helper); }

template <class Args>
PacKey key_of(const Args& a) {
    return static_cast<PacKey>((a.data << 1) | a.b);
}

PacKey instruction_key(uint32_t b) { return b != 0 ? PacKey::ib : PacKey::ia; }

}  // namespace

uint64_t pac_request_of(const Features& features, PacKey key) {
    return base::pac_request(key, algorithm_of(features), features.has(Feature::PAuth2));
}

bool Lifter::key_is_off(PacKey key) const {
    return (f.key >> kKeyPacOffShift >> static_cast<unsigned>(key) & 1) != 0;
}

ir::Value Lifter::sign(Value pointer, Value modifier, PacKey key) {
    if (key_is_off(key)) return pointer;
    PacAlgorithm algorithm = algorithm_of(features);
    bool pauth2 = features.has(Feature::PAuth2);
    if (algorithm == PacAlgorithm::implementation && pauth2) {
        size_t field = offsetof(base::CpuState, pac_keys) + 16 * static_cast<size_t>(key);
        return b.sign_pointer(pointer, modifier, static_cast<int64_t>(field), base::is_data(key));
    }
    Value request = b.i64(base::pac_request(key, algorithm, pauth2));
    return b.call_helper(pointer, modifier, request, id(base::HelperId::pac_sign));
}

ir::Value Lifter::authenticate(Value pointer, Value modifier, PacKey key, bool combined) {
    if (key_is_off(key)) return pointer;
    if (!features.has(Feature::PAuth2)) {
        Value request = b.i64(base::pac_request(key, algorithm_of(features), false));
        return b.call_helper(pointer, modifier, request, id(base::HelperId::pac_authenticate));
    }
    // The code is exclusive-ored, so that the same again takes it away; a wrong one leaves bits.
    Value result = sign(pointer, modifier, key);
    if (features.has(combined ? Feature::FPACCOMBINE : Feature::FPAC)) {
        b.check_pointer(result, base::is_data(key));
    }
    return result;
}

// Copies of bit 55 where the code is.
ir::Value Lifter::strip(Value pointer, bool data) {
    Value sign = b.ashr(b.shl(pointer, b.i64(8)), b.i64(63));
    if (data) return b.bfi(pointer, sign, 48 | 7 << 8);
    Value bare = b.and_(pointer, b.i64(~base::kPacField));
    return b.or_(bare, b.shl(sign, b.i64(48)));
}

Step Lifter::lift_PAC(const Args_PAC& a) {
    Value modifier = a.z ? b.i64(0) : xsp(a.rn);
    set_x(a.rd, sign(x(a.rd), modifier, key_of(a)));
    return Step::next;
}
Step Lifter::lift_AUT(const Args_AUT& a) {
    Value modifier = a.z ? b.i64(0) : xsp(a.rn);
    set_x(a.rd, authenticate(x(a.rd), modifier, key_of(a), false));
    return Step::next;
}
Step Lifter::lift_XPAC(const Args_XPAC& a) {
    set_x(a.rd, strip(x(a.rd), a.data != 0));
    return Step::next;
}
Step Lifter::lift_PACGA(const Args_PACGA& a) {
    if (algorithm_of(features) == PacAlgorithm::implementation) {  // base::aes_code
        auto pair = [&](Value low, Value high) {
            return b.vset_lane(b.vset_lane(b.vzero(), low, 0, 3), high, 1, 3);
        };
        int64_t field = offsetof(base::CpuState, pac_keys) + 16 * static_cast<int64_t>(PacKey::ga);
        Value key = pair(b.get_state(ir::Type::i64, field), b.get_state(ir::Type::i64, field + 8));
        Value mixed = b.vxor(pair(x(a.rn), xsp(a.rm)), key);
        Value code = b.vget_u(b.vaesenc(b.vaesenc(mixed, key), key), 0, 3);
        set_x(a.rd, b.and_(code, b.i64(~uint64_t{0xffffffff})));
        return Step::next;
    }
    Value request = b.i64(base::pac_request(PacKey::ga, algorithm_of(features), true));
    set_x(a.rd, b.call_helper(x(a.rn), xsp(a.rm), request, id(base::HelperId::pac_generic)));
    return Step::next;
}

// The hints; false: the number is none of them. x16 and x17, or x30 with 0 or SP.
bool Lifter::pauth_hint(uint32_t number) {
    constexpr uint32_t kXpaclri = 7, kFirst1716 = 8, kLast1716 = 14, kFirst = 24, kLast = 31;
    if (number == kXpaclri) {
        b.set_x(30, strip(b.get_x(30), false));
        return true;
    }
    bool with_16 = number >= kFirst1716 && number <= kLast1716 && number % 2 == 0;
    if (!with_16 && (number < kFirst || number > kLast)) return false;
    bool auth = (number & 4) != 0;
    PacKey key = instruction_key(number & 2);
    unsigned pointer = with_16 ? 17 : 30;
    Value modifier = with_16 ? b.get_x(16) : (number & 1) != 0 ? b.get_x(31) : b.i64(0);
    Value from = b.get_x(pointer);
    b.set_x(pointer, auth ? authenticate(from, modifier, key, false) : sign(from, modifier, key));
    return true;
}

// ---- combined with something

Step Lifter::lift_BRA(const Args_BRA& a) {
    Value modifier = a.z ? xsp(a.rm) : b.i64(0);
    return branch_indirect(authenticate(x(a.rn), modifier, instruction_key(a.b), true), a.rn);
}
Step Lifter::lift_BLRA(const Args_BLRA& a) {
    Value modifier = a.z ? xsp(a.rm) : b.i64(0);
    return call_indirect(authenticate(x(a.rn), modifier, instruction_key(a.b), true));
}
Step Lifter::lift_RETA(const Args_RETA& a) {
    b.exit_ret(authenticate(x(30), xsp(31), instruction_key(a.b), true));
    return Step::end;
}
Step Lifter::lift_LDRA(const Args_LDRA& a) {
    PacKey key = a.b ? PacKey::db : PacKey::da;
    Value base = authenticate(xsp(a.rn), b.i64(0), key, true);
    int64_t offset = (int64_t{a.s} * -512 + a.imm) * 8;
    Value v = b.load(ir::Type::i64, base, ir::kNone, 0, offset, 3);
    set_x(a.rt, v);
    if (a.w) b.set_x(a.rn, b.add(base, b.i64(static_cast<uint64_t>(offset))));
    return Step::next;
}

}  // namespace pydbt::a64
