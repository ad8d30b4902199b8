"""Advanced SIMD and scalar floating point: three same, two-register miscellaneous, across lanes,
scalar pairwise, by indexed element, fixed-point conversions of shift by immediate (Arm ARM
C4.1.96).

Owns: the encodings. Must not know: what the instructions do.

`sz` is the size's low bit: 0 single, 1 double. Half precision has encodings of its own: their
patterns have _h behind their names.
"""

from __future__ import annotations

from .core import Pattern

_ANY = "sz == 0 or q == 1"

# U, the size's high bit, opcode, mnemonic, has a scalar form
_THREE_SAME = (
    (0, 0, "11000", "FMAXNM", False),
    (0, 0, "11001", "FMLA", False),
    (0, 0, "11010", "FADD", False),
    (0, 0, "11011", "FMULX", True),
    (0, 0, "11100", "FCMEQ", True),
    (0, 0, "11110", "FMAX", False),
    (0, 0, "11111", "FRECPS", True),
    (0, 1, "11000", "FMINNM", False),
    (0, 1, "11001", "FMLS", False),
    (0, 1, "11010", "FSUB", False),
    (0, 1, "11110", "FMIN", False),
    (0, 1, "11111", "FRSQRTS", True),
    (1, 0, "11000", "FMAXNMP", False),
    (1, 0, "11010", "FADDP", False),
    (1, 0, "11011", "FMUL", False),
    (1, 0, "11100", "FCMGE", True),
    (1, 0, "11101", "FACGE", True),
    (1, 0, "11110", "FMAXP", False),
    (1, 0, "11111", "FDIV", False),
    (1, 1, "11000", "FMINNMP", False),
    (1, 1, "11010", "FABD", True),
    (1, 1, "11100", "FCMGT", True),
    (1, 1, "11101", "FACGT", True),
    (1, 1, "11110", "FMINP", False),
)

# U, the size's high bit, opcode, mnemonic, forms: v vector, s scalar
_TWO_REG = (
    (0, 0, "11000", "FRINTN", "v"),
    (0, 0, "11001", "FRINTM", "v"),
    (0, 0, "11010", "FCVTNS", "vs"),
    (0, 0, "11011", "FCVTMS", "vs"),
    (0, 0, "11100", "FCVTAS", "vs"),
    (0, 0, "11101", "SCVTF", "vs"),
    (0, 1, "01100", "FCMGT_zero", "vs"),
    (0, 1, "01101", "FCMEQ_zero", "vs"),
    (0, 1, "01110", "FCMLT_zero", "vs"),
    (0, 1, "01111", "FABS", "v"),
    (0, 1, "11000", "FRINTP", "v"),
    (0, 1, "11001", "FRINTZ", "v"),
    (0, 1, "11010", "FCVTPS", "vs"),
    (0, 1, "11011", "FCVTZS", "vs"),
    (0, 1, "11101", "FRECPE", "vs"),
    (0, 1, "11111", "FRECPX", "s"),
    (1, 0, "11000", "FRINTA", "v"),
    (1, 0, "11001", "FRINTX", "v"),
    (1, 0, "11010", "FCVTNU", "vs"),
    (1, 0, "11011", "FCVTMU", "vs"),
    (1, 0, "11100", "FCVTAU", "vs"),
    (1, 0, "11101", "UCVTF", "vs"),
    (1, 1, "01100", "FCMGE_zero", "vs"),
    (1, 1, "01101", "FCMLE_zero", "vs"),
    (1, 1, "01111", "FNEG", "v"),
    (1, 1, "11001", "FRINTI", "v"),
    (1, 1, "11010", "FCVTPU", "vs"),
    (1, 1, "11011", "FCVTZU", "vs"),
    (1, 1, "11101", "FRSQRTE", "vs"),
    (1, 1, "11111", "FSQRT", "v"),
)

# U, opcode, mnemonic
_ROUND_TO_INTEGER = (
    (0, "11110", "FRINT32Z"),
    (1, "11110", "FRINT32X"),
    (0, "11111", "FRINT64Z"),
    (1, "11111", "FRINT64X"),
)

# the size's high bit, opcode, mnemonic
_ACROSS = (
    (0, "01100", "FMAXNMV"),
    (0, "01111", "FMAXV"),
    (1, "01100", "FMINNMV"),
    (1, "01111", "FMINV"),
)
_SCALAR_PAIRWISE = (
    (0, "01100", "FMAXNMP"),
    (0, "01101", "FADDP"),
    (0, "01111", "FMAXP"),
    (1, "01100", "FMINNMP"),
    (1, "01111", "FMINP"),
)

