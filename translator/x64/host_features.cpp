#include "translator/x64/host_features.hpp"

#include <cpuid.h>

namespace pydbt::x64 {
namespace {

struct Name {
    std::string_view name;
    uint32_t bits;
};

constexpr Name kNames[] = {
    {"avx2", kHostBaseline},
    {"pclmul", kHostPclmul},
    {"aes", kHostAes},
    {"sha", kHostSha},
    {"gfni", kHostGfni},
    {"vaes", kHostVaes},
    {"vpclmul", kHostVpclmul},
    {"avx512", kHostAvx512},
    {"avx512vnni", kHostAvx512Vnni},
    {"avx512vbmi", kHostAvx512Vbmi},
    {"avx512bitalg", kHostAvx512Bitalg},
};

uint64_t xcr0() {
    uint32_t low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<uint64_t>(high) << 32 | low;
}

class Bits {
   public:
    void add(uint32_t word, unsigned bit, uint32_t feature) {
        if ((word >> bit & 1) != 0) found |= feature;
    }
    uint32_t found = 0;
};

}  // namespace

HostFeatures HostFeatures::detect() {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0) return {};
    Bits bits;
    bool os_saves = (c >> 27 & 1) != 0;  // OSXSAVE
    uint64_t saved = os_saves ? xcr0() : 0;
    bool ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6;
    bits.add(c, 1, kHostPclmul);
    bits.add(c, 13, kHostCx16);
    bits.add(c, 20, kHostSse42);
    bits.add(c, 22, kHostMovbe);
    bits.add(c, 23, kHostPopcnt);
    bits.add(c, 25, kHostAes);
    if (ymm) {
        bits.add(c, 12, kHostFma);
        bits.add(c, 28, kHostAvx);
        bits.add(c, 29, kHostF16c);
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) {
        bits.add(b, 3, kHostBmi1);
        bits.add(b, 8, kHostBmi2);
        bits.add(b, 29, kHostSha);
        if (ymm) {
            bits.add(b, 5, kHostAvx2);
            bits.add(c, 8, kHostGfni);
            bits.add(c, 9, kHostVaes);
            bits.add(c, 10, kHostVpclmul);
        }
        // F DQ CD BW VL
        constexpr uint32_t kFoundation = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
        if (zmm && (b & kFoundation) == kFoundation) {
            bits.found |= kHostAvx512;
            bits.add(c, 1, kHostAvx512Vbmi);
            bits.add(c, 11, kHostAvx512Vnni);
            bits.add(c, 12, kHostAvx512Bitalg);
        }
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d) != 0) {
        bits.add(c, 0, kHostLahf);
        bits.add(c, 5, kHostLzcnt);
    }
    return {bits.found};
}

bool HostFeatures::cap(std::string_view list, std::string& error) {
    uint32_t wanted = kHostBaseline;
    while (!list.empty()) {
        size_t comma = list.find(',');
        std::string_view item = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (item == "native") {
            wanted = ~uint32_t{0};
            continue;
        }
        bool remove = item.starts_with('-');
        std::string_view name = remove ? item.substr(1) : item;
        uint32_t named = 0;
        for (const Name& known : kNames) {
            if (known.name == name) named = known.bits;
        }
        if (named == 0 || (remove && named == kHostBaseline)) {
            error = "--host-features: ";
            error += named == 0 ? "unknown feature '" : "the baseline cannot be removed: '";
            error += item;
            error += '\'';
            return false;
        }
        wanted = remove ? wanted & ~named : wanted | named;
    }
    bits &= wanted;
    return true;
}

}  // namespace pydbt::x64
