"""Host instructions for one more guest instruction: of which instructions, and the limits.

Owns: the list, how a cost is measured, the limits and which instructions may exceed them. Must not
know: how the table is written (test_counts.py).

A cost is the difference between a block with 12 copies and one with 8, divided by 4, counted in the
path that is common: code out of line (NaNs, exits, polls) is not counted. So what a block pays once
is not in it: the loads of operands and the stores of results at its end. The copies read what the
one before wrote, or else nothing would be left of all but the last. `{m}` is a second operand, 1 to
4 in turn; all four are in registers by the eighth copy.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import capstone
import keystone

HOSTS = {"AVX2": "avx2", "AVX-512": "native"}
"""Columns of the table, and what --host-features makes of all features."""
_FEW, _MANY = 8, 12
_OPERANDS = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Instructions of one kind. `limit`: the most that one may cost, 0 for none."""

    title: str
    limit: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Instructions that may cost more than their group's limit: lines by regular expression."""

    lines: str
    reason: str


def _group(title: str, text: str, limit: float = 0) -> Group:
    return Group(title, limit, tuple(line.strip() for line in text.strip().splitlines()))


def _forms(names: str, template: str) -> str:
    """A line for each name."""
    return "\n".join(template.replace("OP", name) for name in names.split()) + "\n"


def _arranged(names: str, operands: str, arrangements: str) -> str:
    """A line for each name and arrangement, `T` in the operands."""
    lines = [
        f"{name} {operands.replace('T', t)}" for name in names.split() for t in arrangements.split()
    ]
    return "\n".join(lines) + "\n"


_THREE = "v0.T, v0.T, v{m}.T"
_TWO = "v0.T, v0.T"

