#include "translator/gdbstub/registers.hpp"

#include <cstring>

#include "translator/base/flags.hpp"
#include "translator/base/pauth.hpp"
#include "translator/runtime/helpers.hpp"

namespace pydbt::gdbstub {
namespace {

// PSTATE as SPSR_EL1 has it (Arm ARM C5.2.19).
constexpr unsigned kFlagsShift = 28, kBtypeShift = 10;
constexpr uint64_t kDit = 1 << 24, kSsbs = 1 << 12;

uint64_t read_pstate(const base::CpuState& state) {
    return uint64_t{base::nzcv_from_flags(state.nzcv)} << kFlagsShift | state.dit | state.ssbs |
           state.btype << kBtypeShift;
}

void write_pstate(base::CpuState& state, uint64_t value) {
    state.nzcv = base::flags_from_nzcv(static_cast<uint32_t>(value >> kFlagsShift & 15));
    state.dit = value & kDit;
    state.ssbs = value & kSsbs;
    state.btype = value >> kBtypeShift & 3;
}

bool has(const RegisterFeature& feature, const a64::Features& features) {
    return feature.needs < 0 || features.has(static_cast<a64::Feature>(feature.needs));
}

uint64_t computed(const base::CpuState& state, RegisterWay way) {
    switch (way) {
        case RegisterWay::cpsr: return read_pstate(state);
        case RegisterWay::fpsr: return runtime::read_fpsr(state);
        case RegisterWay::fpcr: return state.fpcr;
        default: return base::kPacField;
    }
}

}  // namespace

size_t register_count(const a64::Features& features) {
    size_t count = 0;
    for (const RegisterFeature& feature : kRegisterFeatures) {
        if (has(feature, features)) count += feature.count;
    }
    return count;
}

std::string target_description(const a64::Features& features) {
    std::string xml =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
        "<target version=\"1.0\">\n<architecture>aarch64</architecture>\n"
        "<osabi>GNU/Linux</osabi>\n";
    for (const RegisterFeature& feature : kRegisterFeatures) {
        if (has(feature, features)) xml += feature.xml;
    }
    return xml + "</target>\n";
}

void read_register(const base::CpuState& state, size_t number, std::string& bytes) {
    const RegisterInfo& r = kRegisters[number];
    if (r.way == RegisterWay::state) {
        bytes.append(reinterpret_cast<const char*>(&state) + r.offset, r.bytes);
        return;
    }
    uint64_t value = computed(state, r.way);
    bytes.append(reinterpret_cast<const char*>(&value), r.bytes);
}

void write_register(base::CpuState& state, size_t number, std::span<const uint8_t> bytes) {
    const RegisterInfo& r = kRegisters[number];
    if (r.bytes > sizeof(uint64_t)) {
        std::memcpy(reinterpret_cast<char*>(&state) + r.offset, bytes.data(), r.bytes);
        return;
    }
    uint64_t value = 0;
    std::memcpy(&value, bytes.data(), r.bytes);
    switch (r.way) {
        case RegisterWay::cpsr: write_pstate(state, value); break;
        case RegisterWay::fpsr: runtime::write_fpsr(state, static_cast<uint32_t>(value)); break;
        case RegisterWay::fpcr: runtime::write_fpcr(state, static_cast<uint32_t>(value)); break;
        case RegisterWay::pac: break;
        case RegisterWay::state: {
            char* place = reinterpret_cast<char*>(&state) + r.offset;
            uint64_t old = 0;
            std::memcpy(&old, place, r.bytes);
            value = (old & ~r.mask) | (value & r.mask);
            std::memcpy(place, &value, r.bytes);
            break;
        }
    }
}

}  // namespace pydbt::gdbstub
