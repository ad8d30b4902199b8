// Lifting of A64 instructions to IR.
//
// Owns: Lifter, one member function a pattern (lift_*.cpp, one file a chapter of the manual) and
// what they share. Must not know: hosts, how IR is run.
//
// Rule for lifts: every op that may fault comes before any set of guest state of the same
// instruction, so that a fault finds the state as it was.
#pragma once

#include <cstdint>
#include <span>

#include "translator/a64/args.gen.hpp"
#include "translator/a64/features.hpp"
#include "translator/base/pauth.hpp"
#include "translator/ir/builder.hpp"

namespace pydbt::a64 {

/// What a block's page is.
struct PageKind {
    bool guarded = false;  // FEAT_BTI
    bool own = false;      // the environment's own code: kOwnHints are its questions
};

/// Lifts instructions from `pc` on until one ends the block or `words` run out (then the block goes
/// on at the next address). `words` is not empty. Fills f.pc, f.key and f.insns; does not clear
/// `f`.
void lift_block(ir::Function& f, uint64_t pc, std::span<const uint32_t> words,
                const Features& features, uint32_t key, PageKind page = {});

/// Whether an instruction reads and writes memory in one (LSE, LSE128), if the word is one.
bool is_atomic(uint32_t word);

/// Whether an instruction is a load or store, no prefetch, with SP as its base.
bool is_sp_access(uint32_t word);

/// Whether an instruction uses the SIMD and floating-point registers, if the word is one.
bool is_fp_access(uint32_t word);

/// The third argument of base's helpers for a key.
uint64_t pac_request_of(const Features& features, base::PacKey key);

/// What stands for the instruction at `pc` while a debugger has a breakpoint there.
void lift_breakpoint(ir::Function& f, uint64_t pc, uint32_t key);

/// Whether an instruction of a guarded page may be branched to with this PSTATE.BTYPE (not 0).
bool is_landing_pad(uint32_t word, uint64_t btype, const Features& features);

/// Bits of the context key, ir::kKeySlowFp besides: FPCR.AH and FPCR.NEP are set.
inline constexpr uint32_t kKeyAh = 2, kKeyNep = 4;
/// A guarded page has been seen: indirect branches say their BTYPE.
inline constexpr uint32_t kKeyGuarded = 1 << 15;
/// Somebody else may see memory: pairs of 16 bytes are one access (FEAT_LSE2).
inline constexpr uint32_t kKeyShared = 1 << 14;
/// Tags of addresses are checked (FEAT_MTE).
inline constexpr uint32_t kKeyTags = 1 << 11;
/// This run of an instruction is without the check it would have; the next is not.
inline constexpr uint32_t kKeyUnchecked = 1 << 9;
/// The block is one instruction.
inline constexpr uint32_t kKeyStep = 1 << 12;
/// From here up, four bits: CpuState::pac_off.
inline constexpr unsigned kKeyPacOffShift = 16;

/// Bits of CpuState::system_key, which user mode leaves 0. The guest is a whole machine.
inline constexpr uint32_t kKeySystem = 1 << 20;
/// The exception level is EL1; SP is SP_EL0 there.
inline constexpr uint32_t kKeyEl1 = 1 << 21, kKeySp0 = 1 << 22;
/// Floating point and SIMD trap (CPACR_EL1.FPEN).
inline constexpr uint32_t kKeyFpTrap = 1 << 23;
/// Every access must be aligned (SCTLR_EL1.A).
inline constexpr uint32_t kKeyAlign = 1 << 24;
/// DC ZVA does not trap.
inline constexpr uint32_t kKeyZva = 1 << 25;
/// LDTR and STTR act as at EL0 (at EL1 without PSTATE.UAO).
inline constexpr uint32_t kKeyUnprivileged = 1 << 26;
/// SP must be aligned where it is a base (SCTLR_EL1.SA, SA0).
inline constexpr uint32_t kKeySpAlign = 1 << 27;
/// User mode: SP is aligned. A block that changes that leaves; and one of kKeySpAlign that sets SP.
inline constexpr uint32_t kKeySpKept = 1 << 28;

/// Whether the block goes on behind an instruction.
enum class Step : uint8_t { next, end };

/// Whether a load or store is Tag Unchecked: with SP as base, no index and no write-back.
bool is_tag_unchecked(uint32_t word);

class Lifter {
   public:
    Lifter(ir::Function& function, const Features& features_in, PageKind page)
        : b(function), features(features_in), page_(page), f(function) {}

    /// Generated: decodes a word and lifts it.
    Step dispatch(uint32_t word);
    /// UNDEFINED: ends the block with that exception.
    Step undefined(uint32_t word);
    /// Ends the block behind an instruction that may have changed the context.
    Step leave_context();

    uint64_t pc() const { return b.insn_pc(); }
    bool fp_slow() const { return (f.key & ir::kKeySlowFp) != 0; }
    bool is_system() const { return (f.key & kKeySystem) != 0; }
    /// Whether the word is of an instruction that uses the SIMD and floating-point registers, and
    /// they trap.
    bool fp_traps(uint32_t word) const { return (f.key & kKeyFpTrap) != 0 && is_fp_access(word); }

    ir::Builder b;
    const Features& features;

#include "translator/a64/lifter_members.gen.inc"

   private:
    using Value = ir::Value;
    static ir::Type type(bool sf) { return sf ? ir::Type::i64 : ir::Type::i32; }

