// Text of guest instructions, as the assembler has it.
//
// Owns: how operands are written; templates are in spec/a64. Must not know: lifting.
//
// Numbers up to 9 are decimal, others hexadecimal, but for shift amounts, which are decimal. Branch
// targets and literals are absolute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "translator/a64/features.hpp"

namespace pydbt::a64 {

/// The instruction's text, `add x0, x1, #0x10`, or `undefined` for a word that no pattern of these
/// features takes. `pc` is its address.
std::string disassemble(uint32_t word, uint64_t pc, const Features& features);

/// Generated: appends the text to `out`. Returns the pattern's name, null when no pattern takes it.
const char* disassemble_to(uint32_t word, uint64_t pc, const Features& features, std::string& out);

/// Operand kinds of the templates: each appends to the text.
class TextWriter {
   public:
    TextWriter(uint64_t pc, const Features& features, std::string& out)
        : pc_(pc), features_(features), out_(out) {}
    bool has(Feature f) const { return features_.has(f); }

    const char* pattern = nullptr;

   protected:
    void text(std::string_view s) { out_ += s; }
    /// `s` where `on` is not zero.
    void pick(uint32_t on, std::string_view s) {
        if (on != 0) out_ += s;
    }

    // Immediates: `#5`, `#0x10`, `#-0x10`.
    void imm(int64_t value);
    /// In decimal: `#16`.
    void dec(uint32_t value);
    /// `, #0x10`, nothing for 0.
    void offset(int64_t value);
    /// The immediate of AND, ORR, EOR, ANDS (DecodeBitMasks).
    void bitmask(uint32_t sf, uint32_t n, uint32_t immr, uint32_t imms);
    /// What MOVZ (`invert` 0) and MOVN (1) load, as a signed number.
    void wide(uint32_t sf, uint32_t invert, uint32_t hw, uint32_t value);
    /// AdvSIMDExpandImm of MOVI with 64-bit elements: a byte of ones for each bit.
    void bytemask(uint32_t imm8);
    /// Address of an instruction `words` words away; ADR's and ADRP's operands.
    void target(int32_t words);
    void address(int32_t immhi, uint32_t immlo);
    void page(int32_t immhi, uint32_t immlo);

    // General registers; 31 is zr, or sp where the name ends in sp.
    void r(bool sf, uint32_t n);
    void rsp(bool sf, uint32_t n);
    void w(uint32_t n) { r(false, n); }
    void x(uint32_t n) { r(true, n); }
    void xsp(uint32_t n) { rsp(true, n); }
    /// `, lsl #3` of a shifted register; nothing for LSL 0.
    void shift(uint32_t kind, uint32_t amount);
    /// `w3, uxtw #2` of an extended register; beside SP (`sp`) UXTX or UXTW is LSL.
    void extend(bool sf, uint32_t rm, uint32_t option, uint32_t amount, bool sp);
    /// `x3, lsl #3` of a register offset; `scaled` 1: by 2^size.
    void index(uint32_t rm, uint32_t option, uint32_t scaled, uint32_t size);
    void cond(uint32_t code);

    // Loads and stores. `transfer`: `ld` or `st`, `infix`, `s` when signed, the size's letter.
    void transfer(std::string_view infix, uint32_t size, uint32_t opc);
    void suffix(uint32_t size) { pick(size < 2, size == 0 ? "b" : "h"); }
    void prefetch(uint32_t rt);
    /// Immediate of LDRAA: sign and nine bits, in doublewords; `, #8` and nothing for 0.
    void split(uint32_t s, uint32_t imm9) { imm((int64_t{s} * -512 + imm9) * 8); }
    void split_offset(uint32_t s, uint32_t imm9) { offset((int64_t{s} * -512 + imm9) * 8); }

    // System.
    void hint(uint32_t number);
    /// Domain and kinds of accesses of DMB and DSB.
    void barrier(uint32_t crm);
    void sysreg(uint32_t o0, uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2);
    /// The whole of a SYS: `dc zva, x0`, `sys #3, c7, c4, #1, x0`.
    void sys(uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2, uint32_t rt);

    // SIMD and FP. Sizes are log2 of bytes.
    /// `b0` to `q0`.
    void fp(uint32_t size, uint32_t n);
    /// `v0.8b` to `v0.2d`.
    void v(uint32_t q, uint32_t size, uint32_t n);
    /// `v0.2h`, two lanes of a scalar pairwise instruction.
    void pair(uint32_t n);
    /// `v0.2h[1]`, one pair of lanes.
    void pairs(uint32_t n, uint32_t number);
    /// `v0.s[1]`; numbers as everywhere, `v0.b[0xa]`.
    void lane(uint32_t size, uint32_t n, uint32_t number);
    /// `v0.4b[1]`.
    void quad(uint32_t n, uint32_t number);
    /// `{v0.8b, v1.8b}` of `count` registers, and `{v0.b, v1.b}[3]` of one lane each.
    void list(uint32_t count, uint32_t q, uint32_t size, uint32_t n);
    void lanes(uint32_t count, uint32_t size, uint32_t n, uint32_t number);
    /// VFPExpandImm of an 8-bit immediate, `#1.00000000`.
    void fpimm(uint32_t imm8);

    /// Whether MOVZ or MOVN could load the bit mask, so that ORR is not written `mov`.
    static bool is_wide(uint32_t sf, uint32_t n, uint32_t immr, uint32_t imms);

   private:
    void decimal(uint64_t value);
    void hex(uint64_t value);
    void reg(char kind, uint32_t n);

    uint64_t pc_;
    const Features& features_;
    std::string& out_;
};

}  // namespace pydbt::a64
