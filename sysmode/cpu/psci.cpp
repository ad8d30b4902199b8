// PSCI's functions (Arm DEN0022) and what SMCCC asks for (DEN0028).
//
// Owns: function numbers, arguments, what is answered. Must not know: what the machine does then.
#include "sysmode/cpu/vcpu.hpp"

namespace pydbt::sysmode {
namespace {

enum : uint64_t {
    kVersion = 0x8400'0000,
    kCpuSuspend32 = 0x8400'0001,
    kCpuOff = 0x8400'0002,
    kCpuOn32 = 0x8400'0003,
    kAffinityInfo32 = 0x8400'0004,
    kMigrateInfoType = 0x8400'0006,
    kSystemOff = 0x8400'0008,
    kSystemReset = 0x8400'0009,
    kFeatures = 0x8400'000a,
    kCpuSuspend64 = 0xc400'0001,
    kCpuOn64 = 0xc400'0003,
    kAffinityInfo64 = 0xc400'0004,
    kSmcccVersion = 0x8000'0000,
    kSmcccFeatures = 0x8000'0001,
};

constexpr uint64_t kPsciVersion = 0x1'0001, kSmcccIs = 0x1'0001, kNoMigration = 2;

uint64_t answer(int32_t value) { return static_cast<uint64_t>(int64_t{value}); }
uint64_t answer(PsciStatus status) { return answer(static_cast<int32_t>(status)); }

bool is_known(uint64_t function) {
    switch (function) {
        case kVersion:
        case kCpuSuspend32:
        case kCpuSuspend64:
        case kCpuOff:
        case kCpuOn32:
        case kCpuOn64:
        case kAffinityInfo32:
        case kAffinityInfo64:
        case kMigrateInfoType:
        case kSystemOff:
        case kSystemReset:
        case kFeatures:
        case kSmcccVersion: return true;
        default: return false;
    }
}

}  // namespace

uint64_t Vcpu::psci(uint64_t function) {
    Power& power = *links_.power;
    function &= 0xffff'ffff;
    bool is_32 = (function >> 30 & 1) == 0;
    auto argument = [&](unsigned n) { return is_32 ? state_->x[n] & 0xffff'ffff : state_->x[n]; };
    switch (function) {
        case kVersion: return kPsciVersion;
        case kSmcccVersion: return kSmcccIs;
        case kSmcccFeatures: return answer(PsciStatus::not_supported);
        case kMigrateInfoType: return kNoMigration;
        case kFeatures:
            return answer(is_known(argument(1)) ? PsciStatus::success : PsciStatus::not_supported);
        case kCpuOn32:
        case kCpuOn64: return answer(power.cpu_on(argument(1), argument(2), argument(3)));
        case kAffinityInfo32:
        case kAffinityInfo64: return answer(power.affinity_info(argument(1), argument(2)));
        case kCpuOff: power.cpu_off(number_); return answer(PsciStatus::success);
        // A standby state: as WFI.
        case kCpuSuspend32:
        case kCpuSuspend64: wait(3); return answer(PsciStatus::success);
        case kSystemOff: power.system_off(); return answer(PsciStatus::success);
        case kSystemReset: power.system_reset(); return answer(PsciStatus::success);
        default: return answer(PsciStatus::not_supported);
    }
}

}  // namespace pydbt::sysmode
