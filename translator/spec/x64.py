"""x86-64 encodings: one row a form.

Owns: mnemonics, operands, encodings, CPU features. Must not know: who emits what, C++.

A row is `(mnemonic, operands, op-en, encoding, feature)`.

- operands, destination first: `r` a general register of the instruction's size, `r/m` the same or
  memory, `r8` `r16` `r32` `r64` (and `r32/m` ...) of a fixed size, `m` memory, `x` an xmm register,
  `x/m` the same or memory, `xk1` one whose elements stay where k1 has no 1 (EVEX only; the member's
  name ends in `_k1`), `y` `y/m` a ymm register, `k` a mask register, `imm8`, `imm` (an imm8
  if it fits, else 32 bits, sign-extended; 16 bits in 16-bit forms), `imm32`, `cl`.
- op-en: where the operands go: R = ModRM.reg, M = ModRM.rm, V = VEX.vvvv, I = immediate,
  4 = immediate bits 7:4, O = low opcode bits, N = nowhere (implied). One letter an operand.
- encoding: `[prefix.]map[.W0|.W1|.WS] opcode [/digit]`, maps `1` (one byte), `0F`, `0F38`, `0F3A`;
  `VEX.` in front, or `EVEX.N4.` to `EVEX.N32.`, where N is what a one-byte displacement counts
  (Intel SDM volume 2, 2.7.5); EVEX forms have registers 0-15. `L1.` behind either:
  32 bytes, the member's name ends in `_y` if there is one of 16 too. WS: operand
  size follows the Size argument; such forms take b8 too when `b` is there: `1.WS.b 00` (opcode bit
  0 is 0 for b8, 1 else).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """One form; see the module's docstring."""

    mnemonic: str
    operands: tuple[str, ...]
    op_en: str
    encoding: str
    feature: str


FORMS: list[Form] = []


def form(mnemonic: str, operands: str, op_en: str, encoding: str, feature: str = "base") -> None:
    """Appends a row."""
    FORMS.append(Form(mnemonic, tuple(operands.split()), op_en, encoding, feature))


# fmt: off
# ---- integer
for _n, _name in enumerate(("add", "or", "adc", "sbb", "and", "sub", "xor", "cmp")):
    form(_name, "r r", "MR", f"1.WS.b {_n * 8:02x}")
    form(_name, "m r", "MR", f"1.WS.b {_n * 8:02x}")
    form(_name, "r m", "RM", f"1.WS.b {_n * 8 + 2:02x}")
    form(_name, "r/m imm", "MI", f"1.WS.b 80 /{_n}")
form("test", "r/m r", "MR", "1.WS.b 84")
form("test", "r/m imm32", "MI", "1.WS.b f6 /0")
form("mov", "r/m r", "MR", "1.WS.b 88")
form("mov", "r m", "RM", "1.WS.b 8a")
form("mov", "r/m imm32", "MI", "1.WS.b c6 /0")
for _n, _name in ((0, "inc"), (1, "dec")):
    form(_name, "r/m", "M", f"1.WS.b fe /{_n}")
for _n, _name in ((2, "not"), (3, "neg"), (4, "mul"), (5, "imul"), (6, "div"), (7, "idiv")):
    form(_name, "r/m", "M", f"1.WS.b f6 /{_n}")
form("imul", "r r/m", "RM", "0F.WS af")
form("imul", "r r/m imm", "RMI", "1.WS 69")
form("lea", "r m", "RM", "1.WS 8d")
form("movzx8", "r r8/m", "RM", "0F.WS b6")
form("movzx16", "r r16/m", "RM", "0F.WS b7")
form("movsx8", "r r8/m", "RM", "0F.WS be")
form("movsx16", "r r16/m", "RM", "0F.WS bf")
form("movsxd", "r64 r32/m", "RM", "1.W1 63")
for _n, _name in ((0, "rol"), (1, "ror"), (4, "shl"), (5, "shr"), (7, "sar")):
    form(_name, "r/m imm8", "MI", f"1.WS.b c0 /{_n}")
