"""The vDSO that guests get: its functions, as A64 code.

Owns: names and code of linux-vdso.so.1, as arch/arm64/kernel/vdso has them. Must not know: ELF
(gen/vdso.py), what the questions answer (usermode/vdso.cpp).

Rows of a function are `I(PATTERN, field=value...)`, a pattern of translator/spec/a64 with the
fields that are not zero, and labels. A field may name a label: the distance to it in words.

`Q(question)` asks pydbt: X16 and X17 := answer. Any processor passes over that hint, and so does
pydbt in a copy of the code elsewhere; X17 then stays negative, as it does where the host has no
answer that is quicker than a system call, and the system call is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from .syscalls import SYSCALLS

SONAME = "linux-vdso.so.1"
VERSION = "LINUX_2.6.39"

QUESTIONS = ("clock_gettime", "gettimeofday", "clock_getres", "random")
"""What Q asks: X16 and X17 := seconds and nanoseconds of clock X0; seconds and microseconds of the
time of day; 0 and the nanoseconds of clock X0's resolution; eight random bytes and 0."""

OPAQUE_BYTES = 144
"""Size of the state that callers of getrandom keep (struct vgetrandom_state of Linux)."""

GETRANDOM_MOST = 256
"""The longest request that is not left to the system call."""


@dataclass(frozen=True, slots=True)
class I:  # noqa: E742
    """One instruction."""

    pattern: str
    fields: dict[str, int | str]

    def __init__(self, pattern: str, **fields: int | str) -> None:
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "fields", fields)


@dataclass(frozen=True, slots=True)
class Ask:
    """The hint that asks; the generator knows its number."""

    question: str


Row = I | Ask | str
"""An instruction, a question, or a label."""

X0, X1, X3, X5, X6, X8, X16, X17, ZR = 0, 1, 3, 5, 6, 8, 16, 17, 31
_EQ, _NE, _LO, _HI = 0, 1, 3, 8


def Q(question: str) -> tuple[Row, ...]:  # noqa: N802
    """Asks, and goes to label `call` when there is no answer."""
    unanswered = I("TBNZ", b5=1, b40=31, rt=X17, imm="call")
    return I("MOVN", sf=1, rd=X17), Ask(question), unanswered


def system_call(name: str) -> tuple[Row, ...]:
    """Loads the number and calls."""
    number = next(row.number for row in SYSCALLS if row.name == name)
    return I("MOVZ", sf=1, imm=number, rd=X8), I("SVC")


_RET = I("RET", rn=30)
_ZERO = I("MOVZ", rd=X0)


def _store_pair(rt: int, rt2: int, rn: int) -> I:
    return I("STP", sf=1, idx=2, rt2=rt2, rn=rn, rt=rt)


FUNCTIONS: dict[str, tuple[Row, ...]] = {
    "__kernel_clock_gettime": (
        *Q("clock_gettime"),
        _store_pair(X16, X17, X1),
        _ZERO,
        _RET,
        "call",
        *system_call("clock_gettime"),
        _RET,
    ),
    "__kernel_gettimeofday": (
        I("CBNZ", sf=1, rt=X1, imm="call"),  # the time zone: nobody's fast path
        I("CBZ", sf=1, rt=X0, imm="done"),
        *Q("gettimeofday"),
        _store_pair(X16, X17, X0),
        "done",
        _ZERO,
        _RET,
        "call",
        *system_call("gettimeofday"),
        _RET,
    ),
    "__kernel_clock_getres": (
        *Q("clock_getres"),
        I("CBZ", sf=1, rt=X1, imm="done"),
        _store_pair(X16, X17, X1),
        "done",
        _ZERO,
        _RET,
        "call",
        *system_call("clock_getres"),
        _RET,
    ),
    # ssize_t f(buffer, length, flags, state, state's size). A size of ~0 asks how states are to be
    # allocated. Other flags than GRND_NONBLOCK and long requests are the system call's.
    "__kernel_getrandom": (
        I("ADDS_imm", sf=1, imm=1, rn=4, rd=ZR),
        I("B_cond", cond=_EQ, imm="parameters"),
        I("SUBS_imm", sf=1, imm=OPAQUE_BYTES, rn=4, rd=ZR),
        I("B_cond", cond=_NE, imm="call"),
        I("SUBS_imm", sf=0, imm=1, rn=2, rd=ZR),
        I("B_cond", cond=_HI, imm="call"),
        I("SUBS_imm", sf=1, imm=GETRANDOM_MOST, rn=X1, rd=ZR),
        I("B_cond", cond=_HI, imm="call"),
        I("ADD_imm", sf=1, rn=X0, rd=X5),
        I("ADD_imm", sf=1, rn=X1, rd=X6),
        "eight",
        I("SUBS_imm", sf=1, imm=8, rn=X6, rd=ZR),
        I("B_cond", cond=_LO, imm="rest"),
        *Q("random"),
        I("LDST_post", size=3, imm=8, rn=X5, rt=X16),
        I("SUB_imm", sf=1, imm=8, rn=X6, rd=X6),
        I("B", imm="eight"),
        "rest",
        I("CBZ", sf=1, rt=X6, imm="done"),
        *Q("random"),
        "byte",
        I("LDST_post", size=0, imm=1, rn=X5, rt=X16),
        I("UBFM", sf=1, n=1, immr=8, imms=63, rn=X16, rd=X16),  # lsr x16, x16, #8
        I("SUBS_imm", sf=1, imm=1, rn=X6, rd=X6),
        I("B_cond", cond=_NE, imm="byte"),
        "done",
        I("ADD_imm", sf=1, rn=X1, rd=X0),
        _RET,
        # struct vgetrandom_opaque_params: size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
        # MAP_ANONYMOUS, 13 words of zero.
        "parameters",
        I("MOVZ", sf=1, imm=OPAQUE_BYTES, rd=X16),
        I("MOVK", sf=1, hw=2, imm=3, rd=X16),
        I("MOVZ", sf=1, imm=0x22, rd=X17),
        _store_pair(X16, X17, X3),
        *(
            I("STP", sf=1, idx=2, imm=n, rt2=ZR, rn=X3, rt=ZR)
            for n in (2, 4, 6)
        ),
        _ZERO,
        _RET,
        "call",
        *system_call("getrandom"),
        _RET,
    ),
}  # fmt: skip
"""The functions that C code calls, in order."""

SIGRETURN = "__kernel_rt_sigreturn"
SIGRETURN_CODE: tuple[Row, ...] = system_call("rt_sigreturn")
"""Where handlers return to. Unwinders know these two words; like Linux's it has no call frame
information, which cannot say for all of them where the interrupted pc is. The word before it is a
NOP, for unwinders that look up the address of a call."""
