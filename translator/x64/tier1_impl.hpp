// The insides of tier 1's back end, shared by the tier1_*.cpp files.
//
// Owns: what is known of values, registers and flags while a function is compiled. Only files of
// translator/x64/tier1* include this.
//
// A value is in a host register, a spill slot, the home slot of a guest register (its field in
// CpuState), EFLAGS, or nowhere because it is a constant; in several of these at once as well. A
// value that is the same bits as another (trunc, most zexts, bitcasts) is an alias of that root.
// set_x and its like only bind the guest register to a value; a binding is dirty until it is
// stored, which happens when the block is left or the register is wanted for something else.
//
// rax, rcx, rdx and xmm13-15 are scratch: no value lives there. Making room for a value changes
// neither EFLAGS (but for CF where they hold guest flags) nor a scratch register; xmm12 is its own.
#pragma once

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

#include "translator/base/flags.hpp"
#include "translator/base/tlb.hpp"
#include "translator/ir/ir.hpp"
#include "translator/x64/assembler.gen.hpp"
#include "translator/x64/tier1.hpp"

namespace pydbt::x64 {

using ir::Inst;
using ir::kNone;
using ir::Op;
using ir::Type;
using ir::Value;

/// What EFLAGS hold of an Arm NZCV. add: CF is C. sub: CF is not C. fcmp: what vucomis left.
enum class FlagsMode : uint8_t { add, sub, fcmp };

inline constexpr uint8_t kNo = 0xff;
inline constexpr unsigned kGuestCount = 66;  // x0-x30 sp, v0-v32, flags

inline constexpr uint32_t bit(unsigned n) { return 1u << n; }
inline constexpr uint32_t bit(Gp r) { return 1u << static_cast<unsigned>(r); }
inline constexpr uint32_t bit(Xmm r) { return 1u << static_cast<unsigned>(r); }
inline constexpr Gp gp(unsigned n) { return static_cast<Gp>(n); }
inline constexpr Xmm xmm(unsigned n) { return static_cast<Xmm>(n); }

inline constexpr Xmm kScratch = Xmm::xmm15, kScratch2 = Xmm::xmm14, kScratch3 = Xmm::xmm13;
inline constexpr Xmm kMover = Xmm::xmm12;  // the allocator's
inline constexpr Gp kTlb = Gp::r15;        // system mode: the table of base/tlb.hpp
/// Registers values may be in.
inline constexpr uint32_t kGpPool = bit(Gp::rbx) | bit(Gp::rsi) | bit(Gp::rdi) | 0xff00;
inline constexpr uint32_t kXmmPool = 0x0fff;
/// Of those, what a C function may change (System V ABI 3.2.1); every xmm register is.
inline constexpr uint32_t kGpCallerSaved = bit(Gp::rsi) | bit(Gp::rdi) | 0x0f00;

// Uses of CpuState::spill, in slots of 16 bytes.
inline constexpr unsigned kValueSlots = 32;  // values
// kSaveXmm, kSaveGp: registers around out-of-line calls
inline constexpr unsigned kParamSlots = 56;  // block parameters
inline constexpr unsigned kMostParams = 8;

/// What is known of one value.
struct Loc {
    Value root;      // itself, or the value it is an alias of
    uint16_t uses;   // operands that will still name it (its aliases' too)
    uint16_t bound;  // dirty guest registers bound to it
    uint8_t reg;     // host register of its class
    uint8_t spill;   // spill slot
    uint8_t home;    // guest register whose home slot holds it
    uint8_t clean;   // gp: 1 when bits 63:32 are 0; xmm: bytes above this many are 0
    bool is_xmm;
    bool constant;  // const, guest_addr, flags_imm, vzero, vmov_imm: made again when wanted
    bool held;      // flags: the operands of the compare are kept, so that it can be made again
};

/// An integer operand as an x86 instruction takes it.
struct Operand {
    enum Kind : uint8_t { reg, imm, memory } kind;
    Gp r = Gp::none;
    int32_t i = 0;
    Mem m{};
};

/// A condition on EFLAGS: cc, and the parity flag clear when `ordered`; the opposite when
/// `negated`.
struct Test {
    Cond cc;
    bool ordered = false;
    bool negated = false;
};

/// Code that runs seldom, emitted behind the block's main path.
struct Cold {
    enum Kind : uint8_t {
        link_stub,       // an exit that is not linked yet
        indirect_stub,   // an inline cache that does not match
        call_indirect,   // exit_call_indirect's branch
        poll,            // to stub_poll with `target`
        poll_rax,        // the same with rax as it is, but for the mark of its exit's BTYPE
        ret_miss,        // to stub_ret_miss
        within_16,       // back if the access at rcx is within 16 aligned bytes, else as below
        alignment,       // ud2 with a recovery row
        tlb_miss,        // back, with the difference to the host's address in reg[1]
        store_miss,      // the same; or the store is done in two steps, and behind it
        far,             // a direct exit that is not linked: by the probe
        authentication,  // back if cx (cl of data pointers) is ones, else the same
        sign_upper,      // sign_pointer of an upper address
        tag_check,       // back if PSTATE.TCO is set, else ud2 with a row of the kind reg[0]
        divide_zero,     // udiv by 0
        divide_special,  // sdiv by 0 or -1
        equal,           // a minimum's or maximum's equal operands; unordered ones: entry of `exit`
        equal_lanes,     // the same of vectors
        float_op,        // an FP op through the exact helper
        loop_end,        // the exit of a loop that carries registers; `exit` is its instruction
    } kind;
    Label entry, back, behind;
    uint32_t exit = 0;    // link_stub, indirect_stub, call_indirect: index of the ExitSite
    uint64_t target = 0;  // poll: guest address; float_op: the packed op
    uint32_t live_gp = 0, live_xmm = 0;
    // float_op, equal, equal_lanes: operands, result; sign_upper: operands; alignment: log2 of the
    // size, what has the address instead of rcx, the row's kind.
    uint8_t reg[4] = {kNo, kNo, kNo, kNo};
    bool gp_operand = false, gp_result = false;
    bool is_min = false;   // equal, equal_lanes
    bool wide = false;     // equal_lanes: doubles
    bool carried = false;  // begins with store_carried()
    Size size = Size::b64;
    uint16_t insn = 0;
    uint32_t first = 0;  // alignment: recovery entries
    uint8_t count = 0;
};

/// A guest register that a loop keeps in a host register from turn to turn.
struct Carried {
    Value value;    // the get at the head
    uint8_t guest;  // kGuestX + n or kGuestV + n
    uint8_t reg;    // where it is at the head
    bool changes;   // the loop sets it
};

/// A constant of 16 bytes behind the code, or of 32, which has them twice.
struct PoolEntry {
    uint64_t lo, hi;
    bool twice;
    Label label;
};

class Compiler {
   public:
    Compiler(const HostFeatures& host, unsigned most_registers, bool is_system);
    bool compile(const ir::Function& f, std::span<uint8_t> buffer, CodeBlock& out);

