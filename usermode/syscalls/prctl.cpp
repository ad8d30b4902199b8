// prctl: every option, as an AArch64 kernel answers it.
//
// Owns: this call, what is kept of its settings. Must not know: what the settings do elsewhere.
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "translator/base/tags.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/options/options.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

// Options that the host's headers may not have, or that are another architecture's
// (include/uapi/linux/prctl.h).
enum Option : int {
    kGetTidAddress = 40,
    kMpxEnable = 43,
    kMpxDisable = 44,
    kSetFpMode = 45,
    kGetFpMode = 46,
    kSveSetVl = 50,
    kSveGetVl = 51,
    kPacResetKeys = 54,
    kSetTaggedAddress = 55,
    kGetTaggedAddress = 56,
    kSyscallUserDispatch = 59,
    kPacSetEnabledKeys = 60,
    kPacGetEnabledKeys = 61,
    kSmeSetVl = 63,
    kSmeGetVl = 64,
    kSetMdwe = 65,
    kGetMdwe = 66,
    kRiscvFirst = 69,
    kPowerLast = 73,
    kGetShadowStack = 74,
    kLockShadowStack = 76,
    kRseqSlice = 79,
    kGetAuxv = 0x41555856,
};

// Not this architecture's, or not this CPU's: EINVAL without a look at the arguments.
bool is_absent(int option) {
    if (option >= kRiscvFirst && option <= kPowerLast) return true;
    if (option >= kGetShadowStack && option <= kLockShadowStack) return true;
    switch (option) {
        case PR_GET_UNALIGN:
        case PR_SET_UNALIGN:
        case PR_GET_FPEMU:
        case PR_SET_FPEMU:
        case PR_GET_FPEXC:
        case PR_SET_FPEXC:
        case PR_GET_ENDIAN:
        case PR_SET_ENDIAN:
        case PR_GET_TSC:
        case PR_SET_TSC:
        case kMpxEnable:
        case kMpxDisable:
        case kSetFpMode:
        case kGetFpMode:
        case kSveSetVl:
        case kSveGetVl:
        case kSyscallUserDispatch:
        case kSmeSetVl:
        case kSmeGetVl:
        case kRseqSlice: return true;
        default: return false;
    }
}

// Where the kernel reads a process's arguments from is the guest's to say; the break and the
// segments that the host's kernel knows are the launcher's.
int64_t set_mm(GuestThread& t, const SyscallArgs& a) {
    switch (a[1]) {
        case PR_SET_MM_ARG_START:
        case PR_SET_MM_ARG_END:
        case PR_SET_MM_ENV_START:
        case PR_SET_MM_ENV_END:
        case PR_SET_MM_MAP_SIZE: return host_syscall(t, SYS_prctl, a);
        default: return geteuid() == 0 ? -EINVAL : -EPERM;
    }
}

// PR_SET_MDWE is about the guest's mappings (sys_mmap, sys_mprotect); the host's are never
// executable for it, so the host's kernel would see nothing.
int64_t set_deny_write_exec(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kRefuse = 1, kNoInherit = 2;
    int& now = t.group->kept.deny_write_exec;
    if (a[2] != 0 || a[3] != 0 || a[4] != 0) return -EINVAL;
    if ((a[1] & ~(kRefuse | kNoInherit)) != 0 || a[1] == kNoInherit) return -EINVAL;
    if (now != 0 && static_cast<uint64_t>(now) != a[1]) return -EPERM;
    now = static_cast<int>(a[1]);
    return 0;
}

// Of PR_SET_TAGGED_ADDR_CTRL: which checks, and from which tags IRG chooses.
constexpr uint64_t kTagEnable = 1, kTagSync = 2, kTagAsync = 4, kTagsShift = 3;
constexpr uint64_t kTagBits = kTagSync | kTagAsync | uint64_t{0xffff} << kTagsShift;

// arch/arm64/kernel/mte.c. Of two modes the CPU prefers the asynchronous one, as Linux starts it.
int64_t set_tag_control(GuestThread& t, uint64_t control) {
    base::CpuState& state = t.state();
    uint32_t mode = base::kTagCheckNone;
    if ((control & kTagSync) != 0) mode = base::kTagCheckSync;
    if ((control & kTagAsync) != 0) mode = base::kTagCheckAsync;
    if (control != 0) {
        uint8_t* storage = t.process.memory.tag_storage();
        if (storage == nullptr) return -ENOMEM;
        state.tags = reinterpret_cast<uint64_t>(storage);
        while (getrandom(&state.tag_seed, sizeof state.tag_seed, 0) != sizeof state.tag_seed) {
        }
        state.tag_seed |= 1;  // zero would stay so
    }
    state.tag_check = mode;
    state.tag_exclude = ~(control >> kTagsShift) & 0xffff;
    t.tag_control = control;
    return 0;
}

