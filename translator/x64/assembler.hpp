// The x86-64 assembler's hand-written half: the buffer, operands, prefixes, ModRM, labels.
//
// Owns: how bytes are put together; assembler.gen.hpp (from spec/x64.py) has a member function for
// every form. Must not know: why anything is emitted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pydbt::x64 {

// clang-format off
/// General registers, by their number in machine code.
enum class Gp : uint8_t {
    rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, none = 0xff
};
enum class Xmm : uint8_t {
    xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14,
    xmm15, none = 0xff
};
/// Mask registers of AVX-512.
enum class Mask : uint8_t { k0, k1, k2, k3, k4, k5, k6, k7 };
// clang-format on
/// Operand size of integer instructions.
enum class Size : uint8_t { b8, b16, b32, b64 };
/// Condition codes as machine code numbers them.
enum class Cond : uint8_t { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };
constexpr Cond invert(Cond cc) { return static_cast<Cond>(static_cast<uint8_t>(cc) ^ 1); }

/// A place in the code; used before or after it is bound. Zero-initialised, one Assembler's.
struct Label {
    uint32_t at = kUnbound;      // offset once bound
    uint32_t pending = 0;        // newest unresolved rel32 field + 1, chained through the fields
    uint32_t pending_short = 0;  // the same for rel8 fields
    static constexpr uint32_t kUnbound = 0xffffffff;
    bool bound() const { return at != kUnbound; }
};

/// [base + (index << scale) + disp], or [rip + label].
struct Mem {
    Gp base = Gp::none;
    Gp index = Gp::none;  // never rsp
    uint8_t scale = 0;    // log2
    int32_t disp = 0;
    Label* label = nullptr;
};
inline Mem mem(Gp base, int32_t disp = 0) { return {base, Gp::none, 0, disp, nullptr}; }
inline Mem mem(Gp base, Gp index, unsigned scale, int32_t disp) {
    return {base, index, static_cast<uint8_t>(scale), disp, nullptr};
}
inline Mem mem_abs32(int32_t disp) { return {Gp::none, Gp::none, 0, disp, nullptr}; }
inline Mem mem_rip(Label& label) { return {Gp::none, Gp::none, 0, 0, &label}; }

/// Writes machine code into a caller's buffer; never beyond it, never allocating. Offsets are bytes
/// from the buffer's start. Not thread-safe.
class AssemblerBase {
   public:
    AssemblerBase(uint8_t* begin, size_t size) { start(begin, size); }
    AssemblerBase(const AssemblerBase&) = delete;
    AssemblerBase& operator=(const AssemblerBase&) = delete;
    /// Begins anew, in another buffer.
    void start(uint8_t* begin, size_t size);

    /// The buffer ran out: what was written since is lost and the code is not usable.
    bool overflowed() const { return overflowed_; }
    uint32_t offset() const { return static_cast<uint32_t>(p_ - begin_); }
    uint8_t* cursor() { return p_; }

    void bind(Label& label);
    /// Pads with NOPs until the offset is a multiple of `n` (a power of two).
    void align(uint32_t n);
    void nop(unsigned bytes);
    void db(uint8_t v) { room(), put(v); }
    void dd(uint32_t v) { room(), put32(v); }
    void dq(uint64_t v) { room(), put64(v); }

    void jmp(Label& label) { jump(0xe9, 0xeb, label); }
    void jcc(Cond cc, Label& label) { jump(0x80 | code(cc), 0x70 | code(cc), label); }
    /// Two bytes; the label must be bound within 127 bytes.
    void jmp_short(Label& label) { jump_short(0xeb, label); }
    void jcc_short(Cond cc, Label& label) { jump_short(0x70 | code(cc), label); }
    /// A branch whose rel32 is to be patched: padded so that the field is 4-aligned (in a buffer
    /// that is). Return the field's offset; it holds 0.
    uint32_t jmp_rel32();
    uint32_t call_rel32();
    uint32_t jcc_rel32(Cond cc);
    /// A call of code in this buffer.
    void call(Label& label) { jump(0xe8, 0, label); }
    /// Overwrites four bytes already written.
    void patch32(uint32_t field, uint32_t v) { std::memcpy(begin_ + field, &v, 4); }
    /// Makes the rel32 field at `field` lead to `label`.
    void refer(uint32_t field, Label& label);

    void setcc(Cond cc, Gp d);
    void setcc(Cond cc, const Mem& d);
    void cmovcc(Size size, Cond cc, Gp d, Gp s);
    void cmovcc(Size size, Cond cc, Gp d, const Mem& s);

    /// Always the ten-byte form; returns the immediate's offset.
    uint32_t mov_imm64(Gp d, uint64_t v);
    /// The shortest form that leaves EFLAGS alone.
    void mov_imm(Gp d, uint64_t v);
    void rep_movsb() { room(), put(0xf3), put(0xa4); }
    void rep_stosb() { room(), put(0xf3), put(0xaa); }
    void mfence() { room(), put(0x0f), put(0xae), put(0xf0); }
    void lfence() { room(), put(0x0f), put(0xae), put(0xe8); }
    void sfence() { room(), put(0x0f), put(0xae), put(0xf8); }