   private:
    // ---- tier1.cpp: the pass
    void begin_function();
    void compile_block(uint32_t index);
    void emit(const Inst& i);
    Value at(const Inst& i) const { return static_cast<Value>(&i - insts_); }
    const Inst& inst(Value v) const { return insts_[v]; }
    const Inst* next(const Inst& i) const { return i.next == kNone ? nullptr : &insts_[i.next]; }
    Loc& loc(Value v) { return locs_[locs_[v].root]; }
    Type type(Value v) const { return insts_[v].type; }
    static Size size_of(Type t) { return t == Type::i64 ? Size::b64 : Size::b32; }

    // ---- tier1_alloc.cpp: values in registers
    void init(Value v, bool is_xmm);
    void alias(const Inst& i, Value of);
    bool alive(const Loc& l) const { return l.uses != 0 || l.bound != 0; }
    void drop_if_dead(Value root);
    void free_slot(Loc& l);
    void release(Value v);
    /// After this instruction nobody needs the value, and its register may be written over.
    bool dying(Value v, const Inst& i) const;
    Gp alloc_gp();
    Xmm alloc_xmm();
    unsigned victim(bool is_xmm);
    /// Makes a value live in memory only, or nowhere when it is dead.
    void evict_gp(unsigned r);
    void evict_xmm(unsigned r);
    void store_out(Value root);
    /// A register that holds nothing, or kNo.
    unsigned free_register(bool is_xmm) const;
    unsigned take_slot();
    /// Frees a particular register, moving what is in it.
    void take(Gp r);
    void load_gp(Gp r, Value v);
    void load_xmm(Xmm r, Value v);
    /// Both halves of a constant vector.
    uint64_t vector_constant(Value root) const;
    void load_vector_constant(Xmm r, uint64_t half);
    /// The value in a register of its own; locked until the end of the instruction.
    Gp use(Value v);
    Xmm use_x(Value v);
    Operand operand(Value v);
    /// For instructions that read `bytes` of memory: where it is, if it is only in memory.
    /// Until the end of the instruction it stays there.
    bool in_memory(Value v);
    /// The same for all 16 bytes of a vector: a scalar's home has others above it.
    bool in_memory_whole(Value v) { return in_memory(v) && type(loc(v).root) == Type::v128; }
    Mem memory_of(const Loc& l) const;
    bool immediate(Value v, int32_t& value) const;
    bool constant(Value v, uint64_t& value) const;
    void define(const Inst& i, Gp r, bool clean);
    void define(const Inst& i, Xmm r, uint8_t clean = 16);
    uint8_t clean_of(const Inst& i) const;
    Gp def(const Inst& i);
    Xmm def_x(const Inst& i, uint8_t clean = 16);
    /// A register for i's result that holds a's value: a's own when it dies here, else a copy.
    Gp def_from(const Inst& i, Value a);
    /// The same for vectors. The other operands are in use already.
    Xmm def_from_x(const Inst& i, Value a);
    void move_constant(Gp r, Value v);
    void end_inst(const Inst& i);