GROUPS: tuple[Group, ...] = (
    _group(
        "Integer arithmetic and logic",
        _forms("add sub and orr eor bic orn eon mul", "OP x0, x0, x{m}")
        + _forms("add sub and orr eor mul", "OP w0, w0, w{m}")
        + _forms("lsl lsr asr ror", "OP x0, x0, x{m}")
        + _forms("udiv sdiv", "OP x0, x0, x{m}")
        + _forms("smull umull", "OP x0, w0, w{m}")
        + _forms("smulh umulh", "OP x0, x0, x{m}")
        + """add x0, x0, x{m}, lsl #3
        sub w0, w0, w{m}, lsr #5
        and x0, x0, x{m}, ror #7
        add x0, x0, w{m}, uxtw #2
        add x0, x0, w{m}, sxtb
        add x0, x0, #0x123; eor x0, x0, x{m}
        sub w0, w0, #1; eor w0, w0, w{m}
        and x0, x0, #0xff00ff00ff00ff00
        orr w0, w0, #0x80000001
        eor x0, x0, #1
        madd x0, x0, x{m}, x5
        msub w0, w0, w{m}, w5
        mneg x0, x0, x{m}
        neg x0, x0; eor x0, x0, x{m}
        mvn x0, x0; add x0, x0, x{m}
        """,
    ),
    _group(
        "Shifts, bit fields, bits",
        """lsl x0, x0, #3
        lsr w0, w0, #3
        asr x0, x0, #3
        ror x0, x0, #3
        extr x0, x0, x{m}, #13
        ubfx x0, x0, #3, #40
        sbfx x0, x0, #3, #40
        ubfiz w0, w0, #3, #5
        bfi x0, x{m}, #8, #16
        bfxil x0, x{m}, #8, #16
        uxtb w0, w0
        uxth w0, w0
        sxtb x0, w0
        sxth x0, w0
        sxtw x0, w0
        clz x0, x0
        cls x0, x0
        rbit x0, x0
        rev x0, x0
        rev w0, w0
        rev16 x0, x0
        rev32 x0, x0
        movk x0, #0x1234, lsl #16
        """,
    ),
    _group(
        "Flags",
        """adds x0, x0, x{m}
        subs w0, w0, w{m}
        ands x0, x0, x{m}
        adcs x0, x0, x{m}
        sbcs x0, x0, x{m}
        adc x0, x0, x{m}
        sbc w0, w0, w{m}
        cmp x0, x{m}; cset x0, hi
        cmp w0, w{m}; csel w0, w5, w6, lt
        cmp x0, #5; csinc x0, x0, x{m}, eq
        cmn x0, x{m}; csinv x0, x5, x6, vs
        tst x0, x{m}; csneg x0, x5, x6, ne
        cmp x0, x{m}; ccmp x5, x6, #4, ne; cset x0, eq
        cmp x0, x{m}; ccmn w5, #3, #0, hs; cset x0, lt
        csel x0, x0, x{m}, eq
        """,
    ),
    _group(
        "Loads and stores",
        _forms("ldr ldrsb ldrsh ldrsw", "OP x0, [x0]")
        + _forms("ldr ldrb ldrh ldrsb ldrsh", "OP w0, [x0]")
        + """        ldr x0, [x0, #8]
        ldr x0, [x0, x{m}]
        ldr x0, [x0, x{m}, lsl #3]
        ldr w0, [x0, w{m}, sxtw #2]
        ldr x{m}, [x0, #8]!
        ldr x{m}, [x0], #8
        ldp x0, x5, [x0, #16]
        ldp w0, w5, [x0, #-8]
        ldp x5, x6, [x0], #16
        ldpsw x0, x5, [x0]
        str x{m}, [x0]
        strb w{m}, [x0, #3]
        strh w{m}, [x0, x5, lsl #1]
        str wzr, [x0, #4]
        str x{m}, [x0, #-16]!
        stp x{m}, x5, [x0]
        stp x{m}, x5, [x0, #-32]!
        ldar x0, [x0]
        stlr x{m}, [x0]
        ldur x0, [x0, #-3]
        prfm pldl1keep, [x0]
        ldr q0, [x0, #16]; str q0, [x1]
        ldr d0, [x0]; str d0, [x1]
        ldp q0, q1, [x0]; stp q0, q1, [x2]
        ldr s0, [x0, x{m}, lsl #2]; str s0, [x1]
        ld1 {v0.16b}, [x0]; st1 {v0.16b}, [x1]
        ld1 {v0.4s, v1.4s}, [x0], #32
        ld1r {v0.4s}, [x0]; st1 {v0.16b}, [x1]
        ld1 {v0.s}[2], [x{m}]
        ld2 {v0.8b, v1.8b}, [x0], #16
        ld3 {v0.16b, v1.16b, v2.16b}, [x0], #48
        ld4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x0], #64
        st1 {v0.d}[1], [x{m}]
        st2 {v0.4s, v1.4s}, [x0], #32
        st4 {v0.16b, v1.16b, v2.16b, v3.16b}, [x0], #64
        """,
    ),
    _group(
        "Atomics and barriers",
        """ldxr x5, [x1]; add x5, x5, #1; stxr w6, x5, [x1]
        ldaxr w5, [x1]; stlxr w6, w5, [x1]
        dmb ish
        dmb ishld
        dmb ishst
        """,
    ),
    _group(
        "Scalar floating-point arithmetic",
        "".join(
            _forms("fadd fsub fmul fdiv fnmul fmax fmin fmaxnm fminnm", f"OP {r}0, {r}0, {r}{{m}}")
            + _forms("fmadd fmsub fnmadd fnmsub", f"OP {r}0, {r}0, {r}{{m}}, {r}5")
            + _forms("fsqrt fabs fneg", f"OP {r}0, {r}0")
            for r in "dsh"
        ),
        limit=4,
    ),
    _group(
        "Other scalar floating point",
        _forms("frintn frintz frintp frintm frinta frintx frinti", "OP d0, d0")
        + """fcvt d0, s0; fcvt s0, d0
        fcvtzs x0, d0; scvtf d0, x0
        fcvtzs w0, s0; scvtf s0, w0
        fcvtzu x0, d0; ucvtf d0, x0
        fcvtns x0, d0; scvtf d0, x0
        fmov x0, d0; fmov d0, x0
        fmov w0, s0; fmov s0, w0
        fmov d0, d{m}; fadd d0, d0, d{m}
        fcmp d0, d{m}; fcsel d0, d5, d6, mi
        fcmp s0, s{m}; cset x0, gt; scvtf s0, w0
        fcmp h0, h{m}; fcsel h0, h5, h6, mi
        fcvt s0, h0; fcvt h0, s0
        fcvt d0, h0; fcvt h0, d0
        fcvtzs w0, h0; scvtf h0, w0
        frintn h0, h0
        fcmp d0, #0.0; fcsel d0, d5, d6, eq
        fcmpe d0, d{m}; fcsel d0, d5, d6, ge
        fccmp d0, d{m}, #0, eq; fcsel d0, d5, d6, ne
        """,
    ),
    _group(
        "NEON integer arithmetic",
        _arranged("add sub", _THREE, "16b 8h 4s 2d 8b 4h 2s")
        + _arranged("mul mla mls", _THREE, "8h 4s")
        + _arranged("smax smin umax umin", _THREE, "16b 8h 4s")
        + _arranged("cmeq cmgt cmhi cmge cmhs cmtst", _THREE, "16b 8h 4s 2d")
        + _arranged("and orr eor bic orn bsl bit bif", _THREE, "16b 8b")
        + _arranged("sqadd uqadd sqsub uqsub", _THREE, "16b 8h 4s")
        + _arranged("shadd uhadd urhadd sabd uabd", _THREE, "16b 8h")
        + _arranged("addp", _THREE, "16b 8h 4s 2d")
        + _arranged("abs neg", _TWO, "16b 8h 4s 2d")
        + _arranged("mvn cnt", _TWO, "16b")
        + _arranged("shl sshr ushr ssra usra", _TWO + ", #3", "16b 8h 4s 2d")
        + _arranged("sli sri", "v0.T, v{m}.T, #3", "4s 2d")
        + _arranged("sshl ushl", _THREE, "16b 8h 4s 2d")
        + _arranged("cmeq cmgt cmlt", _TWO + ", #0", "16b 4s"),
        limit=2,
    ),
    _group(
        "NEON integers, widening, narrowing, across",
        _arranged("smull umull", "v0.4s, v0.4h, v{m}.T", "4h")
        + _arranged("smlal umlal", "v0.4s, v5.4h, v{m}.T", "4h")
        + """smull2 v0.4s, v0.8h, v{m}.8h
        saddl v0.8h, v0.8b, v{m}.8b
        uaddw v0.8h, v0.8h, v{m}.8b
        usubl v0.4s, v0.4h, v{m}.4h
        sshll v0.8h, v0.8b, #2
        uxtl v0.4s, v0.4h
        xtn v0.8b, v0.8h
        xtn2 v0.16b, v{m}.8h
        sqxtn v0.8b, v0.8h
        uqxtn v0.4h, v0.4s
        sqxtun v0.8b, v0.8h
        shrn v0.8b, v0.8h, #4
        rshrn v0.4h, v0.4s, #4
        sqrdmulh v0.8h, v0.8h, v{m}.8h
        sqdmulh v0.4s, v0.4s, v{m}.4s
        uaddlp v0.8h, v0.16b
        uadalp v0.4s, v{m}.8h
        addv b0, v0.16b
        addv s0, v0.4s
        umaxv b0, v0.16b
        uminv h0, v0.8h
        srshr v0.4s, v0.4s, #3
        mul v0.8h, v0.8h, v5.h[3]
        mla v0.4s, v{m}.4s, v5.s[1]
        """,
    ),
    _group(
        "NEON permutes and moves",
        _arranged("zip1 zip2 uzp1 uzp2 trn1 trn2", _THREE, "16b 8h 4s 2d")
        + _arranged("rev64", _TWO, "16b 8h 4s")
        + _arranged("rev16 rev32 rbit", _TWO, "16b")
        + """ext v0.16b, v0.16b, v{m}.16b, #3
        ext v0.8b, v0.8b, v{m}.8b, #3
        tbl v0.16b, {v0.16b}, v{m}.16b
        tbl v0.16b, {v5.16b, v6.16b}, v0.16b
        tbx v0.16b, {v5.16b}, v{m}.16b
        dup v0.4s, v0.s[1]
        dup v0.16b, v0.b[3]
        dup v0.4s, w{m}; ushr v0.4s, v0.4s, #1; umov w1, v0.s[0]
        mov v0.s[1], w{m}
        mov v0.d[1], v{m}.d[0]
        mov v0.16b, v{m}.16b; add v0.16b, v0.16b, v5.16b
        umov w0, v0.b[5]; dup v0.16b, w0
        smov x0, v0.h[1]; dup v0.8h, w0
        fmov x0, d0; dup v0.2d, x0
        """,
    ),
    _group(
        "NEON floating point",
        "".join(
            _arranged("fadd fsub fmul fdiv fmla fmls fmax fmin fmaxnm fminnm fabd", _THREE, t)
            + _arranged("fmulx frecps frsqrts", _THREE, t)
            + _arranged("fcmeq fcmgt fcmge faddp", _THREE, t)
            + _arranged("fabs fneg fsqrt frintz frintn frinta fcvtas", _TWO, t)
            for t in ("4s", "2d", "8h")
        )
        + """scvtf v0.4s, v0.4s
        fcvtzs v0.4s, v0.4s
        ucvtf v0.4s, v0.4s
        scvtf v0.2d, v0.2d
        scvtf v0.8h, v0.8h
        fcvtzs v0.8h, v0.8h
        fcvtl v0.4s, v0.4h
        fcvtn v0.4h, v0.4s
        fmlal v0.4s, v{m}.4h, v5.4h
        fmla v0.8h, v{m}.8h, v5.8h
        fcvtl v0.2d, v0.2s
        fcvtn v0.2s, v0.2d
        fmul v0.4s, v0.4s, v5.s[1]
        fmla v0.4s, v{m}.4s, v5.s[1]
        frecpe v0.4s, v0.4s
        frecpe v0.2d, v0.2d
        frsqrte v0.4s, v0.4s
        frsqrte v0.2d, v0.2d
        """,
        limit=4,
    ),
)


