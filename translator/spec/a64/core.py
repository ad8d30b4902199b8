"""The form of A64 patterns.

Owns: Pattern, its parts, and matching in Python. Must not know: instructions, C++.

A chapter module (`dp_imm.py`, `branches.py`, ...) has a list `PATTERNS` of rows

    P("ADD_imm", "sf:1 00100010 sh:1 imm:12 rn:5 rd:5")

- the name is the manual's mnemonic and a suffix that tells forms apart; the lift is
  `Step Lifter::lift_ADD_imm(const Args_ADD_imm& a)` with the fields as members of `a`;
- the bits are the 32 of the word from bit 31 down: runs of 0 and 1, and fields `name:width`, or
  `name:sWIDTH` for a signed one; `x` is a bit that does not matter;
- `when` is a condition on the fields, in Python's words (`imm != 0 and (sf == 1 or sh < 2)`); where
  it is false the word is not this pattern's;
- `feature` gates the pattern: without the feature the word is UNDEFINED;
- `asm` is the disassembly template: the assembler's text with `{kind(arguments)}` for operands,
  which are members of TextWriter (a64/disassembler.hpp), `{imm}` short for `{imm(imm)}` of a field
  of any name. Aliases come first: `cmp {r(sf, rn)}, ... if rd == 31 | subs {r(sf, rd)}, ...`. Every
  field is in a template or in a condition.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

_FIELD = re.compile(r"([a-z][a-z0-9_]*):(s?)(\d+)$")


class PatternError(ValueError):
    """A pattern that does not hold together; the message names it."""


@dataclass(frozen=True, slots=True)
class Field:
    """`width` bits from bit `lsb` up."""

    name: str
    lsb: int
    width: int
    signed: bool = False

    @property
    def mask(self) -> int:
        """The field's bits in the word."""
        return ((1 << self.width) - 1) << self.lsb

    def of(self, word: int) -> int:
        """The field's value in a word."""
        value = word >> self.lsb & ((1 << self.width) - 1)
        if self.signed and value >> (self.width - 1):
            value -= 1 << self.width
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """One alternative of a template: literal pieces and expressions in turn, and its condition."""

    pieces: tuple[str | ast.expr, ...]
    condition: ast.expr | None

    @property
    def names(self) -> set[str]:
        """Fields it uses."""
        trees = [p for p in self.pieces if isinstance(p, ast.expr)]
        if self.condition is not None:
            trees.append(self.condition)
        calls = {id(n.func) for t in trees for n in ast.walk(t) if isinstance(n, ast.Call)}
        return {
            n.id
            for t in trees
            for n in ast.walk(t)
            if isinstance(n, ast.Name) and id(n) not in calls
        }


