// Pointer authentication codes (Arm ARM D8.10, shared/functions/pac).
//
// Owns: the algorithms, where a code is in a pointer. Must not know: which instruction asks, what a
// failure leads to.
#pragma once

#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::base {

/// Keys, by their index in CpuState::pac_keys.
enum class PacKey : uint8_t { ia, ib, da, db, ga };

/// Which code: FEAT_PACQARMA5, FEAT_PACQARMA3, or ours (FEAT_PACIMP).
enum class PacAlgorithm : uint8_t { implementation, qarma5, qarma3 };

/// Where the code of a pointer is, with addresses of 48 bits. Bit 55 says upper or lower. The top
/// byte is a tag, but of an instruction's upper address it is part of the code: Linux sets TBI0,
/// TBI1 and TBID1 of TCR_EL1 (arch/arm64/mm/proc.S).
inline constexpr uint64_t kPacField = uint64_t{0x7f} << 48, kUpperPacField = uint64_t{0xff7f} << 48;

inline constexpr bool is_upper(uint64_t pointer) { return (pointer >> 55 & 1) != 0; }
inline constexpr bool is_data(PacKey key) { return key == PacKey::da || key == PacKey::db; }
inline constexpr uint64_t pac_field(uint64_t pointer, bool data) {
    return is_upper(pointer) && !data ? kUpperPacField : kPacField;
}

/// Whether the pointer has copies of bit 55 where a code would be.
inline constexpr bool is_canonical(uint64_t pointer, bool data) {
    return ((is_upper(pointer) ? ~pointer : pointer) & pac_field(pointer, data)) == 0;
}

/// Third argument of the helpers.
inline constexpr uint64_t pac_request(PacKey key, PacAlgorithm algorithm, bool pauth2) {
    return static_cast<uint64_t>(key) | static_cast<uint64_t>(algorithm) << 4 |
           (pauth2 ? uint64_t{1} : 0) << 8;
}

/// QARMA-64 of `data` with a tweak, `outer` and `inner` the halves of the key (w0 and k0 of R.
/// Avanzi, "The QARMA Block Cipher Family", 2017). `rounds` is its r; `sbox` 1 or 2: sigma.
uint64_t qarma64(uint64_t data, uint64_t tweak, uint64_t outer, uint64_t inner, unsigned rounds,
                 unsigned sbox);

/// Our algorithm: two rounds of AES (as AESENC does them) of the halves {data, modifier} xor key,
/// with the key in each; the low half.
uint64_t aes_code(uint64_t data, uint64_t modifier, V128 key);

/// The pointer with pac_field() changed by the implementation-defined code of its other bits: signs
/// and, done again, authenticates as FEAT_PAuth2 wants it.
uint64_t sign_pointer(uint64_t pointer, uint64_t modifier, V128 key, bool data);

/// AddPAC; `request` is a pac_request().
uint64_t helper_pac_sign(CpuState* state, uint64_t pointer, uint64_t modifier, uint64_t request);
/// Auth. Without FEAT_PAuth2 a failure leaves an error code; with it, bits that are not canonical.
uint64_t helper_pac_authenticate(CpuState* state, uint64_t pointer, uint64_t modifier,
                                 uint64_t request);
/// PACGA.
uint64_t helper_pac_generic(CpuState* state, uint64_t data, uint64_t modifier, uint64_t request);

}  // namespace pydbt::base
