// A small host for tier 1's code: runs one block on a CpuState without the runtime.
//
// Owns: the stubs that code leaves through, recovery at a fault, the same run on the interpreter.
// Must not know: which functions are tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "translator/base/state.gen.hpp"
#include "translator/x64/tier1.hpp"

namespace pydbt::testing {

/// The way a block was left; fault: by a host fault that had a recovery row.
enum class Way : uint32_t {
    none,
    link,
    indirect,
    ret_miss,
    poll,
    exception,
    returned,
    fault,
    no_row
};

struct Left {
    Way way = Way::none;
    uint64_t rax = 0;      // link: the stub's host address; poll and others: the guest pc
    uint64_t address = 0;  // fault in an aligned access: what recover() says
    uint8_t row_kind = 0;
    uint32_t kinds = 0;        // bits of RecoveryEntry::Kind of the row's entries
    uint32_t flags_modes = 0;  // bits of FlagsMode of those that are eflags
};

/// One at a time in a process: it owns the handlers of SIGSEGV and SIGILL.
class Tier1Host {
   public:
    Tier1Host();
    ~Tier1Host();
    Tier1Host(const Tier1Host&) = delete;
    Tier1Host& operator=(const Tier1Host&) = delete;

    /// Puts code where it can run, `at` (a multiple of 16) bytes into kCodeBytes.
    const uint8_t* place(const uint8_t* code, size_t size, size_t at);

    /// Runs what was placed. `guest_pcs` and rows are those of the function and its code.
    Left run(const ir::Function& f, const x64::CodeBlock& code, const uint8_t* at,
             base::CpuState& state);

    /// The interpreter on the same state. A fault leaves the state as it is; true: it faulted.
    bool interpret(const ir::Function& f, base::CpuState& state);

    /// Fills the fields that the host looks at.
    void prepare(base::CpuState& state) const;

    static constexpr size_t kCodeBytes = size_t{1} << 18;

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pydbt::testing
