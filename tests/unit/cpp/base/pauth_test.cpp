// Codes of pointer authentication: published vectors, and what the instructions make of them.
#include "translator/base/pauth.hpp"

#include <immintrin.h>

#include <cstring>

#include "tests/unit/cpp/testing.hpp"

namespace {

using namespace pydbt::base;

// R. Avanzi, "The QARMA Block Cipher Family", IACR ToSC 2017(1), table of test vectors.
TEST(qarma_vectors) {
    constexpr uint64_t kOuter = 0x84be85ce9804e94b, kInner = 0xec2802d4e0a488e9;
    constexpr uint64_t kTweak = 0x477d469dec0b8762, kPlain = 0xfb623599da6e8127;
    CHECK_EQ(qarma64(kPlain, kTweak, kOuter, kInner, 5, 1), 0x544b0ab95bda7c3au);
    CHECK_EQ(qarma64(kPlain, kTweak, kOuter, kInner, 5, 2), 0xc003b93999b33765u);
    CHECK_EQ(qarma64(kPlain, kTweak, kOuter, kInner, 6, 1), 0xa512dd1e4e3ec582u);
    CHECK_EQ(qarma64(kPlain, kTweak, kOuter, kInner, 7, 2), 0x5c06a7501b63b2fdu);
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

TEST(authentication_takes_the_code_away) {
    CpuState state{};
    state.pac_keys[1] = {0x1122334455667788, 0x99aabbccddeeff00};
    for (auto algorithm :
         {PacAlgorithm::implementation, PacAlgorithm::qarma5, PacAlgorithm::qarma3}) {
        for (bool pauth2 : {false, true}) {
            uint64_t request = pac_request(PacKey::ib, algorithm, pauth2);
            for (uint64_t pointer : {uint64_t{0x0000123456789abc}, uint64_t{0xffff923456789abc},
                                     uint64_t{0x5a00123456789abc}}) {
                uint64_t code = helper_pac_sign(&state, pointer, 42, request);
                CHECK_EQ(code & ~kPacField, pointer & ~kPacField);
                CHECK_EQ(helper_pac_authenticate(&state, code, 42, request), pointer);
                uint64_t wrong =
                    helper_pac_authenticate(&state, code ^ uint64_t{1} << 50, 42, request);
                CHECK((wrong >> 48 & 0xff) != 0 && (wrong >> 48 & 0xff) != 0xff);
            }
        }
    }
}

// AddPAC without FEAT_PAuth2: the code of a pointer that is not canonical fails.
TEST(a_bad_pointer_stays_bad) {
    CpuState state{};
    uint64_t request = pac_request(PacKey::ia, PacAlgorithm::qarma5, false);
    uint64_t code = helper_pac_sign(&state, 0x0001123456789abc, 0, request);
    uint64_t after = helper_pac_authenticate(&state, code, 0, request);
    CHECK_EQ(after, 0x0020123456789abcu);  // error code 01 in bits 54:53
}

TEST(generic_code_is_in_the_upper_half) {
    CpuState state{};
    uint64_t request = pac_request(PacKey::ga, PacAlgorithm::qarma5, true);
    CHECK_EQ(helper_pac_generic(&state, 1, 2, request) & 0xffffffff, 0u);
    CHECK_EQ(helper_pac_generic(&state, 1, 2, request) >> 32, qarma64(1, 2, 0, 0, 5, 2) >> 32);
}

}  // namespace
