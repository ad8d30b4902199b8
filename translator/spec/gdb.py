"""The guest CPU's registers as GDB knows them: one row a register, in the order of their numbers.

Owns: names, sizes, where the value is, and the types of the target description. Must not know: the
protocol, C++ (gen/gdb.py writes that).

The names of features, registers and their order are the GDB manual's ("AArch64 Features"); other
features are ours, and GDB shows their registers under `info registers system`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sysregs import SYSREGS


@dataclass(frozen=True, slots=True)
class Register:
    """`how`: `state FIELD [INDEX]` (a CpuState field), or `cpsr`, `fpsr`, `fpcr`, `pac`, which C++
    computes. `mask`: the bits that can be written, 0 for none."""

    name: str
    bits: int
    type: str
    how: str
    group: str = ""
    mask: int = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of the target description; `needs` is the CPU's that it wants."""

    name: str
    registers: tuple[Register, ...]
    needs: str = ""


LANES = {
    "d": (64, {"f": "ieee_double", "u": "uint64", "s": "int64"}),
    "s": (32, {"f": "ieee_single", "u": "uint32", "s": "int32"}),
    "h": (16, {"bf": "bfloat16", "f": "ieee_half", "u": "uint16", "s": "int16"}),
    "b": (8, {"u": "uint8", "s": "int8"}),
    "q": (128, {"u": "uint128", "s": "int128"}),
}
"""What `$v0` is in expressions: `$v0.d.f[1]` is its upper double."""

PSTATE = (("BTYPE", 10, 11), ("SSBS", 12, 12), ("DIT", 24, 24))
"""Fields of `$cpsr` beside the flags, as SPSR_EL1 has them: name, lowest and highest bit."""
FLAGS = (("V", 28, 28), ("C", 29, 29), ("Z", 30, 30), ("N", 31, 31))

_CORE = (
    *(Register(f"x{n}", 64, "int", f"state x {n}") for n in range(31)),
    Register("sp", 64, "data_ptr", "state sp"),
    Register("pc", 64, "code_ptr", "state pc"),
    Register("cpsr", 32, "cpsr_flags", "cpsr"),
)
_FPU = (
    *(Register(f"v{n}", 128, "aarch64v", f"state v {n}") for n in range(32)),
    Register("fpsr", 32, "int", "fpsr", "float"),
    Register("fpcr", 32, "int", "fpcr", "float"),
)
_PAUTH = (
    Register("pauth_dmask", 64, "int", "pac", "system", 0),
    Register("pauth_cmask", 64, "int", "pac", "system", 0),
)
_SYSTEM = tuple(
    Register(r.name.lower(), 64, "int", r.how, "system", r.mask if r.access == "rw" else 0)
    for r in SYSREGS
    if r.how.startswith("state ") and r.name != "TPIDR_EL0"
)

FEATURES: tuple[Feature, ...] = (
    Feature("org.gnu.gdb.aarch64.core", _CORE),
    Feature("org.gnu.gdb.aarch64.fpu", _FPU),
    Feature("org.gnu.gdb.aarch64.tls", (Register("tpidr", 64, "data_ptr", "state tpidr_el0"),)),
    Feature("org.pydbt.aarch64.system", _SYSTEM),
    Feature("org.gnu.gdb.aarch64.pauth_v2", _PAUTH, "PAuth"),
)