form("ror_cl", "r/m", "M", "1.WS.b d2 /1")
form("bt", "r/m imm8", "MI", "0F.WS ba /4")
form("btc", "r/m imm8", "MI", "0F.WS ba /7")
form("shrd", "r/m r imm8", "MRI", "0F.WS ac")
form("lzcnt", "r r/m", "RM", "F3.0F.WS bd", "lzcnt")
form("tzcnt", "r r/m", "RM", "F3.0F.WS bc", "bmi1")
form("popcnt", "r r/m", "RM", "F3.0F.WS b8", "popcnt")
form("bswap32", "r32", "O", "0F.W0 c8")
form("bswap64", "r64", "O", "0F.W1 c8")
form("xchg", "r/m r", "MR", "1.WS.b 86")
form("xadd", "r/m r", "MR", "0F.WS.b c0")
form("cmpxchg", "r/m r", "MR", "0F.WS.b b0")
form("cmpxchg16b", "m", "M", "0F.W1 c7 /1", "cx16")
form("push", "r64", "O", "1.W0 50")
form("push", "m", "M", "1.W0 ff /6")
form("pop", "r64", "O", "1.W0 58")
form("call", "r64", "M", "1.W0 ff /2")
form("call", "m", "M", "1.W0 ff /2")
form("jmp", "r64", "M", "1.W0 ff /4")
form("jmp", "m", "M", "1.W0 ff /4")
form("ldmxcsr", "m", "M", "0F.W0 ae /2")
form("stmxcsr", "m", "M", "0F.W0 ae /3")
form("crc32_8", "r32 r8/m", "RM", "F2.0F38.W0 f0", "sse4_2")
form("crc32_32", "r32 r32/m", "RM", "F2.0F38.W0 f1", "sse4_2")
form("crc32_64", "r64 r64/m", "RM", "F2.0F38.W1 f1", "sse4_2")
for _name, _code in (
    ("ret", "1.W0 c3"), ("ud2", "0F.W0 0b"), ("lahf", "1.W0 9f"), ("sahf", "1.W0 9e"),
    ("cmc", "1.W0 f5"), ("cdq", "1.W0 99"), ("cqo", "1.W1 99"),
):
    form(_name, "", "", _code)
# BMI
form("andn", "r r r/m", "RVM", "VEX.0F38.WS f2", "bmi1")
form("bextr", "r r/m r", "RMV", "VEX.0F38.WS f7", "bmi1")
form("shlx", "r r/m r", "RMV", "VEX.66.0F38.WS f7", "bmi2")
form("sarx", "r r/m r", "RMV", "VEX.F3.0F38.WS f7", "bmi2")
form("shrx", "r r/m r", "RMV", "VEX.F2.0F38.WS f7", "bmi2")
form("rorx", "r r/m imm8", "RMI", "VEX.F2.0F3A.WS f0", "bmi2")
form("mulx", "r r r/m", "RVM", "VEX.F2.0F38.WS f6", "bmi2")
form("pdep", "r r r/m", "RVM", "VEX.F2.0F38.WS f5", "bmi2")
form("pext", "r r r/m", "RVM", "VEX.F3.0F38.WS f5", "bmi2")

# ---- vector moves
for _name, _load, _store in (
    ("vmovaps", "0F 28", "0F 29"),
    ("vmovdqu", "F3.0F 6f", "F3.0F 7f"), ("vmovdqa", "66.0F 6f", "66.0F 7f"),
):
    form(_name, "x x/m", "RM", f"VEX.{_load}", "avx")
    form(_name, "m x", "MR", f"VEX.{_store}", "avx")
for _name, _prefix in (("vmovss", "F3"), ("vmovsd", "F2")):
    form(_name, "x m", "RM", f"VEX.{_prefix}.0F 10", "avx")
    form(_name, "m x", "MR", f"VEX.{_prefix}.0F 11", "avx")
    form(_name, "x x x", "RVM", f"VEX.{_prefix}.0F 10", "avx")
