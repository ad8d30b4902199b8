// CRC-32 with the polynomial of Ethernet, which x86 has no instruction for.
//
// Owns: the helper. Must not know: who calls it.
#pragma once

#include <cstdint>

namespace pydbt::base {

struct CpuState;

/// An integer helper (spec/helpers.py): the checksum `crc` (bit-reflected, as CRC32X has it) with
/// the low 1 << `size` bytes of `data`.
uint64_t helper_crc32(CpuState*, uint64_t crc, uint64_t data, uint64_t size);

}  // namespace pydbt::base
