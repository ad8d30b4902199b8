#include "sysmode/cpu/registers.hpp"

#include <algorithm>

namespace pydbt::sysmode {

const RegInfo* find_register(uint32_t id) {
    const RegInfo* end = kRegisters + kRegCount;
    const RegInfo* row = std::lower_bound(
        kRegisters, end, id, [](const RegInfo& r, uint32_t wanted) { return r.id < wanted; });
    return row != end && row->id == id ? row : nullptr;
}

void RegisterFile::reset() {
    for (size_t n = 0; n < kRegCount; n++) values_[n] = kRegisters[n].reset;
}

void RegisterFile::write(Reg reg, uint64_t value) {
    uint64_t mask = info(reg).mask;
    uint64_t& old = values_[static_cast<size_t>(reg)];
    old = (old & ~mask) | (value & mask);
}

bool RegisterFile::traps(const RegInfo& row) const {
    for (unsigned n = 0; n < row.traps; n++) {
        const TrapControl& control = row.trap[n];
        if (bit(control.reg, control.bit) != control.inverted) return false;
    }
    return row.traps != 0;
}

}  // namespace pydbt::sysmode
