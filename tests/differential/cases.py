"""Draws cases from the decode spec.

Owns: which instructions, sequences and states are drawn. Must not know: what instructions do, who
runs the cases. What must not be drawn is in exclusions.py.

Every pattern is drawn equally often as a single instruction. Fields are uniform or an edge value,
register numbers come from a handful a case so that they collide; a memory instruction's base is set
so that it hits the window of data, near it or across the page's end.
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from translator.spec.a64 import chapters, load
from translator.spec.a64.core import Field, Pattern
from translator.spec.sysregs import SYSOPS, SYSREGS

from . import values
from .exclusions import NEWER, NOT_DRAWN, canonical
from .record import MOST_WORDS, NOP, WINDOW_BYTES, Case, Registers

_GENERAL_FIELDS = frozenset({"rd", "rn", "rm", "ra", "rs", "rt", "rt2"})
_WRITTEN_FIELDS = ("rd", "rt", "rt2", "rs")
_M64 = (1 << 64) - 1
_FPSR_MASK = 1 << 27 | 1 << 7 | 0x1F
_MSR_MASKS = {
    (r.crm, r.op2): mask
    for r in SYSREGS
    for name, mask in (("FPCR", 0x7C80000), ("FPSR", _FPSR_MASK), ("NZCV", 0xF0000000))
    if r.name == name
}
_RMODE_SHIFT, _FZ, _DN, _AHP, _FZ16 = 22, 1 << 24, 1 << 25, 1 << 26, 1 << 19
_FIZ, _AH, _NEP, _EBF = 1, 2, 4, 1 << 13

Draw = Callable[[Callable[[int], int], Sequence[int]], int]


def _register(bits: Callable[[int], int], pool: Sequence[int]) -> int:
    r = bits(9)
    return pool[r & 15] if r < 420 else r & 31


def _register16(bits: Callable[[int], int], pool: Sequence[int]) -> int:
    return _register(bits, pool) & 15


def _number(width: int) -> Draw:
    if width <= 4:
        return lambda bits, pool: bits(width)
    top = 1 << (width - 1)
    edges = [0, 1, 2, 3, 4, 7, 8, top >> 1, top - 1, top, top + 1, 2 * top - 1, 2 * top - 2]
    edges += [top - 2, 2 * top - 8, 2 * top - 4]
    assert len(edges) == 16

    def draw(bits: Callable[[int], int], pool: Sequence[int]) -> int:
        r = bits(5)
        return edges[r] if r < 16 else bits(width)

    return draw


def _draw_of(f: Field) -> Draw:
    if f.name in _GENERAL_FIELDS and f.width >= 4:
        return _register if f.width == 5 else _register16
    return _number(f.width)


_VECTOR = {
    p.name
    for chapter, patterns in chapters().items()
    if chapter.startswith(("fp_", "simd_"))
    for p in patterns
}
"""Instructions on V registers."""


class Template:
    """A pattern, made ready to be drawn from."""

    def __init__(self, pattern: Pattern, oracle: str) -> None:
        """Precomputes what drawing needs."""
        self.pattern = pattern
        self.name = pattern.name
        self.fields = {f.name: f for f in pattern.fields}
        self._draws = [(f.name, _draw_of(f)) for f in pattern.fields]
        self._shifts = [(f.name, f.lsb, (1 << f.width) - 1) for f in pattern.fields]
        excluded = [
            n.when or "True"
            for n in NOT_DRAWN
            if fnmatch.fnmatchcase(pattern.name, n.names) and n.oracle in ("", oracle)
        ]
        if pattern.feature in NEWER[oracle]:
            excluded.append("True")
        conditions = [f"({pattern.when or 'True'})", *(f"not ({e})" for e in excluded)]
        self._allows = eval(  # the spec's own expressions
            f"lambda {', '.join(self.fields)}: {' and '.join(conditions)}"
        )
        self.is_conditional = bool(pattern.when or excluded)
        self.is_drawn = "True" not in excluded
        self.is_vector = pattern.name in _VECTOR
        self._bits = canonical(pattern, pattern.value)

    def draw(self, bits: Callable[[int], int], pool: Sequence[int]) -> dict[str, int]:
        """Fields for which the pattern's condition holds."""
        for _ in range(10_000):
            fields = {name: draw(bits, pool) for name, draw in self._draws}
            if not self.is_conditional or self._allows(**fields):
                return fields
        raise ValueError(f"{self.name}: its condition seems never to hold")

    def allows(self, fields: dict[str, int]) -> bool:
        """Whether an instruction with these fields is to be drawn."""
        return bool(self._allows(**fields))

    def word(self, fields: dict[str, int]) -> int:
        """The instruction."""
        word = self._bits
        for name, lsb, mask in self._shifts:
            word |= (fields[name] & mask) << lsb
        return word