ALLOWED: tuple[Allowed, ...] = (
    Allowed(
        r"(f(add|sub|mul|div|sqrt)|fnmul|f(max|min)(nm)?|fn?m(add|sub)) h.*",
        "x86 has no arithmetic of halves before AVX512-FP16: to singles and back (decision 12)",
    ),
    Allowed(
        r"fnmul .*",
        "rounded before it is negated; underflow is found as for fmul (decision 10)",
    ),
    Allowed(
        r"fn?m(add|sub) .*|fml[as] v.*",
        "the exact helper may need the operand that x86 writes over: a copy, and what fmul has",
    ),
    Allowed(
        r"fmul v.*|fcvtn v0\.2s.*",
        "a result that rounds up to the least normal number underflows on Arm only (decision 10)",
    ),
    Allowed(r"fabd v.*", "a difference has four, the sign besides"),
    Allowed(
        r"(fmulx|frecps|frsqrts) v.*",
        "x86 raises Invalid Operation for infinity times zero: operands are looked at first",
    ),
    Allowed(
        r"(frinta|fcvtas) v.*",
        "x86 has no rounding of ties away from zero; conversions look at the range, too",
    ),
    Allowed(
        r"fmlal .*|f(?!abs|neg)[a-z]+ v0\.(8h|4h).*",
        "halves are converted to singles (decision 12)",
    ),
    Allowed(r"scvtf v0\.2d.*", "AVX2 converts one 64-bit integer at a time"),
    Allowed(r"fr(ecp|sqrt)e .*", "x86's estimates are others, put right by an integer product"),
    Allowed(r"(bsl|bit|bif) .*|orn v0\.8b.*", "three of AVX2's, or 64 bits cut off"),
    Allowed(r"(sabd|uabd) .*", "the difference of the larger and the smaller: three"),
    Allowed(r"usra v0\.16b.*|(sli|sri) .*", "a shift, what is masked, a sum or the union"),
    Allowed(
        r"(cmhi|cmtst) .*|cmhs v0\.2d.*",
        "AVX2 compares signed, or for equal: signs are turned round, or the result is",
    ),
    Allowed(
        r"(shadd|uhadd) .*",
        "x86's one average is unsigned and rounded: both operands and the result are changed",
    ),
    Allowed(r"(addp v0\.(16b|2d)|cnt|abs v0\.2d).*", "no such instruction in AVX2"),
    Allowed(r"(sshr|ssra) v0\.(16b|2d).*", "AVX2 shifts neither bytes nor signed doublewords"),
    Allowed(
        r"[su]shl .*",
        "x86 shifts one way, by unsigned amounts of all bits, no bytes: the amount's magnitude "
        "takes two, the sign's test one, and both ways are computed",
    ),
    Allowed(
        r"(sq|uq)(add|sub) v0\.(16b|8h).*",
        "QC: what saturates, what wraps, and their difference into a register (decision 7)",
    ),
    Allowed(
        r"(sq|uq)(add|sub) v0\.4s.*",
        "x86 saturates no words: unsigned by a minimum or maximum, signed by comparison; and QC",
    ),
)