    // General registers. 31 is the zero register but where the name ends in `sp`.
    Value x(unsigned n) { return n == 31 ? b.i64(0) : b.get_x(n); }
    Value r(bool sf, unsigned n) {
        if (sf) return x(n);
        return n == 31 ? b.i32(0) : b.trunc(b.get_x(n));
    }
    Value xsp(unsigned n) { return b.get_x(n); }
    Value rsp(bool sf, unsigned n) { return sf ? b.get_x(n) : b.trunc(b.get_x(n)); }
    void set_x(unsigned n, Value v) {
        if (n != 31) b.set_x(n, v);
    }
    /// An i32 is zero-extended.
    void set_r(unsigned n, Value v) {
        if (n != 31) b.set_x(n, wide(v));
    }
    void set_rsp(unsigned n, Value v) { b.set_x(n, wide(v)); }
    Value wide(Value v) { return b.type_of(v) == ir::Type::i32 ? b.zext(v) : v; }

    /// ShiftReg: type 0 LSL, 1 LSR, 2 ASR, 3 ROR.
    Value shift(Value v, unsigned kind, unsigned amount);
    /// ExtendReg: option 0-3 UXTB..UXTX, 4-7 SXTB..SXTX; result of type(sf).
    Value extend(bool sf, unsigned n, unsigned option, unsigned amount);
    void add_sub(bool sf, bool sub, bool flags, Value n, Value m, unsigned rd, bool rd_is_sp);
    void min_max(unsigned rd, ir::Cond cc, Value first, Value second);
    void logical(bool flags, unsigned rd, Value result, bool rd_is_sp);

    // Branches.
    Step branch_to(uint64_t target);
    Step branch_on(uint32_t cond, uint64_t target);
    Step branch_if(ir::Cond cc, Value flags, uint64_t target);
    Step exception(ir::Exception reason, uint32_t payload);
    /// BR and BLR, and their like; `rn` is the register that BR names.
    Step branch_indirect(Value target, unsigned rn);
    Step call_indirect(Value target);

    // Pointer authentication.
    bool key_is_off(base::PacKey key) const;
    Value sign(Value pointer, Value modifier, base::PacKey key);
    Value authenticate(Value pointer, Value modifier, base::PacKey key, bool combined);
    Value strip(Value pointer, bool data);
    bool pauth_hint(uint32_t number);
    Step set_pstate(uint32_t id, uint32_t imm);
    // System mode: what is not lifted here leaves with `undefined`, for the CPU to execute.
    Step privileged(uint32_t word);
    Step move_daif(Value daif, uint32_t word);
    bool move_system_register(uint32_t id, unsigned rt, bool read);
    unsigned unprivileged() const {
        return (f.key & kKeyUnprivileged) != 0 ? ir::kUnprivileged : 0;
    }
    void ask_environment(uint32_t question);

    // Memory.
    struct MemoryOperand {
        Value base, index;
        unsigned scale;
        int64_t disp;
    };
    /// One transfer between a general register and memory: `opc` as in the load/store encodings (0
    /// store, 1 load, 2 load signed to 64 bits, 3 load signed to 32).
    void transfer(unsigned size, unsigned opc, unsigned rt, const MemoryOperand& at,
                  unsigned flags = 0);
    void transfer_v(unsigned size, bool load, unsigned rt, const MemoryOperand& at);
    void atomic(unsigned size, unsigned order, unsigned rs, unsigned rn, unsigned rt,
                Value (ir::Builder::*op)(Value, Value, unsigned, unsigned));
    Value load_register(unsigned size, unsigned opc, const MemoryOperand& at, unsigned order = 0,
                        unsigned flags = 0);
    bool pair_is_one_access(bool sf, unsigned rn) const;
    Value monitored(unsigned rn, unsigned size);

    // Tags.
    void zero_block(Value at);
    void must_be_there(Value address);
    void set_tags(Value address, unsigned granules, Value tagged);
    void copy_or_set_step(unsigned to, int from, unsigned data, unsigned count, uint32_t next,
                          uint32_t again);
    Step end_stage(uint32_t next, uint32_t again);
    void check_granules(Value both, unsigned to, int left);
    Step set_with_tags(unsigned to, unsigned data, unsigned count, bool epilogue);
    void begin_stage(unsigned to, int from, unsigned count, bool downwards, bool epilogue,
                     uint32_t next);
    Value load_ordered(unsigned size, unsigned opc, unsigned rn, int64_t disp, unsigned order);
    Step store_ordered(unsigned size, unsigned rt, unsigned rn, int64_t disp);
    /// The main part or the epilogue of a copy (`from` is a register) or set (it is -1).
    Step copy_or_set(unsigned to, int from, unsigned data, unsigned count, bool downwards,
                     bool epilogue);
    void start_over(unsigned to, int from, unsigned count, bool epilogue);
    Value saturated(unsigned rn, uint64_t most);
    void atomic128(unsigned order, unsigned rt, unsigned rt2, unsigned rn,
                   Value (ir::Builder::*op)(Value, Value, unsigned));

    /// The last four rounds of SHA-256: operands, packed results (lift_simd_crypto.cpp), results.
    struct Sha256 {
        Value abcd = ir::kNone, efgh = ir::kNone, wk = ir::kNone;
        Value feba = ir::kNone, hgdc = ir::kNone;
        Value new_abcd = ir::kNone, new_efgh = ir::kNone;
    };
    const Sha256& sha256_rounds(Value abcd, Value efgh, Value wk);

    PageKind page_;
    ir::Function& f;
    Sha256 sha256_;
};

}  // namespace pydbt::a64
