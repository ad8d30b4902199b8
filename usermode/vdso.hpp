// The vDSO: a shared object of the guest's in its memory, and what its code asks us.
//
// Owns: mapping it, the answers. Must not know: how the object is made (usermode/gen/vdso.py).
#pragma once

#include <cstddef>
#include <cstdint>

#include "translator/base/state.gen.hpp"

namespace pydbt::usermode {

class AddressSpace;

/// Maps [vvar] and [vdso]. False when out of memory.
bool map_vdso(AddressSpace& memory);

/// The answer to a question of its code, as the environment's read_sysreg gives it.
uint64_t answer_vdso(base::CpuState& state, uint32_t question);

/// Random bytes of one thread that nobody has seen yet.
struct RandomBytes {
    uint64_t words[32];
    size_t left = 0;
};

}  // namespace pydbt::usermode
