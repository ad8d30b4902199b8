// Tier 1's back end: one IR function to x86-64 code in one forward pass.
//
// Owns: the public face: what compile() yields and how a fault in emitted code becomes guest state.
// Must not know: Arm instructions, the code cache, who links exits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "translator/base/state.gen.hpp"
#include "translator/ir/ir.hpp"
#include "translator/x64/host_features.hpp"

namespace pydbt::x64 {

/// A way out of a block that can be linked to another block. All offsets are bytes from the block's
/// start; `rel32` is 4-aligned relative to the start of the buffer given to compile(), which must
/// be 16-aligned. The field is that of a jmp, jcc or call, relative to its own end.
struct ExitSite {
    enum Kind : uint8_t { jump, call, landing, indirect, indirect_call, ret } kind;
    uint32_t rel32;     // the branch to patch; initially leads to the stub
    uint32_t stub;      // out of line: what runs while the exit is not linked
    uint32_t ic_imm;    // indirect, indirect_call: the 8-aligned guest address the cache is for
    uint32_t loop;      // if not 0: linked to this offset of the same block, or not at all
    uint64_t target;    // guest pc; 0 for indirect kinds
    uint8_t btype = 0;  // indirect kinds: what rax is marked with, see target_key()
};

/// What an indirect exit looks its target up by: where PSTATE.BTYPE is not 0 another key than where
/// it is, since the target must allow it. Addresses are below 1 << 48.
constexpr uint64_t target_key(uint64_t target, uint64_t btype) { return target ^ btype << 60; }

/// Where a guest register is at a fault.
struct RecoveryEntry {
    enum Kind : uint8_t {
        gp,
        xmm,
        constant,
        address,  // a constant that is a guest address: moves with the translation
        spill,
        eflags,
        home_x,
        home_v
    } kind;
    uint8_t guest;   // kGuestX + n, kGuestV + n, kGuestFlags, kGuestFaultAddress
    uint8_t host;    // gp, xmm: register number; eflags: FlagsMode; home_*: guest register number
    uint8_t slot;    // spill: index into CpuState::spill
    uint64_t value;  // constant, address; V in memory: how many bytes count, zeros are above
};
inline constexpr uint8_t kGuestX = 0, kGuestV = 32, kGuestFlags = 65, kGuestFaultAddress = 66;

/// A host instruction that may fault, rows in ascending order of host_offset.
struct RecoveryRow {
    enum Kind : uint8_t {
        memory,
        authentication,
        alignment_of_load,
        alignment_of_store,
        tag_of_load,
        tag_of_store
    };
    uint32_t host_offset;
    uint16_t insn;  // index into Function::insns
    uint8_t kind;
    uint8_t count;   // of entries
    uint32_t first;  // index into entries
};

/// Where emitted code holds a guest address, for moving translations to other addresses.
struct Reloc {
    enum Kind : uint8_t { imm32, imm64 } kind;  // imm32: addresses below 1 << 31
    uint32_t offset;
    uint64_t address;
};

/// Where a guest instruction's code starts. Out-of-line code belongs to no entry.
struct InsnMark {
    uint32_t host_offset;
    uint32_t insn;
};

/// What compile() fills besides the buffer. Reused: vectors keep their memory.
struct CodeBlock {
    uint32_t size = 0;
    uint32_t cold = 0;       // offset of what is out of line
    uint32_t constants = 0;  // offset of what is not code
    std::vector<ExitSite> exits;
    std::vector<RecoveryRow> rows;
    std::vector<RecoveryEntry> entries;
    std::vector<Reloc> relocs;
    std::vector<InsnMark> insn_map;

    void clear() {
        size = cold = constants = 0;
        exits.clear();
        rows.clear();
        entries.clear();
        relocs.clear();
        insn_map.clear();
    }
};

/// The host's registers at a fault, numbered as in machine code (rax rcx rdx rbx rsp rbp rsi rdi
/// r8..).
struct HostContext {
    uint64_t gp[16];
    base::V128 xmm[16];
    uint64_t rflags;
};

/// Where stubs that leave a block for a while keep registers: slots of CpuState::spill.
inline constexpr unsigned kSaveXmm = 32, kSaveGp = 48;

class Compiler;
inline constexpr unsigned kFewestRegisters = 5;

/// Not thread-safe; one per thread that translates. Allocates only while its tables grow.
class Tier1 {
   public:
    /// `most_registers`: of each class, that values may be in; fewer than there are only to test
    /// how the allocator does without (at least kFewestRegisters). `is_system`: guest addresses are
    /// looked up in the table of base/tlb.hpp whose address r15 has.
    explicit Tier1(const HostFeatures& host, unsigned most_registers = 16, bool is_system = false);
    ~Tier1();
    Tier1(const Tier1&) = delete;
    Tier1& operator=(const Tier1&) = delete;

    /// Writes code for `f` (as the verifier accepts it, use counts right) at the start of `buffer`,
    /// which must be 16-aligned. The code runs at any 16-aligned address. False: the buffer is too
    /// small; nothing beyond it was written.
    bool compile(const ir::Function& f, std::span<uint8_t> buffer, CodeBlock& out);

   private:
    std::unique_ptr<Compiler> compiler_;
};

/// Rebuilds x, sp, v and nzcv in `state` as they are before the instruction that faulted; pc is the
/// caller's (insns[row.insn]). Returns the guest address for rows of a check, else 0.
/// Async-signal-safe.
uint64_t recover(const RecoveryRow& row, std::span<const RecoveryEntry> entries,
                 const HostContext& host, base::CpuState& state);

}  // namespace pydbt::x64
