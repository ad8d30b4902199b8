#include "usermode/ptrace/registers.hpp"

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "translator/base/flags.hpp"
#include "translator/base/tags.hpp"
#include "translator/runtime/helpers.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/signals/frame.hpp"

namespace pydbt::usermode {
namespace {

// Types that older headers do not have.
constexpr uint64_t kPacMask = 0x406, kTaggedAddress = 0x409, kPacEnabled = 0x40a;
constexpr uint64_t kAllPacEnabled = 0xf;

constexpr size_t kGeneralBytes = 34 * sizeof(uint64_t), kFpBytes = 528;
static_assert(offsetof(TraceRegisters, v) == kGeneralBytes);
static_assert(offsetof(TraceRegisters, tls) == kGeneralBytes + kFpBytes);

}  // namespace

void save_registers(GuestThread& thread, TraceRegisters& r) {
    const base::CpuState& state = thread.state();
    std::memcpy(r.x, state.x, sizeof r.x);
    r.sp = state.sp;
    r.pc = state.pc;
    r.pstate = pstate_of(state);
    std::memcpy(r.v, state.v, sizeof r.v);
    r.fpsr = runtime::read_fpsr(state);
    r.fpcr = state.fpcr;
    r.fp_unused = 0;
    r.tls = state.tpidr_el0;
    r.call = thread.syscall;
    bool pauth = thread.process.options.cpu.features().has(a64::Feature::PAuth);
    // From the address space's end, of 48 bits, to bit 54 (asm/pointer_auth.h).
    constexpr uint64_t kMask = (uint64_t{1} << 55) - (uint64_t{1} << 48);
    r.pac_masks[0] = r.pac_masks[1] = pauth ? kMask : 0;
    r.pac_enabled = kAllPacEnabled & ~uint64_t{state.pac_off};
    std::memset(r.debug, 0, sizeof r.debug);
    r.debug[0] = 0x600;  // the architecture's version, and how many there are
    r.tagged = thread.tag_control | (thread.group->tagged_addresses ? 1 : 0);
}

void load_registers(GuestThread& thread, const TraceRegisters& r) {
    base::CpuState& state = thread.state();
    std::memcpy(state.x, r.x, sizeof r.x);
    state.sp = r.sp;
    state.pc = r.pc;
    state.nzcv = base::flags_from_nzcv(static_cast<uint32_t>(r.pstate >> 28 & 15));
    state.btype = r.pstate >> kPstateBtypeShift & 3;
    state.dit = r.pstate & kPstateDit;
    state.ssbs = r.pstate & kPstateSsbs;
    state.tco = r.pstate & base::kPstateTco;
    std::memcpy(state.v, r.v, sizeof r.v);
    runtime::write_fpsr(state, r.fpsr);
    runtime::write_fpcr(state, r.fpcr);
    state.tpidr_el0 = r.tls;
    thread.syscall = r.call;
    state.pac_off = static_cast<uint32_t>(kAllPacEnabled & ~r.pac_enabled);
}

std::span<uint8_t> register_set(TraceRegisters& r, uint64_t type, uint64_t& unit) {
    auto bytes = [](void* at, size_t count) { return std::span(static_cast<uint8_t*>(at), count); };
    bool pauth = r.pac_masks[0] != 0;
    unit = sizeof(uint64_t);
    switch (type) {
        case NT_PRSTATUS: return bytes(r.x, kGeneralBytes);
        case NT_FPREGSET: unit = sizeof(uint32_t); return bytes(r.v, kFpBytes);
        case NT_ARM_TLS: return bytes(&r.tls, sizeof r.tls);
        case NT_ARM_SYSTEM_CALL: unit = sizeof r.call; return bytes(&r.call, sizeof r.call);
        case kPacMask: return pauth ? bytes(r.pac_masks, sizeof r.pac_masks) : std::span<uint8_t>();
        case kPacEnabled:
            return pauth ? bytes(&r.pac_enabled, sizeof r.pac_enabled) : std::span<uint8_t>();
        case NT_ARM_HW_BREAK:
        case NT_ARM_HW_WATCH: unit = sizeof r.debug[0]; return bytes(r.debug, sizeof r.debug);
        case kTaggedAddress: return bytes(&r.tagged, sizeof r.tagged);
        default: return {};
    }
}

int64_t write_register_set(TraceRegisters& registers, uint64_t type,
                           std::span<const uint8_t> data) {
    // The kernel can set neither; tag control is the thread's to set.
    if (type == kPacMask || type == kTaggedAddress) return -EOPNOTSUPP;
    if (type == NT_ARM_HW_BREAK || type == NT_ARM_HW_WATCH) return -ENOSPC;
    TraceRegisters wanted = registers;
    uint64_t unit;
    std::span<uint8_t> set = register_set(wanted, type, unit);
    std::copy_n(data.begin(), std::min(data.size(), set.size()), set.begin());
    if ((wanted.pac_enabled & ~kAllPacEnabled) != 0) return -EINVAL;
    // valid_native_regs(): what is not EL0's is refused.
    if (type == NT_PRSTATUS && (wanted.pstate & kPstateNotEl0) != 0) return -EINVAL;
    registers = wanted;
    return 0;
}

}  // namespace pydbt::usermode