form("vmovq", "x x/m", "RM", "VEX.F3.0F 7e", "avx")
form("vmovq", "m x", "MR", "VEX.66.0F d6", "avx")
form("vmovq", "x r64", "RM", "VEX.66.0F.W1 6e", "avx")
form("vmovq", "r64 x", "MR", "VEX.66.0F.W1 7e", "avx")
form("vmovd", "x r32/m", "RM", "VEX.66.0F.W0 6e", "avx")
form("vmovd", "r32/m x", "MR", "VEX.66.0F.W0 7e", "avx")
form("vmovhps", "x x m", "RVM", "VEX.0F 16", "avx")
form("vmovhps", "m x", "MR", "VEX.0F 17", "avx")
for _name, _code in (("vpbroadcastb", "78"), ("vpbroadcastw", "79"), ("vpbroadcastd", "58"), ("vpbroadcastq", "59")):
    form(_name, "x x/m", "RM", f"VEX.66.0F38.W0 {_code}", "avx2")

# ---- vector arithmetic, three operands
for _code, _names in (
    ("66.0F", "vpaddb:fc vpaddw:fd vpaddd:fe vpaddq:d4 vpsubb:f8 vpsubw:f9 vpsubd:fa vpsubq:fb"),
    ("66.0F", "vpaddsb:ec vpaddsw:ed vpaddusb:dc vpaddusw:dd vpsubsb:e8 vpsubsw:e9 vpsubusb:d8 vpsubusw:d9"),
    ("66.0F", "vpmullw:d5 vpmulhw:e5 vpmuludq:f4 vpmaddwd:f5 vpavgb:e0 vpavgw:e3 vpsadbw:f6"),
    ("66.0F", "vpcmpeqb:74 vpcmpeqw:75 vpcmpeqd:76 vpcmpgtb:64 vpcmpgtw:65 vpcmpgtd:66"),
    ("66.0F", "vpand:db vpandn:df vpor:eb vpxor:ef vpminub:da vpmaxub:de vpminsw:ea vpmaxsw:ee"),
    ("66.0F", "vpunpcklbw:60 vpunpcklwd:61 vpunpckldq:62 vpunpcklqdq:6c vpunpckhbw:68 vpunpckhwd:69 vpunpckhdq:6a vpunpckhqdq:6d"),
    ("66.0F", "vpacksswb:63 vpackssdw:6b vpackuswb:67 vpsllw:f1 vpslld:f2 vpsllq:f3 vpsrlw:d1 vpsrld:d2 vpsrlq:d3 vpsraw:e1 vpsrad:e2"),
    ("66.0F38", "vpshufb:00 vphaddw:01 vphaddd:02 vpmulhrsw:0b vpmaddubsw:04 vpsignb:08 vpsignw:09 vpsignd:0a"),
    ("66.0F38", "vpcmpeqq:29 vpcmpgtq:37 vpackusdw:2b vpminsb:38 vpminsd:39 vpminuw:3a vpminud:3b vpmaxsb:3c vpmaxsd:3d vpmaxuw:3e vpmaxud:3f vpmulld:40 vpmuldq:28"),
    ("66.0F38.W0", "vpsllvd:47 vpsrlvd:45 vpsravd:46"),
    ("66.0F38.W1", "vpsllvq:47 vpsrlvq:45"),
    ("66.0F38", "vaesenc:dc vaesenclast:dd vaesdec:de vaesdeclast:df"),
    ("0F", "vandps:54 vorps:56"),
):
    for _item in _names.split():
        _name, _op = _item.split(":")
        _feature = "aes" if _name.startswith("vaes") else "avx2" if _name.startswith(("vpsllv", "vpsrlv", "vpsrav")) else "avx"
        form(_name, "x x x/m", "RVM", f"VEX.{_code} {_op}", _feature)
