// From host registers at a fault to guest state.
//
// Owns: recover(). Must not know: how rows are made beyond their format.
#include <cstring>

#include "translator/base/flags.hpp"
#include "translator/x64/tier1_impl.hpp"

namespace pydbt::x64 {
namespace {

// RFLAGS to the flags word of CpuState.
uint32_t flags_word(uint64_t rflags, FlagsMode mode) {
    bool cf = (rflags & 1) != 0, pf = (rflags & 4) != 0, zf = (rflags & 0x40) != 0;
    bool sf = (rflags & 0x80) != 0, of = (rflags & 0x800) != 0;
    auto pack = [](bool n, bool z, bool c, bool v) {
        return base::flags_from_nzcv((n ? 8u : 0u) | (z ? 4u : 0u) | (c ? 2u : 0u) | (v ? 1u : 0u));
    };
    switch (mode) {
        case FlagsMode::add: return pack(sf, zf, cf, of);
        case FlagsMode::sub: return pack(sf, zf, !cf, of);
        case FlagsMode::fcmp: break;
    }
    return pack(cf && !pf, zf && !pf, !cf || pf, pf);
}

uint64_t general(const RecoveryEntry& e, const HostContext& host, const base::CpuState& before) {
    switch (e.kind) {
        case RecoveryEntry::gp: return host.gp[e.host];
        case RecoveryEntry::constant:
        case RecoveryEntry::address: return e.value;
        case RecoveryEntry::spill: return before.spill[e.slot].lo;
        case RecoveryEntry::eflags: return flags_word(host.rflags, static_cast<FlagsMode>(e.host));
        case RecoveryEntry::home_x: return e.host == 31 ? before.sp : before.x[e.host];
        default: return 0;
    }
}

base::V128 vector(const RecoveryEntry& e, const HostContext& host, const base::CpuState& before) {
    if (e.kind == RecoveryEntry::xmm) return host.xmm[e.host];
    if (e.kind == RecoveryEntry::constant) return {e.value, e.value};
    base::V128 v{};
    const base::V128& from =
        e.kind == RecoveryEntry::spill ? before.spill[e.slot] : before.v[e.host];
    std::memcpy(&v, &from, e.value);
    return v;
}

}  // namespace

uint64_t recover(const RecoveryRow& row, std::span<const RecoveryEntry> entries,
                 const HostContext& host, base::CpuState& state) {
    static_cast<void>(row);
    // All entries read what was before any is written: one home slot may be another's source. A V
    // register's home is read only where the value itself moves, so that a copy of V is enough.
    base::CpuState before = state;
    uint64_t address = 0;
    for (const RecoveryEntry& e : entries) {
        if (e.guest == kGuestFaultAddress) {
            address = general(e, host, before);
        } else if (e.guest == kGuestFlags) {
            state.nzcv = static_cast<uint32_t>(general(e, host, before));
        } else if (e.guest >= kGuestV) {
            state.v[e.guest - kGuestV] = vector(e, host, before);
        } else {
            (e.guest == 31 ? state.sp : state.x[e.guest]) = general(e, host, before);
        }
    }
    return address;
}

}  // namespace pydbt::x64