    static Mem state_mem(int32_t displacement) { return mem(Gp::rbp, displacement); }
    static Mem spill_mem(unsigned slot) {
        return state_mem(base::kOff_spill + 16 * static_cast<int32_t>(slot));
    }
    static Mem field_mem(int64_t offset) {
        return state_mem(static_cast<int32_t>(offset) - base::kStateBias);
    }
    static Mem home_mem(unsigned guest);

    // ---- tier1_guest.cpp: guest registers
    void get_guest(const Inst& i, unsigned guest);
    void set_guest(unsigned guest, Value v);
    void unbind(unsigned guest);
    void set_home(Value root, unsigned guest);
    /// Values whose only place is the home slot that is about to change get another one.
    void rescue(unsigned guest, Value except);
    void copy_home(Value root);
    void commit(unsigned guest);
    void commit_all();
    void forget_all();

    // ---- tier1_flags.cpp
    /// EFLAGS are about to change: what they hold and somebody needs is written down.
    void clobber_flags();
    /// The same, but EFLAGS stay as they are (CF may be inverted; the mode says). `consumed`: uses
    /// of the value in the instruction being compiled.
    void save_flags(unsigned consumed);
    bool flags_live() const;
    void flags_word_to_rax();
    void define_flags(Value v, FlagsMode mode);
    /// Keeps a compare's operands until its flags are dead.
    void hold_operands(const Inst& i);
    void compare_again(Value root);
    /// Whether a flags value is nowhere but in EFLAGS (or can only be made again).
    bool unwritten(const Loc& l) const {
        return l.reg == kNo && l.home == kNo && l.spill == kNo && !l.constant;
    }
    void want_eflags(Value v);
    Gp use_flags_word(Value v);
    /// CF := C, or its opposite.
    void carry_to_cf(Value flags, bool inverted);
    void clobber_flags_to_word(Value flags);
    const Inst* flags_partner(const Inst& i, Op wanted) const;
    Test condition(Value flags, ir::Cond cc);
    Test test_of(ir::Cond cc);
    void jump_unless(const Test& t, Label& target);
    void arithmetic(const Inst& i, bool is_sub);
    void plain_arithmetic(const Inst& i, Value a, Value b, bool is_sub);
    /// operand() of a value that the next instruction, emitted together with this one, names too.
    Operand operand_shared(Value v);
    bool constant_operand(Value v) const;
    void compare(const Inst& i);
    void compare_once(const Inst& i);
    bool conditional_compare(const Inst& i);
    void skip(Value v) { skipped_ = v; }

