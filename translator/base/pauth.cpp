#include "translator/base/pauth.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace pydbt::base {
namespace {

// ---- QARMA-64: sixteen cells of four bits, cell 0 the highest

using Cells = std::array<uint8_t, 16>;

constexpr uint64_t kAlpha = 0xc0ac29b7c97c50dd;
constexpr uint64_t kRoundConstants[] = {0,
                                        0x13198a2e03707344,
                                        0xa4093822299f31d0,
                                        0x082efa98ec4e6c89,
                                        0x452821e638d01377,
                                        0xbe5466cf34e90c6c,
                                        0x3f84d5b5b5470917,
                                        0x9216d5d98979fb1b};
constexpr Cells kSigma1 = {10, 13, 14, 6, 15, 7, 3, 5, 9, 8, 0, 12, 11, 1, 2, 4};
constexpr Cells kSigma2 = {11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10};
// The permutations of state (tau) and tweak (h): cell i comes from cell [i].
constexpr Cells kTau = {0, 11, 6, 13, 10, 1, 12, 7, 5, 14, 3, 8, 15, 4, 9, 2};
constexpr Cells kH = {6, 5, 14, 15, 0, 1, 2, 3, 7, 12, 13, 4, 8, 9, 10, 11};

constexpr Cells inverse(const Cells& of) {
    Cells result{};
    for (unsigned i = 0; i < 16; i++) result[of[i]] = static_cast<uint8_t>(i);
    return result;
}

unsigned cell(uint64_t state, unsigned i) { return state >> (60 - 4 * i) & 15; }

uint64_t permute(uint64_t state, const Cells& from) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) result = result << 4 | cell(state, from[i]);
    return result;
}

uint64_t substitute(uint64_t state, const Cells& box) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) result = result << 4 | box[cell(state, i)];
    return result;
}

unsigned rotate(unsigned v, unsigned n) { return (v << n | v >> (4 - n)) & 15; }

// Each column by circ(0, rho, rho^2, rho), its own inverse.
uint64_t mix_columns(uint64_t state) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned row = i / 4, column = i % 4;
        auto other = [&](unsigned n) { return cell(state, (row + n) % 4 * 4 + column); };
        result = result << 4 | (rotate(other(1), 1) ^ rotate(other(2), 2) ^ rotate(other(3), 1));
    }
    return result;
}

// The linear feedback shift register of some cells of the tweak, and its inverse.
constexpr unsigned kShifted = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 8 | 1 << 11 | 1 << 13;

uint64_t next_tweak(uint64_t tweak) {
    tweak = permute(tweak, kH);
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned v = cell(tweak, i);
        if ((kShifted >> i & 1) != 0) v = v >> 1 | ((v ^ v >> 1) & 1) << 3;
        result = result << 4 | v;
    }
    return result;
}

uint64_t previous_tweak(uint64_t tweak) {
    uint64_t result = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned v = cell(tweak, i);
        if ((kShifted >> i & 1) != 0) v = (v << 1 & 15) | ((v ^ v >> 3) & 1);
        result = result << 4 | v;
    }
    return permute(result, inverse(kH));
}

// ---- AES

constexpr uint8_t double_in_field(uint8_t v) {
    return static_cast<uint8_t>(v << 1 ^ (v >> 7) * 0x1b);
}

constexpr std::array<uint8_t, 256> make_aes_box() {
    std::array<uint8_t, 256> box{};
    // p runs through the powers of the generator 3, q through their inverses.
    uint8_t p = 1, q = 1;
    do {
        p = static_cast<uint8_t>(p ^ double_in_field(p));
        q ^= static_cast<uint8_t>(q << 1);
        q ^= static_cast<uint8_t>(q << 2);
        q ^= static_cast<uint8_t>(q << 4);
        if ((q & 0x80) != 0) q ^= 0x09;
        box[p] = static_cast<uint8_t>(q ^ std::rotl(q, 1) ^ std::rotl(q, 2) ^ std::rotl(q, 3) ^
                                      std::rotl(q, 4) ^ 0x63);
    } while (p != 1);
    box[0] = 0x63;
    return box;
}
constexpr std::array<uint8_t, 256> kAesBox = make_aes_box();

// ShiftRows, SubBytes, MixColumns, AddRoundKey: AESENC.
V128 aes_round(V128 state, V128 key) {
    uint8_t in[16], out[16];
    std::memcpy(in, &state, sizeof in);
    for (unsigned column = 0; column < 4; column++) {
        uint8_t s[4];
        for (unsigned row = 0; row < 4; row++) s[row] = kAesBox[in[(column + row) % 4 * 4 + row]];
        for (unsigned row = 0; row < 4; row++) {
            uint8_t a = s[row], b = s[(row + 1) % 4], c = s[(row + 2) % 4], d = s[(row + 3) % 4];
            out[column * 4 + row] =
                static_cast<uint8_t>(double_in_field(a) ^ double_in_field(b) ^ b ^ c ^ d);
        }
    }
    std::memcpy(&state, out, sizeof out);
    return {state.lo ^ key.lo, state.hi ^ key.hi};
}