def _signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) else value


# ---- memory: how far from its base an instruction accesses


def _imm9(f: dict[str, int]) -> int:
    return _signed(f["imm"], 9)


def _none(f: dict[str, int]) -> int:
    return 0


def _scale(f: dict[str, int]) -> int:
    return f["size"]


def _scale_v(f: dict[str, int]) -> int:
    return f["size"] | (f["opc"] & 2) << 1


def _pair(scale: Callable[[dict[str, int]], int]) -> Callable[[dict[str, int]], int]:
    return lambda f: 0 if f["idx"] == 1 else _signed(f["imm"], 7) << scale(f)


@dataclass(frozen=True, slots=True)
class _Memory:
    """`offset` in bytes without an index register; `scale`: log2 of what an index multiplies by;
    `aligned`: unaligned accesses fault."""

    offset: Callable[[dict[str, int]], int] = _none
    scale: Callable[[dict[str, int]], int] | None = None
    aligned: bool = False
    base: str = "rn"


_MEMORY = {
    "STP": _Memory(_pair(lambda f: 2 + f["sf"])),
    "LDP": _Memory(_pair(lambda f: 2 + f["sf"])),
    "LDPSW": _Memory(_pair(lambda f: 2)),
    "STP_v": _Memory(_pair(lambda f: 2 + f["opc"])),
    "LDP_v": _Memory(_pair(lambda f: 2 + f["opc"])),
    "LDST_unscaled": _Memory(_imm9),
    "LDST_unprivileged": _Memory(_imm9),
    "LDST_post": _Memory(),
    "LDST_pre": _Memory(_imm9),
    "LDST_unsigned": _Memory(lambda f: f["imm"] << _scale(f)),
    "LDST_register": _Memory(scale=_scale),
    "LDST_unscaled_v": _Memory(_imm9),
    "LDST_post_v": _Memory(),
    "LDST_pre_v": _Memory(_imm9),
    "LDST_unsigned_v": _Memory(lambda f: f["imm"] << _scale_v(f)),
    "LDST_register_v": _Memory(scale=_scale_v),
    "STG": _Memory(lambda f: 0 if f["idx"] == 1 else _imm9(f) * 16, aligned=True),
    "STGP": _Memory(lambda f: 0 if f["idx"] == 1 else _signed(f["imm"], 7) * 16, aligned=True),
    "LDG": _Memory(lambda f: _imm9(f) * 16),
    "STLUR": _Memory(_imm9, aligned=True),
    "LDAPUR": _Memory(_imm9, aligned=True),
    "SYS": _Memory(base="rt"),
    "LDRA": _Memory(lambda f: _signed(f["s"] << 9 | f["imm"], 10) * 8),
}
_ALIGNED = (
    *("STXR", "LDXR", "STXP", "LDXP", "CASP", "CAS", "STLR", "LDAR", "STLLR", "LDLAR", "LDAPR"),
    *("LDADD", "LDCLR", "LDEOR", "LDSET", "LDSMAX", "LDSMIN", "LDUMAX", "LDUMIN", "SWP"),
)
_READ_ONLY = frozenset({"LDXR", "LDXP", "LDAR", "LDLAR", "LDAPR"})
_MEMORY |= {name: _Memory(aligned=True) for name in _ALIGNED}


