"""Memory copies and sets (FEAT_MOPS, Arm ARM C4.1.91, "Memory Copy and Memory Set").

Owns: the encodings. Must not know: what the instructions do.

`stage` is 0 in the prologue, 1 in the main part, 2 in the epilogue. The options say which accesses
are unprivileged (`t`: bit 0 writes, bit 1 reads) and non-temporal (`n`, likewise): at EL0 they
change nothing. Register 31 and registers that are the same are CONSTRAINED UNPREDICTABLE; here
UNDEFINED.
"""

from __future__ import annotations

from .core import Pattern

P = Pattern

_DISTINCT = "rs != rn and rs != rd and rn != rd and rn != 31 and rd != 31"
_STAGES = (("p", "00"), ("m", "01"), ("e", "10"))


def _options(field: str, write: str, read: str, both: str) -> str:
    texts = ((1, write), (2, read), (3, both))
    return "".join(f"{{pick({field} == {value}, '{text}')}}" for value, text in texts)


_CPY_OPTIONS = _options("t", "wt", "rt", "t") + _options("n", "wn", "rn", "n")


def _copy(letter: str, stage: str) -> Pattern:
    return P(
        f"CPY{letter.upper()}",
        f"00 011 any:1 01 {stage} 0 rs:5 n:2 t:2 01 rn:5 rd:5",
        when=f"{_DISTINCT} and rs != 31",
        feature="MOPS",
        asm=f"cpy{{pick(any == 0, 'f')}}{letter}{_CPY_OPTIONS}"
        " [{x(rd)}]!, [{x(rs)}]!, {x(rn)}!",
    )


def _set(letter: str, stage: str) -> Pattern:
    return P(
        f"SET{letter.upper()}",
        f"00 011 0 01 11 0 rs:5 {stage} n:1 t:1 01 rn:5 rd:5",
        when=_DISTINCT,
        feature="MOPS",
        asm=f"set{letter}{{pick(t, 't')}}{{pick(n, 'n')}} [{{x(rd)}}]!, {{x(rn)}}!, {{x(rs)}}",
    )


PATTERNS = [
    *(_copy(letter, stage) for letter, stage in _STAGES),
    *(_set(letter, stage) for letter, stage in _STAGES),
]
