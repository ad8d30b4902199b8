// What the host's kernel shows of the process in /proc: its name, arguments, environment, auxiliary
// vector and stack are the guest's.
//
// Owns: telling the kernel. Must not know: how the stack is built, what is served from elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pydbt::usermode {

/// Guest addresses of the initial stack's parts.
struct StackPlaces {
    uint64_t sp = 0;
    uint64_t arguments = 0;    // the first string of argv
    uint64_t environment = 0;  // where argv's strings end and those of the environment begin
    uint64_t end = 0;          // where the environment's end
};

/// `path` is what was executed, a script or a program. The kernel may refuse (built without
/// CONFIG_CHECKPOINT_RESTORE): /proc then shows the launcher's arguments, and nothing else depends
/// on it.
void show_identity(const std::string& path, const StackPlaces& places,
                   const std::vector<uint64_t>& auxv);

}  // namespace pydbt::usermode
