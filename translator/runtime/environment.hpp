// The translator's only way to the world: what user mode or system mode must provide.
//
// Owns: the Environment interface. Must not know: syscalls, devices, ELF files, host signals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "translator/base/state.gen.hpp"

namespace pydbt::runtime {

/// What becomes of an access whose tag is not its memory's (FEAT_MTE): nothing, since the memory
/// has no tags; a fault; a fault that is reported behind the access.
enum class TagFault : uint8_t { none, now, later };

/// Where code is. Translations are found by the guest's address together with its place, and taken
/// away by place: in user mode that is the guest's address, in system mode the physical one.
struct CodePlace {
    uint64_t address = 0;
    bool found = false;
    bool guarded = false;  // FEAT_BTI
};

/// What the guest's code is fetched from and what its system registers mean. One object serves
/// every thread of an engine: calls may come from several threads at once, and `fetch` is called
/// with the engine's translation lock held, so it must not call back into the engine.
class Environment {
   public:
    virtual ~Environment() = default;

    /// Reads instruction words from place `pc` (4-byte aligned) on, little-endian, at most
    /// to the end of the 4 KiB page of `pc`. Returns how many were read; 0 says that `pc` cannot be
    /// fetched from (unmapped or not executable).
    virtual size_t fetch(uint64_t pc, std::span<uint32_t> words) = 0;

    /// Whether the page of `pc` is guarded (FEAT_BTI). Called as `fetch` is. System mode: of the
    /// running thread.
    virtual bool guarded(uint64_t) { return false; }

    /// System mode: where the code at `pc` is for this thread, of whose place `fetch` then reads.
    /// Not found: the reason is the environment's, run() returns `fetch_fault`. Called as `fetch`.
    virtual CodePlace place(base::CpuState&, uint64_t pc) { return {pc, true, false}; }

    /// Whether the code at `pc` is the environment's own, whose hints a64::kOwnHints are questions
    /// to read_sysreg. Called as `fetch` is.
    virtual bool own(uint64_t) { return false; }

    /// MRS of a register that no CpuState field holds. `id` is op0<<14|op1<<11|CRn<<7|CRm<<3|op2.
    /// Sets `undefined` when the register does not exist at this exception level. From
    /// a64::kOwnAnswers on the questions of own code: a second word of the answer goes to vtmp.
    virtual uint64_t read_sysreg(base::CpuState& state, uint32_t id, bool& undefined) = 0;

    /// Allocation tags: of a granule, and for `granules` of them; memory without tags has 0.
    virtual uint8_t tag_at(uint64_t) { return 0; }
    virtual void set_tags(uint64_t, uint64_t, uint8_t) {}
    /// Asked of an access at an address with its tag, from outside of translated code.
    virtual TagFault tag_fault(const base::CpuState&, uint64_t, bool) { return TagFault::now; }

    /// MSR of such a register; also SYS operations that the translator does not do itself.
    virtual void write_sysreg(base::CpuState& state, uint32_t id, uint64_t value,
                              bool& undefined) = 0;
};

}  // namespace pydbt::runtime
