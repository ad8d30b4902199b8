"""The IR's operations: one row an op.

Owns: names, types, attributes, effects, documentation and Python semantics of every op. Must not
know: Arm instructions, x86, C++ (gen/ir.py does).

A row is `op(name, result, args, attrs, effects, doc, semantics)`.

- `result` and `args` are type names. `T` is i32 or i64 and `F` f16, f32 or f64, the same one in the
  whole row; a result in brackets (`[T]`) is given to the builder instead of being inferred.
  `any` takes every type but none. A `?` behind an argument's type: it may be absent.
- `attrs` are `name:where` with where one of the instruction's attribute fields (imm, size, scale,
  order, flags, cc).
- `effects`: pure; read, write (guest state); load, store (guest memory; may fault); fault (may); call (C++ code,
  all guest state may be observed); end (terminator). `commutes`: arguments may be swapped. `raises`:
  adds to FPSR's cumulative flags, so that a pure op stays though nothing uses its value.
- `semantics(e, *args)`: arguments are Python ints (bit patterns; flags are NZCV as bits 3:0); `e`
  has `w` (bits of T or F), the attributes by name, and for state and memory ops the machine. Returns
  the result as an int, which the oracle truncates. None: the oracle has it (memory,
  control, what depends on FPCR).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import semantics as s
from . import semantics_crypto as crypto
from . import semantics_simd as simd

TYPES: dict[str, int] = {
    "none": 0,
    "i32": 32,
    "i64": 64,
    "f16": 16,
    "f32": 32,
    "f64": 64,
    "v128": 128,
    "flags": 4,
}
"""Type names and widths in bits, in the order of the C++ enumeration."""

ATTRIBUTE_FIELDS = ("imm", "size", "scale", "order", "flags", "cc")
EFFECTS = ("pure", "read", "write", "load", "store", "fault", "call", "end", "commutes", "raises")


@dataclass(frozen=True, slots=True)
class Op:
    """One operation."""

    name: str
    result: str
    args: tuple[str, ...]
    attrs: tuple[tuple[str, str], ...]
    effects: frozenset[str]
    doc: str
    semantics: Callable[..., Any] | None


OPS: list[Op] = []


def op(
    name: str,
    result: str,
    args: str,
    attrs: str,
    effects: str,
    doc: str,
    semantics: Callable[..., Any] | None = None,
) -> None:
    """Appends a row."""
    pairs = tuple((a.split(":")[0], a.split(":")[1]) for a in attrs.split())
    OPS.append(
        Op(name, result, tuple(args.split()), pairs, frozenset(effects.split()), doc, semantics)
    )


# fmt: off
# ---- guest state
op("get_x", "i64", "", "n:imm", "read", "x register n; 31 is SP", lambda e: e.x(e.n))
op("set_x", "none", "i64", "n:imm", "write", "x register n; 31 is SP", lambda e, a: e.set_x(e.n, a))
op("get_v", "v128", "", "n:imm", "read", "V register n; 32: bits that are 1 where something saturated", lambda e: e.v(e.n))
op("set_v", "none", "v128", "n:imm", "write", "V register n; 32 as for get_v", lambda e, a: e.set_v(e.n, a))
op("get_flags", "flags", "", "", "read", "NZCV", lambda e: e.nzcv())
op("set_flags", "none", "flags", "", "write", "NZCV", lambda e, a: e.set_nzcv(a))
op("get_state", "[T]", "", "field:imm", "read", "a field by its offset in CpuState", lambda e: e.field(e.field_))
op("set_state", "none", "T", "field:imm", "write", "a field by its offset in CpuState", lambda e, a: e.set_field(e.field_, a))

# ---- constants and parameters
op("param", "[any]", "", "", "pure", "a block's parameter", None)
op("const", "[T]", "", "value:imm", "pure", "a constant", lambda e: e.value)
op("guest_addr", "i64", "", "value:imm", "pure", "a constant that is a guest address (relocatable)", lambda e: e.value)

# ---- integers
op("add", "T", "T T", "", "pure commutes", "a + b", lambda e, a, b: a + b)
op("sub", "T", "T T", "", "pure", "a - b", lambda e, a, b: a - b)
op("mul", "T", "T T", "", "pure commutes", "a * b, low half", lambda e, a, b: a * b)
op("mulhu", "i64", "i64 i64", "", "pure commutes", "unsigned a * b, high half", lambda e, a, b: a * b >> 64)
op("mulhs", "i64", "i64 i64", "", "pure commutes", "signed a * b, high half", lambda e, a, b: s.signed(a, 64) * s.signed(b, 64) >> 64)
op("udiv", "T", "T T", "", "pure", "unsigned a / b; 0 when b is 0", lambda e, a, b: a // b if b else 0)
op("sdiv", "T", "T T", "", "pure", "signed a / b toward zero; 0 when b is 0", s.sdiv)
op("and", "T", "T T", "", "pure commutes", "a & b", lambda e, a, b: a & b)
op("or", "T", "T T", "", "pure commutes", "a | b", lambda e, a, b: a | b)
op("xor", "T", "T T", "", "pure commutes", "a ^ b", lambda e, a, b: a ^ b)
op("andc", "T", "T T", "", "pure", "a & ~b", lambda e, a, b: a & ~b)
op("orc", "T", "T T", "", "pure", "a | ~b", lambda e, a, b: a | ~b)
op("not", "T", "T", "", "pure", "~a", lambda e, a: ~a)
op("neg", "T", "T", "", "pure", "-a", lambda e, a: -a)
op("shl", "T", "T T", "", "pure", "a << (b mod width)", lambda e, a, b: a << b % e.w)
op("lshr", "T", "T T", "", "pure", "unsigned a >> (b mod width)", lambda e, a, b: a >> b % e.w)
op("ashr", "T", "T T", "", "pure", "signed a >> (b mod width)", lambda e, a, b: s.signed(a, e.w) >> b % e.w)
op("ror", "T", "T T", "", "pure", "a rotated right by b mod width", lambda e, a, b: s.ror(a, b % e.w, e.w))
op("clz", "T", "T", "", "pure", "leading zero bits", lambda e, a: e.w - a.bit_length())
op("cls", "T", "T", "", "pure", "leading bits equal to the sign, without it", s.cls)
op("ctz", "T", "T", "", "pure", "trailing zero bits", lambda e, a: (a & -a).bit_length() - 1 if a else e.w)
op("popcnt", "T", "T", "", "pure", "one bits", lambda e, a: a.bit_count())
op("rbit", "T", "T", "", "pure", "bits in reverse order", lambda e, a: s.reverse_bits(a, e.w))
op("bswap", "T", "T", "", "pure", "bytes in reverse order", lambda e, a: s.reverse_bytes(a, e.w, e.w))
op("rev16", "T", "T", "", "pure", "bytes of each 16 bits in reverse order", lambda e, a: s.reverse_bytes(a, e.w, 16))
op("rev32", "i64", "i64", "", "pure", "bytes of each 32 bits in reverse order", lambda e, a: s.reverse_bytes(a, 64, 32))
op("extr", "T", "T T", "lsb:imm", "pure", "(hi:lo) >> lsb", lambda e, hi, lo: (hi << e.w | lo) >> e.lsb)
op("ubfx", "T", "T", "field:imm", "pure", "unsigned bit field; field = lsb | width << 8", lambda e, a: s.ubfx(a, e.field_))
op("sbfx", "T", "T", "field:imm", "pure", "signed bit field; field = lsb | width << 8", lambda e, a: s.sbfx(a, e.field_))
op("bfi", "T", "T T", "field:imm", "pure", "a with its field replaced by b's low bits; field = lsb | width << 8", s.bfi)
op("trunc", "i32", "i64", "", "pure", "low half", lambda e, a: a)
op("zext", "i64", "i32", "", "pure", "zero-extended", lambda e, a: a)
op("sext", "i64", "i32", "", "pure", "sign-extended", lambda e, a: s.signed(a, 32))
op("crc32", "i32", "i32 T", "size:size", "pure", "CRC-32 of 1 << size bytes (polynomial 0x04c11db7)", lambda e, a, b: s.crc(a, b, e.size, 0xEDB88320))
op("crc32c", "i32", "i32 T", "size:size", "pure", "CRC-32C of 1 << size bytes (polynomial 0x1edc6f41)", lambda e, a, b: s.crc(a, b, e.size, 0x82F63B78))
op("adc", "T", "T T flags", "", "pure", "a + b + C", lambda e, a, b, f: a + b + s.carry(f))
op("sbc", "T", "T T flags", "", "pure", "a + ~b + C", lambda e, a, b, f: a - b - 1 + s.carry(f))

# ---- flags
op("add_flags", "flags", "T T", "", "pure commutes", "NZCV of a + b", lambda e, a, b: s.add_flags(a, b, 0, e.w))
op("sub_flags", "flags", "T T", "", "pure", "NZCV of a - b", lambda e, a, b: s.add_flags(a, ~b, 1, e.w))
op("adc_flags", "flags", "T T flags", "", "pure", "NZCV of a + b + C", lambda e, a, b, f: s.add_flags(a, b, s.carry(f), e.w))
op("sbc_flags", "flags", "T T flags", "", "pure", "NZCV of a + ~b + C", lambda e, a, b, f: s.add_flags(a, ~b, s.carry(f), e.w))
op("and_flags", "flags", "T T", "", "pure commutes", "N and Z of a & b; C and V are 0", lambda e, a, b: s.logic_flags(a & b, e.w))
op("flags_imm", "flags", "", "nzcv:imm", "pure", "a constant NZCV in bits 3:0", lambda e: e.nzcv_)
op("flags_from_nzcv", "flags", "i64", "", "pure", "NZCV from bits 31:28", lambda e, a: a >> 28 & 15)
op("nzcv_from_flags", "i64", "flags", "", "pure", "NZCV in bits 31:28", lambda e, f: f << 28)
op("select_flags", "flags", "flags flags flags", "cc:cc", "pure", "cc holds in the first ? second : third", lambda e, f, a, b: a if s.holds(e.cc, f) else b)
op("fcmp_flags", "flags", "F F", "", "pure raises", "FPCompare, quiet")
op("fcmpe_flags", "flags", "F F", "", "pure raises", "FPCompare, signalling for quiet NaNs too")
op("select", "any", "flags any any", "cc:cc", "pure", "cc holds ? a : b", lambda e, f, a, b: a if s.holds(e.cc, f) else b)

# ---- memory: address = base + (index << scale) + disp; flags bit 0: must be aligned to its size
_MEM = "scale:scale disp:imm size:size order:order flags:flags"
op("load", "[T]", "i64 i64?", _MEM, "load", "zero-extended load of 1 << size bytes")
op("load_s", "[T]", "i64 i64?", _MEM, "load", "sign-extended load of 1 << size bytes")
op("load_v", "v128", "i64 i64?", _MEM, "load", "load of 1 << size bytes, upper bits zero")
op("store", "none", "i64 i64? T", _MEM, "store", "store of the low 1 << size bytes")
op("store_v", "none", "i64 i64? v128", _MEM, "store", "store of the low 1 << size bytes")
for _name, _doc in (
    ("add", "sum"), ("clr", "and with the complement"), ("eor", "exclusive or"), ("set", "or"),
    ("smax", "signed maximum"), ("smin", "signed minimum"), ("umax", "unsigned maximum"),
    ("umin", "unsigned minimum"), ("swp", "the operand"),
):
    op(f"atomic_{_name}", "T", "i64 T", "size:size order:order", "load store", f"memory becomes the {_doc}; returns what it was, zero-extended")
op("atomic_cas", "T", "i64 T T", "size:size order:order", "load store", "compare with the second, store the third if equal; returns what it was, zero-extended")
op("atomic_cas128", "v128", "i64 v128 v128", "order:order", "load store", "the same on 16 bytes")
for _name, _doc in (("swp", "the operand"), ("clr", "and with the complement"), ("set", "or")):
    op(f"atomic_{_name}128", "v128", "i64 v128", "order:order", "load store", f"16 bytes become the {_doc}; returns what they were")
op("load_excl", "[T]", "i64", "size:size order:order", "load write", "load that sets the exclusive monitor")
op("load_excl128", "v128", "i64", "order:order", "load write", "the same on 16 bytes")
op("store_excl", "i32", "i64 T", "size:size order:order", "load store write", "store if the monitor holds; 0 when stored; clears the monitor")
op("store_excl128", "i32", "i64 v128", "order:order", "load store write", "the same on 16 bytes")
op("copy_bytes", "i64", "i64 i64 i64", "n:imm", "load store write", "copies from the second address to the first. Count c < 0: the -c bytes below them, upwards; c > 0: the c bytes from them on, downwards. x register n, which is c before, is what is left of it as it goes; returns that, not 0 if the thread is to leave")
op("fill_bytes", "i64", "i64 i64 i64", "n:imm", "store write", "the same, but the low byte of the second is stored, and c > 0 does nothing")
op("clear_excl", "none", "", "", "write", "clears the exclusive monitor")
op("fence", "none", "", "kind:imm", "write", "0: everything, 1: loads before, 2: stores with stores")

# ---- system
op("read_sysreg", "i64", "", "id:imm", "call", "a system register by op0:op1:CRn:CRm:op2")
op("write_sysreg", "none", "i64", "id:imm", "call", "a system register by op0:op1:CRn:CRm:op2")
op("get_fpcr", "i64", "", "", "read", "FPCR")
op("set_fpcr", "none", "i64", "", "call", "FPCR; the block ends behind it")
op("get_fpsr", "i64", "", "", "call", "FPSR")
op("set_fpsr", "none", "i64", "", "call", "FPSR")
op("call_helper", "i64", "any? any? any?", "id:imm", "call", "an integer helper of spec/helpers.py")
op("call_vhelper", "v128", "v128? v128? v128?", "id:imm small:flags", "call", "a vector helper of spec/helpers.py")

op("sign_pointer", "i64", "i64 i64", "field:imm data:flags", "read", "bits 54:48 (and 63:56 if bit 55 is set and it is no data pointer) of the first exclusive-ored with a code of its others, of the second, and of the 16-byte key at a field of CpuState (base/pauth.hpp)", lambda e, a, m: s.sign_pointer(a, m, e.field(e.field_), e.field(e.field_ + 8), e.data))
op("check_address", "none", "i64", "size:size kind:imm", "fault", "leaves unless an access of 1 << size bytes there is allowed. Kind 0, 1: a load's, a store's tag is that of its memory (base/tags.hpp); 2, 3: a load's, a store's address is aligned as those with kAligned are")
op("check_pointer", "none", "i64", "data:flags", "fault", "leaves with Exception::authentication unless what sign_pointer changes is copies of bit 55")

# ---- floating point scalars
op("fadd", "F", "F F", "", "pure raises", "FPAdd")
op("fsub", "F", "F F", "", "pure raises", "FPSub")
op("fmul", "F", "F F", "", "pure raises", "FPMul")
op("fdiv", "F", "F F", "", "pure raises", "FPDiv")
op("fsqrt", "F", "F", "", "pure raises", "FPSqrt")
op("fmadd", "F", "F F F", "negate:imm", "pure raises", "FPMulAdd: third + first * second, fused; negate bit 0: first negated before, bit 1: third")
op("fmin", "F", "F F", "", "pure raises", "FPMin")
op("fmax", "F", "F F", "", "pure raises", "FPMax")
op("fminnm", "F", "F F", "", "pure raises", "FPMinNum")
op("fmaxnm", "F", "F F", "", "pure raises", "FPMaxNum")
op("fneg", "F", "F", "", "pure", "sign bit inverted", lambda e, a: a ^ 1 << e.w - 1)
op("fabs", "F", "F", "", "pure", "sign bit cleared", lambda e, a: a & ~(1 << e.w - 1))
op("frint", "F", "F", "mode:imm exact:flags", "pure raises", "FPRoundInt; mode 0 even, 1 up, 2 down, 3 zero, 4 away, 5 FPCR's")
op("fcvt", "[F]", "F", "", "pure raises", "FPConvert")
op("fcvt_s", "[T]", "F", "mode:imm", "pure raises", "FPToFixed signed; mode | fbits << 8")
op("fcvt_u", "[T]", "F", "mode:imm", "pure raises", "FPToFixed unsigned; mode | fbits << 8")
op("fcvt_js", "i32", "f64", "", "pure raises", "FPToFixedJS: toward zero, modulo 2^32")
op("s_cvt_f", "[F]", "T", "fbits:imm", "pure raises", "FixedToFP signed")
op("u_cvt_f", "[F]", "T", "fbits:imm", "pure raises", "FixedToFP unsigned")
op("bitcast", "[any]", "any", "", "pure", "the same bits as another type of the same width", lambda e, a: a)
op("v_to_f", "[F]", "v128", "", "pure", "low lane", lambda e, a: a)
op("f_to_v", "v128", "F", "", "pure", "low lane, rest zero", lambda e, a: a)

# ---- vectors: size = log2 of the element's bytes
_V2 = ("vadd", "vsub", "vmul", "vcmeq", "vcmgt", "vcmge", "vcmhi", "vcmhs", "vcmtst", "vsmin", "vsmax", "vumin", "vumax", "vushl", "vsshl")
op("vzero", "v128", "", "", "pure", "all zero", lambda e: 0)
op("vmov_imm", "v128", "", "value:imm", "pure", "both halves are the constant", lambda e: (e.value & s.MASK64) * (1 << 64 | 1))
op("vlow64", "v128", "v128", "", "pure", "upper half cleared", lambda e, a: a & s.MASK64)
op("vand", "v128", "v128 v128", "", "pure commutes", "a & b", lambda e, a, b: a & b)
op("vor", "v128", "v128 v128", "", "pure commutes", "a | b", lambda e, a, b: a | b)
op("vxor", "v128", "v128 v128", "", "pure commutes", "a ^ b", lambda e, a, b: a ^ b)
op("vandc", "v128", "v128 v128", "", "pure", "a & ~b", lambda e, a, b: a & ~b)
op("vorc", "v128", "v128 v128", "", "pure", "a | ~b", lambda e, a, b: a | ~b)
op("vnot", "v128", "v128", "", "pure", "~a", lambda e, a: ~a)
op("vbsl", "v128", "v128 v128 v128", "", "pure", "bits of b where the mask a is 1, else of c", lambda e, m, a, b: a & m | b & ~m)
op("vblend", "v128", "v128 v128 v128", "size:size", "pure", "elements of b where a's are negative, else of c (size 2 or 3)", simd.blend)
for _name in _V2:
    op(_name, "v128", "v128 v128", "size:size", "pure", s.VECTOR_DOC[_name], s.VECTOR[_name])
op("vneg", "v128", "v128", "size:size", "pure", "-a", lambda e, a: s.lanes(e.size, lambda x, w: -x, a))
op("vabs", "v128", "v128", "size:size", "pure", "|a|", lambda e, a: s.lanes(e.size, lambda x, w: abs(s.signed(x, w)), a))
for _name in ("vshl", "vushr", "vsshr"):
    op(_name, "v128", "v128", "amount:imm size:size", "pure", s.VECTOR_DOC[_name], s.VECTOR[_name])
op("vdup", "v128", "T", "size:size", "pure", "the low element everywhere", lambda e, a: s.dup(e.size, a))
op("vdup_lane", "v128", "v128", "lane:scale size:size", "pure", "one element everywhere", lambda e, a: s.dup(e.size, a >> (e.lane << e.size + 3)))
op("vget_u", "i64", "v128", "lane:scale size:size", "pure", "one element, zero-extended", lambda e, a: s.lane(a, e.lane, e.size))
op("vget_s", "i64", "v128", "lane:scale size:size", "pure", "one element, sign-extended", lambda e, a: s.signed(s.lane(a, e.lane, e.size), 8 << e.size))
op("vset_lane", "v128", "v128 T", "lane:scale size:size", "pure", "one element replaced", lambda e, a, b: s.set_lane(a, e.lane, e.size, b))
op("vins_lane", "v128", "v128 v128", "lane:scale from:imm size:size", "pure", "one element replaced by one of b", lambda e, a, b: s.set_lane(a, e.lane, e.size, s.lane(b, e.from_, e.size)))
op("v_concat", "v128", "i64 i64", "", "pure", "low half, high half", lambda e, lo, hi: hi << 64 | lo)
for _name in ("vext", "vzip1", "vzip2", "vuzp1", "vuzp2", "vtrn1", "vtrn2"):
    _at = "bytes:imm" if _name == "vext" else "size:size"
    op(_name, "v128", "v128 v128", _at, "pure", s.VECTOR_DOC[_name], s.VECTOR[_name])
for _name in ("vrev16", "vrev32", "vrev64"):
    op(_name, "v128", "v128", "size:size", "pure", s.VECTOR_DOC[_name], s.VECTOR[_name])
op("vtbl1", "v128", "v128 v128", "", "pure", "bytes of a by index b; 0 where the index is over 15", s.tbl1)
op("vtbl2", "v128", "v128 v128 v128", "", "pure", "bytes of b:a by index c; 0 where the index is over 31", s.tbl2)
op("vxtn", "v128", "v128", "size:size", "pure", "low half of each 2*size element; upper half zero", s.xtn)
op("vuxtl", "v128", "v128", "size:size", "pure", "low elements zero-extended to 2*size", lambda e, a: s.extend(a, e.size, False))
op("vsxtl", "v128", "v128", "size:size", "pure", "low elements sign-extended to 2*size", lambda e, a: s.extend(a, e.size, True))
for _name in ("vaddp", "vsmaxp", "vsminp", "vumaxp", "vuminp"):
    op(_name, "v128", "v128 v128", "size:size", "pure", s.VECTOR_DOC[_name], s.VECTOR[_name])
for _name in ("vaddv", "vsmaxv", "vsminv", "vumaxv", "vuminv"):
    op(_name, "v128", "v128", "size:size", "pure", s.VECTOR_DOC[_name], s.VECTOR[_name])
op("vcnt", "v128", "v128", "", "pure", "one bits of each byte", lambda e, a: s.lanes(0, lambda x, w: x.bit_count(), a))
op("vrbit", "v128", "v128", "", "pure", "bits of each byte in reverse order", lambda e, a: s.lanes(0, lambda x, w: s.reverse_bits(x, w), a))
op("vclz", "v128", "v128", "size:size", "pure", "leading zero bits of each element", lambda e, a: s.lanes(e.size, lambda x, w: w - x.bit_length(), a))
op("vmull_u", "v128", "v128 v128", "size:size", "pure commutes", "low elements multiplied, unsigned, to 2*size", lambda e, a, b: s.mull(a, b, e.size, False))
op("vmull_s", "v128", "v128 v128", "size:size", "pure commutes", "low elements multiplied, signed, to 2*size", lambda e, a, b: s.mull(a, b, e.size, True))
op("vsqadd", "v128", "v128 v128", "size:size", "pure commutes", "a + b, saturated, signed (size 0 or 1)", lambda e, a, b: simd.saturating(e.size, a, b, True, 1))
op("vuqadd", "v128", "v128 v128", "size:size", "pure commutes", "a + b, saturated, unsigned (size 0 or 1)", lambda e, a, b: simd.saturating(e.size, a, b, False, 1))
op("vsqsub", "v128", "v128 v128", "size:size", "pure", "a - b, saturated, signed (size 0 or 1)", lambda e, a, b: simd.saturating(e.size, a, b, True, -1))
op("vuqsub", "v128", "v128 v128", "size:size", "pure", "a - b, saturated, unsigned (size 0 or 1)", lambda e, a, b: simd.saturating(e.size, a, b, False, -1))
op("vsqxtn", "v128", "v128", "size:size", "pure", "signed 2*size elements saturated to signed ones; upper half zero", lambda e, a: simd.narrow(e.size, a, True, True))
op("vuqxtn", "v128", "v128", "size:size", "pure", "unsigned 2*size elements saturated to unsigned ones; upper half zero", lambda e, a: simd.narrow(e.size, a, False, False))
op("vsqxtun", "v128", "v128", "size:size", "pure", "signed 2*size elements saturated to unsigned ones; upper half zero", lambda e, a: simd.narrow(e.size, a, True, False))
op("vdmulh", "v128", "v128 v128", "size:size", "pure commutes", "high half of 2ab, signed, wrapping (size 1 or 2)", lambda e, a, b: simd.doubling_high(e.size, a, b, False))
op("vrdmulh", "v128", "v128 v128", "size:size", "pure commutes", "the same, rounded", lambda e, a, b: simd.doubling_high(e.size, a, b, True))
op("vurhadd", "v128", "v128 v128", "size:size", "pure commutes", "(a + b + 1) / 2, unsigned (size 0 or 1)", lambda e, a, b: s.lanes(e.size, lambda x, y, w: x + y + 1 >> 1, a, b))
op("vsaddlp", "v128", "v128", "size:size", "pure", "sums of neighbours, signed, to 2*size", lambda e, a: simd.pairs_long(e.size, a, True))
op("vuaddlp", "v128", "v128", "size:size", "pure", "sums of neighbours, unsigned, to 2*size", lambda e, a: simd.pairs_long(e.size, a, False))
op("vsum8", "v128", "v128", "", "pure", "sum of the bytes of each half", lambda e, a: simd.byte_sums(a))
op("vdiffs", "v128", "v128 v128 v128", "", "pure", "first | (second ^ third): a 1 stays where two ever differed", lambda e, acc, a, b: acc | (a ^ b))
op("vsdot", "v128", "v128 v128 v128", "", "pure", "32-bit elements plus four products of bytes, signed", lambda e, acc, a, b: simd.dot(acc, a, b, True, True))
op("vudot", "v128", "v128 v128 v128", "", "pure", "the same, unsigned", lambda e, acc, a, b: simd.dot(acc, a, b, False, False))
op("vusdot", "v128", "v128 v128 v128", "", "pure", "the same, second unsigned, third signed", lambda e, acc, a, b: simd.dot(acc, a, b, False, True))
op("vror", "v128", "v128", "amount:imm size:size", "pure", "elements rotated right by less than the width (size 2 or 3)", simd.rotate_right)
op("veor3", "v128", "v128 v128 v128", "", "pure", "a ^ b ^ c", lambda e, a, b, c: a ^ b ^ c)
op("vbcax", "v128", "v128 v128 v128", "", "pure", "a ^ (b & ~c)", lambda e, a, b, c: a ^ b & ~c)
op("vpmull8", "v128", "v128 v128", "", "pure commutes", "carry-less products of the low bytes, 16 bits each", lambda e, a, b: simd.polynomial_long(a, b))
op("vclmul", "v128", "v128 v128", "high:flags", "pure commutes", "carry-less product of low halves (high 0) or high halves (1)", lambda e, a, b: simd.carryless(a >> 64 * e.high & s.MASK64, b >> 64 * e.high & s.MASK64))
op("vaesenc", "v128", "v128 v128", "", "pure", "a round of AES encryption of a, then ^ b", lambda e, a, b: crypto.aes_encrypt(a, b, False))
op("vaesenclast", "v128", "v128 v128", "", "pure", "the same without MixColumns", lambda e, a, b: crypto.aes_encrypt(a, b, True))
op("vaesdec", "v128", "v128 v128", "", "pure", "a round of AES decryption (equivalent inverse cipher) of a, then ^ b", lambda e, a, b: crypto.aes_decrypt(a, b, False))
op("vaesdeclast", "v128", "v128 v128", "", "pure", "the same without InvMixColumns", lambda e, a, b: crypto.aes_decrypt(a, b, True))
op("vaesmc", "v128", "v128", "", "pure", "MixColumns", lambda e, a: crypto.aes_mix(a))
op("vaesimc", "v128", "v128", "", "pure", "InvMixColumns", lambda e, a: crypto.aes_unmix(a))
op("vsha1", "v128", "v128 v128 v128", "function:imm", "pure", "SHA-1: four rounds of a b c d, e, words with constants; 0 choose, 1 parity, 2 majority", crypto.sha1)
op("vsha256r2", "v128", "v128 v128 v128", "", "pure", "SHA-256: two rounds of h g d c, f e b a, words with constants; new f e b a", lambda e, a, b, c: crypto.sha256_two(a, b, c))
op("vsha256su0", "v128", "v128 v128", "", "pure", "SHA-256: a + sigma0 of the words behind, b's first at last", lambda e, a, b: crypto.sha256_schedule0(a, b))
op("vsha256su1", "v128", "v128 v128", "", "pure", "SHA-256: a + sigma1 of the words two before, from b's last on", lambda e, a, b: crypto.sha256_schedule1(a, b))
op("vsm4_sbox", "v128", "v128", "", "pure", "SM4's substitution of each byte", lambda e, a: crypto.sm4_sbox(a))
for _name, _doc in (("vfadd", "FPAdd"), ("vfsub", "FPSub"), ("vfmul", "FPMul"), ("vfdiv", "FPDiv"), ("vfmin", "FPMin"), ("vfmax", "FPMax"), ("vfminnm", "FPMinNum"), ("vfmaxnm", "FPMaxNum"), ("vfcmeq", "FPCompareEQ"), ("vfcmge", "FPCompareGE"), ("vfcmgt", "FPCompareGT"), ("vfmulx", "FPMulX"), ("vfrecps", "FPRecipStepFused"), ("vfrsqrts", "FPRSqrtStepFused")):
    op(_name, "v128", "v128 v128", "size:size", "pure raises", f"{_doc} by element (size 1 to 3)")
op("vfaddp", "v128", "v128 v128", "size:size", "pure raises", "FPAdd of neighbours of a, then of b (size 1 to 3)")
op("vfsqrt", "v128", "v128", "size:size", "pure raises", "FPSqrt by element")
op("vfrecpe", "v128", "v128", "size:size", "pure raises", "FPRecipEstimate by element, of 8 bits")
op("vfrsqrte", "v128", "v128", "size:size", "pure raises", "FPRSqrtEstimate by element, of 8 bits")
op("vfneg", "v128", "v128", "size:size", "pure", "sign bits inverted", lambda e, a: s.lanes(e.size, lambda x, w: x ^ 1 << w - 1, a))
op("vfabs", "v128", "v128", "size:size", "pure", "sign bits cleared", lambda e, a: s.lanes(e.size, lambda x, w: x & ~(1 << w - 1), a))
op("vfmla", "v128", "v128 v128 v128", "negate:imm size:size", "pure raises", "FPMulAdd by element: first + second * third, fused; negate 1: second negated before")
op("vfmlal", "v128", "v128 v128 v128", "", "pure raises", "FPMulAddH of singles: first + second * third, whose low halves are meant")
op("vfrint", "v128", "v128", "mode:imm size:size exact:flags", "pure raises", "frint by element")
op("vfcvt_s", "v128", "v128", "mode:imm size:size", "pure raises", "fcvt_s by element, to integers of its width")
op("vfcvt_u", "v128", "v128", "mode:imm size:size", "pure raises", "fcvt_u by element, to integers of its width")
op("vs_cvt_f", "v128", "v128", "fbits:imm size:size", "pure raises", "s_cvt_f by element, from integers of its width")
op("vu_cvt_f", "v128", "v128", "fbits:imm size:size", "pure raises", "u_cvt_f by element, from integers of its width")
op("vfcvtl", "v128", "v128", "size:size", "pure raises", "FPConvert of low elements to 2*size (size 1 or 2)")
op("vfcvtn", "v128", "v128", "size:size", "pure raises", "FPConvert of 2*size elements to size (1 or 2); upper half zero")

# ---- control
op("jump", "none", "", "edge:imm", "end", "to a block of the function")
op("br", "none", "flags", "edges:imm cc:cc", "end", "cc holds ? first edge : second (the one after it)")
op("exit_direct", "none", "", "target:imm flags:flags", "end", "to guest address target; flags bit 0: poll, bit 1: the context changed")
op("exit_call", "none", "", "target:imm flags:flags", "end", "the same, and the guest will return behind the instruction")
op("exit_indirect", "none", "i64", "btype:flags", "end", "to a guest address in a value, which is looked at when PSTATE.BTYPE is not 0")
op("exit_call_indirect", "none", "i64", "btype:flags", "end", "the same, and the guest will return behind the instruction")
op("exit_ret", "none", "i64", "", "end", "to a guest address that a call has probably pushed")
op("exit_exception", "none", "", "reason:imm", "end", "to the caller of run(); reason | payload << 16")