// ---- what the instructions share

struct Request {
    explicit Request(uint64_t request)
        : key(static_cast<PacKey>(request & 15)),
          algorithm(static_cast<PacAlgorithm>(request >> 4 & 15)),
          pauth2((request >> 8 & 1) != 0) {}
    PacKey key;
    PacAlgorithm algorithm;
    bool pauth2;
};

uint64_t code(const CpuState& state, uint64_t data, uint64_t modifier, const Request& request) {
    V128 key = state.pac_keys[static_cast<size_t>(request.key)];
    switch (request.algorithm) {
        case PacAlgorithm::qarma5: return qarma64(data, modifier, key.hi, key.lo, 5, 2);
        case PacAlgorithm::qarma3: return qarma64(data, modifier, key.hi, key.lo, 3, 1);
        case PacAlgorithm::implementation: break;
    }
    return aes_code(data, modifier, key);
}

// The pointer with copies of bit 55 where the code goes; what our algorithm looks at has zeros.
uint64_t extended(uint64_t pointer, uint64_t field) {
    return is_upper(pointer) ? pointer | field : pointer & ~field;
}
uint64_t pointer_code(const CpuState& state, uint64_t pointer, uint64_t modifier,
                      const Request& request) {
    bool ours = request.algorithm == PacAlgorithm::implementation;
    uint64_t field = pac_field(pointer, is_data(request.key));
    return code(state, ours ? pointer & ~field : extended(pointer, field), modifier, request);
}

}  // namespace

uint64_t qarma64(uint64_t data, uint64_t tweak, uint64_t outer, uint64_t inner, unsigned rounds,
                 unsigned sbox) {
    const Cells& box = sbox == 1 ? kSigma1 : kSigma2;
    const Cells back = inverse(box), unshuffle = inverse(kTau);
    uint64_t outer1 = std::rotr(outer, 1) ^ outer >> 63;
    uint64_t state = data ^ outer;
    for (unsigned i = 0; i < rounds; i++) {
        state ^= inner ^ tweak ^ kRoundConstants[i];
        if (i > 0) state = mix_columns(permute(state, kTau));
        state = substitute(state, box);
        tweak = next_tweak(tweak);
    }
    // The reflector, between a whole round forward and one backward.
    state = substitute(mix_columns(permute(state ^ outer1 ^ tweak, kTau)), box);
    state = mix_columns(permute(state, kTau)) ^ inner;
    state = permute(state, unshuffle);
    state = permute(mix_columns(substitute(state, back)), unshuffle) ^ outer ^ tweak;
    for (unsigned i = rounds; i-- > 0;) {
        state = substitute(state, back);
        if (i > 0) state = permute(mix_columns(state), unshuffle);
        tweak = previous_tweak(tweak);
        state ^= inner ^ tweak ^ kRoundConstants[i] ^ kAlpha;
    }
    return state ^ outer1;
}

uint64_t aes_code(uint64_t data, uint64_t modifier, V128 key) {
    V128 state{data ^ key.lo, modifier ^ key.hi};
    return aes_round(aes_round(state, key), key).lo;
}

uint64_t sign_pointer(uint64_t pointer, uint64_t modifier, V128 key, bool data) {
    uint64_t field = pac_field(pointer, data);
    return pointer ^ (aes_code(pointer & ~field, modifier, key) & field);
}

uint64_t helper_pac_sign(CpuState* state, uint64_t pointer, uint64_t modifier, uint64_t request) {
    Request r(request);
    bool data = is_data(r.key);
    uint64_t field = pac_field(pointer, data);
    uint64_t mac = pointer_code(*state, pointer, modifier, r);
    if (r.pauth2) return pointer ^ (mac & field);
    if (!is_canonical(pointer, data))
        mac ^= uint64_t{1} << (field == kPacField ? 54 : 62);  // fails
    return (pointer & ~field) | (mac & field);
}

uint64_t helper_pac_authenticate(CpuState* state, uint64_t pointer, uint64_t modifier,
                                 uint64_t request) {
    Request r(request);
    uint64_t mac = pointer_code(*state, pointer, modifier, r);
    uint64_t field = pac_field(pointer, is_data(r.key));
    if (r.pauth2) return pointer ^ (mac & field);
    uint64_t original = extended(pointer, field);
    if (((mac ^ pointer) & field) == 0) return original;
    // The two bits below the tag, or the highest two, tell the kind of key: 1 of A, 2 of B.
    uint64_t error = r.key == PacKey::ib || r.key == PacKey::db ? 2 : 1;
    unsigned at = field == kPacField ? 53 : 61;
    return (original & ~(uint64_t{3} << at)) | error << at;
}

uint64_t helper_pac_generic(CpuState* state, uint64_t data, uint64_t modifier, uint64_t request) {
    return code(*state, data, modifier, Request(request)) & ~uint64_t{0xffffffff};
}

}  // namespace pydbt::base
