// What AddressSanitizer must be told about stacks that were left without their functions'
// epilogues.
//
// Owns: these calls, which are nothing in other builds. Must not know: who left the stack, and why.
#pragma once

#include <cstddef>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace pydbt::base {

// The `bytes` from `memory` on hold no frames any more.
inline void forget_stack([[maybe_unused]] void* memory, [[maybe_unused]] size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(memory, bytes);
#endif
}

// Nothing below the caller's frame is in use: a fault's handler jumped over it, or a process that
// had the stack in common with this one has left it.
inline __attribute__((always_inline)) void forget_stack_below() {
#ifdef __SANITIZE_ADDRESS__
    constexpr size_t kFrames = size_t{256} * 1024;
    forget_stack(static_cast<char*>(__builtin_frame_address(0)) - kFrames, kFrames);
#endif
}

}  // namespace pydbt::base
