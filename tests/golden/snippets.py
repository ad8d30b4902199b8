"""The snippets of the golden tests: one telling case of each thing the translator does.

Owns: which there are. Must not know: what becomes of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import keystone

PC = 0x400000


@dataclass(frozen=True, slots=True)
class Snippet:
    """A block of A64. Lines of assembly; `0x...` is a word that the assembler does not know."""

    name: str
    shows: str
    lines: tuple[str, ...]
    pc: int = PC
    key: int = 0

    def words(self) -> list[int]:
        """The block as instruction words."""
        engine = keystone.Ks(keystone.KS_ARCH_ARM64, keystone.KS_MODE_LITTLE_ENDIAN)
        words: list[int] = []
        for n, line in enumerate(self.lines):
            if line.startswith("0x"):
                words.append(int(line, 16))
                continue
            code, _ = engine.asm(line, self.pc + 4 * n)
            assert code is not None, line
            assert len(code) == 4, line
            words.append(int.from_bytes(bytes(code), "little"))
        return words


def _s(name: str, shows: str, assembly: str, pc: int = PC, key: int = 0) -> Snippet:
    lines = tuple(line.strip() for line in assembly.split(";"))
    return Snippet(name, shows, lines, pc, key)


SNIPPETS: tuple[Snippet, ...] = (
    _s(
        "add_sub",
        "sums in registers; only the last value of x0 is stored",
        "add x0, x1, x2; sub x0, x0, #0x10; add w3, w0, w2, lsl #3; add x4, sp, w3, sxtw #2;"
        "neg x5, x4; mov x6, x5; svc #0",
    ),
    _s(
        "constants",
        "a constant built in pieces is one constant; ADR is relocated",
        "movz x0, #0x1234; movk x0, #0x5678, lsl #32; mov x1, #-1; adr x2, #0x1000; adrp x3, #0;"
        "mov w4, #0; svc #0",
    ),
    _s("cmp_branch", "compare and branch on host flags", "cmp x1, x2; b.hi #0x400100"),
    _s(
        "subs_branch",
        "a result and a branch from one subtraction",
        "subs w0, w0, #1; b.ge #0x400100",
    ),
    _s(
        "cbz_loop",
        "a loop on itself: the back edge polls",
        "add x1, x1, x0; sub x0, x0, #1; cbnz x0, #0x400000",
    ),
    _s("tbz", "one bit decides", "tbz x3, #37, #0x400040"),
    _s(
        "ccmp_chain",
        "conditional compares branch over each other; NZCV is written down once",
        "cmp x0, #1; ccmp x1, #2, #0, eq; ccmp w2, w3, #4, ne; b.lt #0x400040",
    ),
    _s(
        "csel",
        "selects share one comparison",
        "cmp w0, w1; csel x2, x3, x4, lt; cset w5, lo; csneg x6, x7, x8, ge; cinc x9, x10, eq;"
        "svc #0",
    ),
    _s(
        "flags_outlive",
        "NZCV survives an instruction that changes host flags",
        "cmp x0, x1; and x2, x2, #0xff; add x3, x3, #1; b.cs #0x400040",
    ),
    _s(
        "adc_chain",
        "a 192-bit sum keeps its carry in the host's",
        "adds x0, x0, x3; adcs x1, x1, x4; adc x2, x2, x5; svc #0",
    ),
    _s(
        "sbc_chain",
        "the same for a difference, whose carry is inverted",
        "subs x0, x0, x3; sbcs x1, x1, x4; sbc x2, x2, x5; svc #0",
    ),
    _s(
        "load_modes",
        "every addressing mode of a load",
        "ldr x0, [x10]; ldr x1, [x10, #8]; ldr w2, [x10, x11]; ldrsw x3, [x10, w11, sxtw #2];"
        "ldrh w4, [x10, x11, lsl #1]; ldrsb w5, [x10, #-1]; ldr x6, [x10, #0x10]!;"
        "ldr x7, [x10], #-8; ldr x8, #0x400100; svc #0",
    ),
    _s(
        "store_modes",
        "stores, one of a constant",
        "str x0, [x10]; strb w1, [x10, #4095]; strh wzr, [x10, #2]; str w2, [x10, w11, uxtw #2];"
        "str x3, [sp, #-16]!; svc #0",
    ),
    _s(
        "ldp_stp",
        "pairs with write-back, as prologues and epilogues have them",
        "stp x29, x30, [sp, #-32]!; stp x19, x20, [sp, #16]; mov x29, sp; ldp x19, x20, [sp, #16];"
        "ldp x29, x30, [sp], #32; ret",
    ),
    _s(
        "bitfields",
        "extracts, inserts, shifts",
        "ubfx x0, x1, #8, #16; sbfx w2, w3, #3, #5; bfi x4, x5, #12, #20; lsl x6, x7, #5;"
        "lsr w8, w9, w10; asr x11, x12, #63; extr x13, x14, x15, #17; ror w16, w17, #3; svc #0",
    ),
    _s(
        "bits",
        "logic and bit counts",
        "and x0, x1, #0xf0f0f0f0f0f0f0f0; bic x2, x3, x4, lsl #2; orn w5, w6, w7; eon x8, x9, x10;"
        "clz x11, x12; rbit w13, w14; rev x15, x16; tst x0, #1; svc #0",
    ),
    _s(
        "div",
        "division by zero gives zero",
        "udiv x0, x1, x2; sdiv w3, w4, w5; msub x6, x0, x2, x1; svc #0",
    ),
    _s(
        "mul",
        "products",
        "mul x0, x1, x2; madd w3, w4, w5, w6; smull x7, w8, w9; umulh x10, x11, x12; svc #0",
    ),
    _s("bl", "a call is a call; behind it, the landing of the return", "mov x0, x19; bl #0x400100"),
    _s("blr", "an indirect call", "ldr x8, [x19]; blr x8", pc=0x7F1234567000),
    _s("ret", "a return is a return", "add sp, sp, #16; ret"),
    _s("br", "an inline cache", "ldr x0, [x1, x2, lsl #3]; br x0"),
    _s(
        "exclusive",
        "a monitor of address and value; the store compares and swaps",
        "ldxr x0, [x1]; add x0, x0, #1; stxr w2, x0, [x1]; cbnz w2, #0x400000",
    ),
    _s(
        "lse_atomics",
        "LDADDAL, SWP, CAS of 1 to 8 bytes",
        "0xf8e00041; 0xb8208043; 0xc8e0fc44; 0x38610045; svc #0",
    ),
    _s(
        "acquire_release",
        "LDAR is a load, STLR an exchange, DMB ISH a locked operation",
        "ldar x0, [x1]; stlr w2, [x3]; dmb ish; dmb ishld; dmb ishst; svc #0",
    ),
    _s(
        "float",
        "native arithmetic; a NaN goes out of line",
        "fadd d0, d1, d2; fmadd d3, d0, d1, d2; fmul s4, s5, s6; fsqrt d7, d3; fcvt s8, d7; svc #0",
    ),
    _s(
        "float_slow",
        "FPCR asks for more than the host has: everything by the exact helper",
        "fadd d0, d1, d2; svc #0",
        key=1,
    ),
    _s("fcmp_branch", "an unordered comparison is not less", "fcmp d0, d1; b.mi #0x400040"),
    _s(
        "fcvtzs",
        "conversions saturate",
        "fcvtzs x0, d1; fcvtzu w2, s3; scvtf d4, x5; fmov x6, d4; fmov d7, #1.5; svc #0",
    ),
    _s(
        "vector_integer",
        "vectors of integers",
        "add v0.4s, v1.4s, v2.4s; cmeq v3.16b, v0.16b, v1.16b; cmhi v4.8h, v5.8h, v6.8h;"
        "ushr v7.2d, v0.2d, #3; and v8.16b, v3.16b, v4.16b; add v9.8b, v10.8b, v11.8b;"
        "addv s12, v0.4s; svc #0",
    ),
    _s(
        "vector_permute",
        "moving bytes about",
        "tbl v0.16b, {v1.16b, v2.16b}, v3.16b; zip1 v4.4s, v5.4s, v6.4s;"
        "ext v7.16b, v8.16b, v9.16b, #3; dup v10.4s, w0; mov v11.d[1], x1; umov w2, v12.b[5];"
        "rev64 v13.8h, v14.8h; svc #0",
    ),
    _s(
        "vector_float",
        "vectors of floating-point numbers",
        "fadd v0.4s, v1.4s, v2.4s; fmla v3.2d, v4.2d, v5.2d; fcmgt v6.4s, v7.4s, v8.4s; svc #0",
    ),
    _s(
        "vector_memory",
        "vectors to and from memory",
        "ld1 {v0.16b, v1.16b}, [x0], #32; ldr q2, [x1, #16]; ldp q3, q4, [x1]; str d2, [x2, x3];"
        "ld1r {v5.4s}, [x4]; st1 {v3.s}[2], [x5]; svc #0",
    ),
    _s(
        "system", "registers of the system", "mrs x0, tpidr_el0; mrs x1, nzcv; mrs x2, fpcr; svc #0"
    ),
    _s(
        "msr_fpcr",
        "a change of FPCR ends the block: the context key may be another",
        "msr fpcr, x0",
    ),
    _s("svc", "a system call; an unused pc is not computed", "movz x8, #93; svc #0"),
    _s("udf", "an undefined instruction", "0x00000000"),
    _s("brk", "a breakpoint; its own address is the pc", "nop; brk #0x3e8", pc=0x10000),
)