# U, opcode, mnemonic
_BY_ELEMENT = (
    (0, "0001", "FMLA"),
    (0, "0101", "FMLS"),
    (0, "1001", "FMUL"),
    (1, "1001", "FMULX"),
)
_FIXED = (
    (0, "11100", "SCVTF"),
    (0, "11111", "FCVTZS"),
    (1, "11100", "UCVTF"),
    (1, "11111", "FCVTZU"),
)


_V = tuple(f"{{v(q, 2 + sz, {name})}}" for name in ("rd", "rn", "rm"))
_S = tuple(f"{{fp(2 + sz, {name})}}" for name in ("rd", "rn", "rm"))
_VH = tuple(f"{{v(q, 1, {name})}}" for name in ("rd", "rn", "rm"))
_SH = tuple(f"{{fp(1, {name})}}" for name in ("rd", "rn", "rm"))


def _p(name: str, bits: str, operands: str, when: str = "") -> Pattern:
    mnemonic = name.partition("_")[0].lower()
    feature = "FP16" if name.endswith("_h") else "AdvSIMD"
    return Pattern(name, bits, when=when, feature=feature, asm=f"{mnemonic}{operands}")


def _two(name: str, registers: tuple[str, ...]) -> str:
    """Operands of two registers, or of two and zero."""
    zero = ", #0.0" if name.endswith("_zero") else ""
    return f" {registers[0]}, {registers[1]}{zero}"


def _element(name: str, registers: tuple[str, ...]) -> str:
    """Operands of a form by element, with the alternative for singles behind that for doubles."""
    start = f" {registers[0]}, {registers[1]}, "
    double = "{lane(3, m * 16 + rm, h)} if sz == 1"
    return f"{start}{double} | {name.lower()}{start}{{lane(2, m * 16 + rm, h * 2 + l)}}"


def _fixed(name: str, kind: str) -> str:
    """The same of a fixed-point conversion; `kind` is the start of the registers' operand kind."""
    double, single = (
        f" {{{kind}{size}, rd)}}, {{{kind}{size}, rn)}}, {{imm({16 << size} - imm)}}"
        for size in (3, 2)
    )
    return f"{double} if imm >= 64 | {name.lower()}{single}"


def _patterns() -> list[Pattern]:
    rows: list[Pattern] = []
    for u, high, op, name, scalar in _THREE_SAME:
        tail = f"{high} sz:1 1 rm:5 {op} 1 rn:5 rd:5"
        rows.append(_p(f"{name}_v", f"0 q:1 {u} 01110 {tail}", f" {', '.join(_V)}", _ANY))
        if scalar:
            rows.append(_p(f"{name}_s", f"01 {u} 11110 {tail}", f" {', '.join(_S)}"))
    for u, high, op, name, forms in _TWO_REG:
        tail = f"{high} sz:1 10000 {op} 10 rn:5 rd:5"
        if "v" in forms:
            rows.append(_p(f"{name}_v", f"0 q:1 {u} 01110 {tail}", _two(name, _V), _ANY))
        if "s" in forms:
            rows.append(_p(f"{name}_s", f"01 {u} 11110 {tail}", _two(name, _S)))
    for u, op, name in _ROUND_TO_INTEGER:
        bits = f"0 q:1 {u} 01110 0 sz:1 10000 {op} 10 rn:5 rd:5"
        asm = name.lower() + _two(name, _V)
        rows.append(Pattern(f"{name}_v", bits, when=_ANY, feature="FRINTTS", asm=asm))
    for high, op, name in _ACROSS:
        operands = " {fp(2, rd)}, {v(q, 2, rn)}"
        bits = f"0 q:1 101110 {high} sz:1 11000 {op} 10 rn:5 rd:5"
        rows.append(_p(f"{name}_v", bits, operands, "q == 1 and sz == 0"))
    for high, op, name in _SCALAR_PAIRWISE:
        operands = " {fp(2 + sz, rd)}, {v(sz, 2 + sz, rn)}"
        rows.append(_p(f"{name}_s", f"01111110 {high} sz:1 11000 {op} 10 rn:5 rd:5", operands))
    for u, op, name in _BY_ELEMENT:
        tail = f"1 sz:1 l:1 m:1 rm:4 {op} h:1 0 rn:5 rd:5"
        when = "sz == 0 or (l == 0 and q == 1)"
        rows.append(_p(f"{name}_e", f"0 q:1 {u} 01111 {tail}", _element(name, _V), when))
        when = "sz == 0 or l == 0"
        rows.append(_p(f"{name}_se", f"01 {u} 11111 {tail}", _element(name, _S), when))
    for u, op, name in _FIXED:
        tail = f"imm:7 {op} 1 rn:5 rd:5"
        when = "imm >= 32 and (imm < 64 or q == 1)"
        rows.append(_p(f"{name}_fixed_v", f"0 q:1 {u} 011110 {tail}", _fixed(name, "v(q, "), when))
        rows.append(
            _p(f"{name}_fixed_s", f"01 {u} 111110 {tail}", _fixed(name, "fp("), "imm >= 32")
        )
    return rows