int64_t set_tagged_addresses(GuestThread& t, const SyscallArgs& a) {
    bool tags = t.process.options.cpu.features().has(a64::Feature::MTE2);
    uint64_t known = kTagEnable | (tags ? kTagBits : 0);
    if ((a[1] & ~known) != 0 || a[2] != 0 || a[3] != 0 || a[4] != 0) return -EINVAL;
    int64_t result = tags ? set_tag_control(t, a[1] & kTagBits) : 0;
    if (result == 0) t.group->tagged_addresses = (a[1] & kTagEnable) != 0;
    return result;
}

constexpr uint64_t kAddressKeys = 0xf;  // PR_PAC_APIAKEY to PR_PAC_APDBKEY: what can be off

// arch/arm64/kernel/pointer_auth.c.
int64_t reset_pac_keys(GuestThread& t, const SyscallArgs& a) {
    if (a[2] != 0 || a[3] != 0 || a[4] != 0 || (a[1] & ~kAllPacKeys) != 0) return -EINVAL;
    renew_pac_keys(t.state(), a[1] == 0 ? kAllPacKeys : a[1]);
    return 0;
}
int64_t set_enabled_pac_keys(GuestThread& t, const SyscallArgs& a) {
    uint64_t keys = a[1], enabled = a[2];
    if (a[3] != 0 || a[4] != 0) return -EINVAL;
    if ((keys & ~kAddressKeys) != 0 || (enabled & ~keys) != 0) return -EINVAL;
    auto off = static_cast<uint32_t>(keys & ~enabled);
    t.state().pac_off = (t.state().pac_off & ~static_cast<uint32_t>(keys)) | off;
    return 0;
}

int64_t set_seccomp(GuestThread& t, const SyscallArgs& a) {
    constexpr uint64_t kStrict = 1, kFilter = 2;
    if (a[1] == kStrict) return seccomp_set_strict(t);
    return a[1] == kFilter ? seccomp_set_filter(t, 0, a[2]) : -EINVAL;
}

}  // namespace

int64_t sys_prctl(GuestThread& t, const SyscallArgs& a) {
    auto option = static_cast<int>(a[0]);
    if (is_absent(option)) return -EINVAL;
    bool pauth = t.process.options.cpu.features().has(a64::Feature::PAuth);
    bool none = a[1] == 0 && a[2] == 0 && a[3] == 0 && a[4] == 0;
    switch (option) {
        case PR_SET_SECCOMP: return set_seccomp(t, a);
        case PR_GET_SECCOMP: return t.seccomp.filter != nullptr ? 2 : 0;
        case PR_SET_MM: return set_mm(t, a);
        case kGetTidAddress: return write_guest(a[1], t.clear_child_tid) ? 0 : -EFAULT;
        case kSetTaggedAddress: return set_tagged_addresses(t, a);
        case kGetTaggedAddress:
            if (!none) return -EINVAL;
            return static_cast<int64_t>(t.tag_control | (t.group->tagged_addresses ? 1 : 0));
        case kPacResetKeys: return pauth ? reset_pac_keys(t, a) : -EINVAL;
        case kPacSetEnabledKeys: return pauth ? set_enabled_pac_keys(t, a) : -EINVAL;
        case kPacGetEnabledKeys:
            if (!pauth || !none) return -EINVAL;
            return static_cast<int64_t>(kAddressKeys & ~uint64_t{t.state().pac_off});
        case kSetMdwe: return set_deny_write_exec(t, a);
        case kGetMdwe: return none ? t.group->kept.deny_write_exec : -EINVAL;
        case kGetAuxv: {
            if (a[3] != 0 || a[4] != 0) return -EINVAL;
            const std::vector<uint64_t>& auxv = t.process.auxv;
            size_t bytes = auxv.size() * sizeof auxv[0];
            if (!copy_to_guest(a[1], auxv.data(), std::min<uint64_t>(bytes, a[2]))) return -EFAULT;
            return static_cast<int64_t>(bytes);
        }
        default: return host_syscall(t, SYS_prctl, a);
    }
}

}  // namespace pydbt::usermode