def memory_of(template: Template) -> _Memory | None:
    """How a template accesses memory through a base register, or None."""
    found = _MEMORY.get(template.name)
    if found is None and "rn" in template.fields and "rt" in template.fields:
        return _Memory()  # structures
    return found


def _may_store(name: str) -> bool:
    read_modify_write = name in _ALIGNED and name not in _READ_ONLY
    return not name.startswith("LD") or name.startswith("LDST") or read_modify_write


_PROLOGUES = {"CPYP": 22, "SETP": 14, "SETGP": 14}
"""Prologues of copies and sets, and the lowest bit that tells their stages apart."""
_BRANCHES = frozenset({"B", "BL", "B_cond", "BC_cond", "CBZ", "CBNZ", "TBZ", "TBNZ"})
_INDIRECT = ("BR", "BLR", "RET", "BRA", "BLRA", "RETA")
_CODE_ADDRESS = frozenset({"ADR", "ADRP", "BL", "BLR", "BLRA"})
_EXCLUSIVE_LOAD = {"STXR": "LDXR", "STXP": "LDXP"}
_ENDS = frozenset({"SVC", "BRK", "HLT"})
# Values that differ from machine to machine, SSBS because it starts as 0 or as 1, DIT and TCO
# because unicorn has none.
_MACHINE = frozenset(r.name for r in SYSREGS if r.how in ("environment", "random")) | {
    "SSBS",
    "DIT",
    "TCO",
}


_PAUTH_HINTS = {7: 30} | dict.fromkeys((8, 10, 12, 14), 17) | dict.fromkeys(range(24, 32), 30)
"""The register that a hint of FEAT_PAuth changes, by its number."""
_SIGNING_HINTS = (8, 10, 24, 25, 26, 27)


@dataclass(slots=True)
class _Draft:
    """A case in the making. Registers: `bases` hold addresses, `kept` are not to be
    written, `written` were."""

    rng: random.Random
    pool: list[int]
    x: list[int]
    words: list[int] = field(default_factory=list)
    bases: dict[int, int] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    stores: bool = False
    code_address: bool = False
    once: bool = False  # what a second turn writes may be no fair value
    exclusive: int | None = None
    targets: set[int] = field(default_factory=set)


def _pool(rng: random.Random) -> list[int]:
    some = [rng.getrandbits(5) for _ in range(rng.choice((2, 4, 6)))]
    return [*(some[n % len(some)] for n in range(15)), 31]