for _name, _op in (("add", "58"), ("mul", "59"), ("sub", "5c"), ("min", "5d"), ("div", "5e"), ("max", "5f")):
    for _suffix, _prefix in (("ps", ""), ("pd", "66."), ("ss", "F3."), ("sd", "F2.")):
        form(f"v{_name}{_suffix}", "x x x/m", "RVM", f"VEX.{_prefix}0F {_op}", "avx")
form("vhaddps", "x x x/m", "RVM", "VEX.F2.0F 7c", "avx")
form("vhaddpd", "x x x/m", "RVM", "VEX.66.0F 7c", "avx")
for _suffix, _prefix in (("ps", ""), ("pd", "66.")):
    form(f"vsqrt{_suffix}", "x x/m", "RM", f"VEX.{_prefix}0F 51", "avx")
form("vrsqrtps", "x x/m", "RM", "VEX.0F 52", "avx")
form("vrcpps", "x x/m", "RM", "VEX.0F 53", "avx")
for _suffix, _prefix in (("ss", "F3."), ("sd", "F2.")):
    form(f"vsqrt{_suffix}", "x x x/m", "RVM", f"VEX.{_prefix}0F 51", "avx")
for _suffix, _prefix in (("ps", ""), ("pd", "66.")):
    form(f"vcmp{_suffix}", "x x x/m imm8", "RVMI", f"VEX.{_prefix}0F c2", "avx")
for _name, _op in (("fmadd", "9"), ("fmsub", "b"), ("fnmadd", "d"), ("fnmsub", "f")):
    form(f"v{_name}231ss", "x x x/m", "RVM", f"VEX.66.0F38.W0 b{_op}", "fma")
    form(f"v{_name}231sd", "x x x/m", "RVM", f"VEX.66.0F38.W1 b{_op}", "fma")
for _name, _op in (("fmadd", "8"), ("fnmadd", "c")):
    form(f"v{_name}231ps", "x x x/m", "RVM", f"VEX.66.0F38.W0 b{_op}", "fma")
    form(f"v{_name}231pd", "x x x/m", "RVM", f"VEX.66.0F38.W1 b{_op}", "fma")
    form(f"v{_name}231ps_y", "y y y/m", "RVM", f"VEX.L1.66.0F38.W0 b{_op}", "fma")

# ---- vector, two operands
for _code, _names in (
    ("66.0F38", "vpabsb:1c vpabsw:1d vpabsd:1e vptest:17 vpmovsxbw:20 vpmovsxwd:23 vpmovsxdq:25"),
    ("66.0F38", "vpmovzxbw:30 vpmovzxwd:33 vpmovzxdq:35 vaesimc:db"),
    ("0F", "vucomiss:2e vcomiss:2f"),
    ("66.0F", "vucomisd:2e vcomisd:2f"),
):
    for _item in _names.split():
        _name, _op = _item.split(":")
        _feature = "aes" if _name == "vaesimc" else "avx"
        form(_name, "x x/m", "RM", f"VEX.{_code} {_op}", _feature)
form("vcvtss2sd", "x x x/m", "RVM", "VEX.F3.0F 5a", "avx")
form("vcvtsd2ss", "x x x/m", "RVM", "VEX.F2.0F 5a", "avx")
for _suffix, _prefix in (("ss", "F3"), ("sd", "F2")):
    form(f"vcvtsi2{_suffix}", "x x r/m", "RVM", f"VEX.{_prefix}.0F.WS 2a", "avx")
    form(f"vcvtt{_suffix}2si", "r x/m", "RM", f"VEX.{_prefix}.0F.WS 2c", "avx")
