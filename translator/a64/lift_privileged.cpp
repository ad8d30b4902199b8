// What EL1 has beyond EL0, as far as it is lifted: what kernels do at every turn.
//
// Owns: those lifts, and what leaves to the CPU instead: with `undefined`, whose payload is the
// word. The CPU executes it, with its traps, or finds that it is UNDEFINED. Must not know: what
// registers mean.
#include "translator/a64/lifter.hpp"
#include "translator/a64/sysregs.gen.hpp"

namespace pydbt::a64 {
namespace {

constexpr uint32_t kDaifSet = 0xd50340df, kDaifClr = 0xd50340ff, kPstateImmediate = 0xfu << 8;
constexpr uint64_t kDaifMask = 0xf << 6;

const El1RegInfo* find(uint32_t id) {
    for (const El1RegInfo& r : kEl1Regs) {
        if (r.id == id) return &r;
    }
    return nullptr;
}

}  // namespace

// Loads and stores of SIMD registers, and the group of data processing on them (Arm ARM C4.1).
bool is_fp_access(uint32_t word) {
    uint32_t group = word >> 25 & 0xf;
    bool simd_data = (group & 7) == 7;
    bool simd_memory = (group & 5) == 4 && (group & 2) != 0;
    bool is_fpcr_or_fpsr = (word & 0xffdfffc0) == 0xd51b4400;
    return simd_data || simd_memory || is_fpcr_or_fpsr;
}

// PRFM and PRFUM are size 3, opc 2 of the loads of general registers.
bool is_sp_access(uint32_t word) {
    bool memory = (word & 0x0a000000) == 0x08000000;
    bool literal = (word & 0x3b000000) == 0x18000000;
    bool prefetch = (word & 0xffc00000) == 0xf9800000 || (word & 0xffe00c00) == 0xf8a00800 ||
                    (word & 0xffe00c00) == 0xf8800000;
    return memory && !literal && !prefetch && (word >> 5 & 31) == 31;
}

Step Lifter::privileged(uint32_t word) {
    bool el1 = (f.key & kKeyEl1) != 0;
    uint64_t bits = uint64_t{word & kPstateImmediate} >> 8 << 6;
    constexpr auto kDaif = static_cast<int64_t>(offsetof(base::CpuState, daif));
    if (el1 && (word & ~kPstateImmediate) == kDaifSet) {
        b.set_state(b.or_(b.get_state(ir::Type::i64, kDaif), b.i64(bits)), kDaif);
        return Step::next;
    }
    if (el1 && (word & ~kPstateImmediate) == kDaifClr) {
        return move_daif(b.andc(b.get_state(ir::Type::i64, kDaif), b.i64(bits)), word);
    }
    return exception(ir::Exception::undefined, word);
}

// DAIF := a value, unless an interrupt waits: then the CPU does it, and takes that.
Step Lifter::move_daif(Value daif, uint32_t word) {
    uint32_t waits = b.new_block(), none = b.new_block();
    uint64_t from = pc();
    auto pending = static_cast<int64_t>(offsetof(base::CpuState, pending));
    Value flags = b.sub_flags(b.get_state(ir::Type::i32, pending), b.i32(0));
    // Values live in one block: what is stored is made before the branch, and undone by nobody,
    // since the CPU sets the same.
    b.set_state(b.and_(daif, b.i64(kDaifMask)), offsetof(base::CpuState, daif));
    b.br(ir::Cond::ne, flags, waits, none);
    b.switch_to(waits);
    exception(ir::Exception::undefined, word);
    b.switch_to(none);
    b.exit_direct(static_cast<int64_t>(from + 4));
    return Step::end;
}

// MRS and MSR of what a field of the state holds. False: not one of those.
bool Lifter::move_system_register(uint32_t id, unsigned rt, bool read) {
    const El1RegInfo* reg = find(id);
    if ((f.key & kKeyEl1) == 0 || reg == nullptr || (!read && !reg->writable)) return false;
    if (id == kSP_EL0 && (f.key & kKeySp0) != 0) return false;
    auto offset = static_cast<int64_t>(reg->offset);
    if (read) {
        set_x(rt, b.get_state(ir::Type::i64, offset));
    } else {
        b.set_state(x(rt), offset);
    }
    return true;
}

}  // namespace pydbt::a64
