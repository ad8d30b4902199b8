// ESR_EL1's contents (Arm ARM D24.2.40).
//
// Owns: exception classes and the ISS of each. Must not know: when exceptions are taken.
#pragma once

#include <cstdint>

namespace pydbt::sysmode {

enum class ExceptionClass : uint32_t {
    unknown = 0x00,
    wait = 0x01,
    fp_access = 0x07,
    branch_target = 0x0d,
    illegal_state = 0x0e,
    svc = 0x15,
    system_register = 0x18,
    pointer_authentication = 0x1c,
    instruction_abort_lower = 0x20,
    instruction_abort = 0x21,
    pc_alignment = 0x22,
    data_abort_lower = 0x24,
    data_abort = 0x25,
    sp_alignment = 0x26,
    serror = 0x2f,
    breakpoint_lower = 0x30,
    breakpoint = 0x31,
    step_lower = 0x32,
    step = 0x33,
    watchpoint_lower = 0x34,
    watchpoint = 0x35,
    brk = 0x3c,
};

constexpr uint64_t kEsrIl = uint64_t{1} << 25;

constexpr uint64_t syndrome(ExceptionClass ec, uint64_t iss = 0) {
    return static_cast<uint64_t>(ec) << 26 | kEsrIl | iss;
}

/// Conditions are AArch32's; AArch64 says CV 1, COND "always".
constexpr uint64_t kIssAlways = 0x1e0'0000;

/// Of a trapped MRS, MSR or SYS instruction word.
constexpr uint64_t system_iss(uint32_t word) {
    uint64_t op0 = word >> 19 & 3, op1 = word >> 16 & 7, crn = word >> 12 & 0xf;
    uint64_t crm = word >> 8 & 0xf, op2 = word >> 5 & 7, rt = word & 0x1f, reads = word >> 21 & 1;
    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | reads;
}

/// Of aborts.
constexpr uint64_t kIssWrite = 1 << 6, kIssCache = 1 << 8;

/// Of debug exceptions.
constexpr uint64_t kIssDebug = 0x22;
/// Of software step: the next two fields are valid; an exclusive load was stepped.
constexpr uint64_t kIssStepValid = 1 << 24, kIssStepExclusive = 1 << 6;

}  // namespace pydbt::sysmode