    // ---- tier1_integer.cpp
    enum class Alu : uint8_t { add, or_, adc, sbb, and_, sub, xor_, cmp, test };
    void alu(Alu op, Size size, Gp d, const Operand& s);
    void binary(const Inst& i, Alu op);
    enum class Shift : uint8_t { shl, lshr, ashr, ror };
    void shift(const Inst& i, Shift kind);
    void shift_imm(Shift kind, Size size, Gp d, unsigned n);
    void divide(const Inst& i, bool is_signed);
    void carry_op(const Inst& i, bool is_sub);
    void carry_flags(const Inst& i, bool is_sub);
    void swap_groups(Size size, Gp d, uint64_t mask, unsigned n);
    void select_gp(const Inst& i);
    void select_xmm(const Inst& i);

    // ---- tier1_memory.cpp, tier1_atomics.cpp
    Mem address(const Inst& i);
    Mem plain_address(const Inst& i);
    void check_alignment(const Mem& m, RecoveryRow::Kind kind, unsigned size);
    static RecoveryRow::Kind alignment_row(const Inst& i) {
        return ir::only_stores(i.op) ? RecoveryRow::alignment_of_store
                                     : RecoveryRow::alignment_of_load;
    }
    void check_tag(const Inst& i, Gp address);
    void address_to_rcx(const Cold& c);
    void sign(Gp d, Gp modifier, int64_t key_field, uint64_t field);
    void full_fence();
    /// The instruction emitted next may fault.
    void row();
    void snapshot();
    void load(const Inst& i, bool sign);
    void load_sized(Gp d, unsigned size, const Mem& m);
    void store_gp(unsigned size, const Mem& m, Value v);
    void store_elsewhere(const Inst& i, const Mem& m);
    void store_xmm(unsigned size, const Mem& m, Xmm s);
    void atomic_loop(const Inst& i);
    void atomic_loop128(const Inst& i);
    void zero_extend_result(const Inst& i, Gp d);
    void take_pair(Value v, Gp lo, Gp hi);
    void open_monitor();

    // ---- tier1_tlb.cpp: system mode
    /// Where an access at guest address `m` is for the host: `m` itself in user mode.
    Mem translated(const Inst& i, const Mem& m, unsigned size, uint32_t kind);
    /// The same of a plain store of what is in a register. To be followed by the store, and
    /// stored().
    Mem translated_store(const Inst& i, const Mem& m, uint8_t value, bool is_xmm);
    void stored();
    Cold& probe(const Mem& m, unsigned size, uint32_t kind, Cold::Kind cold_kind, Mem& host);
    void cold_tlb_miss(Cold& c);
    void cold_store_miss(Cold& c);
    bool is_far(uint64_t target) const {
        return is_system_ && (target ^ f_->pc) >> base::kTlbPageBits != 0;
    }

    // ---- tier1_bulk.cpp
    struct Bulk {
        Gp to, from, left;  // addresses (`from` none: a set), and the count added to them
    };
    Bulk begin_bulk(const Inst& i, Gp to, Gp from);
    void bulk_step(const Bulk& k, unsigned size, bool up);
    void bulk_steps(const Bulk& k, unsigned size, bool up, Label& done);
    void bulk_loops(const Bulk& k, bool up, Label& done);

