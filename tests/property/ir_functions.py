"""Random well-typed IR functions and states.

Owns: which operands and attributes each op may have, and which values are worth trying. Must not
know: what ops compute.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

from translator.gen.state import layout
from translator.oracle.parser import CONDITIONS
from translator.spec.helpers import HELPERS
from translator.spec.ir import OPS, TYPES, Op

MEMORY_END = 0x5000_1000  # tests/tools/opt/run_ir.cpp: nothing is mapped behind it
MEMORY_BYTES = 512
MEMORY = MEMORY_END - MEMORY_BYTES
PC = 0x400000

_INTS = (
    0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 0x7F, 0x80, 0xFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000,
    0xFFFFFFFF, 0x100000000, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 2, (1 << 64) - 1,
)  # fmt: skip
_FLOAT_FORMATS = {"f16": (5, 10), "f32": (8, 23), "f64": (11, 52)}
_NARROW_EDGES = (15, 16, 17, -14, -15, -25, 127, 128, -126, -127, -149, -150)
"""Exponents at which a narrower format ends: half's, then single's."""
_CONTROL = {"jump", "br", "param", "check_pointer", "check_address"}  # rows have the last two
BY_NAME = {op.name: op for op in OPS}
STRAIGHT = [op for op in OPS if "end" not in op.effects and op.name not in _CONTROL]
EXITS = [op for op in OPS if "end" in op.effects and op.name not in _CONTROL]
_PLAIN_HELPERS = ("get_fpsr", "set_fpsr", "set_fpcr")  # have ops of their own


def float_bits(rng: random.Random, kind: str) -> int:
    """A floating-point pattern; special ones and near neighbours are frequent."""
    exponent_bits, fraction_bits = _FLOAT_FORMATS[kind]
    top = (1 << exponent_bits) - 1
    bias = top >> 1
    exponents = [0, 0, 1, bias - 1, bias, bias, bias + 1, bias + fraction_bits]
    exponents += [top - 1, top, top, top]
    if kind != "f16" and rng.random() < 0.3:
        narrow = _NARROW_EDGES[:6] if kind == "f32" else _NARROW_EDGES
        exponents = [bias + at for at in narrow]
    fractions = (
        0,
        0,
        1,
        2,
        (1 << fraction_bits) - 1,
        1 << fraction_bits - 1,
        3 << fraction_bits - 2,
    )
    exponent = rng.choice(exponents) if rng.random() < 0.7 else rng.randrange(top + 1)
    random_fraction = rng.getrandbits(fraction_bits)
    fraction = rng.choice(fractions) if rng.random() < 0.5 else random_fraction
    sign = rng.getrandbits(1)
    return (sign << exponent_bits | exponent) << fraction_bits | fraction


def special_floats(kind: str, most: int) -> list[int]:
    """Numbers of every kind, `most` at most; the kinds that rules name come first."""
    exponent_bits, fraction_bits = _FLOAT_FORMATS[kind]
    top, ones = (1 << exponent_bits) - 1, (1 << fraction_bits) - 1
    bias, sign, quiet = top >> 1, 1 << exponent_bits + fraction_bits, 1 << fraction_bits - 1
    infinity = top << fraction_bits
    values = [0, infinity, infinity | quiet | 5, infinity | 3, bias << fraction_bits, 1]
    values += [sign | v for v in (0, infinity, bias << fraction_bits, infinity | 6)]
    values += [infinity - 1, 1 << fraction_bits, ones, sign | infinity | quiet | 9, sign | ones]
    for edge in _NARROW_EDGES:
        for fraction in (0, 1, ones, ones - 1, quiet):
            if 0 < bias + edge < top:
                values.append(bias + edge << fraction_bits | fraction)
    return values[:most]


def integer(rng: random.Random, width: int = 64) -> int:
    """An integer pattern; the edges are frequent."""
    value = rng.choice(_INTS) if rng.random() < 0.6 else rng.getrandbits(rng.choice((8, 32, 64)))
    return value & (1 << width) - 1


def vector(rng: random.Random) -> int:
    """A vector: edge patterns in lanes of one size."""
    how = rng.randrange(5)
    if how == 0:
        return rng.getrandbits(128)
    if how <= 2:
        kind = ("f32", "f64")[how - 1]
        width = TYPES[kind]
        return sum(float_bits(rng, kind) << at for at in range(0, 128, width))
    width = rng.choice((8, 16, 32, 64))
    lanes = (0, 1, (1 << width - 1) - 1, 1 << width - 1, (1 << width) - 1, rng.getrandbits(width))
    return sum(rng.choice(lanes) << at for at in range(0, 128, width))


def fpcr(rng: random.Random) -> int:
    """FPCR: often plain, else any rounding, FZ, DN, AHP, FZ16, at times AH and FIZ, too."""
    if rng.random() < 0.4:
        return 0
    alternate = (0, 1) if rng.getrandbits(1) else ()
    return sum(rng.getrandbits(1) << bit for bit in (19, 22, 23, 24, 25, 26, *alternate))


class Writer:
    """Writes one straight-line function; every result ends in a register."""

    def __init__(self, rng: random.Random, faults: bool = False) -> None:
        self.rng = rng
        self.faults = faults
        self.lines: list[str] = []
        self.values: dict[str, list[int]] = {kind: [] for kind in TYPES}
        self.results: list[tuple[str, int]] = []
        self.count = 0

    # ---- values
    def define(self, kind: str, text: str) -> int:
        """An instruction with a result."""
        number = self.count
        self.count += 1
        self.lines.append(f"  v{number} = {text}")
        self.values[kind].append(number)
        return number

    def constant(self, kind: str) -> int:
        """A new value of a type that does not depend on others."""
        rng = self.rng
        if kind in ("i32", "i64"):
            return self.define(kind, f"const.{kind} value={integer(rng, TYPES[kind]):#x}")
        if kind == "flags":
            return self.define(kind, f"flags_imm nzcv={rng.randrange(16)}")
        if kind == "v128":
            value = vector(rng)
            low = self.integer(value & (1 << 64) - 1)
            return self.define(kind, f"v_concat v{low}, v{self.integer(value >> 64)}")
        return self.float(kind, float_bits(rng, kind))

    def float(self, kind: str, value: int) -> int:
        """A new floating-point constant."""
        number = self.integer(value)
        whole = self.define("v128", f"v_concat v{number}, v{number}")
        return self.define(kind, f"v_to_f.{kind} v{whole}")

    def integer(self, value: int) -> int:
        """A new i64 constant."""
        return self.define("i64", f"const.i64 value={value:#x}")

    def state(self, kind: str) -> int | None:
        """A value from guest state, where it has the type."""
        n = self.rng.randrange(32)
        texts = {"i64": f"get_x n={n}", "v128": f"get_v n={n}", "flags": "get_flags"}
        return self.define(kind, texts[kind]) if kind in texts else None

    def pick(self, kind: str) -> int:
        """A value of a type, old or new."""
        old = self.values[kind]
        if old and self.rng.random() < 0.6:
            return self.rng.choice(old)
        number = self.state(kind) if self.rng.random() < 0.3 else None
        return self.constant(kind) if number is None else number

    # ---- instructions
    def emit(self, op: Op) -> None:
        """One instance of an op with operands and attributes that fit."""
        if op.effects & {"load", "store"}:
            self._access(op)
            return
        classes = self.classes(op)
        args = [self._argument(op, kind, classes) for kind in op.args]
        for n in range(len(args) - 1):  # a helper's absent arguments are the last ones
            if args[n] == "_":
                args[n + 1] = "_"
        attributes = self.attributes(op, classes)
        self.write(op, classes, args, attributes)

    def write(
        self, op: Op, classes: dict[str, str], args: list[str], attributes: dict[str, int]
    ) -> None:
        """An op with everything chosen."""
        parts = args + [
            f"{name}={CONDITIONS[attributes[name]] if where == 'cc' else attributes[name]}"
            for name, where in op.attrs
        ]
        if op.result == "none":
            self.lines.append(f"  {op.name} {', '.join(parts)}".rstrip())
            return
        bare = op.result.strip("[]")
        kind = classes.get(bare, bare)
        suffix = f".{kind}" if bare in ("T", "F", "any") else ""
        text = f"{op.name}{suffix} {', '.join(parts)}".rstrip()
        self.results.append((kind, self.define(kind, text)))

    def classes(self, op: Op) -> dict[str, str]:
        """Types for the row's classes; `source` is the operand's where the result's differs."""
        rng = self.rng
        classes = {
            "T": rng.choice(("i32", "i64")),
            "F": rng.choice(("f16", "f32", "f64")),
            "any": rng.choice(("i32", "i64", "f16", "f32", "f64", "v128")),
        }
        if op.name in ("call_helper", "call_vhelper"):
            classes["any"] = rng.choice(("i32", "i64"))
        if op.name == "bitcast":
            pairs = {"i32": "f32", "f32": "i32", "i64": "f64", "f64": "i64"}
            classes["source"] = pairs.get(classes["any"], classes["any"])
        if op.name == "fcvt":
            classes["source"] = rng.choice([f for f in _FLOAT_FORMATS if f != classes["F"]])
        return classes

    def _argument(self, op: Op, kind: str, classes: dict[str, str]) -> str:
        if kind.endswith("?") and self.rng.random() < 0.3:
            return "_"
        bare = kind.rstrip("?")
        if "source" in classes and bare in ("any", "F"):
            bare = "source"
        return f"v{self.pick(classes.get(bare, bare))}"

    def _size(self, op: Op, classes: dict[str, str]) -> int:
        name = op.name
        low, high = 0, 3
        if name in ("vfcvtl", "vfcvtn"):
            low, high = 1, 2
        elif name.startswith("vf") or name.endswith("_cvt_f"):
            low = 1
        elif name.startswith("vrev"):
            high = {"vrev16": 0, "vrev32": 1, "vrev64": 2}[name]
        elif name in ("vdmulh", "vrdmulh"):
            low, high = 1, 2
        elif name in ("vror", "vblend"):
            low = 2
        elif name in ("vurhadd", "vsqadd", "vuqadd", "vsqsub", "vuqsub"):
            high = 1
        narrow = name in ("vxtn", "vuxtl", "vsxtl", "vmull_u", "vmull_s", "vsaddlp", "vuaddlp")
        narrow |= name in ("vsqxtn", "vuqxtn", "vsqxtun")
        if narrow or (classes["T"] == "i32" and "T" in op.args):
            high = 2
        return self.rng.randint(low, high)

    def attributes(self, op: Op, classes: dict[str, str]) -> dict[str, int]:
        """Attributes in their ranges."""
        rng = self.rng
        values: dict[str, int] = {}
        size = self._size(op, classes)
        width = 8 << size if op.result == "v128" else TYPES[classes["T"]]
        most_shift = (8 << size) - (op.name in ("vshl", "vror"))
        ways: dict[str, Callable[[], int]] = {
            "n": lambda: rng.randrange(32),
            "field": lambda: self._field(op, width),
            "value": lambda: integer(rng, TYPES[classes["T"]] if op.name == "const" else 64),
            "function": lambda: rng.randrange(3),
            "high": lambda: rng.randrange(2),
            "lsb": lambda: rng.randrange(width),
            "size": lambda: size,
            "nzcv": lambda: rng.randrange(16),
            "cc": lambda: rng.randrange(16),
            "kind": lambda: rng.randrange(3),
            "id": lambda: self._id(op),
            "small": lambda: rng.randrange(256),
            "mode": lambda: self._mode(op, width),
            "negate": lambda: rng.randrange(2 if op.name == "vfmla" else 4),
            "exact": lambda: rng.randrange(2),
            "fbits": lambda: rng.choice((0, 0, 1, width // 2, width)),
            "lane": lambda: rng.randrange(16 >> size),
            "from": lambda: rng.randrange(16 >> size),
            "amount": lambda: rng.choice((0, 1, most_shift, rng.randrange(8 << size))),
            "bytes": lambda: rng.randrange(16),
            "target": lambda: rng.getrandbits(48),
            "data": lambda: rng.randrange(2),
            "flags": lambda: rng.randrange(4),
            "btype": lambda: rng.randrange(4),
            "reason": lambda: rng.randint(1, 7) | rng.getrandbits(16) << 16,
        }
        for name, _ in op.attrs:
            values[name] = ways[name]()
        return values

    def _field(self, op: Op, width: int) -> int:
        rng = self.rng
        if op.name == "sign_pointer":
            return layout()["pac_keys"] + 16 * rng.randrange(4)
        if op.name in ("get_state", "set_state"):
            name = rng.choice(("tpidr_el0", "tpidrro_el0", "tpidr2_el0"))
            return layout()[name] + rng.choice((0, 64 - width)) // 8
        lsb = rng.randrange(width)
        return lsb | rng.choice((1, width - lsb, rng.randint(1, width - lsb))) << 8

    def _id(self, op: Op) -> int:
        if op.name.endswith("sysreg"):
            return self.rng.getrandbits(16)
        kind = {"call_helper": "int", "call_vhelper": "vector"}[op.name]
        fitting = [
            n for n, h in enumerate(HELPERS) if h.kind == kind and h.name not in _PLAIN_HELPERS
        ]
        return self.rng.choice(fitting)

    def _mode(self, op: Op, width: int) -> int:
        mode = self.rng.randrange(6)
        if op.name in ("frint", "vfrint"):
            return mode
        return mode | self.rng.choice((0, 0, 0, 1, width // 2, width)) << 8

    # ---- memory: constant addresses, most of them mapped and aligned as the op needs
    def _access(self, op: Op) -> None:
        rng = self.rng
        if op.name in ("copy_bytes", "fill_bytes"):
            self._bulk(op)
            return
        plain = any(name == "disp" for name, _ in op.attrs)
        wide = op.name.endswith("128")
        classes = self.classes(op)
        vector_op = "v128" in (op.result, *op.args) and not wide
        most = 4 if vector_op else 2 if classes["T"] == "i32" else 3
        size = 4 if wide else rng.randint(0, most)
        attributes = {"size": size, "order": rng.randrange(4), "flags": int(rng.random() < 0.3)}
        if plain and op.name.startswith("load_s") and classes["T"] == "i32":
            attributes["size"] = size = min(size, 1)
        target = self._target(1 << size, not plain or attributes["flags"] == 1)
        attributes |= {"scale": 0, "disp": 0}
        index = "_"
        if plain and rng.random() < 0.5:
            attributes["scale"] = rng.randrange(5)
            offset = rng.choice((0, 1, 5, (1 << 64) - 3))
            index = f"v{self.integer(offset)}"
            target -= offset << attributes["scale"]
        if plain:
            attributes["disp"] = rng.choice((0, 8, -256, 255, 0x12345678, -0x7FFFFFFF))
            target -= attributes["disp"]
        base = f"v{self.integer(target & (1 << 64) - 1)}"
        data = [k.rstrip("?") for k in op.args[2 if plain else 1 :]]
        args = [base, *([index] if plain else [])]
        args += [f"v{self.pick(classes.get(kind, kind))}" for kind in data]
        self.write(op, classes, args, attributes)

    def _bulk(self, op: Op) -> None:
        """Counts of both signs, over the memory's end at times; source and target overlap often."""
        rng = self.rng
        count = rng.choice((0, 1, -1, 7, -8, 16, -17, 40, -100, rng.randint(-200, 200)))
        addresses = []
        for _ in range(2):
            at = max(self._target(1, aligned=False), MEMORY)
            if rng.random() < 0.9:
                at = min(at, MEMORY_END - abs(count))
            at += max(0, -count)
            addresses.append(f"v{self.integer(at)}")
        second = addresses[1] if op.name == "copy_bytes" else f"v{self.pick('i64')}"
        left, n = self.integer(count & (1 << 64) - 1), rng.randrange(32)
        self.lines.append(f"  set_x v{left}, n={n}")  # what the op finds there
        self.write(op, self.classes(op), [addresses[0], second, f"v{left}"], {"n": n})

    def _target(self, size: int, aligned: bool) -> int:
        rng = self.rng
        if self.faults and rng.random() < 0.1:
            return rng.choice((0, MEMORY_END, MEMORY_END - 1, 1 << 47, MEMORY + 1))
        # A few places only, so that accesses meet.
        at = rng.choice((0, 16, 32, MEMORY_BYTES - 16, rng.randrange(MEMORY_BYTES - 16)))
        return MEMORY + (at & -size if aligned else at)

    # ---- the whole
    def finish(self, exit_op: Op) -> str:
        """Puts results where they can be seen and ends the function."""
        x = iter(self.rng.sample(range(31), 31))
        v = iter(self.rng.sample(range(32), 32))
        for kind, number in self.results:
            if kind == "i32":
                number = self.define("i64", f"zext v{number}")
            elif kind == "flags":
                number = self.define("i64", f"nzcv_from_flags v{number}")
            elif kind in _FLOAT_FORMATS:
                number = self.define("v128", f"f_to_v v{number}")
            vector_kind = kind == "v128" or kind in _FLOAT_FORMATS
            n = next(v if vector_kind else x, None)
            if n is not None:
                self.lines.append(f"  set_{'v' if vector_kind else 'x'} v{number}, n={n}")
        self.emit(exit_op)
        body = "\n".join(self._with_instructions())
        return f"function {PC:#x} key=0 {{\nbb0():\n{body}\n}}\n"

    def _with_instructions(self) -> list[str]:
        lines: list[str] = []
        for n, line in enumerate(self.lines):
            if n % 5 == 0:
                lines.append(f"@{PC + n // 5 * 4:#x}:")
            lines.append(line)
        return lines


def focused(rng: random.Random, op: Op) -> str:
    """A function around one op."""
    writer = Writer(rng, faults=rng.random() < 0.2)
    for _ in range(4):
        writer.emit(op)
        if rng.random() < 0.3:
            writer.emit(rng.choice(STRAIGHT))
    return writer.finish(rng.choice(EXITS))


def corners(rng: random.Random, op: Op) -> list[str]:
    """Functions that try an op on all combinations of special floating-point operands."""
    count = op.args.count("F")
    texts = []
    for kind in _FLOAT_FORMATS:
        values = special_floats(kind, {1: 100, 2: 15, 3: 9}[count])
        combinations = list(itertools.product(values, repeat=count))
        for at in range(0, len(combinations), 30):
            writer = Writer(rng)
            for combination in combinations[at : at + 30]:
                classes = writer.classes(op) | {"F" if op.name != "fcvt" else "source": kind}
                if op.name == "fcvt":
                    classes["F"] = rng.choice([f for f in _FLOAT_FORMATS if f != kind])
                args = [f"v{writer.float(kind, value)}" for value in combination]
                writer.write(op, classes, args, writer.attributes(op, classes))
            texts.append(writer.finish(rng.choice(EXITS)))
    return texts


def mixed(rng: random.Random, length: int) -> str:
    """A function of random ops."""
    writer = Writer(rng, faults=rng.random() < 0.2)
    for _ in range(length):
        writer.emit(rng.choice(STRAIGHT))
    return writer.finish(rng.choice(EXITS))
