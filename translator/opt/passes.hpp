// The passes on IR in the order they run.
//
// Owns: the table. Must not know: what a pass does, who runs them.
#pragma once

#include "translator/opt/dead.hpp"
#include "translator/opt/loop.hpp"

namespace pydbt::opt {

struct Pass {
    const char* name;
    void (*run)(ir::Function&);
};

inline constexpr Pass kPasses[] = {{"eliminate_dead", eliminate_dead},
                                   {"read_at_head", read_at_head}};

}  // namespace pydbt::opt
