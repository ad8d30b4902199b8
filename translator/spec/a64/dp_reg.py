"""Data processing, register (Arm ARM C4.1.95).

Owns: the encodings. Must not know: what the instructions do.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_SHIFT = "sf == 1 or imm < 32"
_ADD_SHIFT = "shift != 3 and (sf == 1 or imm < 32)"
_RD, _RN, _RM = "{r(sf, rd)}", "{r(sf, rn)}", "{r(sf, rm)}"
_SHIFTED = "{r(sf, rm)}{shift(shift, imm)}"
_MOV = f"mov {_RD}, {_RM} if rn == 31 and shift == 0 and imm == 0"
_CONDITION = "{imm(nzcv)}, {cond(cond)}"

# Bits 30:29 and 21, mnemonic, aliases
_LOGICAL = (
    ("00", "0", "AND", ""),
    ("00", "1", "BIC", ""),
    ("01", "0", "ORR", f"{_MOV} | "),
    ("01", "1", "ORN", f"mvn {_RD}, {_SHIFTED} if rn == 31 | "),
    ("10", "0", "EOR", ""),
    ("10", "1", "EON", ""),
    ("11", "0", "ANDS", f"tst {_RN}, {_SHIFTED} if rd == 31 | "),
    ("11", "1", "BICS", ""),
)

# Bits 30:29, mnemonic, aliases of the shifted register, of the extended register
_ADDITION = (
    ("00", "ADD", "", ""),
    ("01", "ADDS", f"cmn {_RN}, {_SHIFTED} if rd == 31 | ", "cmn"),
    ("10", "SUB", f"neg {_RD}, {_SHIFTED} if rn == 31 | ", ""),
    (
        "11",
        "SUBS",
        f"cmp {_RN}, {_SHIFTED} if rd == 31 | negs {_RD}, {_SHIFTED} if rn == 31 | ",
        "cmp",
    ),
)

# Bits 30:29, mnemonic, alias
_CARRY = (
    ("00", "ADC", ""),
    ("01", "ADCS", ""),
    ("10", "SBC", f"ngc {_RD}, {_RM} if rn == 31 | "),
    ("11", "SBCS", f"ngcs {_RD}, {_RM} if rn == 31 | "),
)

_INVERT = "(cond ^ 1)"
_SAME = "rn == rm and cond < 14"
# Bits 30 and 10, mnemonic, aliases
_SELECT = (
    ("0", "0", "CSEL", ""),
    (
        "0",
        "1",
        "CSINC",
        f"cset {_RD}, {{cond{_INVERT}}} if {_SAME} and rn == 31"
        f" | cinc {_RD}, {_RN}, {{cond{_INVERT}}} if {_SAME} | ",
    ),
    (
        "1",
        "0",
        "CSINV",
        f"csetm {_RD}, {{cond{_INVERT}}} if {_SAME} and rn == 31"
        f" | cinv {_RD}, {_RN}, {{cond{_INVERT}}} if {_SAME} | ",
    ),
    ("1", "1", "CSNEG", f"cneg {_RD}, {_RN}, {{cond{_INVERT}}} if {_SAME} | "),
)

# Bits 15:10, mnemonic, what the assembler calls it
_TWO_SOURCE = (
    ("000010", "UDIV", "udiv"),
    ("000011", "SDIV", "sdiv"),
    ("001000", "LSLV", "lsl"),
    ("001001", "LSRV", "lsr"),
    ("001010", "ASRV", "asr"),
    ("001011", "RORV", "ror"),
)

# sf, bits 15:10, mnemonic, the pattern's suffix
_ONE_SOURCE = (
    ("sf:1", "000000", "RBIT", ""),
    ("sf:1", "000001", "REV16", ""),
    ("0", "000010", "REV", "_w"),
    ("1", "000010", "REV32", ""),
    ("1", "000011", "REV", "_x"),
    ("sf:1", "000100", "CLZ", ""),
    ("sf:1", "000101", "CLS", ""),
)

# The same two tables for FEAT_CSSC
_TWO_SOURCE_CSSC = (
    ("011000", "SMAX"),
    ("011001", "UMAX"),
    ("011010", "SMIN"),
    ("011011", "UMIN"),
)
_ONE_SOURCE_CSSC = (("000110", "CTZ"), ("000111", "CNT"), ("001000", "ABS"))

_CRC = "{suffix(sz)}{pick(sz == 2, 'w')}{pick(sz == 3, 'x')} {w(rd)}, {w(rn)}, {r(sf, rm)}"


def _extended(op: str, name: str, compare: str) -> Pattern:
    sp = "rn == 31" if compare else "rn == 31 or rd == 31"
    rm = f"{{extend(sf, rm, option, imm, {sp})}}"
    rd = _RD if compare else "{rsp(sf, rd)}"
    alias = f"{compare} {{rsp(sf, rn)}}, {rm} if rd == 31 | " if compare else ""
    return P(
        f"{name}_ext",
        f"sf:1 {op} 01011 00 1 rm:5 option:3 imm:3 rn:5 rd:5",
        when="imm <= 4",
        asm=f"{alias}{name.lower()} {rd}, {{rsp(sf, rn)}}, {rm}",
    )


def _one_source(sf: str, opcode: str, name: str, suffix: str, feature: str = "") -> Pattern:
    width = sf.partition(":")[0]
    operands = f"{{r({width}, rd)}}, {{r({width}, rn)}}"
    bits = f"{sf} 10 11010110 00000 {opcode} rn:5 rd:5"
    return P(f"{name}{suffix}", bits, feature=feature, asm=f"{name.lower()} {operands}")


def _multiply_long(name: str, op: str, o0: str, alias: str) -> Pattern:
    operands = "{x(rd)}, {w(rn)}, {w(rm)}"
    return P(
        name,
        f"1 00 11011 {op} rm:5 {o0} ra:5 rn:5 rd:5",
        asm=f"{alias} {operands} if ra == 31 | {name.lower()} {operands}, {{x(ra)}}",
    )


PATTERNS = [
    *(
        P(
            f"{name}_shift",
            f"sf:1 {op} 01010 shift:2 {n} rm:5 imm:6 rn:5 rd:5",
            when=_SHIFT,
            asm=f"{aliases}{name.lower()} {_RD}, {_RN}, {_SHIFTED}",
        )
        for op, n, name, aliases in _LOGICAL
    ),
    *(
        P(
            f"{name}_shift",
            f"sf:1 {op} 01011 shift:2 0 rm:5 imm:6 rn:5 rd:5",
            when=_ADD_SHIFT,
            asm=f"{aliases}{name.lower()} {_RD}, {_RN}, {_SHIFTED}",
        )
        for op, name, aliases, _ in _ADDITION
    ),
    *(_extended(op, name, compare) for op, name, _, compare in _ADDITION),
    *(
        P(
            name,
            f"sf:1 {op} 11010000 rm:5 000000 rn:5 rd:5",
            asm=f"{alias}{name.lower()} {_RD}, {_RN}, {_RM}",
        )
        for op, name, alias in _CARRY
    ),
    P(
        "RMIF",
        "101 11010000 imm:6 00001 rn:5 0 mask:4",
        feature="FlagM",
        asm="rmif {x(rn)}, {imm}, {imm(mask)}",
    ),
    P("SETF8", "001 11010000 000000 0 0010 rn:5 0 1101", feature="FlagM", asm="setf8 {w(rn)}"),
    P("SETF16", "001 11010000 000000 1 0010 rn:5 0 1101", feature="FlagM", asm="setf16 {w(rn)}"),
    *(
        P(
            f"{name}_reg",
            f"sf:1 {op} 11010010 rm:5 cond:4 00 rn:5 0 nzcv:4",
            asm=f"{name.lower()} {_RN}, {_RM}, {_CONDITION}",
        )
        for op, name in (("01", "CCMN"), ("11", "CCMP"))
    ),
    *(
        P(
            f"{name}_imm",
            f"sf:1 {op} 11010010 imm:5 cond:4 10 rn:5 0 nzcv:4",
            asm=f"{name.lower()} {_RN}, {{imm}}, {_CONDITION}",
        )
        for op, name in (("01", "CCMN"), ("11", "CCMP"))
    ),
    *(
        P(
            name,
            f"sf:1 {op}0 11010100 rm:5 cond:4 0{o2} rn:5 rd:5",
            asm=f"{aliases}{name.lower()} {_RD}, {_RN}, {_RM}, {{cond(cond)}}",
        )
        for op, o2, name, aliases in _SELECT
    ),
    *(
        P(
            name,
            f"sf:1 00 11011 000 rm:5 {o0} ra:5 rn:5 rd:5",
            asm=f"{alias} {_RD}, {_RN}, {_RM} if ra == 31"
            f" | {name.lower()} {_RD}, {_RN}, {_RM}, {{r(sf, ra)}}",
        )
        for o0, name, alias in (("0", "MADD", "mul"), ("1", "MSUB", "mneg"))
    ),
    _multiply_long("SMADDL", "001", "0", "smull"),
    _multiply_long("SMSUBL", "001", "1", "smnegl"),
    _multiply_long("UMADDL", "101", "0", "umull"),
    _multiply_long("UMSUBL", "101", "1", "umnegl"),
    *(
        P(
            name,
            f"1 00 11011 {op} rm:5 0 xxxxx rn:5 rd:5",
            asm=f"{name.lower()} {{x(rd)}}, {{x(rn)}}, {{x(rm)}}",
        )
        for op, name in (("010", "SMULH"), ("110", "UMULH"))
    ),
    *(
        P(
            name,
            f"sf:1 00 11010110 rm:5 {opcode} rn:5 rd:5",
            asm=f"{mnemonic} {_RD}, {_RN}, {_RM}",
        )
        for opcode, name, mnemonic in _TWO_SOURCE
    ),
    *(
        P(
            name,
            f"sf:1 00 11010110 rm:5 {opcode} sz:2 rn:5 rd:5",
            when="(sf == 1) == (sz == 3)",
            feature="CRC32",
            asm=f"{name.lower()}{_CRC}",
        )
        for opcode, name in (("0100", "CRC32"), ("0101", "CRC32C"))
    ),
    *(_one_source(*row) for row in _ONE_SOURCE),
    *(
        P(
            f"{name}_reg",
            f"sf:1 00 11010110 rm:5 {opcode} rn:5 rd:5",
            feature="CSSC",
            asm=f"{name.lower()} {_RD}, {_RN}, {_RM}",
        )
        for opcode, name in _TWO_SOURCE_CSSC
    ),
    *(_one_source("sf:1", opcode, name, "", "CSSC") for opcode, name in _ONE_SOURCE_CSSC),
]
