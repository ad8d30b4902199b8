// What the host processor can do beyond nothing: the x86-64-v3 baseline and what is used above it.
//
// Owns: detection, names, capping by --host-features. Must not know: who uses which feature.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pydbt::x64 {

/// One bit each; names (for --host-features) in the .cpp.
enum HostFeature : uint32_t {
    kHostSse42 = 1u << 0,
    kHostPopcnt = 1u << 1,
    kHostCx16 = 1u << 2,
    kHostLahf = 1u << 3,
    kHostMovbe = 1u << 4,
    kHostAvx = 1u << 5,
    kHostF16c = 1u << 6,
    kHostFma = 1u << 7,
    kHostLzcnt = 1u << 8,
    kHostAvx2 = 1u << 9,
    kHostBmi1 = 1u << 10,
    kHostBmi2 = 1u << 11,
    // Above the baseline.
    kHostPclmul = 1u << 12,
    kHostAes = 1u << 13,
    kHostSha = 1u << 14,
    kHostGfni = 1u << 15,
    kHostVaes = 1u << 16,
    kHostVpclmul = 1u << 17,
    kHostAvx512 = 1u << 18,  // F, BW, CD, DQ, VL together (x86-64-v4)
    kHostAvx512Vnni = 1u << 19,
    kHostAvx512Vbmi = 1u << 20,
    kHostAvx512Bitalg = 1u << 21,
};

/// The x86-64-v3 level of the System V ABI, without which nothing is emitted.
inline constexpr uint32_t kHostBaseline = (1u << 12) - 1;

struct HostFeatures {
    uint32_t bits = 0;

    bool has(uint32_t wanted) const { return (bits & wanted) == wanted; }
    bool baseline_ok() const { return has(kHostBaseline); }

    /// What CPUID and XCR0 say of the processor this runs on (Intel SDM volume 2A, CPUID).
    static HostFeatures detect();

    /// Caps these features by a list as --host-features takes it: `avx2` (the baseline), `native`
    /// (everything detected), or the baseline followed by names to keep: `avx2,sha,aes`. A name
    /// with
    /// `-` before it is removed instead. False, with a sentence in `error`, for an unknown name.
    bool cap(std::string_view list, std::string& error);
};

}  // namespace pydbt::x64
