"""Makes the index of A64 that docs/reference/coverage.md is about, of what LLVM decodes.

Owns: a64_index.tsv beside this file, and what a form of an instruction is. Must not know: what
pydbt has (tools/coverage.py compares).

    python -m tests.differential.index        writes the file anew; a minute

A line has a mnemonic (of an alias, where LLVM writes one), the features that make LLVM decode it by
the manual's names (empty: Armv8.0's integer part), and a word of each of its forms. Forms differ in
the kinds of their operands, not in numbers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from translator.gen.common import write_if_changed

from . import llvm
from .conformance import opcodes, pack, system

PATH = Path(__file__).with_name("a64_index.tsv")

_IMPLIED_FIRST = (
    *(
        "fp-armv8",
        "neon",
        "fullfp16",
        "neon+fullfp16",
        "rcpc",
        "rcpc-immo",
        "lse",
        "lse128",
        "sha2",
    ),
    *("predres", "xs", "mte", "mops"),
)
_TOGETHER = (
    *("fp-armv8+rcpc3", "neon+rcpc3", "complxnum+fullfp16", "mops+mte", "the+d128", "tlb-rmi+d128"),
)
_SHAPE = tuple(
    (re.compile(old), new)
    for old, new in (
        (r"#-?(0x[0-9a-f]+|\d+(\.\d+(e[-+]\d+)?)?)", "#"),
        (r"\b([xw])(\d+|zr)\b", r"\1"),
        (r"\bw?sp\b", "sp"),
        (r"\bv\d+\.", "v."),
        (r"\b([bhsdq])\d+\b", r"\1"),
        (r"\[\d+\]", "[i]"),
        (r"\b(lsl|lsr|asr|ror) #", "shift"),
        (r"\b[us]xt[bhwx]( #)?", "extend"),
        (r"\b(eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al|nv)\b", "cond"),
        (r"\bp(ld|st|li)\w+\b", "prefetch"),
    )
)


def shape(text: str) -> tuple[str, str]:
    """Mnemonic and kinds of operands. A cache operation and a PSTATE field are part of the
    mnemonic, a condition is not; system registers are one kind, and so are operations on
    translation."""
    mnemonic, _, operands = text.partition(" ")
    mnemonic = re.sub(r"^(bc?)\..*", r"\1.cond", mnemonic)
    if mnemonic in ("mrs", "msr", "mrrs", "msrr"):
        pstate = re.match(r"(\w+), #", operands)
        return (f"{mnemonic} {pstate[1]}", "#") if pstate else (mnemonic, "register")
    if mnemonic in ("at", "tlbi", "tlbip"):
        return mnemonic, "operation"
    if mnemonic in ("dc", "ic", "cfp", "dvp", "cpp", "cosp"):
        operation, _, operands = operands.partition(", ")
        mnemonic += f" {operation}"
    for pattern, new in _SHAPE:
        operands = pattern.sub(new, operands)
    return mnemonic, operands


def needed(forms: Sequence[tuple[int, str]]) -> list[str]:
    """LLVM's names of the features without which it does not write a word so, `+` between them."""
    names = list(dict.fromkeys((*_IMPLIED_FIRST, *llvm.FEATURES.values(), *llvm.PRIVILEGED)))
    off = "".join(f",-{name}" for name in names if "+" not in name)
    left = dict(forms)
    found: dict[int, str] = {}
    for few in ("", *names, *_TOGETHER):
        on = "".join(f",+{name}" for name in few.split("+") if name)
        packed = pack(left)
        for word, text in zip(list(left), llvm.texts(packed, (off + on)[1:]), strict=True):
            if text == left[word]:
                found[word] = few
                del left[word]
    assert not left, [f"{word:#010x}: needs features that _TOGETHER has not" for word in left]
    return [found[word] for word, _ in forms]


def _manual(names: str) -> str:
    """The manual's names of LLVM's features; LLVM has one for several at times."""
    manual = defaultdict(list)
    for name, theirs in llvm.FEATURES.items():
        manual[theirs].append(f"FEAT_{name}")
    parts = (", ".join(manual.get(name, [name])) for name in names.split("+"))
    return " and ".join(parts)


def lines(forms: Iterable[tuple[int, str]]) -> list[str]:
    """The file's lines."""
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for word, text in forms:
        # op0 0 and 1 are no registers, nor is 31 one for a size that changes.
        if not re.search(r"\bS[01]_\d_C|\bxzr!", text):
            first.setdefault(shape(text), (word, text))
    rows = defaultdict(list)
    needs = needed(list(first.values()))
    for (mnemonic, _), (word, _), features in zip(first, first.values(), needs, strict=True):
        rows[mnemonic, _manual(features)].append(word)
    return [
        "\t".join((*key, " ".join(f"{word:08x}" for word in sorted(found))))
        for key, found in sorted(rows.items())
    ]


EVERYTHING = ",".join(f"+{f}" for f in (*llvm.FEATURES.values(), *llvm.PRIVILEGED))


def main() -> None:
    """Writes the file."""
    rows = lines(llvm.forms(chain(opcodes(), system()), EVERYTHING))
    write_if_changed(PATH, "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