form("vroundps", "x x/m imm8", "RMI", "VEX.66.0F3A 08", "avx")
form("vroundpd", "x x/m imm8", "RMI", "VEX.66.0F3A 09", "avx")
form("vpmovzxwq", "x x/m", "RM", "VEX.66.0F38 34", "avx")
form("vcvtph2ps", "x x/m", "RM", "VEX.66.0F38.W0 13", "f16c")
form("vcvtps2ph", "x/m x imm8", "MRI", "VEX.66.0F3A.W0 1d", "f16c")
form("vcvtdq2ps", "x x/m", "RM", "VEX.0F 5b", "avx")
form("vcvttps2dq", "x x/m", "RM", "VEX.F3.0F 5b", "avx")
form("vcvtps2pd", "x x/m", "RM", "VEX.0F 5a", "avx")
form("vcvtpd2ps", "x x", "RM", "VEX.66.0F 5a", "avx")

# ---- vectors of 32 bytes: eight halves as singles
for _name, _op in (("add", "58"), ("mul", "59"), ("sub", "5c"), ("min", "5d"), ("div", "5e"), ("max", "5f"), ("and", "54"), ("or", "56")):
    form(f"v{_name}ps_y", "y y y/m", "RVM", f"VEX.L1.0F {_op}", "avx")
for _name, _op in (("vpor", "eb"), ("vpaddd", "fe"), ("vpcmpeqd", "76")):
    form(f"{_name}_y", "y y y/m", "RVM", f"VEX.L1.66.0F {_op}", "avx2")
form("vmovups_y", "y y/m", "RM", "VEX.L1.0F 10", "avx")
form("vsqrtps_y", "y y/m", "RM", "VEX.L1.0F 51", "avx")
form("vhaddps_y", "y y y/m", "RVM", "VEX.L1.F2.0F 7c", "avx")
form("vcmpps_y", "y y y/m imm8", "RVMI", "VEX.L1.0F c2", "avx")
form("vroundps_y", "y y/m imm8", "RMI", "VEX.L1.66.0F3A 08", "avx")
form("vptest_y", "y y/m", "RM", "VEX.L1.66.0F38 17", "avx")
form("vpsllvd_y", "y y y/m", "RVM", "VEX.L1.66.0F38.W0 47", "avx2")
form("vpsrld_y", "y y imm8", "VMI", "VEX.L1.66.0F 72 /2", "avx2")
form("vpsrlw_y", "y y imm8", "VMI", "VEX.L1.66.0F 71 /2", "avx2")
form("vpmovsxbw_y", "y x/m", "RM", "VEX.L1.66.0F38 20", "avx2")
form("vpmovzxbw_y", "y x/m", "RM", "VEX.L1.66.0F38 30", "avx2")
form("vpslld_y", "y y imm8", "VMI", "VEX.L1.66.0F 72 /6", "avx2")
form("vcvtdq2ps_y", "y y/m", "RM", "VEX.L1.0F 5b", "avx")
form("vcvttps2dq_y", "y y/m", "RM", "VEX.L1.F3.0F 5b", "avx")
form("vpmovsxwd_y", "y x/m", "RM", "VEX.L1.66.0F38 23", "avx2")
form("vpmovzxwd_y", "y x/m", "RM", "VEX.L1.66.0F38 33", "avx2")
form("vcvtph2ps_y", "y x/m", "RM", "VEX.L1.66.0F38.W0 13", "f16c")
form("vcvtps2ph_y", "x/m y imm8", "MRI", "VEX.L1.66.0F3A.W0 1d", "f16c")
form("vextracti128", "x/m y imm8", "MRI", "VEX.L1.66.0F3A.W0 39", "avx2")
form("vzeroupper", "", "", "VEX.0F 77", "avx")

# ---- vector with immediates
form("vpshufd", "x x/m imm8", "RMI", "VEX.66.0F 70", "avx")
for _name, _code in (
    ("vshufps", "0F c6"), ("vshufpd", "66.0F c6"), ("vpalignr", "66.0F3A 0f"), ("vpblendw", "66.0F3A 0e"),
    ("vpblendd", "66.0F3A.W0 02"), ("vroundss", "66.0F3A 0a"), ("vroundsd", "66.0F3A 0b"), ("vinsertps", "66.0F3A 21"), ("vpclmulqdq", "66.0F3A 44"),
):
    _feature = "avx2" if _name == "vpblendd" else "pclmulqdq" if _name == "vpclmulqdq" else "avx"
    form(_name, "x x x/m imm8", "RVMI", f"VEX.{_code}", _feature)
