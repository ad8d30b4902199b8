// The IR's data: instructions, blocks, edges, functions.
//
// Owns: their layout. Must not know: Arm, x86, how functions are built or run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "translator/ir/ops.gen.hpp"

namespace pydbt::ir {

/// A value is named by the index of the instruction that defines it.
using Value = uint32_t;
inline constexpr Value kNone = 0xffffffff;
/// A block has no more parameters than this; the entry has none.
inline constexpr uint32_t kMostParams = 8;

/// Condition codes in Arm's encoding (Arm ARM C1.2.4).
enum class Cond : uint8_t { eq, ne, cs, cc, mi, pl, vs, vc, hi, ls, ge, lt, gt, le, al, nv };

/// The opposite condition. Not for al and nv, which both mean always.
constexpr Cond invert(Cond cc) { return static_cast<Cond>(static_cast<uint8_t>(cc) ^ 1); }

/// Kinds of check_address.
inline constexpr int64_t kCheckLoad = 0, kCheckStore = 1;
inline constexpr int64_t kCheckLoadAlignment = 2, kCheckStoreAlignment = 3;

/// Bit of Function::key: floating point is done by exact helpers, since FPCR asks for what native
/// code does not do. The other bits are the lift's.
inline constexpr uint32_t kKeySlowFp = 1;

/// Bits of Inst::order.
inline constexpr uint8_t kAcquire = 1, kRelease = 2, kRcpc = 4;
/// Bits of Inst::flags of memory ops: an address that is no multiple of the size faults; the access
/// is one of EL0's.
inline constexpr uint8_t kAligned = 1, kUnprivileged = 2;
/// Bits of Inst::flags of direct exits.
inline constexpr uint8_t kExitPoll = 1, kExitContext = 2;

/// Payload of exit_exception: reason | payload << 16. The values are runtime's ExitReason's.
enum class Exception : uint16_t {
    svc = 1,
    brk = 2,
    undefined = 3,
    hlt = 4,
    pc_alignment = 5,
    fetch_fault = 6,
    wait = 7,
    alignment_fault = 9,  // at CpuState::fault_address; payload: kCheckLoad or kCheckStore
    authentication = 12,
    branch_target = 13,
    breakpoint = 14,
    watchpoint = 15,
    tag_check = 17
};

struct Inst {
    Op op;
    Type type;      // of the result
    Cond cc;        // condition of select, select_flags, br
    uint8_t size;   // log2 bytes: of an access, or of a vector element
    uint8_t scale;  // log2 scale of an index, or a lane number
    uint8_t order;  // memory order bits
    uint8_t flags;  // op-specific bits
    Value args[3];  // kNone where absent
    uint16_t uses;  // how many operands name this value
    uint16_t insn;  // index into Function::insns
    int64_t imm;
    uint32_t prev, next;  // in the block; kNone at its ends
};
static_assert(sizeof(Inst) == 40);

/// A way from one block to another, with the values of its parameters.
struct Edge {
    uint32_t block;
    uint32_t args_begin;  // in Function::edge_args
    uint32_t args_count;
};

struct Block {
    uint32_t first, last;  // instructions; the parameters (`param`) come first, a terminator last
    uint32_t params;       // how many parameters
};

/// One translation unit: block 0 is the entry. clear() keeps the memory.
struct Function {
    std::vector<Inst> insts;
    std::vector<Block> blocks;
    std::vector<Edge> edges;
    std::vector<Value> edge_args;
    std::vector<uint64_t> insns;  // guest pc of each instruction lifted
    uint64_t pc = 0;
    uint32_t key = 0;
    bool mask_addresses = false;  // the builder drops the top byte of every address (TBI)
    bool check_tags = false;      // the builder checks the tag of every address, and drops it (MTE)
    bool within_16 = false;  // what must be aligned may as well lie within 16 aligned bytes (LSE2)
    bool align_all = false;  // every access must be aligned
    bool is_system = false;  // guest addresses are translated

    void clear() {
        insts.clear();
        blocks.clear();
        edges.clear();
        edge_args.clear();
        insns.clear();
        pc = 0;
        key = 0;
        mask_addresses = false;
        check_tags = false;
        within_16 = false;
        align_all = false;
        is_system = false;
    }
};

inline bool has(Op op, Effect effect) { return (info(op).effects & effect) != 0; }

/// Whether a read of what the op accesses would not find what the op finds wrong there. A store of
/// an exclusive pair reads for its own purposes.
inline bool only_stores(Op op) {
    bool exclusive = op == Op::store_excl || op == Op::store_excl128;
    return has(op, kStore) && (exclusive || !has(op, kLoad));
}

inline unsigned bits(Type type) { return kTypeBits[static_cast<unsigned>(type)]; }

}  // namespace pydbt::ir