def allowed(line: str) -> str:
    """Why a line may exceed the limit; empty when it may not."""
    return next((a.reason for a in ALLOWED if re.fullmatch(a.lines, line)), "")


def _word(engine: keystone.Ks, text: str) -> int:
    try:
        code, _ = engine.asm(text)
    except keystone.KsError as error:
        raise ValueError(f"{text}: {error}") from error
    assert code is not None, text
    assert len(code) == 4, text
    return int.from_bytes(bytes(code), "little")


def _assembled(engine: keystone.Ks, line: str) -> list[int]:
    return [_one(engine, text.strip()) for text in line.split(";")]


def _one(engine: keystone.Ks, text: str) -> int:
    """What is not in keystone, FEAT_FP16 and FEAT_FHM, is made of what is (Arm ARM C4.1.96)."""
    mnemonic, operands = text.split(" ", 1)
    if mnemonic == "fmlal":
        return 0x4E20EC00 | _word(engine, re.sub(r"4[sh]", "16b", f"add {operands}")) & 0x1F03FF
    if re.fullmatch(r"f[a-z]+|[su]cvtf", mnemonic) is None:
        return _word(engine, text)
    if set(re.findall(r"\b([hsd])\d", operands)) == {"h"}:
        return _word(engine, re.sub(r"\bh(?=\d)", "s", text)) | 0xC00000
    if ".8h" in operands:
        single = _word(engine, text.replace(".8h", ".4s"))
        if single >> 10 & 3 == 2:  # two-register miscellaneous
            return single | 0x780000
        return (single | 1 << 22) & ~0x20C000
    return _word(engine, text)


