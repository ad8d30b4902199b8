// Codes of pointer authentication: published vectors, and what the instructions make of them.
#include "translator/base/pauth.hpp"

#include <immintrin.h>

#include <cstring>

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::base;

// R. Avanzi, "The QARMA Block Cipher Family", IACR ToSC 2017(1) and ePrint 2016/444, test vectors;
// compared with those of public implementations, among them QEMU's test of PACGA (5 rounds, sigma
// 2).
TEST(qarma_vectors) {
    constexpr uint64_t kOuter = 0x84be85ce9804e94b, kInner = 0xec2802d4e0a488e9;
    constexpr uint64_t kTweak = 0x477d469dec0b8762, kPlain = 0xfb623599da6e8127;
    constexpr uint64_t kCipher[2][3] = {
        {0x544b0ab95bda7c3a, 0xa512dd1e4e3ec582, 0xedf67ff370a483f2},
        {0xc003b93999b33765, 0x270a787275c48d10, 0x5c06a7501b63b2fd},
    };
    for (unsigned sbox : {1, 2}) {
        for (unsigned rounds : {5, 6, 7}) {
            CHECK_EQ(qarma64(kPlain, kTweak, kOuter, kInner, rounds, sbox),
                     kCipher[sbox - 1][rounds - 5]);
        }
    }
}

[[gnu::target("aes")]] V128 aesenc_twice(V128 state, V128 key) {
    __m128i s, k;
    std::memcpy(&s, &state, sizeof s);
    std::memcpy(&k, &key, sizeof k);
    s = _mm_aesenc_si128(_mm_aesenc_si128(_mm_xor_si128(s, k), k), k);
    std::memcpy(&state, &s, sizeof s);
    return state;
}

TEST(aes_code_is_what_the_host_computes) {
    if (!__builtin_cpu_supports("aes")) return;
    uint64_t v = 0x0123456789abcdef;
    for (int n = 0; n < 1000; n++) {
        auto next = [&] { return v = v * 6364136223846793005u + 1442695040888963407u; };
        uint64_t data = next(), modifier = next();
        V128 key{next(), next()};
        CHECK_EQ(aes_code(data, modifier, key), aesenc_twice({data, modifier}, key).lo);
    }
}

// Bits 63:48 of pointers that are canonical: what is a tag stays, also in an upper data pointer.
TEST(authentication_takes_the_code_away) {
    CpuState state{};
    for (V128& key : state.pac_keys) key = {0x1122334455667788, 0x99aabbccddeeff00};
    for (auto algorithm :
         {PacAlgorithm::implementation, PacAlgorithm::qarma5, PacAlgorithm::qarma3}) {
        for (unsigned n = 0; n < 8; n++) {
            bool pauth2 = (n & 1) != 0, data = (n & 2) != 0, upper = (n & 4) != 0;
            uint64_t request = pac_request(data ? PacKey::db : PacKey::ib, algorithm, pauth2);
            uint64_t field = upper && !data ? kUpperPacField : kPacField;
            uint64_t top = !upper ? 0x5a00 : data ? 0x5aff : 0xffff;
            uint64_t pointer = top << 48 | 0x123456789abc;
            CHECK(is_canonical(pointer, data));
            uint64_t code = helper_pac_sign(&state, pointer, 42, request);
            CHECK_EQ(code & ~field, pointer & ~field);
            CHECK(code != pointer);
            CHECK_EQ(helper_pac_authenticate(&state, code, 42, request), pointer);
            for (unsigned bit = 48; bit < 64; bit++) {
                if ((field >> bit & 1) == 0) continue;
                uint64_t wrong = code ^ uint64_t{1} << bit;
                uint64_t got = helper_pac_authenticate(&state, wrong, 42, request);
                CHECK(!is_canonical(got, data));
                unsigned error = field == kPacField ? 53 : 61;
                if (!pauth2) CHECK_EQ(got ^ pointer, uint64_t{upper ? 1u : 2u} << error);
            }
        }
    }
}

// Of an instruction's upper address bits 63:56 are no tag, and what they were does not matter.
TEST(the_code_does_not_depend_on_where_it_goes) {
    CpuState state{};
    for (V128& key : state.pac_keys) key = {3, 4};
    for (auto algorithm :
         {PacAlgorithm::implementation, PacAlgorithm::qarma5, PacAlgorithm::qarma3}) {
        uint64_t request = pac_request(PacKey::ia, algorithm, true);
        uint64_t canonical = 0xffff123456789abc, changed = canonical ^ uint64_t{0xa53c} << 48;
        CHECK_EQ(helper_pac_sign(&state, canonical, 1, request) ^ canonical,
                 helper_pac_sign(&state, changed, 1, request) ^ changed);
        uint64_t tagged = 0x5a00123456789abc;
        CHECK((helper_pac_sign(&state, tagged, 1, request) ^ tagged) !=
              (helper_pac_sign(&state, tagged ^ uint64_t{1} << 60, 1, request) ^ tagged ^
               uint64_t{1} << 60));
    }
}

// AddPAC without FEAT_PAuth2: the code of a pointer that is not canonical fails.
TEST(a_bad_pointer_stays_bad) {
    CpuState state{};
    uint64_t request = pac_request(PacKey::ia, PacAlgorithm::qarma5, false);
    uint64_t code = helper_pac_sign(&state, 0x0001123456789abc, 0, request);
    uint64_t after = helper_pac_authenticate(&state, code, 0, request);
    CHECK_EQ(after, 0x0020123456789abcu);  // error code 01 in bits 54:53
    code = helper_pac_sign(&state, 0xfffe123456789abc, 0, request);
    after = helper_pac_authenticate(&state, code, 0, request);
    CHECK_EQ(after, 0xbfff123456789abcu);  // 01 in bits 62:61
}

TEST(generic_code_is_in_the_upper_half) {
    CpuState state{};
    uint64_t request = pac_request(PacKey::ga, PacAlgorithm::qarma5, true);
    CHECK_EQ(helper_pac_generic(&state, 1, 2, request) & 0xffffffff, 0u);
    CHECK_EQ(helper_pac_generic(&state, 1, 2, request) >> 32, qarma64(1, 2, 0, 0, 5, 2) >> 32);
}

}  // namespace