class Generator:
    """Draws cases of patterns that `glob` selects, for an oracle. `sequences`: the share of
    sequences, 0 to 1."""

    def __init__(self, glob: str = "*", sequences: float = 0.5, oracle: str = "unicorn") -> None:
        """Raises ValueError when no pattern is left."""
        everything = [t for t in (Template(p, oracle) for p in load()) if t.is_drawn]
        self._templates = {t.name: t for t in everything}
        self._singles = [t for t in everything if fnmatch.fnmatchcase(t.name, glob)]
        if not self._singles:
            raise ValueError(f"no pattern matches {glob!r}")
        ends = [t for t in self._singles if t.name in _ENDS]
        straight = [t for t in self._singles if t not in ends] or self._singles
        self._flavours = [straight]
        general = [t for t in straight if not t.is_vector]
        vector = [t for t in straight if t.is_vector]
        if general and vector:
            self._flavours += [general, general, vector]
        self._sequences = sequences
        self._has_afp = oracle == "qemu"
        self._memory = {t.name: memory_of(t) for t in everything}

    def batch(self, seed: str, count: int) -> list[bytes]:
        """`count` packed cases, the same for the same seed."""
        rng = random.Random(seed)
        xs = [values.x_value(rng) for _ in range(4096)]
        vs = [values.vector(rng) for _ in range(4096)]
        halfway = values.halfway(rng)
        start = rng.randrange(len(self._singles))
        cases = []
        for n in range(count):
            x = rng.choices(xs, k=32)
            v = b"".join(rng.choices(vs if n & 15 else rng.choice(halfway), k=32))
            memory = rng.randbytes(WINDOW_BYTES)
            if n & 3 == 0:
                memory = b"".join(rng.choices(vs, k=WINDOW_BYTES // 16))
            draft = self._draft(rng, x, self._singles[(start + n) % len(self._singles)])
            registers = Registers(
                draft.x, 0, rng.getrandbits(4) << 28, self._fpcr(rng), _fpsr(rng), v
            )
            cases.append(Case(draft.words, registers, memory).pack())
        return cases

    def _draft(self, rng: random.Random, x: list[int], single: Template) -> _Draft:
        """A sequence, or the single instruction; what was drawn in vain, or is too long with
        what branches need between them, is drawn again."""
        while True:
            draft = _Draft(rng, _pool(rng), list(x))
            if rng.random() < self._sequences:
                self._sequence(draft)
            else:
                self._append(draft, single, 1)
            if 0 < len(draft.words) <= MOST_WORDS:
                return draft

    # ---- sequences

    def _fpcr(self, rng: random.Random) -> int:
        r = rng.getrandbits(8)
        fpcr = (r & 3) << _RMODE_SHIFT if r & 4 else 0
        if r < 96:
            fpcr |= rng.choice((_DN, _FZ, _AHP, _FZ16, _DN | _FZ, _FZ | _AHP, _DN | _AHP))
        if self._has_afp and r & 16:
            fpcr |= rng.choice((_AH, _FIZ, _NEP, _AH | _FIZ, _AH | _NEP, _AH | _FIZ | _FZ))
        if self._has_afp and rng.getrandbits(2) == 0:
            fpcr |= _EBF
        return fpcr

    def _sequence(self, draft: _Draft) -> None:
        rng = draft.rng
        flavour = rng.choice(self._flavours)
        length = rng.randint(2, 14)
        for _ in range(200):
            if len(draft.words) >= length:
                break
            left = length - len(draft.words)
            self._append(draft, rng.choice(flavour), left)
        if draft.words and rng.getrandbits(2) == 0:
            self._loop(draft)

    def _loop(self, draft: _Draft) -> None:
        """Runs the words a few times, if they leave a register to count with."""
        if draft.once or draft.code_address or draft.exclusive is not None:
            return
        if len(draft.words) + 2 > MOST_WORDS:
            return
        if draft.targets and max(draft.targets) > len(draft.words):
            return
        free = [r for r in range(31) if r not in draft.written | draft.kept | set(draft.pool)]
        counter = draft.rng.choice(free)
        draft.x[counter] = draft.rng.randint(1, 4)
        turn = {"sf": 1, "sh": 0, "imm": 1, "rn": counter, "rd": counter}
        draft.words.append(self._templates["SUB_imm"].word(turn))
        back = {"sf": 1, "imm": -len(draft.words) & 0x7FFFF, "rt": counter}
        draft.words.append(self._templates["CBNZ"].word(back))

    def _append(self, draft: _Draft, template: Template, left: int) -> None:
        name = template.name
        if name in _CODE_ADDRESS or name in _INDIRECT:
            # A store into the code that runs would be a matter of luck (and of cache maintenance).
            if draft.stores:
                return
            draft.code_address = True
        if name in _INDIRECT:
            if len(draft.words) + 8 > MOST_WORDS:
                return
            self._indirect(draft, template, left)
            return
        if name in _PROLOGUES:
            self._copy_or_set(draft, template)
            return
        bits = draft.rng.getrandbits
        fields = template.draw(bits, draft.pool)
        memory = self._memory[name]
        if name in _BRANCHES:
            fields["imm"] = draft.rng.randint(1, min(left, 5)) if left > 1 else 2
            draft.targets.add(len(draft.words) + fields["imm"])
        elif name in ("MRS", "MSR", "SYS"):
            fields |= _system(draft.rng, name)
        if name == "MSR":
            draft.once = True
            if not self._supported_bits(draft, fields):
                return
        if memory is not None and not self._address(draft, template, memory, fields):
            return
        if name != "MSR":
            self._spare(draft, template, memory, fields)
        if not template.allows(fields) or not self._pointer(draft, name, fields):
            return
        draft.words.append(template.word(fields))
        if name in _BRANCHES and left == 1:  # it needs something to skip
            movz = self._templates["MOVZ"]
            skipped = movz.draw(bits, draft.pool)
            draft.written.add(skipped["rd"])
            draft.words.append(movz.word(skipped))

    @staticmethod
    def _supported_bits(draft: _Draft, fields: dict[str, int]) -> bool:
        """Only bits that the register has: what RES0 bits read as differs between machines."""
        rt = fields["rt"]
        if rt == 31:
            return True
        if rt in draft.kept or rt in draft.written:
            return False
        mask = _MSR_MASKS.get((fields["crm"], fields["op2"]), _M64)
        draft.x[rt] &= mask
        draft.kept.add(rt)
        return True

    def _indirect(self, draft: _Draft, template: Template, left: int) -> None:
        adr = self._templates["ADR"]
        fields = template.draw(draft.rng.getrandbits, draft.pool)
        target = fields.get("rn", 30)
        if target == 31 or target in draft.kept:
            target = next(r for r in range(31) if r not in draft.kept)
            if "rn" not in fields:
                return
            fields["rn"] = target
        words = [template.word(fields)]
        if template.name.endswith("RA") or template.name == "RETA":
            words.insert(0, self._signature(template.name, fields, target))
        distance = len(words) + draft.rng.randint(1, max(1, min(left - 1, 5)))
        self._no_target(draft, len(words))  # never to the branch without its ADR
        draft.targets.add(len(draft.words) + distance)
        draft.words.append(adr.word({"immlo": 0, "immhi": distance, "rd": target}))
        draft.words += words
        draft.written |= {target, 30}
        for _ in range(distance - len(words) - max(0, left - 2)):
            draft.words.append(NOP)

    @staticmethod
    def _no_target(draft: _Draft, count: int) -> None:
        """Makes room, so that no branch leads to so many words behind the next one."""
        while draft.targets & set(range(len(draft.words) + 1, len(draft.words) + 1 + count)):
            draft.words.append(NOP)

    # ---- pointer authentication

    def _signature(self, name: str, fields: dict[str, int], target: int) -> int:
        """The PAC instruction whose code the branch authenticates."""
        zero = name != "RETA" and fields["z"] == 0
        modifier = 31 if zero else fields.get("rm", 31)
        return self._templates["PAC"].word(
            {"z": int(zero), "data": 0, "b": fields["b"], "rn": modifier, "rd": target}
        )

    def _pointer(self, draft: _Draft, name: str, fields: dict[str, int]) -> bool:
        """What must be before an instruction of FEAT_PAuth; False when it is better left out."""
        if len(draft.words) + 3 > MOST_WORDS:
            return name not in ("PAC", "HINT", "LDRA")
        if name == "LDRA":
            return self._signed_base(draft, fields)
        if name == "PAC":
            self._canonical(draft, fields["rd"], fields["data"] == 1)
        elif name == "HINT":
            hint = fields["crm"] * 8 + fields["op2"]
            if hint in _SIGNING_HINTS:
                self._canonical(draft, _PAUTH_HINTS[hint], False)
            if hint in _PAUTH_HINTS:
                draft.written.add(_PAUTH_HINTS[hint])
        return True

    def _signed_base(self, draft: _Draft, fields: dict[str, int]) -> bool:
        """Begins a case with SP 0: unicorn authenticates with SP as modifier instead of zero."""
        base = fields["rn"]
        if draft.words or base == 31:
            return False
        draft.once = True
        draft.x[31] = 0
        draft.kept.add(31)
        if draft.rng.getrandbits(3):
            sign = {"z": 1, "data": 1, "b": fields["b"], "rn": 31, "rd": base}
            draft.words.append(self._templates["PAC"].word(sign))
        draft.bases.pop(base, None)
        draft.kept.discard(base)
        draft.written.add(base)
        return True

    def _canonical(self, draft: _Draft, register: int, data: bool) -> None:
        """Makes the pointer to be signed canonical: of others unicorn flips a wrong bit, and of an
        instruction's upper address it looks at bit 63 instead of bit 55 (Arm ARM, AddPAC)."""
        if register == 31:
            return
        draft.once = True
        value = draft.x[register]
        first = register not in draft.written and register not in draft.kept
        draft.written.add(register)
        if first:
            bare = _signed(value & (1 << 49) - 1, 49) & _M64
            tagged = bare if bare >> 55 & 1 and not data else bare & _M64 >> 8 | value & 0xFF << 56
            draft.x[register] = tagged
            return
        self._no_target(draft, 1)
        extend = {"sf": 1, "n": 1, "immr": 0, "imms": 48, "rn": register, "rd": register}
        draft.words.append(self._templates["SBFM"].word(extend))

    # ---- memory

    @staticmethod
    def _copy_or_set(draft: _Draft, template: Template) -> None:
        """All three stages: what is between is the implementation's, so no branch leads there."""
        rng = draft.rng
        free = [r for r in range(31) if r not in draft.kept and r not in draft.written]
        if draft.code_address or len(free) < 3:
            return
        while draft.targets & {len(draft.words) + 1, len(draft.words) + 2}:
            draft.words.append(NOP)
        if len(draft.words) + 3 > MOST_WORDS:
            return
        rd, rs, rn = rng.sample(free, 3)
        draft.x[rd], draft.x[rs] = values.address(rng), values.address(rng)
        size = rng.choice((rng.randrange(20), rng.randrange(100), rng.randrange(600)))
        if rng.getrandbits(2) == 0:  # ranges that overlap
            draft.x[rs] = draft.x[rd] + rng.randint(-40, 40)
        if template.name == "SETGP" and rng.getrandbits(3):  # granules
            draft.x[rd] &= -16
            size &= -16
        draft.x[rn] = size if rng.getrandbits(5) else values.x_value(rng)
        fields = template.draw(rng.getrandbits, draft.pool) | {"rd": rd, "rs": rs, "rn": rn}
        if fields.get("any") == 0 and 0 <= draft.x[rd] - draft.x[rs] < draft.x[rn]:
            fields["any"] = 1  # what CPYF makes of these is the implementation's
        word = template.word(fields)
        draft.words += [word | stage << _PROLOGUES[template.name] for stage in range(3)]
        draft.kept |= {rd, rs, rn}
        draft.written |= {rd, rs, rn}
        draft.stores = True

    def _address(
        self, draft: _Draft, template: Template, memory: _Memory, fields: dict[str, int]
    ) -> bool:
        """Makes the access hit; False when it is better not to add the instruction."""
        store = _may_store(template.name)
        if (store and draft.code_address) or not self._one_monitor(draft, template, fields):
            return False
        draft.stores |= store
        rng, base = draft.rng, fields[memory.base]
        if base in draft.kept or base in draft.written:
            if base not in draft.bases or rng.getrandbits(4):
                base = self._old_base(draft)
            if base < 0:
                return False
            if base in draft.bases:
                fields[memory.base] = base
                self._near(rng, template, fields)
        at = values.address(rng, 16 if memory.aligned and rng.getrandbits(4) else 1)
        if base not in draft.bases:
            fields[memory.base] = base
            offset = memory.offset(fields)
            if memory.scale is not None:
                offset = self._index(draft, memory, fields)
            draft.x[base] = (at - offset) & _M64
            draft.bases[base] = at
            draft.kept.add(base)
        elif memory.scale is not None:
            self._index(draft, memory, fields)
        if template.name in _EXCLUSIVE_LOAD and rng.getrandbits(2):
            self._load_exclusive(draft, template, fields)
        return True

    @staticmethod
    def _one_monitor(draft: _Draft, template: Template, fields: dict[str, int]) -> bool:
        """Whether a monitor set for another size is enough is the machine's choice."""
        if template.name not in _EXCLUSIVE_LOAD and template.name not in _EXCLUSIVE_LOAD.values():
            return True
        size = fields.get("size", 2 + fields.get("sz", 0))
        kind = size | (template.name[-1] == "P") << 2
        if draft.exclusive not in (None, kind):
            return False
        draft.exclusive = kind
        return True

    def _old_base(self, draft: _Draft) -> int:
        fresh = [r for r in draft.pool if r not in draft.written and r not in draft.kept]
        if fresh and (not draft.bases or draft.rng.getrandbits(1)):
            return draft.rng.choice(fresh)
        return draft.rng.choice(list(draft.bases)) if draft.bases else -1

    @staticmethod
    def _near(rng: random.Random, template: Template, fields: dict[str, int]) -> None:
        """A small immediate, for a base that is in the window already."""
        if "imm" in fields and template.name != "SYS" and rng.getrandbits(3):
            signed = template.fields["imm"].signed
            fields["imm"] = rng.getrandbits(3) - (4 if signed else 0)
            fields["imm"] &= (1 << template.fields["imm"].width) - 1

    @staticmethod
    def _index(draft: _Draft, memory: _Memory, fields: dict[str, int]) -> int:
        """Gives the index register a small value when it can; what the index adds to the base."""
        assert memory.scale is not None
        rng, rm, base = draft.rng, fields["rm"], fields[memory.base]
        if rm not in draft.written and rm not in draft.kept and rm != base and rng.getrandbits(3):
            small = rng.randint(-40, 40)
            if fields["option"] in (2, 6):  # UXTW, SXTW: what is above 32 bits must not matter
                small = small & 0xFFFFFFFF if fields["option"] == 6 else abs(small)
                small |= rng.getrandbits(32) << 32
            draft.x[rm] = small & _M64
            draft.kept.add(rm)
        value = 0 if rm == 31 else draft.x[rm]
        if fields["option"] == 2:
            value &= 0xFFFFFFFF
        elif fields["option"] == 6:
            value = _signed(value & 0xFFFFFFFF, 32)
        return value << (memory.scale(fields) if fields["s"] else 0)

    def _load_exclusive(self, draft: _Draft, template: Template, fields: dict[str, int]) -> None:
        if len(draft.words) + 2 > MOST_WORDS:
            return
        load_template = self._templates[_EXCLUSIVE_LOAD[template.name]]
        loaded = load_template.draw(draft.rng.getrandbits, draft.pool)
        loaded |= {name: fields[name] for name in ("size", "sz", "rn") if name in fields}
        self._spare(draft, load_template, self._memory[load_template.name], loaded)
        if load_template.allows(loaded):
            draft.words.append(load_template.word(loaded))

    @staticmethod
    def _spare(
        draft: _Draft, template: Template, memory: _Memory | None, fields: dict[str, int]
    ) -> None:
        """Keeps destinations off registers that later addresses are made of, mostly."""
        for name in _WRITTEN_FIELDS:
            if name not in fields or (memory is not None and memory.base == name):
                continue
            if fields[name] in draft.kept and draft.rng.getrandbits(3):
                other = draft.rng.getrandbits(5)
                changed = fields | {name: other}
                if other not in draft.kept and template.allows(changed):
                    fields[name] = other
            draft.written.add(fields[name])
        if template.name == "BL":
            draft.written.add(30)
        elif template.name == "CASP":
            draft.written.add(fields["rs"] + 1)


def _system(rng: random.Random, name: str) -> dict[str, int]:
    """The fields that name a register or an operation which EL0 has."""
    if name == "SYS":
        op = rng.choice(SYSOPS)
        return {"op1": op.op1, "crn": op.crn, "crm": op.crm, "op2": op.op2}
    rows = [r for r in SYSREGS if r.name not in _MACHINE and (name == "MRS" or "w" in r.access)]
    reg = rng.choice(rows)
    return {"o0": reg.op0 & 1, "op1": reg.op1, "crn": reg.crn, "crm": reg.crm, "op2": reg.op2}


def _fpsr(rng: random.Random) -> int:
    return rng.getrandbits(28) & _FPSR_MASK if rng.getrandbits(2) == 0 else 0