def _expression(pattern: str, text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise PatternError(f"{pattern}: cannot read {text.strip()!r}") from None


def _text(pattern: str, alternative: str) -> Text:
    text, _, condition = alternative.strip().partition(" if ")
    pieces: list[str | ast.expr] = []
    for i, part in enumerate(re.split(r"\{([^{}]*)\}", text)):
        if i % 2 == 1:
            pieces.append(_expression(pattern, part))
        elif "{" in part or "}" in part:
            raise PatternError(f"{pattern}: template {text!r} has a brace too many")
        elif part:
            pieces.append(part)
    return Text(tuple(pieces), _expression(pattern, condition) if condition else None)


@dataclass(frozen=True)
class Pattern:
    """One encoding; see the module's docstring."""

    name: str
    bits: str
    when: str = ""
    feature: str = ""
    asm: str = ""
    fields: tuple[Field, ...] = field(init=False)
    mask: int = field(init=False)
    value: int = field(init=False)

    def __post_init__(self) -> None:
        """Parses the bits.

        Raises:
            PatternError: a name that is none in C++, not 32 bits, a bad token, a field twice, a
                condition on an unknown field, a template that does not fit the fields.
        """
        if not self.name.isidentifier():
            raise PatternError(f"{self.name!r}: the name is part of the lift's, an identifier")
        at, mask, value = 32, 0, 0
        fields: list[Field] = []
        for token in self.bits.split():
            parsed = _FIELD.match(token)
            if parsed is not None:
                width = int(parsed[3])
                at -= width
                fields.append(Field(parsed[1], at, width, bool(parsed[2])))
                continue
            if set(token) - set("01x"):
                raise PatternError(f"{self.name}: cannot read {token!r}")
            for bit in token:
                at -= 1
                if bit != "x" and at >= 0:
                    mask |= 1 << at
                    value |= (bit == "1") << at
        if at != 0:
            raise PatternError(f"{self.name}: {32 - at} bits, not 32")
        names = [f.name for f in fields]
        if len(set(names)) != len(names):
            raise PatternError(f"{self.name}: a field is named twice")
        object.__setattr__(self, "fields", tuple(fields))
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "value", value)
        for name in self.condition_fields:
            if name not in names:
                raise PatternError(f"{self.name}: condition on {name}, which is no field")
        self._check_texts()

    def _check_texts(self) -> None:
        if not self.texts:
            return
        names = {f.name for f in self.fields}
        used = set(self.condition_fields)
        for text in self.texts:
            for name in sorted(text.names - names):
                raise PatternError(f"{self.name}: template uses {name}, which is no field")
            used |= text.names
        for name in sorted(names - used):
            raise PatternError(f"{self.name}: template does not use {name}")
        for i, text in enumerate(self.texts):
            if (text.condition is None) != (i == len(self.texts) - 1):
                raise PatternError(
                    f"{self.name}: the last template, and only that, has no condition"
                )

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """The parsed `asm`, aliases first."""
        parts = self.asm.split(" | ") if self.asm else []
        return tuple(_text(self.name, part) for part in parts)

    @cached_property
    def condition(self) -> ast.expr | None:
        """The parsed `when`, or None."""
        return _expression(self.name, self.when) if self.when else None

    @cached_property
    def condition_fields(self) -> tuple[str, ...]:
        """Names that `when` uses, in order."""
        if self.condition is None:
            return ()
        names = [n.id for n in ast.walk(self.condition) if isinstance(n, ast.Name)]
        return tuple(dict.fromkeys(names))

    @cached_property
    def _compiled(self) -> object:
        return compile(self.when, self.name, "eval") if self.when else None

    def holds(self, word: int) -> bool:
        """Whether `when` holds for a word's fields; its fixed bits are taken for granted."""
        if self._compiled is None:
            return True
        values = {f.name: f.of(word) for f in self.fields if f.name in self.condition_fields}
        return bool(eval(self._compiled, {"__builtins__": {}}, values))  # type: ignore[arg-type]

    @cached_property
    def ignored(self) -> int:
        """The bits that do not matter: SBZ and SBO in the manual."""
        return 0xFFFFFFFF & ~self.mask & ~sum(f.mask for f in self.fields)

    def values(self, word: int) -> dict[str, int]:
        """The fields of a word."""
        return {f.name: f.of(word) for f in self.fields}

    def draw(self, random: Random) -> int:
        """A random word of this pattern's; zeros, ones and equal fields come more often."""
        while True:
            word = self.value | random.getrandbits(32) & ~self.mask
            for f in self.fields:
                match random.randrange(8):
                    case 0:
                        word &= ~f.mask
                    case 1:
                        word |= f.mask
                    case 2:
                        other = random.choice(self.fields)
                        if other.width == f.width:
                            bits = word >> other.lsb << f.lsb & f.mask
                            word = word & ~f.mask | bits
            if self.holds(word):
                return word

    def matches(self, word: int) -> bool:
        """Whether a word is this pattern's."""
        return word & self.mask == self.value and self.holds(word)


def overlap(a: Pattern, b: Pattern) -> int | None:
    """A word that both patterns match, or None when there is none.

    Raises:
        PatternError: the conditions involve too many bits to try them all.
    """
    common = a.mask & b.mask
    if a.value & common != b.value & common:
        return None
    fixed = a.mask | b.mask
    base = a.value | b.value
    free = 0
    for pattern in (a, b):
        for f in pattern.fields:
            if f.name in pattern.condition_fields:
                free |= f.mask
    free &= ~fixed
    if free.bit_count() > 20:
        raise PatternError(f"{a.name} and {b.name}: too many bits in their conditions to compare")
    part = free
    while True:
        word = base | part
        if a.holds(word) and b.holds(word):
            return word
        if part == 0:
            return None
        part = (part - 1) & free