    // ---- tier1_loop.cpp
    bool is_self(const Inst& i) const;
    bool find_loop() const;
    void choose_carried();
    void enter_loop();
    void place_carried();
    uint8_t register_of(const Carried& c) const;
    void load_carried(const Carried& c);
    void move_registers(bool is_xmm, uint8_t* from, uint32_t waiting);
    void store_carried();
    void commit_rest();
    void next_turn();
    void loop_always();
    void loop_while(const Inst& i, uint32_t yes, uint32_t no);

    // ---- tier1_exits.cpp
    void edge(const ir::Edge& e);
    bool is_exit(uint32_t block) const;
    uint32_t exit_site(ExitSite::Kind kind, uint64_t target);
    void site_branch(uint32_t exit, uint32_t field, Cold::Kind kind);
    void move_guest_pc(Gp r, uint64_t pc);
    void jump_exit(ExitSite::Kind kind, uint64_t target);
    void jump_if_exit(const Test& t, uint64_t target);
    void direct_exit(const Inst& i);
    void poll(uint64_t target);
    void landing(const Inst& i);
    void inline_cache(uint32_t exit);
    uint32_t indirect_site(const Inst& i, ExitSite::Kind kind);
    void mark_target(uint8_t btype);
    void cold_paths();
    void cold_path(size_t n);
    void cold_float(Cold& c);
    void constants();
    Cold& cold(Cold::Kind kind);

    // ---- tier1_calls.cpp
    void spill_for_call();
    void call_helper(base::HelperId id);
    void result_from_rax(const Inst& i);
    void int_helper(const Inst& i, base::HelperId id, bool first_is_imm, uint64_t first);
    void vector_helper(const Inst& i, base::HelperId id, uint64_t imm);
    void vector_result(const Inst& i);
    void operand_to_vtmp(unsigned n, Value v);
    Mem pool(uint64_t lo, uint64_t hi);
    /// 32 bytes, the constant four times.
    Mem pool_wide(uint64_t quarter);

    // ---- tier1_float.cpp
    bool slow_fp() const { return (f_->key & ir::kKeySlowFp) != 0; }
    /// An out-of-line call of the exact helper with the operands in these registers. `result` may
    /// be given later.
    Cold& float_cold(const Inst& i, std::initializer_list<Xmm> operands, Xmm result = Xmm::none);
    void check_nan(const Inst& i, Xmm result, std::initializer_list<Xmm> operands);
    /// Jumps out of line when a lane of a and its neighbour in b cannot be ordered.
    void leave_if_unordered(bool wide, Xmm a, Xmm b, Cold& c);
    /// Jumps out of line unless kScratch is 0.
    void leave_if_any(Cold& c);
    void check_nan_lanes(const Inst& i, Xmm result, std::initializer_list<Xmm> operands);
    /// The same for what may be tiny and inexact, and round up to the least normal number: Arm
    /// tells of underflow then, x86 does not (docs/decisions/0010).
    void check_product(const Inst& i, Xmm result, std::initializer_list<Xmm> operands);
    void check_product_lanes(const Inst& i, Xmm result, std::initializer_list<Xmm> operands);
    void leave_if_least_lanes(bool wide, Xmm result, Cold& c);
    using Check = void (Compiler::*)(const Inst&, Xmm, std::initializer_list<Xmm>);
    using Scalar = void (Assembler::*)(Xmm, Xmm, Xmm);
    void scalar(const Inst& i, Scalar f32, Scalar f64, Check check);
    void fused(int64_t negate, bool wide, Xmm d, Xmm a, Xmm b);
    void min_max(const Inst& i, bool is_min);
    void packed(const Inst& i, Scalar f32, Scalar f64, Scalar halves, Check check);
    void packed_compare(const Inst& i, uint8_t predicate);
    void packed_min_max(const Inst& i, bool is_min);
    void min_max_lanes(bool wide, bool is_min, Xmm d, Xmm a, Xmm b);
    void equal_lanes(Cold& c);
    void sign_mask(const Inst& i, bool absolute);
    void float_compare(const Inst& i, bool signalling);

