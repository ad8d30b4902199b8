#include "sysmode/mmu/regime.hpp"

#include <algorithm>

namespace pydbt::sysmode {
namespace {

constexpr uint64_t kSctlrM = 1, kSctlrWxn = uint64_t{1} << 19, kSctlrEpan = uint64_t{1} << 57;

uint64_t bits(uint64_t value, unsigned lsb, unsigned count) {
    return value >> lsb & ((uint64_t{1} << count) - 1);
}
bool bit(uint64_t value, unsigned n) { return bits(value, n, 1) != 0; }

// TCR_EL1.IPS.
unsigned size_of_pa(uint64_t ips) {
    constexpr unsigned kBits[] = {32, 36, 40, 42, 44, 48, 52, 52};
    return kBits[ips];
}

// TG0: 0 is 4 KiB, 1 64, 2 16. TG1: 1 is 16, 2 4, 3 64. What there is not is as 4 KiB (Arm ARM
// D8.2.3 leaves it to the implementation).
unsigned granule_of(unsigned half, uint64_t tg, const MmuFeatures& features) {
    bool is_64k = half == 0 ? tg == 1 : tg == 3;
    bool is_16k = half == 0 ? tg == 2 : tg == 1;
    if (is_64k && features.granule64k) return 16;
    if (is_16k && features.granule16k) return 14;
    return features.granule4k ? 12 : 16;
}

Half make_half(unsigned n, const RegimeRegisters& r, const MmuFeatures& features,
               const Regime& regime) {
    Half half;
    unsigned size = static_cast<unsigned>(bits(r.tcr, n == 0 ? 0 : 16, 6));
    half.granule = granule_of(n, bits(r.tcr, n == 0 ? 14 : 30, 2), features);
    bool wide_va = half.granule == 16 ? features.lva : regime.wide;
    unsigned least = wide_va ? 12 : 16;
    unsigned most = features.small_tables ? (half.granule == 16 ? 47 : 48) : 39;
    half.va_bits = 64 - size;
    half.off = bit(r.tcr, n == 0 ? 7 : 23) || size < least || size > most;
    half.tbi = bit(r.tcr, 37 + n);
    half.tbi_code = half.tbi && !bit(r.tcr, 51 + n);
    half.flat = features.hierarchical_off && bit(r.tcr, 41 + n);
    half.not_el0 = features.e0pd && bit(r.tcr, 55 + n);
    // BADDR is aligned to the size of the first table, at least to 64 bytes.
    uint64_t base = bits(r.ttbr[n], 1, 47) << 1;
    bool high = regime.pa_bits == 52 && (half.granule == 16 || regime.wide);
    if (high) base = (base & ~uint64_t{0x3f}) | bits(r.ttbr[n], 2, 4) << 48;
    if (!half.off) {
        unsigned stride = half.granule - 3;
        unsigned levels = (half.va_bits - half.granule + stride - 1) / stride;
        unsigned first = half.va_bits - half.granule - stride * (levels - 1);
        unsigned align = std::max(first + 3, high ? 6u : 4u);
        base &= ~((uint64_t{1} << align) - 1);
    }
    half.table = base;
    half.table_too_high = base >> regime.pa_bits != 0;
    return half;
}

}  // namespace

Regime make_regime(const RegimeRegisters& r, const MmuFeatures& features) {
    Regime regime;
    regime.enabled = (r.sctlr & kSctlrM) != 0;
    regime.wxn = (r.sctlr & kSctlrWxn) != 0;
    regime.epan = features.epan && (r.sctlr & kSctlrEpan) != 0;
    regime.sets_access_flag = features.access_flag && bit(r.tcr, 39);
    regime.sets_dirty_state = regime.sets_access_flag && features.dirty_state && bit(r.tcr, 40);
    bool lpa2 = features.lpa2_4k || features.lpa2_16k;
    regime.wide = lpa2 && bit(r.tcr, 59);
    regime.pa_bits = std::min(size_of_pa(bits(r.tcr, 32, 3)), features.pa_bits);
    regime.high_in_low = regime.pa_bits == 52;
    regime.pa_bits_off = features.pa_bits;
    uint64_t asid = bits(r.ttbr[bit(r.tcr, 22) ? 1 : 0], 48, 16);
    bool asid16 = features.asid16 && bit(r.tcr, 36);
    regime.asid = static_cast<uint16_t>(asid16 ? asid : asid & 0xff);
    regime.mair = r.mair;
    // Without 52-bit descriptors 4 and 16 KiB granules reach 48 bits.
    for (unsigned n = 0; n < 2; n++) regime.half[n] = make_half(n, r, features, regime);
    return regime;
}

}  // namespace pydbt::sysmode
