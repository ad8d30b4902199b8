// Helpers that translated code calls for what needs the environment or the host's MXCSR.
//
// Owns: the C++ behind the system-register and FP-status ops. All have the integer helper
// signature of spec/helpers.py and run with the guest's MXCSR live. Must not know: registers'
// meanings beyond FPCR and FPSR.
#pragma once

#include <cstdint>

#include "translator/a64/features.hpp"
#include "translator/base/state.gen.hpp"

namespace pydbt::runtime {

uint64_t helper_read_sysreg(base::CpuState* state, uint64_t id, uint64_t, uint64_t);
uint64_t helper_write_sysreg(base::CpuState* state, uint64_t id, uint64_t value, uint64_t);

/// A random number, of the kernel's generator.
uint64_t helper_random(base::CpuState*, uint64_t, uint64_t, uint64_t);

/// LDG: the allocation tag at an address.
uint64_t helper_get_tag(base::CpuState* state, uint64_t address, uint64_t, uint64_t);
/// STG: allocation tags of `granules` at an address become the tag of `tagged`.
uint64_t helper_set_tags(base::CpuState* state, uint64_t address, uint64_t granules,
                         uint64_t tagged);

/// FPSR with what native arithmetic has raised since it was last read (Arm ARM C5.2.10).
uint64_t helper_get_fpsr(base::CpuState* state, uint64_t, uint64_t, uint64_t);
uint64_t helper_set_fpsr(base::CpuState* state, uint64_t value, uint64_t, uint64_t);
uint64_t helper_get_fpcr(base::CpuState* state, uint64_t, uint64_t, uint64_t);
/// Sets FPCR and puts its rounding mode into the live MXCSR. Bits that are RES0 or not implemented
/// (trap enables among them) are ignored.
uint64_t helper_set_fpcr(base::CpuState* state, uint64_t value, uint64_t, uint64_t);

/// The bits of FPCR that a CPU with these features has.
uint32_t fpcr_bits(const a64::Features& features);

/// FPSR as the guest sees it, outside translated code (the guest's MXCSR is in the state then).
uint32_t read_fpsr(const base::CpuState& state);
/// The counterpart: sets FPSR, forgetting what MXCSR has.
void write_fpsr(base::CpuState& state, uint32_t value);
/// Sets FPCR outside translated code, with the rounding mode of the state's MXCSR.
void write_fpcr(base::CpuState& state, uint32_t value);

}  // namespace pydbt::runtime