for _name, _code in (("vpblendvb", "4c"), ("vblendvps", "4a"), ("vblendvpd", "4b")):
    form(_name, "x x x/m x", "RVM4", f"VEX.66.0F3A.W0 {_code}", "avx")
for _name, _op, _digit in (
    ("vpsllw", "71", 6), ("vpsrlw", "71", 2), ("vpsraw", "71", 4), ("vpslld", "72", 6), ("vpsrld", "72", 2),
    ("vpsrad", "72", 4), ("vpsllq", "73", 6), ("vpsrlq", "73", 2), ("vpsrldq", "73", 3),
):
    form(_name, "x x imm8", "VMI", f"VEX.66.0F {_op} /{_digit}", "avx")
form("vpinsrb", "x x r32/m imm8", "RVMI", "VEX.66.0F3A.W0 20", "avx")
form("vpinsrw", "x x r32/m imm8", "RVMI", "VEX.66.0F.W0 c4", "avx")
form("vpinsrd", "x x r32/m imm8", "RVMI", "VEX.66.0F3A.W0 22", "avx")
form("vpinsrq", "x x r64/m imm8", "RVMI", "VEX.66.0F3A.W1 22", "avx")
form("vpextrb", "r32/m x imm8", "MRI", "VEX.66.0F3A.W0 14", "avx")
form("vpextrw", "r32 x imm8", "RMI", "VEX.66.0F.W0 c5", "avx")
form("vpextrw", "m x imm8", "MRI", "VEX.66.0F3A.W0 15", "avx")
form("vpextrd", "r32/m x imm8", "MRI", "VEX.66.0F3A.W0 16", "avx")
form("vpextrq", "r64/m x imm8", "MRI", "VEX.66.0F3A.W1 16", "avx")

# ---- AVX-512 on 16 bytes
for _item in ["vpmaxsq:3d", "vpsllvw:12"]:
    _name, _op = _item.split(":")
    form(_name, "x x x/m", "RVM", f"EVEX.N16.66.0F38.W1 {_op}", "avx512")
for _name, _code in (
    ("vpsrlvw", "W1 10"), ("vpsrlvd", "W0 45"), ("vpsrlvq", "W1 45"),
    ("vpsravw", "W1 11"), ("vpsravd", "W0 46"), ("vpsravq", "W1 46"),
):
    form(f"{_name}_k1", "xk1 x x/m", "RVM", f"EVEX.N16.66.0F38.{_code}", "avx512")
form("vpermi2b", "x x x/m", "RVM", "EVEX.N16.66.0F38.W0 75", "avx512vbmi")
for _name, _code in (
    ("vpabsq", "N16.66.0F38.W1 1f"), ("vplzcntd", "N16.66.0F38.W0 44"),
    ("vplzcntq", "N16.66.0F38.W1 44"), ("vpopcntb", "N16.66.0F38.W0 54"),
):
    form(_name, "x x/m", "RM", f"EVEX.{_code}", "avx512bitalg" if _name == "vpopcntb" else "avx512")
for _name, _op in (("vpmovqd", "35"), ("vpmovsqd", "25"), ("vpmovusqd", "15")):
    form(_name, "x/m x", "MR", f"EVEX.N8.F3.0F38.W0 {_op}", "avx512")
for _name, _code in (("ub", "W0 3e"), ("b", "W0 3f"), ("uw", "W1 3e"), ("w", "W1 3f"), ("ud", "W0 1e"), ("d", "W0 1f"), ("uq", "W1 1e"), ("q", "W1 1f")):
    form(f"vpcmp{_name}", "k x x/m imm8", "RVMI", f"EVEX.N16.66.0F3A.{_code}", "avx512")