    // ---- tier1_float_steps.cpp
    void leave_unless_below(unsigned size, Xmm a, Xmm b, uint64_t limit, Cold& c);
    void product_step(const Inst& i, uint32_t whole, uint32_t factor);
    void half_product_step(const Inst& i, uint32_t whole, uint32_t factor);

    // ---- tier1_float_estimates.cpp
    void leave_unless_near(Xmm bits, uint32_t first, uint32_t end, Cold& c);
    void recip_fraction(Xmm d, Xmm bits);
    void rsqrt_fraction(Xmm d, Xmm bits);
    Xmm estimate_operand(bool wide, Xmm d, Xmm a);
    void estimate_result(bool wide, Xmm d);

    // ---- tier1_float_convert.cpp
    void round_away(bool wide, Xmm r, Xmm x, Cold& c);
    void round_lanes_away(bool wide, Xmm r, Xmm x, Cold& c);
    void to_integer(const Inst& i, bool is_signed);
    void scale_up(const Inst& i, int fbits, bool& wide, Xmm& a, Cold& c);
    void truncate_signed(Size size, bool wide, Gp d, Xmm r, Cold& c);
    void truncate_unsigned(Size size, bool wide, Gp d, Xmm r, Cold& c);
    void from_integer(const Inst& i, bool is_signed);
    void leave_unless_between(bool wide, Xmm r, uint64_t low, uint64_t high, Cold& c);
    void scale_lanes_up(bool wide, int fbits, Xmm& a, Cold& c);
    void to_integers(const Inst& i, bool is_signed);
    void raise_inexact(bool wide, Xmm r, Xmm a);
    void singles_to_integers(bool is_signed, Xmm d, Xmm r, Cold& c);
    void doubles_to_integers(bool is_signed, Xmm d, Xmm r, Cold& c);
    void from_integers(const Inst& i, bool is_signed);

    // ---- tier1_half.cpp
    /// A half as a single in lane 0, the other lanes 0.
    void widen_half(Xmm d, Value v);
    /// Singles to halves as MXCSR rounds: of d the low two or all bytes.
    void narrow_halves(bool eight, Xmm d, Xmm singles);
    /// Jumps out of line for NaNs among singles; for NaNs and the least normal number among halves;
    /// for singles whose rounding to halves would not be the exact number's. They change scratch
    /// registers.
    void leave_if_nan(bool eight, Xmm singles, Cold& c);
    void leave_if_least(bool eight, Xmm halves, Cold& c);
    void leave_if_rounded_twice(bool eight, Xmm singles, Cold& c);
    Mem pool_singles(bool eight, uint32_t bits);
    void half_scalar(const Inst& i, Scalar op, bool product);
    void half_packed(const Inst& i, Scalar op, bool product);
    void half_sqrt(const Inst& i, bool eight);
    void half_fused(const Inst& i);
    void half_fused_lanes(const Inst& i);
    void half_min_max(const Inst& i, bool is_min, bool eight);
    void half_compare(const Inst& i, uint8_t predicate);
    void half_round(const Inst& i, bool eight, uint8_t immediate);
    /// Singles that were halves, to the nearest integral number, ties away from zero.
    void round_halves_away(Xmm r, Xmm x);
    void half_to_integers(const Inst& i, bool is_signed);
    void half_from_integers(const Inst& i, bool is_signed);

    // ---- tier1_vector_saturating.cpp
    void saturating_narrow(const Inst& i);
    void narrow_doublewords(Op op, Xmm d, Xmm a);
    void narrow_doublewords_avx2(Op op, Xmm d, Xmm a);
    void doubling_high(const Inst& i, bool round);

    // ---- tier1_crypto.cpp
    void by_nibbles(const uint64_t (&table)[2][2], Xmm temporary);
    void sm4_by_aes(Xmm d, Xmm a);

    // ---- tier1_dot.cpp
    void dot_vnni(const Inst& i);
    void dot_words(const Inst& i);
    void even_bytes(Xmm d, Xmm s, bool is_signed);
    void odd_bytes(Xmm d, Xmm s, bool is_signed);