def _blocks(lines: Sequence[str]) -> str:
    """Two blocks for each line."""
    engine = keystone.Ks(keystone.KS_ARCH_ARM64, keystone.KS_MODE_LITTLE_ENDIAN)
    blocks = []
    for line in lines:
        turns = [_assembled(engine, line.replace("{m}", str(1 + n))) for n in range(_OPERANDS)]
        for count in (_FEW, _MANY):
            words = [word for n in range(count) for word in turns[n % _OPERANDS]]
            blocks.append(" ".join(f"{word:08x}" for word in words))
    return "\n".join(blocks) + "\n"


def costs(tool: Path, lines: Sequence[str], host: str) -> list[tuple[float, bool]]:
    """For each line what one more costs, and whether it calls a helper."""
    done = subprocess.run(
        [tool, "--main", f"--host-features={host}"],
        input=_blocks(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    counts = []
    for code in done.stdout.split():
        names = [name for _, _, name, _ in engine.disasm_lite(bytes.fromhex(code), 0)]
        counts.append((len(names) - names.count("nop"), names.count("call")))
    assert len(counts) == 2 * len(lines)
    pairs = zip(counts[::2], counts[1::2], strict=True)
    return [((b - a) / (_MANY - _FEW), calls > few) for (a, few), (b, calls) in pairs]