   protected:
    static uint8_t code(Cond cc) { return static_cast<uint8_t>(cc); }
    static unsigned num(Gp r) { return static_cast<unsigned>(r); }
    static unsigned num(Xmm r) { return static_cast<unsigned>(r); }
    static unsigned num(Mask r) { return static_cast<unsigned>(r); }
    static constexpr bool fits8(int64_t v) { return v == static_cast<int8_t>(v); }

    /// Once an instruction: longer than any instruction is left, or the buffer counts as full.
    void room() {
        if (p_ > limit_) [[unlikely]]
            overflow();
    }
    void put(unsigned v) { *p_++ = static_cast<uint8_t>(v); }
    void put16(uint16_t v) { std::memcpy(p_, &v, 2), p_ += 2; }
    void put32(uint32_t v) { std::memcpy(p_, &v, 4), p_ += 4; }
    void put64(uint64_t v) { std::memcpy(p_, &v, 8), p_ += 8; }

    static unsigned ext_b(Gp r) { return num(r) >> 3; }
    static unsigned ext_b(Xmm r) { return num(r) >> 3; }
    static unsigned ext_b(Mask) { return 0; }
    static unsigned ext_b(const Mem& m) { return m.base == Gp::none ? 0 : num(m.base) >> 3; }
    static unsigned ext_x(Gp) { return 0; }
    static unsigned ext_x(Xmm) { return 0; }
    static unsigned ext_x(Mask) { return 0; }
    static unsigned ext_x(const Mem& m) { return m.index == Gp::none ? 0 : num(m.index) >> 3; }

    /// Opcode maps: 0 one byte, 1 0F, 2 0F38, 3 0F3A. Prefixes: 0 none, 1 66, 2 F3, 3 F2; vex() and
    /// evex() take 4 more for vectors of 32 bytes.
    template <class Rm>
    void legacy(unsigned prefix, unsigned map, bool w, unsigned op, unsigned reg, const Rm& rm,
                bool rex = false, unsigned tail = 0) {
        static constexpr uint8_t kPrefix[] = {0, 0x66, 0xf3, 0xf2};
        if (prefix != 0) put(kPrefix[prefix]);
        unsigned bits = (w ? 8u : 0u) | (reg >> 3) << 2 | ext_x(rm) << 1 | ext_b(rm);
        if (bits != 0 || rex) put(0x40 | bits);
        if (map != 0) put(0x0f);
        if (map == 2) put(0x38);
        if (map == 3) put(0x3a);
        put(op);
        modrm(reg & 7, rm, tail);
    }
    template <class Rm>
    void vex(unsigned prefix, unsigned map, bool w, unsigned op, unsigned reg, unsigned v,
             const Rm& rm, unsigned tail = 0) {
        unsigned r = (reg >> 3 ^ 1) << 7;
        unsigned rest = (v ^ 15) << 3 | prefix;
        if (map == 1 && !w && ext_x(rm) == 0 && ext_b(rm) == 0) {
            put(0xc5);
            put(r | rest);
        } else {
            put(0xc4);
            put(r | (ext_x(rm) ^ 1) << 6 | (ext_b(rm) ^ 1) << 5 | map);
            put((w ? 0x80u : 0u) | rest);
        }
        put(op);
        modrm(reg & 7, rm, tail);
    }
    /// A one-byte displacement counts units of 1 << unit bytes. `mask`: the mask register that says
    /// which elements of the destination change; 0: all.
    template <class Rm>
    void evex(unsigned prefix, unsigned map, bool w, unsigned op, unsigned reg, unsigned v,
              const Rm& rm, unsigned unit, unsigned tail = 0, unsigned mask = 0) {
        constexpr unsigned kHighRegisters = 0x10, kVvvvHigh = 0x08;  // inverted: registers 0-15
        constexpr unsigned kLong = 4;
        put(0x62);
        put((reg >> 3 ^ 1) << 7 | (ext_x(rm) ^ 1) << 6 | (ext_b(rm) ^ 1) << 5 | kHighRegisters |
            map);
        put((w ? 0x80u : 0u) | (v ^ 15) << 3 | 4 | (prefix & 3));
        put(kVvvvHigh | (prefix & kLong) << 3 | mask);
        put(op);
        modrm(reg & 7, rm, tail, unit);
    }

    template <class Register>
    void modrm(unsigned reg, Register rm, unsigned, unsigned = 0) {
        put(0xc0 | reg << 3 | (num(rm) & 7));
    }
    void modrm(unsigned reg, const Mem& m, unsigned tail, unsigned unit = 0);
    void immediate(Size size, int32_t v) {
        if (size == Size::b8) {
            put(static_cast<uint8_t>(v));
        } else if (size == Size::b16) {
            put16(static_cast<uint16_t>(v));
        } else {
            put32(static_cast<uint32_t>(v));
        }
    }

   private:
    void overflow();
    void jump(unsigned op, unsigned short_op, Label& label);
    void jump_short(unsigned op, Label& label);
    uint32_t patchable(unsigned opcode_bytes, unsigned op0, unsigned op1);
    void reference(Label& label, unsigned tail);
    void resolve(uint32_t field, uint32_t target, unsigned tail);

    uint8_t* begin_;
    uint8_t* p_;
    uint8_t* limit_;
    bool overflowed_ = false;
    uint8_t scratch_[64];
};

}  // namespace pydbt::x64