    // ---- tier1_vector_shift.cpp
    void vshift_imm(const Inst& i, Shift kind);
    void shift_bytes(Shift kind, Xmm d, Xmm a, uint8_t n);
    void shift_quads(Xmm d, Xmm a, uint8_t n);
    void shift_by_lanes(const Inst& i, bool is_signed);
    void shift_right_k1(unsigned size, bool is_signed, Xmm d, Xmm a, Xmm amounts);
    void shift_bytes_by_lanes(const Inst& i, bool is_signed);
    void shift_bytes_by_products(bool is_signed, Xmm d, Xmm a, Xmm b);
    void shift_words_by_lanes(const Inst& i, bool is_signed);
    void shift_quads_right(Xmm d, Xmm a, Xmm amounts);

    // ---- tier1_vector.cpp
    /// Any vector or float op, through the interpreter's code.
    void by_helper(const Inst& i);
    using Vop = void (Assembler::*)(Xmm, Xmm, Xmm);
    using VopM = void (Assembler::*)(Xmm, Xmm, const Mem&);
    void vbinary(const Inst& i, Vop rr, VopM rm, bool swap = false);
    bool avx512() const { return host_.has(kHostAvx512); }
    void compare_to_mask(const Inst& i, bool is_signed, uint8_t predicate);
    void mask_to_lanes(const Inst& i, Mask k);
    void higher(unsigned size, Xmm d, Xmm a, Xmm b);
    bool negative(const Inst& i, Value a);
    void complement(Xmm d, Xmm a);
    void select_constant(const Inst& i);
    void broadcast(unsigned size, Xmm d, Xmm s);
    void unzip(const Inst& i, bool odd);
    void transpose(const Inst& i, bool odd);
    void reverse(const Inst& i, unsigned group);
    void pairwise(const Inst& i, Vop b, Vop w, Vop d4);
    void pairwise_twice(const Inst& i, Vop op);
    void across(const Inst& i, Vop b, Vop w, Vop d4);

#define PYDBT_EMITTER(name) void emit_##name(const Inst& i);
    PYDBT_IR_OPS(PYDBT_EMITTER)
#undef PYDBT_EMITTER

    const HostFeatures host_;
    const bool is_system_;
    uint32_t gp_pool_, xmm_pool_;
    Assembler a_{nullptr, 0};
    const ir::Function* f_ = nullptr;
    const Inst* insts_ = nullptr;
    CodeBlock* out_ = nullptr;

    std::vector<Loc> locs_;
    Value gp_[16], xmm_[16];  // what registers hold; kNone: free
    uint32_t gp_locked_ = 0, xmm_locked_ = 0;
    uint32_t slots_ = 0;               // spill slots in use
    std::bitset<kGuestCount> pinned_;  // home slots that the instruction being compiled will read
    Value binding_[kGuestCount];   // dirty guest registers' values; kNone: the home slot is right
    Value homes_[kGuestCount][3];  // values that say they are in the home slot

    Value eflags_ = kNone;  // the flags value EFLAGS hold
    FlagsMode eflags_mode_ = FlagsMode::add;
    Value skipped_ = kNone;  // emitted together with an earlier instruction

    uint32_t store_cold_ = 0;  // index of the store_miss that stored() ends
    unsigned gp_clock_ = 0, xmm_clock_ = 0;
    bool out_of_slots_ = false;  // more values at once than places
    uint32_t snapshot_first_ = 0;
    uint8_t snapshot_count_ = 0;
    uint16_t insn_ = 0;

    bool looping_ = false;
    uint32_t loop_head_ = 0;  // offset
    std::vector<Carried> carried_;
    std::bitset<kGuestCount> is_carried_;

    std::vector<Cold> cold_;
    std::vector<Label> labels_;  // of blocks
    std::vector<PoolEntry> pool_;
    std::vector<bool> inlined_;  // blocks compiled as part of a branch
};

}  // namespace pydbt::x64