for _name, _code in (("b", "W0 26"), ("w", "W1 26"), ("d", "W0 27"), ("q", "W1 27")):
    form(f"vptestm{_name}", "k x x/m", "RVM", f"EVEX.N16.66.0F38.{_code}", "avx512")
for _name, _code in (("b", "W0 28"), ("w", "W1 28"), ("d", "W0 38"), ("q", "W1 38")):
    form(f"vpmovm2{_name}", "x k", "RM", f"EVEX.N16.F3.0F38.{_code}", "avx512")
form("vpternlogd", "x x x/m imm8", "RVMI", "EVEX.N16.66.0F3A.W0 25", "avx512")
form("vrangeps", "x x x/m imm8", "RVMI", "EVEX.N16.66.0F3A.W0 50", "avx512")
form("vrangepd", "x x x/m imm8", "RVMI", "EVEX.N16.66.0F3A.W1 50", "avx512")
form("vrangess", "x x x/m imm8", "RVMI", "EVEX.N4.66.0F3A.W0 51", "avx512")
form("vrangesd", "x x x/m imm8", "RVMI", "EVEX.N8.66.0F3A.W1 51", "avx512")
form("vpsraq", "x x/m imm8", "VMI", "EVEX.N16.66.0F.W1 72 /4", "avx512")
form("vgf2p8affineqb", "x x x/m imm8", "RVMI", "VEX.66.0F3A.W1 ce", "gfni")
for _name, _code in (("b", "W0 7a"), ("w", "W0 7b"), ("d", "W0 7c")):
    form(f"vpbroadcast{_name}", "x r32", "RM", f"EVEX.N16.66.0F38.{_code}", "avx512")
form("vpbroadcastq", "x r64", "RM", "EVEX.N16.66.0F38.W1 7c", "avx512")
for _suffix, _prefix in (("ss", "F3"), ("sd", "F2")):
    form(f"vcvtusi2{_suffix}", "x x r", "RVM", f"EVEX.N8.{_prefix}.0F.WS 7b", "avx512")
    form(f"vcvtt{_suffix}2usi", "r x", "RM", f"EVEX.N8.{_prefix}.0F.WS 78", "avx512")
for _name, _code in (("ps2udq", "0F.W0 78"), ("pd2qq", "66.0F.W1 7a"), ("pd2uqq", "66.0F.W1 78")):
    form(f"vcvtt{_name}", "x x/m", "RM", f"EVEX.N16.{_code}", "avx512")
for _name, _code in (("udq2ps", "F2.0F.W0 7a"), ("qq2pd", "F3.0F.W1 e6"), ("uqq2pd", "F3.0F.W1 7a")):
    form(f"vcvt{_name}", "x x/m", "RM", f"EVEX.N16.{_code}", "avx512")
form("vpsllvw_y", "y y y/m", "RVM", "EVEX.N32.L1.66.0F38.W1 12", "avx512")
form("vpmovwb_y", "x/m y", "MR", "EVEX.N16.L1.F3.0F38.W0 30", "avx512")
form("vrangeps_y", "y y y/m imm8", "RVMI", "EVEX.N32.L1.66.0F3A.W0 50", "avx512")
form("vprord", "x x/m imm8", "VMI", "EVEX.N16.66.0F.W0 72 /0", "avx512")
form("vprorq", "x x/m imm8", "VMI", "EVEX.N16.66.0F.W1 72 /0", "avx512")
form("vpdpbusd", "x x x/m", "RVM", "EVEX.N16.66.0F38.W0 50", "avx512vnni")
form("vgf2p8affineinvqb", "x x x/m imm8", "RVMI", "VEX.66.0F3A.W1 cf", "gfni")

# ---- SHA: there are no VEX forms, the destination is the first operand
for _name, _op in (("sha256rnds2", "cb"), ("sha256msg1", "cc"), ("sha256msg2", "cd")):
    form(_name, "x x", "RM", f"0F38.W0 {_op}", "sha")
form("sha1rnds4", "x x imm8", "RMI", "0F3A.W0 cc", "sha")
