#include "sysmode/cpu/identity.hpp"

#include <algorithm>

namespace pydbt::sysmode {
namespace {

// CRm << 3 | op2.
constexpr uint32_t kPfr0 = 0x20, kIsar0 = 0x30, kIsar1 = 0x31, kMmfr0 = 0x38, kMmfr1 = 0x39,
                   kMmfr2 = 0x3a;
constexpr uint32_t kFirstAa64 = 0x20, kLastAa64 = 0x3f;
constexpr unsigned kGicField = 24;

unsigned pa_bits(unsigned range) {
    constexpr unsigned kBits[] = {32, 36, 40, 42, 44, 48, 52};
    return kBits[std::min<size_t>(range, std::size(kBits) - 1)];
}

}  // namespace

Identity::Identity(const a64::Cpu& cpu) : cpu_(cpu) {
    // Allocation tags have no place in a machine's memory yet, and copies of many bytes are not
    // looked up.
    for (a64::Feature feature : {a64::Feature::MTE, a64::Feature::MOPS}) cpu_.remove(feature);
    constexpr unsigned kNone = 15;
    mmu_.pa_bits = pa_bits(field(kMmfr0, 0));
    mmu_.asid16 = field(kMmfr0, 4) == 2;
    unsigned granule16k = field(kMmfr0, 20), granule4k = field(kMmfr0, 28);
    mmu_.granule16k = granule16k != 0;
    mmu_.granule64k = field(kMmfr0, 24) != kNone;
    mmu_.granule4k = granule4k != kNone;
    mmu_.lpa2_4k = granule4k == 1;
    mmu_.lpa2_16k = granule16k == 2;
    mmu_.lva = field(kMmfr2, 16) != 0;
    mmu_.small_tables = field(kMmfr2, 28) != 0;
    mmu_.access_flag = field(kMmfr1, 0) >= 1;
    mmu_.dirty_state = field(kMmfr1, 0) >= 2;
    mmu_.hierarchical_off = field(kMmfr1, 12) != 0;
    mmu_.pan = field(kMmfr1, 20) >= 1;
    mmu_.epan = field(kMmfr1, 20) >= 3;
    mmu_.e0pd = field(kMmfr2, 60) != 0;
    pan = mmu_.pan;
    pan2 = field(kMmfr1, 20) >= 2;
    uao = field(kMmfr2, 4) != 0;
    ids = field(kMmfr2, 36) != 0;
    os_tlbi = field(kIsar0, 56) >= 1;
    range_tlbi = field(kIsar0, 56) >= 2;
    nxs_tlbi = field(kIsar1, 56) != 0;
}

uint64_t Identity::id_register(uint32_t id) const {
    if (id < kFirstAa64 || id > kLastAa64) return 0;
    uint64_t value = cpu_.id_register(id);
    for (const ImplementedField& f : kImplementedFields) {
        if (f.id != id) continue;
        uint64_t own = value >> f.lsb & 0xf;
        uint64_t shown =
            f.most == f.absent || own == f.absent ? f.absent : std::min<uint64_t>(own, f.most);
        value = (value & ~(uint64_t{0xf} << f.lsb)) | shown << f.lsb;
    }
    if (id == kPfr0 && gic_registers_) value |= uint64_t{1} << kGicField;
    return value;
}

bool Identity::has(const RegInfo& reg) const {
    if (reg.way == Way::icc && !gic_registers_) return false;
    if (reg.feature >= 0) return features().has(static_cast<a64::Feature>(reg.feature));
    return reg.field.value == 0 || field(reg.field.id, reg.field.lsb) >= reg.field.value;
}

}  // namespace pydbt::sysmode
