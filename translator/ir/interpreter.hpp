// Runs IR as it is: tier 0, for bring-up and for finding out which tier is wrong.
//
// Owns: the meaning of ops in C++. Must not know: Arm, x86, translations.
#pragma once

#include <span>

#include "translator/base/state.gen.hpp"
#include "translator/ir/ir.hpp"
#include "translator/ir/memory.hpp"

namespace pydbt::ir {

/// Memory whose accesses a debugger wants to see.
struct Watch {
    uint64_t begin, end;
    bool reads, writes;
};

/// Runs `f` on `state` until a function exit, which leaves what translated code leaves: pc, and
/// exit_reason and exit_imm where it is an exception. Guest addresses are host addresses; an access
/// that faults raises the host's signal with CpuState::pc at the instruction and no later effect of
/// it visible. Functions are what the verifier accepts; at most kMostValues instructions. An access
/// that a watch names is not made: the exception is `watchpoint`, its payload the watch's index,
/// the state is that before the instruction. With a `memory` guest addresses are its own, and a
/// fault leaves with the reason that it has set.
void interpret(const Function& f, base::CpuState& state, std::span<const Watch> watches = {},
               Memory* memory = nullptr);

inline constexpr size_t kMostValues = 4096;

}  // namespace pydbt::ir