def _halves() -> list[Pattern]:
    rows: list[Pattern] = []
    for u, high, op, name, scalar in _THREE_SAME:
        tail = f"{high} 10 rm:5 00 {op[2:]} 1 rn:5 rd:5"
        rows.append(_p(f"{name}_v_h", f"0 q:1 {u} 01110 {tail}", f" {', '.join(_VH)}"))
        if scalar:
            rows.append(_p(f"{name}_s_h", f"01 {u} 11110 {tail}", f" {', '.join(_SH)}"))
    for u, high, op, name, forms in _TWO_REG:
        tail = f"{high} 111100 {op} 10 rn:5 rd:5"
        if "v" in forms:
            rows.append(_p(f"{name}_v_h", f"0 q:1 {u} 01110 {tail}", _two(name, _VH)))
        if "s" in forms:
            rows.append(_p(f"{name}_s_h", f"01 {u} 11110 {tail}", _two(name, _SH)))
    for high, op, name in _ACROSS:
        operands = " {fp(1, rd)}, {v(q, 1, rn)}"
        rows.append(_p(f"{name}_v_h", f"0 q:1 001110 {high} 0 11000 {op} 10 rn:5 rd:5", operands))
    for high, op, name in _SCALAR_PAIRWISE:
        bits = f"01011110 {high} 0 11000 {op} 10 rn:5 rd:5"
        rows.append(_p(f"{name}_s_h", bits, " {fp(1, rd)}, {pair(rn)}"))
    for u, op, name in _BY_ELEMENT:
        tail = f"00 l:1 m:1 rm:4 {op} h:1 0 rn:5 rd:5"
        element = "{lane(1, rm, h * 4 + l * 2 + m)}"
        for suffix, bits, (rd, rn, _) in (
            ("e", f"0 q:1 {u} 01111 {tail}", _VH),
            ("se", f"01 {u} 11111 {tail}", _SH),
        ):
            rows.append(_p(f"{name}_{suffix}_h", bits, f" {rd}, {rn}, {element}"))
    for u, op, name in _FIXED:
        tail = f"imm:7 {op} 1 rn:5 rd:5"
        when = "imm >= 16 and imm < 32"
        for suffix, bits, (rd, rn, _) in (
            ("v", f"0 q:1 {u} 011110 {tail}", _VH),
            ("s", f"01 {u} 111110 {tail}", _SH),
        ):
            operands = f" {rd}, {rn}, {{imm(32 - imm)}}"
            rows.append(_p(f"{name}_fixed_{suffix}_h", bits, operands, when))
    return rows


PATTERNS = [
    # sz: 0 between half and single, 1 between single and double; q: the narrow half is the upper.
    _p(
        "FCVTN_v",
        "0 q:1 001110 0 sz:1 10000 10110 10 rn:5 rd:5",
        "{pick(q, '2')} {v(q, 1 + sz, rd)}, {v(1, 2 + sz, rn)}",
    ),
    _p(
        "FCVTL_v",
        "0 q:1 001110 0 sz:1 10000 10111 10 rn:5 rd:5",
        "{pick(q, '2')} {v(1, 2 + sz, rd)}, {v(q, 1 + sz, rn)}",
    ),
    _p(
        "FCVTXN_v",
        "0 q:1 101110 01 10000 10110 10 rn:5 rd:5",
        "{pick(q, '2')} {v(q, 2, rd)}, {v(1, 3, rn)}",
    ),
    _p("FCVTXN_s", "01111110 01 10000 10110 10 rn:5 rd:5", " {fp(2, rd)}, {fp(3, rn)}"),
    *_patterns(),
    *_halves(),
]
