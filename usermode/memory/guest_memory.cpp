#include "usermode/memory/guest_memory.hpp"

#include <ucontext.h>

#include <algorithm>

// size_t pydbt_guest_copy(void* to, const void* from, size_t bytes): bytes not copied. The only
// instruction that can fault is the rep movsb; the fault handler then goes on behind it, where rcx
// is what is left.
asm(R"(
.text
.globl pydbt_guest_copy
.hidden pydbt_guest_copy
.hidden pydbt_guest_copy_access
.hidden pydbt_guest_copy_end
.globl pydbt_guest_copy_access
.globl pydbt_guest_copy_end
.type pydbt_guest_copy, @function
pydbt_guest_copy:
    mov %rdx, %rcx
pydbt_guest_copy_access:
    rep movsb
pydbt_guest_copy_end:
    mov %rcx, %rax
    ret
.size pydbt_guest_copy, . - pydbt_guest_copy
)");

extern "C" {
size_t pydbt_guest_copy(void* to, const void* from, size_t bytes);
extern const char pydbt_guest_copy_access, pydbt_guest_copy_end;
}

namespace pydbt::usermode {

bool copy_from_guest(void* to, uint64_t from, size_t bytes) {
    return pydbt_guest_copy(to, reinterpret_cast<const void*>(untag(from)), bytes) == 0;
}

bool copy_to_guest(uint64_t to, const void* from, size_t bytes) {
    return pydbt_guest_copy(reinterpret_cast<void*>(untag(to)), from, bytes) == 0;
}

bool read_guest_string(uint64_t from, size_t limit, std::string& text) {
    constexpr size_t kPage = 4096;
    text.clear();
    char part[256];
    for (uint64_t at = untag(from); text.size() < limit;) {
        // Never beyond the page: the next one may not be there, and need not be.
        size_t n = std::min({sizeof part, kPage - at % kPage, limit - text.size()});
        if (!copy_from_guest(part, at, n)) return false;
        auto length = static_cast<size_t>(std::find(part, part + n, '\0') - part);
        text.append(part, length);
        if (length != n) return true;
        at += n;
    }
    return false;
}

bool recover_guest_copy(void* ucontext) {
    auto& rip = static_cast<ucontext_t*>(ucontext)->uc_mcontext.gregs[REG_RIP];
    if (rip != reinterpret_cast<greg_t>(&pydbt_guest_copy_access)) return false;
    rip = reinterpret_cast<greg_t>(&pydbt_guest_copy_end);
    return true;
}

}  // namespace pydbt::usermode
