"""C++ functions that translated code may call: one row a function.

Owns: names, kinds, functions and documentation of helpers. Must not know: who calls them.

Kinds:
- `int`: `uint64_t f(base::CpuState*, uint64_t a, uint64_t b, uint64_t c)`;
- `vector`: `void f(base::CpuState*, uint64_t imm)`, operands in CpuState.vtmp[0..2], result in
  vtmp[0].
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Helper:
    """One helper; `function` is the C++ name, qualified from pydbt::."""

    name: str
    kind: str
    function: str
    doc: str


HELPERS: list[Helper] = []


def helper(name: str, kind: str, function: str, doc: str) -> None:
    """Appends a row."""
    HELPERS.append(Helper(name, kind, function, doc))


helper("read_sysreg", "int", "runtime::helper_read_sysreg", "system register a, of the environment")
helper(
    "write_sysreg",
    "int",
    "runtime::helper_write_sysreg",
    "system register a := b, of the environment",
)
helper("get_fpsr", "int", "runtime::helper_get_fpsr", "FPSR with what MXCSR has accumulated")
helper("set_fpsr", "int", "runtime::helper_set_fpsr", "FPSR := a")
helper("set_fpcr", "int", "runtime::helper_set_fpcr", "FPCR := a, with MXCSR's rounding mode")
helper("random", "int", "runtime::helper_random", "a random number")
helper("pac_sign", "int", "base::helper_pac_sign", "AddPAC of a, modifier b, c = pac_request()")
helper("pac_authenticate", "int", "base::helper_pac_authenticate", "Auth, the same arguments")
helper("pac_generic", "int", "base::helper_pac_generic", "PACGA, the same arguments")
helper("random_tag", "int", "base::helper_random_tag", "a with a random tag, none of the set b")
helper("add_tag", "int", "base::helper_add_tag", "a with its tag b steps further")
helper("get_tag", "int", "runtime::helper_get_tag", "the allocation tag at a")
helper(
    "set_tags",
    "int",
    "runtime::helper_set_tags",
    "tags of b granules at a := the tag of the address c",
)
helper("op", "vector", "ir::helper_op", "a pure vector or floating-point op, from ir::pack_op")
helper(
    "crc32",
    "int",
    "base::helper_crc32",
    "CRC-32 of a (polynomial 0x04c11db7) with 1 << c bytes of b",
)

for _module in ("helpers_simd", "helpers_fp"):
    # Sections kept in files of their own, one an area; each has a function `rows(helper)`.
    try:
        _section = __import__(f"{__package__}.{_module}", fromlist=["rows"])
    except ModuleNotFoundError as _error:
        if _error.name != f"{__package__}.{_module}":
            raise
    else:
        _section.rows(helper)
